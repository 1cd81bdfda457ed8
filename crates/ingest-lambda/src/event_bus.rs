//! The bus: one entry to EventBridge, after its body is in S3 where it is too large; what fails for
//! a moment is tried again until GitHub will not wait any longer.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use octolake_event::{BusEntry, DeliveryId};
use octolake_ingest::{Bus, BusError, ClaimCheck, VerifiedDelivery};
use tokio::time::{Instant, timeout_at};

use crate::retry::{Outcome, Refusal, insist, status};
use crate::settings::BusSettings;

/// How long AWS may take to accept a connection.
pub(crate) const CONNECTED_WITHIN: Duration = Duration::from_secs(1);
/// How long one call may take before the next is tried: three of them fit into GitHub's patience.
pub(crate) const ATTEMPTED_WITHIN: Duration = Duration::from_millis(2500);

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

impl EventBus {
    pub(crate) fn new(config: &SdkConfig, settings: BusSettings) -> Self {
        // Tried again here, for as long as GitHub waits, and not by the SDK, which gives up earlier
        // the more often it has failed before.
        let events = aws_sdk_eventbridge::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .build();
        let objects = aws_sdk_s3::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            // An endpoint of one's own has no names for its buckets.
            .force_path_style(config.endpoint_url().is_some())
            .build();
        Self {
            events: aws_sdk_eventbridge::Client::from_conf(events),
            objects: aws_sdk_s3::Client::from_conf(objects),
            settings,
        }
    }

    /// The bus, for a delivery that must be taken before `deadline`.
    pub(crate) fn until(&self, deadline: Instant) -> InTime<'_> {
        InTime { bus: self, deadline }
    }

    /// Puts a delivery on the bus whole where it fits, else by a claim check. Which size fits is not
    /// the same everywhere, so a bus that refuses one for its size gets the claim check as well.
    async fn take(&self, delivery: &VerifiedDelivery<'_>) -> Result<(), PutError> {
        let id = delivery.meta().id;
        let entry = delivery.to_entry();
        let bytes = entry.detail.len();
        if bytes <= self.settings.inline_limit {
            match self.offer(id, entry).await {
                Err(Refusal::TooLarge(reason)) => {
                    tracing::warn!(delivery = %id, bytes, reason, "too large for this bus, though not over OCTOLAKE_INLINE_LIMIT: the body goes beside it");
                }
                done => return done.map_err(|refusal| self.bus_error(refusal)),
            }
        }
        let split = ClaimCheck::of(delivery);
        self.store(id, split.key, split.body).await?;
        self.offer(id, split.entry).await.map_err(|refusal| self.bus_error(refusal))
    }

    fn bus_error(&self, refusal: Refusal) -> PutError {
        PutError::Bus { bus: self.settings.name.clone(), reason: refusal.reason() }
    }

    /// Offers one entry to the bus until it is taken or refused.
    async fn offer(&self, id: DeliveryId, entry: BusEntry) -> Result<(), Refusal> {
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.settings.name)
            .source(entry.source)
            .detail_type(entry.detail_type)
            .detail(entry.detail)
            .build();
        insist(id, || self.put(&entry)).await
    }

    async fn put(&self, entry: &PutEventsRequestEntry) -> Outcome {
        match self.events.put_events().entries(entry.clone()).send().await {
            Ok(answer) if answer.failed_entry_count() == 0 => Outcome::Taken,
            Ok(answer) => {
                let result = answer.entries().first();
                let code = result.and_then(|result| result.error_code());
                let message = result.and_then(|result| result.error_message());
                Outcome::of_refusal(code.unwrap_or("no code"), message.unwrap_or("no message"))
            }
            Err(error) => Outcome::of_failure(&error),
        }
    }

    /// Puts a body into the lake. One that is there already is of the same delivery: it stays.
    async fn store(&self, id: DeliveryId, key: String, body: Vec<u8>) -> Result<(), PutError> {
        let key = format!("{}{key}", self.settings.prefix);
        let body = Bytes::from(body);
        insist(id, || self.put_object(&key, body.clone())).await.map_err(|refusal| {
            let bucket = self.settings.bucket.clone();
            PutError::Object { bucket, key: key.clone(), reason: refusal.reason() }
        })
    }

    async fn put_object(&self, key: &str, body: Bytes) -> Outcome {
        let put = self
            .objects
            .put_object()
            .bucket(&self.settings.bucket)
            .key(key)
            .if_none_match("*")
            .content_type("application/gzip")
            .body(ByteStream::from(body));
        match put.send().await {
            Ok(_) => Outcome::Taken,
            Err(error) if status(&error) == Some(412) => Outcome::Taken,
            Err(error) => Outcome::of_failure(&error),
        }
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

#[cfg(test)]
mod tests;
