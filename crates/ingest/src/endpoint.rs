//! The stages in their order, and the answers.

use octolake_event::DeliveryId;

use crate::answer::Answer;
use crate::bus::Bus;
use crate::delivery::VerifiedDelivery;
use crate::filter::Filter;
use crate::rejection::Rejection;
use crate::request::{Headers, HttpRequest, Route};
use crate::secret::Secrets;
use crate::signature::SignedBody;

/// GitHub sends no body over 25 MB; larger than this is not GitHub's.
pub const DEFAULT_BODY_LIMIT: usize = 25 << 20;

/// What is to be done with a request.
#[derive(Debug)]
pub enum Verdict<'a> {
    /// Say that the endpoint is there.
    Health,
    /// Give it to the bus.
    Take(VerifiedDelivery<'a>),
    /// A filter leaves it out.
    Ignore(VerifiedDelivery<'a>),
    /// Refuse it.
    Reject(Rejection),
}

/// The webhook endpoint, but for HTTP and the bus.
#[derive(Debug, Clone)]
pub struct Endpoint {
    secrets: Secrets,
    filter: Filter,
    body_limit: usize,
}

impl Endpoint {
    /// An endpoint that takes every delivery which one of `secrets` signed.
    pub fn new(secrets: Secrets) -> Self {
        Self { secrets, filter: Filter::default(), body_limit: DEFAULT_BODY_LIMIT }
    }

    /// Leaves out what `filter` leaves out.
    pub fn with_filter(self, filter: Filter) -> Self {
        Self { filter, ..self }
    }

    /// Takes bodies of at most `bytes`.
    pub fn with_body_limit(self, bytes: usize) -> Self {
        Self { body_limit: bytes, ..self }
    }

    /// The largest body that is taken, in bytes.
    pub fn body_limit(&self) -> usize {
        self.body_limit
    }

    /// What is to be done with `request`: pure.
    pub fn judge<'a>(&self, request: &HttpRequest<'a>) -> Verdict<'a> {
        match Route::of(request.method, request.path) {
            Ok(Route::Health) => Verdict::Health,
            Ok(Route::Deliver) => match self.verify(request) {
                Ok(delivery) if self.filter.keeps(&delivery) => Verdict::Take(delivery),
                Ok(delivery) => Verdict::Ignore(delivery),
                Err(rejection) => Verdict::Reject(rejection),
            },
            Err(rejection) => Verdict::Reject(rejection),
        }
    }

    /// Size, then signature, then all that is told to signed requests only.
    fn verify<'a>(&self, request: &HttpRequest<'a>) -> Result<VerifiedDelivery<'a>, Rejection> {
        let HttpRequest { headers, body, received_at, .. } = request;
        if body.len() > self.body_limit {
            return Err(Rejection::TooLarge { limit: self.body_limit });
        }
        let body = SignedBody::verify(body, headers.signature, &self.secrets)?;
        VerifiedDelivery::check(headers, body, *received_at)
    }

    /// Judges `request`, gives what it takes to `bus`, and says what to answer.
    ///
    /// This is the boundary where a delivery that was not taken is logged, once.
    pub async fn handle(&self, request: &HttpRequest<'_>, bus: &impl Bus) -> Answer {
        match self.judge(request) {
            Verdict::Health => Answer::health(),
            Verdict::Ignore(delivery) => Answer::ignored(delivery.is_ping()),
            Verdict::Reject(rejection) => refuse(&request.headers, &rejection),
            Verdict::Take(delivery) => take(&delivery, bus).await,
        }
    }
}

/// The answer to a request that is refused; tells the log. For shells that refuse a request before
/// its body is there.
pub fn refuse(headers: &Headers<'_>, rejection: &Rejection) -> Answer {
    let status = rejection.status();
    // Only what is of a known form gets into the log.
    let delivery: Option<DeliveryId> = headers.delivery.and_then(|text| text.parse().ok());
    let delivery = delivery.map(tracing::field::display);
    match rejection {
        Rejection::NotFound | Rejection::MethodNotAllowed { .. } => {
            tracing::debug!(status, reason = %rejection, "refused a request");
        }
        _ => tracing::info!(status, delivery, reason = %rejection, "refused a delivery"),
    }
    rejection.into()
}

async fn take(delivery: &VerifiedDelivery<'_>, bus: &impl Bus) -> Answer {
    let meta = delivery.meta();
    match bus.put(delivery.to_entry(), meta).await {
        Ok(()) => Answer::accepted(meta.id, delivery.is_ping()),
        Err(error) => {
            let event = delivery.event_type();
            tracing::error!(delivery = %meta.id, event, error = %error.cause(), "did not store a delivery");
            (&Rejection::Unavailable).into()
        }
    }
}

#[cfg(test)]
mod tests;
