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
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_event::layout::{self, Partition};
use octolake_lake::{CommitKind, Outcome};

use crate::error::CompactError;
use crate::run::Run;

/// Deletes what is due, once per interval.
pub(crate) async fn vacuum(run: &mut Run<'_>) -> Result<(), CompactError> {
    if !is_due(run) || !raise_fence(run).await? {
        return Ok(());
    }
    let grace = TimeDelta::from_std(run.settings.vacuum_grace).unwrap_or(TimeDelta::MAX);
    run.report.files_vacuumed += delete_unwanted(run, grace, |_| true).await?;
    sweep(run, grace).await
}

/// Removes what killed processes left half-written.
async fn sweep(run: &mut Run<'_>, grace: TimeDelta) -> Result<(), CompactError> {
    let Some(table) = &run.table else { return Ok(()) };
    let Some(before) = table.committed_at().await?.checked_sub_signed(grace) else { return Ok(()) };
    let folders = [layout::EVENTS, layout::QUARANTINE, layout::ERASED];
    match run.lake.sweep(&folders, before.into()) {
        Ok(count) => run.report.files_vacuumed += count,
        // They cost room and nothing else.
        Err(error) => tracing::warn!(%error, "half-written files cannot be removed"),
    }
    Ok(())
}

/// Deletes files of these partitions that the table doesn't name and hasn't for the time of grace;
/// gives their number. The newest version must be a fence.
pub(crate) async fn delete_unwanted(
    run: &Run<'_>,
    grace: TimeDelta,
    among: impl Fn(&Partition) -> bool,
) -> Result<u64, CompactError> {
    let mut deleted = 0;
    for path in unwanted(run, grace, among).await? {
        // What is left is for the next vacuum.
        if run.is_out_of_time() {
            break;
        }
        let key = format!("{}/{path}", layout::EVENTS);
        match run.store.delete(&Path::from(key.as_str())).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => deleted += 1,
            Err(source) => return Err(CompactError::store("delete", key, source)),
        }
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

async fn unwanted(
    run: &Run<'_>,
    grace: TimeDelta,
    among: impl Fn(&Partition) -> bool,
) -> Result<Vec<String>, CompactError> {
    let Some(table) = &run.table else { return Ok(vec![]) };
    let raised = table.committed_at().await?;
    let before = raised.checked_sub_signed(grace).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let mut wanted: HashSet<String> = table.files().iter().map(|f| f.path.clone()).collect();
    if !grace.is_zero() {
        wanted.extend(table.removed_since(before).await?);
    }
    let prefix = Path::from(layout::EVENTS);
    let failed = |source| CompactError::store("list", layout::EVENTS, source);
    let objects: Vec<_> = run.store.list(Some(&prefix)).try_collect().await.map_err(failed)?;
    Ok(objects
        .into_iter()
        .filter(|object| object.last_modified < before)
        .filter_map(|object| {
            let path = object.location.as_ref().strip_prefix("events/")?.to_owned();
            let is_ours = Partition::of_file(&path).is_some_and(|partition| among(&partition));
            (is_ours && path.ends_with(".parquet") && !wanted.contains(&path)).then_some(path)
        })
        .collect())
}
