//! The command line: ingest, compaction, reports and SQL on a lake.
//!
//! ```text
//! arguments ─ cli ─▶ commands/<name> ─▶ ask (a question of `octolake_reports` to an engine of
//!                          │                  `octolake_engine`) ─▶ output
//!                          └▶ the other crates
//! ```
//!
//! Invariants: results go to stdout and only through [`output`], everything else to stderr; exit
//! codes are those of [`exit`]; the clock is read in [`cli`] alone, the environment there and in
//! [`secrets`]; no text of a user or of a payload becomes part of SQL but as an escaped literal.

pub mod ask;
pub mod cli;
pub mod commands;
pub mod demo;
pub mod exit;
pub mod logging;
pub mod memory;
pub mod output;
pub mod secrets;
pub mod traffic;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod witnessed;
