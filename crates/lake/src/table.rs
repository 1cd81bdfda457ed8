//! The table as of one version.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::{LogicalFileView, StructType};
use deltalake::logstore::{self, LogStoreRef, StorageConfig};
use deltalake::operations::create::CreateBuilder;
use deltalake::{DeltaTable, DeltaTableError};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_event::EventType;
use octolake_event::layout::{self, Partition};
use octolake_store::Lake;
use octolake_tables::schema::{self, PARTITION_COLUMNS};
use serde::Deserialize;

use crate::error::LakeError;
use crate::log;
use crate::progress::Progress;
use crate::properties;
use crate::seals::Doubt;

/// How long the table remembers that a raw object is done whose day is never sealed. Forgetting
/// costs a second reading of the object, and never a row.
const REMEMBER_DONE: &str = "interval 400 days";

/// A Parquet file that the table consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveFile {
    /// Path relative to the table's folder.
    pub path: String,
    /// The partition that its rows belong to.
    pub partition: Partition,
    /// Size, in bytes.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
    /// When it was written.
    pub modified: DateTime<Utc>,
    /// The earliest `received_at` in it, where its statistics say.
    pub received_min: Option<DateTime<Utc>>,
    /// The latest `received_at` in it, where its statistics say.
    pub received_max: Option<DateTime<Utc>>,
}

impl LiveFile {
    /// The file's key relative to the lake.
    pub fn key(&self) -> String {
        format!("{}/{}", layout::EVENTS, self.path)
    }
}

/// The table of a lake, as of one version.
#[derive(Debug)]
pub struct Table {
    pub(crate) lake: Lake,
    pub(crate) delta: DeltaTable,
    files: Vec<LiveFile>,
    pub(crate) progress: Progress,
    version: u64,
}

impl Table {
    /// Opens the newest version; `None` where nothing was ever compacted.
    pub async fn open(lake: &Lake) -> Result<Option<Self>, LakeError> {
        if !has_log(lake).await? {
            return Ok(None);
        }
        let mut delta = DeltaTable::new(log_store(lake)?);
        match delta.load().await {
            Ok(()) => Self::from_delta(lake, delta).await.map(Some),
            Err(DeltaTableError::NotATable(_)) => Ok(None),
            Err(error) => Err(open_error(lake, error)),
        }
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
        self.read_state(Some(self.version)).await
    }

    /// The version of the table that this is.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The files that the table consists of, ordered by path.
    pub fn files(&self) -> &[LiveFile] {
        &self.files
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
        let key = log::commit_key(self.version);
        let found = self.lake.store().head(&Path::from(key)).await;
        let failed = |source| open_error(&self.lake, DeltaTableError::ObjectStore { source });
        found.map(|commit| commit.last_modified).map_err(failed)
    }

    /// The lake that the table is of.
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    async fn from_delta(lake: &Lake, delta: DeltaTable) -> Result<Self, LakeError> {
        let mut table = Self {
            lake: lake.clone(),
            delta,
            files: vec![],
            progress: Progress::default(),
            version: 0,
        };
        table.read_state(None).await?;
        Ok(table)
    }

    async fn read_state(&mut self, read: Option<u64>) -> Result<(), LakeError> {
        let state = self.delta.snapshot().map_err(|error| open_error(&self.lake, error))?;
        let version = state.version();
        if read == Some(version) {
            return Ok(());
        }
        let delivery_id = schema::name::DELIVERY_ID;
        if state.schema().field(delivery_id).is_none() {
            let lake = self.lake.name().to_owned();
            return Err(LakeError::Foreign { lake, column: delivery_id });
        }
        let file = |file: LogicalFileView| {
            live_file(&file).ok_or_else(|| LakeError::ForeignFile {
                lake: self.lake.name().to_owned(),
                path: file.path().into_owned(),
            })
        };
        let mut files: Vec<_> = state.log_data().iter().map(file).collect::<Result<_, _>>()?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        log::read_progress(&self.lake, &mut self.progress, read, version).await?;
        self.files = files;
        self.version = version;
        Ok(())
    }
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
        .url()
        .join(&format!("{}/", layout::EVENTS))
        .map_err(|error| open_error(lake, DeltaTableError::generic(error)))?;
    let table = Arc::new(PrefixStore::new(lake.store().clone(), layout::EVENTS));
    Ok(logstore::default_logstore(
        table,
        lake.root_store().clone(),
        &url,
        &StorageConfig::default(),
    ))
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
            properties::all().chain([("delta.setTransactionRetentionDuration", Some(REMEMBER_DONE))]),
        )
        .await
        .map(|_| ())
        .map_err(failed)
}

#[derive(Default, Deserialize)]
struct Statistics {
    #[serde(default, rename = "minValues")]
    min: Received,
    #[serde(default, rename = "maxValues")]
    max: Received,
}

#[derive(Default, Deserialize)]
struct Received {
    received_at: Option<DateTime<Utc>>,
}

/// `None` where the file is not as octolake writes them: its partition cannot be read, or some of
/// its rows are deleted by a vector beside it.
fn live_file(file: &LogicalFileView) -> Option<LiveFile> {
    if file.deletion_vector_descriptor().is_some() {
        return None;
    }
    let values = file.partition_values_map();
    let value = |column: &str| values.get(column).cloned().flatten();
    let partition = Partition {
        event_type: EventType::partition_of(&value("event_type")?),
        date: NaiveDate::parse_from_str(&value("date")?, "%Y-%m-%d").ok()?,
    };
    let statistics: Statistics =
        file.stats().and_then(|stats| serde_json::from_str(&stats).ok()).unwrap_or_default();
    Some(LiveFile {
        path: file.object_store_path().to_string(),
        partition,
        bytes: u64::try_from(file.size()).unwrap_or_default(),
        rows: file.num_records().unwrap_or_default() as u64,
        modified: DateTime::from_timestamp_millis(file.modification_time()).unwrap_or_default(),
        received_min: statistics.min.received_at,
        received_max: statistics.max.received_at,
    })
}
