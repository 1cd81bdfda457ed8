//! A run: batch after batch until nothing is pending or time is up, then merges and a vacuum.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use object_store::ObjectStore;
use octolake_lake::{Commit, CommitKind, LiveFile, Table};
use octolake_store::Lake;
use uuid::Uuid;

use crate::append::append;
use crate::batch::{Batch, Context};
use crate::deadline::Deadline;
use crate::error::CompactError;
use crate::known::Known;
use crate::partitions::FileSink;
use crate::report::Report;
use crate::scan::ListedDay;
use crate::settings::Settings;
use crate::{elsewhere, merge, project, seal, vacuum};

/// What a run takes from outside.
pub struct Surroundings<'a> {
    /// Is in the names of the files that are written: new for each run.
    pub run_id: Uuid,
    /// Tells the time of commits.
    pub clock: &'a (dyn Fn() -> DateTime<Utc> + Send + Sync),
    /// Is told, after each raw object, the report so far and how many objects are pending.
    pub on_progress: &'a mut (dyn FnMut(&Report, u64) + Send),
}

/// Takes what waits in `raw/` into the table, merges small files, and deletes old ones.
///
/// # Errors
/// Where the table or the store fails. What was committed before that stands, and the next run
/// goes on. An object that alone cannot be read is in [`Report::failed`] instead.
pub async fn compact<'a>(
    lake: &'a Lake,
    settings: &'a Settings,
    surroundings: Surroundings<'a>,
) -> Result<Report, CompactError> {
    let started = Instant::now();
    let table = match settings.dry_run {
        true => Table::open(lake).await?,
        false => Some(Table::open_or_create(lake).await?),
    };
    let mut run = Run::new(lake, table, settings, &surroundings, started);
    (run.report.files_before, run.report.bytes_before) = run.size();
    run.add_columns().await?;
    elsewhere::look(&mut run).await?;
    append(&mut run, &mut *surroundings.on_progress).await?;
    if settings.dry_run {
        run.report.merges = merge::planned(&run);
        run.report.vacuum = vacuum::planned(&run).await?;
    } else {
        seal::seal(&mut run).await?;
        merge::merge(&mut run).await?;
        project::project(&mut run).await;
        // A vacuum may delete what alone tells which rows others have deleted.
        elsewhere::look(&mut run).await?;
        vacuum::vacuum(&mut run).await?;
    }
    Ok(run.finish())
}

/// One run on one lake.
pub(crate) struct Run<'a> {
    pub(crate) lake: &'a Lake,
    /// `None` only where a dry run meets a lake that was never compacted.
    pub(crate) table: Option<Table>,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) settings: &'a Settings,
    pub(crate) sink: FileSink,
    pub(crate) report: Report,
    /// The days of `raw/` that this run has listed.
    pub(crate) listed: Vec<ListedDay>,
    clock: &'a (dyn Fn() -> DateTime<Utc> + Send + Sync),
    started: Instant,
    mark: i64,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        lake: &'a Lake,
        table: Option<Table>,
        settings: &'a Settings,
        surroundings: &Surroundings<'a>,
        started: Instant,
    ) -> Self {
        let store = lake.store().clone();
        let run_id = surroundings.run_id;
        Self {
            lake,
            table,
            settings,
            sink: FileSink {
                store: store.clone(),
                dry_run: settings.dry_run,
                run_id: run_id.as_simple().to_string(),
                number: 0,
            },
            store,
            report: Report { dry_run: settings.dry_run, ..Report::default() },
            listed: vec![],
            clock: surroundings.clock,
            started,
            mark: (run_id.as_u128() >> 65) as i64,
        }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    pub(crate) fn files(&self) -> &[LiveFile] {
        self.table.as_ref().map_or(&[], Table::files)
    }

    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.started, self.settings.deadline)
    }

    /// When to stop reading: a backlog must leave some of the time for merges that are due, and for
    /// the projection of what was read.
    pub(crate) fn reading_deadline(&self) -> Deadline {
        let share = if merge::is_due(self) { 0.7 } else { 0.85 };
        Deadline::after(self.started, self.settings.deadline.map(|time| time.mul_f64(share)))
    }

    /// When to stop merging: the projection follows.
    pub(crate) fn merging_deadline(&self) -> Deadline {
        Deadline::after(self.started, self.settings.deadline.map(|time| time.mul_f64(0.9)))
    }

    pub(crate) fn is_out_of_time(&self) -> bool {
        self.deadline().is_over()
    }

    /// When time is up, if ever.
    pub(crate) fn ends_at(&self) -> Option<Instant> {
        self.deadline().at()
    }

    /// A commit without files, to be filled.
    pub(crate) fn commit_of(&mut self, kind: CommitKind) -> Commit {
        self.mark = self.mark.wrapping_add(1);
        Commit::new(kind, self.mark, self.now())
    }

    /// A batch on top of the version that the table is at.
    pub(crate) fn new_batch(&self) -> Batch {
        Batch::new(self.settings, self.fence())
    }

    /// What is known of the version that the table is at.
    pub(crate) fn known(&self) -> Known<'_> {
        Known::of(&self.store, self.table.as_ref())
    }

    /// What a batch is settled with.
    pub(crate) fn context(&mut self) -> Context<'_> {
        Context {
            store: &self.store,
            settings: self.settings,
            known: Known::of(&self.store, self.table.as_ref()),
            sink: &mut self.sink,
        }
    }

    pub(crate) fn fence(&self) -> i64 {
        self.table.as_ref().map_or(0, |table| table.progress().fence)
    }

    fn size(&self) -> (u64, u64) {
        let files = self.files();
        (files.len() as u64, files.iter().map(|file| file.bytes).sum())
    }

    fn finish(mut self) -> Report {
        (self.report.files_after, self.report.bytes_after) = self.size();
        let ledger = self.table.as_ref().map(|table| table.progress().ledger);
        let unusable = self.table.as_ref().map_or(&[][..], Table::unusable).to_vec();
        self.report.note_unusable(unusable.into_iter());
        self.report.write_amplification = ledger.and_then(|ledger| ledger.write_amplification());
        self.report.seconds = self.started.elapsed().as_secs_f64();
        self.report
    }

    /// Brings a table that an older version made up to the columns of this one, before rows come
    /// that have them, and its log to this version's bounds.
    async fn add_columns(&mut self) -> Result<(), CompactError> {
        let Some(table) = self.table.as_mut().filter(|_| !self.settings.dry_run) else {
            return Ok(());
        };
        let added = table.add_missing_columns().await?;
        if !added.is_empty() {
            tracing::info!(columns = added.join(","), "columns added to the table");
            self.report.commits += 1;
        }
        let set = table.set_missing_properties().await?;
        if !set.is_empty() {
            tracing::info!(properties = set.join(","), "properties of the log set");
            self.report.commits += 1;
        }
        Ok(())
    }
}
