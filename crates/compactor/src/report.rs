//! What a run has done, for people and machines.

use octolake_lake::{Counts, Unusable};
use serde::Serialize;

use crate::scan::Backlog;

/// The outcome of a run. Its JSON is part of the contract.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// Records found.
    pub read: u64,
    /// Records that became a row.
    pub stored: u64,
    /// Records whose delivery was in the lake already.
    pub duplicates: u64,
    /// Records that could not be read.
    pub quarantined: u64,
    /// Of the duplicates, those whose body is another than the row's: one id with two bodies.
    pub conflicting: u64,
    /// Of the rows, those whose body had come before under another id, within four days.
    pub replayed: u64,
    /// Of the duplicates, those that were in the lake once and are erased.
    pub erased: u64,
    /// Of the rows, those that another producer brought, past our ingest's check of the signature.
    pub unsigned: u64,
    /// Columns that are NULL because a member was of an unexpected type.
    pub parse_issues: u64,
    /// Raw objects that are done.
    pub objects: u64,
    /// Parquet files that became part of the table.
    pub files_added: u64,
    /// Parquet files that stopped being part of it: merged into others.
    pub files_removed: u64,
    /// Bytes of raw objects, as they are stored.
    pub bytes_read: u64,
    /// Bytes of JSON in them.
    pub bytes_decoded: u64,
    /// Bytes of Parquet written, merges included.
    pub bytes_written: u64,
    /// Of them, bytes written by merges.
    pub bytes_merged: u64,
    /// How often a byte was written over the life of the table, on average.
    pub write_amplification: Option<f64>,
    /// Files of the table before and after.
    pub files_before: u64,
    /// Files of the table after.
    pub files_after: u64,
    /// Bytes of the table before.
    pub bytes_before: u64,
    /// Bytes of the table after.
    pub bytes_after: u64,
    /// Files deleted that no version of the last days names.
    pub files_vacuumed: u64,
    /// Commits made.
    pub commits: u64,
    /// Commits that came second and were made anew.
    pub conflicts: u64,
    /// Raw objects left for the next run, for want of time.
    pub objects_left: u64,
    /// Raw objects that could not be read; the next run tries again.
    pub failed: Vec<FailedObject>,
    /// Files of the table that cannot be used; what was asked is done without them.
    pub unusable: Vec<Unusable>,
    /// What waited when the run last looked, whatever it was asked to take up.
    #[serde(skip)]
    pub backlog: Backlog,
    /// How long it took.
    pub seconds: f64,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// A raw object that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedObject {
    /// Its key, relative to the lake.
    pub key: String,
    /// Why.
    pub error: String,
}

/// The run is done, and yet failed: some raw objects or some files of the table could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// Raw objects.
    #[error(
        "{count} raw objects could not be read and are left for the next run; the first: {first}"
    )]
    Objects {
        /// How many.
        count: usize,
        /// What was wrong with the first.
        first: String,
    },
    /// Files of the table.
    #[error(
        "{count} files of the table cannot be read, and everything else was done without them; the first, {path}: {reason}; see `lakequery repair`"
    )]
    Files {
        /// How many.
        count: usize,
        /// The first, relative to the table.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Report {
    /// What became of the records.
    pub fn counts(&self) -> Counts {
        let Self { read, stored, duplicates, quarantined, .. } = *self;
        let Self { conflicting, replayed, erased, unsigned, .. } = *self;
        let signed = stored - unsigned;
        Counts {
            read,
            stored,
            duplicates,
            quarantined,
            signed,
            unsigned,
            conflicting,
            replayed,
            erased,
        }
    }

    /// Whether every raw object that was taken up and every file of the table could be read.
    ///
    /// # Errors
    /// Some could not.
    pub fn check(&self) -> Result<(), Unread> {
        if let Some(first) = self.failed.first() {
            let (count, first) = (self.failed.len(), first.error.clone());
            return Err(Unread::Objects { count, first });
        }
        if let Some(Unusable { path, reason }) = self.unusable.first().cloned() {
            return Err(Unread::Files { count: self.unusable.len(), path, reason });
        }
        Ok(())
    }

    pub(crate) fn count(&mut self, counts: Counts) {
        self.read += counts.read;
        self.stored += counts.stored;
        self.duplicates += counts.duplicates;
        self.quarantined += counts.quarantined;
        self.conflicting += counts.conflicting;
        self.replayed += counts.replayed;
        self.erased += counts.erased;
        self.unsigned += counts.unsigned;
    }
}
