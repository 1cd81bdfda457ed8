//! A run: batch after batch until nothing is pending or time is up, then merges and a vacuum.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use object_store::ObjectStore;
use octolake_event::layout;
use octolake_lake::{Commit, CommitKind, LiveFile, NewFile, Outcome, Table};
use octolake_store::Lake;
use uuid::Uuid;

use crate::batch::{Batch, Context, Reach};
use crate::error::{CompactError, Kind};
use crate::known::{Among, KnownDeliveries};
use crate::partitions::FileSink;
use crate::repeats::NewDeliveries;
use crate::report::{FailedObject, Report};
use crate::scan::{self, Backlog, RawObject};
use crate::settings::Settings;
use crate::{merge, vacuum};

/// How often in a row a run may come second before it leaves the work to whoever is first.
const MAX_CONFLICTS: u32 = 100;

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
    run.append(&mut *surroundings.on_progress).await?;
    if settings.dry_run {
        run.report.merges = merge::planned(&run);
    } else {
        merge::merge(&mut run).await?;
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
    clock: &'a (dyn Fn() -> DateTime<Utc> + Send + Sync),
    started: Instant,
    mark: i64,
    known: KnownDeliveries,
    /// Objects that could not be read in this run.
    failed: HashSet<String>,
    /// Objects that were read in part, with the number of items that are dealt with.
    begun: HashMap<String, u64>,
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
            known: KnownDeliveries::new(store.clone()),
            store,
            report: Report { dry_run: settings.dry_run, ..Report::default() },
            clock: surroundings.clock,
            started,
            mark: (run_id.as_u128() >> 65) as i64,
            failed: HashSet::new(),
            begun: HashMap::new(),
        }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    pub(crate) fn files(&self) -> &[LiveFile] {
        self.table.as_ref().map_or(&[], Table::files)
    }

    pub(crate) fn is_out_of_time(&self) -> bool {
        self.ends_at().is_some_and(|end| Instant::now() >= end)
    }

    /// When time is up, if ever.
    pub(crate) fn ends_at(&self) -> Option<Instant> {
        self.started.checked_add(self.settings.deadline?)
    }

    /// A commit without files, to be filled.
    pub(crate) fn commit_of(&mut self, kind: CommitKind) -> Commit {
        self.mark = self.mark.wrapping_add(1);
        Commit::new(kind, self.mark, self.now())
    }

    /// A batch on top of the version that the table is at.
    pub(crate) fn new_batch(&mut self) -> Batch {
        if let Some(table) = &self.table {
            self.known.update(table.files(), table.progress());
        }
        Batch::new(self.settings, self.fence())
    }

    /// What a batch reads with.
    pub(crate) fn context<'r>(
        &'r mut self,
        out_of_time: &'r (dyn Fn() -> bool + Send + Sync),
    ) -> Context<'r> {
        Context {
            live: self.table.as_ref().map_or(&[], Table::files),
            store: &self.store,
            settings: self.settings,
            known: &mut self.known,
            sink: &mut self.sink,
            out_of_time,
        }
    }

    fn fence(&self) -> i64 {
        self.table.as_ref().map_or(0, |table| table.progress().fence)
    }

    fn size(&self) -> (u64, u64) {
        let files = self.files();
        (files.len() as u64, files.iter().map(|file| file.bytes).sum())
    }

    fn finish(mut self) -> Report {
        (self.report.files_after, self.report.bytes_after) = self.size();
        let ledger = self.table.as_ref().map(|table| table.progress().ledger);
        self.report.write_amplification = ledger.and_then(|ledger| ledger.write_amplification());
        self.report.seconds = self.started.elapsed().as_secs_f64();
        self.report
    }

    /// Brings a table that an older version made up to the columns of this one, before rows come
    /// that have them.
    async fn add_columns(&mut self) -> Result<(), CompactError> {
        let Some(table) = self.table.as_mut().filter(|_| !self.settings.dry_run) else {
            return Ok(());
        };
        let added = table.add_missing_columns().await?;
        if !added.is_empty() {
            tracing::info!(columns = added.join(","), "columns added to the table");
            self.report.commits += 1;
        }
        Ok(())
    }

    async fn append(
        &mut self,
        on_progress: &mut (dyn FnMut(&Report, u64) + Send),
    ) -> Result<(), CompactError> {
        loop {
            let progress = self.table.as_ref().map(Table::progress);
            let backlog = scan::backlog(self.lake, progress).await?;
            let pending = self.wanted(&backlog);
            if pending.is_empty() || self.is_out_of_time() {
                self.report.objects_left = pending.len() as u64;
                self.report.backlog = backlog;
                return Ok(());
            }
            let (batch, begun) = self.read_batch(&pending, on_progress).await?;
            if batch.is_empty() {
                continue;
            }
            if self.settings.dry_run {
                let wanted = self.wanted(&backlog).len();
                self.report.objects_left = (wanted - batch.done.len()) as u64;
                self.report.backlog = backlog;
                return self.count_only(batch).await;
            }
            if self.commit_batch(batch).await? {
                self.begun.extend(begun);
            }
        }
    }

    /// What of the backlog this run takes up.
    fn wanted<'b>(&self, backlog: &'b Backlog) -> Vec<&'b RawObject> {
        backlog.pending.iter().filter(|object| self.is_wanted(object)).collect()
    }

    /// Whether this run takes up `object`: it has not failed before, and is not too old.
    fn is_wanted(&self, object: &RawObject) -> bool {
        let is_recent = |since| {
            let hour_after = layout::raw_hour(&object.key).map(|hour| hour + TimeDelta::hours(1));
            hour_after.is_some_and(|end| end > since)
        };
        !self.failed.contains(&object.key) && self.settings.since.is_none_or(is_recent)
    }

    /// Reads pending objects until the batch is full; says too which one was read in part.
    async fn read_batch(
        &mut self,
        pending: &[&RawObject],
        on_progress: &mut (dyn FnMut(&Report, u64) + Send),
    ) -> Result<(Batch, Option<(String, u64)>), CompactError> {
        let mut batch = self.new_batch();
        let batch_started = Instant::now();
        let (run_started, deadline) = (self.started, self.settings.deadline);
        let out_of_time = move || deadline.is_some_and(|d| run_started.elapsed() >= d);
        for (number, object) in pending.iter().copied().enumerate() {
            let skip = self.begun.get(&object.key).copied().unwrap_or_default();
            let mut context = self.context(&out_of_time);
            match batch.read(&mut context, object, skip).await {
                Ok(Reach::Whole) => {}
                Ok(Reach::Part(items)) => return Ok((batch, Some((object.key.clone(), items)))),
                // One object that fails must not stop the others for ever.
                Err(error) if matches!(error.kind(), Kind::Object(_)) => {
                    let error = error.to_string();
                    tracing::error!(raw_key = object.key, error, "a raw object cannot be read");
                    self.failed.insert(object.key.clone());
                    self.report.failed.push(FailedObject { key: object.key.clone(), error });
                }
                Err(error) => return Err(error),
            }
            let mut so_far = self.report.clone();
            so_far.count(batch.counts);
            so_far.objects += batch.done.len() as u64;
            on_progress(&so_far, (pending.len() - number - 1) as u64);
            let is_late = batch_started.elapsed() >= self.settings.commit_interval;
            if out_of_time() || (is_late && !self.settings.dry_run) {
                break;
            }
        }
        Ok((batch, None))
    }

    async fn count_only(&mut self, mut batch: Batch) -> Result<(), CompactError> {
        let partitions = batch.take_partitions(self.settings);
        let files = partitions.finish(&mut self.sink).await?;
        self.count(&batch, &files);
        Ok(())
    }

    /// Commits a batch; false where another was first with some of it, and it must be read anew.
    async fn commit_batch(&mut self, mut batch: Batch) -> Result<bool, CompactError> {
        let partitions = batch.take_partitions(self.settings);
        let mut commit = self.commit_of(CommitKind::Append);
        commit.adds = partitions.finish(&mut self.sink).await?;
        commit.done = batch.done.iter().map(|object| object.key.clone()).collect();
        commit.counts = batch.counts;
        for _ in 0..MAX_CONFLICTS {
            let Some(table) = &mut self.table else { return Ok(false) };
            if let Outcome::Committed(version) = table.commit(&commit).await? {
                tracing::info!(
                    version,
                    rows = batch.counts.stored,
                    files = commit.adds.len(),
                    objects = commit.done.len(),
                    "rows committed"
                );
                self.report.commits += 1;
                self.count(&batch, &commit.adds);
                return Ok(true);
            }
            self.report.conflicts += 1;
            if self.is_overtaken(batch.fence, &batch.done, &batch.new).await? {
                return Ok(false);
            }
            commit.now = self.now();
        }
        Err(CompactError::Outrun(MAX_CONFLICTS))
    }

    /// Whether the newest version holds some of a batch already, or its files may be gone because
    /// a vacuum came after `fence`.
    async fn is_overtaken(
        &mut self,
        fence: i64,
        done: &[RawObject],
        new: &NewDeliveries,
    ) -> Result<bool, CompactError> {
        let Some(table) = &self.table else { return Ok(true) };
        let is_done = |object: &RawObject| table.progress().is_done(&object.key);
        if self.fence() != fence || done.iter().any(is_done) {
            return Ok(true);
        }
        self.known.update(table.files(), table.progress());
        let found = self.known.find(&new.to_seek(), Among::New).await?;
        Ok(!found.ids.is_empty())
    }

    fn count(&mut self, batch: &Batch, files: &[NewFile]) {
        let report = &mut self.report;
        report.count(batch.counts);
        report.parse_issues += batch.parse_issues;
        report.objects += batch.done.len() as u64;
        report.bytes_read += batch.done.iter().map(|object| object.bytes).sum::<u64>();
        report.bytes_decoded += batch.bytes_decoded;
        report.files_added += files.len() as u64;
        report.bytes_written += files.iter().map(|file| file.bytes).sum::<u64>();
    }
}
