//! Whatever a store does to a run, and whenever: nothing is lost, nothing is doubled, and no reader
//! sees half a commit.
//!
//! [`scenario`] is a small lake where one run does all that a run can do; [`trial`] makes that run
//! with faults at chosen operations, looks at the lake after each change as a reader would, lets the
//! next run finish and proves the outcome. A test run makes a share of the trials; the environment
//! makes it another, or all:
//!
//! | variable | what it sets |
//! |---|---|
//! | `OCTOLAKE_SHARE` | one of so many trials of a single fault is made; 1: all |
//! | `OCTOLAKE_PAIRS` | so many trials of two faults |
//! | `OCTOLAKE_SEED` | which ones |
//! | `OCTOLAKE_FAULT` | only single faults of this name |
//! | `OCTOLAKE_STOP_EARLY` | if set, the first failure ends it |

mod by_hand;
mod every_operation;
mod pairs;
mod reader;
mod scenario;
mod trial;
mod workers;
