//! What a server is made from, and the numbers that bound it.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use octolake_event::layout;
use octolake_ingest::Endpoint;
use octolake_store::Lake;

/// What a server is made from.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Where to tell figures and readiness, if anywhere: not for strangers.
    pub metrics: Option<SocketAddr>,
    /// Where raw objects land.
    pub lake: Lake,
    /// Where deliveries are kept until they land. A directory on a disk of this machine.
    pub spool: PathBuf,
    /// Secrets, filters and the largest body.
    pub endpoint: Endpoint,
    /// Proxies in front, whose word on who their client is counts.
    pub trusted_proxies: Vec<IpNet>,
    /// When a spool file is closed.
    pub roll: RollPolicy,
    /// What bounds memory, time and disk.
    pub limits: Limits,
    /// How many log lines were dropped so far.
    pub log_drops: LogDrops,
}

/// A lake that is no directory, and no other directory for the spool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the lake {lake} is no directory of this machine: name one for what has not landed yet with --spool"
)]
pub struct NoSpoolDirectory {
    /// The lake's name.
    pub lake: String,
}

impl Config {
    /// The default settings. Without `spool`, a lake in a directory keeps it inside, as `spool/`.
    pub fn new(
        listen: SocketAddr,
        lake: Lake,
        spool: Option<PathBuf>,
        endpoint: Endpoint,
    ) -> Result<Self, NoSpoolDirectory> {
        let spool = spool
            .or_else(|| lake.directory().map(|directory| directory.join(layout::SPOOL)))
            .ok_or_else(|| NoSpoolDirectory { lake: lake.name().to_owned() })?;
        Ok(Self {
            listen,
            metrics: None,
            lake,
            spool,
            endpoint,
            trusted_proxies: vec![],
            roll: RollPolicy::default(),
            limits: Limits::default(),
            log_drops: LogDrops::default(),
        })
    }
}

/// Tells how many log lines were dropped so far, because nobody took them.
#[derive(Clone)]
pub struct LogDrops(Arc<dyn Fn() -> u64 + Send + Sync>);

impl LogDrops {
    /// The count that `count` tells.
    pub fn new(count: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(count))
    }

    pub(crate) fn count(&self) -> u64 {
        (self.0)()
    }
}

impl Default for LogDrops {
    fn default() -> Self {
        Self::new(|| 0)
    }
}

impl fmt::Debug for LogDrops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogDrops({})", self.count())
    }
}

/// When a spool file is closed, and so lands; at the latest. A change of the arrival hour and a
/// stop close it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RollPolicy {
    /// At this size before compression, in bytes.
    pub bytes: u64,
    /// This long after its first delivery.
    pub after: Duration,
}

impl Default for RollPolicy {
    fn default() -> Self {
        Self { bytes: 64 << 20, after: Duration::from_secs(60) }
    }
}

/// What bounds memory, time and disk.
///
/// GitHub gives up 10 s after it began to send; what takes longer need not be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bodies of more than 1 MiB that have arrived and are not stored yet, in bytes; more wait.
    /// One more body of the largest size may be there, so that two that wait for each other don't.
    pub bodies_in_flight: usize,
    /// The same for bodies to 1 MiB, which have this room for themselves.
    pub small_bodies: usize,
    /// Open connections. Beyond that, the one that has idled longest is closed for a new one.
    pub connections: usize,
    /// Of them, those of one client address (of IPv6, one network of 64 bits). Behind a trusted
    /// proxy: requests under way of one client.
    pub connections_per_peer: usize,
    /// How long the headers of a request may take, and a connection may idle.
    pub headers_within: Duration,
    /// How long a trusted proxy's connection may idle: longer than the proxy keeps it, so that it
    /// is never closed under a request.
    pub proxy_idles_within: Duration,
    /// How long a body may take.
    pub body_within: Duration,
    /// How long a body may take before its rate counts.
    pub body_grace: Duration,
    /// How fast a body must arrive after that, in bytes a second.
    pub body_rate: u64,
    /// How long a client may take to read its answer.
    pub written_within: Duration,
    /// How long after its headers a delivery may be stored, before it is answered 503.
    pub stored_within: Duration,
    /// How long a stop waits for open requests, and then for what still has to land.
    pub drain_within: Duration,
    /// What has not landed may take this much disk, in bytes; then deliveries are answered 503.
    pub spool_bytes: u64,
    /// With less than this free on the spool's disk, in bytes, `/ready` says no.
    pub disk_reserve: u64,
    /// When nothing has landed for so long though something should have, `/ready` says no.
    pub lake_away_within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bodies_in_flight: 64 << 20,
            small_bodies: 32 << 20,
            connections: 512,
            connections_per_peer: 256,
            headers_within: Duration::from_secs(10),
            proxy_idles_within: Duration::from_secs(180),
            body_within: Duration::from_secs(8),
            body_grace: Duration::from_secs(2),
            body_rate: 16 << 10,
            written_within: Duration::from_secs(5),
            stored_within: Duration::from_secs(9),
            drain_within: Duration::from_secs(20),
            spool_bytes: 8 << 30,
            disk_reserve: 256 << 20,
            lake_away_within: Duration::from_secs(15 * 60),
        }
    }
}
