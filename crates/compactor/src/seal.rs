//! Sealing days: what is done for good is told by a few numbers instead of one name per object.
//!
//! A day of `raw/` is sealed when it has been over for two days and every object that was listed
//! in it is done. Its seal goes into the log in a commit without files, and so does, bit by bit,
//! that its objects need not be remembered one by one. A run may end anywhere between: the seal
//! alone says that they are done, and what is left to forget is told by the log itself.
//!
//! An object that comes after the listing is not in the seal, whatever clock was ahead: an audit
//! finds it, and it is read then.

use std::collections::HashSet;

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use octolake_event::layout;
use octolake_lake::{Commit, CommitKind, Doubt, Outcome, Progress, SealedDay, Table};

use crate::error::CompactError;
use crate::run::Run;
use crate::scan::{self, Backlog, Days, ListedDay};

/// How long a day must be over.
const SETTLED: TimeDelta = TimeDelta::days(2);
/// How many days one commit seals: 200 bytes each in the log.
const DAYS_PER_COMMIT: usize = 1000;
/// How many names one commit forgets: about 100 bytes each.
const KEYS_PER_COMMIT: usize = 50_000;
/// How many commits of a run seal and forget; the next run goes on.
const COMMITS: usize = 8;
/// After so many names a checkpoint is written at once: what they were, nobody should have to read.
const CHECKPOINT_AFTER: usize = 10_000;

/// Seals the days that are ready.
pub(crate) async fn seal(run: &mut Run<'_>) -> Result<(), CompactError> {
    let mut forgotten = 0;
    for _ in 0..COMMITS {
        if run.is_out_of_time() {
            break;
        }
        let Some(commit) = plan(run) else { break };
        if run.publish(&commit).await? == Outcome::Conflict {
            // Another is at work: the next run looks anew.
            break;
        }
        forgotten += commit.forgotten.len();
        tracing::info!(days = commit.seals.len(), objects = commit.forgotten.len(), "days sealed");
    }
    if let Some(table) = run.table.as_mut().filter(|_| forgotten >= CHECKPOINT_AFTER)
        && let Err(error) = table.checkpoint().await
    {
        tracing::warn!(%error, "a checkpoint cannot be written; a later commit writes one");
    }
    Ok(())
}

/// Lists what is open of `raw/` and some of what is sealed, and notes where a seal is in doubt.
pub(crate) async fn survey(run: &mut Run<'_>) -> Result<Backlog, CompactError> {
    let progress = run.table.as_ref().map(Table::progress);
    let survey = scan::survey(run.lake, progress, Days::Audited(run.now())).await?;
    note_doubts(run.table.as_mut(), &survey.days);
    run.listed = survey.days;
    Ok(survey.backlog)
}

/// Looks whether the seals of these days hold, before somebody asks what of them is done.
pub(crate) async fn audit(run: &mut Run<'_>, days: &[NaiveDate]) -> Result<(), CompactError> {
    let progress = run.table.as_ref().map(Table::progress);
    let is_sealed = |day: &&NaiveDate| progress.is_some_and(|p| p.seal(**day).is_some());
    let sealed: Vec<NaiveDate> = days.iter().filter(is_sealed).copied().collect();
    let survey = scan::survey(run.lake, progress, Days::Named(&sealed)).await?;
    note_doubts(run.table.as_mut(), &survey.days);
    Ok(())
}

/// Notes in the table what was listed otherwise than its seal says.
pub(crate) fn note_doubts(table: Option<&mut Table>, days: &[ListedDay]) {
    let Some(table) = table else { return };
    for listed in days {
        if let Some(doubt) = &listed.doubt {
            tracing::warn!(day = %listed.day, "a sealed day has other raw objects than its seal");
            table.doubt(listed.day, doubt.clone());
        }
    }
}

/// The next commit of the step; `None` where there is nothing to seal or forget.
fn plan(run: &mut Run<'_>) -> Option<Commit> {
    let progress = run.table.as_ref().map(Table::progress)?;
    let seals = ready(run, progress);
    let sealed: HashSet<NaiveDate> = seals.iter().map(|sealed| sealed.day).collect();
    let is_told = |key: &&str| {
        layout::raw_day(key).is_some_and(|day| {
            let is_certain = !matches!(progress.doubt(day), Some(Doubt::Differs { .. }));
            sealed.contains(&day) || (progress.seal(day).is_some() && is_certain)
        })
    };
    let forgotten: Vec<String> =
        progress.done().filter(is_told).take(KEYS_PER_COMMIT).map(str::to_owned).collect();
    if seals.is_empty() && forgotten.is_empty() {
        return None;
    }
    let mut commit = run.commit_of(CommitKind::Merge);
    (commit.seals, commit.forgotten) = (seals, forgotten);
    Some(commit)
}

/// The days that can be sealed as they were listed.
fn ready(run: &Run<'_>, progress: &Progress) -> Vec<SealedDay> {
    let now = run.now();
    let is_over = |day: NaiveDate| {
        let midnight = day.succ_opt().map(|next| next.and_time(NaiveTime::MIN).and_utc());
        midnight.is_some_and(|midnight| now - midnight >= SETTLED)
    };
    let mut over = run.listed.iter().filter(|listed| is_over(listed.day)).peekable();
    if over.peek().is_none() {
        return vec![];
    }
    let pending = run.report.backlog.pending.iter();
    let pending: HashSet<NaiveDate> =
        pending.filter_map(|object| layout::raw_day(&object.key)).collect();
    let singles = scan::singles(progress);
    over.filter(|listed| !pending.contains(&listed.day))
        .filter_map(|listed| {
            let singles = singles.get(&listed.day).copied().unwrap_or_default();
            seal_of(listed, singles, progress)
        })
        .take(DAYS_PER_COMMIT)
        .collect()
}

/// The seal of a day of which no listed object is pending; `None` where it has that seal already,
/// or where another compactor has been at the day since it was listed.
fn seal_of(listed: &ListedDay, singles: u64, progress: &Progress) -> Option<SealedDay> {
    let ListedDay { day, listed, unlisted, .. } = *listed;
    if listed.count == 0 || progress.seal(day) == Some(listed) {
        return None;
    }
    let gone = match (progress.seal(day), progress.doubt(day)) {
        (None, _) if singles != listed.count + unlisted => return None,
        (None, _) => progress.known_gone(day).max(unlisted),
        (Some(_), Some(Doubt::Differs { .. })) => progress.known_gone(day),
        // It grew with its late objects, and another may be at it.
        (Some(_), _) => return None,
    };
    Some(SealedDay { day, seal: listed, gone })
}
