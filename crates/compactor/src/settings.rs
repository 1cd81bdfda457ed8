//! The numbers of a run, parsed by whoever starts it.

use std::time::Duration;

use chrono::{DateTime, Utc};

const MIB: usize = 1024 * 1024;

/// How a run goes about its work.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Look, but write nothing.
    pub dry_run: bool,
    /// Take up raw objects of this arrival hour and later only; earlier ones stay pending.
    pub since: Option<DateTime<Utc>>,
    /// A record larger than this is quarantined, in bytes. GitHub sends at most 25 MB.
    pub max_record_bytes: usize,
    /// Bytes of a raw object to have in memory at once; more only for a single larger record.
    pub window_bytes: usize,
    /// Bytes of decoded rows that a reader hands on at once.
    pub part_bytes: usize,
    /// How many cores to use.
    pub threads: usize,
    /// Bytes of decoded rows to look for in the lake at once, at the least.
    pub settle_bytes: usize,
    /// Bytes of new rows to hold before the largest partitions are encoded.
    pub buffer_bytes: usize,
    /// Bytes of encoded Parquet to hold before the largest file is closed and put.
    pub encoded_bytes: usize,
    /// Files to have open at once: one holds about a megabyte before its first row.
    pub open_files: usize,
    /// Rows after which a run commits what it has, done objects or not.
    pub commit_rows: usize,
    /// Time after which a run commits what it has, at the end of an object.
    pub commit_interval: Duration,
    /// The size that files are merged towards, in bytes.
    pub target_file_bytes: u64,
    /// How many files of about one size are merged into one.
    pub merge_fan_in: usize,
    /// Days after which a partition is settled, so that its last few files are merged too.
    pub settled_days: i64,
    /// How long a file that the table no longer names is kept for those who still read it.
    pub vacuum_grace: Duration,
    /// How often files are looked for that the table does not name.
    pub vacuum_interval: Duration,
    /// Whether the projection is kept up with the table.
    pub project: bool,
    /// When to stop taking up new work, counted from the start of the run. One step is taken in any
    /// case, so that runs that are always late come to an end of their work too.
    pub deadline: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            dry_run: false,
            since: None,
            max_record_bytes: 32 * MIB,
            window_bytes: 4 * MIB,
            part_bytes: 8 * MIB,
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            settle_bytes: 48 * MIB,
            buffer_bytes: 32 * MIB,
            encoded_bytes: 48 * MIB,
            open_files: 32,
            commit_rows: 400_000,
            commit_interval: Duration::from_secs(60),
            target_file_bytes: 128 * MIB as u64,
            merge_fan_in: 8,
            settled_days: 4,
            vacuum_grace: Duration::from_secs(7 * 24 * 3600),
            vacuum_interval: Duration::from_secs(24 * 3600),
            project: true,
            deadline: None,
        }
    }
}

impl Settings {
    /// What a run may take of memory unless it is told otherwise, in bytes.
    pub const MEMORY: u64 = 512 * MIB as u64;
    /// What it needs at the least: a single record may take a quarter of it.
    pub const LEAST_MEMORY: u64 = 256 * MIB as u64;

    /// Bytes of decoded rows to have in memory, whether they are looked for or being encoded.
    pub(crate) fn rows_bytes(&self) -> usize {
        self.settle_bytes.saturating_mul(2).saturating_add(self.buffer_bytes)
    }

    /// The same, within so many bytes of memory.
    #[must_use]
    pub fn within(self, memory: u64) -> Self {
        let memory = memory.max(Self::LEAST_MEMORY);
        let share = |part: u64, of: u64| usize::try_from(memory / of * part).unwrap_or(usize::MAX);
        Self {
            settle_bytes: share(3, 32),
            buffer_bytes: share(2, 32),
            encoded_bytes: share(3, 32),
            part_bytes: share(1, 64),
            // Each reader holds a window and two parts, each encoder a row group.
            threads: self.threads.min(share(1, 96 * MIB as u64)).max(1),
            target_file_bytes: self.target_file_bytes.min(memory / 4),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usual_fits_into_the_usual_memory() {
        let usual = Settings { threads: 2, ..Settings::default() };
        let within = usual.clone().within(Settings::MEMORY);
        assert_eq!(format!("{within:?}"), format!("{usual:?}"));
        let small = Settings { threads: 8, ..Settings::default() }.within(0);
        assert_eq!((small.buffer_bytes, small.threads), (16 * MIB, 2));
        assert_eq!(small.target_file_bytes, 64 * MIB as u64);
    }
}
