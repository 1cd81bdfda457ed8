//! Taking deliveries out of the lake, for good.
//!
//! ```text
//! Selection ─▶ find (which rows of which files) ─▶ files without them, and the list of their ids
//!           ─▶ one commit: old files out, new ones in, the list, a fence
//!           ─▶ what was written before the fence and is in no version now is deleted at once
//! ```
//!
//! * The list keeps ids and the hashes of bodies, no names: enough to know each delivery again when
//!   GitHub, an archive or somebody else sends it once more, or when `raw/` is read anew. It never
//!   expires. What arrived before a date needs no list, but for the last days before it: an old
//!   delivery can be sent again for a few days, as a new arrival.
//! * The fence makes every run that is at work read anew, with the list: what it holds of the
//!   erased deliveries is never committed.
//! * Nothing waits for the vacuum's grace: who reads an older version meanwhile may fail.
//! * Raw objects are not touched here: they hold other deliveries too. [`Erasure`] names them.

pub(crate) mod find;
mod selection;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use chrono::TimeDelta;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use octolake_event::DeliveryId;
use octolake_event::layout::{self, Partition};
use octolake_lake::{Commit, CommitKind, Erased, Outcome, Table};
use octolake_store::Lake;
use octolake_tables::schema::name;
use serde::Serialize;

use self::find::{FileHits, Hit, Hits};
pub use self::selection::Selection;
use crate::elsewhere;
use crate::encode::{Effort, FileWriter, properties};
use crate::error::CompactError;
use crate::merge;
use crate::objects;
use crate::project;
use crate::rewrite::{EndOnDrop, Limit, Rewrite, Workshop};
use crate::run::{Run, Surroundings};
use crate::settings::Settings;
use crate::vacuum;

/// How often another may be first, before the next erasure has to do it.
const MAX_CONFLICTS: u32 = 10;

/// What was erased. Its JSON is stable.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Erasure {
    /// Rows that were taken out.
    pub rows: u64,
    /// Files that held some of them, and are in the table no more.
    pub files_removed: u64,
    /// Files that hold what was beside them.
    pub files_added: u64,
    /// Files deleted: those, older ones that had been merged away, and leftovers of ended runs.
    pub files_deleted: u64,
    /// Raw objects that these rows came from: they hold the deliveries still.
    pub raw_objects: Vec<String>,
    /// Claim-checked bodies of these deliveries, which are in the lake still.
    pub large_objects: Vec<String>,
    /// Commits that came second and were made anew.
    pub conflicts: u64,
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// How long it took.
    pub seconds: f64,
}

/// Takes what `selection` names out of the table, and keeps it from coming back. What waits in
/// `raw/` is not looked at: compact first. `None`: nothing was ever compacted.
///
/// # Errors
/// Where the table or the store fails. Up to its commit nothing has changed; what is left to delete
/// after it, the next vacuum deletes when its grace is over.
pub async fn erase<'a>(
    lake: &'a Lake,
    selection: &Selection,
    settings: &'a Settings,
    surroundings: Surroundings<'a>,
) -> Result<Option<Erasure>, CompactError> {
    let started = Instant::now();
    let Some(table) = Table::open(lake).await? else { return Ok(None) };
    // What is to be erased may be in a file that cannot be looked into.
    table.check_usable()?;
    let mut run = Run::new(lake, Some(table), settings, &surroundings, started);
    let mut erasure = Erasure { dry_run: settings.dry_run, ..Erasure::default() };
    for _ in 0..MAX_CONFLICTS {
        // What is deleted at once below may be what alone tells of others' deletions.
        elsewhere::look(&mut run).await?;
        let hits = find::find(run.store.clone(), run.files(), selection).await?;
        note_raw(&run, selection, &hits, &mut erasure).await?;
        erasure.rows = hits.count();
        erasure.files_removed = hits.files.len() as u64;
        if settings.dry_run || take_out(&mut run, selection, &hits, &mut erasure).await? {
            erasure.seconds = started.elapsed().as_secs_f64();
            return Ok(Some(erasure));
        }
        erasure.conflicts += 1;
    }
    Err(CompactError::Outrun(MAX_CONFLICTS))
}

/// Commits the erasure and deletes what held the rows; false where another was first.
async fn take_out(
    run: &mut Run<'_>,
    selection: &Selection,
    hits: &Hits,
    erasure: &mut Erasure,
) -> Result<bool, CompactError> {
    let erased_before = run.table.as_ref().and_then(|table| table.progress().erased_before);
    if hits.files.is_empty() && selection.before() <= erased_before {
        return Ok(true);
    }
    let commit = plan(run, selection, hits).await?;
    if run.publish(&commit).await? == Outcome::Conflict {
        return Ok(false);
    }
    erasure.files_added = commit.adds.len() as u64;
    let partitions: BTreeSet<Partition> =
        commit.removes.iter().map(|file| file.partition.clone()).collect();
    tracing::info!(rows = erasure.rows, files = commit.removes.len(), "rows erased");
    let is_of_one = |partition: &Partition| partitions.contains(partition);
    erasure.files_deleted = vacuum::delete_all_unwanted(run, is_of_one).await?;
    project::reach(run).await?;
    Ok(true)
}

