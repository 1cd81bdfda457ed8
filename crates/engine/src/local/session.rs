//! A session: settings, the table, functions, views, and statements that only read.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use datafusion::arrow::array::RecordBatch;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use futures::{StreamExt as _, TryStreamExt as _};
use octolake_lake::{LiveFile, Source, View};
use octolake_reports::{Abilities, Question, Table, VIEWS};
use octolake_store::Lake;
use tokio::sync::OnceCell;

use super::compact::CompactAggregates;
use super::events_table::EventsTable;
use super::facts::JobFacts;
use super::{functions, read_only, rows, spills};
use crate::{EngineError, SqlEngine};

/// How much a query may hold in memory before it spills to the disk, in bytes, if nobody says. What
/// is not counted there has its bound in the caller's own watch.
pub const MEMORY_LIMIT: usize = 1 << 30;

static LIMIT: OnceLock<usize> = OnceLock::new();

/// Says how many bytes a query of this process may hold before it spills; what was said first holds.
pub fn limit_memory(bytes: usize) {
    let _ = LIMIT.set(bytes);
}

/// SQL over one lake, as it was when the engine was opened.
pub struct Engine {
    context: SessionContext,
    /// Why the projection cannot be used, where there is a table.
    archive_because: Option<String>,
    /// The version of the table that is read.
    version: Option<u64>,
    is_projected: bool,
    /// Where the projection keeps facts.
    facts: Option<JobFacts>,
    is_ready: OnceCell<()>,
    /// The newest arrival of each event type; `None` for a type of which a file does not say.
    newest: HashMap<String, Option<DateTime<Utc>>>,
}

impl Engine {
    /// Opens the newest version of the lake's table.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn open(lake: &Lake) -> Result<Self, EngineError> {
        Ok(match Source::open(lake).await? {
            Source::Projected(projected) => {
                let version = Some(projected.version);
                let facts = JobFacts::of(lake, &projected);
                let engine = Self::over(EventsTable::projected(lake, projected))?;
                Self { version, is_projected: true, facts, ..engine }
            }
            Source::Empty => Self::of(lake, None, vec![])?,
            Source::Archive(view, reason) => {
                Self { archive_because: Some(reason), ..Self::of(lake, Some(view), vec![])? }
            }
        })
    }

    /// Opens the newest version of the lake's table, without its projection.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn open_archive(lake: &Lake) -> Result<Self, EngineError> {
        Self::of(lake, View::open(lake).await?, vec![])
    }

    /// An engine over a version of the lake's table (`None`: nothing was ever compacted), and over
    /// rows that are in no file of it: see [`EventsTable::with_rows`].
    ///
    /// # Errors
    /// The engine's parts do not fit together.
    pub fn of(
        lake: &Lake,
        table: Option<View>,
        rows: Vec<(LiveFile, RecordBatch)>,
    ) -> Result<Self, EngineError> {
        let version = table.as_ref().map(View::version);
        let files = table.map(|table| table.files().to_vec()).unwrap_or_default();
        let events = EventsTable::new(lake.store().clone(), files).with_rows(rows);
        Ok(Self { version, ..Self::over(events)? })
    }

    /// An engine over a table that is given.
    ///
    /// # Errors
    /// The engine's parts do not fit together.
    pub fn over(events: EventsTable) -> Result<Self, EngineError> {
        let context = context().map_err(EngineError::Setup)?;
        let newest = newest(events.files());
        events.register(&context).map_err(EngineError::Setup)?;
        Ok(Self {
            context,
            archive_because: None,
            version: None,
            is_projected: false,
            facts: None,
            is_ready: OnceCell::new(),
            newest,
        })
    }

    /// Why the archive is read and not the projection; `None` where the projection is, or there is
    /// no table at all.
    pub fn archive_because(&self) -> Option<&str> {
        self.archive_because.as_deref()
    }

    /// Whether what asks for no payload is read from the projection.
    pub fn is_projected(&self) -> bool {
        self.is_projected
    }

    /// The version of the table that is read; `None` where nothing was ever compacted.
    pub fn version(&self) -> Option<u64> {
        self.version
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
        self.stream(sql).await?.try_collect().await.map_err(EngineError::Run)
    }

    /// The rows of a statement's answer as they come, whatever their number.
    ///
    /// # Errors
    /// As for [`Engine::query`].
    pub async fn stream(&self, sql: &str) -> Result<SendableRecordBatchStream, EngineError> {
        let frame = self.query(sql).await?;
        let task = Arc::new(frame.task_ctx());
        let plan = frame.create_physical_plan().await.map_err(EngineError::Run)?;
        let rows = execute_stream(plan.clone(), task).map_err(EngineError::Run)?;
        Ok(spills::told(plan, rows))
    }

    /// What facts there are is looked at where a statement reads them.
    async fn register_facts(&self) -> Result<(), EngineError> {
        let Some(facts) = &self.facts else { return Ok(()) };
        let register = || facts.register(&self.context);
        self.is_ready.get_or_try_init(register).await.map_err(EngineError::Run).copied()
    }

    /// Planning a view takes longer than many a query: only those that are named are planned, but
    /// for statements that list what there is.
    async fn register_views(&self, statement: &Statement) -> Result<(), EngineError> {
        let references =
            self.context.state().resolve_table_references(statement).map_err(EngineError::Plan)?;
        let named: HashSet<&str> = references.iter().map(|reference| reference.table()).collect();
        let is_of_facts = |schema: Option<&str>| schema == Some(octolake_reports::facts::SCHEMA);
        if references.iter().any(|reference| is_of_facts(reference.schema())) {
            self.register_facts().await?;
        }
        let lists = read_only::lists(statement)
            || references.iter().any(|reference| reference.schema() == Some("information_schema"));
        for (_, view) in VIEWS.iter().filter(|(_, view)| lists || named.contains(view.name)) {
            let text = view.sql_with(self.abilities());
            if text.contains(octolake_reports::facts::SCHEMA) {
                self.register_facts().await?;
            }
            let create = format!("create or replace view {} as\n{text}", view.name);
            self.context.sql(&create).await.map_err(EngineError::Setup)?;
        }
        Ok(())
    }
}

