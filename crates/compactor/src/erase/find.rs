//! Which rows of which files a selection names.
//!
//! A body that is erased under one id is erased under every id: a replay is the same words. But for
//! pings, whose bodies repeat by nature, and where a date is what is selected.
//!
//! Only the columns that the selection looks at are read, and of a single delivery only the files
//! whose Bloom filter may hold it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use object_store::ObjectStore;
use octolake_event::DeliveryId;
use octolake_lake::LiveFile;
use octolake_tables::schema::name;

use super::Selection;
use crate::error::CompactError;
use crate::file_reader;
use crate::known::Filters;
use crate::texts::Texts;

/// What is read of each row that may be hit.
const COLUMNS: [&str; 8] = [
    name::DELIVERY_ID,
    name::PAYLOAD_HASH,
    name::RECEIVED_AT,
    name::RAW_KEY,
    name::SENDER_LOGIN,
    name::REPO_FULL_NAME,
    name::REPO_ID,
    name::SOURCE,
];
/// The event type whose bodies repeat by nature.
const PING: &str = "ping";
/// More bodies than this are looked for in the column itself.
const ASKED_OF_FILTERS: usize = 1_000;

/// A row to erase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Its number in its file.
    pub(crate) row: u64,
    pub(crate) id: u128,
    /// The hash of its payload, where the row has one.
    pub(crate) body: Option<i64>,
    pub(crate) received_at: DateTime<Utc>,
    pub(crate) raw_key: Arc<str>,
}

/// What of a file is hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileHits {
    /// All of it, and nobody needs to know which deliveries those are.
    Whole,
    Rows(Vec<Hit>),
}

/// The rows to erase, by file; no file without any. A row is held as some 70 bytes.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    pub(crate) files: Vec<(LiveFile, FileHits)>,
}

impl Hits {
    /// How many rows are hit.
    pub(crate) fn count(&self) -> u64 {
        let of_file = |(file, hits): &(LiveFile, FileHits)| match hits {
            FileHits::Whole => file.rows,
            FileHits::Rows(hits) => hits.len() as u64,
        };
        self.files.iter().map(of_file).sum()
    }

    /// The rows that are known one by one.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Hit> {
        self.files.iter().flat_map(|(_, hits)| match hits {
            FileHits::Whole => &[][..],
            FileHits::Rows(hits) => hits,
        })
    }
}

/// A repository as its host knows it.
type Repository = (String, i64);

/// Which rows are hit, once the names of a repository are known.
struct Test<'s> {
    selection: &'s Selection,
    /// The repositories that have had the name.
    repositories: BTreeSet<Repository>,
}

/// The rows that the selection names. Where it is a date, files of deliveries that can't be sent again
/// are not read: all of them goes, and no list is kept of it.
pub(crate) async fn find(
    store: Arc<dyn ObjectStore>,
    files: &[LiveFile],
    selection: &Selection,
) -> Result<Hits, CompactError> {
    let listed_since = selection.listed_since();
    let (old, files): (Vec<LiveFile>, Vec<LiveFile>) = files
        .iter()
        .cloned()
        .partition(|file| listed_since.is_some_and(|since| file.partition.date < since));
    let old = old.into_iter().map(|file| (file, FileHits::Whole));
    let mut hits = find_rows(store, &files, selection).await?;
    hits.files.extend(old);
    Ok(hits)
}

/// The row of one delivery in these files, whatever else has its body.
pub(crate) async fn find_delivery(
    store: Arc<dyn ObjectStore>,
    files: impl Iterator<Item = &LiveFile>,
    id: DeliveryId,
) -> Result<Option<Hit>, CompactError> {
    let selection = Selection::Delivery(id);
    for file in files {
        if may_hold(store.clone(), file, &selection).await? {
            let hits = collect(store.clone(), file, |_, _, other| other == id).await?;
            if let Some(hit) = hits.into_iter().next() {
                return Ok(Some(hit));
            }
        }
    }
    Ok(None)
}

async fn find_rows(
    store: Arc<dyn ObjectStore>,
    files: &[LiveFile],
    selection: &Selection,
) -> Result<Hits, CompactError> {
    let mut test = Test { selection, repositories: BTreeSet::new() };
    if let Selection::Repository(name) = selection {
        for file in files {
            let take = |batch: &RecordBatch, _| test.note_repositories(batch, name);
            read(store.clone(), file, &[name::SOURCE, name::REPO_ID, name::REPO_FULL_NAME], take)
                .await?;
        }
    }
    let mut hits: BTreeMap<&str, Vec<Hit>> = BTreeMap::new();
    for file in files {
        if may_hold(store.clone(), file, selection).await? {
            let is_hit = |batch: &RecordBatch, row, id| test.is_hit(batch, row, id);
            let found = collect(store.clone(), file, is_hit).await?;
            hits.insert(&file.path, found);
        }
    }
    let bodies: HashSet<i64> = hits.values().flatten().filter_map(|hit| hit.body).collect();
    if selection.before().is_none() && !bodies.is_empty() {
        for file in files {
            if may_hold_body(store.clone(), file, &bodies).await? {
                let is_hit = |batch: &RecordBatch, row, _| {
                    body(batch, row).is_some_and(|body| bodies.contains(&body))
                };
                let found = collect(store.clone(), file, is_hit).await?;
                hits.entry(&file.path).or_default().extend(found);
            }
        }
    }
    let files = files.iter().filter_map(|file| {
        let mut hits = hits.remove(file.path.as_str())?;
        hits.sort_by_key(|hit| hit.row);
        hits.dedup_by_key(|hit| hit.row);
        (!hits.is_empty()).then(|| (file.clone(), FileHits::Rows(hits)))
    });
    Ok(Hits { files: files.collect() })
}

