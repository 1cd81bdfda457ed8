//! The reports' SQL against a second witness: plain loops over the payloads (`octolake-witness`),
//! over random lakes, in fourteen time zones. `WITNESS_LAKES=2000` compares over as many; without it
//! they are fewer, because an engine that is built for tests is slow.
//!
//! A lake is a handful of lives. Some dozens of lakes stand in one table, told apart by their
//! repositories: a question to it is one to each of them.

use std::fmt::Write as _;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use octolake_compactor::{Settings, Surroundings, compact};
use octolake_engine::{Engine, EngineError, SqlEngine};
use octolake_event::entry::{BusEntry, detail, envelope_line};
use octolake_event::{DeliveryId, DeliveryMeta};
use octolake_reports::{Answer, Dimension, Question, RepoName, Table, Window, Zone, find};
use octolake_store::Lake;
use octolake_witness::{
    Cell, Delivery, Dimension as Told, Expected, Measure, ZONES, jobs, pulls, random,
    random_question, report,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ask::{Known, ask};

/// How many lakes there are if nobody says, and how many stand in one table.
const LAKES: u64 = 100;
const TOGETHER: u64 = 50;

/// The seed of the lakes for the time zones.
const ELSEWHERE: u64 = 1_000_000;

/// Lake `seed`, with repositories that no other has.
fn lake(seed: u64) -> Vec<Delivery> {
    let apart = |mut delivery: Delivery| {
        delivery.id ^= u128::from(seed) << 64;
        let repository = &mut delivery.payload["repository"];
        if let Some(id) = repository["id"].as_u64().filter(|id| *id < 1 << 53) {
            repository["id"] = json!(id + (seed + 1) * 1_000_000);
        }
        if let Some(name) = repository["full_name"].as_str() {
            repository["full_name"] = Value::String(format!("{name}-{seed}"));
        }
        delivery
    };
    random(seed).into_iter().map(apart).collect()
}

fn records(deliveries: &[Delivery]) -> Vec<u8> {
    let mut records = String::new();
    for delivery in deliveries {
        let meta = DeliveryMeta::new(DeliveryId::from_u128(delivery.id), delivery.at);
        let entry = BusEntry {
            source: delivery.source.clone(),
            detail_type: delivery.event_type.clone(),
            detail: detail(&meta, &delivery.payload.to_string()),
        };
        writeln!(records, "{}", envelope_line(&entry, "e", delivery.at)).unwrap();
    }
    records.into_bytes()
}

fn question(measure: Measure, asked: &octolake_witness::Question) -> Question {
    let (name, measure) = match measure {
        Measure::QueueLatency => ("queue-latency", None),
        Measure::LeadTime => ("lead-time", Some("lead_time")),
        Measure::ReadyToMerge => ("lead-time", Some("ready_to_merge")),
        Measure::NonDraft => ("lead-time", Some("non_draft")),
        Measure::FirstReview => ("lead-time", Some("first_review")),
    };
    let report = find(name, measure).unwrap();
    let by = asked.by.iter().map(|by| Dimension::named(by.name(), report.dimensions).unwrap());
    Question {
        by: by.collect(),
        window: Window { since: asked.since, until: asked.until },
        zone: Zone(asked.zone),
        repos: asked.repos.iter().map(|repo| repo.parse::<RepoName>().unwrap()).collect(),
        ..Question::plain(report, None)
    }
}

/// A row as a line: its key, n, the percentiles, the largest, the mean, and whether it is partial.
type Line = (Vec<Option<String>>, u64, Vec<Option<f64>>, Option<f64>, bool);

/// Whether two lines say the same. A mean is a sum of doubles, in some order: its last digits may
/// differ.
fn is_same(one: &Line, other: &Line) -> bool {
    let is_near = match (one.3, other.3) {
        (Some(one), Some(other)) => (one - other).abs() <= one.abs() * 1e-12,
        (one, other) => one == other,
    };
    is_near && (&one.0, one.1, &one.2, one.4) == (&other.0, other.1, &other.2, other.4)
}

fn expected(expected: &Expected, zone: Zone) -> Vec<Line> {
    let cell = |cell: &Cell| match cell {
        Cell::Text(text) => text.clone(),
        Cell::Date(date) => date.to_string(),
        Cell::Instant(at) => at.with_timezone(&zone.0).to_rfc3339_opts(SecondsFormat::Secs, false),
    };
    let seconds = |ms: Option<i64>| ms.map(|ms| ms as f64 / 1e3);
    let mut lines: Vec<Line> = expected
        .rows
        .iter()
        .map(|row| {
            let key = row.key.iter().map(|key| key.as_ref().map(cell)).collect();
            let figures = [50, 75, 90, 95, 99].map(|p| seconds(row.percentile(p)));
            let figures = figures.into_iter().chain([seconds(row.max())]).collect();
            (key, row.n() as u64, figures, row.mean_s(), row.partial.unwrap_or_default())
        })
        .collect();
    lines.sort_by(|one, other| one.0.cmp(&other.0));
    lines
}

fn found(answer: &Answer, is_split: bool) -> Vec<Line> {
    let rows = answer.rows.iter().filter(|row| row.counted.n > 0 || !is_split);
    let mut lines: Vec<Line> = rows
        .map(|row| {
            let statistics = row.counted.statistics;
            let figures = statistics.percentiles.into_iter().chain([statistics.max]).collect();
            (row.keys.clone(), row.counted.n, figures, statistics.mean, row.partial)
        })
        .collect();
    lines.sort_by(|one, other| one.0.cmp(&other.0));
    lines
}

async fn compare(
    engine: &dyn SqlEngine,
    measure: Measure,
    asked: &octolake_witness::Question,
    truth: &Expected,
) {
    let question = question(measure, asked);
    let answer = ask(&question, engine, Known::default(), false).await;
    let answer = answer.unwrap_or_else(|error| panic!("{error:#}: {}", question.sql()));
    let said = found(&answer, !question.by.is_empty());
    let expected = expected(truth, question.zone);
    let has = |lines: &[Line], line: &Line| lines.iter().any(|other| is_same(line, other));
    let more: Vec<&Line> = said.iter().filter(|line| !has(&expected, line)).collect();
    let less: Vec<&Line> = expected.iter().filter(|line| !has(&said, line)).collect();
    assert_eq!(more, less, "{measure:?} {asked:?}");
    assert_eq!(said.len(), expected.len(), "{measure:?} {asked:?}");
    assert_eq!(answer.excluded, truth.excluded, "{measure:?} {asked:?}");
    assert_eq!(answer.clamped, truth.clamped.unwrap_or_default(), "{measure:?} {asked:?}");
}

/// An engine that has nothing beside SQL, as others have not.
struct Plain(Engine);

#[async_trait]
impl SqlEngine for Plain {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    async fn run(&self, sql: &str) -> Result<Table, EngineError> {
        self.0.run(sql).await
    }
}

/// Every measure of a table of lakes: whole, by day in a zone, and by what chance says; by SQL alone,
/// as Athena has it, and by what the engine has beside it.
async fn compare_all(first: u64) {
    let deliveries: Vec<Delivery> = (first..first + TOGETHER).flat_map(lake).collect();
    let engine = crate::golden::engine(&records(&deliveries)).await;
    assert!(engine.abilities().draft_times);
    compare_over(&engine, first, &deliveries).await;
    compare_over(&Plain(engine), first, &deliveries).await;
}

async fn compare_over(engine: &dyn SqlEngine, first: u64, deliveries: &[Delivery]) {
    let (jobs, pulls) = (jobs(deliveries), pulls(deliveries));
    let zone = ZONES[(first / TOGETHER) as usize % ZONES.len()];
    let measures = [(&jobs, Measure::QueueLatency, &Told::JOBS[..])]
        .into_iter()
        .chain(Measure::PULLS.map(|measure| (&pulls, measure, &Told::PULLS[..])));
    for (place, (lives, measure, dimensions)) in measures.enumerate() {
        let mut by = vec![Told::Repo, dimensions[(first as usize + place) % dimensions.len()]];
        by.dedup();
        let fixed = octolake_witness::Question { by, zone, ..Default::default() };
        let chance = random_question(first + place as u64, deliveries, dimensions);
        for asked in [fixed, chance] {
            compare(engine, measure, &asked, &report(lives, measure, &asked)).await;
        }
    }
}

/// A lake into which the deliveries came by chance in four parts, each compacted; of the last nothing
/// is in the projection. So most jobs are known from facts of several files, and some from their
/// deliveries too.
async fn compacted(deliveries: &[Delivery]) -> Lake {
    let lake = Lake::in_memory();
    let now: DateTime<Utc> = "2027-06-01T00:00:00Z".parse().unwrap();
    for part in 0..4u128 {
        let of_part: Vec<Delivery> =
            deliveries.iter().filter(|it| (it.id ^ (it.id >> 64)) % 4 == part).cloned().collect();
        let key = format!("raw/2026/01/01/00/part-{part}");
        lake.store().put(&Path::from(key), records(&of_part).into()).await.unwrap();
        let settings = Settings { project: part < 3, ..Settings::default() };
        let surroundings = Surroundings {
            run_id: Uuid::new_v4(),
            clock: &move || now,
            on_progress: &mut |_, _| {},
        };
        compact(&lake, &settings, surroundings).await.unwrap();
    }
    lake
}

#[tokio::test]
async fn two_witnesses_say_the_same() {
    #[expect(clippy::disallowed_methods, reason = "how a developer asks for more")]
    let asked = std::env::var("WITNESS_LAKES").ok().and_then(|lakes| lakes.parse().ok());
    for first in (0..asked.unwrap_or(LAKES)).step_by(TOGETHER as usize) {
        compare_all(first).await;
    }
}

/// The same by way of the projection, and of the facts beside it.
#[tokio::test]
async fn facts_say_the_same() {
    let first = 2_000_000;
    let deliveries: Vec<Delivery> = (first..first + TOGETHER).flat_map(lake).collect();
    let engine = Engine::open(&compacted(&deliveries).await).await.unwrap();
    assert!(engine.abilities().facts);
    compare_over(&engine, first, &deliveries).await;
}

#[tokio::test]
async fn every_zone_and_every_period_says_the_same() {
    let deliveries: Vec<Delivery> = (ELSEWHERE..ELSEWHERE + TOGETHER).flat_map(lake).collect();
    let engine = crate::golden::engine(&records(&deliveries)).await;
    let (jobs, pulls) = (jobs(&deliveries), pulls(&deliveries));
    for zone in ZONES {
        for (lives, measure, period) in [
            (&jobs, Measure::QueueLatency, Told::Hour),
            (&jobs, Measure::QueueLatency, Told::Day),
            (&pulls, Measure::LeadTime, Told::Week),
            (&pulls, Measure::LeadTime, Told::Month),
        ] {
            let asked = octolake_witness::Question { by: vec![period], zone, ..Default::default() };
            compare(&engine, measure, &asked, &report(lives, measure, &asked)).await;
        }
    }
}
