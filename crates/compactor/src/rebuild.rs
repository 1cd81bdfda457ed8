//! The lake made anew from its raw objects.
//!
//! ```text
//! raw/ ── compact, into rebuild/events/ ──▶ another table ── compare, row by row ──▶ copy its files
//!      ──▶ one commit: all old files out, all new ones in, done objects and totals of the new one
//! ```
//!
//! It is the ordinary compaction on the same lake, whose table is kept in another folder for the
//! time: a rebuild that is interrupted goes on where it was. Readers see the old table until the
//! commit, and the new one after it; the old files go with a vacuum, after its grace. What was erased
//! stays so. A row of the old table that the new one lacks stops it: `raw/` does not cover it.

mod compare;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_event::layout;
use octolake_lake::{Commit, CommitKind, Erased, LiveFile, NewFile, Outcome, Table};
use octolake_store::Lake;
use serde::Serialize;

pub use self::compare::Comparison;
use crate::commit;
use crate::elsewhere;
use crate::error::CompactError;
use crate::project;
use crate::report::Report;
use crate::run::{Run, Surroundings, compact};
use crate::settings::Settings;

/// How often the lake may have moved on in the meantime, before it is left to the next call.
const MAX_CONFLICTS: u32 = 5;
/// How many files are copied at once.
const COPIES: usize = 16;

/// The outcome of a rebuild. Its JSON is stable.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Rebuild {
    /// What reading all of `raw/` gave; where an earlier call was interrupted, what was left of it.
    pub compaction: Report,
    /// The new rows beside the old ones; `None` where time was up before.
    pub comparison: Option<Comparison>,
    /// Files that the table consists of now.
    pub files: u64,
    /// Whether the new table took the place of the old one.
    pub swapped: bool,
    /// How long it took.
    pub seconds: f64,
}

/// Makes the table anew from `raw/`, compares, and swaps; a dry run does all but swap. `None`: there
/// is no table, and an ordinary run makes it.
///
/// # Errors
/// Where a raw object, the table or the store fails, or `raw/` does not cover what the table holds.
/// The table is as it was then.
pub async fn rebuild(
    lake: &Lake,
    settings: &Settings,
    surroundings: Surroundings<'_>,
) -> Result<Option<Rebuild>, CompactError> {
    let started = Instant::now();
    let Some(mut table) = Table::open(lake).await? else { return Ok(None) };
    let beside = lake.clone().with_moved(layout::EVENTS, layout::REBUILD);
    let building = Settings { dry_run: false, since: None, project: false, ..settings.clone() };
    let Surroundings { run_id, clock, on_progress } = surroundings;
    let mut outcome = Rebuild::default();
    for attempt in 0..MAX_CONFLICTS {
        table = looked_at(lake, table, &building, run_id, clock).await?;
        prepare(lake, &beside, &table, clock()).await?;
        let run_id = uuid::Uuid::from_u128(run_id.as_u128() ^ u128::from(attempt));
        let around = Surroundings { run_id, clock, on_progress: &mut *on_progress };
        outcome.compaction = compact(&beside, &building, around).await?;
        if outcome.compaction.objects_left > 0 || !outcome.compaction.failed.is_empty() {
            return Ok(Some(finished(outcome, started)));
        }
        let new = Table::open_or_create(&beside).await?;
        let comparison = compare::compare(lake, &table, &beside, &new).await?;
        comparison.check()?;
        outcome.comparison = Some(comparison);
        if settings.dry_run || swap(lake, &mut table, &new, run_id.as_u128(), clock()).await? {
            outcome.swapped = !settings.dry_run;
            outcome.files = table.files().len() as u64;
            if outcome.swapped {
                remove(lake).await?;
                project(lake, table, settings, run_id, clock).await;
            }
            return Ok(Some(finished(outcome, started)));
        }
    }
    Err(CompactError::Outrun(MAX_CONFLICTS))
}

/// Makes the projection of the new rows.
async fn project(
    lake: &Lake,
    table: Table,
    settings: &Settings,
    run_id: uuid::Uuid,
    clock: &(dyn Fn() -> chrono::DateTime<chrono::Utc> + Send + Sync),
) {
    let surroundings = Surroundings { run_id, clock, on_progress: &mut |_, _| {} };
    let mut run = Run::new(lake, Some(table), settings, &surroundings, Instant::now());
    project::project(&mut run).await;
}

/// The table after a look at what other engines have deleted: the new one must not have it again.
async fn looked_at(
    lake: &Lake,
    table: Table,
    settings: &Settings,
    run_id: uuid::Uuid,
    clock: &(dyn Fn() -> chrono::DateTime<chrono::Utc> + Send + Sync),
) -> Result<Table, CompactError> {
    let surroundings = Surroundings { run_id, clock, on_progress: &mut |_, _| {} };
    let mut run = Run::new(lake, Some(table), settings, &surroundings, Instant::now());
    elsewhere::look(&mut run).await?;
    run.table.ok_or(CompactError::Outrun(0))
}

