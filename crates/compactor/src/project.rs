//! Keeping the projection up with the table.
//!
//! ```text
//! commits since the version that it goes to ─▶ plan ─▶ files, several months at once ─▶ a commit
//! ```
//!
//! * It is never wrong, only behind: its commit says up to which version of `events` it goes, and
//!   stands on the version of the projection that was read, or is none at all. Another's commit
//!   between ends this run's part; the next one goes on.
//! * Months whose rows others have changed (a deletion, an erasure, a rebuild) are taken out in the
//!   next commit, and made anew from the files that are live; until all are there, readers read the
//!   archive.
//! * Where there is no time for all that is new, the months that were not reached are taken out too:
//!   each run gets on, however late it is.
//! * A failure here fails no run: what is stored is stored, and the projection is behind.

pub(crate) mod facts;
mod plan;
mod sweep;
mod write;

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures::{StreamExt, stream};
use object_store::path::Path;
use octolake_event::layout::{self, Partition};
use octolake_lake::{
    Following, LiveFile, NewProjected, Outcome, Projection, ProjectionCommit, Table,
};
use octolake_store::Lake;

use self::plan::Job;
use self::write::{Made, write};
use crate::error::CompactError;
use crate::merge;
use crate::objects;
use crate::rewrite::{EndOnDrop, Limit, Workshop};
use crate::run::{Run, Surroundings};
use crate::settings::Settings;

/// Time that is there for it in any case, whatever the deadline.
const LEAST_TIME: Duration = Duration::from_millis(1_000);
/// How often another may be first, before an erasure removes the projection.
const MAX_CONFLICTS: u32 = 10;
/// Rows to make of missing months before they are committed.
const COMMIT_ROWS: u64 = 4_000_000;

/// What a run has done to the projection.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Projecting {
    /// Up to which version of the table it goes; `None` where it is not known.
    pub version: Option<u64>,
    /// Whether it has all rows of that version.
    pub whole: bool,
    /// Files written.
    pub files_added: u64,
    /// Their bytes.
    pub bytes_written: u64,
    /// Files deleted that it has not named for the vacuum's grace.
    pub files_vacuumed: u64,
    /// Why it could not be kept up; `None` where it could.
    pub failed: Option<String>,
}

/// Brings the projection to the version that the run's table is at, as far as there is time.
pub(crate) async fn project(run: &mut Run<'_>) {
    if run.settings.dry_run || !run.settings.project || run.table.is_none() {
        return;
    }
    if let Err(error) = bring(run).await {
        tracing::warn!(%error, "the projection could not be kept up: reports are slower for it");
        run.report.projection.failed = Some(error.to_string());
    }
}

/// Makes the projection anew, from the table as it is. `None`: nothing was ever compacted.
///
/// # Errors
/// The table or the store fails; readers take the archive then.
pub async fn reproject<'a>(
    lake: &'a Lake,
    settings: &'a Settings,
    surroundings: Surroundings<'a>,
) -> Result<Option<Projecting>, CompactError> {
    let Some(table) = Table::open(lake).await? else { return Ok(None) };
    table.check_usable()?;
    clear(lake).await?;
    let mut run = Run::new(lake, Some(table), settings, &surroundings, Instant::now());
    bring(&mut run).await?;
    Ok(Some(run.report.projection))
}

/// Sees to it that the projection holds nothing that was taken out of the table, and that no file
/// of it is left that did. Where it cannot be brought there it is removed.
///
/// # Errors
/// The store refuses to remove it.
pub(crate) async fn reach(run: &mut Run<'_>) -> Result<(), CompactError> {
    if let Err(error) = reach_by_bringing(run).await {
        tracing::warn!(%error, "the projection is removed: it cannot be brought to the erasure");
        clear(run.lake).await?;
    }
    Ok(())
}

async fn reach_by_bringing(run: &mut Run<'_>) -> Result<(), CompactError> {
    for _ in 0..MAX_CONFLICTS {
        match Projection::read(run.lake).await {
            Ok(_) => {}
            Err(unfit) if unfit.is_unread => {
                return Err(CompactError::unusable("projection", unfit));
            }
            Err(_) => return clear(run.lake).await,
        }
        bring(run).await?;
        let version = run.table.as_ref().map(|table| table.version());
        if let Ok(projection) = Projection::read(run.lake).await
            && projection.events() >= version
        {
            return sweep::sweep(run.lake, &projection, TimeDelta::zero()).await.map(|_| ());
        }
    }
    Err(CompactError::Outrun(MAX_CONFLICTS))
}

