//! What `compact --every --metrics` tells of its runs, as OpenMetrics.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use octolake_compactor::Report;
use octolake_serve::metrics;
use octolake_serve::ops::Pages;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// The figures of all runs so far.
pub(super) struct Figures {
    registry: Registry,
    clock: Box<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    records: Family<Outcome, Counter>,
    runs: Family<Outcome, Counter>,
    objects: Counter,
    parse_issues: Counter,
    bytes_read: Counter,
    bytes_written: Counter,
    seconds: Gauge<f64, std::sync::atomic::AtomicU64>,
    finished: Gauge,
    table_files: Gauge,
    table_bytes: Gauge,
    backlog_objects: Gauge,
    backlog_age: Gauge,
    /// The report of the last run that came to its end.
    last: Mutex<Option<Report>>,
    failed: std::sync::atomic::AtomicBool,
}

impl Figures {
    /// No runs yet; `clock` tells how old the backlog is.
    pub(super) fn new(clock: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        let mut figures = Self {
            registry: metrics::registry(),
            clock: Box::new(clock),
            records: Family::default(),
            runs: Family::default(),
            objects: Counter::default(),
            parse_issues: Counter::default(),
            bytes_read: Counter::default(),
            bytes_written: Counter::default(),
            seconds: Gauge::default(),
            finished: Gauge::default(),
            table_files: Gauge::default(),
            table_bytes: Gauge::default(),
            backlog_objects: Gauge::default(),
            backlog_age: Gauge::default(),
            last: Mutex::default(),
            failed: false.into(),
        };
        figures.register();
        figures
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("records", "Records by what became of them", self.records.clone());
        registry.register("compactions", "Runs of the compactor", self.runs.clone());
        registry.register("compacted_objects", "Raw objects that are done", self.objects.clone());
        registry.register(
            "parse_issues",
            "Columns that are NULL for an unexpected type",
            self.parse_issues.clone(),
        );
        for (name, help, counter) in [
            ("raw_read", "Bytes of raw objects that were read", &self.bytes_read),
            ("parquet_written", "Bytes of Parquet that were written", &self.bytes_written),
        ] {
            registry.register_with_unit(name, help, Unit::Bytes, counter.clone());
        }
        let help = "How long the last run took";
        registry.register_with_unit("compaction", help, Unit::Seconds, self.seconds.clone());
        registry.register("table_files", "Files of the table", self.table_files.clone());
        registry.register("backlog_objects", "Raw objects that wait", self.backlog_objects.clone());
        for (name, help, gauge, unit) in [
            ("table", "Size of the table", &self.table_bytes, Unit::Bytes),
            (
                "backlog_age",
                "Age of the oldest raw object that waits",
                &self.backlog_age,
                Unit::Seconds,
            ),
            (
                "compaction_finished",
                "When the last run came to its end",
                &self.finished,
                Unit::Seconds,
            ),
        ] {
            registry.register_with_unit(name, help, unit, gauge.clone());
        }
    }

    /// A run has ended; `None`: it failed.
    pub(super) fn note(&self, report: Option<&Report>) {
        let all_read = report.is_some_and(|report| report.check().is_ok());
        self.failed.store(!all_read, std::sync::atomic::Ordering::Relaxed);
        let outcome = if all_read { "fine" } else { "failed" };
        self.runs.get_or_create(&Outcome { outcome }).inc();
        let Some(report) = report else { return };
        for (outcome, count) in [
            ("stored", report.stored),
            ("duplicate", report.duplicates),
            ("quarantined", report.quarantined),
            ("conflicting", report.conflicting),
            ("replayed", report.replayed),
            ("unsigned", report.unsigned),
        ] {
            self.records.get_or_create(&Outcome { outcome }).inc_by(count);
        }
        self.objects.inc_by(report.objects);
        self.parse_issues.inc_by(report.parse_issues);
        self.bytes_read.inc_by(report.bytes_read);
        self.bytes_written.inc_by(report.bytes_written);
        self.seconds.set(report.seconds);
        self.finished.set((self.clock)().timestamp());
        self.table_files.set(signed(report.files_after));
        self.table_bytes.set(signed(report.bytes_after));
        self.backlog_objects.set(signed(report.objects_left));
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(report.clone());
    }
}

impl Pages for Figures {
    fn metrics(&self) -> String {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let left = last.as_ref().filter(|report| report.objects_left > 0);
        let age = left.and_then(|report| report.backlog.age((self.clock)()));
        self.backlog_age.set(age.map_or(0, |age| age.num_seconds()));
        metrics::to_text(&self.registry)
    }

    fn unready(&self) -> Vec<&'static str> {
        let failed = self.failed.load(std::sync::atomic::Ordering::Relaxed);
        failed.then_some("last_run_failed").into_iter().collect()
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_add_up() {
        let figures = Figures::new(|| "2026-03-02T10:00:00Z".parse().unwrap());
        let report =
            Report { read: 5, stored: 3, duplicates: 2, files_after: 7, ..Report::default() };
        figures.note(Some(&report));
        figures.note(Some(&report));
        assert!(figures.unready().is_empty());
        figures.note(None);
        assert_eq!(figures.unready(), ["last_run_failed"]);
        let text = figures.metrics();
        for line in [
            "octolake_records_total{outcome=\"stored\"} 6",
            "octolake_records_total{outcome=\"duplicate\"} 4",
            "octolake_compactions_total{outcome=\"fine\"} 2",
            "octolake_compactions_total{outcome=\"failed\"} 1",
            "octolake_table_files 7",
            "octolake_compaction_finished_seconds 1772445600",
            "octolake_backlog_age_seconds 0",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
    }
}
