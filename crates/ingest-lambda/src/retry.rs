//! What is tried again, and what is not: calls to AWS, and entries that a call refused.

use std::error::Error;
use std::time::Duration;

use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};
use octolake_event::DeliveryId;
use tokio::time::sleep;

/// The longest first pause before something is tried again. Each next one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What EventBridge says of an entry that it will never take. All else may pass at the next try.
const HOPELESS: [&str; 5] = [
    "AccessDeniedException",
    "InvalidArgument",
    "MalformedDetail",
    "NotAuthorizedForDetailTypeException",
    "NotAuthorizedForSourceException",
];

/// What one try came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is done.
    Taken,
    /// It may be done at the next try.
    Again(String),
    /// It will never be done.
    Never(Refusal),
}

/// Why something will never be done, as the service says it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is over a limit of the service: a smaller one may be taken.
    TooLarge(String),
    /// Anything else.
    Other(String),
}

impl Refusal {
    /// Which of the two an answer means. What PutEvents takes differs by account and region, and no
    /// page lists how it says so: `ValidationException: Total size of the entries in the request is
    /// over the limit.` is what is seen, 413 and codes such as `RequestEntityTooLarge` stand to
    /// reason.
    fn of(status: Option<u16>, code: &str, message: &str) -> Self {
        let reason = format!("{code}: {message}");
        let words = message.to_ascii_lowercase();
        let of_size = words.contains("size") || words.contains("too large");
        let limited = words.contains("limit") || words.contains("exceed") || words.contains("too");
        if status == Some(413) || code.contains("TooLarge") || (of_size && limited) {
            Self::TooLarge(reason)
        } else {
            Self::Other(reason)
        }
    }

    /// The reason, for the log.
    pub(crate) fn reason(self) -> String {
        match self {
            Self::TooLarge(reason) | Self::Other(reason) => reason,
        }
    }
}

impl Outcome {
    /// What it means that an entry was refused, in a call that succeeded.
    pub(crate) fn of_refusal(code: &str, message: &str) -> Self {
        if code.contains("Throttl") {
            return Self::Again(format!("{code}: {message}"));
        }
        match Refusal::of(None, code, message) {
            Refusal::Other(reason) if !HOPELESS.contains(&code) => Self::Again(reason),
            refusal => Self::Never(refusal),
        }
    }

    /// What it means that a call failed: no answer, a fault of the service, a throttle or a
    /// conflict passes; a request that is refused for what it is does not.
    pub(crate) fn of_failure<E>(error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(service) => {
                let said = service.err();
                let text = |text: Option<&str>| text.unwrap_or("unknown").to_owned();
                Self::of_answer(status(error), &text(said.code()), &text(said.message()))
            }
            SdkError::ConstructionFailure(_) => Self::Never(Refusal::Other(reason(error))),
            _ => Self::Again(reason(error)),
        }
    }

    /// What it means that the service answered a call with an error.
    fn of_answer(status: Option<u16>, code: &str, message: &str) -> Self {
        if status.is_some_and(is_passing) || code.contains("Throttl") || code == "SlowDown" {
            return Self::Again(format!("{code}: {message}"));
        }
        Self::Never(Refusal::of(status, code, message))
    }
}

/// 409 is S3's answer where another put of the key is under way; 429 and 5xx pass.
fn is_passing(status: u16) -> bool {
    matches!(status, 409 | 429 | 500..)
}

/// The HTTP status of a failed call, where there was an answer.
pub(crate) fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// Tries, for `delivery`, until it is done or never will be; whoever waits for it says how long.
///
/// # Errors
/// It will never be done, and why.
pub(crate) async fn insist<F>(
    delivery: DeliveryId,
    mut attempt: impl FnMut() -> F,
) -> Result<(), Refusal>
where
    F: Future<Output = Outcome>,
{
    let mut longest = FIRST_PAUSE;
    loop {
        match attempt().await {
            Outcome::Taken => return Ok(()),
            Outcome::Never(refusal) => return Err(refusal),
            Outcome::Again(reason) => {
                tracing::warn!(%delivery, reason, "failed, and is tried again");
            }
        }
        // Anywhere between nothing and the longest, so that many do not come back together.
        sleep(longest.mul_f64(fastrand::f64())).await;
        longest = (longest * 2).min(LONGEST_PAUSE);
    }
}

