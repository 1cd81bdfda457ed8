//! Panics: told in the log by their place, and caught so that each invocation is answered.

use std::future::Future;
use std::panic::{AssertUnwindSafe, PanicHookInfo};

use futures::FutureExt as _;

/// The work panicked; the log says where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is a fault of octolake's: the log says where it panicked")]
pub struct Panicked;

/// Runs `work` to its end, or to its panic.
///
/// What `work` shares with later invocations must bear that it stops anywhere.
///
/// # Errors
/// It panicked.
pub async fn catch<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(|_| Panicked)
}

/// Has each panic of this process told in the log, without its text.
pub(crate) fn tell() {
    std::panic::set_hook(Box::new(log));
}

fn log(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(tracing::field::display);
    tracing::error!(place, "panicked");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_and_says_nothing_of_its_text() {
        let text = "a payload".to_owned();
        let error = catch(async { assert!(text.is_empty(), "{text}") }).await.unwrap_err();
        assert!(!error.to_string().contains("a payload"));
        assert_eq!(catch(async { 1 }).await, Ok(1));
    }
}