#[async_trait]
impl SqlEngine for Engine {
    fn name(&self) -> &'static str {
        "local"
    }

    fn abilities(&self) -> Abilities {
        Abilities { facts: self.facts.is_some(), draft_times: true, sorted_values: true }
    }

    async fn run(&self, sql: &str) -> Result<Table, EngineError> {
        let rows = self.stream(sql).await?;
        let schema = rows.schema();
        let batches: Vec<RecordBatch> = rows.try_collect().await.map_err(EngineError::Run)?;
        rows::table(&schema, &batches).map_err(EngineError::Run)
    }

    async fn run_in_parts(
        &self,
        sql: &str,
        part: &mut (dyn FnMut(Table) -> bool + Send),
    ) -> Result<(), EngineError> {
        let mut batches = self.stream(sql).await?;
        let schema = batches.schema();
        let mut wants = part(rows::table(&schema, &[]).map_err(EngineError::Run)?);
        while wants && let Some(batch) = batches.next().await {
            let rows = batch.and_then(|batch| rows::table(&schema, &[batch]));
            wants = part(rows.map_err(EngineError::Run)?);
        }
        Ok(())
    }

    /// From the log, where every file's statistics say it.
    async fn newest_arrival(
        &self,
        question: &Question,
    ) -> Result<Option<DateTime<Utc>>, EngineError> {
        let types = question.report.subject.event_types.iter();
        let known: Option<Vec<DateTime<Utc>>> =
            types.filter_map(|name| self.newest.get(*name).copied()).collect();
        if let Some(known) = known {
            return Ok(known.into_iter().max());
        }
        let table = self.run(&question.newest_sql()).await?;
        let newest = table.rows.first().and_then(|row| row.first()?.integer());
        Ok(newest.and_then(DateTime::from_timestamp_millis))
    }
}

/// The newest arrival of each event type; `None` where a file does not say its own.
fn newest<'f>(files: impl Iterator<Item = &'f LiveFile>) -> HashMap<String, Option<DateTime<Utc>>> {
    let mut newest = HashMap::new();
    for file in files {
        let entry = newest
            .entry(file.partition.event_type.to_string())
            .or_insert(Some(DateTime::UNIX_EPOCH));
        *entry = entry.zip(file.received_max).map(|(one, other)| one.max(other));
    }
    newest
}

fn context() -> Result<SessionContext, DataFusionError> {
    let mut config = SessionConfig::new().with_information_schema(true);
    let options = config.options_mut();
    options.execution.time_zone = Some("UTC".into());
    // As Trino sorts.
    options.sql_parser.default_null_ordering = "nulls_last".into();
    options.execution.parquet.pushdown_filters = true;
    let limit = LIMIT.get().copied().unwrap_or(MEMORY_LIMIT);
    let runtime = RuntimeEnvBuilder::new().with_memory_limit(limit, 1.0).build_arc()?;
    let state = SessionStateBuilder::new_with_default_features()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_physical_optimizer_rule(Arc::new(CompactAggregates))
        .build();
    let mut context = SessionContext::new_with_state(state);
    functions::register(&mut context)?;
    Ok(context)
}