/// What went wrong, for the log: code and message of the service, or which part of the way failed.
/// Never the raw response, which may hold a secret.
pub(crate) fn reason<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    match error {
        SdkError::ServiceError(service) => {
            let metadata = service.err();
            let text = |text: Option<&str>| text.unwrap_or("unknown").to_owned();
            format!("{}: {}", text(metadata.code()), text(metadata.message()))
        }
        SdkError::ResponseError(_) => "the answer could not be read".to_owned(),
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(failure) => {
            let cause = failure.as_connector_error().and_then(|error| error.source());
            let cause = cause.map(ToString::to_string);
            format!("no connection: {}", cause.unwrap_or_else(|| "no cause given".to_owned()))
        }
        _ => "the request could not be made".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Instant;

    use super::*;

    /// Tries with an outcome for each number of the try, from 1; gives the outcome and the tries.
    async fn tried(outcome: impl Fn(u32) -> Outcome) -> (Result<(), Refusal>, u32) {
        let calls = Cell::new(0);
        let attempt = || {
            calls.set(calls.get() + 1);
            std::future::ready(outcome(calls.get()))
        };
        (insist(DeliveryId::from_u128(1), attempt).await, calls.get())
    }

    #[tokio::test]
    async fn what_may_pass_is_tried_again() {
        let started = Instant::now();
        let throttled = |call| match call {
            1..4 => Outcome::of_refusal("ThrottlingException", "m"),
            _ => Outcome::Taken,
        };
        assert_eq!(tried(throttled).await, (Ok(()), 4));
        // Three pauses of at most 100, 200 and 400 ms.
        assert!(started.elapsed() < Duration::from_secs(2));
    }

    #[tokio::test]
    async fn what_will_never_be_taken_is_not_tried_again() {
        let malformed = |_| Outcome::of_refusal("MalformedDetail", "m");
        let refusal = Refusal::Other("MalformedDetail: m".into());
        assert_eq!(tried(malformed).await, (Err(refusal), 1));
    }

    #[test]
    fn a_refusal_for_size_is_told_from_others() {
        let refused = |status, code, message| match Outcome::of_answer(status, code, message) {
            Outcome::Never(Refusal::TooLarge(_)) => "size",
            Outcome::Never(Refusal::Other(_)) => "other",
            Outcome::Again(_) => "again",
            Outcome::Taken => "taken",
        };
        let total = "Total size of the entries in the request is over the limit.";
        for (status, code, message, meant) in [
            (Some(400), "ValidationException", total, "size"),
            (Some(413), "unknown", "unknown", "size"),
            (Some(400), "RequestEntityTooLargeException", "m", "size"),
            (Some(400), "ValidationException", "Request size exceeded", "size"),
            (Some(400), "ValidationException", "1 validation error: Detail", "other"),
            (Some(400), "ThrottlingException", "Rate exceeded the limit for this size", "again"),
            (Some(403), "AccessDeniedException", "m", "other"),
            (Some(503), "ServiceUnavailable", total, "again"),
        ] {
            assert_eq!(refused(status, code, message), meant, "{status:?} {code} {message}");
        }
        let entry = Outcome::of_refusal("InvalidArgument", "Entry size is over the limit");
        assert!(matches!(entry, Outcome::Never(Refusal::TooLarge(_))));
    }

    #[test]
    fn statuses_that_pass() {
        assert!([409, 429, 500, 503].into_iter().all(is_passing));
        assert!(![400, 403, 404, 412].into_iter().any(is_passing));
    }
}
