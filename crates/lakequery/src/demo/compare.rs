//! The reports against what the simulation knows of itself: the simulation never looked at a
//! payload or at SQL, and the reports never at the simulation.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use octolake_compactor::Report as Compacted;
use octolake_engine::SqlEngine;
use octolake_reports::{Answer, Dimension, Question, Row, find};
use octolake_simulate::{PullTimes, Simulation, Statistics, Truth};
use serde::Serialize;

use crate::ask::{Known, ask};

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
pub fn questions(now: DateTime<Utc>) -> Vec<Question> {
    let shown = [
        ("queue-latency", None),
        ("queue-latency", Some("label")),
        ("lead-time", None),
        ("lead-time", Some("repo")),
    ];
    shown.into_iter().filter_map(|(report, by)| question(report, None, by, now)).collect()
}

fn question(
    report: &str,
    measure: Option<&str>,
    by: Option<&str>,
    now: DateTime<Utc>,
) -> Option<Question> {
    let report = find(report, measure)?;
    let by = by.and_then(|name| Dimension::named(name, report.dimensions));
    Some(Question { by: by.into_iter().collect(), ..Question::plain(report, Some(now)) })
}

/// Asks every report that the simulation can answer too, and compares all figures.
///
/// # Errors
/// A report has no answer.
pub async fn compare(
    simulation: &Simulation,
    delivered: &Delivered,
    compacted: &Compacted,
    engine: &dyn SqlEngine,
    now: DateTime<Utc>,
) -> anyhow::Result<Comparison> {
    let truth = simulation.truth();
    let mut comparison = Comparison::default();
    let accepted = truth.unique_deliveries + truth.redeliveries;
    comparison.number("deliveries accepted", delivered.accepted, accepted);
    comparison.number("records read", compacted.read, accepted);
    comparison.number("rows stored", compacted.stored, truth.unique_deliveries);
    comparison.number("duplicates", compacted.duplicates, truth.redeliveries);
    comparison.number("quarantined", compacted.quarantined, 0);
    for expected in expectations(truth) {
        let Expected { report, measure, by, rows } = expected;
        let Some(question) = question(report, measure, by, now) else { continue };
        let answer = ask(&question, engine, Known::default(), false).await?;
        comparison.reports += 1;
        comparison.report(&question, &answer, &rows, &left_out(&question, truth));
    }
    comparison.throughput(engine, truth, now).await?;
    Ok(comparison)
}

/// Rows by their keys; one with the key "" where nothing is told apart.
type Rows = BTreeMap<String, Statistics>;

/// What a report must say.
struct Expected {
    report: &'static str,
    measure: Option<&'static str>,
    by: Option<&'static str>,
    rows: Rows,
}

fn expectations(truth: &Truth) -> Vec<Expected> {
    let jobs = &truth.queue_latency;
    let job = |by, rows| Expected { report: "queue-latency", measure: None, by, rows };
    let mut all = vec![
        job(None, one(jobs.overall())),
        job(Some("repo"), jobs.by(|job| job.repo.to_owned())),
        job(Some("label"), jobs.by(|job| job.label.clone())),
        job(Some("workflow"), jobs.by(|job| job.workflow.to_owned())),
    ];
    type Value = fn(&PullTimes) -> Option<i64>;
    let measures: [(&str, Value); 3] = [
        ("lead_time", |pull| Some(pull.lead_time)),
        ("ready_to_merge", |pull| Some(pull.ready_to_merge)),
        ("non_draft", |pull| Some(pull.non_draft)),
    ];
    for (measure, value) in measures {
        let pulls = &truth.lead_time;
        let pull = |by, rows| Expected { report: "lead-time", measure: Some(measure), by, rows };
        all.push(pull(None, one(pulls.overall(value))));
        all.push(pull(Some("repo"), pulls.by(value, |pull| pull.repo.to_owned())));
        all.push(pull(Some("author"), pulls.by(value, |pull| pull.author.to_owned())));
    }
    all
}

fn one(statistics: Option<Statistics>) -> Rows {
    statistics.map(|row| (String::new(), row)).into_iter().collect()
}

fn left_out(question: &Question, truth: &Truth) -> BTreeMap<&'static str, u64> {
    let (jobs, pulls) = (&truth.queue_latency, &truth.lead_time);
    if question.report.name == "queue-latency" {
        return BTreeMap::from([
            ("skipped", jobs.skipped),
            ("never_ran", jobs.never_ran),
            ("pending", jobs.pending),
            ("gated", jobs.gated),
            ("anomalous", jobs.anomalous),
            ("clamped", jobs.clamped),
        ]);
    }
    BTreeMap::from([("open", pulls.open), ("closed_unmerged", pulls.closed_unmerged)])
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
        let name = format!("{} by {by:?}", question.report.full_name());
        let rows: BTreeMap<String, &Row> =
            answer.rows.iter().filter(|row| row.counted.n > 0).map(|row| (key(row), row)).collect();
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
        if question.report.counts_clamped() {
            reasons.insert("clamped", answer.clamped);
        }
        for (reason, count) in left_out {
            let found = reasons.get(reason).copied().unwrap_or_default();
            self.number(&format!("{name}: {reason}"), found, *count);
        }
    }

    /// How many pull requests there are, by what became of them.
    async fn throughput(
        &mut self,
        engine: &dyn SqlEngine,
        truth: &Truth,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let Some(question) = question("throughput", None, None, now) else { return Ok(()) };
        let answer = ask(&question, engine, Known::default(), false).await?;
        let pulls = &truth.lead_time;
        let merged = pulls.overall(|pull| Some(pull.lead_time)).map_or(0, |row| row.n);
        let expected = BTreeMap::from([
            ("opened", merged + pulls.closed_unmerged + pulls.open),
            ("merged", merged),
            ("closed_unmerged", pulls.closed_unmerged),
            ("open", pulls.open),
        ]);
        self.reports += 1;
        let counts =
            answer.rows.first().map(|row| row.counted.kinds.as_slice()).unwrap_or_default();
        for (kind, found) in question.report.kinds().iter().zip(counts) {
            self.number(&format!("throughput: {kind}"), *found, expected[kind]);
        }
        Ok(())
    }

    fn row(&mut self, name: &str, row: &Row, truth: &Statistics) {
        let counted = &row.counted;
        self.number(&format!("{name}: n"), counted.n, truth.n);
        let percentiles = [truth.p50, truth.p75, truth.p90, truth.p95, truth.p99];
        let known = &counted.statistics;
        let exact = known.percentiles.iter().zip(percentiles).chain([(&known.max, truth.max)]);
        for (place, (found, expected)) in exact.enumerate() {
            self.figures += 1;
            if *found != Some(expected) {
                self.differences
                    .push(format!("{name}: figure {place} is {found:?}, not {expected}"));
            }
        }
        // A mean is a sum in some order: its last digits depend on that.
        self.figures += 1;
        let mean = known.mean.unwrap_or(f64::NAN);
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