fn finished(outcome: Rebuild, started: Instant) -> Rebuild {
    Rebuild { seconds: started.elapsed().as_secs_f64(), ..outcome }
}

/// Tells the new table what was erased, before its first row. One that was begun when less was
/// erased is begun anew, and so is what a call left that ended between its commit and its clearing.
async fn prepare(
    lake: &Lake,
    beside: &Lake,
    table: &Table,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), CompactError> {
    let wanted = table.progress();
    let is_told = |new: &Table| {
        new.progress().erased().eq(wanted.erased())
            && new.progress().erased_before == wanted.erased_before
    };
    let in_use: HashSet<&str> = table.files().iter().map(|file| file.path.as_str()).collect();
    let is_usable = |new: &Table| {
        is_told(new) && !new.files().iter().any(|file| in_use.contains(file.path.as_str()))
    };
    let is_half = is_half_removed(lake).await?;
    if is_half || Table::open(beside).await?.is_some_and(|new| !is_usable(&new)) {
        remove(lake).await?;
    }
    let mut new = Table::open_or_create(beside).await?;
    while !is_told(&new) {
        let mut commit = Commit::new(CommitKind::Erase, 0, now);
        let lists = wanted.erased().map(|(key, bytes)| (key.to_owned(), bytes)).collect();
        commit.erased = Some(Erased { rows: 0, lists, before: wanted.erased_before });
        commit::commit(&mut new, &commit).await?;
    }
    Ok(())
}

/// Puts the new table's files into the old one's place; false where that has moved on.
async fn swap(
    lake: &Lake,
    table: &mut Table,
    new: &Table,
    mark: u128,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<bool, CompactError> {
    copy(lake.store(), new.files()).await?;
    let mut commit = Commit::new(CommitKind::Rebuild, (mark >> 65) as i64, now);
    commit.adds = new.files().iter().map(added).collect();
    commit.removes = table.files().to_vec();
    commit.drops = table.unusable().iter().map(|file| file.path.clone()).collect();
    commit.done = new.progress().done().map(str::to_owned).collect();
    commit.done.sort();
    commit.seals = new.progress().sealed().collect();
    commit.totals = Some(new.progress().ledger);
    Ok(commit::commit(table, &commit).await? != Outcome::Conflict)
}

fn added(file: &LiveFile) -> NewFile {
    let midnight = file.partition.date.and_time(chrono::NaiveTime::MIN).and_utc();
    NewFile {
        path: file.path.clone(),
        partition: file.partition.clone(),
        bytes: file.bytes,
        rows: file.rows,
        received: (
            file.received_min.unwrap_or(midnight),
            file.received_max.unwrap_or(midnight + chrono::TimeDelta::days(1)),
        ),
    }
}

async fn copy(store: &Arc<dyn ObjectStore>, files: &[LiveFile]) -> Result<(), CompactError> {
    let copies = files.iter().map(|file| async move {
        let from = Path::from(layout::rebuilt_key(&file.path));
        let copied = store.copy(&from, &Path::from(file.key())).await;
        copied.map_err(|source| CompactError::store("copy", from.to_string(), source))
    });
    stream::iter(copies).buffer_unordered(COPIES).try_collect().await
}

/// Removes what was made beside the table. A mark tells a call that comes after this one was
/// interrupted that what is left is no table any more, whatever it looks like.
async fn remove(lake: &Lake) -> Result<(), CompactError> {
    let (store, mark) = (lake.store(), Path::from(layout::REBUILD_CLEARING));
    let failed = |source| CompactError::store("remove", layout::REBUILD, source);
    store.put(&mark, "".into()).await.map_err(failed)?;
    let place = Path::from(layout::REBUILD);
    let keys = store.list(Some(&place)).map_ok(|object| object.location).boxed();
    let mut removed = store.delete_stream(keys);
    while let Some(outcome) = removed.next().await {
        match outcome {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(source) => return Err(failed(source)),
        }
    }
    store.delete(&mark).await.map_err(failed)
}

/// Whether a call was interrupted while it removed what it had made.
async fn is_half_removed(lake: &Lake) -> Result<bool, CompactError> {
    match lake.store().head(&Path::from(layout::REBUILD_CLEARING)).await {
        Ok(_) => Ok(true),
        Err(object_store::Error::NotFound { .. }) => Ok(false),
        Err(source) => Err(CompactError::unread(layout::REBUILD_CLEARING, source)),
    }
}
