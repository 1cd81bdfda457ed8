//! An answer as JSON, as a grid, and in words.

use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use crate::output::{Align, Grid};

use super::window::rfc3339;
use super::{Answer, PERCENTILES, Question, Row, human};

/// A question and its answer as the contract's JSON, members in its order.
#[derive(Debug)]
pub struct Json<'a>(pub &'a Question, pub &'a Answer);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(question, answer) = self;
        let by: Vec<&str> = question.by.iter().map(|by| by.name()).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("report", question.report.name())?;
        if let Some(variant) = question.report.variant() {
            map.serialize_entry("measure", variant)?;
        }
        map.serialize_entry("window", &question.window)?;
        map.serialize_entry("by", &by)?;
        map.serialize_entry("rows", &JsonRows(question, answer))?;
        map.serialize_entry("excluded", &Pairs(&answer.excluded))?;
        if question.report.counts_clamped() {
            map.serialize_entry("clamped", &answer.clamped)?;
        }
        map.end()
    }
}

struct JsonRows<'a>(&'a Question, &'a Answer);

impl Serialize for JsonRows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.1.rows.len()))?;
        for row in &self.1.rows {
            rows.serialize_element(&JsonRow(self.0, row))?;
        }
        rows.end()
    }
}

struct JsonRow<'a>(&'a Question, &'a Row);

impl Serialize for JsonRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(question, row) = self;
        let mut map = serializer.serialize_map(None)?;
        for (by, key) in question.by.iter().zip(&row.keys) {
            map.serialize_entry(by.name(), key)?;
        }
        map.serialize_entry(question.report.unit(), &row.n)?;
        for (name, value) in statistics(row) {
            map.serialize_entry(&name, &value)?;
        }
        if row.partial {
            map.serialize_entry("partial", &true)?;
        }
        map.end()
    }
}

struct Pairs<'a>(&'a [(&'static str, u64)]);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, count)| (name, count)))
    }
}

/// The statistics of a row by their names in JSON, in order.
fn statistics(row: &Row) -> impl Iterator<Item = (String, Option<f64>)> + '_ {
    let percentiles = PERCENTILES.iter().zip(row.percentiles);
    percentiles
        .map(|(p, value)| (format!("p{p}_s"), value))
        .chain([("max_s".to_owned(), row.max), ("mean_s".to_owned(), row.mean)])
}

/// The rows as a grid: durations for a person, or (`raw`) in seconds.
pub fn grid(question: &Question, answer: &Answer, raw: bool) -> Grid {
    let has_periods = question.finest_period().is_some();
    let mut headers: Vec<(String, Align)> =
        question.by.iter().map(|by| (by.name().to_owned(), Align::Left)).collect();
    headers.push((question.report.unit().to_owned(), Align::Right));
    headers.extend(statistics(&Row::default()).map(|(name, _)| {
        let short = name.trim_end_matches("_s").to_owned();
        (if raw { name } else { short }, Align::Right)
    }));
    if raw && has_periods {
        headers.push(("partial".to_owned(), Align::Left));
    }
    let mut grid = Grid::new(headers);
    for row in &answer.rows {
        let mut cells = keys(row, raw, question.finest_period());
        cells.push(row.n.to_string());
        cells.extend(statistics(row).map(|(_, value)| match (value, raw) {
            (Some(seconds), true) => seconds.to_string(),
            (Some(seconds), false) => human(seconds),
            (None, true) => String::new(),
            (None, false) => "-".to_owned(),
        }));
        if raw && has_periods {
            cells.push(row.partial.to_string());
        }
        grid.push(cells);
    }
    grid
}

fn keys(row: &Row, raw: bool, period: Option<usize>) -> Vec<String> {
    let key = |(place, key): (usize, &Option<String>)| match key.as_deref() {
        None | Some("") if !raw => "(none)".to_owned(),
        Some(text) if !raw && row.partial && period == Some(place) => format!("{text} *"),
        text => text.unwrap_or_default().to_owned(),
    };
    row.keys.iter().enumerate().map(key).collect()
}

/// What a reader of the rows has to know, a line each: the window, how many values, what was left
/// out and why.
pub fn notes(question: &Question, answer: &Answer) -> Vec<String> {
    let n: u64 = answer.rows.iter().map(|row| row.n).sum();
    let mut notes = vec![
        format!("Window: {} ({}).", window(question), question.zone),
        format!("n = {n} {}. Percentiles are nearest rank.", question.report.unit()),
    ];
    let reasons: Vec<String> =
        answer.excluded.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let clamped = match answer.clamped {
        0 => String::new(),
        count => format!(" {count} clamped to 0."),
    };
    notes.push(format!("Left out: {}.{clamped}", reasons.join(", ")));
    if answer.rows.iter().any(|row| row.partial) {
        notes.push("* The newest period is partial: more may come.".to_owned());
    }
    notes
}

fn window(question: &Question) -> String {
    match (question.window.since, question.window.until) {
        (None, None) => "all time".to_owned(),
        (Some(since), None) => format!("since {}", rfc3339(since)),
        (None, Some(until)) => format!("until {}", rfc3339(until)),
        (Some(since), Some(until)) => format!("{} until {}", rfc3339(since), rfc3339(until)),
    }
}
