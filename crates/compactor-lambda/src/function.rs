//! One invocation: a run that ends in time, what it came to, and what is left.

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, Utc};
use lambda_runtime::{Context, Diagnostic};
use octolake_compactor::{CompactError, Report, Surroundings, Unfinished, compact};
use octolake_lake::{Counts, LakeError, Table};
use octolake_lambda::Panicked;
use octolake_store::Lake;
use serde::Serialize;
use tokio::time::timeout;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::metrics::{self, End};
use crate::request::Request;
use crate::settings::Settings;

/// How much of the time is kept for what a run has in hand when it stops taking up work: rows to
/// be committed, a merge to be ended. A fifth, within bounds.
const MARGIN: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(90));
/// When a run that did not stop by itself is given up, before Lambda ends it without a word.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What an environment keeps between invocations.
pub(crate) struct Function {
    settings: Settings,
}

/// The answer to an invocation.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    /// What the run did.
    #[serde(flatten)]
    pub(crate) report: Report,
    /// What it leaves, whatever it was asked to take up.
    pub(crate) backlog: Backlog,
}

/// Raw objects that are not in the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Backlog {
    /// How many.
    pub(crate) objects: u64,
    /// Their size as stored, in bytes.
    pub(crate) bytes: u64,
    /// For how long the oldest has been there, in seconds; `None` where nothing waits.
    pub(crate) age_s: Option<f64>,
}

/// Why an invocation fails. Lambda counts it, tries once more, and keeps the event.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error(transparent)]
    Compact(#[from] CompactError),
    #[error(transparent)]
    Lake(#[from] LakeError),
    #[error(transparent)]
    Unfinished(#[from] Unfinished),
    #[error(
        "the run did not stop in time and was given up: the store may be slow; the next one goes on"
    )]
    Late,
    #[error(transparent)]
    Panicked(#[from] Panicked),
}

impl From<RunError> for Diagnostic {
    fn from(error: RunError) -> Self {
        Self { error_type: "RunError".to_owned(), error_message: chain(&error) }
    }
}

impl Function {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// Does a run; `print` takes the line with its metrics.
    ///
    /// # Errors
    /// The run failed, or an object could not be read. What was committed before stands.
    pub(crate) async fn run(
        &self,
        request: Request,
        context: Context,
        print: fn(&str),
    ) -> Result<Summary, RunError> {
        // A second try of the same invocation has the same request id, and must not write files of
        // the same names.
        let run_id = Uuid::new_v4();
        let left = time_left(context.deadline, now());
        let span = tracing::info_span!("run", run = %run_id, requestId = context.request_id);
        let run = self.run_and_tell(request, run_id, left, print).instrument(span.clone());
        let outcome = octolake_lambda::catch(run).await.map_err(RunError::from).flatten();
        let _entered = span.entered();
        outcome.inspect_err(|error| tracing::error!(error = chain(error), "the run failed"))
    }

    async fn run_and_tell(
        &self,
        request: Request,
        run_id: Uuid,
        left: Duration,
        print: fn(&str),
    ) -> Result<Summary, RunError> {
        let (lake, function) = (&self.settings.lake, &self.settings.function);
        let tell = |counts: Counts, end| {
            if !request.dry_run {
                print(&metrics::line(counts, end, function, &run_id.to_string(), now()));
            }
        };
        let before = committed(lake).await?;
        let run = self.compact(request, run_id, time_to_work(left));
        let run = timeout(left.saturating_sub(LAST_WORDS), run).await;
        let report = match run.map_err(|_| RunError::Late).flatten() {
            Ok(report) => report,
            Err(error) => {
                // What it committed counts all the same: nothing else would tell of it.
                if let Ok(after) = committed(lake).await {
                    tell(after - before, None);
                }
                return Err(error);
            }
        };
        let summary = Summary { backlog: waiting(&report.backlog), report };
        tell(summary.report.counts(), Some(end(&summary)));
        log(&summary);
        summary.report.check()?;
        Ok(summary)
    }

    async fn compact(
        &self,
        request: Request,
        run_id: Uuid,
        deadline: Duration,
    ) -> Result<Report, RunError> {
        let Settings { lake, target_file_bytes, .. } = &self.settings;
        let mut settings = octolake_compactor::Settings {
            since: request.since,
            dry_run: request.dry_run,
            deadline: Some(deadline),
            ..octolake_compactor::Settings::default()
        };
        settings.target_file_bytes = target_file_bytes.unwrap_or(settings.target_file_bytes);
        let surroundings = Surroundings { run_id, clock: &now, on_progress: &mut |_, _| {} };
        Ok(compact(lake, &settings, surroundings).await?)
    }
}

/// The table's running totals; zeros where there is no table.
async fn committed(lake: &Lake) -> Result<Counts, LakeError> {
    let table = Table::open(lake).await?;
    Ok(table.map(|table| table.progress().ledger.counts).unwrap_or_default())
}

fn end(Summary { report, backlog }: &Summary) -> End {
    End {
        files: report.files_after,
        backlog_age: backlog.age_s.unwrap_or(0.0),
        seconds: report.seconds,
    }
}

fn waiting(left: &octolake_compactor::Backlog) -> Backlog {
    let age_s = left.age(now()).map(|age| age.num_milliseconds() as f64 / 1e3);
    Backlog { objects: left.pending.len() as u64, bytes: left.bytes(), age_s }
}

fn log(Summary { report, backlog }: &Summary) {
    tracing::info!(
        objects = report.objects,
        read = report.read,
        stored = report.stored,
        duplicates = report.duplicates,
        quarantined = report.quarantined,
        conflicting = report.conflicting,
        replayed = report.replayed,
        unsigned = report.unsigned,
        objects_left = backlog.objects,
        dry_run = report.dry_run,
        "the run is over"
    );
}

/// The time until `ends` (milliseconds since 1970), when Lambda ends the invocation.
fn time_left(ends: u64, now: DateTime<Utc>) -> Duration {
    let now = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    Duration::from_millis(ends.saturating_sub(now))
}

/// How long a run may take up work, that ends after `left`.
fn time_to_work(left: Duration) -> Duration {
    left.saturating_sub((left / 5).clamp(MARGIN.0, MARGIN.1))
}

/// An error and its causes, as one line.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Many an error says its cause itself.
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        cause = error.source();
    }
    line
}

