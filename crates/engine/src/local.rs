//! DataFusion over the files that the table's log lists: the engine that is always there.
//!
//! ```text
//! Source ─ the projection and what came later, or the archive
//!   └─▶ EventsTable (which files can hold rows → Parquet scans) ─▶ `events`
//! rows of raw objects that are not compacted, in memory (only where asked for) ─┘
//!   └─▶ JobFacts (facts, and what none were made of) ─▶ three tables beside it
//! octolake_reports::VIEWS ──────────────────────────────────────────────────▶ views
//! ```
//!
//! See [`functions`] for what is set right so that a text means what it means on Trino.

mod compact;
mod events_table;
mod facts;
mod file_set;
mod files_table;
mod folder_rows;
mod fresh_rows;
pub mod functions;
mod pruning;
mod read_only;
mod rows;
mod session;
mod spills;

pub use events_table::EventsTable;
pub use read_only::ReadOnlyError;
pub use session::{Engine, MEMORY_LIMIT, limit_memory};
