//! How a run ends, and the exit code of each way.

use std::io;
use std::process::ExitCode;

use octolake_aws::AwsError;

/// How a command ended that did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All is well: exit code 0.
    Fine,
    /// A gate (`--slo`, `verify`) does not hold: exit code 3.
    GateFailed,
}

/// What was asked for cannot be: exit code 2, as for an unknown flag.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct UsageError {
    message: String,
    hint: Option<String>,
}

impl UsageError {
    /// Wrong usage, said in one sentence without a full stop.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// Adds what to do instead.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What to do about a failure, if it says so.
pub fn hint(failure: &anyhow::Error) -> Option<String> {
    let usage = failure.downcast_ref::<UsageError>().and_then(|usage| usage.hint.clone());
    usage.or_else(|| failure.downcast_ref::<AwsError>().map(AwsError::hint))
}

/// Whether the reader of our output has gone (`lakequery … | head`): that is success.
pub fn is_broken_pipe(failure: &anyhow::Error) -> bool {
    failure.chain().filter_map(io_kind).any(|kind| kind == io::ErrorKind::BrokenPipe)
}

fn io_kind(cause: &(dyn std::error::Error + 'static)) -> Option<io::ErrorKind> {
    // The CSV library does not give its cause as a source.
    match cause.downcast_ref::<csv::Error>().map(csv::Error::kind) {
        Some(csv::ErrorKind::Io(error)) => Some(error.kind()),
        _ => cause.downcast_ref::<io::Error>().map(io::Error::kind),
    }
}

/// The exit code of a result: 0 fine, 1 failed, 2 wrong usage, 3 a gate does not hold.
pub fn code(result: &anyhow::Result<Outcome>) -> ExitCode {
    match result {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::GateFailed) => ExitCode::from(3),
        Err(failure) if is_broken_pipe(failure) => ExitCode::SUCCESS,
        Err(failure) if failure.downcast_ref::<UsageError>().is_some() => ExitCode::from(2),
        Err(_) => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn each_end_has_its_code() {
        let text = |result: anyhow::Result<Outcome>| format!("{:?}", code(&result));
        let number = |code: u8| format!("{:?}", ExitCode::from(code));
        assert_eq!(text(Ok(Outcome::Fine)), number(0));
        assert_eq!(text(Ok(Outcome::GateFailed)), number(3));
        assert_eq!(text(Err(anyhow::anyhow!("no"))), number(1));
        assert_eq!(text(Err(UsageError::new("no").into())), number(2));
        let wrapped: anyhow::Result<Outcome> = Err(UsageError::new("no")).context("while asking");
        assert_eq!(text(wrapped), number(2));
        let pipe = io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(text(Err(anyhow::Error::from(pipe).context("cannot print"))), number(0));
        let pipe = csv::Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(text(Err(pipe.into())), number(0));
    }
}
