//! The proof that nothing was lost and nothing doubled.
//!
//! Three accounts of the same deliveries are laid beside each other: the totals that every commit
//! carried, the rows that are in the live files, and the records that are in the raw objects. Each
//! is read for itself; where they differ, the lake is not to be trusted. A deep verification reads
//! the live files whole, and holds every row against the record that it was made from.
//!
//! Memory: rows are held as a few numbers, a share of them at once ([`Share`]).

mod erased;
mod recount;
mod rows;
mod verdict;

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use octolake_event::layout;
use octolake_lake::{Counts, Progress, Table};
use octolake_store::Lake;

pub use self::verdict::{Check, Verdict};
use crate::error::CompactError;
use crate::objects;
use crate::scan::{self, Days, ListedDay, RawObject};
use crate::settings::Settings;
use crate::shares::Share;

/// How many offenders a failed check names.
const EXAMPLES: usize = 5;

/// How much of the lake a verification reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Of the live files the ids; of the raw objects all.
    Ids,
    /// Of the live files every byte.
    Bytes,
}

/// What the raw objects and the live files say, gathered over the shares of ids.
#[derive(Debug, Default)]
struct Findings {
    rows: u64,
    repeated: u64,
    /// Files that cannot be read, or are not as the log or their name says.
    unreadable: Vec<String>,
    counts: Counts,
    lost: u64,
    /// Rows that no raw object holds.
    unfounded: u64,
    /// Raw objects that are done and not there.
    gone: Vec<String>,
    /// Some of the ids that are repeated, of the records that are lost and of the rows that have no
    /// record, in words.
    examples_repeated: Vec<String>,
    examples_lost: Vec<String>,
    examples_unfounded: Vec<String>,
}

/// Lays the three accounts of a lake beside each other. `None`: nothing was ever compacted.
///
/// # Errors
/// Where the store fails; a file that is missing or unreadable is a failed check instead.
pub async fn verify(lake: &Lake, settings: &Settings) -> Result<Option<Verdict>, CompactError> {
    prove(lake, settings, Depth::Ids).await
}

/// [`verify`], as deep as is asked.
///
/// # Errors
/// As there.
pub async fn prove(
    lake: &Lake,
    settings: &Settings,
    depth: Depth,
) -> Result<Option<Verdict>, CompactError> {
    let Some(table) = Table::open(lake).await? else { return Ok(None) };
    let raw = RawObjects::list(lake, table.progress()).await?;
    let quarantined: HashSet<String> =
        objects::keys(lake.store().as_ref(), layout::QUARANTINE).await?;
    let said: u64 = table.files().iter().map(|file| file.rows).sum();
    let mut findings = Findings { gone: raw.gone.clone(), ..Findings::default() };
    for share in Share::all(said) {
        let mut rows = rows::read(lake, &table, share, depth, &mut findings).await?;
        let erased = erased::Erased::read(lake, table.progress(), share).await?;
        let mut recount =
            recount::Recount { lake, settings, depth, share, quarantined: &quarantined, erased };
        for object in &raw.done {
            recount.read(object, &mut rows, &mut findings).await?;
        }
        rows.conclude(depth, &mut findings);
    }
    // A record that is a row, and not the first one of its id, repeats it.
    findings.counts.duplicates -= findings.counts.stored.min(findings.counts.duplicates);
    Ok(Some(verdict::of(&table, depth, &raw, findings)))
}

/// The raw objects, as far as they are there.
struct RawObjects {
    done: Vec<RawObject>,
    pending: u64,
    /// Those that are done and not there: by their keys, or how many of a sealed day.
    gone: Vec<String>,
}

impl RawObjects {
    async fn list(lake: &Lake, progress: &Progress) -> Result<Self, CompactError> {
        let mut survey = scan::survey(lake, Some(progress), Days::All).await?;
        let mut pending = survey.backlog.pending.len() as u64;
        // Of a day that has lost some of its objects, those that are left are done.
        let lost: HashSet<NaiveDate> =
            survey.days.iter().filter(|day| day.has_lost()).map(|l| l.day).collect();
        let is_left = |object: &RawObject| {
            layout::raw_day(&object.key).is_some_and(|day| lost.contains(&day))
        };
        let left: Vec<_> = survey.backlog.pending.into_iter().filter(is_left).collect();
        pending -= left.len() as u64;
        survey.done.extend(left);
        let gone = gone(&survey.days, &survey.done, progress);
        Ok(Self { done: survey.done, pending, gone })
    }
}

/// What is done and not there.
fn gone(days: &[ListedDay], done: &[RawObject], progress: &Progress) -> Vec<String> {
    let there: HashSet<&str> = done.iter().map(|object| object.key.as_str()).collect();
    let is_open = |key: &&str| layout::raw_day(key).is_none_or(|d| progress.seal(d).is_none());
    let gone = progress.done().filter(|key| !there.contains(key)).filter(is_open);
    let mut gone: Vec<String> = gone.map(str::to_owned).collect();
    gone.sort();
    let listed: HashMap<NaiveDate, u64> = days.iter().map(|d| (d.day, d.listed.count)).collect();
    gone.extend(progress.sealed().filter_map(|sealed| {
        let there = listed.get(&sealed.day).copied().unwrap_or_default();
        let count = sealed.gone + sealed.seal.count.saturating_sub(there);
        let day = layout::raw_folder(sealed.day);
        (count > 0).then(|| format!("{count} raw objects of {day} are gone"))
    }));
    gone
}

fn note(examples: &mut Vec<String>, example: impl FnOnce() -> String) {
    if examples.len() < EXAMPLES {
        examples.push(example());
    }
}
