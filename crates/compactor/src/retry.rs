//! Records of the quarantine, read once more: a later version may read what an earlier one could not,
//! and a body that was missing may have come.
//!
//! An object at a time: what stands where its entries say is read as any record is, and one commit
//! holds the rows, takes the entries off the totals and releases those whose records could be read.
//! Then the released entries are deleted; where that did not happen any more, the next call does it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Instant;

use futures::TryStreamExt;
use octolake_event::layout;
use octolake_lake::{CommitKind, Outcome, Retried, Table};
use octolake_store::Lake;
use serde::Serialize;

use crate::batch::Batch;
use crate::error::CompactError;
use crate::objects;
use crate::quarantine::{self, Entry};
use crate::run::{Run, Surroundings};
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
        retry.entries += entries.len() as u64;
        read_object(lake, &mut run, &raw_key, entries, &mut retry).await?;
    }
    retry.kept = retry.entries - retry.released;
    retry.seconds = started.elapsed().as_secs_f64();
    Ok(Some(retry))
}

/// Where the entries are, by raw object.
type Places = Vec<(String, Range<u64>)>;

async fn by_object(
    lake: &Lake,
    wanted: impl Fn(&Entry) -> bool,
) -> Result<BTreeMap<String, Places>, CompactError> {
    let mut objects: BTreeMap<String, Places> = BTreeMap::new();
    let mut entries = std::pin::pin!(quarantine::list(lake).await?);
    while let Some(listed) = entries.try_next().await? {
        let Some(entry) = listed.entry.filter(&wanted) else { continue };
        // An entry tells its place twice; one that contradicts itself is somebody else's.
        if layout::quarantine_key(&entry.raw_key, entry.offset) == listed.key {
            let end = entry.offset.saturating_add(entry.length.max(1));
            objects.entry(entry.raw_key).or_default().push((listed.key, entry.offset..end));
        }
    }
    Ok(objects)
}

async fn read_object(
    lake: &Lake,
    run: &mut Run<'_>,
    raw_key: &str,
    entries: Places,
    retry: &mut Retry,
) -> Result<(), CompactError> {
    let Some(object) = quarantine::raw_object(lake, raw_key).await? else {
        retry.gone.push(raw_key.to_owned());
        return Ok(());
    };
    // What is not done yet is in no total: the next run reads it anyway.
    if !run.table.as_ref().is_some_and(|table| table.progress().is_done(raw_key)) {
        return Ok(());
    }
    for _ in 0..MAX_CONFLICTS {
        let is_released =
            |key: &str| run.table.as_ref().is_some_and(|table| table.progress().is_released(key));
        let (old, open): (Places, Places) =
            entries.iter().cloned().partition(|(key, _)| is_released(key));
        delete(run, old.iter().map(|(key, _)| key.as_str()), retry).await?;
        let places: Vec<Range<u64>> = open.iter().map(|(_, place)| place.clone()).collect();
        if places.is_empty() {
            return Ok(());
        }
        let mut batch = run.new_batch();
        let again = batch.read_again(&mut run.context(), &object, &places).await?;
        let (stale, open): (Places, Places) =
            open.into_iter().partition(|(_, place)| again.rows.contains(&place.start));
        delete(run, stale.iter().map(|(key, _)| key.as_str()), retry).await?;
        let entries = open.len() as u64;
        let read = open.into_iter().filter(|(_, place)| !again.broken.contains(&place.start));
        let released: Vec<String> = read.map(|(key, _)| key).collect();
        if released.is_empty() {
            return Ok(());
        }
        let counts = batch.counts;
        let retried = Retried { entries, released: released.clone() };
        if commit(run, batch, retried).await? {
            retry.stored += counts.stored;
            retry.duplicates += counts.duplicates;
            return delete(run, released.iter().map(String::as_str), retry).await;
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
    let Some(table) = &mut run.table else { return Ok(true) };
    Ok(table.commit(&commit).await? != Outcome::Conflict)
}

async fn delete(
    run: &Run<'_>,
    keys: impl Iterator<Item = &str>,
    retry: &mut Retry,
) -> Result<(), CompactError> {
    for key in keys {
        objects::delete(run.store.as_ref(), key).await?;
        retry.released += 1;
    }
    Ok(())
}
