//! One invocation: event in, response out, whatever happens between.

use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use chrono::{DateTime, Utc};
use lambda_runtime::LambdaEvent;
use octolake_ingest::{Answer, Bus, HttpRequest, Rejection, Route, Verdict, refuse};
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::event_bus::EventBus;
use crate::http::{EventError, Request, respond};
use crate::keys::{Keys, SecretSource};

/// GitHub waits ten seconds, and some of them go by before the event is here.
const ANSWERED_WITHIN: Duration = Duration::from_secs(8);
/// How long before Lambda ends the invocation it is answered at the latest.
const MARGIN: Duration = Duration::from_millis(500);

/// What an environment keeps between invocations.
pub(crate) struct Function<S> {
    keys: Keys<S>,
    bus: EventBus,
}

impl<S: SecretSource> Function<S> {
    pub(crate) fn new(keys: Keys<S>, bus: EventBus) -> Self {
        Self { keys, bus }
    }

    /// Answers one event.
    ///
    /// # Errors
    /// It is no HTTP request: somebody has connected the function to something else.
    pub(crate) async fn answer(
        &self,
        event: LambdaEvent<ApiGatewayV2httpRequest>,
    ) -> Result<ApiGatewayV2httpResponse, EventError> {
        let (event, context) = event.into_parts();
        // A span of our own: the runtime's has twice as much in it, and lines are paid for.
        let span = tracing::info_span!("request", requestId = context.request_id);
        self.answer_by(event, context.deadline).instrument(span).await
    }

    /// Answers before Lambda ends the invocation at `ends` (milliseconds since 1970).
    async fn answer_by(
        &self,
        event: ApiGatewayV2httpRequest,
        ends: u64,
    ) -> Result<ApiGatewayV2httpResponse, EventError> {
        let now = now();
        let deadline = Instant::now() + patience(ends, now);
        let request = Request::of(event).inspect_err(|error| tracing::error!(%error, "refused"))?;
        let (request, bus) = (request.view(now), self.bus.until(deadline));
        let answer = octolake_lambda::catch(handle(&self.keys, &request, &bus)).await;
        Ok(respond(answer.unwrap_or_else(|_| Answer::broken())))
    }
}

/// The time for the bus, when Lambda ends the invocation at `ends` (milliseconds since 1970).
fn patience(ends: u64, now: DateTime<Utc>) -> Duration {
    let now = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    let left = Duration::from_millis(ends.saturating_sub(now));
    left.saturating_sub(MARGIN).min(ANSWERED_WITHIN)
}

/// Routes, judges, carries out, and tells the log.
async fn handle<S: SecretSource>(
    keys: &Keys<S>,
    request: &HttpRequest<'_>,
    bus: &impl Bus,
) -> Answer {
    match Route::of(request.method, request.path) {
        Ok(Route::Health | Route::Ready) => return Answer::health(),
        Ok(Route::Deliver) if request.headers.is_signed() => {}
        Ok(Route::Deliver) => return refuse(&request.headers, &Rejection::Unauthorized),
        Err(rejection) => return refuse(&request.headers, &rejection),
    }
    let verdict = match keys.judge(request).await {
        Ok(verdict) => verdict,
        Err(error) => {
            tracing::error!(%error, "no delivery can be verified");
            return refuse(&request.headers, &Rejection::Unavailable);
        }
    };
    let answer = verdict.carry_out(&request.headers, bus).await;
    if let Some(delivery) = verdict.delivery() {
        let (id, event) = (delivery.meta().id, delivery.event_type());
        // What the bus took: alarms hold the count of it against what reaches the raw zone.
        let taken = matches!(verdict, Verdict::Take(_)) && answer.status < 300;
        tracing::info!(delivery = %id, event, status = answer.status, taken, "answered");
    }
    answer
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the shell that says when a delivery arrived"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests {
    use octolake_ingest::{BusError, Filter, Headers, Secret, Secrets, VerifiedDelivery};

    use super::*;
    use crate::keys::FetchError;

    /// Secrets that are to be had, or not.
    struct Source(bool);

    impl SecretSource for Source {
        async fn fetch(&self) -> Result<Secrets, FetchError> {
            let secret = Secret::from_text("s").unwrap();
            self.0.then(|| Secrets::new(vec![secret]).unwrap()).ok_or(FetchError("down".into()))
        }
    }

    enum Fate {
        Takes,
        Fails,
        Panics,
    }

    impl Bus for Fate {
        async fn put(&self, delivery: &VerifiedDelivery<'_>) -> Result<(), BusError> {
            match self {
                Self::Takes => Ok(()),
                Self::Fails => Err(BusError::new("down")),
                Self::Panics => panic!("{}", delivery.payload()),
            }
        }
    }

    async fn answer(source: Source, bus: Fate, method: &str, path: &str) -> Option<Answer> {
        let signature = Secret::from_text("s").unwrap().sign(b"{}");
        let request = HttpRequest {
            method,
            path,
            headers: Headers::from_pairs(&[
                ("content-type", "application/json"),
                ("x-hub-signature-256", &signature),
                ("x-github-event", "push"),
                ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
            ]),
            body: b"{}",
            received_at: "2026-03-02T10:00:00Z".parse().unwrap(),
        };
        let keys = Keys::new(source, Filter::default());
        octolake_lambda::catch(handle(&keys, &request, &bus)).await.ok()
    }

    async fn status(source: Source, bus: Fate, method: &str, path: &str) -> Option<u16> {
        answer(source, bus, method, path).await.map(|answer| answer.status)
    }

    #[tokio::test]
    async fn each_failure_has_its_answer() {
        assert_eq!(status(Source(true), Fate::Takes, "POST", "/webhook").await, Some(202));
        assert_eq!(status(Source(true), Fate::Fails, "POST", "/webhook").await, Some(503));
        assert_eq!(status(Source(false), Fate::Takes, "POST", "/webhook").await, Some(503));
        assert_eq!(status(Source(true), Fate::Panics, "POST", "/webhook").await, None);
        assert_eq!(Answer::broken().status, 500);
    }

    #[tokio::test]
    async fn what_is_no_delivery_needs_no_secret() {
        assert_eq!(status(Source(false), Fate::Fails, "GET", "/health").await, Some(200));
        assert_eq!(status(Source(false), Fate::Fails, "GET", "/webhook").await, Some(405));
        assert_eq!(status(Source(false), Fate::Fails, "POST", "/wp-login.php").await, Some(404));
    }

    #[test]
    fn there_is_an_answer_before_lambda_ends_and_before_github_goes() {
        let now = DateTime::from_timestamp_millis(1_000_000).unwrap();
        assert_eq!(patience(1_010_000, now), Duration::from_secs(8));
        assert_eq!(patience(1_003_000, now), Duration::from_millis(2500));
        assert_eq!(patience(1_000_400, now), Duration::ZERO);
        assert_eq!(patience(0, now), Duration::ZERO);
    }
}