/// Deletes files that the projection has not named for so long; gives their number. What is left
/// costs room and nothing else.
pub(crate) async fn vacuum(run: &Run<'_>, grace: TimeDelta) -> u64 {
    let Ok(projection) = Projection::read(run.lake).await else { return 0 };
    if !run.settings.project {
        return 0;
    }
    sweep::sweep(run.lake, &projection, grace).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "old files of the projection cannot be removed");
        0
    })
}

async fn bring(run: &mut Run<'_>) -> Result<(), CompactError> {
    let Some(table) = &run.table else { return Ok(()) };
    if !table.unusable().is_empty() {
        return Err(CompactError::unusable("events", "files of the table cannot be used"));
    }
    let mut projection = match Projection::read(run.lake).await {
        Ok(projection) => projection,
        Err(unfit) if unfit.is_unread => return Err(CompactError::unusable("projection", unfit)),
        Err(unfit) => made(run.lake, &unfit.reason).await?,
    };
    let shop = workshop(run);
    let _end = EndOnDrop(shop.limit.clone());
    let caught_up = catch_up(run, &mut projection, &shop).await?;
    note(run, &projection);
    if caught_up && !projection.is_whole() {
        complete(run, &mut projection, &shop).await?;
    }
    run.sink.number = shop.number.load(Ordering::Relaxed);
    note(run, &projection);
    Ok(())
}

fn note(run: &mut Run<'_>, projection: &Projection) {
    run.report.projection.version = projection.events();
    run.report.projection.whole = projection.is_whole();
}

fn workshop(run: &Run<'_>) -> Workshop {
    let least = Instant::now() + LEAST_TIME;
    let at = run.ends_at().map(|at| at.max(least));
    Workshop { limit: Limit { at, ..Limit::default() }, ..merge::workshop(run) }
}

/// An empty projection, where there is none that can be used; what is left of another is removed.
async fn made(lake: &Lake, reason: &str) -> Result<Projection, CompactError> {
    tracing::info!(reason, "the projection is made anew");
    clear(lake).await?;
    Ok(Projection::create(lake).await?)
}

/// Removes the projection. A reader that meets what is left of it takes the archive: first goes what
/// a log is begun to be read from, and data only when no log is there.
pub(crate) async fn clear(lake: &Lake) -> Result<(), CompactError> {
    let store = lake.store().as_ref();
    let mut log: Vec<String> = objects::keys(store, layout::PROJECTION_LOG).await?;
    let is_commit = |key: &String| key.ends_with(".json");
    log.sort_by_key(|key| (is_commit(key), key.clone()));
    for key in &log {
        objects::delete(store, key).await?;
    }
    let data: Vec<String> = objects::keys(store, layout::PROJECTION).await?;
    let data: Vec<Path> = data.into_iter().filter_map(|key| Path::parse(key).ok()).collect();
    objects::delete_all(store, &data).await.map(|_| ())
}

/// Takes in what has happened since the version that it goes to; false where another was first.
async fn catch_up(
    run: &mut Run<'_>,
    projection: &mut Projection,
    shop: &Workshop,
) -> Result<bool, CompactError> {
    let Some(version) = run.table.as_ref().map(|table| table.version()) else { return Ok(false) };
    let from = projection.events();
    // Another run has seen a later version of the table, and brought the projection there.
    if from > Some(version) {
        return Ok(false);
    }
    let nothing = BTreeSet::new();
    if from == Some(version)
        && projection.is_whole()
        && settled(run, projection, nothing).is_empty()
    {
        return Ok(true);
    }
    let following = match projection.behind(run.lake, version).await? {
        Ok(following) if following.unclear.is_none() => Some(following),
        _ => None,
    };
    let Some(following) = following else {
        // Nothing is known of the rows that are there: all months are made anew.
        let commit = commit_of(run, version, projection.files().to_vec());
        return publish(run, projection, commit).await;
    };
    let mut jobs = plan::appends(projection.files(), &following, projection.is_whole());
    // What is written anew from the table, or with what is new, is not written once more.
    let mut busy = following.changed_months();
    busy.extend(jobs.iter().map(|job| job.month.clone()));
    jobs.extend(settled(run, projection, busy));
    let (made, unmade) = write_all(run, jobs, shop).await?;
    let commit = caught_up(run, projection, &following, version, made, &unmade);
    publish(run, projection, commit).await
}

