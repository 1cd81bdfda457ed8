//! A listener for whoever runs the server: `GET /metrics`, `/ready` with its reasons, `/health`.
//!
//! It is apart from the endpoint, so that strangers read nothing of it, and so that it answers
//! when the endpoint is crowded. It takes few connections and waits for nobody.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Connections at a time; more wait.
const CONNECTIONS: usize = 16;
/// How long a connection may last.
const WITHIN: Duration = Duration::from_secs(10);
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const JSON: &str = "application/json";

/// What is told.
pub trait Pages: Send + Sync + 'static {
    /// The figures, as OpenMetrics text.
    fn metrics(&self) -> String;

    /// What stands against taking work now, as stable words; nothing where it is ready.
    fn unready(&self) -> Vec<&'static str>;
}

/// The listener, bound and not serving yet.
#[derive(Debug)]
pub struct Ops {
    listener: TcpListener,
    address: SocketAddr,
}

impl Ops {
    /// Binds `address`; port 0 takes any free one.
    ///
    /// # Errors
    /// The address is taken, or not of this machine.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self { address: listener.local_addr()?, listener })
    }

    /// The address, with the port that the system gave.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until it is dropped.
    pub async fn run(self, pages: Arc<dyn Pages>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        while let Ok(place) = places.clone().acquire_owned().await {
            let Ok((stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let pages = pages.clone();
            tokio::spawn(async move {
                let _ = timeout(WITHIN, serve(stream, pages)).await;
                drop(place);
            });
        }
    }
}

async fn serve(stream: TcpStream, pages: Arc<dyn Pages>) {
    let service = service_fn(|request: Request<hyper::body::Incoming>| {
        let response = answer(request.method(), request.uri().path(), pages.as_ref());
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(WITHIN).max_buf_size(16 << 10);
    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection for metrics broke");
    }
}

fn answer(method: &Method, path: &str, pages: &dyn Pages) -> Response<Full<Bytes>> {
    if ![Method::GET, Method::HEAD].contains(method) {
        let mut refusal =
            respond(405, JSON, r#"{"error":"this path takes GET, HEAD only"}"#.into());
        refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refusal;
    }
    match path {
        "/metrics" => respond(200, OPEN_METRICS, pages.metrics()),
        "/health" => respond(200, JSON, r#"{"status":"ok"}"#.into()),
        "/ready" => {
            let reasons = pages.unready();
            match reasons.as_slice() {
                [] => respond(200, JSON, r#"{"status":"ready"}"#.into()),
                // The reasons are our own words: they need no escapes.
                reasons => {
                    let reasons = reasons.join("\",\"");
                    let body = format!(r#"{{"status":"not ready","reasons":["{reasons}"]}}"#);
                    respond(503, JSON, body)
                }
            }
        }
        _ => respond(404, JSON, r#"{"error":"there is /metrics, /ready and /health"}"#.into()),
    }
}

fn respond(status: u16, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    struct Page(Vec<&'static str>);

    impl Pages for Page {
        fn metrics(&self) -> String {
            "# EOF\n".into()
        }

        fn unready(&self) -> Vec<&'static str> {
            self.0.clone()
        }
    }

    async fn get(path: &str, reasons: &[&'static str]) -> (u16, String) {
        let response = answer(&Method::GET, path, &Page(reasons.to_vec()));
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn each_page() {
        assert_eq!(get("/metrics", &[]).await, (200, "# EOF\n".into()));
        assert_eq!(get("/health", &["x"]).await.0, 200);
        assert_eq!(get("/ready", &[]).await, (200, r#"{"status":"ready"}"#.into()));
        let expected = r#"{"status":"not ready","reasons":["disk_full","spool_full"]}"#;
        assert_eq!(get("/ready", &["disk_full", "spool_full"]).await, (503, expected.into()));
        assert_eq!(get("/", &[]).await.0, 404);
        let refusal = answer(&Method::POST, "/metrics", &Page(vec![]));
        assert_eq!(refusal.status(), 405);
        assert_eq!(refusal.headers()[ALLOW], "GET, HEAD");
    }
}
