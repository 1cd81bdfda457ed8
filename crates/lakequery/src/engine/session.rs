//! A session: settings, the table, functions, views, and statements that only read.

use std::collections::HashSet;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::SchemaError;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use octolake_lake::{LakeError, View};
use octolake_store::Lake;

use super::events_table::EventsTable;
use super::read_only::{self, ReadOnlyError};
use super::{functions, views};

/// How much a query may hold in memory before it spills to the disk, in bytes. What is not counted
/// there has its bound in [`crate::memory`].
pub const MEMORY_LIMIT: usize = 1 << 30;

/// SQL over one lake, as it was when the engine was opened.
pub struct Engine {
    context: SessionContext,
    table: Option<View>,
}

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

impl Engine {
    /// Opens the newest version of the lake's table.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn open(lake: &Lake) -> Result<Self, EngineError> {
        let table = View::open(lake).await?;
        let files = table.as_ref().map(|table| table.files().to_vec()).unwrap_or_default();
        Ok(Self { table, ..Self::over(EventsTable::new(lake.store().clone(), files))? })
    }

    /// An engine over a table that is given.
    ///
    /// # Errors
    /// The engine's parts do not fit together.
    pub fn over(events: EventsTable) -> Result<Self, EngineError> {
        let context = context().map_err(EngineError::Setup)?;
        events.register(&context).map_err(EngineError::Setup)?;
        Ok(Self { context, table: None })
    }

    /// The table of the lake; `None` where nothing was ever compacted.
    pub fn table(&self) -> Option<&View> {
        self.table.as_ref()
    }

    /// Plans one statement, which must be one that reads.
    ///
    /// # Errors
    /// The text is no statement, or not one that reads, or names what is not there.
    pub async fn query(&self, sql: &str) -> Result<DataFrame, EngineError> {
        let statement = read_only::parse(sql)?;
        self.register_views(&statement).await?;
        let state = self.context.state();
        let plan = state.statement_to_plan(statement).await.map_err(EngineError::Plan)?;
        read_only::verify(&plan)?;
        self.context.execute_logical_plan(plan).await.map_err(EngineError::Plan)
    }

    /// All rows of a statement's answer.
    ///
    /// # Errors
    /// As for [`Engine::query`], or the query failed.
    pub async fn collect(&self, sql: &str) -> Result<Vec<RecordBatch>, EngineError> {
        self.query(sql).await?.collect().await.map_err(EngineError::Run)
    }

    /// The rows of a statement's answer as they come, whatever their number.
    ///
    /// # Errors
    /// As for [`Engine::query`].
    pub async fn stream(&self, sql: &str) -> Result<SendableRecordBatchStream, EngineError> {
        self.query(sql).await?.execute_stream().await.map_err(EngineError::Run)
    }

    /// Planning a view takes longer than many a query: only those that are named are planned, but
    /// for statements that list what there is.
    async fn register_views(&self, statement: &Statement) -> Result<(), EngineError> {
        let references =
            self.context.state().resolve_table_references(statement).map_err(EngineError::Plan)?;
        let named: HashSet<&str> = references.iter().map(|reference| reference.table()).collect();
        let lists = read_only::lists(statement)
            || references.iter().any(|reference| reference.schema() == Some("information_schema"));
        for view in views::ALL.iter().filter(|view| lists || named.contains(view.name)) {
            let create = format!("create or replace view {} as\n{}", view.name, view.sql);
            self.context.sql(&create).await.map_err(EngineError::Setup)?;
        }
        Ok(())
    }
}

fn context() -> Result<SessionContext, DataFusionError> {
    let mut config = SessionConfig::new().with_information_schema(true);
    let options = config.options_mut();
    options.execution.time_zone = Some("UTC".into());
    // As Trino sorts.
    options.sql_parser.default_null_ordering = "nulls_last".into();
    options.execution.parquet.pushdown_filters = true;
    let runtime = RuntimeEnvBuilder::new().with_memory_limit(MEMORY_LIMIT, 1.0).build_arc()?;
    let mut context = SessionContext::new_with_config_rt(config, runtime);
    functions::register(&mut context)?;
    Ok(context)
}
