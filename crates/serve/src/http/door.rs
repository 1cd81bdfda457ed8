//! One request: what can be refused without its body is; then the body is read within its bounds,
//! the ingest judges it, and the answer goes back.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use octolake_ingest::{Answer, Endpoint, Headers, HttpRequest, Rejection, Route, Verdict, refuse};
use tokio::time::Instant;

use super::body::{self, Received};
use super::clients::{Proxies, Turn, UnderWay};
use super::memory::Memory;
use super::places::Seat;
use crate::clock;
use crate::config::Limits;
use crate::metrics::Metrics;
use crate::readiness::Readiness;
use crate::replays::{Replay, Replays};
use crate::spool::SpoolBus;

/// What stands between a connection and the spool.
#[derive(Debug)]
pub(crate) struct Door {
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
    pub(super) proxies: Proxies,
    endpoint: Endpoint,
    bus: SpoolBus,
    readiness: Readiness,
    memory: Arc<Memory>,
    under_way: UnderWay,
    replays: Replays,
}

/// What a request asks for, with all that it brought.
enum Asked<'d> {
    Health,
    Ready,
    Delivery(Received<'d>, Option<Turn>),
}

impl Door {
    pub(crate) fn new(
        endpoint: Endpoint,
        bus: SpoolBus,
        readiness: Readiness,
        limits: Limits,
        proxies: Vec<ipnet::IpNet>,
        metrics: Metrics,
    ) -> Self {
        Self {
            limits,
            metrics,
            proxies: Proxies::new(proxies),
            endpoint,
            bus,
            readiness,
            memory: Arc::new(Memory::new(limits.small_bodies, limits.bodies_in_flight)),
            under_way: UnderWay::default(),
            replays: Replays::default(),
        }
    }

    /// The room for bodies.
    pub(crate) fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Answers one request that came from `peer`, who has this `seat`.
    pub(super) async fn answer(
        &self,
        peer: IpAddr,
        seat: &Seat,
        request: Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        let began = Instant::now();
        let (head, mut body) = request.into_parts();
        let headers = read_headers(&head.headers);
        seat.touch();
        let answer = match self.receive(peer, seat, &head, &headers, &mut body).await {
            Ok(Asked::Health) => Answer::health(),
            Ok(Asked::Ready) => Answer::ready(self.readiness.check().is_empty()),
            Ok(Asked::Delivery(received, _turn)) => {
                let _busy = seat.busy();
                self.deliver(&head, headers, &received.bytes, began).await
            }
            Err(rejection) => {
                self.metrics.refused(rejection.reason());
                refuse(&headers, &rejection)
            }
        };
        respond(answer)
    }

    /// Reads the body, if the route has one and it isn't refused whatever it is.
    async fn receive(
        &self,
        peer: IpAddr,
        seat: &Seat,
        head: &Parts,
        headers: &Headers<'_>,
        body: &mut Incoming,
    ) -> Result<Asked<'_>, Rejection> {
        let announced = body.size_hint().exact();
        match self.endpoint.admit(head.method.as_str(), head.uri.path(), headers, announced)? {
            Route::Health => Ok(Asked::Health),
            Route::Ready => Ok(Asked::Ready),
            Route::Deliver => {
                let turn = self.turn(peer, &head.headers)?;
                let limit = self.endpoint.body_limit();
                let read = body::read(body, announced, limit, &self.memory, seat, &self.limits);
                Ok(Asked::Delivery(read.await?, turn))
            }
        }
    }

    /// The turn of a proxy's client. Who has a connection of his own is counted by that.
    fn turn(&self, peer: IpAddr, headers: &HeaderMap) -> Result<Option<Turn>, Rejection> {
        if !self.proxies.trust(peer) {
            return Ok(None);
        }
        let client = self.proxies.client(peer, headers);
        let turn = self.under_way.begin(client, self.limits.connections_per_peer);
        turn.map(Some).ok_or(Rejection::TooMany)
    }

    async fn deliver(
        &self,
        head: &Parts,
        headers: Headers<'_>,
        body: &[u8],
        began: Instant,
    ) -> Answer {
        let (method, path) = (head.method.as_str(), head.uri.path());
        let request = HttpRequest { method, path, headers, body, received_at: clock::now() };
        let verdict = self.endpoint.judge(&request);
        let bus = self.bus.until(began + self.limits.stored_within);
        let answer = verdict.carry_out(&headers, &bus).await;
        self.count(&verdict, &answer, body.len(), began.elapsed());
        answer
    }

    /// Counts a delivery, and compares it with those of late.
    fn count(&self, verdict: &Verdict<'_>, answer: &Answer, bytes: usize, took: Duration) {
        if let Verdict::Reject(rejection) = verdict {
            self.metrics.refused(rejection.reason());
        }
        let Some(delivery) = verdict.delivery() else { return };
        self.metrics.delivered(delivery.event_type(), answer.status, bytes, took);
        if !matches!(verdict, Verdict::Take(_)) {
            return;
        }
        if answer.status >= 300 {
            return self.metrics.refused(Rejection::Unavailable.reason());
        }
        if let Some(replay) = self.replays.note(delivery.meta().id, delivery.fingerprint()) {
            self.metrics.replayed(replay.kind());
            tell(&replay, delivery);
        }
    }
}

fn tell(replay: &Replay, delivery: &octolake_ingest::VerifiedDelivery<'_>) {
    let meta = delivery.meta();
    let (id, hook, event) = (meta.id, meta.hook_id.as_deref(), delivery.event_type());
    match replay {
        Replay::OtherId(earlier) => {
            tracing::warn!(delivery = %id, %earlier, event, hook, "took a body again under another id");
        }
        Replay::OtherBody => {
            tracing::warn!(delivery = %id, event, hook, "took another body under the same id: the first stays");
        }
    }
}

/// The headers that the ingest reads.
fn read_headers(headers: &HeaderMap) -> Headers<'_> {
    let text = |value| HeaderValue::to_str(value).unwrap_or(Headers::NOT_TEXT);
    Headers::from_lookup(|name| headers.get(name).map(text))
}

fn respond(answer: Answer) -> Response<Full<Bytes>> {
    let length = answer.body.len();
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    // An answer to HEAD has the length of the body that it leaves out.
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    response
}
