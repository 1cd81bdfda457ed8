//! Every way to refuse a request, each with one status and one sentence.

/// Why a request is refused. The sentence is what the client reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// 404: another path than `/`, `/webhook` and `/health`.
    #[error("there is nothing at this path: deliveries go to /webhook")]
    NotFound,
    /// 405, with `Allow`.
    #[error("this path takes {allow} only")]
    MethodNotAllowed {
        /// The methods that the path takes, separated by `, `.
        allow: &'static str,
    },
    /// 408: the body broke off, or took too long.
    #[error("the body did not arrive whole and in time")]
    IncompleteBody,
    /// 413: the body is over the limit.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The most that is taken, in bytes.
        limit: usize,
    },
    /// 401: one sentence, whatever was wrong with the signature.
    #[error("the signature is missing or wrong")]
    Unauthorized,
    /// 415: neither JSON nor a form.
    #[error("the content type must be application/json or application/x-www-form-urlencoded")]
    UnsupportedType,
    /// 400: `X-GitHub-Event` is missing, or not of the form that event types have.
    #[error("the X-GitHub-Event header is missing, or is no event type")]
    BadEvent,
    /// 400: `X-GitHub-Delivery` is missing or no GUID.
    #[error("the X-GitHub-Delivery header is missing, or is no GUID")]
    BadDelivery,
    /// 400: `X-GitHub-Enterprise-Host` could not be the name of a host.
    #[error("the X-GitHub-Enterprise-Host header is no host name")]
    BadHost,
    /// 400: a form without `payload`.
    #[error("the form has no field named payload")]
    NoPayload,
    /// 400: the payload is not UTF-8.
    #[error("the payload is not UTF-8")]
    NotUtf8,
    /// 400: the payload is not JSON, or more than one JSON text.
    #[error("the payload is not JSON (line {line}, column {column})")]
    NotJson {
        /// Where the fault is, from 1.
        line: usize,
        /// Where in that line, from 1.
        column: usize,
    },
    /// 400: the payload is JSON, but no object.
    #[error("the payload is no JSON object")]
    NotAnObject,
    /// 503: the delivery could not be stored now.
    #[error("the delivery could not be stored, and is not accepted: deliver it again")]
    Unavailable,
}

impl Rejection {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::MethodNotAllowed { .. } => 405,
            Self::IncompleteBody => 408,
            Self::TooLarge { .. } => 413,
            Self::Unauthorized => 401,
            Self::UnsupportedType => 415,
            Self::BadEvent
            | Self::BadDelivery
            | Self::BadHost
            | Self::NoPayload
            | Self::NotUtf8
            | Self::NotJson { .. }
            | Self::NotAnObject => 400,
            Self::Unavailable => 503,
        }
    }
}
