//! What is asked, and what is made of the answer: JSON, or a whole error.

use reqwest::Response;
use serde_json::Value;

use crate::error::AwsError;
use crate::service::{FORM, Service};

/// The most of an answer that is no JSON that an error shows, in characters.
const SHOWN: usize = 200;

/// What is asked, and of what, for errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) service: Service,
    /// The service's name of it.
    pub(crate) action: &'a str,
    /// In words: "the queue acme-raw-dead-letters".
    pub(crate) resource: &'a str,
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

    pub(super) fn unanswered(&self, error: &reqwest::Error) -> AwsError {
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
pub(super) async fn read(asked: Asked<'_>, response: Response) -> Result<Value, AwsError> {
    let status = response.status();
    let named = response.headers().get("x-amzn-errortype").and_then(|it| it.to_str().ok());
    let named = named.map(str::to_owned);
    let text = response.text().await.map_err(|error| asked.unanswered(&error))?;
    let answer: Option<Value> = match text.trim() {
        "" => Some(Value::Null),
        text => serde_json::from_str(text).ok(),
    };
    if status.is_success() {
        // SNS answers in XML, and that it answers is all there is to know.
        let is_other = asked.service.content_type == FORM;
        return answer.or(is_other.then_some(Value::Null)).ok_or_else(|| asked.without("JSON"));
    }
    let answer = answer.unwrap_or_default();
    let member = |names: [&str; 3]| {
        names.iter().find_map(|name| answer.get(name).and_then(Value::as_str)).map(str::to_owned)
    };
    // "com.amazonaws.sqs#QueueDoesNotExist", "ResourceNotFoundException:http://…"
    let code = named.or_else(|| member(["__type", "code", "Code"])).or_else(|| xml(&text, "Code"));
    let code = code.unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default().to_owned();
    let message = member(["message", "Message", "errorMessage"])
        .or_else(|| xml(&text, "Message"))
        .unwrap_or_else(|| text.chars().take(SHOWN).collect());
    Err(asked.refused(status.as_u16(), code, message))
}

/// What stands in the first element of this name.
fn xml(text: &str, element: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{element}>"))?;
    Some(rest.split_once("</")?.0.to_owned())
}

/// Whether the same request may be answered in a moment.
pub(super) fn may_pass(error: &AwsError) -> bool {
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
