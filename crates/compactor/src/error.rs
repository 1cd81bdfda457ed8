//! What can stop a run.

use octolake_lake::LakeError;

/// A fault that ends a run. What was committed before it stands.
#[derive(Debug, thiserror::Error)]
pub enum CompactError {
    /// The table or its log.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// An object cannot be listed, read or written.
    #[error("cannot {action} {key}: {source}")]
    Store {
        /// What was tried.
        action: &'static str,
        /// The key or folder, relative to the lake.
        key: String,
        /// What the store said.
        source: Box<object_store::Error>,
    },
    /// A Parquet file cannot be read or written.
    #[error("cannot {action} {path}: {source}")]
    Parquet {
        /// What was tried.
        action: &'static str,
        /// The file, relative to the table.
        path: String,
        /// What the Parquet library said.
        source: Box<parquet::errors::ParquetError>,
    },
    /// Rows do not fit their schema: a fault of this program.
    #[error("cannot build rows: {0}")]
    Arrow(#[from] arrow_schema::ArrowError),
    /// A merge read other rows than the table says there are.
    #[error(
        "merging {folder} read {found} rows where the table has {expected}: nothing was changed; run `lakequery verify`"
    )]
    MergeLostRows {
        /// The partition.
        folder: String,
        /// Rows by the table's log.
        expected: u64,
        /// Rows that were read.
        found: u64,
    },
    /// The lake cannot be made anew from what is in `raw/`.
    #[error(
        "raw/ no longer covers what the lake holds: {rows} rows have no record there ({examples}); nothing was changed. Put the missing raw objects back, or keep the lake as it is; what was built for the comparison is in {place}/ and may be removed"
    )]
    NotCovered {
        /// Rows that only the lake has.
        rows: u64,
        /// Some of them.
        examples: String,
        /// Where the table was made.
        place: &'static str,
    },
    /// What stands in a raw object is longer than any record, and is not held in memory.
    #[error(
        "what stands at offset {offset} of {key} goes on for {bytes} bytes and more: look at it in the raw object itself"
    )]
    RecordTooLong {
        /// The raw object, relative to the lake.
        key: String,
        /// Where it begins, in bytes after decompression.
        offset: u64,
        /// How far it was read.
        bytes: u64,
    },
    /// What a verification reads cannot be kept on disk.
    #[error(
        "cannot {action} {path}: {source}; a verification of a large lake keeps what it reads on disk, some 70 bytes for each row: make room there, or name another directory with --scratch"
    )]
    Scratch {
        /// What was tried.
        action: &'static str,
        /// The file or directory, on this machine.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A directory is there that a verification must not rest on.
    #[error("{path} is not used: {why}; remove it, or name another directory with --scratch")]
    ScratchRefused {
        /// The directory, on this machine.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The commit lost every race.
    #[error("another compactor was first {0} times in a row; the next run goes on")]
    Outrun(u32),
}

impl CompactError {
    pub(crate) fn store(
        action: &'static str,
        key: impl Into<String>,
        source: object_store::Error,
    ) -> Self {
        Self::Store { action, key: key.into(), source: Box::new(source) }
    }

    pub(crate) fn scratch(
        action: &'static str,
        path: &std::path::Path,
        source: std::io::Error,
    ) -> Self {
        Self::Scratch { action, path: path.display().to_string(), source }
    }

    pub(crate) fn parquet(
        action: &'static str,
        path: impl Into<String>,
        source: parquet::errors::ParquetError,
    ) -> Self {
        Self::Parquet { action, path: path.into(), source: Box::new(source) }
    }
}
