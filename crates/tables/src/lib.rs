//! The lake's schema, and the way from an envelope to Arrow rows: pure, no I/O.
//!
//! ```text
//! Envelope ── decode ──▶ Row (one value per column of its event type) ── batch ──▶ RecordBatch
//! ```
//!
//! [`columns`] says what is read out of which payload; everything else follows from it: the
//! schema of the table, of each event type's files, and the decoder. To add a column, add a line
//! there.
//!
//! Invariants: a member of an unexpected type gives a NULL and is named in `parse_issues`; the row
//! is never lost for it, and `payload` has the whole text. No column depends on another delivery.

pub mod batch;
pub mod columns;
pub mod decode;
pub mod facts;
mod leaf;
mod plan;
pub mod schema;

pub use batch::BatchBuilder;
pub use decode::{Decoders, Row};
pub use plan::Plan;
