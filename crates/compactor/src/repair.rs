//! Live files that are not there any more, or that cannot be used: which they are, and a way on.
//!
//! A file that is taken out of the table takes its rows with it. So the days around its own are
//! opened in the same commit: every raw object of them is read again by the next run, and of what
//! they hold only the lost rows are unknown. A fence goes with it, as with an erasure.

use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};
use octolake_event::layout;
use octolake_lake::{CommitKind, Erased, LiveFile, Outcome, Reached, Table, Unusable};
use octolake_store::Lake;
use serde::Serialize;

use crate::elsewhere;
use crate::error::CompactError;
use crate::objects;
use crate::run::{Run, Surroundings};
use crate::settings::Settings;

/// How often another may be first, before the next call has to do it.
const MAX_CONFLICTS: u32 = 10;

/// What is wrong with the table's files. Its JSON is stable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Repair {
    /// Files that the table names and that cannot be read.
    pub broken: Vec<Unusable>,
    /// Rows that were in them, as far as the log tells.
    pub rows: u64,
    /// Arrival days whose raw objects the next run reads again.
    pub days: Vec<NaiveDate>,
    /// Whether they were taken out of the table.
    pub dropped: bool,
}

/// Finds the live files that are not there or cannot be used; a run that is no dry run takes them
/// out of the table and has their raw objects read again by the next [`crate::compact`]. `None`:
/// nothing was ever compacted.
///
/// # Errors
/// Where the table or the store fails. The table is as it was then.
pub async fn repair<'a>(
    lake: &'a Lake,
    settings: &'a Settings,
    surroundings: Surroundings<'a>,
) -> Result<Option<Repair>, CompactError> {
    let Some(table) = Table::open(lake).await? else { return Ok(None) };
    let started = std::time::Instant::now();
    let mut run = Run::new(lake, Some(table), settings, &surroundings, started);
    for _ in 0..MAX_CONFLICTS {
        elsewhere::look(&mut run).await?;
        let (missing, mut repair) = look(&run).await?;
        if settings.dry_run || repair.broken.is_empty() {
            return Ok(Some(repair));
        }
        let mut commit = run.commit_of(CommitKind::Erase);
        let Some(table) = &mut run.table else { return Ok(None) };
        commit.drops = table.unusable().iter().map(|file| file.path.clone()).collect();
        commit.removes = missing;
        let days: BTreeSet<NaiveDate> = repair.days.iter().copied().collect();
        let is_of_one = |key: &&str| layout::raw_day(key).is_some_and(|day| days.contains(&day));
        commit.forgotten = table.progress().done().filter(is_of_one).map(str::to_owned).collect();
        // What was read of others in part may have been in these files too.
        let begun = table.progress().begun().filter(is_of_one);
        commit.reached = begun.map(|key| (key.to_owned(), Reached::default())).collect();
        commit.unsealed = repair.days.clone();
        commit.erased = Some(Erased { rows: repair.rows, ..Erased::default() });
        if run.publish(&commit).await? != Outcome::Conflict {
            repair.dropped = true;
            return Ok(Some(repair));
        }
    }
    Err(CompactError::Outrun(MAX_CONFLICTS))
}

/// The live files that are not there, and all that cannot be read.
async fn look(run: &Run<'_>) -> Result<(Vec<LiveFile>, Repair), CompactError> {
    let there: BTreeSet<String> = objects::keys(run.store.as_ref(), layout::EVENTS).await?;
    let is_missing = |file: &&LiveFile| !there.contains(&file.key());
    let missing: Vec<LiveFile> = run.files().iter().filter(is_missing).cloned().collect();
    let lost = missing
        .iter()
        .map(|file| Unusable { path: file.path.clone(), reason: "it is not there".to_owned() });
    let mut broken = run.table.as_ref().map_or(&[][..], Table::unusable).to_vec();
    let dates = missing.iter().map(|file| file.partition.date);
    let dates = dates.chain(broken.iter().filter_map(|file| layout::date_of_file(&file.path)));
    // A delivery lands by its arrival, at the edge of a day in the one beside it.
    let around = |date: NaiveDate| {
        (-1..=1).filter_map(move |by| date.checked_add_signed(TimeDelta::days(by)))
    };
    let days: BTreeSet<NaiveDate> = dates.flat_map(around).collect();
    broken.extend(lost);
    let rows = missing.iter().map(|file| file.rows).sum();
    Ok((missing, Repair { broken, rows, days: days.into_iter().collect(), dropped: false }))
}
