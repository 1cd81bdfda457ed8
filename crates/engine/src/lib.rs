//! SQL over a lake: engines that run a report's text, or anybody's.
//!
//! ```text
//! octolake-reports: Question ─▶ SQL text ─┐
//!                                         ├─▶ SqlEngine ─▶ named, typed rows
//! View (the log) ─ files ─▶ local::Engine
//! ```
//!
//! Invariants: engines read and never write; the same SQL text has the same answer on each of them.

mod error;
pub mod local;
mod size;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use octolake_reports::{Abilities, Question, Table};

pub use self::error::EngineError;
pub use self::local::{Engine, EventsTable, MEMORY_LIMIT, limit_memory};
pub use self::size::size;

/// What runs SQL over the table `events`.
#[async_trait]
pub trait SqlEngine: Send + Sync {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// What it has beside SQL.
    fn abilities(&self) -> Abilities {
        Abilities::default()
    }

    /// All rows of a statement's answer.
    ///
    /// # Errors
    /// The text is no statement that reads, or names what is not there, or fails while it runs.
    async fn run(&self, sql: &str) -> Result<Table, EngineError>;

    /// Hands all rows of a statement's answer to `part`, some at a time and in their order, at least
    /// once: a million rows need not be held as values. Returns once `part` does not want more.
    ///
    /// # Errors
    /// As for [`SqlEngine::run`].
    async fn run_in_parts(
        &self,
        sql: &str,
        part: &mut (dyn FnMut(Table) -> bool + Send),
    ) -> Result<(), EngineError> {
        part(self.run(sql).await?);
        Ok(())
    }

    /// The newest arrival among the deliveries that a report reads.
    ///
    /// # Errors
    /// As for [`SqlEngine::run`].
    async fn newest_arrival(
        &self,
        question: &Question,
    ) -> Result<Option<DateTime<Utc>>, EngineError> {
        let table = self.run(&question.newest_sql()).await?;
        let newest = table.rows.first().and_then(|row| row.first()?.integer());
        Ok(newest.and_then(DateTime::from_timestamp_millis))
    }
}
