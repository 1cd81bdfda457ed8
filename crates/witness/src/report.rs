//! A report of lives: which values are in the window, in which row, and what was left out.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::bucket::bucket;
use crate::life::{Dimension, Life, Lives, Measure, Reason, Verdict};

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What to split by, in the order of the columns.
    pub by: Vec<Dimension>,
    /// The window's begin, within it.
    pub since: Option<DateTime<Utc>>,
    /// The window's end, no longer in it.
    pub until: Option<DateTime<Utc>>,
    /// Where hours, days, weeks and months are local.
    pub zone: Tz,
    /// Names of repositories: `owner/name`, or `host/owner/name`. None: all.
    pub repos: Vec<String>,
}

impl Default for Question {
    fn default() -> Self {
        Self { by: vec![], since: None, until: None, zone: Tz::UTC, repos: vec![] }
    }
}

/// One value of a row's key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    /// A text.
    Text(String),
    /// A day, the Monday of a week, the first of a month.
    Date(NaiveDate),
    /// The begin of an hour.
    Instant(DateTime<Utc>),
}

/// The values of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// By dimension; nothing where no delivery says it.
    pub key: Vec<Option<Cell>>,
    /// Whether more may come to its finest period; nothing without a period.
    pub partial: Option<bool>,
    /// The values in milliseconds, sorted.
    pub values: Vec<i64>,
}

impl Row {
    /// How many values there are.
    pub fn n(&self) -> usize {
        self.values.len()
    }

    /// The value at rank ⌈n·p/100⌉, in milliseconds.
    pub fn percentile(&self, p: usize) -> Option<i64> {
        let rank = (self.n() * p).div_ceil(100);
        self.values.get(rank.checked_sub(1)?).copied()
    }

    /// The greatest value, in milliseconds.
    pub fn max(&self) -> Option<i64> {
        self.values.last().copied()
    }

    /// The sum of the values, in milliseconds.
    pub fn sum(&self) -> i64 {
        self.values.iter().sum()
    }

    /// The mean, in seconds.
    #[expect(clippy::cast_precision_loss, reason = "a lake's sums are far below 2^53")]
    pub fn mean_s(&self) -> Option<f64> {
        (self.n() > 0).then(|| self.sum() as f64 / self.n() as f64 / 1000.0)
    }
}

/// What the report must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Sorted by key. Without a split there is one, even of no value.
    pub rows: Vec<Row>,
    /// How many were left out, by the reason's name, in the order of the report.
    pub excluded: Vec<(&'static str, u64)>,
    /// How many values were taken as 0 because they were below; nothing for pull requests.
    pub clamped: Option<u64>,
}

/// The report of one measure of the lives. A measure of something else finds nothing.
pub fn report(lives: &Lives, measure: Measure, question: &Question) -> Expected {
    let mut rows = BTreeMap::<Vec<Option<Cell>>, Row>::new();
    let mut left = BTreeMap::<Reason, u64>::new();
    let mut clamps = 0;
    if question.by.is_empty() {
        rows.insert(vec![], Row { key: vec![], partial: None, values: vec![] });
    }
    for (life, verdict) in asked_for(lives, measure, question) {
        match *verdict {
            Verdict::Left { reason, .. } => *left.entry(reason).or_default() += 1,
            Verdict::Value { ms, at, clamped } => {
                clamps += u64::from(clamped);
                let key: Vec<_> =
                    question.by.iter().map(|by| cell(lives, life, *by, at, question)).collect();
                let empty = || Row {
                    key: key.clone(),
                    partial: partial(lives, at, question),
                    values: vec![],
                };
                rows.entry(key.clone()).or_insert_with(empty).values.push(ms);
            }
        }
    }
    rows.values_mut().for_each(|row| row.values.sort_unstable());
    Expected {
        rows: rows.into_values().collect(),
        excluded: excluded(measure, &left),
        clamped: (measure == Measure::QueueLatency).then_some(clamps),
    }
}

/// The lives of the wanted repositories whose time is in the window.
fn asked_for<'a>(
    lives: &'a Lives,
    measure: Measure,
    question: &Question,
) -> impl Iterator<Item = (&'a Life, &'a Verdict)> {
    let since = question.since.map_or(i64::MIN, |since| since.timestamp_millis());
    let until = question.until.map_or(i64::MAX, |until| until.timestamp_millis());
    lives
        .lives
        .iter()
        .filter(|life| lives.names.is_wanted(&life.repository, &question.repos))
        .filter_map(move |life| Some((life, life.verdicts.get(&measure)?)))
        .filter(move |(_, verdict)| since <= verdict.at() && verdict.at() < until)
}

fn cell(lives: &Lives, life: &Life, by: Dimension, at: i64, question: &Question) -> Option<Cell> {
    match by {
        Dimension::Repo => lives.names.shown(&life.repository).map(Cell::Text),
        Dimension::Host => Some(Cell::Text(life.repository.source.clone())),
        Dimension::Hour => {
            let begin = bucket(by, at, question.zone)?.begin;
            DateTime::from_timestamp_millis(begin).map(Cell::Instant)
        }
        Dimension::Day | Dimension::Week | Dimension::Month => {
            Some(Cell::Date(bucket(by, at, question.zone)?.date))
        }
        text => life.facts.get(&text).cloned().map(Cell::Text),
    }
}

/// Whether more may come to the finest of the periods that a time is in.
fn partial(lives: &Lives, at: i64, question: &Question) -> Option<bool> {
    let periods = [Dimension::Hour, Dimension::Day, Dimension::Week, Dimension::Month];
    let finest = periods.into_iter().find(|period| question.by.contains(period))?;
    let bucket = bucket(finest, at, question.zone)?;
    let is_complete = question.since.is_none_or(|since| since.timestamp_millis() <= bucket.begin)
        && question.until.is_none_or(|until| until.timestamp_millis() >= bucket.end)
        && lives.newest.is_some_and(|newest| newest >= bucket.end);
    Some(!is_complete)
}

fn excluded(measure: Measure, left: &BTreeMap<Reason, u64>) -> Vec<(&'static str, u64)> {
    let count = |reason: &Reason| (reason.name(), left.get(reason).copied().unwrap_or_default());
    let rare = Reason::RARE.iter().map(count).filter(|(_, n)| *n > 0);
    measure.always().iter().map(count).chain(rare).collect()
}
