//! Why there is no answer.

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use octolake_lake::LakeError;

use crate::local::ReadOnlyError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The table of the lake cannot be opened.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The text is no statement that may run here.
    #[error(transparent)]
    ReadOnly(#[from] ReadOnlyError),
    /// The statement cannot be planned: its text is wrong, or names what is not there.
    #[error("{}", plain(.0))]
    Plan(DataFusionError),
    /// The statement was planned and failed while running.
    #[error("the query failed: {}", plain(.0))]
    Run(DataFusionError),
    /// A part of the engine could not be set up.
    #[error("cannot start the query engine: {}", plain(.0))]
    Setup(DataFusionError),
}

/// The engine's message, without the list of all 180 columns where one is not there.
fn plain(error: &DataFusionError) -> String {
    match error.find_root() {
        DataFusionError::SchemaError(missing, _) => match missing.as_ref() {
            SchemaError::FieldNotFound { field, .. } => format!("there is no column {field}"),
            other => other.to_string(),
        },
        root => root.strip_backtrace(),
    }
}

impl EngineError {
    /// Whether a file could not be read, or is not what it should be: another source of the same
    /// rows may do.
    pub fn is_of_files(&self) -> bool {
        let Self::Run(error) = self else { return false };
        matches!(
            error.find_root(),
            DataFusionError::ParquetError(_)
                | DataFusionError::ObjectStore(_)
                | DataFusionError::ArrowError(..)
                | DataFusionError::External(_)
        )
    }
}
