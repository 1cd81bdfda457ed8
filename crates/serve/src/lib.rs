//! The ingest endpoint on this machine: HTTP in, raw objects in the lake out, and no delivery lost
//! between.
//!
//! ```text
//! HTTP ── http ──▶ octolake_ingest ── Bus ──▶ spool writer ── group commit ──▶ spool file
//!                                      202 ◀── fsynced              roll │
//!                                                          lake  ◀── lander ── closed file
//! ```
//!
//! - [`Server`] binds, serves, and drains when it is told to stop.
//! - The **spool** is a directory of gzip files. One thread writes: it takes all deliveries that
//!   wait, appends them as one gzip member, syncs once, and only then answers them all.
//! - A file that is large or old enough, or whose hour is over, is closed, and the **lander** puts
//!   it into the lake under `raw/`. A lake that cannot be reached delays that; it loses nothing,
//!   and deliveries are taken until the spool is as large as it may be.
//! - At start, files that a dead process left are landed too: see `spool::recovery`.
//!
//! Invariants (each is a test):
//! - a file on disk is whole gzip members up to its last sync, and nothing after that was answered;
//! - a process holds the lock of each file that it writes or lands, from before the file has its
//!   final name until it is removed;
//! - a file is removed only when its object is in the lake, byte for byte;
//! - an object's name is made from the file's, so that landing twice is landing once.

mod clock;
mod config;
mod http;
pub mod metrics;
pub mod ops;
mod readiness;
mod replays;
mod server;
mod spool;

pub use config::{Config, Limits, LogDrops, NoSpoolDirectory, RollPolicy};
pub use server::{ServeError, Server, serve};
pub use spool::{SpoolError, Summary, Survey, survey};
