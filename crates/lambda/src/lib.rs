//! What octolake's Lambda functions have in common: a log of JSON lines, and panics that are told
//! and answered.
//!
//! Invariant: no text of a panic gets into the log or an answer. It may quote a payload ("byte
//! index 7 is not a char boundary of …"), so only its place is told.
//!
//! Absent on purpose: the runtime's own loop, which `lambda_runtime` brings.

mod log;
mod panics;
mod place;

pub use log::{Level, start_log};
pub use panics::{Panicked, catch};
pub use place::{NotLambda, ensure_lambda};
