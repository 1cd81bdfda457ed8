//! The answer to a request, whatever library sends it.

use octolake_event::DeliveryId;

use crate::rejection::Rejection;

/// After how many seconds a delivery that was not taken may be sent again.
const RETRY_AFTER_SECONDS: &str = "5";

/// Status, headers and body of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers, `Content-Type` among them.
    pub headers: Vec<(&'static str, &'static str)>,
    /// A JSON object.
    pub body: String,
}

impl Answer {
    /// The endpoint is there.
    pub fn health() -> Self {
        Self::json(200, r#"{"status":"ok"}"#.into())
    }

    /// Whether a delivery could be taken now; what is wrong, only the log and the metrics tell.
    pub fn ready(ready: bool) -> Self {
        match ready {
            true => Self::json(200, r#"{"status":"ready"}"#.into()),
            false => Self::json(503, r#"{"status":"not ready"}"#.into()),
        }
    }

    /// The bus has it. GitHub's ping is answered 200, all else 202.
    pub(crate) fn accepted(id: DeliveryId, ping: bool) -> Self {
        Self::json(Self::taken(ping), format!(r#"{{"status":"accepted","delivery":"{id}"}}"#))
    }

    /// A filter left it out.
    pub(crate) fn ignored(ping: bool) -> Self {
        Self::json(Self::taken(ping), r#"{"status":"ignored"}"#.into())
    }

    /// Something broke; what, only the log knows. The delivery may not have been taken.
    pub fn broken() -> Self {
        Self::json(500, r#"{"error":"something broke here: deliver it again"}"#.into())
    }

    fn taken(ping: bool) -> u16 {
        if ping { 200 } else { 202 }
    }

    fn json(status: u16, body: String) -> Self {
        Self { status, headers: vec![("content-type", "application/json")], body }
    }
}

impl From<&Rejection> for Answer {
    fn from(rejection: &Rejection) -> Self {
        let body = serde_json::json!({ "error": rejection.to_string() }).to_string();
        let mut answer = Self::json(rejection.status(), body);
        match rejection {
            Rejection::MethodNotAllowed { allow } => answer.headers.push(("allow", allow)),
            it if it.is_temporary() => answer.headers.push(("retry-after", RETRY_AFTER_SECONDS)),
            _ => {}
        }
        answer
    }
}
