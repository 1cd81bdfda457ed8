//! Binding, accepting connections, and stopping in order.
//!
//! A stop goes from the outside in: no new connections; open requests are answered; then the writer
//! closes its file; then what is closed lands.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::config::{Config, Limits};
use crate::door::Door;
use crate::spool::{Spool, SpoolBus, Summary};

/// How long to wait when the system gives no more connections.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why a server cannot start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken, or not of this machine.
    #[error("cannot listen on {listen}: {source}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The spool's directory cannot be made, read or written.
    #[error("cannot use {} as the spool: {source}", spool.display())]
    Spool {
        /// The spool's directory.
        spool: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A fault of the writer; what was accepted is in the spool, for the next start.
    #[error("the spool's writer has stopped: start again, nothing that was accepted is lost")]
    WriterStopped,
}

/// The endpoint, bound to its address and not serving yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
    door: Arc<Door>,
    bus: SpoolBus,
    spool: Spool,
}

/// Binds, and serves until `shutdown`.
pub async fn serve(
    config: Config,
    shutdown: impl Future<Output = ()>,
) -> Result<Summary, ServeError> {
    Server::bind(config).await?.run(shutdown).await
}

impl Server {
    /// Takes over the spool and binds the address. Landing begins; serving does not.
    pub async fn bind(config: Config) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Listen { listen: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (spool, bus) = Spool::start(&config)
            .map_err(|source| ServeError::Spool { spool: config.spool.clone(), source })?;
        let Config { lake, spool: directory, endpoint, limits, .. } = config;
        tracing::debug!(%address, lake = lake.name(), spool = %directory.display(), "listening");
        let door = Arc::new(Door::new(endpoint, bus.clone(), limits));
        Ok(Self { listener, address, limits, door, bus, spool })
    }

    /// The address, with the port that the system gave.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown`; then answers what is open, closes the spool and lands it.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<Summary, ServeError> {
        let Self { listener, limits, door, bus, spool, .. } = self;
        let mut connections = Connections::new(door, limits);
        let served = tokio::select! {
            () = connections.accept_all(&listener) => Ok(()),
            () = bus.closed() => Err(ServeError::WriterStopped),
            () = shutdown => Ok(()),
        };
        drop((listener, bus));
        tracing::info!("stopping");
        connections.drain(limits.drain_within).await;
        let summary = spool.finish(limits.drain_within).await;
        let Summary { deliveries, syncs, objects, left } = summary;
        tracing::info!(deliveries, syncs, objects, left, "stopped");
        served.map(|()| summary)
    }
}

/// The open connections.
struct Connections {
    door: Arc<Door>,
    http: http1::Builder,
    places: Arc<Semaphore>,
    graceful: GracefulShutdown,
    tasks: JoinSet<()>,
}

impl Connections {
    fn new(door: Arc<Door>, limits: Limits) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(limits.headers_within);
        let places = Arc::new(Semaphore::new(limits.connections.max(1)));
        Self { door, http, places, graceful: GracefulShutdown::new(), tasks: JoinSet::new() }
    }

    /// Accepts connections for ever, each once there is a place for it.
    async fn accept_all(&mut self, listener: &TcpListener) {
        while let Ok(place) = self.places.clone().acquire_owned().await {
            match listener.accept().await {
                Ok((stream, _)) => self.open(stream, place),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
            // Forget those that have ended.
            while self.tasks.try_join_next().is_some() {}
        }
    }

    fn open(&mut self, stream: TcpStream, place: OwnedSemaphorePermit) {
        // Answers are small and end a request: none should wait for more.
        let _ = stream.set_nodelay(true);
        let door = self.door.clone();
        let service = service_fn(move |request| door.clone().answer(request));
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        let connection = self.graceful.watch(connection);
        self.tasks.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
            drop(place);
        });
    }

    /// Lets open requests end within `patience`; then closes every connection.
    async fn drain(mut self, patience: Duration) {
        if tokio::time::timeout(patience, self.graceful.shutdown()).await.is_err() {
            tracing::warn!(
                open = self.tasks.len(),
                "closing connections whose requests did not end"
            );
        }
        self.tasks.shutdown().await;
    }
}
