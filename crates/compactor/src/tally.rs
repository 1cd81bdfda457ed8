//! The figures of a run, counted: each of them here and nowhere else, once what they are about is in
//! the table.

use octolake_lake::{Commit, Counts};

use crate::batch::Batch;
use crate::report::Report;

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

    /// The figures, without what waits.
    pub(crate) fn so_far(&self) -> Self {
        let Self { read, stored, duplicates, quarantined, objects, .. } = *self;
        Self { read, stored, duplicates, quarantined, objects, ..Self::default() }
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

    /// Counts what was read, and what was made of it: committed, or in a dry run only counted.
    pub(crate) fn count_rows(&mut self, batch: &Batch, files: u64, bytes: u64) {
        self.count(batch.counts);
        self.parse_issues += batch.parse_issues;
        self.objects += batch.done.len() as u64;
        self.bytes_read += batch.done.iter().map(|object| object.bytes).sum::<u64>();
        self.bytes_decoded += batch.bytes_decoded;
        self.files_added += files;
        self.bytes_written += bytes;
    }

    /// Counts merges that are committed.
    pub(crate) fn count_merges(&mut self, commit: &Commit) {
        let bytes: u64 = commit.adds.iter().map(|file| file.bytes).sum();
        self.files_added += commit.adds.len() as u64;
        self.files_removed += commit.removes.len() as u64;
        self.bytes_written += bytes;
        self.bytes_merged += bytes;
    }
}
