//! The log: one JSON object to a line, as Lambda's own lines have it (`timestamp`, `level`,
//! `message`), with the innermost span in `span`: a function opens one with its `requestId`.

use std::io;
use std::str::FromStr;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Which lines get into the log: those of this level and above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level(LevelFilter);

impl Level {
    /// What `AWS_LAMBDA_LOG_LEVEL` says, which the function's logging configuration sets;
    /// information where that is absent or unknown.
    pub(crate) fn from_setting(text: Option<&str>) -> Self {
        Self(match text {
            // Lambda has one level more than we have.
            Some(text) if text.eq_ignore_ascii_case("FATAL") => LevelFilter::ERROR,
            Some(text) if !text.is_empty() => {
                LevelFilter::from_str(text).unwrap_or(LevelFilter::INFO)
            }
            _ => LevelFilter::INFO,
        })
    }

    /// Libraries say less, whatever is asked for: below information they print whole requests.
    fn of_libraries(self) -> LevelFilter {
        match self.0 {
            LevelFilter::TRACE | LevelFilter::DEBUG => LevelFilter::INFO,
            other => other.min(LevelFilter::WARN),
        }
    }
}

/// Starts the log of this process, on stdout.
pub(crate) fn start(level: Level) {
    // A second start keeps the first: nothing is lost by it.
    let _ = subscriber(level, io::stdout).try_init();
}

fn subscriber<W>(level: Level, writer: W) -> impl tracing::Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = Targets::new()
        .with_default(level.of_libraries())
        // A failed invocation, told by the function itself with its run.
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF)
        .with_target("octolake", level.0)
        .with_target("ingest", level.0)
        .with_target("compactor", level.0);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false)
        .with_writer(writer);
    tracing_subscriber::registry().with(filter).with(lines)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        fn of(level: Option<&str>, log: impl FnOnce()) -> Vec<Value> {
            let lines = Self::default();
            let writer = lines.clone();
            let subscriber = subscriber(Level::from_setting(level), move || writer.clone());
            tracing::subscriber::with_default(subscriber, log);
            let bytes = lines.0.lock().unwrap();
            let text = str::from_utf8(&bytes).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        }
    }

    #[test]
    fn a_line_is_one_object_with_what_lambda_looks_for() {
        let lines = Lines::of(None, || {
            let span = tracing::info_span!(target: "ingest", "request", requestId = "r-1");
            let _entered = span.enter();
            tracing::info!(target: "octolake_ingest", delivery = "d\n1", "answered");
            tracing::info!(target: "hyper", "connected");
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        let line = &lines[0];
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["message"], "answered");
        assert_eq!(line["delivery"], "d\n1");
        assert_eq!(line["span"]["requestId"], "r-1");
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn no_level_makes_a_library_print_a_payload() {
        let lines = Lines::of(Some("TRACE"), || {
            tracing::trace!(target: "lambda_runtime::layers::api_response", body = "a payload");
            tracing::debug!(target: "aws_smithy_runtime::client", request = "a payload");
            tracing::trace!(target: "octolake_ingest", "ours");
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(lines[0]["message"], "ours");
    }

    #[test]
    fn the_level_is_lambdas_setting() {
        let log = || {
            tracing::debug!(target: "octolake_ingest", "debug");
            tracing::warn!(target: "octolake_ingest", "warn");
            tracing::error!(target: "hyper", "error");
        };
        let messages = |level| {
            let lines = Lines::of(level, log);
            lines
                .iter()
                .map(|line| line["message"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(messages(None), ["warn", "error"]);
        assert_eq!(messages(Some("DEBUG")), ["debug", "warn", "error"]);
        assert_eq!(messages(Some("FATAL")), ["error"]);
        assert_eq!(messages(Some("")), ["warn", "error"]);
        assert_eq!(messages(Some("nonsense")), ["warn", "error"]);
    }
}
