//! Opening a table: the library's own state of it, which the lake's commits go on, and the files,
//! which are read here.

use std::borrow::Cow;
use std::sync::Arc;

use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::{EagerSnapshot, LogicalFileView, Protocol, Snapshot, StructType};
use deltalake::logstore::{self, LogStoreRef, StorageConfig};
use deltalake::operations::create::CreateBuilder;
use deltalake::table::state::DeltaTableState;
use deltalake::{DeltaTable, DeltaTableError};
use futures::TryStreamExt;
use object_store::ObjectStore;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use octolake_event::layout;
use octolake_store::Lake;
use octolake_tables::schema::{self, PARTITION_COLUMNS};

use crate::error::LakeError;
use crate::line::Values;
use crate::live::{Change, Live};
use crate::log::Log;
use crate::progress::Progress;
use crate::properties;
use crate::replay::{Changes, Listed, Names};

/// How long the table remembers that a raw object is done whose day is never sealed. Forgetting
/// costs a second reading of the object, and never a row.
const REMEMBER_DONE: &str = "interval 400 days";

/// The newest version of the table's log, as the Delta library has it, without its files where they
/// are read here; `None` where there is no log.
pub(crate) async fn load(
    lake: &Lake,
    folder: &'static str,
) -> Result<Option<DeltaTable>, LakeError> {
    if !has_log(lake, folder).await? {
        return Ok(None);
    }
    load_begun(lake, folder).await
}

/// The same of a log that has begun.
pub(crate) async fn load_begun(
    lake: &Lake,
    folder: &'static str,
) -> Result<Option<DeltaTable>, LakeError> {
    let log_store = log_store(lake, folder)?;
    let snapshot = match Snapshot::try_new(log_store.as_ref(), None).await {
        Ok(snapshot) => snapshot,
        Err(DeltaTableError::NotATable(_)) => return Ok(None),
        Err(error) => return Err(open_error(lake, error)),
    };
    let mut delta = DeltaTable::new(log_store);
    if is_plain(snapshot.protocol()) {
        delta.state = Some(without_files(&snapshot).map_err(|error| open_error(lake, error))?);
    } else {
        delta.load().await.map_err(|error| open_error(lake, error))?;
    }
    Ok(Some(delta))
}

/// Whether the log's actions are all that there is to know: neither deletion vectors nor mapped
/// columns nor checkpoints of another form, which come with a later version of the protocol.
fn is_plain(protocol: &Protocol) -> bool {
    protocol.min_reader_version() == 1
}

/// A state of the table to commit on, with protocol and metadata and no files: which files there
/// are is read here, and a commit that is refused where another was first needs none. The library
/// gives such a state only by way of its serial form, with an empty list of files.
fn without_files(snapshot: &Snapshot) -> Result<DeltaTableState, DeltaTableError> {
    let no_files: &[u8] = &[];
    let serial = serde_json::to_value((snapshot, no_files)).map_err(DeltaTableError::generic)?;
    let snapshot: EagerSnapshot =
        serde_json::from_value(serial).map_err(DeltaTableError::generic)?;
    Ok(DeltaTableState::new(snapshot))
}

/// Brings the files, and what compaction has done where that is asked for, from the version `read`
/// (`None`: from nothing) to that of `delta`, and gives that.
pub(crate) async fn read_files(
    lake: &Lake,
    delta: &DeltaTable,
    read: Option<u64>,
    live: &mut Live,
    progress: Option<&mut Progress>,
) -> Result<u64, LakeError> {
    let (log, names) = (Log::of_events(lake), progress.map(|it| it as &mut dyn Names));
    let state = delta.snapshot().map_err(|error| open_error(lake, error))?;
    let version = state.version();
    if read == Some(version) {
        return Ok(version);
    }
    let delivery_id = schema::name::DELIVERY_ID;
    if state.schema().field(delivery_id).is_none() {
        return Err(LakeError::Foreign { lake: lake.name().to_owned(), column: delivery_id });
    }
    let mut changes = Changes::new();
    if is_plain(state.protocol()) {
        log.read(read, version, Some(&mut changes), names).await?;
    } else {
        log.read(read, version, None, names).await?;
        *live = Live::default();
        changes.extend(state.log_data().iter().map(|file| of_library(&file)));
    }
    live.apply(lake, changes).await;
    Ok(version)
}

/// A file as the library tells of it.
fn of_library(file: &LogicalFileView) -> (String, Change) {
    let values = file.partition_values_map();
    let value = |column: &str| values.get(column).cloned().flatten().map(Cow::Owned);
    let stats = file.stats();
    let listed = Listed {
        path: file.object_store_path().to_string(),
        values: Values { event_type: value("event_type"), date: value("date"), month: None },
        bytes: file.size(),
        modified: file.modification_time(),
        stats: stats.as_deref(),
        has_deletions: file.deletion_vector_descriptor().is_some(),
        jobs: None,
    };
    (listed.path.clone(), Change::Added(listed.entry()))
}

/// Whether there is anything of a lake at this place: raw objects, a table, or deliveries that have
/// not landed yet.
///
/// # Errors
/// The store cannot list it.
pub async fn is_lake(lake: &Lake) -> Result<bool, LakeError> {
    let root = lake
        .store()
        .list_with_delimiter(None)
        .await
        .map_err(|error| open_error(lake, DeltaTableError::ObjectStore { source: error }))?;
    let is_part = |folder: &str| [layout::RAW, layout::EVENTS, layout::SPOOL].contains(&folder);
    Ok(root.common_prefixes.iter().any(|folder| is_part(folder.as_ref())))
}

/// Whether the table's log has begun. Asked first, because a store may be unable to tell an empty
/// place from a missing one.
pub(crate) async fn has_log(lake: &Lake, folder: &str) -> Result<bool, LakeError> {
    let log = Path::from(folder).join("_delta_log");
    let first = lake.store().list(Some(&log)).try_next().await;
    let first =
        first.map_err(|source| open_error(lake, DeltaTableError::ObjectStore { source }))?;
    Ok(first.is_some())
}

pub(crate) fn open_error(lake: &Lake, source: DeltaTableError) -> LakeError {
    LakeError::Open { lake: lake.name().to_owned(), source: Box::new(source) }
}

pub(crate) fn log_store(lake: &Lake, folder: &'static str) -> Result<LogStoreRef, LakeError> {
    let url =
        lake.url_of(folder).map_err(|error| open_error(lake, DeltaTableError::generic(error)))?;
    let table = Arc::new(PrefixStore::new(lake.store().clone(), folder));
    Ok(logstore::default_logstore(table, lake.store().clone(), &url, &StorageConfig::default()))
}

pub(crate) async fn create(lake: &Lake) -> Result<(), LakeError> {
    let failed =
        |source| LakeError::Create { lake: lake.name().to_owned(), source: Box::new(source) };
    let schema: StructType = schema::table_schema()
        .as_ref()
        .try_into_kernel()
        .map_err(|error: arrow_schema::ArrowError| failed(DeltaTableError::generic(error)))?;
    CreateBuilder::new()
        .with_log_store(log_store(lake, layout::EVENTS)?)
        .with_table_name("events")
        .with_comment("GitHub webhook deliveries, each once")
        .with_columns(schema.fields().cloned())
        .with_partition_columns(PARTITION_COLUMNS)
        .with_configuration(
            properties::all()
                .chain([("delta.setTransactionRetentionDuration", Some(REMEMBER_DONE))]),
        )
        .await
        .map(|_| ())
        .map_err(failed)
}
