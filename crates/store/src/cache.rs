//! A cache of what never changes, for commands that read a lake in a store that is far away.
//!
//! ```text
//! readers of Parquet ── CachedStore ── Blocks: memory, then the disk, then one ranged GET
//! readers of the log ── get_listed  ── the disk, then one GET
//! Lake::warm         ── the same blocks, before they are asked for
//! ```
//!
//! Kept are data files whose names are given once ([`names`]), in blocks of 1 MiB, and log files
//! under name, size and version. All else goes straight to the store. What comes from the disk is
//! believed only if its hash holds and it says of itself that it is what was looked for. A lake
//! that is a directory has no cache: the system's own is as near.

mod blocks;
mod disk;
mod entry;
mod evict;
mod fetch;
mod flights;
mod listed;
mod memory;
mod names;
mod ranges;
mod store;
mod warm;

use std::path::PathBuf;

pub(crate) use self::blocks::Blocks;
pub(crate) use self::store::CachedStore;

/// How errors name the cache.
const STORE: &str = "CachedStore";

/// How much a cache may keep, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSettings {
    /// The most bytes of blocks in memory; what is being read comes on top.
    pub memory_bytes: u64,
    /// The folder on this machine; without one, nothing outlives the process.
    pub disk: Option<DiskSettings>,
}

/// A folder for a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskSettings {
    /// The folder; it is made where there is none, for its owner alone.
    pub folder: PathBuf,
    /// About how many bytes it may hold, of all lakes together; no file counts less than 16 KiB.
    pub bytes: u64,
}

impl CacheSettings {
    /// What fits most: 64 MiB in memory, and 1 GiB in the folder if there is one.
    pub fn new(folder: Option<PathBuf>) -> Self {
        let disk = folder.map(|folder| DiskSettings { folder, bytes: 1 << 30 });
        Self { memory_bytes: 64 << 20, disk }
    }
}

#[cfg(test)]
mod tests;
