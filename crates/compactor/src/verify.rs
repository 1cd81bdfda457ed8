//! The proof that nothing was lost and nothing doubled.
//!
//! Three accounts of the same deliveries are laid beside each other: the totals that every commit
//! carried, the rows that are in the live files, and the records that are in the raw objects. Each
//! is read for itself; where they differ, the lake is not to be trusted. A deep verification reads
//! the live files whole, and holds every row against the record that it was made from.
//!
//! Each raw object and each live file is read once, whatever the size of the lake. What is compared
//! becomes a few numbers for each row and record, parted into shards ([`shards`]); then shard after
//! shard is laid beside each other ([`join`]). Small ones stay in memory, others go to a directory
//! ([`scratch`]), in which a verification that was stopped goes on ([`journal`]).
//!
//! Memory: one shard, some tens of megabytes, and [`Proof::memory_bytes`]; the names of all raw
//! objects, 8 bytes for each erased body, and of a raw object in reading what compaction holds of it.

mod erased;
mod gather;
mod join;
mod journal;
mod projection;
mod records;
mod rows;
mod scratch;
mod shards;
mod verdict;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use chrono::NaiveDate;
use futures::TryStreamExt;
use octolake_event::layout;
use octolake_lake::{Counts, Progress, Table};
use octolake_store::Lake;

use self::join::Join;
use self::records::{Quarantined, key_number};
use self::scratch::Scratch;
use self::shards::{Kind, Shards};
pub use self::verdict::{Check, Verdict};
use crate::error::CompactError;
use crate::quarantine;
use crate::scan::{self, Days, ListedDay, RawObject};
use crate::settings::Settings;

/// How many offenders a failed check names.
const EXAMPLES: usize = 5;

/// How much of the lake a verification reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Depth {
    /// Of the live files the ids; of the raw objects all.
    #[default]
    Ids,
    /// Of the live files every byte.
    Bytes,
}

/// How a verification goes about its work.
#[derive(Debug, Clone)]
pub struct Proof {
    /// How much of the lake it reads.
    pub depth: Depth,
    /// A directory to keep what was read of `raw/` in until the verification has come to its end,
    /// so that the next one goes on. Without it, one of its own in the folder for temporary files,
    /// if it needs one.
    pub scratch: Option<PathBuf>,
    /// How many shards to make; by the size of the lake where it is not said.
    pub shards: Option<u32>,
    /// Bytes of shards to hold before they are written to disk.
    pub memory_bytes: usize,
    /// Bytes of raw objects after which what was read is marked, for the next verification.
    pub mark_bytes: u64,
    /// How many raw objects to read at once.
    pub threads: usize,
}

impl Default for Proof {
    fn default() -> Self {
        Self {
            depth: Depth::Ids,
            scratch: None,
            shards: None,
            memory_bytes: 64 * 1024 * 1024,
            mark_bytes: 32 * 1024 * 1024,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// How far the reading of `raw/` has come, which is most of the work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Raw objects that are read.
    pub objects: u64,
    /// Of them, those that an earlier verification had read.
    pub known: u64,
    /// Their bytes, as they are stored.
    pub bytes: u64,
    /// All raw objects that are done.
    pub of_objects: u64,
    /// Their bytes, as they are stored.
    pub of_bytes: u64,
}

/// The first offenders of a kind, in the order of what they are told by.
#[derive(Debug)]
struct Examples<K>(Vec<(K, String)>);

impl<K> Default for Examples<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord> Examples<K> {
    fn note(&mut self, key: K, text: impl FnOnce() -> String) {
        let at = self.0.partition_point(|(other, _)| *other <= key);
        if at < EXAMPLES {
            self.0.insert(at, (key, text()));
            self.0.truncate(EXAMPLES);
        }
    }

    fn texts(&self) -> Vec<String> {
        self.0.iter().map(|(_, text)| text.clone()).collect()
    }
}

/// What the raw objects and the live files say.
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
    /// Some of the ids that are repeated, of the records that are lost (by raw object and offset),
    /// and of the rows that have no record, in words.
    examples_repeated: Examples<u128>,
    examples_lost: Examples<(usize, u64)>,
    examples_unfounded: Examples<u128>,
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
    prove_with(lake, settings, &Proof { depth, ..Proof::default() }, &mut |_| {}).await
}

/// [`verify`], in the way that `proof` says; `on_progress` is told of it after each raw object.
///
/// # Errors
/// As there, and where the disk fails that a large lake needs, or its directory is not to be
/// trusted.
pub async fn prove_with(
    lake: &Lake,
    settings: &Settings,
    proof: &Proof,
    on_progress: &mut (dyn FnMut(&Reading) + Send),
) -> Result<Option<Verdict>, CompactError> {
    let Some(table) = Table::open(lake).await? else { return Ok(None) };
    let raw = RawObjects::list(lake, table.progress()).await?;
    let scratch = match &proof.scratch {
        Some(parent) => Scratch::kept(parent, lake.name())?,
        None => Scratch::temporary(),
    };
    let mut shards = Shards::new(scratch, proof.memory_bytes);
    let (header, asked) = gather::header(lake, &table, settings, proof, &raw);
    let left = journal::open(&mut shards, &header)?;
    let kept = (&mut shards, left);
    let numbers = gather::read(lake, settings, asked, &raw, kept, (proof, on_progress)).await?;
    let mut findings = Findings { gone: raw.gone.clone(), ..Findings::default() };
    rows::read(lake, &table, proof.depth, &mut shards, &mut findings).await?;
    let erased = erased::Erased::read(lake, &table, &mut shards).await?;
    read_quarantine(lake, table.progress(), &mut shards).await?;
    let join = Join::new(proof.depth, &raw, &numbers, &erased);
    join.all(&mut shards, &mut findings)?;
    shards.scratch.finish();
    // A record that is a row, and not the first one of its id, repeats it.
    findings.counts.duplicates -= findings.counts.stored.min(findings.counts.duplicates);
    let mut verdict = verdict::of(&table, proof.depth, &raw, findings);
    verdict.add(projection::check(lake, &table).await?);
    Ok(Some(verdict))
}

/// Reads the places of the quarantine's entries into shards.
async fn read_quarantine(
    lake: &Lake,
    progress: &Progress,
    shards: &mut Shards,
) -> Result<(), CompactError> {
    let entries = quarantine::all(lake, |key| progress.is_released(key)).await?;
    let mut entries = std::pin::pin!(entries);
    while let Some(listed) = entries.try_next().await? {
        if let Some(entry) = listed.entry {
            let raw_key = key_number(&entry.raw_key);
            let place = Quarantined { raw_key, offset: entry.offset };
            shards.push_by_place(Kind::Entries, (raw_key, entry.offset), &place)?;
        }
    }
    Ok(())
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
