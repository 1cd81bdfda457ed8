//! What other engines have deleted stays out.
//!
//! Who deletes rows of a Delta table writes the file anew without them; when the raw object of those
//! rows is read once more, nothing of the table says that they were ever there. So before a run
//! reads anything, it looks at what others have committed since the last look:
//!
//! ```text
//! files that others took out ─▶ their ids, minus the ids that are in the table now ─▶ a list, as an
//! erasure leaves it ─▶ a commit with the list and a fence
//! ```
//!
//! * Nobody's row is listed that is in the table: moved, updated or restored, and whatever engine
//!   did it, a row that is there is not deleted. Ids are looked for near the date of their file and
//!   in every file that another engine has put in.
//! * The list holds ids alone. [`crate::erase()`] keeps a body out under every id; who deletes a
//!   repetition with some other engine wants to keep the first.
//! * The fence makes every run that is at work read anew, with the list.
//! * A file that a vacuum has deleted tells nothing: it is named in the report, and so are those of
//!   which somebody has lost what replaced them. What can't be told is never listed.
//!
//! Ids of a quarter of a million rows are in memory at once, and as many are looked for together.

mod gone;

use octolake_lake::{CommitKind, Elsewhere, Erased, Outcome, Table};

use self::gone::Gone;
use crate::commit;
use crate::error::CompactError;
use crate::objects;
use crate::run::Run;

/// How often others may be first, before the next run has to do it.
const MAX_CONFLICTS: u32 = 20;
/// So many commits of others are looked at again by each run, before one tells that they were.
const TOLD_AFTER: u64 = 20;

/// Looks at what other engines have committed since the last look, and lists what they deleted.
/// Of a table that nobody else writes, this is nothing at all.
pub(crate) async fn look(run: &mut Run<'_>) -> Result<(), CompactError> {
    if run.settings.dry_run {
        return Ok(());
    }
    for _ in 0..MAX_CONFLICTS {
        let Some(table) = run.table.as_ref().filter(|table| table.unlooked() > 0) else {
            return Ok(());
        };
        let elsewhere = table.elsewhere().await?;
        if is_unclear(table, &elsewhere) {
            return Ok(());
        }
        let gone = gone::find(run, &elsewhere).await?;
        if tell(run, &elsewhere, gone).await? {
            return Ok(());
        }
        run.report.conflicts += 1;
    }
    Err(CompactError::Outrun(MAX_CONFLICTS))
}

/// Whether a file that others have put in cannot be used as it is: what it holds may be told later,
/// when it is mended or dropped.
fn is_unclear(table: &Table, elsewhere: &Elsewhere) -> bool {
    table.unusable().iter().any(|file| elsewhere.added.contains_key(&file.path))
}

/// Commits what was found, if there is anything to say; false where another was first.
async fn tell(run: &mut Run<'_>, elsewhere: &Elsewhere, gone: Gone) -> Result<bool, CompactError> {
    // What can't be told is said once.
    let is_untold = elsewhere.untold > 0 || !gone.untold.is_empty();
    let is_behind = run.table.as_ref().is_some_and(|table| table.unlooked() > TOLD_AFTER);
    let mut commit = run.commit_of(CommitKind::Merge);
    let Some(table) = &mut run.table else { return Ok(true) };
    if !gone.lists.is_empty() || gone.rows != 0 {
        commit.kind = CommitKind::Erase;
        let rows = u64::try_from(gone.rows).unwrap_or_default();
        commit.erased = Some(Erased { rows, lists: gone.lists.clone(), before: None });
        if gone.rows < 0 {
            // More rows came back than went.
            let mut totals = table.progress().ledger;
            totals.rows_erased = totals.rows_erased.saturating_sub(gone.rows.unsigned_abs());
            commit.totals = Some(totals);
        }
    }
    let (before, version) = (table.looked(), table.version());
    table.set_looked();
    if commit.erased.is_some() || is_untold || is_behind {
        if commit::commit(table, &commit).await? == Outcome::Conflict {
            // Unless whoever was first has looked: that told a later version.
            if table.looked() == Some(version) {
                table.unset_looked(before);
            }
            for (key, _) in &gone.lists {
                // One that stays, as where a policy forbids it, costs room and nothing else.
                objects::delete(run.store.as_ref(), key).await.ok();
            }
            return Ok(false);
        }
        run.report.commits += 1;
    }
    note(run, elsewhere, gone);
    Ok(true)
}

fn note(run: &mut Run<'_>, elsewhere: &Elsewhere, gone: Gone) {
    if gone.deleted > 0 {
        tracing::info!(rows = gone.deleted, "another engine has deleted rows: they stay out");
    }
    run.report.deleted_elsewhere += gone.deleted;
    run.report.untold.extend(gone.untold);
    if elsewhere.untold > 0 {
        let text = format!("{} commits that the log has no more", elsewhere.untold);
        run.report.untold.push(text);
    }
    for what in &run.report.untold {
        tracing::warn!(what, "it can't be told which rows another engine deleted");
    }
}
