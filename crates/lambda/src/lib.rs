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

pub use panics::{Panicked, catch};
pub use place::NotLambda;

/// Starts the log of this process, on stdout, and has panics told in it; `variable` reads the
/// environment.
///
/// # Errors
/// It is not Lambda that runs it.
pub fn start(variable: impl Fn(&'static str) -> Option<String>) -> Result<(), NotLambda> {
    log::start(log::Level::from_setting(variable("AWS_LAMBDA_LOG_LEVEL").as_deref()));
    panics::tell();
    place::ensure_lambda(variable)
}