#[expect(clippy::disallowed_methods, reason = "this is the shell that reads the clock")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use object_store::ObjectStoreExt as _;
    use object_store::path::Path;
    use octolake_event::entry::{self, BusEntry};
    use octolake_event::{DeliveryId, DeliveryMeta};
    use serde_json::Value;

    use super::*;

    /// A lake with a push in each of the hours named, and the function on it.
    async fn function(hours: &[&str]) -> Function {
        let lake = Lake::in_memory();
        for (number, hour) in hours.iter().enumerate() {
            let at = "2026-03-02T10:00:00Z".parse().unwrap();
            let meta = DeliveryMeta::new(DeliveryId::from_u128(number as u128), at);
            let detail = entry::detail(&meta, r#"{"ref":"refs/heads/main"}"#);
            let entry =
                BusEntry { source: "github.com".into(), detail_type: "push".into(), detail };
            let line = entry::envelope_line(&entry, &meta.id.to_string(), at);
            let key = Path::from(format!("raw/2026/03/02/{hour}/a"));
            lake.store().put(&key, line.into()).await.unwrap();
        }
        let function = "acme-compactor".to_owned();
        Function::new(Settings { lake, target_file_bytes: None, function })
    }

    /// An invocation that ends in so many seconds.
    fn context(seconds: u64) -> Context {
        let mut context = Context::default();
        context.deadline = now().timestamp_millis().unsigned_abs() + seconds * 1000;
        context
    }

    fn figures(summary: &Summary) -> [u64; 4] {
        let Summary { report, backlog } = summary;
        [report.read, report.stored, report.objects_left, backlog.objects]
    }

    #[tokio::test]
    async fn a_run_takes_what_it_is_asked_to() {
        let function = function(&["09", "10", "11"]).await;
        let dry = Request { dry_run: true, since: None };
        let summary = function.run(dry, context(60), |_| panic!("no metrics")).await.unwrap();
        assert_eq!(figures(&summary), [3, 3, 0, 3]);
        let since =
            Request { since: Some("2026-03-02T10:30:00Z".parse().unwrap()), dry_run: false };
        let summary = function.run(since, context(60), |_| {}).await.unwrap();
        assert_eq!(figures(&summary), [2, 2, 0, 1]);
        assert!(summary.backlog.age_s.unwrap() >= 0.0);
        let summary = function.run(Request::default(), context(60), |_| {}).await.unwrap();
        assert_eq!(figures(&summary), [1, 1, 0, 0]);
        assert_eq!(summary.backlog, Backlog::default());
    }

    #[tokio::test]
    async fn without_time_it_takes_one_step_and_says_what_is_left() {
        let function = function(&["09", "10"]).await;
        let summary = function.run(Request::default(), context(5), |_| {}).await.unwrap();
        assert_eq!(figures(&summary), [1, 1, 1, 1]);
        let answer: Value = serde_json::to_value(&summary).unwrap();
        assert_eq!(
            (&answer["objects_left"], &answer["backlog"]["objects"]),
            (&1.into(), &1.into())
        );
    }

    #[tokio::test]
    async fn metrics_are_printed_once_and_a_panic_is_an_error() {
        static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
        let function = function(&["09"]).await;
        let print = |line: &str| LINES.lock().unwrap().push(line.to_owned());
        function.run(Request::default(), context(60), print).await.unwrap();
        let lines = LINES.lock().unwrap().clone();
        assert_eq!(lines.len(), 1);
        assert_eq!(serde_json::from_str::<Value>(&lines[0]).unwrap()["rows"], 1);

        let error = function.run(Request::default(), context(60), |_| panic!("a payload")).await;
        let diagnostic = Diagnostic::from(error.unwrap_err());
        assert!(!diagnostic.error_message.contains("a payload"), "{diagnostic:?}");
    }

    #[tokio::test]
    async fn what_a_failed_run_has_committed_is_told() {
        static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
        let function = function(&["09"]).await;
        let print = |line: &str| LINES.lock().unwrap().push(line.to_owned());
        let error = function.run(Request::default(), context(1), print).await.unwrap_err();
        assert!(matches!(error, RunError::Late), "{error:?}");
        let lines = LINES.lock().unwrap().clone();
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!((&line["rows"], line.get("backlog_age_seconds")), (&0.into(), None));

        let none = Counts::default();
        let before = Counts { read: 10, stored: 7, duplicates: 2, quarantined: 1, ..none };
        let after = Counts { read: 15, stored: 9, duplicates: 4, quarantined: 2, ..none };
        let new = Counts { read: 5, stored: 2, duplicates: 2, quarantined: 1, ..none };
        assert_eq!(after - before, new);
    }

    #[test]
    fn a_part_of_the_time_is_kept_for_the_end() {
        let now = DateTime::from_timestamp_millis(1_000_000).unwrap();
        let seconds = |left: u64| time_to_work(time_left(1_000_000 + left * 1000, now)).as_secs();
        assert_eq!(seconds(900), 810);
        assert_eq!(seconds(100), 80);
        assert_eq!(seconds(10), 5);
        assert_eq!(seconds(3), 0);
    }
}
