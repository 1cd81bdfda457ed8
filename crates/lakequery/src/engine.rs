//! SQL over a lake: DataFusion over the files that the table's log lists.
//!
//! ```text
//! Table ─ files ─▶ EventsTable (which files can hold rows → one Parquet scan) ─▶ `events`
//! queries/*.sql ─────────────────────────────────────────────────────────────▶ views
//! ```
//!
//! Invariants: the engine reads and never writes; the same SQL text has the same answer on Trino
//! (see [`functions`] for what is set right for that).

mod events_table;
pub mod functions;
mod pruning;
mod read_only;
mod session;
pub mod views;

pub use events_table::EventsTable;
pub use read_only::ReadOnlyError;
pub use session::{Engine, EngineError, MEMORY_LIMIT};
