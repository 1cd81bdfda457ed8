//! The Delta table of a lake: which files are live, which raw objects are done, and commits that
//! change both at once. The only place that knows Delta.
//!
//! ```text
//! View::open  ── files() ──▶ a reader
//! Table::open ── files(), unusable(), progress() ──▶ a compactor
//! Table::open_or_create ── add_missing_columns(), set_missing_properties() (an older table)
//!                       ── Commit { adds, removes, done, counts } ── commit() ──▶ Committed | Conflict
//! ```
//!
//! Invariants:
//! * Rows and the fact that their raw objects are done go into one commit, or neither does.
//! * Every commit carries the sequence number that it read, plus one, and is refused where another
//!   was first: whoever compacts has then to look anew at what is in the lake.
//! * A file is never deleted here. Whether a commit that failed oddly is there after all, only the
//!   log can tell; what no commit names is an orphan, for a vacuum to find after a grace period.

mod actions;
mod columns;
mod commit;
mod elsewhere;
mod error;
mod facts;
mod follow;
mod ledger;
mod line;
mod live;
mod log;
mod open;
mod progress;
mod projection;
mod properties;
mod reached;
mod replay;
mod seals;
mod table;

pub use commit::{Commit, CommitKind, Erased, NewFile, Outcome, Retried};
pub use elsewhere::Elsewhere;
pub use error::LakeError;
pub use facts::Facts;
pub use follow::Following;
pub use ledger::{Counts, Ledger};
pub use live::{LiveFile, Unusable};
pub use open::is_lake;
pub use progress::Progress;
pub use projection::{NewProjected, Projected, Projection, ProjectionCommit, Source, Unfit};
pub use reached::{Reached, Search};
pub use seals::{Doubt, Seal, SealedDay};
pub use table::{Table, View};
