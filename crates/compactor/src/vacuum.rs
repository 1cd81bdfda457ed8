//! Deleting files that no reader can want any more: merged away long ago, or written by a run that
//! never got to commit them.
//!
//! A run that hangs can come back after any time, and commit files that were written before it
//! hung. So a vacuum begins with a commit of its own, the fence: whoever wrote files before it and
//! commits after it comes second, sees the fence, and reads anew (`Run::is_overtaken`). Only files
//! that are older than the fence are deleted, by the clock of the store that dates both: what this
//! machine's clock says costs no file.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use octolake_event::layout::{self, Partition};
use octolake_lake::{CommitKind, Outcome};

use crate::error::CompactError;
use crate::objects;
use crate::run::Run;

/// Files to delete between two looks at the clock: S3 takes a thousand in a request, several at once.
const BULK: usize = 4_000;

/// Deletes what is due, once per interval.
pub(crate) async fn vacuum(run: &mut Run<'_>) -> Result<(), CompactError> {
    if !is_due(run) || !raise_fence(run).await? {
        return Ok(());
    }
    let grace = TimeDelta::from_std(run.settings.vacuum_grace).unwrap_or(TimeDelta::MAX);
    let Some(table) = &run.table else { return Ok(()) };
    let before = table.committed_at().await?.checked_sub_signed(grace);
    let before = before.unwrap_or(DateTime::<Utc>::MIN_UTC);
    let mut spared = HashSet::new();
    if !grace.is_zero() {
        spared.extend(table.removed_since(before).await?);
    }
    run.report.files_vacuumed += delete_unwanted(run, before, spared, |_| true).await?;
    sweep(run, before);
    Ok(())
}

/// Removes what killed processes left half-written.
fn sweep(run: &mut Run<'_>, before: DateTime<Utc>) {
    let folders = [layout::EVENTS, layout::QUARANTINE, layout::ERASED];
    match run.lake.sweep(&folders, before.into()) {
        Ok(count) => run.report.files_vacuumed += count,
        // They cost room and nothing else.
        Err(error) => tracing::warn!(%error, "half-written files cannot be removed"),
    }
}

/// Deletes all files of these partitions from before the fence that the table doesn't name; gives
/// their number. The newest version must be a fence.
pub(crate) async fn delete_all_unwanted(
    run: &Run<'_>,
    among: impl Fn(&Partition) -> bool,
) -> Result<u64, CompactError> {
    let Some(table) = &run.table else { return Ok(0) };
    let before = table.committed_at().await?;
    delete_unwanted(run, before, HashSet::new(), among).await
}

/// Deletes files of these partitions from before that time that the table doesn't name and that are
/// not spared.
async fn delete_unwanted(
    run: &Run<'_>,
    before: DateTime<Utc>,
    spared: HashSet<String>,
    among: impl Fn(&Partition) -> bool,
) -> Result<u64, CompactError> {
    let unwanted = unwanted(run, before, &spared, among).await?;
    let mut deleted = 0;
    for some in unwanted.chunks(BULK) {
        // What is left is for the next vacuum.
        if run.is_out_of_time() {
            break;
        }
        deleted += objects::delete_all(run.store.as_ref(), some).await?;
    }
    Ok(deleted)
}

fn is_due(run: &Run<'_>) -> bool {
    let now = run.now();
    let interval = TimeDelta::from_std(run.settings.vacuum_interval).unwrap_or(TimeDelta::MAX);
    let last = run.table.as_ref().and_then(|table| table.progress().vacuumed_at);
    // Both ways: a vacuum that a clock dated years ahead must not be the last one for years.
    let is_due = last.is_none_or(|last| (now - last).abs() >= interval);
    is_due && !run.files().is_empty() && !run.is_out_of_time()
}

/// False where another was first: it may be vacuuming, and the next run will see.
async fn raise_fence(run: &mut Run<'_>) -> Result<bool, CompactError> {
    let mut commit = run.commit_of(CommitKind::Merge);
    commit.vacuumed = true;
    let Some(table) = &mut run.table else { return Ok(false) };
    let is_raised = table.commit(&commit).await? != Outcome::Conflict;
    run.report.conflicts += u64::from(!is_raised);
    run.report.commits += u64::from(is_raised);
    Ok(is_raised)
}

/// The keys of what may go, as far as there is time to look for it.
async fn unwanted(
    run: &Run<'_>,
    before: DateTime<Utc>,
    spared: &HashSet<String>,
    among: impl Fn(&Partition) -> bool,
) -> Result<Vec<Path>, CompactError> {
    let live: HashSet<&str> = run.files().iter().map(|file| file.path.as_str()).collect();
    let is_unwanted = |object: &ObjectMeta| {
        let path = object.location.as_ref().strip_prefix("events/").unwrap_or_default();
        let is_ours = || Partition::of_file(path).is_some_and(|partition| among(&partition));
        object.last_modified < before
            && path.ends_with(".parquet")
            && !live.contains(path)
            && !spared.contains(path)
            && is_ours()
    };
    let failed = |source| CompactError::store("list", layout::EVENTS, source);
    let mut objects = run.store.list(Some(&Path::from(layout::EVENTS)));
    let mut unwanted = Vec::new();
    while let Some(object) = objects.try_next().await.map_err(failed)? {
        if is_unwanted(&object) {
            unwanted.push(object.location);
        }
        if run.is_out_of_time() {
            break;
        }
    }
    Ok(unwanted)
}
