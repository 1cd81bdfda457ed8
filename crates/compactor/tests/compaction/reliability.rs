//! Whatever a store does to a run, and whenever: nothing is lost, nothing is doubled, and no reader
//! sees half a commit.
//!
//! [`scenario`] is a small lake where one run does all that a run can do; [`trial`] makes that run
//! with faults at chosen operations, looks at the lake after each change as a reader would, lets the
//! next run finish and proves the outcome. `OCTOLAKE_PAIRS` (how many pairs of faults; 500) and
//! `OCTOLAKE_SEED` (which ones; 1) make the long run: docs/reliability.md.

mod every_operation;
mod pairs;
mod reader;
mod scenario;
mod trial;
mod workers;
