//! Lambda's event ↔ the ingest's request and answer: payload format 2.0, which function URLs and
//! HTTP APIs share.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use aws_lambda_events::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use lambda_runtime::Diagnostic;
use octolake_ingest::{Answer, Headers, HttpRequest};

/// The stage that is no part of the path.
const NO_STAGE: &str = "$default";

/// An event that is no HTTP request of payload format 2.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EventError {
    #[error("the event is no request of a function URL or an HTTP API (payload format 2.0)")]
    NoRequest,
    #[error("the event's body is said to be base64, and is not")]
    NotBase64,
}

impl From<EventError> for Diagnostic {
    fn from(error: EventError) -> Self {
        Self { error_type: "EventError".to_owned(), error_message: error.to_string() }
    }
}

/// One request, its body decoded.
pub(crate) struct Request {
    method: String,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn of(event: ApiGatewayV2httpRequest) -> Result<Self, EventError> {
        let context = event.request_context;
        let path = event.raw_path.filter(|_| event.version.as_deref() == Some("2.0"));
        let path = without_stage(path.ok_or(EventError::NoRequest)?, context.stage.as_deref());
        let text = event.body.unwrap_or_default();
        let body = if event.is_base64_encoded {
            STANDARD.decode(text).map_err(|_| EventError::NotBase64)?
        } else {
            text.into_bytes()
        };
        Ok(Self { method: context.http.method.to_string(), path, headers: event.headers, body })
    }

    /// The request as the ingest reads it.
    pub(crate) fn view(&self, received_at: DateTime<Utc>) -> HttpRequest<'_> {
        let text = |value| HeaderValue::to_str(value).unwrap_or(Headers::NOT_TEXT);
        let header = |name| self.headers.get(name).map(text);
        HttpRequest {
            method: &self.method,
            path: &self.path,
            headers: Headers::from_lookup(header),
            body: &self.body,
            received_at,
        }
    }
}

/// An HTTP API puts the name of its stage in front of the path.
fn without_stage(path: String, stage: Option<&str>) -> String {
    let Some(stage) = stage.filter(|stage| *stage != NO_STAGE) else { return path };
    match path.strip_prefix('/').and_then(|rest| rest.strip_prefix(stage)) {
        Some("") => "/".to_owned(),
        Some(rest) if rest.starts_with('/') => rest.to_owned(),
        _ => path,
    }
}

/// The event's response for an answer.
pub(crate) fn respond(answer: Answer) -> ApiGatewayV2httpResponse {
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = answer.status.into();
    for (name, value) in answer.headers {
        response.headers.insert(name, HeaderValue::from_static(value));
    }
    response.body = Some(Body::Text(answer.body));
    response
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// As the documentation of function URLs has it, shortened.
    fn function_url(body: &str, is_base64: bool) -> Value {
        json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": "/webhook",
            "rawQueryString": "",
            "headers": {
                "content-type": "application/json",
                "x-github-event": "push",
                "x-forwarded-for": "140.82.115.1",
                "host": "abc.lambda-url.eu-central-1.on.aws"
            },
            "requestContext": {
                "accountId": "anonymous",
                "apiId": "abc",
                "domainName": "abc.lambda-url.eu-central-1.on.aws",
                "domainPrefix": "abc",
                "http": {
                    "method": "POST",
                    "path": "/webhook",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "140.82.115.1",
                    "userAgent": "GitHub-Hookshot/1"
                },
                "requestId": "6a553a5c",
                "routeKey": "$default",
                "stage": "$default",
                "time": "02/Mar/2026:10:00:00 +0000",
                "timeEpoch": 1_772_445_600_000_i64
            },
            "body": body,
            "isBase64Encoded": is_base64
        })
    }

    fn request(event: Value) -> Result<Request, EventError> {
        Request::of(serde_json::from_value(event).unwrap())
    }

    #[test]
    fn a_function_urls_event() {
        for (body, is_base64) in [(r#"{"é":1}"#, false), ("eyLDqSI6MX0=", true)] {
            let request = request(function_url(body, is_base64)).unwrap();
            assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/webhook"));
            assert_eq!(request.body, r#"{"é":1}"#.as_bytes());
            assert_eq!(request.headers["x-github-event"], "push");
        }
    }

    #[test]
    fn an_http_apis_event_and_its_stage() {
        let mut event = function_url("{}", false);
        event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {}, "scopes": null}});
        event["requestContext"]["stage"] = json!("prod");
        for (path, expected) in
            [("/prod/webhook", "/webhook"), ("/prod", "/"), ("/production", "/production")]
        {
            event["rawPath"] = json!(path);
            assert_eq!(request(event.clone()).unwrap().path, expected);
        }
    }

    #[test]
    fn a_request_without_a_body_has_an_empty_one() {
        let mut event = function_url("", false);
        event.as_object_mut().unwrap().remove("body");
        event["requestContext"]["http"]["method"] = json!("GET");
        let request = request(event).unwrap();
        assert_eq!((request.method.as_str(), request.body.len()), ("GET", 0));
    }

    #[test]
    fn other_events_are_refused() {
        let mut event = function_url("{}", false);
        event["version"] = json!("1.0");
        assert_eq!(request(event).err(), Some(EventError::NoRequest));
        let broken = request(function_url("not base64!", true));
        assert_eq!(broken.err(), Some(EventError::NotBase64));
    }

    #[test]
    fn an_answer_becomes_a_response() {
        let response = serde_json::to_value(respond(Answer::health())).unwrap();
        assert_eq!(response["statusCode"], 200);
        assert_eq!(response["headers"]["content-type"], "application/json");
        assert_eq!(response["body"], r#"{"status":"ok"}"#);
        assert_eq!(response["isBase64Encoded"], false);
    }
}
