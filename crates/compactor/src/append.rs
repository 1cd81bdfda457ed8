//! From what waits in `raw/` to rows of the table: read, decode, look up, encode, commit.
//!
//! ```text
//! readers (objects on all cores, in order) ─▶ parts ─▶ batch (looked up once) ─▶ partitions ─▶ commit
//! ```
//!
//! A commit holds rows, what became of every record that was read for it, and how far each object
//! was read. So a run may end at any place, inside an object too, and the next one goes on there.

mod part;
mod readers;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use chrono::TimeDelta;
use octolake_event::layout;
use octolake_lake::{CommitKind, NewFile, Outcome, Reached, Table};

pub(crate) use self::part::{Content, End, Part, PartBuilder, Plans, Record, RowPlace, rejected};
pub(crate) use self::readers::{Line, Readers, Reading, Start};
use crate::batch::Batch;
use crate::deadline::Deadline;
use crate::elsewhere;
use crate::error::CompactError;
use crate::known::Wanted;
use crate::repeats::NewDeliveries;
use crate::report::Report;
use crate::run::Run;
use crate::scan::{Backlog, RawObject};
use crate::seal;

/// How often in a row a run may come second before it leaves the work to whoever is first.
const MAX_CONFLICTS: u32 = 100;
/// Objects after which a run commits what it has: each is a line in the commit.
const COMMIT_OBJECTS: usize = 50_000;

/// Is told, now and then, the report so far and how many objects are pending.
pub(crate) type OnProgress<'a> = &'a mut (dyn FnMut(&Report, u64) + Send);

/// Takes what waits into the table, as far as time allows.
pub(crate) async fn append(
    run: &mut Run<'_>,
    on_progress: OnProgress<'_>,
) -> Result<(), CompactError> {
    let backlog = seal::survey(run).await?;
    let mut append = Append::new(run, &backlog);
    let outcome = append.all(run, on_progress).await;
    run.report.objects_left = append.left(run).count() as u64;
    run.report.backlog = append.backlog(run, backlog);
    outcome
}

/// What a run takes up, and how far it is.
struct Append {
    /// Objects to take up, by key.
    wanted: Vec<Arc<RawObject>>,
    /// Objects that could not be read in this run, or are counted by a dry run.
    set_aside: HashSet<String>,
    plans: Plans,
    deadline: Deadline,
}

impl Append {
    fn new(run: &Run<'_>, backlog: &Backlog) -> Self {
        let is_recent = |object: &&RawObject| {
            let hour_after = layout::raw_hour(&object.key).map(|hour| hour + TimeDelta::hours(1));
            run.settings.since.is_none_or(|since| hour_after.is_some_and(|end| end > since))
        };
        let wanted = backlog.pending.iter().filter(is_recent).cloned().map(Arc::new).collect();
        let deadline = run.reading_deadline();
        Self { wanted, set_aside: HashSet::new(), plans: Plans::default(), deadline }
    }

