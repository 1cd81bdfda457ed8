//! The files that a version of the table consists of.

use chrono::{DateTime, NaiveDate, Utc};
use futures::{StreamExt, stream};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore};
use octolake_event::layout::{self, Partition};
use octolake_store::Lake;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaDataReader;
use serde::Serialize;

use crate::facts::Facts;
use crate::replay::Changes;

/// How many footers are read at once.
const FOOTERS: usize = 32;
/// The end of a file that is read first, in bytes: it holds nearly every footer.
const FOOTER_READ: u64 = 64 << 10;

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
    /// The first and the last date of its rows.
    pub dates: (NaiveDate, NaiveDate),
    /// What stands beside it in one row per job, if it is a file of the projection that has such.
    pub facts: Option<Facts>,
}

impl LiveFile {
    /// The file's key relative to the lake.
    pub fn key(&self) -> String {
        layout::table_key(&self.path)
    }
}

/// A file that the table consists of and that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unusable {
    /// Path relative to the table's folder.
    pub path: String,
    /// Why, as the end of a sentence about it.
    pub reason: String,
}

/// A file as the log tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    File(LiveFile),
    /// Its statistics don't say how many rows it has: another engine wrote it.
    Uncounted(LiveFile),
    Unusable(Unusable),
}

impl Entry {
    /// The path of the file, relative to its table.
    pub(crate) fn path(&self) -> &str {
        match self {
            Self::File(file) | Self::Uncounted(file) => &file.path,
            Self::Unusable(file) => &file.path,
        }
    }
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Added(Entry),
    Removed,
}

/// The files of one version, ordered by path.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) files: Vec<LiveFile>,
    pub(crate) unusable: Vec<Unusable>,
}

impl Live {
    /// Brings the files to a later version.
    pub(crate) async fn apply(&mut self, lake: &Lake, changes: Changes) {
        if changes.is_empty() {
            return;
        }
        self.files.retain(|file| !changes.contains_key(&file.path));
        self.unusable.retain(|file| !changes.contains_key(&file.path));
        let mut uncounted = vec![];
        for change in changes.into_values() {
            match change {
                Change::Removed => {}
                Change::Added(Entry::File(file)) => self.files.push(file),
                Change::Added(Entry::Unusable(file)) => self.unusable.push(file),
                Change::Added(Entry::Uncounted(file)) => uncounted.push(file),
            }
        }
        let counts: Vec<_> = uncounted.into_iter().map(|file| count(lake.clone(), file)).collect();
        let mut counts = stream::iter(counts).buffer_unordered(FOOTERS);
        while let Some(counted) = counts.next().await {
            match counted {
                Ok(file) => self.files.push(file),
                Err(file) => self.unusable.push(file),
            }
        }
        // What was sorted before stays in runs, which the sort takes as they are.
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.unusable.sort_by(|a, b| a.path.cmp(&b.path));
    }
}

/// The file with the rows that its footer tells.
async fn count(lake: Lake, file: LiveFile) -> Result<LiveFile, Unusable> {
    match rows(&lake, &file).await {
        Ok(rows) => Ok(LiveFile { rows, ..file }),
        Err(reason) => Err(Unusable { path: file.path, reason }),
    }
}

async fn rows(lake: &Lake, file: &LiveFile) -> Result<u64, String> {
    let mut wanted = FOOTER_READ;
    loop {
        let range = Some(GetRange::Suffix(wanted));
        let options = GetOptions { range, ..GetOptions::default() };
        let answer = lake.store().get_opts(&Path::from(file.key()), options).await;
        let answer = answer.map_err(|error| match error {
            object_store::Error::NotFound { .. } => "it is not there".to_owned(),
            error => format!("it cannot be read: {error}"),
        })?;
        let size = answer.meta.size;
        let tail = answer.bytes().await.map_err(|error| format!("it cannot be read: {error}"))?;
        let mut reader = ParquetMetaDataReader::new();
        match reader.try_parse_sized(&tail, size) {
            Ok(()) => {
                let metadata = reader.finish().map_err(|error| damaged(&error))?;
                return Ok(u64::try_from(metadata.file_metadata().num_rows()).unwrap_or_default());
            }
            Err(ParquetError::NeedMoreData(more)) if more as u64 > wanted && wanted < size => {
                wanted = (more as u64).min(size);
            }
            Err(error) => return Err(damaged(&error)),
        }
    }
}

fn damaged(error: &ParquetError) -> String {
    format!("its footer cannot be read: {error}")
}
