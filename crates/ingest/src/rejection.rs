//! Every way to refuse a request, each with one status and one sentence.

/// Why a request is refused. The sentence is what the client reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// 404: another path than `/`, `/webhook`, `/health` and `/ready`.
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
    /// 400: a form that is not `payload` and nothing else.
    #[error("the form is not one field named payload")]
    NotOneField,
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
    /// 429: as many requests of this client are under way as one client may have.
    #[error("too many requests of one client at a time: deliver it again")]
    TooMany,
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
            | Self::NotOneField
            | Self::NotUtf8
            | Self::NotJson { .. }
            | Self::NotAnObject => 400,
            Self::TooMany => 429,
            Self::Unavailable => 503,
        }
    }

    /// A stable word for the kind of refusal, for counting.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::IncompleteBody => "incomplete_body",
            Self::TooLarge { .. } => "too_large",
            Self::Unauthorized => "unauthorized",
            Self::UnsupportedType => "unsupported_type",
            Self::BadEvent => "bad_event",
            Self::BadDelivery => "bad_delivery",
            Self::BadHost => "bad_host",
            Self::NotOneField => "not_one_field",
            Self::NotUtf8 => "not_utf8",
            Self::NotJson { .. } => "not_json",
            Self::NotAnObject => "not_an_object",
            Self::TooMany => "too_many",
            Self::Unavailable => "unavailable",
        }
    }

    /// Whether it is ours to mend, or only passes: the same request may be taken later.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::TooMany | Self::Unavailable)
    }
}