    /// The objects that are still to be read.
    fn left<'s>(&'s self, run: &'s Run<'_>) -> impl Iterator<Item = &'s Arc<RawObject>> {
        let progress = run.table.as_ref().map(Table::progress);
        let is_done = move |key: &str| progress.is_some_and(|progress| progress.is_done(key));
        let is_left = move |object: &&Arc<RawObject>| {
            !self.set_aside.contains(&object.key) && !is_done(&object.key)
        };
        self.wanted.iter().filter(is_left)
    }

    /// What waits still, whatever the run was asked to take up.
    fn backlog(&self, run: &Run<'_>, mut backlog: Backlog) -> Backlog {
        if let Some(progress) = run.table.as_ref().map(Table::progress) {
            backlog.pending.retain(|object| !progress.is_done(&object.key));
        }
        backlog
    }

    async fn all(
        &mut self,
        run: &mut Run<'_>,
        on_progress: OnProgress<'_>,
    ) -> Result<(), CompactError> {
        // Anew after each conflict: another may have taken some of them. Once in any case: a run
        // that came to nothing because of its deadline would be followed by others like it.
        while self.left(run).next().is_some() {
            let mut readers = self.readers(run);
            let mut is_first = true;
            while is_first {
                let Some(batch) = self.read_batch(run, &mut readers, on_progress).await? else {
                    return Ok(());
                };
                if run.settings.dry_run {
                    return self.count_only(run, batch).await;
                }
                is_first = commit_batch(run, batch).await?;
                if self.deadline.is_over() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn readers(&self, run: &Run<'_>) -> Readers {
        let reading = Reading {
            store: run.store.clone(),
            limits: run.settings.into(),
            plans: self.plans.clone(),
            deadline: self.deadline,
            part_bytes: run.settings.part_bytes,
            threads: run.settings.threads.max(1),
        };
        let progress = run.table.as_ref().map(Table::progress);
        let from = |key: &str| progress.map_or(Reached::default(), |it| it.reached(key));
        let mut starts: VecDeque<Start> = self
            .left(run)
            .map(|object| Start { object: object.clone(), from: from(&object.key) })
            .collect();
        match run.settings.deadline {
            // The newest take their turns where time may end: a backlog must not hide today.
            Some(_) => Readers::new(reading, in_turns(&mut starts)),
            None => Readers::new(reading, starts.into_iter()),
        }
    }

    /// Reads until there is enough for a commit; `None` where nothing is left.
    async fn read_batch(
        &mut self,
        run: &mut Run<'_>,
        readers: &mut Readers,
        on_progress: OnProgress<'_>,
    ) -> Result<Option<Batch>, CompactError> {
        let mut batch = run.new_batch();
        let started = Instant::now();
        let settings = run.settings;
        while let Some(part) = readers.next().await? {
            batch.take(&mut run.context(), part).await?;
            let mut so_far = run.report.so_far();
            so_far.count(batch.counts);
            so_far.objects += batch.done.len() as u64;
            on_progress(&so_far, (self.wanted.len() as u64).saturating_sub(so_far.objects));
            let is_full = batch.records() >= settings.commit_rows
                || batch.done.len() >= COMMIT_OBJECTS
                || started.elapsed() >= settings.commit_interval;
            if self.deadline.is_over() || (is_full && !settings.dry_run) {
                break;
            }
        }
        batch.settle(&mut run.context()).await?;
        for failed in &batch.failed {
            self.set_aside.insert(failed.key.clone());
        }
        run.report.failed.append(&mut batch.failed);
        run.report.note_unusable(std::mem::take(&mut batch.unusable).into_values());
        Ok((!batch.is_empty()).then_some(batch))
    }

    async fn count_only(
        &mut self,
        run: &mut Run<'_>,
        mut batch: Batch,
    ) -> Result<(), CompactError> {
        let partitions = batch.take_partitions(run.settings);
        let files = partitions.finish(&mut run.sink).await?;
        count(run, &batch, &files);
        self.set_aside.extend(batch.done.iter().map(|object| object.key.clone()));
        Ok(())
    }
}

/// The oldest, the newest, the second oldest, the second newest, …, in runs of a few: neighbours
/// share partitions.
fn in_turns(starts: &mut VecDeque<Start>) -> impl Iterator<Item = Start> {
    const TURN: usize = 64;
    let mut turns = Vec::with_capacity(starts.len());
    while !starts.is_empty() {
        turns.extend(starts.drain(..TURN.min(starts.len())));
        turns.extend(starts.drain(starts.len().saturating_sub(TURN)..));
    }
    turns.into_iter()
}

/// Commits a batch; false where another was first with some of it, and it must be read anew.
async fn commit_batch(run: &mut Run<'_>, mut batch: Batch) -> Result<bool, CompactError> {
    let partitions = batch.take_partitions(run.settings);
    let mut commit = run.commit_of(CommitKind::Append);
    commit.adds = partitions.finish(&mut run.sink).await?;
    commit.done = batch.done.iter().map(|object| object.key.clone()).collect();
    commit.reached = batch.reached.iter().map(|(key, at)| (key.clone(), *at)).collect();
    commit.counts = batch.counts;
    let base: Vec<Reached> = commit.reached.iter().map(|(key, _)| reached(run, key)).collect();
    for _ in 0..MAX_CONFLICTS {
        if let Outcome::Committed(version) = run.publish(&commit).await? {
            tracing::info!(
                version,
                rows = batch.counts.stored,
                files = commit.adds.len(),
                objects = commit.done.len(),
                "rows committed"
            );
            count(run, &batch, &commit.adds);
            return Ok(true);
        }
        elsewhere::look(run).await?;
        let now: Vec<Reached> = commit.reached.iter().map(|(key, _)| reached(run, key)).collect();
        if now != base || is_overtaken(run, batch.fence, &batch.done, &batch.new).await? {
            return Ok(false);
        }
        commit.now = run.now();
    }
    Err(CompactError::Outrun(MAX_CONFLICTS))
}

fn reached(run: &Run<'_>, key: &str) -> Reached {
    run.table.as_ref().map(|table| table.progress().reached(key)).unwrap_or_default()
}

/// Whether the newest version holds some of a batch already, or its files may be gone because
/// a vacuum came in between.
async fn is_overtaken(
    run: &Run<'_>,
    fence: i64,
    done: &[Arc<RawObject>],
    new: &NewDeliveries,
) -> Result<bool, CompactError> {
    let Some(table) = &run.table else { return Ok(true) };
    let is_done = |object: &Arc<RawObject>| table.progress().is_done(&object.key);
    if run.fence() != fence || done.iter().any(is_done) {
        return Ok(true);
    }
    let found = run.known().find(Wanted::new(new.to_seek())).await?;
    Ok(!found.ids.is_empty())
}

fn count(run: &mut Run<'_>, batch: &Batch, files: &[NewFile]) {
    let bytes = files.iter().map(|file| file.bytes).sum();
    run.report.count_rows(batch, files.len() as u64, bytes);
}
