//! Accepting connections, serving each, and closing them in order.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::clients::Client;
use super::door::Door;
use super::places::{NoPlace, Places, Seat};
use super::stream::Stream;
use crate::config::Limits;

/// How long to wait when the system gives no more connections.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Connections that wait for a place; more are refused. Each costs an open file and no more.
const WAITING: usize = 1024;
/// How often they ask for one.
const ASK_AGAIN: Duration = Duration::from_millis(25);
/// The most bytes of a request's headers. GitHub's are a kilobyte.
const HEADER_BYTES: usize = 64 << 10;
/// What a connection holds of what has arrived, at most, in bytes.
const BUFFER_BYTES: usize = HEADER_BYTES + (8 << 10);

/// The open connections.
pub(crate) struct Connections {
    door: Arc<Door>,
    strangers: http1::Builder,
    proxies: http1::Builder,
    places: Arc<Places>,
    waiting: Arc<Semaphore>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Connections {
    pub(crate) fn new(door: Arc<Door>) -> Self {
        let limits = door.limits;
        Self {
            strangers: http(limits.headers_within),
            proxies: http(limits.proxy_idles_within),
            places: Places::new(limits),
            waiting: Arc::new(Semaphore::new(WAITING)),
            stop: watch::Sender::new(false),
            tasks: JoinSet::new(),
            door,
        }
    }

    /// Accepts connections for ever.
    pub(crate) async fn accept_all(&mut self, listener: &TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.open(stream, peer),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
            // Forget those that have ended.
            while self.tasks.try_join_next().is_some() {}
            self.door.metrics.connections(self.places.open());
        }
    }

    fn open(&mut self, stream: TcpStream, peer: SocketAddr) {
        let peer = peer.ip();
        let is_proxy = self.door.proxies.trust(peer);
        let client = (!is_proxy).then(|| Client::from(peer));
        // Answers are small and end a request: none should wait for more.
        let _ = stream.set_nodelay(true);
        let http = if is_proxy { &self.proxies } else { &self.strangers };
        let (http, door, stop) = (http.clone(), self.door.clone(), self.stop.subscribe());
        let stream = Stream::new(stream, door.limits.written_within);
        let (places, waiting) = (self.places.clone(), self.waiting.clone());
        let seat = self.places.take(client);
        self.tasks.spawn(async move {
            let seat = match seat {
                Ok(seat) => Ok(seat),
                Err(_) => wait_for_place(&places, client, &waiting, door.limits).await,
            };
            match seat {
                Ok(seat) => serve(&http, door, stream, peer, Arc::new(seat), stop).await,
                Err(no_place) => turn_away(&door, no_place, peer),
            }
        });
    }

    /// Lets open requests end within `patience`; then closes every connection.
    pub(crate) async fn drain(mut self, patience: Duration) {
        self.stop.send_replace(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, ended).await.is_err() {
            let open = self.tasks.len();
            tracing::warn!(open, "closing connections whose requests did not end");
        }
        self.tasks.shutdown().await;
    }
}

/// All places are taken by requests under way, which end soon: a burst is not turned away.
async fn wait_for_place(
    places: &Arc<Places>,
    client: Option<Client>,
    waiting: &Semaphore,
    limits: Limits,
) -> Result<Seat, NoPlace> {
    let Ok(_waits) = waiting.try_acquire() else { return Err(NoPlace::Any) };
    let until = Instant::now() + limits.stored_within;
    loop {
        tokio::time::sleep(ASK_AGAIN).await;
        match places.take(client) {
            Err(no_place) if Instant::now() >= until => return Err(no_place),
            Err(_) => {}
            seat => return seat,
        }
    }
}

fn turn_away(door: &Door, no_place: NoPlace, peer: IpAddr) {
    let reason = match no_place {
        NoPlace::Client => "connections_of_client",
        NoPlace::Any => "connections",
    };
    door.metrics.refused(reason);
    tracing::info!(reason, client = %peer, "refused a connection: all places are taken");
}

fn http(idles_within: Duration) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(idles_within)
        .max_header_size(HEADER_BYTES)
        .max_buf_size(BUFFER_BYTES);
    http
}

/// Serves one connection to its end.
async fn serve(
    http: &http1::Builder,
    door: Arc<Door>,
    stream: Stream<TcpStream>,
    peer: IpAddr,
    seat: Arc<Seat>,
    mut stop: watch::Receiver<bool>,
) {
    let service = service_fn(|request| {
        let (door, seat) = (door.clone(), seat.clone());
        Box::pin(async move { Ok::<_, Infallible>(door.answer(peer, &seat, request).await) })
    });
    let mut connection = http.serve_connection(TokioIo::new(stream), service);
    let mut is_ending = false;
    let ended = loop {
        tokio::select! {
            ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => break ended,
            () = seat.is_needed(), if !is_ending => {
                if seat.idles() {
                    return;
                }
                is_ending = true;
            }
            _ = stop.wait_for(|stop| *stop), if !is_ending => is_ending = true,
        }
        Pin::new(&mut connection).graceful_shutdown();
    };
    if let Err(error) = ended {
        tell(&door, peer, &error);
    }
    connection.into_parts().io.into_inner().close().await;
}

/// Counts and logs what is no request, which hyper has answered itself where it could.
fn tell(door: &Door, peer: IpAddr, error: &hyper::Error) {
    let (reason, status) = match error {
        error if error.is_parse_too_large() => ("headers_too_large", Some(431)),
        error if error.is_parse() => ("malformed_http", Some(400)),
        error if error.is_timeout() => ("slow_headers", None),
        error => {
            tracing::debug!(client = %peer, %error, "a connection broke");
            return;
        }
    };
    door.metrics.refused(reason);
    tracing::info!(status, reason, client = %peer, "refused what is no request");
}
