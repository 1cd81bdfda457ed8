//! The adversarial golden cases, against figures computed by hand: those of the README.md beside
//! their deliveries.

#![expect(clippy::unwrap_used, reason = "a test stops at a surprise")]

mod jobs;
mod pulls;

use chrono::{DateTime, Utc};
use octolake_witness::{
    Cell, Delivery, Dimension, Expected, Life, Lives, Measure, Question, Verdict,
};
use octolake_witness::{Reason, report};
use serde_json::Value;

/// `tests/golden/<case>/deliveries.jsonl` of lakequery; ids are the lines' numbers.
fn deliveries(case: &str) -> Vec<Delivery> {
    let path =
        format!("{}/../lakequery/tests/golden/{case}/deliveries.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let delivery = |(number, line): (usize, &str)| {
        let line: Value = serde_json::from_str(line).unwrap();
        Delivery {
            source: line["source"].as_str().unwrap_or("github.com").to_owned(),
            event_type: line["type"].as_str().unwrap().to_owned(),
            at: line["at"].as_str().unwrap().parse().unwrap(),
            id: number as u128 + 1,
            payload: line["payload"].clone(),
        }
    };
    text.lines().enumerate().map(delivery).collect()
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Milliseconds since the epoch of `03-02T10:00:00` in 2026.
fn at(text: &str) -> i64 {
    instant(&format!("2026-{text}Z")).timestamp_millis()
}

/// A value in seconds and its time.
fn value(seconds: i64, time: &str) -> Verdict {
    Verdict::Value { ms: seconds * 1000, at: at(time), clamped: false }
}

/// A reason and the time that it is counted under.
fn left(reason: Reason, time: &str) -> Verdict {
    Verdict::Left { reason, at: at(time), at_least: None }
}

/// The life of a repository's job or pull request on github.com.
fn life(lives: &Lives, repository: i64, id: i64, attempt: i64) -> &Life {
    life_on(lives, "github.com", repository, id, attempt)
}

fn life_on<'a>(lives: &'a Lives, host: &str, repository: i64, id: i64, attempt: i64) -> &'a Life {
    let is_it = |life: &&Life| {
        life.source() == host
            && life.repository_id() == Some(repository)
            && life.key == Some((id, attempt))
    };
    let mut found = lives.lives.iter().filter(is_it);
    let life = found.next().unwrap_or_else(|| panic!("{host} {repository} {id} {attempt}"));
    assert!(found.next().is_none());
    life
}

/// The answer without a split.
fn all(lives: &Lives, measure: Measure) -> Expected {
    report(lives, measure, &Question::default())
}

/// Each row's key, as text, its partial mark and its values in seconds.
fn rows(expected: &Expected) -> Vec<(String, Option<bool>, Vec<i64>)> {
    let text = |cell: &Option<Cell>| match cell {
        None => "-".to_owned(),
        Some(Cell::Text(text)) => text.clone(),
        Some(Cell::Date(date)) => date.to_string(),
        Some(Cell::Instant(at)) => at.to_rfc3339(),
    };
    let row = |row: &octolake_witness::Row| {
        let key: Vec<String> = row.key.iter().map(text).collect();
        let seconds = row.values.iter().map(|ms| ms / 1000).collect();
        (key.join(" "), row.partial, seconds)
    };
    expected.rows.iter().map(row).collect()
}

fn by(dimension: Dimension) -> Question {
    Question { by: vec![dimension], ..Question::default() }
}

fn of(repos: &[&str]) -> Question {
    Question { repos: repos.iter().map(|&name| name.to_owned()).collect(), ..Question::default() }
}
