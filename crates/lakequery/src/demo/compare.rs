//! The reports against what the simulation knows of itself: the simulation never looked at a
//! payload or at SQL, and the reports never at the simulation.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use octolake_compactor::Report as Compacted;
use octolake_simulate::{PullTimes, Simulation, Statistics, Truth};
use serde::Serialize;

use crate::engine::Engine;
use crate::reports::{Answer, Dimension, Measure, Question, Report, Row, Window, Zone};

use super::Delivered;

/// What was compared, and what differed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// How many reports were asked for.
    pub reports: u64,
    /// How many of their figures were compared.
    pub figures: u64,
    /// One sentence for each that differed.
    pub differences: Vec<String>,
}

/// The reports that the demo shows.
pub fn questions() -> Vec<Question> {
    let jobs = Report::QueueLatency;
    let pulls = Report::LeadTime(Measure::LeadTime);
    vec![
        question(jobs, &[]),
        question(jobs, &["label"]),
        question(pulls, &[]),
        question(pulls, &["repo"]),
    ]
}

fn question(report: Report, by: &[&str]) -> Question {
    let by = by.iter().filter_map(|name| Dimension::named(name, report.dimensions())).collect();
    Question { report, by, window: Window::default(), repos: vec![], zone: Zone(Tz::UTC) }
}

/// Asks every report that the simulation can answer too, and compares all figures.
///
/// # Errors
/// A report has no answer.
pub async fn compare(
    simulation: &Simulation,
    delivered: &Delivered,
    compacted: &Compacted,
    engine: &Engine,
) -> anyhow::Result<Comparison> {
    let truth = simulation.truth();
    let mut comparison = Comparison::default();
    let accepted = truth.unique_deliveries + truth.redeliveries;
    comparison.number("deliveries accepted", delivered.accepted, accepted);
    comparison.number("records read", compacted.read, accepted);
    comparison.number("rows stored", compacted.stored, truth.unique_deliveries);
    comparison.number("duplicates", compacted.duplicates, truth.redeliveries);
    comparison.number("quarantined", compacted.quarantined, 0);
    for (question, expected) in expectations(truth) {
        let answer = question.ask(engine).await?;
        comparison.reports += 1;
        comparison.report(&question, &answer, &expected, &left_out(&question, truth));
    }
    Ok(comparison)
}

/// Rows by their keys; one with the key "" where nothing is told apart.
type Rows = BTreeMap<String, Statistics>;

fn expectations(truth: &Truth) -> Vec<(Question, Rows)> {
    let jobs = &truth.queue_latency;
    let latency = Report::QueueLatency;
    let mut all = vec![
        (question(latency, &[]), one(jobs.overall())),
        (question(latency, &["repo"]), jobs.by(|job| job.repo.to_owned())),
        (question(latency, &["label"]), jobs.by(|job| job.label.clone())),
        (question(latency, &["workflow"]), jobs.by(|job| job.workflow.to_owned())),
    ];
    type Value = fn(&PullTimes) -> Option<i64>;
    let measures: [(Measure, Value); 3] = [
        (Measure::LeadTime, |pull| Some(pull.lead_time)),
        (Measure::ReadyToMerge, |pull| Some(pull.ready_to_merge)),
        (Measure::NonDraft, |pull| Some(pull.non_draft)),
    ];
    for (measure, value) in measures {
        let pulls = &truth.lead_time;
        let report = Report::LeadTime(measure);
        all.push((question(report, &[]), one(pulls.overall(value))));
        all.push((question(report, &["repo"]), pulls.by(value, |pull| pull.repo.to_owned())));
        all.push((question(report, &["author"]), pulls.by(value, |pull| pull.author.to_owned())));
    }
    all
}

fn one(statistics: Option<Statistics>) -> Rows {
    statistics.map(|row| (String::new(), row)).into_iter().collect()
}

fn left_out(question: &Question, truth: &Truth) -> BTreeMap<&'static str, u64> {
    let (jobs, pulls) = (&truth.queue_latency, &truth.lead_time);
    match question.report {
        Report::QueueLatency => BTreeMap::from([
            ("skipped", jobs.skipped),
            ("never_ran", jobs.never_ran),
            ("pending", jobs.pending),
            ("gated", jobs.gated),
            ("anomalous", jobs.anomalous),
            ("clamped", jobs.clamped),
        ]),
        Report::LeadTime(_) => {
            BTreeMap::from([("open", pulls.open), ("closed_unmerged", pulls.closed_unmerged)])
        }
    }
}

impl Comparison {
    fn report(
        &mut self,
        question: &Question,
        answer: &Answer,
        expected: &Rows,
        left_out: &BTreeMap<&'static str, u64>,
    ) {
        let by: Vec<&str> = question.by.iter().map(|by| by.name()).collect();
        let name = format!("{:?} by {by:?}", question.report);
        let rows: BTreeMap<String, &Row> =
            answer.rows.iter().filter(|row| row.n > 0).map(|row| (key(row), row)).collect();
        let keys: Vec<&String> = rows.keys().collect();
        if keys != expected.keys().collect::<Vec<_>>() {
            self.differences.push(format!("{name}: its rows are {keys:?}"));
        }
        for (key, row) in &rows {
            if let Some(truth) = expected.get(key) {
                self.row(&format!("{name}, {key}"), row, truth);
            }
        }
        let mut reasons: BTreeMap<&str, u64> = answer.excluded.iter().copied().collect();
        if question.report == Report::QueueLatency {
            reasons.insert("clamped", answer.clamped);
        }
        for (reason, count) in left_out {
            let found = reasons.get(reason).copied().unwrap_or_default();
            self.number(&format!("{name}: {reason}"), found, *count);
        }
    }

    fn row(&mut self, name: &str, row: &Row, truth: &Statistics) {
        self.number(&format!("{name}: n"), row.n, truth.n);
        let percentiles = [truth.p50, truth.p75, truth.p90, truth.p95, truth.p99];
        let exact = row.percentiles.iter().zip(percentiles).chain([(&row.max, truth.max)]);
        for (place, (found, expected)) in exact.enumerate() {
            self.figures += 1;
            if *found != Some(expected) {
                self.differences
                    .push(format!("{name}: figure {place} is {found:?}, not {expected}"));
            }
        }
        // A mean is a sum in some order: its last digits depend on that.
        self.figures += 1;
        let mean = row.mean.unwrap_or(f64::NAN);
        let is_near = (mean - truth.mean).abs() <= truth.mean.abs() * 1e-9 + 1e-9;
        if !is_near {
            self.differences.push(format!("{name}: the mean is {mean}, not {}", truth.mean));
        }
    }

    fn number(&mut self, name: &str, found: u64, expected: u64) {
        self.figures += 1;
        if found != expected {
            self.differences.push(format!("{name} is {found}, not {expected}"));
        }
    }
}

fn key(row: &Row) -> String {
    row.keys.iter().map(|key| key.clone().unwrap_or_default()).collect::<Vec<_>>().join(",")
}
