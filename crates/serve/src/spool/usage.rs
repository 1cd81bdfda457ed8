//! What the spool holds and has done, counted.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Summary;

/// Counters that the writer and the lander share.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    /// Bytes on disk that have not landed.
    bytes: AtomicU64,
    deliveries: AtomicU64,
    syncs: AtomicU64,
    objects: AtomicU64,
    left: AtomicU64,
}

impl Usage {
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Relaxed);
    }

    pub(crate) fn synced(&self, deliveries: usize, bytes: u64) {
        self.add(bytes);
        self.deliveries.fetch_add(deliveries as u64, Relaxed);
        self.syncs.fetch_add(1, Relaxed);
    }

    pub(crate) fn landed(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Relaxed);
        self.objects.fetch_add(1, Relaxed);
    }

    pub(crate) fn left(&self) {
        self.left.fetch_add(1, Relaxed);
    }

    pub(crate) fn summary(&self) -> Summary {
        Summary {
            deliveries: self.deliveries.load(Relaxed),
            syncs: self.syncs.load(Relaxed),
            objects: self.objects.load(Relaxed),
            left: self.left.load(Relaxed),
        }
    }
}
