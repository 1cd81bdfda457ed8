//! Small files become larger ones, within their partition, in commits of their own.
//!
//! ```text
//! plan (which files, and why) ─▶ rewrite, several at once ─▶ a commit of all that are ready
//! ```
//!
//! A partition whose files cannot be merged stays as it is and is reported; the others go on. When
//! time is up, what is ready is committed and what is not is left: nothing of it is in the table.

mod pace;
mod plan;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use futures::{StreamExt, stream};
use octolake_lake::{CommitKind, LiveFile, NewFile, Outcome};
use serde::Serialize;
use tokio::sync::Semaphore;

use self::pace::Pace;
use self::plan::Merge;
pub use self::plan::Reason;
use crate::error::{CompactError, Kind};
use crate::report::Skipped;
use crate::rewrite::{EndOnDrop, Limit, Rewrite, Workshop};
use crate::run::Run;

/// Bytes and files that one commit may replace: one that is overtaken has worked for nothing, and
/// each one costs another reading of the log.
const COMMIT_BYTES: u64 = 256 << 20;
const COMMIT_FILES: usize = 1_000;
/// Merges to have begun at once: most of the small ones wait for the store.
const MERGES: usize = 16;
/// What memory is shared out in, in bytes.
const MEMORY_UNIT: u64 = 1 << 20;
/// How often others may be first with commits that leave the merged files alone.
const MAX_CONFLICTS: u32 = 20;

/// A merge that is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedMerge {
    /// The partition's folder, relative to the table.
    pub partition: String,
    /// How many of its files are to become one.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Why.
    pub reason: Reason,
}

/// A merge that waits for its commit.
type Ready = (Merge, Vec<NewFile>);

/// What is due, as a dry run tells it.
pub(crate) fn planned(run: &Run<'_>) -> Vec<PlannedMerge> {
    let tell = |merge: Merge| PlannedMerge {
        partition: merge.partition.folder(),
        files: merge.files.len(),
        bytes: merge.bytes(),
        reason: merge.reason,
    };
    let today = run.now().date_naive();
    let due = plan::plan(run.files(), run.settings, today, u64::MAX, |f| is_of(run, &f.path));
    due.into_iter().map(tell).collect()
}

/// Whether anything is to be merged, of what was there before this run.
pub(crate) fn is_due(run: &Run<'_>) -> bool {
    let today = run.now().date_naive();
    plan::is_due(run.files(), run.settings, today, |file| is_of(run, &file.path))
}

/// What to merge next, but for the partitions that could not be merged.
fn due(run: &Run<'_>, pace: &Pace) -> Vec<Merge> {
    let (today, left) = (run.now().date_naive(), run.merging_deadline().left());
    let is_fresh = |file: &LiveFile| is_of(run, &file.path);
    let mut due = pace.choose(run.files(), run.settings, today, left, is_fresh);
    let skipped: HashSet<&str> =
        run.report.skipped.iter().map(|it| it.partition.as_str()).collect();
    if !skipped.is_empty() {
        due.retain(|merge| !skipped.contains(merge.partition.folder().as_str()));
    }
    due
}

/// Whether this run has written a file.
fn is_of(run: &Run<'_>, path: &str) -> bool {
    path.contains(&run.sink.run_id)
}

/// Makes the merges that are due, as far as time allows: all of them where there is no deadline, and
/// else in rounds of which each tells how much the next may take on.
pub(crate) async fn merge(run: &mut Run<'_>) -> Result<(), CompactError> {
    let shop = workshop(run);
    let _end = EndOnDrop(shop.limit.clone());
    let mut pace = Pace::new(run.settings.threads);
    let mut goes_on = true;
    while goes_on && !run.merging_deadline().is_over() {
        let (started, before) = (Instant::now(), run.report.bytes_merged);
        let due = due(run, &pace);
        let is_whole = make(run, &shop, due).await?;
        let merged = run.report.bytes_merged - before;
        goes_on = is_whole && merged > 0 && run.settings.deadline.is_some();
        pace.note(merged, started.elapsed());
    }
    run.sink.number = shop.number.load(Ordering::Relaxed);
    Ok(())
}

/// Makes merges, some of them in each commit; false where this run had better stop.
async fn make(
    run: &mut Run<'_>,
    shop: &Workshop,
    merges: Vec<Merge>,
) -> Result<bool, CompactError> {
    let mut due = merges.into_iter().peekable();
    while due.peek().is_some() && !run.merging_deadline().is_over() {
        let (mut some, mut bytes, mut files) = (Vec::new(), 0, 0);
        while let Some(merge) = due.next_if(|_| bytes < COMMIT_BYTES && files < COMMIT_FILES) {
            bytes += merge.bytes();
            files += merge.files.len();
            some.push(merge);
        }
        let fence = fence(run);
        let (ready, refused) = rewrite_all(run, shop, some).await;
        if !publish(run, ready, fence).await? {
            return Ok(false);
        }
        refused.map_or(Ok(()), Err)?;
    }
    Ok(true)
}

