//! One client for all services: a JSON request, signed, sent, tried again where that helps, and its
//! answer or a whole error.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use chrono::{DateTime, Utc};
use reqwest::redirect::Policy;
use reqwest::{Method, Response};
use serde_json::Value;

use crate::error::AwsError;
use crate::service::Service;

/// How long one answer may take; a long poll of SQS is far below it.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a request is sent that meets a fault which may pass.
const ATTEMPTS: u32 = 4;
/// The pause before the second attempt; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);
/// The most of an answer that is no JSON that an error shows, in characters.
const SHOWN: usize = 200;

/// Reads the time.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Where AWS is, as far as that was typed; the rest is the environment's and the profile's.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The region.
    pub region: Option<String>,
    /// One address for every service, in place of AWS's own.
    pub endpoint: Option<String>,
}

/// Asks AWS, in one region, as who the environment and the profile say.
pub struct Client {
    http: reqwest::Client,
    credentials: SharedCredentialsProvider,
    region: String,
    endpoint: Option<String>,
    clock: Clock,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("region", &self.region).finish_non_exhaustive()
    }
}

/// What is asked, and of what, for errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) service: Service,
    /// The service's name of it.
    pub(crate) action: &'a str,
    /// In words: "the queue acme-raw-dead-letters".
    pub(crate) resource: &'a str,
}

impl Client {
    /// Finds region, credentials and endpoint as every tool for AWS does.
    ///
    /// # Errors
    /// There is no region, or there are no credentials.
    pub async fn connect(place: Place, clock: Clock) -> Result<Self, AwsError> {
        let region = place.region.clone().map(Region::new);
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).region(
            aws_config::meta::region::RegionProviderChain::first_try(region).or_default_provider(),
        );
        if let Some(endpoint) = &place.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        let config = loader.load().await;
        let region = config.region().ok_or(AwsError::NoRegion)?.to_string();
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if region.is_empty() || !region.chars().all(is_plain) {
            return Err(AwsError::BadRegion(region));
        }
        let none = || AwsError::NoCredentials("no provider is configured".into());
        let credentials = config.credentials_provider().ok_or_else(none)?;
        let http = reqwest::Client::builder().timeout(PATIENCE).redirect(Policy::none()).build();
        let http = http.map_err(|error| {
            AwsError::unfit(
                format!("no HTTPS client can be made: {error}"),
                "look at the certificates of this machine and at the variables that name a proxy",
            )
        })?;
        let endpoint = config.endpoint_url().map(|url| url.trim_end_matches('/').to_owned());
        Ok(Self { http, credentials, region, endpoint, clock })
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The address that stands in for all of AWS's, if there is one.
    pub(crate) fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// The time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// Who asks, now: credentials of a role expire.
    pub(crate) async fn credentials(&self) -> Result<Credentials, AwsError> {
        self.credentials.provide_credentials().await.map_err(|error| {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            AwsError::NoCredentials(source.unwrap_or_else(|| error.to_string()))
        })
    }

    /// Asks a service that takes its action in a header.
    pub(crate) async fn call(&self, asked: Asked<'_>, body: Value) -> Result<Value, AwsError> {
        self.rest(asked, Method::POST, "/", Some(body)).await
    }

    /// Asks a service by method and path.
    pub(crate) async fn rest(
        &self,
        asked: Asked<'_>,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, AwsError> {
        let base = self.endpoint.clone().unwrap_or_else(|| asked.service.url(&self.region));
        let url = format!("{base}{path}");
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let mut attempt = 1;
        loop {
            let error = match self.send(asked, &method, &url, &body).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if attempt == ATTEMPTS || !may_pass(&error) {
                return Err(error);
            }
            tracing::debug!(action = asked.name(), attempt, %error, "tried again");
            tokio::time::sleep(PAUSE * 2u32.pow(attempt - 1)).await;
            attempt += 1;
        }
    }

    async fn send(
        &self,
        asked: Asked<'_>,
        method: &Method,
        url: &str,
        body: &str,
    ) -> Result<Value, AwsError> {
        tracing::debug!(action = asked.name(), resource = asked.resource, "asked");
        let target = format!("{}.{}", asked.service.target, asked.action);
        let mut headers = vec![("content-type", asked.service.content_type)];
        if !asked.service.target.is_empty() {
            headers.push(("x-amz-target", &target));
        }
        let signed = self.signed(asked, method, url, &headers, body).await?;
        let mut request = self.http.request(method.clone(), url).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        for (name, value) in signed {
            request = request.header(name, value);
        }
        match request.send().await {
            Ok(response) => read(asked, response).await,
            Err(error) => Err(asked.unanswered(&error)),
        }
    }

