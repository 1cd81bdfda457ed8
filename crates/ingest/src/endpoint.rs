//! The stages in their order, and the answers.

use chrono::{DateTime, Utc};
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

    /// What a request asks for, as far as that can be told before its body is there: a shell asks
    /// this first, and reads no body that is refused anyway. `announced` is the body's length in
    /// bytes, where the request says it.
    ///
    /// # Errors
    /// It is refused, whatever its body.
    pub fn admit(
        &self,
        method: &str,
        path: &str,
        headers: &Headers<'_>,
        announced: Option<u64>,
    ) -> Result<Route, Rejection> {
        let route = Route::of(method, path)?;
        if route == Route::Deliver {
            if !headers.is_signed() {
                return Err(Rejection::Unauthorized);
            }
            self.check_size(announced.unwrap_or_default())?;
        }
        Ok(route)
    }

    /// What is to be done with `request`: pure.
    pub fn judge<'a>(&self, request: &HttpRequest<'a>) -> Verdict<'a> {
        let HttpRequest { method, path, headers, body, received_at } = request;
        match self.admit(method, path, headers, Some(body.len() as u64)) {
            Ok(Route::Health | Route::Ready) => Verdict::Health,
            Ok(Route::Deliver) => match self.verify(headers, body, *received_at) {
                Ok(delivery) if self.filter.keeps(&delivery) => Verdict::Take(delivery),
                Ok(delivery) => Verdict::Ignore(delivery),
                Err(rejection) => Verdict::Reject(rejection),
            },
            Err(rejection) => Verdict::Reject(rejection),
        }
    }

    fn check_size(&self, bytes: u64) -> Result<(), Rejection> {
        let limit = self.body_limit;
        if bytes <= limit as u64 { Ok(()) } else { Err(Rejection::TooLarge { limit }) }
    }

    /// The signature, then all that is told to signed requests only.
    fn verify<'a>(
        &self,
        headers: &Headers<'a>,
        body: &'a [u8],
        received_at: DateTime<Utc>,
    ) -> Result<VerifiedDelivery<'a>, Rejection> {
        let body = SignedBody::verify(body, headers.signature, &self.secrets)?;
        VerifiedDelivery::check(headers, body, received_at)
    }

    /// Judges `request`, gives what it takes to `bus`, and says what to answer.
    pub async fn handle(&self, request: &HttpRequest<'_>, bus: &impl Bus) -> Answer {
        self.judge(request).carry_out(&request.headers, bus).await
    }
}

impl<'a> Verdict<'a> {
    /// The delivery that is taken or left out.
    pub fn delivery(&self) -> Option<&VerifiedDelivery<'a>> {
        match self {
            Self::Take(delivery) | Self::Ignore(delivery) => Some(delivery),
            Self::Health | Self::Reject(_) => None,
        }
    }

    /// Whether no secret fits the signature, or there is none.
    pub fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Reject(Rejection::Unauthorized))
    }

    /// Does what the verdict on a request with these `headers` says, and answers.
    ///
    /// This is the boundary where each refusal and each failure is logged, once; a shell may log
    /// what was taken.
    pub async fn carry_out(&self, headers: &Headers<'_>, bus: &impl Bus) -> Answer {
        match self {
            Self::Health => Answer::health(),
            Self::Ignore(delivery) => ignore(delivery),
            Self::Reject(rejection) => refuse(headers, rejection),
            Self::Take(delivery) => take(delivery, bus).await,
        }
    }
}

fn ignore(delivery: &VerifiedDelivery<'_>) -> Answer {
    let (event, id) = (delivery.event_type(), delivery.meta().id);
    tracing::debug!(delivery = %id, event, "a filter leaves a delivery out");
    Answer::ignored(delivery.is_ping())
}

/// The answer to a request that is refused; tells the log. For shells that refuse a request before
/// its body is there.
pub fn refuse(headers: &Headers<'_>, rejection: &Rejection) -> Answer {
    let status = rejection.status();
    // Only what is of a known form gets into the log.
    let delivery: Option<DeliveryId> = headers.delivery.and_then(|text| text.parse().ok());
    let delivery = delivery.map(tracing::field::display);
    tracing::info!(status, delivery, reason = rejection.reason(), "refused a request: {rejection}");
    rejection.into()
}

async fn take(delivery: &VerifiedDelivery<'_>, bus: &impl Bus) -> Answer {
    let (event, id) = (delivery.event_type(), delivery.meta().id);
    match bus.put(delivery).await {
        Ok(()) => {
            tracing::debug!(delivery = %id, event, "took a delivery");
            Answer::accepted(id, delivery.is_ping())
        }
        Err(error) => {
            tracing::error!(delivery = %id, event, error = %error.cause(), "did not store a delivery");
            (&Rejection::Unavailable).into()
        }
    }
}

#[cfg(test)]
mod tests;
