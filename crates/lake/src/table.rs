//! The table as of one version.

use chrono::{DateTime, NaiveDate, Utc};
use deltalake::{DeltaTable, DeltaTableError};
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use octolake_event::layout;
use octolake_store::Lake;

use crate::error::LakeError;
use crate::live::{Live, LiveFile, Unusable};
use crate::log::Log;
use crate::open::{create, load, open_error, read_files};
use crate::progress::Progress;
use crate::replay::Changes;
use crate::seals::Doubt;

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
        let Some(delta) = load(lake, layout::EVENTS).await? else { return Ok(None) };
        let mut live = Live::default();
        let version = read_files(lake, &delta, None, &mut live, None).await?;
        check_usable(lake, &live)?;
        Ok(Some(Self { version, files: live.files }))
    }

    /// The files of a version, ordered by path.
    ///
    /// # Errors
    /// The log cannot be read, or does not go back to it; or it names a file that cannot be used.
    pub async fn open_at(lake: &Lake, version: u64) -> Result<Vec<LiveFile>, LakeError> {
        let mut live = Live::default();
        let mut changes = Changes::new();
        Log::of_events(lake).read(None, version, Some(&mut changes), None).await?;
        live.apply(lake, changes).await;
        check_usable(lake, &live)?;
        Ok(live.files)
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
        let Some(delta) = load(lake, layout::EVENTS).await? else { return Ok(None) };
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
        let key = layout::commit_key(self.version());
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

fn check_usable(lake: &Lake, live: &Live) -> Result<(), LakeError> {
    let Some(Unusable { path, reason }) = live.unusable.first().cloned() else { return Ok(()) };
    Err(LakeError::ForeignFile { lake: lake.name().to_owned(), path, reason })
}
