//! The bus: one entry to EventBridge, after its body is in S3 where it is too large; what fails for
//! a moment is tried again until GitHub will not wait any longer.

use std::error::Error;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_s3::primitives::ByteStream;
use octolake_ingest::{Bus, BusError, ClaimCheck, VerifiedDelivery};
use tokio::time::{Instant, sleep, timeout_at};

use crate::settings::BusSettings;

/// How long AWS may take to accept a connection.
pub(crate) const CONNECTED_WITHIN: Duration = Duration::from_secs(1);
/// How long one call may take before the next is tried: three of them fit into GitHub's patience.
pub(crate) const ATTEMPTED_WITHIN: Duration = Duration::from_millis(2500);
/// The longest first pause before something is tried again. Each next one may be twice as long.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What EventBridge says of an entry that it will never take. All else may pass at the next try.
const HOPELESS: [&str; 5] = [
    "AccessDeniedException",
    "InvalidArgument",
    "MalformedDetail",
    "NotAuthorizedForDetailTypeException",
    "NotAuthorizedForSourceException",
];

/// The event bus and the lake's bucket.
pub(crate) struct EventBus {
    events: aws_sdk_eventbridge::Client,
    objects: aws_sdk_s3::Client,
    settings: BusSettings,
}

/// The bus for one delivery, which has to be taken in time.
pub(crate) struct InTime<'a> {
    bus: &'a EventBus,
    deadline: Instant,
}

/// Why the bus did not take a delivery.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PutError {
    #[error("PutEvents on {bus} failed: {reason}")]
    Bus { bus: String, reason: String },
    #[error("PutObject s3://{bucket}/{key} failed: {reason}")]
    Object { bucket: String, key: String, reason: String },
    #[error("it took too long")]
    Late,
}

/// What one call of PutEvents came to.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Taken,
    Refused { code: String, message: String },
}

impl EventBus {
    pub(crate) fn new(config: &SdkConfig, settings: BusSettings) -> Self {
        // An endpoint of one's own has no names for its buckets.
        let by_path = config.endpoint_url().is_some();
        let objects = aws_sdk_s3::config::Builder::from(config).force_path_style(by_path).build();
        Self {
            events: aws_sdk_eventbridge::Client::new(config),
            objects: aws_sdk_s3::Client::from_conf(objects),
            settings,
        }
    }

    /// The bus, for a delivery that must be taken before `deadline`.
    pub(crate) fn until(&self, deadline: Instant) -> InTime<'_> {
        InTime { bus: self, deadline }
    }

    async fn take(&self, delivery: &VerifiedDelivery<'_>) -> Result<(), PutError> {
        let mut entry = delivery.to_entry();
        if entry.detail.len() > self.settings.inline_limit {
            let split = ClaimCheck::of(delivery);
            self.store(split.key, split.body).await?;
            entry = split.entry;
        }
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.settings.name)
            .source(entry.source)
            .detail_type(entry.detail_type)
            .detail(entry.detail)
            .build();
        insist(|| self.put(&entry)).await.map_err(|reason| self.failed(reason))
    }

    async fn put(&self, entry: &PutEventsRequestEntry) -> Result<Outcome, String> {
        let answer = self.events.put_events().entries(entry.clone()).send().await;
        let answer = answer.map_err(|error| reason(&error))?;
        if answer.failed_entry_count() == 0 {
            return Ok(Outcome::Taken);
        }
        let result = answer.entries().first();
        let text = |text: Option<&str>| text.unwrap_or("no reason given").to_owned();
        Ok(Outcome::Refused {
            code: text(result.and_then(|result| result.error_code())),
            message: text(result.and_then(|result| result.error_message())),
        })
    }

    /// Puts a body into the lake. One that is there already is of the same delivery: it stays.
    async fn store(&self, key: String, body: Vec<u8>) -> Result<(), PutError> {
        let key = format!("{}{key}", self.settings.prefix);
        let put = self
            .objects
            .put_object()
            .bucket(&self.settings.bucket)
            .key(&key)
            .if_none_match("*")
            .content_type("application/gzip")
            .body(ByteStream::from(body));
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_there(&error) => Ok(()),
            Err(error) => {
                let (bucket, reason) = (self.settings.bucket.clone(), reason(&error));
                Err(PutError::Object { bucket, key, reason })
            }
        }
    }

    fn failed(&self, reason: String) -> PutError {
        PutError::Bus { bus: self.settings.name.clone(), reason }
    }
}

impl Bus for InTime<'_> {
    async fn put(&self, delivery: &VerifiedDelivery<'_>) -> Result<(), BusError> {
        timeout_at(self.deadline, self.bus.take(delivery))
            .await
            .unwrap_or(Err(PutError::Late))
            .map_err(BusError::new)
    }
}

/// Calls `put` until the entry is taken or never will be. A call that fails as a whole is tried
/// again by the SDK; this is for an entry that was refused in a call that succeeded.
async fn insist<F>(mut put: impl FnMut() -> F) -> Result<(), String>
where
    F: Future<Output = Result<Outcome, String>>,
{
    let mut longest = FIRST_PAUSE;
    loop {
        match put().await? {
            Outcome::Taken => return Ok(()),
            Outcome::Refused { code, message } if HOPELESS.contains(&code.as_str()) => {
                return Err(format!("{code}: {message}"));
            }
            Outcome::Refused { code, message } => {
                tracing::warn!(code, message, "the bus refused an entry; it is put again");
            }
        }
        // Anywhere between nothing and the longest, so that many do not come back together.
        sleep(longest.mul_f64(fastrand::f64())).await;
        longest = (longest * 2).min(LONGEST_PAUSE);
    }
}

/// Whether S3 says that an object of that key is there.
fn is_there<E>(error: &SdkError<E>) -> bool {
    error.raw_response().is_some_and(|response| response.status().as_u16() == 412)
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

    use super::*;

    fn refused(code: &str) -> Outcome {
        Outcome::Refused { code: code.into(), message: "m".into() }
    }

    #[tokio::test]
    async fn a_refused_entry_is_put_again() {
        let calls = Cell::new(0);
        let put = || {
            calls.set(calls.get() + 1);
            let outcome =
                if calls.get() < 4 { refused("ThrottlingException") } else { Outcome::Taken };
            async { Ok(outcome) }
        };
        let started = Instant::now();
        assert_eq!(insist(put).await, Ok(()));
        assert_eq!(calls.get(), 4);
        // Three pauses of at most 100, 200 and 400 ms.
        assert!(started.elapsed() < Duration::from_secs(2));
    }

    #[tokio::test]
    async fn what_will_never_be_taken_is_not_put_again() {
        let calls = Cell::new(0);
        let put = || {
            calls.set(calls.get() + 1);
            async { Ok(refused("MalformedDetail")) }
        };
        assert_eq!(insist(put).await, Err("MalformedDetail: m".into()));
        assert_eq!(calls.get(), 1);
    }

    #[tokio::test]
    async fn a_call_that_failed_is_the_end() {
        assert_eq!(
            insist(|| async { Err("no answer in time".into()) }).await,
            Err("no answer in time".into())
        );
    }
}