/// What this run's rewritings have in common.
pub(crate) fn workshop(run: &Run<'_>) -> Workshop {
    let threads = run.settings.threads.max(1);
    Workshop {
        store: run.store.clone(),
        run_id: run.sink.run_id.as_str().into(),
        number: Arc::new(AtomicU32::new(run.sink.number)),
        threads: Arc::new(Semaphore::new(threads)),
        target_bytes: run.settings.target_file_bytes,
        limit: Limit { at: run.merging_deadline().at(), ..Limit::default() },
        now: run.now(),
    }
}

fn fence(run: &Run<'_>) -> Option<i64> {
    run.table.as_ref().map(|table| table.progress().fence)
}

/// Makes merges, several at once; gives those that are ready, and what the store said if it refused.
async fn rewrite_all(
    run: &mut Run<'_>,
    shop: &Workshop,
    merges: Vec<Merge>,
) -> (Vec<Ready>, Option<CompactError>) {
    let all_units = all_memory_units(run);
    let memory = Arc::new(Semaphore::new(all_units as usize));
    let rewrites = merges.into_iter().map(|merge| {
        let (memory, shop) = (memory.clone(), shop.clone());
        async move {
            // It is never closed.
            let _share = memory.acquire_many_owned(memory_units(&merge, all_units)).await.ok();
            let files = merge.files.iter().map(|file| (file.clone(), BTreeSet::new())).collect();
            let rewrite = Rewrite { partition: merge.partition.clone(), files };
            let written = rewrite.run(shop).await;
            (merge, written)
        }
    });
    let (mut ready, mut refused) = (Vec::new(), None);
    let mut rewrites = stream::iter(rewrites).buffer_unordered(MERGES);
    while let Some((merge, written)) = rewrites.next().await {
        match written {
            Ok(Some(files)) => ready.push((merge, files)),
            Ok(None) => {}
            Err(error) if matches!(error.kind(), Kind::File(_) | Kind::Object(_)) => {
                let (partition, error) = (merge.partition.folder(), error.to_string());
                tracing::error!(partition, error, "a partition's files cannot be merged");
                run.report.skipped.push(Skipped { partition, error });
            }
            Err(error) => refused = Some(error),
        }
    }
    (ready, refused)
}

/// What a merge holds at most: its largest file while it is read, and all that it writes.
fn memory_units(merge: &Merge, most: u32) -> u32 {
    let largest = merge.files.iter().map(|file| file.bytes).max().unwrap_or_default();
    let units = (merge.bytes() + largest).div_ceil(MEMORY_UNIT);
    u32::try_from(units).unwrap_or(most).clamp(1, most)
}

/// What the merges that have begun may read and write together: what is read of a file and all that
/// is written are in memory. Nothing of the appending is, by then.
fn all_memory_units(run: &Run<'_>) -> u32 {
    let bytes = 4 * run.settings.encoded_bytes as u64;
    u32::try_from(bytes / MEMORY_UNIT).unwrap_or(u32::MAX).max(1)
}

/// Commits merges; false where this run had better stop. Where others were first, those whose files
/// are all in the table still are as good as before, unless what they wrote may have been deleted by
/// a vacuum since `fence`.
async fn publish(
    run: &mut Run<'_>,
    mut ready: Vec<Ready>,
    fence_before: Option<i64>,
) -> Result<bool, CompactError> {
    for _ in 0..MAX_CONFLICTS {
        if ready.is_empty() {
            return Ok(true);
        }
        let mut commit = run.commit_of(CommitKind::Merge);
        commit.adds = ready.iter().flat_map(|(_, files)| files.clone()).collect();
        commit.removes = ready.iter().flat_map(|(merge, _)| merge.files.clone()).collect();
        if let Outcome::Committed(version) = run.publish(&commit).await? {
            let (added, removed) = (commit.adds.len(), commit.removes.len());
            tracing::info!(version, added, removed, "files merged");
            run.report.count_merges(&commit);
            return Ok(true);
        }
        if fence(run) != fence_before {
            break;
        }
        let live: HashSet<&str> = run.files().iter().map(|file| file.path.as_str()).collect();
        let is_there =
            |(merge, _): &Ready| merge.files.iter().all(|f| live.contains(f.path.as_str()));
        ready.retain(is_there);
    }
    Ok(false)
}
