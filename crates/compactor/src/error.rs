//! What can stop a run.

use octolake_lake::{Counts, LakeError};

/// What whoever meets an error must do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'e> {
    /// This object of the lake (a key) cannot be taken: go on without it, and tell.
    Object(&'e str),
    /// This file of the table, or the partition (a path in the table), is not as it should be: go on
    /// without it, and tell.
    File(&'e str),
    /// The store refuses: stop, the next run goes on.
    Store,
    /// The table or its log: stop, somebody must look.
    Table,
    /// Others were faster: stop, the next run goes on.
    Race,
    /// Nothing is broken, but somebody must decide.
    Person,
    /// A fault of this program: stop.
    Bug,
}

/// A fault that ends a run. What was committed before it stands.
#[derive(Debug, thiserror::Error)]
pub enum CompactError {
    /// The table or its log.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// An object cannot be read.
    #[error("cannot read {key}: {source}")]
    Unread {
        /// The key, relative to the lake.
        key: String,
        /// What the store said.
        source: Box<object_store::Error>,
    },
    /// A file of the table, or several of a partition, cannot be made into others.
    #[error("cannot rewrite {path}: {reason}")]
    Unusable {
        /// The file or the partition's folder, relative to the table.
        path: String,
        /// Why.
        reason: String,
    },
    /// An object cannot be listed, written or deleted.
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
    /// What a merge or an erasure has written is not what it has read.
    #[error(
        "rewriting {folder} would have changed it: {what}; nothing was changed; run `lakequery verify`"
    )]
    Changed {
        /// The partition.
        folder: String,
        /// The column, and how it differs.
        what: String,
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
    /// A raw object, or what one points to, cannot be read.
    #[error("cannot read {key} again: {reason}")]
    Unreadable {
        /// The raw object, relative to the lake.
        key: String,
        /// Why.
        reason: String,
    },
    /// A task of this program has died.
    #[error(
        "{what} ended in a panic: this is a fault of octolake; nothing was committed, the rows are still in raw/: {error}"
    )]
    Task {
        /// What it was doing.
        what: &'static str,
        /// What is known of its end.
        error: tokio::task::JoinError,
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
    /// Records were read that became nothing, or more than one thing: a fault of this program.
    #[error(
        "{} records were read, but {} stored, {} duplicates and {} quarantined are to be committed: this is a fault of octolake; nothing was committed",
        .0.read, .0.stored, .0.duplicates, .0.quarantined
    )]
    Unbalanced(Box<Counts>),
    /// More waits in `raw/` than is held in memory beside the table.
    #[error(
        "the raw objects that are not compacted yet are more than {0} MiB: run `lakequery compact` first"
    )]
    TooFresh(u64),
    /// The commit lost every race.
    #[error("another compactor was first {0} times in a row; the next run goes on")]
    Outrun(u32),
}

impl CompactError {
    /// What to do about it.
    pub fn kind(&self) -> Kind<'_> {
        match self {
            Self::Unread { key, .. }
            | Self::Unreadable { key, .. }
            | Self::RecordTooLong { key, .. } => Kind::Object(key),
            Self::Unusable { path: at, .. }
            | Self::Parquet { path: at, .. }
            | Self::Changed { folder: at, .. } => Kind::File(at),
            Self::Store { .. } | Self::Scratch { .. } => Kind::Store,
            Self::Lake(_) => Kind::Table,
            Self::Outrun(_) => Kind::Race,
            Self::NotCovered { .. } | Self::ScratchRefused { .. } | Self::TooFresh(_) => {
                Kind::Person
            }
            Self::Arrow(_) | Self::Task { .. } | Self::Unbalanced(_) => Kind::Bug,
        }
    }

    /// An object that cannot be read.
    pub(crate) fn unread(key: impl Into<String>, source: object_store::Error) -> Self {
        Self::Unread { key: key.into(), source: Box::new(source) }
    }

    /// A file or a partition that cannot be made into another.
    pub(crate) fn unusable(path: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::Unusable { path: path.into(), reason: reason.to_string() }
    }

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
