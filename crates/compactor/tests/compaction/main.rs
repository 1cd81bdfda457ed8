//! Compaction as a whole, over lakes in memory and in directories.

mod bad_input;
mod lake;
mod once;
mod proof;
mod racing;
