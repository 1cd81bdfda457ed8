//! The spool's end of the ingest: a delivery goes in, and comes back as stored or not.

use std::io;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use octolake_event::entry;
use octolake_ingest::{Bus, BusError, VerifiedDelivery};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::usage::Usage;
use crate::config::Limits;

/// Why a delivery is not in the spool.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SpoolError {
    /// Landing does not keep up, or does not work at all.
    #[error("the spool holds {bytes} bytes that have not landed, and may hold {limit}")]
    Full {
        /// What it holds, in bytes.
        bytes: u64,
        /// What it may hold, in bytes.
        limit: u64,
    },
    /// The disk did not take it.
    #[error("the spool cannot be written: {0}")]
    Write(#[source] Arc<io::Error>),
    /// The disk was too slow.
    #[error("the spool did not store it in {seconds} s")]
    Late {
        /// How long it was waited for, in seconds.
        seconds: u64,
    },
    /// The server is stopping.
    #[error("the spool is closed")]
    Closed,
}

/// One delivery on its way to the disk.
#[derive(Debug)]
pub(crate) struct Record {
    /// The envelope, without a line break.
    pub(crate) line: String,
    pub(crate) received_at: DateTime<Utc>,
    /// Answered once the delivery is synced, or cannot be.
    pub(crate) stored: oneshot::Sender<Result<(), SpoolError>>,
}

/// The way into the spool.
#[derive(Debug, Clone)]
pub(crate) struct SpoolBus {
    queue: mpsc::Sender<Record>,
    usage: Arc<Usage>,
    limits: Limits,
}

impl SpoolBus {
    pub(crate) fn new(queue: mpsc::Sender<Record>, usage: Arc<Usage>, limits: Limits) -> Self {
        Self { queue, usage, limits }
    }

    /// Ends when nobody writes any more, which only a fault of the writer can bring about.
    pub(crate) async fn closed(&self) {
        self.queue.closed().await;
    }

    /// The way in that is open until `deadline`.
    pub(crate) fn until(&self, deadline: Instant) -> Until<'_> {
        Until { bus: self, deadline }
    }

    async fn store(&self, line: String, received_at: DateTime<Utc>) -> Result<(), SpoolError> {
        let (stored, answer) = oneshot::channel();
        let record = Record { line, received_at, stored };
        self.queue.send(record).await.map_err(|_| SpoolError::Closed)?;
        answer.await.map_err(|_| SpoolError::Closed)?
    }

    fn check_room(&self) -> Result<(), SpoolError> {
        let (bytes, limit) = (self.usage.bytes(), self.limits.spool_bytes);
        if bytes < limit { Ok(()) } else { Err(SpoolError::Full { bytes, limit }) }
    }
}

/// The way into the spool for one delivery, which is open until a deadline.
#[derive(Debug)]
pub(crate) struct Until<'b> {
    bus: &'b SpoolBus,
    deadline: Instant,
}

impl Bus for Until<'_> {
    async fn put(&self, delivery: &VerifiedDelivery<'_>) -> Result<(), BusError> {
        let Self { bus, deadline } = self;
        bus.check_room().map_err(BusError::new)?;
        let meta = delivery.meta();
        let id = meta.id.to_string();
        let line = entry::envelope_line(&delivery.to_entry(), &id, meta.received_at);
        let began = Instant::now();
        tokio::time::timeout_at(*deadline, bus.store(line, meta.received_at))
            .await
            .unwrap_or_else(|_| Err(SpoolError::Late { seconds: began.elapsed().as_secs() }))
            .map_err(BusError::new)
    }
}