/// The rows of a file that are hit.
async fn collect(
    store: Arc<dyn ObjectStore>,
    file: &LiveFile,
    is_hit: impl Fn(&RecordBatch, usize, DeliveryId) -> bool,
) -> Result<Vec<Hit>, CompactError> {
    let mut hits: Vec<Hit> = Vec::new();
    let is_ping = file.partition.event_type.as_str() == PING;
    read(store, file, &COLUMNS, |batch, first| {
        let Some(ids) = Texts::of(batch, name::DELIVERY_ID) else { return };
        for row in 0..batch.num_rows() {
            if let Some(id) = ids.id(row).filter(|id| is_hit(batch, row, *id)) {
                let hit = hit(batch, row, first, id, hits.last());
                hits.push(if is_ping { Hit { body: None, ..hit } } else { hit });
            }
        }
    })
    .await?;
    Ok(hits)
}

/// Whether one of these bodies may be in a file. Of a few, its filter knows.
async fn may_hold_body(
    store: Arc<dyn ObjectStore>,
    file: &LiveFile,
    bodies: &HashSet<i64>,
) -> Result<bool, CompactError> {
    if bodies.len() > ASKED_OF_FILTERS {
        return Ok(true);
    }
    let failed = |e| CompactError::parquet("read the Bloom filters of", &file.path, e);
    let filters = Filters::read(store, &file.into()).await.map_err(failed)?;
    Ok(bodies.iter().any(|body| filters.may_hold_body(*body)))
}

/// Whether a file may hold what is selected, by what is known of it without reading rows.
async fn may_hold(
    store: Arc<dyn ObjectStore>,
    file: &LiveFile,
    selection: &Selection,
) -> Result<bool, CompactError> {
    match selection {
        Selection::Before(date) => Ok(file.partition.date < *date),
        Selection::Delivery(id) => {
            let filters = Filters::read(store, &file.into()).await;
            let failed = |e| CompactError::parquet("read the Bloom filters of", &file.path, e);
            Ok(filters.map_err(failed)?.may_hold_id(&id.to_string()))
        }
        Selection::Sender(_) | Selection::Repository(_) => Ok(true),
    }
}

/// Reads columns of a file; `take` gets each batch, and the number of its first row.
async fn read(
    store: Arc<dyn ObjectStore>,
    file: &LiveFile,
    columns: &[&str],
    mut take: impl FnMut(&RecordBatch, u64),
) -> Result<(), CompactError> {
    let failed = |e| CompactError::parquet("read", &file.path, e);
    let mut batches =
        file_reader::columns(store, &file.key(), file.bytes, columns).await.map_err(failed)?;
    let mut first = 0;
    while let Some(batch) = batches.try_next().await.map_err(failed)? {
        take(&batch, first);
        first += batch.num_rows() as u64;
    }
    Ok(())
}

impl Test<'_> {
    fn note_repositories(&mut self, batch: &RecordBatch, name: &str) {
        let names = Texts::of(batch, name::REPO_FULL_NAME);
        for row in 0..batch.num_rows() {
            if is_same(names.and_then(|names| names.get(row)), name) {
                self.repositories.extend(repository(batch, row));
            }
        }
    }

    fn is_hit(&self, batch: &RecordBatch, row: usize, id: DeliveryId) -> bool {
        let text = |column| Texts::of(batch, column).and_then(|texts| texts.get(row));
        match self.selection {
            Selection::Delivery(wanted) => id == *wanted,
            Selection::Sender(login) => is_same(text(name::SENDER_LOGIN), login),
            Selection::Repository(name) => {
                let of_one = |repository| self.repositories.contains(&repository);
                is_same(text(name::REPO_FULL_NAME), name)
                    || repository(batch, row).is_some_and(of_one)
            }
            // The partitions say so: a row's date is that of its arrival.
            Selection::Before(_) => true,
        }
    }
}

fn is_same(text: Option<&str>, wanted: &str) -> bool {
    text.is_some_and(|text| text.to_lowercase() == wanted.to_lowercase())
}

fn repository(batch: &RecordBatch, row: usize) -> Option<Repository> {
    let source = Texts::of(batch, name::SOURCE)?.get(row)?.to_owned();
    Some((source, integer(batch, name::REPO_ID, row)?))
}

/// The hash of a row's payload, where it has one.
fn body(batch: &RecordBatch, row: usize) -> Option<i64> {
    integer(batch, name::PAYLOAD_HASH, row)
}

fn integer(batch: &RecordBatch, name: &str, row: usize) -> Option<i64> {
    let column = batch.column_by_name(name)?.as_primitive_opt::<Int64Type>()?;
    column.is_valid(row).then(|| column.value(row))
}

/// A row that is hit; `before` is the one before it, often of the same raw object.
fn hit(batch: &RecordBatch, row: usize, first: u64, id: DeliveryId, before: Option<&Hit>) -> Hit {
    let received = batch
        .column_by_name(name::RECEIVED_AT)
        .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>())
        .filter(|column| column.is_valid(row))
        .and_then(|column| DateTime::from_timestamp_micros(column.value(row)));
    let raw_key = Texts::of(batch, name::RAW_KEY).and_then(|keys| keys.get(row));
    let raw_key = raw_key.unwrap_or_default();
    let raw_key = match before {
        Some(before) if *before.raw_key == *raw_key => before.raw_key.clone(),
        _ => raw_key.into(),
    };
    Hit {
        row: first + row as u64,
        id: id.as_u128(),
        body: body(batch, row),
        // A row that another engine has written without a time is listed all the same.
        received_at: received.unwrap_or(DateTime::<Utc>::MAX_UTC),
        raw_key,
    }
}
