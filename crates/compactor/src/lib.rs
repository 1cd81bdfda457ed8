//! From raw objects to the Delta table: scan, plan, read, deduplicate, encode, commit.
//!
//! ```text
//! scan ─▶ pending raw objects ─▶ read ─▶ records ─▶ known (which are in the lake already?)
//!      ─▶ partitions (rows by event type and date, in bounded memory) ─▶ encode ─▶ Parquet files
//!      ─▶ commit (rows, done objects and counts at once) ─▶ seal (days that are done for good)
//!      ─▶ merge, vacuum
//! ```
//!
//! One library for the command line and the Lambda: [`compact`] does a run, [`verify`] proves what
//! the runs have done.
//!
//! Invariants:
//! * A delivery id is stored once: ids are looked up in the batch at hand and in every live file
//!   whose date is within [`known::WINDOW_DAYS`] of the row's, and looked up anew after each
//!   conflict. No commit is made on top of a version that was not looked into.
//! * `read = stored + duplicates + quarantined`, in every commit.
//! * A raw object is done only together with its rows. A run may end at any place, and the next
//!   one goes on: what was written without a commit is no part of the table.
//! * Memory is bounded by [`Settings`], whatever the size of an object, a partition or the lake.
//! * Raw objects are never changed or deleted.

mod append;
mod batch;
mod commit;
mod dates;
mod deadline;
mod elsewhere;
mod encode;
mod erase;
mod error;
mod file_reader;
mod fresh;
pub mod known;
mod large;
mod merge;
mod objects;
mod partitions;
mod project;
pub mod quarantine;
mod read;
mod rebuild;
mod repair;
mod repeats;
mod report;
mod retry;
mod rewrite;
mod run;
mod scan;
mod seal;
mod settings;
mod shares;
mod tally;
mod texts;
mod vacuum;
mod verify;
mod windows;

pub use erase::{Erasure, Selection, erase};
pub use error::{CompactError, Kind};
pub use fresh::{FRESH_BYTES, Fresh, FreshRows, fresh};
pub use merge::{PlannedMerge, Reason};
pub use project::{Projecting, reproject};
pub use rebuild::{Comparison, Rebuild, rebuild};
pub use repair::{Repair, repair};
pub use report::{FailedObject, Report, Skipped, Unfinished};
pub use retry::{Retry, retry};
pub use run::{Surroundings, compact};
pub use scan::{Backlog, RawObject, backlog};
pub use settings::Settings;
pub use vacuum::{PlannedVacuum, Unwanted};
pub use verify::{Check, Depth, Proof, Reading, Verdict, prove, prove_with, verify};
pub use windows::{Place, What, items_in};
