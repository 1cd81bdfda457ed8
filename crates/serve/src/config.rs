//! The settings of a server, as numbers.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use octolake_event::layout;
use octolake_ingest::Endpoint;
use octolake_store::Lake;

/// What a server is made from.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Where raw objects land.
    pub lake: Lake,
    /// Where deliveries are kept until they land. A directory on a disk of this machine.
    pub spool: PathBuf,
    /// Secrets, filters and the largest body.
    pub endpoint: Endpoint,
    /// When a spool file is closed.
    pub roll: RollPolicy,
    /// What bounds memory, time and disk.
    pub limits: Limits,
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
        let (roll, limits) = (RollPolicy::default(), Limits::default());
        Ok(Self { listen, lake, spool, endpoint, roll, limits })
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bodies that are read or stored at one time, in bytes; more wait. Memory is at most three
    /// times this, and twice the roll size while a file lands.
    pub bodies_in_flight: usize,
    /// Open connections; more wait in the system's queue.
    pub connections: usize,
    /// How long the headers of a request may take, and a connection may idle.
    pub headers_within: Duration,
    /// How long a body may take.
    pub body_within: Duration,
    /// How long a delivery may wait for its sync, before it is answered 503. GitHub gives up after
    /// 10 s.
    pub stored_within: Duration,
    /// How long a stop waits for open requests, and then for what still has to land.
    pub drain_within: Duration,
    /// What has not landed may take this much disk, in bytes; then deliveries are answered 503.
    pub spool_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bodies_in_flight: 64 << 20,
            connections: 512,
            headers_within: Duration::from_secs(30),
            body_within: Duration::from_secs(30),
            stored_within: Duration::from_secs(9),
            drain_within: Duration::from_secs(20),
            spool_bytes: 8 << 30,
        }
    }
}
