//! An answer: rows of figures, what was left out, and how far it can be trusted.

use chrono::{DateTime, Utc};

use crate::compare::Change;
use crate::{Dimension, PERCENTILES, Question};

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// One per combination of what was asked by; exactly one where nothing was.
    pub rows: Vec<Row>,
    /// How many have no value, by reason, in the report's order.
    pub excluded: Vec<(&'static str, u64)>,
    /// How many values were clamped to zero.
    pub clamped: u64,
    /// How fresh it is.
    pub freshness: Freshness,
    /// What became of each bound that was asked for, in the question's order.
    pub gates: Vec<Gate>,
    /// How many rows there were before only the top was taken.
    pub of_rows: usize,
    /// How many values or events the rows stand on that were not among the top.
    pub beyond_top: u64,
    /// Repositories that were asked for and that no delivery names.
    pub unknown_repos: Vec<Unknown>,
    /// Values that were asked for and that nothing has.
    pub unknown_values: Vec<(Dimension, Unknown)>,
}

/// A name that was asked for and is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// As typed.
    pub typed: String,
    /// One that there is and that looks like it.
    pub nearest: Option<String>,
}

/// How fresh an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Freshness {
    /// The newest arrival of a delivery of the kinds that the report reads.
    pub newest_arrival: Option<DateTime<Utc>>,
    /// How many raw objects are not compacted yet, where that is known.
    pub backlog_objects: Option<u64>,
    /// How many raw objects that are not compacted yet are in the answer: `--fresh`.
    pub fresh_objects: u64,
}

/// One row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// The values of the dimensions, in the question's order.
    pub keys: Vec<Option<String>>,
    /// How much it stands on, and what it says.
    pub counted: Counted,
    /// Whether its period is cut by the window, or more of it may come.
    pub partial: bool,
    /// The same of the period before, and what changed.
    pub change: Option<Box<Change>>,
}

/// What a row says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counted {
    /// How many values, or events.
    pub n: u64,
    /// How many of each kind, where kinds are counted.
    pub kinds: Vec<u64>,
    /// Of the values; of the ages, where kinds are counted. In seconds.
    pub statistics: Statistics,
}

/// Statistics, in seconds; `None` where there is no value.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Statistics {
    /// The percentiles, in the order of [`PERCENTILES`].
    pub percentiles: [Option<f64>; PERCENTILES.len()],
    /// The largest.
    pub max: Option<f64>,
    /// The mean.
    pub mean: Option<f64>,
    /// Between which the median lies in 95 of 100 samples, where that was asked for.
    pub interval: Option<(f64, f64)>,
}

/// Whether a bound holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// The bound as typed.
    pub bound: String,
    /// Why it does not hold; nothing where it does.
    pub broken: Vec<Broken>,
}

/// Why a gate does not hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Broken {
    /// A row is over the bound.
    Row {
        /// The row's keys.
        keys: Vec<Option<String>>,
        /// The statistic, in seconds, of the values that are known; `None` where there are none.
        seconds: Option<f64>,
        /// How many still wait, or never ran, and have waited past the bound.
        waiting: u64,
    },
    /// There is not one value.
    NoData,
    /// A repository that was asked for is none.
    UnknownRepo(String),
}

impl Gate {
    /// Whether it holds.
    pub fn holds(&self) -> bool {
        self.broken.is_empty()
    }
}

impl Answer {
    /// How many values or events all rows stand on, those behind the top as well.
    pub fn n(&self) -> u64 {
        self.beyond_top + self.rows.iter().map(|row| row.counted.n).sum::<u64>()
    }

    /// Whether there is nothing at all: no value, and nothing left out.
    pub fn is_empty(&self) -> bool {
        self.n() == 0 && self.excluded.iter().all(|(_, count)| *count == 0)
    }

    /// Puts the rows into the order that was asked for, and takes the top.
    pub fn order(&mut self, question: &Question) {
        self.of_rows = self.rows.len();
        if let Some(sort) = &question.sort {
            let key = question.by.iter().position(|by| by.name() == sort.column);
            self.rows.sort_by(|a, b| {
                let order = match key {
                    Some(key) => a.keys[key].cmp(&b.keys[key]),
                    None => {
                        let figure = |row: &Row| row.figure(question, &sort.column);
                        figure(a).partial_cmp(&figure(b)).unwrap_or(std::cmp::Ordering::Equal)
                    }
                };
                if sort.ascending { order } else { order.reverse() }
            });
        }
        if let Some(top) = question.top {
            let beyond = self.rows.iter().skip(top).map(|row| row.counted.n);
            self.beyond_top += beyond.sum::<u64>();
            self.rows.truncate(top);
        }
    }
}

impl Row {
    /// A figure by the name that [`Question::sortable`] gives it.
    fn figure(&self, question: &Question, column: &str) -> Option<f64> {
        if column == question.report.unit {
            return Some(self.counted.n as f64);
        }
        let kinds = question.report.kinds();
        if let Some(place) = kinds.iter().position(|kind| *kind == column) {
            return self.counted.kinds.get(place).map(|count| *count as f64);
        }
        let name = column.rsplit_once('_').map_or(column, |(_, name)| name);
        self.counted.statistics.figure(name)
    }
}

impl Statistics {
    /// A figure by its name: `p95`, `max`, `mean`.
    pub fn figure(&self, name: &str) -> Option<f64> {
        match name {
            "max" => self.max,
            "mean" => self.mean,
            _ => {
                let p: u8 = name.strip_prefix('p')?.parse().ok()?;
                self.percentiles[PERCENTILES.iter().position(|known| *known == p)?]
            }
        }
    }

    /// The names of its figures in JSON, in order.
    pub fn names() -> impl Iterator<Item = String> {
        let percentiles = PERCENTILES.iter().map(|p| format!("p{p}_s"));
        percentiles.chain(["max_s".to_owned(), "mean_s".to_owned()])
    }

    /// Its figures, in the order of their names.
    pub fn figures(&self) -> impl Iterator<Item = Option<f64>> {
        self.percentiles.into_iter().chain([self.max, self.mean])
    }
}
