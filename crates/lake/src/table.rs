//! The table as of one version.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::{EagerSnapshot, LogicalFileView, Protocol, Snapshot, StructType};
use deltalake::logstore::{self, LogStoreRef, StorageConfig};
use deltalake::operations::create::CreateBuilder;
use deltalake::table::state::DeltaTableState;
use deltalake::{DeltaTable, DeltaTableError};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_event::layout;
use octolake_store::Lake;
use octolake_tables::schema::{self, PARTITION_COLUMNS};

use crate::error::LakeError;
use crate::live::{Change, Live, LiveFile, Unusable};
use crate::log;
use crate::progress::Progress;
use crate::properties;
use crate::replay::{Changes, Listed, Values};
use crate::seals::Doubt;

/// How long the table remembers that a raw object is done whose day is never sealed. Forgetting
/// costs a second reading of the object, and never a row.
const REMEMBER_DONE: &str = "interval 400 days";

/// The table of a lake, as of one version.
#[derive(Debug)]
pub struct Table {
    pub(crate) lake: Lake,
    pub(crate) delta: DeltaTable,
    live: Live,
    pub(crate) progress: Progress,
    /// The version that has been read; `None` where none has.
    version: Option<u64>,
}

/// What a reader needs of a table: its files, as of one version, and nothing of what compaction has
/// done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    version: u64,
    files: Vec<LiveFile>,
}

impl View {
    /// Opens the newest version; `None` where nothing was ever compacted.
    ///
    /// # Errors
    /// The log cannot be read, or names a file that cannot be: its rows would be missing.
    pub async fn open(lake: &Lake) -> Result<Option<Self>, LakeError> {
        let Some(delta) = load(lake).await? else { return Ok(None) };
        let mut live = Live::default();
        let version = read_files(lake, &delta, None, &mut live, None).await?;
        check_usable(lake, &live)?;
        Ok(Some(Self { version, files: live.files }))
    }

    /// The version of the table that this is.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The files that the table consists of, ordered by path.
    pub fn files(&self) -> &[LiveFile] {
        &self.files
    }
}

impl Table {
    /// Opens the newest version; `None` where nothing was ever compacted. A file that cannot be
    /// used is among [`Table::unusable`].
    pub async fn open(lake: &Lake) -> Result<Option<Self>, LakeError> {
        let Some(delta) = load(lake).await? else { return Ok(None) };
        let mut table = Self {
            lake: lake.clone(),
            delta,
            live: Live::default(),
            progress: Progress::default(),
            version: None,
        };
        table.read_state().await?;
        Ok(Some(table))
    }

    /// Opens the newest version, and makes an empty table where there is none.
    pub async fn open_or_create(lake: &Lake) -> Result<Self, LakeError> {
        if let Some(table) = Self::open(lake).await? {
            return Ok(table);
        }
        let created = create(lake).await;
        match (Self::open(lake).await?, created) {
            // Another may have made it in the meantime: what counts is that it is there.
            (Some(table), _) => Ok(table),
            (None, Ok(())) => {
                let missing = DeltaTableError::NotATable(lake.url().to_string());
                Err(open_error(lake, missing))
            }
            (None, Err(error)) => Err(error),
        }
    }

    /// Moves on to the newest version.
    pub async fn refresh(&mut self) -> Result<(), LakeError> {
        self.delta.update_state().await.map_err(|error| open_error(&self.lake, error))?;
        self.read_state().await
    }

    /// The version of the table that this is.
    pub fn version(&self) -> u64 {
        self.version.unwrap_or_default()
    }

    /// The files that the table consists of, ordered by path.
    pub fn files(&self) -> &[LiveFile] {
        &self.live.files
    }

    /// Files that the table names and that cannot be used, ordered by path: what another engine has
    /// left of them, or that they are not there. Only those that the log tells of, or that had to
    /// be opened, are known.
    pub fn unusable(&self) -> &[Unusable] {
        &self.live.unusable
    }

    /// Refuses what needs all rows of the table, where some cannot be read.
    ///
    /// # Errors
    /// The table names a file that cannot be used.
    pub fn check_usable(&self) -> Result<(), LakeError> {
        check_usable(&self.lake, &self.live)
    }

    /// This version as a reader sees it.
    ///
    /// # Errors
    /// The table names a file that cannot be used: its rows would be missing.
    pub fn view(&self) -> Result<View, LakeError> {
        self.check_usable()?;
        Ok(View { version: self.version(), files: self.files().to_vec() })
    }

    /// What compaction has done.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Notes what a listing has of a sealed day. It holds until another commits a change of the
    /// day's seal, and is not committed itself.
    pub fn doubt(&mut self, day: NaiveDate, doubt: Doubt) {
        self.progress.seals.set_doubt(day, doubt);
    }