fn settled(run: &Run<'_>, projection: &Projection, busy: BTreeSet<Partition>) -> Vec<Job> {
    let today = run.now().date_naive();
    plan::settled(projection.files(), &busy, run.settings.settled_days, today)
}

/// The commit of what was made; months of which new rows were not reached are taken out.
fn caught_up(
    run: &Run<'_>,
    projection: &Projection,
    following: &Following,
    version: u64,
    made: Vec<Made>,
    unmade: &[Job],
) -> ProjectionCommit {
    let late = unmade.iter().filter(|job| !job.archive.is_empty()).map(|job| job.month.clone());
    let out: BTreeSet<Partition> = following.changed_months().into_iter().chain(late).collect();
    let removes = plan::of_months(projection.files(), &out);
    let mut commit = commit_of(run, version, removes);
    commit.is_whole = projection.is_whole() && out.is_empty();
    for made in made {
        commit.removes.extend(made.job.folded);
        commit.adds.extend(made.files);
    }
    commit
}

/// Makes the months that are not there, the newest first, until all are.
async fn complete(
    run: &mut Run<'_>,
    projection: &mut Projection,
    shop: &Workshop,
) -> Result<(), CompactError> {
    let Some(version) = projection.events() else { return Ok(()) };
    let mut missing = plan::missing(projection.files(), run.files()).into_iter().peekable();
    loop {
        let (mut some, mut rows) = (vec![], 0);
        while let Some(job) = missing.next_if(|_| rows < COMMIT_ROWS) {
            rows += job.rows();
            some.push(job);
        }
        let (made, unmade) = write_all(run, some, shop).await?;
        let mut commit = commit_of(run, version, vec![]);
        commit.is_whole = unmade.is_empty() && missing.peek().is_none();
        commit.adds = made.into_iter().flat_map(|made| made.files).collect();
        let is_done = commit.is_whole;
        if (commit.adds.is_empty() && !is_done) || !publish(run, projection, commit).await? {
            return Ok(());
        }
        if is_done || !unmade.is_empty() {
            return Ok(());
        }
    }
}

fn commit_of(run: &Run<'_>, version: u64, removes: Vec<LiveFile>) -> ProjectionCommit {
    let now = run.now();
    ProjectionCommit { adds: vec![], removes, events: version, is_whole: false, now }
}

async fn publish(
    run: &mut Run<'_>,
    projection: &mut Projection,
    commit: ProjectionCommit,
) -> Result<bool, CompactError> {
    let outcome = projection.commit(run.lake, &commit).await?;
    if outcome == Outcome::Conflict {
        return Ok(false);
    }
    let bytes = |new: &NewProjected| new.file.bytes + new.facts.as_ref().map_or(0, |it| it.bytes);
    run.report.projection.files_added += commit.adds.len() as u64;
    run.report.projection.bytes_written += commit.adds.iter().map(bytes).sum::<u64>();
    Ok(true)
}

/// Writes several at once; gives those that were not reached too.
async fn write_all(
    run: &Run<'_>,
    jobs: Vec<Job>,
    shop: &Workshop,
) -> Result<(Vec<Made>, Vec<Job>), CompactError> {
    let at_once = run.settings.threads.max(1);
    let one = |job: Job| {
        let shop = shop.clone();
        async move { (job.clone(), write(job, shop).await) }
    };
    let work: Vec<_> = jobs.into_iter().map(one).collect();
    let mut outcomes = stream::iter(work).buffer_unordered(at_once);
    let (mut made, mut unmade) = (vec![], vec![]);
    while let Some((job, outcome)) = outcomes.next().await {
        match outcome {
            Ok(Some(one)) => made.push(one),
            Ok(None) => unmade.push(job),
            // A file that a merge has replaced and a vacuum has deleted meanwhile: its rows are in
            // another, of which the month is made anew.
            Err(error) if is_gone(&error) && !job.archive.is_empty() => unmade.push(job),
            Err(error) => return Err(error),
        }
    }
    Ok((made, unmade))
}

fn is_gone(error: &CompactError) -> bool {
    let CompactError::Parquet { source, .. } = error else { return false };
    let mut source: Option<&dyn std::error::Error> = Some(source.as_ref());
    while let Some(error) = source {
        if let Some(object_store::Error::NotFound { .. }) = error.downcast_ref() {
            return true;
        }
        source = error.source();
    }
    false
}
