//! What a run has done, for people and machines.

use octolake_lake::Unusable;
use serde::Serialize;

use crate::merge::PlannedMerge;
use crate::project::Projecting;
use crate::scan::Backlog;
use crate::vacuum::PlannedVacuum;

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
    /// Rows that another engine has deleted since the run before, which stay out from now on.
    pub deleted_elsewhere: u64,
    /// Files of which it can't be told which rows another engine has deleted: they may come back.
    pub untold: Vec<String>,
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
    /// Partitions whose files could not be merged; the next run tries again.
    pub skipped: Vec<Skipped>,
    /// In a dry run: what would be merged.
    pub merges: Vec<PlannedMerge>,
    /// In a dry run: what would be deleted.
    pub vacuum: Vec<PlannedVacuum>,
    /// What was done to the projection.
    pub projection: Projecting,
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

/// A partition whose files could not be merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its folder, relative to the table.
    pub partition: String,
    /// Why.
    pub error: String,
}

/// Some raw objects or files of the table could not be read, or some partitions not merged: the run is
/// done, and yet failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}, left for the next run; the first: {first}")]
pub struct Unfinished {
    what: String,
    first: String,
}

impl Report {
    /// Whether every raw object that was taken up could be read, and every partition merged.
    ///
    /// # Errors
    /// Some could not.
    pub fn check(&self) -> Result<(), Unfinished> {
        let unread = self.failed.iter().map(|object| &object.error);
        let unmerged = self.skipped.iter().map(|partition| &partition.error);
        let unusable = self.unusable.iter().map(|file| format!("{}: {}", file.path, file.reason));
        let told = unread.chain(unmerged).cloned().chain(unusable).next();
        let Some(first) = told else { return Ok(()) };
        let count = |count: usize, of: &str| (count > 0).then(|| format!("{count} {of}"));
        let what = [
            count(self.failed.len(), "raw objects could not be read"),
            count(self.skipped.len(), "partitions could not be merged"),
            count(
                self.unusable.len(),
                "files of the table cannot be read (see `lakequery repair`)",
            ),
        ];
        let what: Vec<String> = what.into_iter().flatten().collect();
        Err(Unfinished { what: what.join(" and "), first })
    }

    /// Names files of the table that cannot be used, each once.
    pub(crate) fn note_unusable(&mut self, files: impl Iterator<Item = Unusable>) {
        for file in files {
            if self.unusable.iter().all(|known| known.path != file.path) {
                tracing::error!(path = file.path, reason = file.reason, "a file cannot be used");
                self.unusable.push(file);
            }
        }
    }
}