    /// The headers that a signature is made of.
    async fn signed(
        &self,
        asked: Asked<'_>,
        method: &Method,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Vec<(String, String)>, AwsError> {
        let identity = self.credentials().await?.into();
        let unsigned = |error: &dyn fmt::Display| {
            AwsError::unfit(
                format!("a request to {url} cannot be signed: {error}"),
                "look at --endpoint-url and at the credentials",
            )
        };
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(asked.service.name)
            .time(self.now().into())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unsigned(&error))?
            .into();
        let body = SignableBody::Bytes(body.as_bytes());
        let request = SignableRequest::new(method.as_str(), url, headers.iter().copied(), body)
            .map_err(|error| unsigned(&error))?;
        let (signed, _) = sign(request, &params).map_err(|error| unsigned(&error))?.into_parts();
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Ok(signed.headers().map(owned).collect())
    }
}

impl Asked<'_> {
    /// The action as IAM names it.
    pub(crate) fn name(&self) -> String {
        format!("{}:{}", self.service.name, self.action)
    }

    /// An answer without a member that it has to have.
    pub(crate) fn without(&self, missing: &str) -> AwsError {
        AwsError::Unreadable {
            action: self.name(),
            resource: self.resource.to_owned(),
            missing: missing.to_owned(),
        }
    }

    /// A text of an answer, by its member's name.
    pub(crate) fn text(&self, answer: &Value, member: &str) -> Result<String, AwsError> {
        let text = answer.get(member).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| self.without(member))
    }

    fn unanswered(&self, error: &reqwest::Error) -> AwsError {
        let mut reason: &dyn std::error::Error = error;
        while let Some(source) = reason.source() {
            reason = source;
        }
        AwsError::NoAnswer {
            action: self.name(),
            resource: self.resource.to_owned(),
            host: error.url().and_then(|url| url.host_str()).unwrap_or("AWS").to_owned(),
            reason: reason.to_string(),
        }
    }

    fn refused(&self, status: u16, code: String, message: String) -> AwsError {
        let (action, resource) = (self.name(), self.resource.to_owned());
        let is_denied = code.contains("AccessDenied")
            || code.contains("NotAuthorized")
            || (status == 403 && code.is_empty());
        if is_denied {
            return AwsError::Denied { action, resource, message };
        }
        let code = if code.is_empty() { format!("HTTP {status}") } else { code };
        AwsError::Refused { action, resource, code, message }
    }
}

/// The JSON of an answer, or the error that it tells.
async fn read(asked: Asked<'_>, response: Response) -> Result<Value, AwsError> {
    let status = response.status();
    let named = response.headers().get("x-amzn-errortype").and_then(|it| it.to_str().ok());
    let named = named.map(str::to_owned);
    let text = response.text().await.map_err(|error| asked.unanswered(&error))?;
    let answer: Option<Value> = match text.trim() {
        "" => Some(Value::Null),
        text => serde_json::from_str(text).ok(),
    };
    if status.is_success() {
        return answer.ok_or_else(|| asked.without("JSON"));
    }
    let answer = answer.unwrap_or_default();
    let member = |names: [&str; 3]| {
        names.iter().find_map(|name| answer.get(name).and_then(Value::as_str)).map(str::to_owned)
    };
    // "com.amazonaws.sqs#QueueDoesNotExist", "ResourceNotFoundException:http://…"
    let code = named.or_else(|| member(["__type", "code", "Code"])).unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default().to_owned();
    let message = member(["message", "Message", "errorMessage"])
        .unwrap_or_else(|| text.chars().take(SHOWN).collect());
    Err(asked.refused(status.as_u16(), code, message))
}

/// Whether the same request may be answered in a moment.
fn may_pass(error: &AwsError) -> bool {
    match error {
        AwsError::NoAnswer { .. } => true,
        AwsError::Refused { code, .. } => [
            "Throttl",
            "TooManyRequests",
            "RequestLimitExceeded",
            "ServiceUnavailable",
            "InternalFail",
            "InternalError",
            "InternalServer",
            "HTTP 5",
        ]
        .iter()
        .any(|known| code.contains(known)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::SQS;

    const ASKED: Asked<'_> =
        Asked { service: SQS, action: "ReceiveMessage", resource: "the queue q" };

    #[test]
    fn a_missing_right_is_no_passing_fault() {
        let denied = ASKED.refused(403, "AccessDeniedException".into(), "no".into());
        assert_eq!(denied.to_string(), "sqs:ReceiveMessage of the queue q is not allowed: no");
        assert!(!may_pass(&denied));
        assert!(matches!(
            ASKED.refused(403, String::new(), String::new()),
            AwsError::Denied { .. }
        ));
    }

    #[test]
    fn throttling_and_faults_of_the_service_pass() {
        for (status, code) in [
            (400, "ThrottlingException"),
            (503, ""),
            (500, "InternalFailure"),
            (429, "TooManyRequestsException"),
        ] {
            assert!(
                may_pass(&ASKED.refused(status, code.into(), String::new())),
                "{status} {code}"
            );
        }
        for (status, code) in
            [(400, "ValidationException"), (404, ""), (409, "ResourceConflictException")]
        {
            assert!(
                !may_pass(&ASKED.refused(status, code.into(), String::new())),
                "{status} {code}"
            );
        }
    }
}