async fn plan(
    run: &mut Run<'_>,
    selection: &Selection,
    hits: &Hits,
) -> Result<Commit, CompactError> {
    let mut commit = run.commit_of(CommitKind::Erase);
    // An erasure has no deadline: it is all of it, or nothing.
    let shop = Workshop { limit: Limit::default(), ..merge::workshop(run) };
    let _end = EndOnDrop(shop.limit.clone());
    for (file, found) in &hits.files {
        commit.removes.push(file.clone());
        let FileHits::Rows(found) = found else { continue };
        let gone: BTreeSet<u64> = found.iter().map(|hit| hit.row).collect();
        if gone.len() as u64 >= file.rows {
            continue;
        }
        let files = vec![(file.clone(), gone)];
        let rewrite = Rewrite { partition: file.partition.clone(), files };
        commit.adds.extend(rewrite.run(shop.clone()).await?.unwrap_or_default());
    }
    run.sink.number = shop.number.load(Ordering::Relaxed);
    let lists = put_list(run, hits).await?.into_iter().collect();
    commit.erased = Some(Erased { rows: hits.count(), lists, before: selection.before() });
    Ok(commit)
}

/// Writes the list of the rows that are known one by one; `None` where there are none.
async fn put_list(run: &Run<'_>, hits: &Hits) -> Result<Option<(String, u64)>, CompactError> {
    let hits: Vec<&Hit> = hits.rows().collect();
    if hits.is_empty() {
        return Ok(None);
    }
    let key = layout::erased_key(&run.sink.run_id);
    let known = hits.iter().map(|hit| (hit.id, hit.body));
    let bytes = list_file(known).map_err(|e| CompactError::parquet("encode", &key, e))?;
    let size = bytes.len() as u64;
    let put = run.store.put(&Path::from(key.as_str()), bytes.into()).await;
    put.map_err(|source| CompactError::store("write", &key, source))?;
    Ok(Some((key, size)))
}

/// A list of deliveries that must not come back: ids, each with the hash of its body where no delivery
/// with this body may.
pub(crate) fn list_file(
    known: impl Iterator<Item = (u128, Option<i64>)>,
) -> Result<Vec<u8>, parquet::errors::ParquetError> {
    let text = |id| Some(DeliveryId::from_u128(id).to_string());
    let (ids, bodies): (Vec<Option<String>>, Vec<Option<i64>>) =
        known.map(|(id, body)| (text(id), body)).unzip();
    let ids: ArrayRef = Arc::new(StringArray::from(ids));
    let bodies: ArrayRef = Arc::new(Int64Array::from(bodies));
    let schema = Arc::new(Schema::new(vec![
        Field::new(name::DELIVERY_ID, DataType::Utf8, false),
        Field::new(name::PAYLOAD_HASH, DataType::Int64, true),
    ]));
    let batch = RecordBatch::try_new(schema.clone(), vec![ids, bodies])?;
    let mut writer = FileWriter::new(schema, &properties(Effort::Small))?;
    writer.write(&batch)?;
    writer.finish()
}

/// What of the erased deliveries is in the lake beside the table.
async fn note_raw(
    run: &Run<'_>,
    selection: &Selection,
    hits: &Hits,
    erasure: &mut Erasure,
) -> Result<(), CompactError> {
    if hits.files.is_empty() {
        (erasure.raw_objects, erasure.large_objects) = (vec![], vec![]);
        return Ok(());
    }
    let before = selection.before();
    let mut raw: BTreeSet<String> = hits.rows().map(|hit| hit.raw_key.to_string()).collect();
    if let Some(before) = before {
        let hour = TimeDelta::hours(1);
        let is_old = |key: &String| layout::raw_hour(key).is_some_and(|at| at + hour <= before);
        let keys: Vec<String> = objects::keys(run.store.as_ref(), layout::RAW).await?;
        raw.extend(keys.into_iter().filter(is_old));
    }
    erasure.raw_objects = raw.into_iter().collect();
    let ids: BTreeSet<u128> = hits.rows().map(|hit| hit.id).collect();
    let is_old = |date| before.is_some_and(|before| date < before.date_naive());
    erasure.large_objects = objects::keys(run.store.as_ref(), layout::LARGE).await?;
    erasure.large_objects.retain(|key| {
        layout::large_id(key).is_some_and(|id| ids.contains(&id.as_u128()))
            || layout::large_date(key).is_some_and(is_old)
    });
    Ok(())
}
