//! Binding, accepting connections, and stopping in order.
//!
//! A stop goes from the outside in: no new connections; open requests are answered; then the writer
//! closes its file; then what is closed lands.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use prometheus_client::registry::Registry;
use tokio::net::TcpListener;

use crate::clock;
use crate::config::{Config, Limits, LogDrops};
use crate::http::{Connections, Door, Memory};
use crate::metrics::{self, Metrics};
use crate::ops::{Ops, Pages};
use crate::readiness::Readiness;
use crate::spool::{Spool, SpoolBus, Summary, Usage};

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
    ops: Option<Ops>,
    limits: Limits,
    door: Arc<Door>,
    figures: Arc<Figures>,
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
        let (listener, address) = listen(config.listen).await?;
        let ops = match config.metrics {
            Some(listen) => Some(
                Ops::bind(listen).await.map_err(|source| ServeError::Listen { listen, source })?,
            ),
            None => None,
        };
        let (spool, bus) = Spool::start(&config)
            .map_err(|source| ServeError::Spool { spool: config.spool.clone(), source })?;
        let Config { lake, spool: directory, endpoint, limits, .. } = config;
        tracing::debug!(%address, lake = lake.name(), spool = %directory.display(), "listening");
        let (usage, counted) = (spool.usage().clone(), Metrics::default());
        let readiness = Readiness::new(usage.clone(), directory, limits);
        let door = Arc::new(Door::new(
            endpoint,
            bus.clone(),
            readiness.clone(),
            limits,
            config.trusted_proxies,
            counted.clone(),
        ));
        let mut registry = metrics::registry();
        counted.register(&mut registry);
        usage.register(&mut registry);
        let (memory, log_drops) = (door.memory().clone(), config.log_drops);
        let figures = Figures { registry, usage, metrics: counted, memory, readiness, log_drops };
        let figures = Arc::new(figures);
        Ok(Self { listener, address, ops, limits, door, figures, bus, spool })
    }

    /// The address, with the port that the system gave.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the metrics, if there are any.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.ops.as_ref().map(Ops::address)
    }

    /// Serves until `shutdown`; then answers what is open, closes the spool and lands it.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<Summary, ServeError> {
        let Self { listener, ops, limits, door, figures, bus, spool, .. } = self;
        let ops = ops.map(|ops| tokio::spawn(ops.run(figures)));
        let mut connections = Connections::new(door);
        let served = tokio::select! {
            () = connections.accept_all(&listener) => Ok(()),
            () = bus.closed() => Err(ServeError::WriterStopped),
            () = shutdown => Ok(()),
        };
        drop((listener, bus));
        tracing::info!("stopping");
        connections.drain(limits.drain_within).await;
        let summary = spool.finish(limits.drain_within).await;
        if let Some(ops) = ops {
            ops.abort();
        }
        let Summary { deliveries, syncs, objects, left, damaged } = summary;
        tracing::info!(deliveries, syncs, objects, left, damaged, "stopped");
        served.map(|()| summary)
    }
}

async fn listen(listen: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let failed = |source| ServeError::Listen { listen, source };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// What the server tells of itself.
struct Figures {
    registry: Registry,
    metrics: Metrics,
    usage: Arc<Usage>,
    memory: Arc<Memory>,
    readiness: Readiness,
    log_drops: LogDrops,
}

impl Pages for Figures {
    fn metrics(&self) -> String {
        self.usage.look(clock::now());
        self.metrics.look(self.memory.used(), &self.log_drops);
        metrics::to_text(&self.registry)
    }

    fn unready(&self) -> Vec<&'static str> {
        self.readiness.check()
    }
}