    /// Writes a checkpoint of this version.
    ///
    /// # Errors
    /// The store fails; the table is as it was.
    pub async fn checkpoint(&mut self) -> Result<(), LakeError> {
        let written = deltalake::checkpoints::create_checkpoint(&self.delta, None).await;
        written.map_err(|error| open_error(&self.lake, error))
    }

    /// Paths of files that were removed from the table at `before` or later: readers of an older
    /// version may still want them.
    pub async fn removed_since(&self, before: DateTime<Utc>) -> Result<Vec<String>, LakeError> {
        let failed = |error| open_error(&self.lake, error);
        let state = self.delta.snapshot().map_err(failed)?;
        let log_store = self.delta.log_store();
        let removed: Vec<_> =
            state.all_tombstones(log_store.as_ref()).try_collect().await.map_err(failed)?;
        let since = before.timestamp_millis();
        let is_recent = |at: Option<i64>| at.is_none_or(|at| at >= since);
        Ok(removed
            .iter()
            .filter(|file| is_recent(file.deletion_timestamp()))
            .map(|file| file.path().to_string())
            .collect())
    }

    /// When the store wrote this version's commit, by its own clock: the one that dates all files.
    ///
    /// # Errors
    /// The store fails, or an engine has cleaned the log up to here.
    pub async fn committed_at(&self) -> Result<DateTime<Utc>, LakeError> {
        let key = log::commit_key(self.version());
        let found = self.lake.store().head(&Path::from(key)).await;
        let failed = |source| open_error(&self.lake, DeltaTableError::ObjectStore { source });
        found.map(|commit| commit.last_modified).map_err(failed)
    }

    /// The lake that the table is of.
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// Reads what is new in the version that the library is at.
    pub(crate) async fn read_state(&mut self) -> Result<(), LakeError> {
        let Self { lake, delta, live, progress, version } = self;
        *version = Some(read_files(lake, delta, *version, live, Some(progress)).await?);
        Ok(())
    }
}

/// The newest version of the table's log, as the Delta library has it, without its files where they
/// are read here; `None` where there is no log.
async fn load(lake: &Lake) -> Result<Option<DeltaTable>, LakeError> {
    if !has_log(lake).await? {
        return Ok(None);
    }
    let log_store = log_store(lake)?;
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
async fn read_files(
    lake: &Lake,
    delta: &DeltaTable,
    read: Option<u64>,
    live: &mut Live,
    progress: Option<&mut Progress>,
) -> Result<u64, LakeError> {
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
        log::read(lake, read, version, Some(&mut changes), progress).await?;
    } else {
        log::read(lake, read, version, None, progress).await?;
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
        values: Values { event_type: value("event_type"), date: value("date") },
        bytes: file.size(),
        modified: file.modification_time(),
        stats: stats.as_deref(),
        has_deletions: file.deletion_vector_descriptor().is_some(),
    };
    (listed.path.clone(), Change::Added(listed.entry()))
}

fn check_usable(lake: &Lake, live: &Live) -> Result<(), LakeError> {
    let Some(Unusable { path, reason }) = live.unusable.first().cloned() else { return Ok(()) };
    Err(LakeError::ForeignFile { lake: lake.name().to_owned(), path, reason })
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
async fn has_log(lake: &Lake) -> Result<bool, LakeError> {
    let folder = format!("{}/_delta_log", layout::EVENTS);
    let first = lake.store().list(Some(&Path::from(folder))).try_next().await;
    let first =
        first.map_err(|source| open_error(lake, DeltaTableError::ObjectStore { source }))?;
    Ok(first.is_some())
}

fn open_error(lake: &Lake, source: DeltaTableError) -> LakeError {
    LakeError::Open { lake: lake.name().to_owned(), source: Box::new(source) }
}

fn log_store(lake: &Lake) -> Result<LogStoreRef, LakeError> {
    let url = lake
        .url_of(layout::EVENTS)
        .map_err(|error| open_error(lake, DeltaTableError::generic(error)))?;
    let table = Arc::new(PrefixStore::new(lake.store().clone(), layout::EVENTS));
    Ok(logstore::default_logstore(table, lake.store().clone(), &url, &StorageConfig::default()))
}

async fn create(lake: &Lake) -> Result<(), LakeError> {
    let failed =
        |source| LakeError::Create { lake: lake.name().to_owned(), source: Box::new(source) };
    let schema: StructType = schema::table_schema()
        .as_ref()
        .try_into_kernel()
        .map_err(|error: arrow_schema::ArrowError| failed(DeltaTableError::generic(error)))?;
    CreateBuilder::new()
        .with_log_store(log_store(lake)?)
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
