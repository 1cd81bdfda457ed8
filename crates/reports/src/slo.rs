//! `--slo p95<=5m`: a bound that each row of a report has to hold.
//!
//! What is still waiting, or gave up, and has waited past the bound already, counts as a value above
//! it: a queue that nothing leaves must not pass for a fast one.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::answer::{Answer, Broken, Counted, Gate};
use crate::read::Reader;
use crate::table::Value;
use crate::{PERCENTILES, Question, duration};

/// A bound on one statistic.
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    text: String,
    statistic: Statistic,
    inclusive: bool,
    seconds: f64,
}

/// What a gate says where there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmptyGate {
    /// It does not hold.
    #[default]
    Fail,
    /// It holds.
    Pass,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Statistic {
    Percentile(u8),
    Max,
    Mean,
}

/// A text that is no bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no bound: write one of p50, p75, p90, p95, p99, max, mean, then <= or <, then a duration in s, m, h, d or w, as in p95<=5m"
)]
pub struct SloError;

impl FromStr for Slo {
    type Err = SloError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text: String = text.split_whitespace().collect();
        let (name, bound) = text.split_once('<').ok_or(SloError)?;
        let (inclusive, bound) = match bound.strip_prefix('=') {
            Some(bound) => (true, bound),
            None => (false, bound),
        };
        let statistic = Statistic::named(name).ok_or(SloError)?;
        let seconds = duration::parse(bound).ok_or(SloError)?;
        Ok(Self { statistic, inclusive, seconds, text })
    }
}

impl Statistic {
    fn named(name: &str) -> Option<Self> {
        match name {
            "max" => Some(Self::Max),
            "mean" => Some(Self::Mean),
            _ => {
                let p = name.strip_prefix('p')?.parse().ok()?;
                PERCENTILES.contains(&p).then_some(Self::Percentile(p))
            }
        }
    }

    fn name(self) -> String {
        match self {
            Self::Percentile(p) => format!("p{p}"),
            Self::Max => "max".to_owned(),
            Self::Mean => "mean".to_owned(),
        }
    }
}

/// What a row has for one bound.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    n: u64,
    within: u64,
    seconds: Option<f64>,
    mean: Option<f64>,
    waiting: u64,
    waited_s: f64,
}

/// What each row has for each bound.
pub(crate) struct Tallies(Vec<BTreeMap<Vec<Option<String>>, Tally>>);

impl Slo {
    /// Whether seconds are past the bound, as SQL.
    pub(crate) fn is_broken_by(&self, seconds: &str) -> String {
        format!("{seconds} {} {}e0", if self.inclusive { ">" } else { ">=" }, self.seconds)
    }

    fn holds(&self, seconds: f64) -> bool {
        if self.inclusive { seconds <= self.seconds } else { seconds < self.seconds }
    }

    fn is_held(&self, tally: &Tally) -> bool {
        let all = tally.n + tally.waiting;
        match self.statistic {
            // The value at the rank is within, if as many values are: those that wait come behind.
            Statistic::Percentile(p) => tally.within >= (u64::from(p) * all).div_ceil(100),
            Statistic::Max => tally.within >= all,
            Statistic::Mean if all == 0 => true,
            Statistic::Mean => {
                let sum = tally.mean.unwrap_or_default() * tally.n as f64 + tally.waited_s;
                self.holds(sum / all as f64)
            }
        }
    }
}

impl Tallies {
    pub(crate) fn new(question: &Question) -> Self {
        Self(vec![BTreeMap::new(); question.slos.len()])
    }

    /// Takes a row of the engine's: of values, or of what was left out.
    pub(crate) fn add(
        &mut self,
        question: &Question,
        reader: &Reader,
        values: &[Value],
        keys: &[Option<String>],
        counted: &Counted,
    ) {
        for (place, (slo, rows)) in question.slos.iter().zip(&mut self.0).enumerate() {
            let overdue = format!("overdue_{place}");
            let tally = rows.entry(keys.to_vec()).or_default();
            tally.waiting += reader.count_of(values, &overdue);
            tally.waited_s += reader.seconds_of(values, &format!("{overdue}_s"));
            if counted.statistics.max.is_some() {
                tally.n = counted.n;
                tally.within = reader.count_of(values, &format!("within_{place}"));
                tally.mean = counted.statistics.mean;
                tally.seconds = counted.statistics.figure(&slo.statistic.name());
            }
        }
    }

    /// Which bounds hold.
    pub(crate) fn gates(&self, question: &Question) -> Vec<Gate> {
        let gate = |(slo, rows): (&Slo, &BTreeMap<Vec<Option<String>>, Tally>)| {
            let broken = rows.iter().filter(|(_, tally)| !slo.is_held(tally));
            let broken = broken.map(|(keys, tally)| Broken::Row {
                keys: keys.clone(),
                seconds: tally.seconds,
                waiting: tally.waiting,
            });
            Gate { bound: slo.text.clone(), broken: broken.collect() }
        };
        question.slos.iter().zip(&self.0).map(gate).collect()
    }
}

impl Answer {
    /// Breaks every gate where there is nothing that it could say: no value, or a repository that is
    /// none. Call it when `unknown_repos` is known.
    pub fn settle_gates(&mut self, empty: EmptyGate) {
        let unknown: Vec<String> =
            self.unknown_repos.iter().map(|unknown| unknown.typed.clone()).collect();
        let is_empty = self.n() == 0 && empty == EmptyGate::Fail;
        for gate in &mut self.gates {
            if is_empty && gate.broken.is_empty() {
                gate.broken.push(Broken::NoData);
            }
            if empty == EmptyGate::Fail {
                gate.broken.extend(unknown.iter().cloned().map(Broken::UnknownRepo));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_read() {
        let slo: Slo = "p95 <= 5m".parse().unwrap();
        assert!(slo.holds(300.0) && !slo.holds(300.5));
        assert_eq!(slo.is_broken_by("x"), "x > 300e0");
        let slo: Slo = "mean<1.5h".parse().unwrap();
        assert!(slo.holds(5_399.0) && !slo.holds(5_400.0));
        assert_eq!(slo.is_broken_by("x"), "x >= 5400e0");
        for text in ["", "p95", "p95>5m", "p96<=5m", "p95<=5", "p95<=", "avg<5m", "p95=<5m"] {
            assert_eq!(text.parse::<Slo>(), Err(SloError), "{text}");
        }
    }

    #[test]
    fn what_waits_counts_as_above() {
        let held = |slo: &str, n, within, waiting| {
            let tally = Tally {
                n,
                within,
                waiting,
                mean: Some(10.0),
                waited_s: 600.0 * waiting as f64,
                ..Tally::default()
            };
            slo.parse::<Slo>().unwrap().is_held(&tally)
        };
        // 95 within and 5 that wait: the rank of p95 is the 95th.
        assert!(held("p95<=5m", 95, 95, 5));
        assert!(!held("p95<=5m", 95, 95, 6));
        assert!(!held("p95<=5m", 0, 0, 1));
        assert!(!held("max<=5m", 10, 10, 1) && held("max<=5m", 10, 10, 0));
        // (10 · 10 s + 1 · 600 s) / 11 = 63.6 s.
        assert!(held("mean<=64s", 10, 10, 1) && !held("mean<=63s", 10, 10, 1));
    }
}
