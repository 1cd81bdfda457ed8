//! What a lake's store was asked for: requests by kind, bytes, and what a cache made needless.
//!
//! Counted is what leaves this process, below every cache. Three things can't be seen from here: what
//! the S3 client asks again after a failure; the requests for credentials; and a page of a listing
//! that was fetched ahead and never looked at. A listing counts once for each thousand names that
//! it gave, which is how S3 cuts its pages.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a store was asked for so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Reads of an object or of one range of it.
    pub gets: u64,
    /// Questions about an object alone.
    pub heads: u64,
    /// Pages of listings.
    pub lists: u64,
    /// Objects, parts of objects and copies that were written, and the beginnings and ends of
    /// uploads in parts.
    pub puts: u64,
    /// Objects to be deleted: S3 takes up to a thousand with one request.
    pub deletes: u64,
    /// Bytes of bodies that came.
    pub bytes_read: u64,
    /// Bytes of bodies that were sent.
    pub bytes_written: u64,
    /// Blocks that were in this process's memory.
    pub from_memory: u64,
    /// Blocks and log files that were on this machine's disk.
    pub from_disk: u64,
}

/// The counts of one lake; all clones of it share them.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    pub(crate) gets: Count,
    pub(crate) heads: Count,
    pub(crate) lists: Count,
    pub(crate) puts: Count,
    pub(crate) deletes: Count,
    pub(crate) bytes_read: Count,
    pub(crate) bytes_written: Count,
    pub(crate) from_memory: Count,
    pub(crate) from_disk: Count,
}

/// One number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Meter {
    /// The counts as they stand.
    pub(crate) fn snapshot(&self) -> Traffic {
        Traffic {
            gets: self.gets.value(),
            heads: self.heads.value(),
            lists: self.lists.value(),
            puts: self.puts.value(),
            deletes: self.deletes.value(),
            bytes_read: self.bytes_read.value(),
            bytes_written: self.bytes_written.value(),
            from_memory: self.from_memory.value(),
            from_disk: self.from_disk.value(),
        }
    }
}
