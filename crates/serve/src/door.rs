//! The HTTP side of the endpoint: reads a request within its limits, has the ingest judge it, and
//! sends the answer.
//!
//! Memory is bounded before a body is read: each delivery reserves as many bytes as it announces,
//! and waits while too many are on their way.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderMap, HeaderValue};
use hyper::{Request, Response, StatusCode};
use octolake_ingest::{Answer, Endpoint, Headers, HttpRequest, Rejection, Route, refuse};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::clock;
use crate::config::Limits;
use crate::spool::SpoolBus;

/// Memory is reserved in units of so many bytes.
const UNIT: usize = 1024;
/// How much of a body that is refused is read all the same, as a multiple of the largest body: a
/// client that is still sending would not see the answer.
const DISCARDED: usize = 4;

/// What stands between a connection and the spool.
#[derive(Debug)]
pub(crate) struct Door {
    endpoint: Endpoint,
    bus: SpoolBus,
    limits: Limits,
    memory: Semaphore,
}

impl Door {
    pub(crate) fn new(endpoint: Endpoint, bus: SpoolBus, limits: Limits) -> Self {
        let units = (limits.bodies_in_flight / UNIT).clamp(1, Semaphore::MAX_PERMITS);
        Self { endpoint, bus, limits, memory: Semaphore::new(units) }
    }

    /// Answers one request.
    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, mut body) = request.into_parts();
        let headers = read_headers(&head.headers);
        let (method, path) = (head.method.as_str(), head.uri.path());
        let answer = match self.receive(method, path, &mut body).await {
            Ok((body, _reserved)) => {
                let body = body.as_slice();
                let request =
                    HttpRequest { method, path, headers, body, received_at: clock::now() };
                self.endpoint.handle(&request, &self.bus).await
            }
            Err(rejection) => {
                self.discard(&mut body).await;
                refuse(&headers, &rejection)
            }
        };
        Ok(respond(answer))
    }

    /// The body, if the route has one, with the memory that was reserved for it.
    async fn receive(
        &self,
        method: &str,
        path: &str,
        body: &mut Incoming,
    ) -> Result<(Vec<u8>, Option<SemaphorePermit<'_>>), Rejection> {
        if Route::of(method, path)? == Route::Health {
            return Ok((Vec::new(), None));
        }
        let limit = self.endpoint.body_limit();
        let announced =
            body.size_hint().exact().map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        let expected = announced.unwrap_or(limit);
        if expected > limit {
            return Err(Rejection::TooLarge { limit });
        }
        let reserved = self.reserve(expected).await?;
        let content = timeout(self.limits.body_within, read(body, announced.unwrap_or(0), limit))
            .await
            .unwrap_or(Err(Rejection::IncompleteBody))?;
        Ok((content, Some(reserved)))
    }

    async fn reserve(&self, bytes: usize) -> Result<SemaphorePermit<'_>, Rejection> {
        // One body that is larger than all the memory takes all of it.
        let all = self.limits.bodies_in_flight / UNIT;
        let units = bytes.div_ceil(UNIT).min(all).max(1);
        let permit = self.memory.acquire_many(u32::try_from(units).unwrap_or(u32::MAX));
        match timeout(self.limits.stored_within, permit).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Rejection::Unavailable),
        }
    }

    /// Reads on for a while without keeping anything.
    async fn discard(&self, body: &mut Incoming) {
        let mut left = self.endpoint.body_limit().saturating_mul(DISCARDED);
        let reading = async {
            while let Some(Ok(frame)) = body.frame().await {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                left = left.saturating_sub(bytes);
                if left == 0 {
                    break;
                }
            }
        };
        let _ = timeout(self.limits.body_within, reading).await;
    }
}

/// Reads a body to its end; `announced` bytes of room are made at once.
async fn read(body: &mut Incoming, announced: usize, limit: usize) -> Result<Vec<u8>, Rejection> {
    let mut content = Vec::with_capacity(announced);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Rejection::IncompleteBody)?;
        let data = frame.data_ref().map_or(&[][..], |data| data);
        if content.len() + data.len() > limit {
            return Err(Rejection::TooLarge { limit });
        }
        content.extend_from_slice(data);
    }
    Ok(content)
}

/// The headers that the ingest reads; one that is no text counts as absent.
fn read_headers(headers: &HeaderMap) -> Headers<'_> {
    Headers::from_lookup(|name| headers.get(name).and_then(|value| value.to_str().ok()))
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
