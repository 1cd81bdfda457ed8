//! One atomic change of the table.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use deltalake::DeltaTableError;
use deltalake::kernel::transaction::{
    CommitBuilder, CommitProperties, FinalizedCommit, TransactionError,
};
use deltalake::table::config::TablePropertiesExt as _;
use octolake_event::layout::Partition;

use crate::actions::{actions, operation};
use crate::error::LakeError;
use crate::ledger::{Counts, Ledger};
use crate::live::LiveFile;
use crate::progress;
use crate::reached::Reached;
use crate::seals::SealedDay;
use crate::table::Table;

/// A Parquet file that is written and waits for its commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Path relative to the table's folder.
    pub path: String,
    /// The partition that its rows belong to.
    pub partition: Partition,
    /// Size, in bytes.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
    /// The earliest and the latest `received_at` in it.
    pub received: (DateTime<Utc>, DateTime<Utc>),
}

/// What a commit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitKind {
    /// New rows, and the raw objects that they came from.
    Append,
    /// The same rows in fewer files.
    Merge,
    /// Fewer rows.
    Erase,
    /// All rows, made anew.
    Rebuild,
}

/// Records of the quarantine that were read once more; what became of them is in the commit's
/// counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retried {
    /// Entries that were counted before: as read, and as quarantined.
    pub entries: u64,
    /// Keys of those that mean nothing any more: what they were about could be read.
    pub released: Vec<String>,
}

/// Rows that a commit takes out of the table, for good.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// How many.
    pub rows: u64,
    /// The lists that keep them from coming back: keys relative to the lake, sizes in bytes.
    pub lists: Vec<(String, u64)>,
    /// What arrived before this is erased too, and need not be listed.
    pub before: Option<DateTime<Utc>>,
}

/// One change: all of it happens, or nothing.
#[derive(Debug, Clone)]
pub struct Commit {
    /// What it is for.
    pub kind: CommitKind,
    /// Files that become part of the table.
    pub adds: Vec<NewFile>,
    /// Files that stop being part of it.
    pub removes: Vec<LiveFile>,
    /// Paths of unusable files that stop being part of it too.
    pub drops: Vec<String>,
    /// Raw objects that are done with this.
    pub done: Vec<String>,
    /// How far others are dealt with by now.
    pub reached: Vec<(String, Reached)>,
    /// Days that are sealed with this: every raw object of them is done.
    pub seals: Vec<SealedDay>,
    /// Days that are opened with this: what of them is done is told one by one.
    pub unsealed: Vec<NaiveDate>,
    /// Raw objects that need not be remembered one by one any more: their days are sealed, or they
    /// are to be read again.
    pub forgotten: Vec<String>,
    /// What became of the records since the last commit.
    pub counts: Counts,
    /// Whether a vacuum begins with this commit.
    pub vacuumed: bool,
    /// What is erased with it.
    pub erased: Option<Erased>,
    /// What of the quarantine was read once more.
    pub retried: Option<Retried>,
    /// Where the totals are counted anew: what they are with this commit.
    pub totals: Option<Ledger>,
    /// Any number, to know this commit again.
    pub mark: i64,
    /// The time of the commit.
    pub now: DateTime<Utc>,
}

impl Commit {
    /// A commit that changes nothing yet.
    pub fn new(kind: CommitKind, mark: i64, now: DateTime<Utc>) -> Self {
        Self {
            kind,
            adds: vec![],
            removes: vec![],
            drops: vec![],
            done: vec![],
            reached: vec![],
            seals: vec![],
            unsealed: vec![],
            forgotten: vec![],
            counts: Counts::default(),
            vacuumed: false,
            erased: None,
            retried: None,
            totals: None,
            mark,
            now,
        }
    }
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the table, as of this version.
    Committed(u64),
    /// Another was first; the table has moved on to the newest version, and nothing has changed.
    Conflict,
}

impl Table {
    /// Makes one change, on top of the version that this table is at.
    pub async fn commit(&mut self, commit: &Commit) -> Result<Outcome, LakeError> {
        let doubts = self.progress().seals.doubts_after(commit);
        let error = match self.try_commit(commit).await {
            Ok(committed) => {
                // The library has moved on to this version already, and has not looked further.
                self.delta.state = Some(committed.snapshot);
                self.read_state().await?;
                self.progress.seals.restore_doubts(doubts);
                return Ok(Outcome::Committed(self.version()));
            }
            Err(error) => error,
        };
        self.refresh().await?;
        if self.holds(commit) {
            return Ok(Outcome::Committed(self.version()));
        }
        if is_conflict(&error) {
            return Ok(Outcome::Conflict);
        }
        let (lake, source) = (self.lake.name().to_owned(), Box::new(error));
        Err(LakeError::Commit { lake, source })
    }

    async fn try_commit(&self, commit: &Commit) -> Result<FinalizedCommit, DeltaTableError> {
        let ledger = self.totals_with(commit);
        let mut txns = progress::transactions(self.progress(), &ledger, commit);
        txns.extend(self.looked_with_next());
        // No retries of the library's: after a conflict the rows must be looked at anew.
        let state = self.delta.snapshot()?;
        let mut properties =
            CommitProperties::default().with_max_retries(0).with_application_transactions(txns);
        if !(self.version() + 1).is_multiple_of(state.table_config().checkpoint_interval().get()) {
            // What is expired is before a checkpoint: to look for it goes with writing one.
            properties = properties.with_cleanup_expired_logs(Some(false));
        }
        CommitBuilder::from(properties)
            .with_actions(actions(commit))
            .build(Some(state), self.delta.log_store(), operation(commit.kind))
            .await
    }

    fn totals_with(&self, commit: &Commit) -> Ledger {
        let mut ledger = commit.totals.unwrap_or(self.progress().ledger);
        ledger.counts += commit.counts;
        let again = commit.retried.as_ref().map_or(0, |retried| retried.entries);
        ledger.counts.read = ledger.counts.read.saturating_sub(again);
        ledger.counts.quarantined = ledger.counts.quarantined.saturating_sub(again);
        let bytes: u64 = commit.adds.iter().map(|add| add.bytes).sum();
        match commit.kind {
            CommitKind::Append => ledger.bytes_added += bytes,
            CommitKind::Merge | CommitKind::Erase => ledger.bytes_merged += bytes,
            // Its files were counted when they were written.
            CommitKind::Rebuild => {}
        }
        ledger.rows_erased += commit.erased.as_ref().map_or(0, |erased| erased.rows);
        ledger
    }

    /// Whether the newest version holds the commit: an error does not say that it failed. The
    /// answer to a write that was retried can be that it is there already, and what follows a
    /// commit (a checkpoint) can fail after it.
    fn holds(&self, commit: &Commit) -> bool {
        if commit.adds.is_empty() {
            return self.progress().mark == commit.mark;
        }
        let live: HashSet<&str> = self.files().iter().map(|file| file.path.as_str()).collect();
        commit.adds.iter().all(|add| live.contains(add.path.as_str()))
    }
}

pub(crate) fn is_conflict(error: &DeltaTableError) -> bool {
    match error {
        DeltaTableError::VersionAlreadyExists(_) => true,
        DeltaTableError::Transaction { source } => matches!(
            source,
            TransactionError::VersionAlreadyExists(_)
                | TransactionError::CommitConflict(_)
                | TransactionError::MaxCommitAttempts(_)
        ),
        _ => false,
    }
}
