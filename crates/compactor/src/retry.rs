//! Records of the quarantine, read once more: a later version may read what an earlier one could not,
//! and a body that was missing may have come.
//!
//! An object at a time: what stands where its entries say is read as any record is, and one commit
//! holds the rows, takes the entries off the totals and releases those whose records could be read:
//! from then on, no reader sees them. An object of entries is deleted once all of them are released;
//! where that did not happen any more, the next call does it.
//!
//! Memory: 16 bytes for each entry, and a key for each of one raw object's that can be read again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Instant;

use futures::TryStreamExt;
use octolake_event::layout;
use octolake_lake::{CommitKind, Outcome, Retried, Table};
use octolake_store::Lake;
use serde::Serialize;

use crate::batch::Batch;
use crate::elsewhere;
use crate::error::CompactError;
use crate::quarantine::{self, Entry};
use crate::run::{Run, Surroundings};
use crate::scan::RawObject;
use crate::seal;
use crate::settings::Settings;

/// How often another may be first at one object, before it is left to the next call.
const MAX_CONFLICTS: u32 = 10;

/// What became of the quarantine. Its JSON is stable.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Retry {
    /// Entries that were looked at.
    pub entries: u64,
    /// Of them, those whose records could be read now; they are gone.
    pub released: u64,
    /// Of them, those that stay.
    pub kept: u64,
    /// Rows that came of them.
    pub stored: u64,
    /// Records that were in the lake by now.
    pub duplicates: u64,
    /// Raw objects that are not there any more, so that nothing can be read again.
    pub gone: Vec<String>,
    /// How long it took.
    pub seconds: f64,
}

/// Reads the records again whose entries `wanted` takes. `None`: nothing was ever compacted.
///
/// # Errors
/// Where the table or the store fails. What was committed before that stands.
pub async fn retry<'a>(
    lake: &'a Lake,
    wanted: impl Fn(&Entry) -> bool,
    settings: &'a Settings,
    surroundings: Surroundings<'a>,
) -> Result<Option<Retry>, CompactError> {
    let started = Instant::now();
    let Some(table) = Table::open(lake).await? else { return Ok(None) };
    let mut run = Run::new(lake, Some(table), settings, &surroundings, started);
    let mut retry = Retry::default();
    let objects = by_object(lake, wanted).await?;
    let days: BTreeSet<_> = objects.keys().filter_map(|key| layout::raw_day(key)).collect();
    seal::audit(&mut run, &days.into_iter().collect::<Vec<_>>()).await?;
    for (raw_key, entries) in objects {
        if run.is_out_of_time() {
            break;
        }
        read_object(lake, &mut run, &raw_key, entries, &mut retry).await?;
    }
    retry.kept = retry.entries - retry.released;
    retry.seconds = started.elapsed().as_secs_f64();
    Ok(Some(retry))
}

/// Where entries are in their raw object, in the order of their beginnings.
type Places = Vec<Range<u64>>;

async fn by_object(
    lake: &Lake,
    wanted: impl Fn(&Entry) -> bool,
) -> Result<BTreeMap<String, Places>, CompactError> {
    let mut objects: BTreeMap<String, Places> = BTreeMap::new();
    // With those that were released and are there still.
    let mut entries = std::pin::pin!(quarantine::all(lake, |_| false).await?);
    while let Some(listed) = entries.try_next().await? {
        let Some(entry) = listed.entry.filter(&wanted) else { continue };
        let place = entry.offset..entry.offset.saturating_add(entry.length.max(1));
        match objects.get_mut(&entry.raw_key) {
            Some(places) => places.push(place),
            None => drop(objects.insert(entry.raw_key, vec![place])),
        }
    }
    for places in objects.values_mut() {
        places.sort_unstable_by_key(|place| place.start);
    }
    Ok(objects)
}

