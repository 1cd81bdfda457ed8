//! What can go wrong with the table.

use deltalake::DeltaTableError;

/// A fault of the table or of the store under it.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The table cannot be opened.
    #[error("cannot open the table of the lake {lake}: {source}")]
    Open {
        /// The lake's name.
        lake: String,
        /// What the Delta library said.
        source: Box<DeltaTableError>,
    },
    /// The table cannot be made.
    #[error("cannot create the table of the lake {lake}: {source}")]
    Create {
        /// The lake's name.
        lake: String,
        /// What the Delta library said.
        source: Box<DeltaTableError>,
    },
    /// A commit failed, and not because another was first.
    #[error(
        "cannot commit to the lake {lake}: {source}; its rows are still in raw/ and will be taken by the next run"
    )]
    Commit {
        /// The lake's name.
        lake: String,
        /// What the Delta library said.
        source: Box<DeltaTableError>,
    },
    /// A file of the log cannot be read.
    #[error("cannot read {key} of the lake {lake}: {reason}")]
    Log {
        /// The lake's name.
        lake: String,
        /// The file, relative to the lake.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The store does not give a file of the log.
    #[error("cannot read {key} of the lake {lake}: {source}")]
    LogUnread {
        /// The lake's name.
        lake: String,
        /// The file or the folder, relative to the lake.
        key: String,
        /// What the store said.
        source: Box<object_store::Error>,
    },
    /// The table names a file that cannot be used.
    #[error(
        "the table of the lake {lake} names {path}, which octolake cannot read: {reason}; put the file back from a copy, or see `lakequery repair`"
    )]
    ForeignFile {
        /// The lake's name.
        lake: String,
        /// The file, relative to the table.
        path: String,
        /// Why it cannot be read.
        reason: String,
    },
    /// The table is one, but not of a lake.
    #[error("the table of the lake {lake} has no column `{column}`: it is no octolake table")]
    Foreign {
        /// The lake's name.
        lake: String,
        /// The column that every octolake table has.
        column: &'static str,
    },
}
