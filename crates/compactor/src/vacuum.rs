//! Deleting files that no reader can want any more: merged away long ago, or written by a run that
//! never got to commit them.
//!
//! A run that hangs can come back after any time, and commit files that were written before it
//! hung. So a vacuum begins with a commit of its own, the fence: whoever wrote files before it and
//! commits after it comes second, sees the fence, and reads anew (`append::is_overtaken`). Only files
//! that are older than the fence are deleted, by the clock of the store that dates both: what this
//! machine's clock says costs no file.

mod delete;
mod plan;

use chrono::TimeDelta;
use octolake_event::layout::Partition;
use octolake_lake::{CommitKind, Outcome};

use self::plan::Plan;
pub(crate) use self::plan::planned;
pub use self::plan::{PlannedVacuum, Unwanted};
use crate::error::CompactError;
use crate::project;
use crate::run::Run;

/// Deletes what is due, once per interval.
pub(crate) async fn vacuum(run: &mut Run<'_>) -> Result<(), CompactError> {
    if !is_due(run) || !raise_fence(run).await? {
        return Ok(());
    }
    let Some(table) = &run.table else { return Ok(()) };
    let plan = Plan::with_grace(table, grace(run)).await?;
    let files = plan.files(run, |_| true).await?;
    run.report.files_vacuumed += delete::delete(run, files).await?;
    run.report.files_vacuumed += delete::sweep(run, plan.before());
    run.report.projection.files_vacuumed += project::vacuum(run, grace(run)).await;
    Ok(())
}

/// Deletes all files of these partitions from before the fence that the table doesn't name; gives
/// their number. The newest version must be a fence.
pub(crate) async fn delete_all_unwanted(
    run: &Run<'_>,
    among: impl Fn(&Partition) -> bool,
) -> Result<u64, CompactError> {
    let Some(table) = &run.table else { return Ok(0) };
    let plan = Plan::with_grace(table, TimeDelta::zero()).await?;
    delete::delete(run, plan.files(run, among).await?).await
}

/// How long a file stays that nobody needs.
fn grace(run: &Run<'_>) -> TimeDelta {
    TimeDelta::from_std(run.settings.vacuum_grace).unwrap_or(TimeDelta::MAX)
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
    Ok(run.publish(&commit).await? != Outcome::Conflict)
}