/// Whether one of these places, of which none overlaps another, holds an offset.
pub(crate) fn is_within(places: &[Range<u64>], offset: u64) -> bool {
    let behind = places.partition_point(|place| place.start <= offset);
    behind.checked_sub(1).and_then(|at| places.get(at)).is_some_and(|place| place.contains(&offset))
}

/// The same places, without overlaps: lengths are what entries say of themselves.
fn joined(places: &[Range<u64>]) -> Places {
    let mut joined = Places::new();
    for place in places {
        match joined.last_mut() {
            Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
            _ => joined.push(place.clone()),
        }
    }
    joined
}

async fn read_object(
    lake: &Lake,
    run: &mut Run<'_>,
    raw_key: &str,
    places: Places,
    retry: &mut Retry,
) -> Result<(), CompactError> {
    let (old, open): (Places, Places) =
        places.into_iter().partition(|place| is_released(run, raw_key, place.start));
    retry.entries += open.len() as u64;
    let Some(object) = quarantine::raw_object(lake, raw_key).await? else {
        if !open.is_empty() {
            retry.gone.push(raw_key.to_owned());
        }
        return Ok(());
    };
    // What is not done yet is in no total: the next run reads it anyway.
    if !run.table.as_ref().is_some_and(|table| table.progress().is_done(raw_key)) {
        return Ok(());
    }
    let released = release(run, &object, &open, retry).await?;
    if released == 0 && old.is_empty() {
        return Ok(());
    }
    retry.released += released;
    let is_gone = |offset| is_released(run, raw_key, offset);
    let deleted = quarantine::clean(run.store.as_ref(), raw_key, is_gone).await?;
    // Those that an earlier call has released, and was ended before it deleted them.
    let old = old.iter().filter(|place| deleted.contains(&place.start)).count() as u64;
    retry.entries += old;
    retry.released += old;
    Ok(())
}

fn is_released(run: &Run<'_>, raw_key: &str, offset: u64) -> bool {
    let key = layout::quarantine_key(raw_key, offset);
    run.table.as_ref().is_some_and(|table| table.progress().is_released(&key))
}

/// Reads what stands at these places of an object, and releases the entries whose records can be
/// read; how many those are.
async fn release(
    run: &mut Run<'_>,
    object: &RawObject,
    places: &[Range<u64>],
    retry: &mut Retry,
) -> Result<u64, CompactError> {
    for _ in 0..MAX_CONFLICTS {
        elsewhere::look(run).await?;
        // What another has released since is his.
        let mut open = places.to_vec();
        open.retain(|place| !is_released(run, &object.key, place.start));
        if open.is_empty() {
            return Ok(0);
        }
        let mut batch = run.new_batch();
        let again = batch.read_again(&mut run.context(), object, &joined(&open)).await?;
        let broken = |place: &Range<u64>| again.broken.contains(&place.start);
        let read = open.iter().filter(|place| !broken(place));
        let key = |place: &Range<u64>| layout::quarantine_key(&object.key, place.start);
        let released: Vec<String> = read.map(key).collect();
        if released.is_empty() {
            return Ok(0);
        }
        // Those that are rows of this object anyway were never counted.
        let entries = open.iter().filter(|place| !again.rows.contains(&place.start)).count() as u64;
        let (counts, count) = (batch.counts, released.len() as u64);
        if commit(run, batch, Retried { entries, released }).await? {
            retry.stored += counts.stored;
            retry.duplicates += counts.duplicates;
            return Ok(count);
        }
    }
    Err(CompactError::Outrun(MAX_CONFLICTS))
}

/// Commits what came of an object's entries; false where another was first.
async fn commit(
    run: &mut Run<'_>,
    mut batch: Batch,
    retried: Retried,
) -> Result<bool, CompactError> {
    let partitions = batch.take_partitions(run.settings);
    let mut commit = run.commit_of(CommitKind::Append);
    commit.adds = partitions.finish(&mut run.sink).await?;
    commit.counts = batch.counts;
    commit.retried = Some(retried);
    Ok(run.publish(&commit).await? != Outcome::Conflict)
}
