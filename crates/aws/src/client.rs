//! One client for all services: a JSON request, signed, sent, tried again where that helps, and its
//! answer or a whole error.

mod answer;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use chrono::{DateTime, Utc};
use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::Value;

pub(crate) use self::answer::Asked;
use self::answer::{may_pass, read};
use crate::error::AwsError;

/// How long one answer may take; a long poll of SQS is far below it.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a request is sent that meets a fault which may pass.
const ATTEMPTS: u32 = 4;
/// The pause before the second attempt; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);

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
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.text(asked, method, path, &[], &body).await
    }

    /// Asks with a body that is text as it is, and with further headers.
    pub(crate) async fn text(
        &self,
        asked: Asked<'_>,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Value, AwsError> {
        let base = self.endpoint.clone().unwrap_or_else(|| asked.service.url(&self.region));
        let url = format!("{base}{path}");
        let mut attempt = 1;
        loop {
            let error = match self.send(asked, &method, &url, headers, body).await {
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
        more: &[(&str, &str)],
        body: &str,
    ) -> Result<Value, AwsError> {
        tracing::debug!(action = asked.name(), resource = asked.resource, "asked");
        let target = format!("{}.{}", asked.service.target, asked.action);
        let mut headers = vec![("content-type", asked.service.content_type)];
        if !asked.service.target.is_empty() {
            headers.push(("x-amz-target", &target));
        }
        headers.extend_from_slice(more);
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
