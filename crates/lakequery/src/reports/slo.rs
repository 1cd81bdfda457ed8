//! `--slo p95<=5m`: a bound that each row of a report has to hold.

use std::str::FromStr;

use super::{Answer, PERCENTILES, Question, Row, duration, human};

/// A bound on one statistic.
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    text: String,
    statistic: Statistic,
    inclusive: bool,
    seconds: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Statistic {
    /// A place in [`PERCENTILES`].
    Percentile(usize),
    Max,
    Mean,
}

/// A text that is no bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no bound: write one of p50, p75, p90, p95, p99, max, mean, then <= or <, then a duration in s, m, h or d, as in p95<=5m"
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
                let p: u8 = name.strip_prefix('p')?.parse().ok()?;
                PERCENTILES.iter().position(|known| *known == p).map(Self::Percentile)
            }
        }
    }

    fn of(self, row: &Row) -> Option<f64> {
        match self {
            Self::Percentile(place) => row.percentiles[place],
            Self::Max => row.max,
            Self::Mean => row.mean,
        }
    }
}

impl Slo {
    fn holds(&self, seconds: f64) -> bool {
        if self.inclusive { seconds <= self.seconds } else { seconds < self.seconds }
    }

    /// A sentence for each row that does not hold. A row without values holds.
    pub fn broken(&self, question: &Question, answer: &Answer) -> Vec<String> {
        let broken = |row: &Row| {
            let seconds = self.statistic.of(row).filter(|seconds| !self.holds(*seconds))?;
            let name = row_name(question, row);
            Some(format!(
                "{} does not hold{name}: it is {} ({seconds} s)",
                self.text,
                human(seconds)
            ))
        };
        answer.rows.iter().filter_map(broken).collect()
    }
}

fn row_name(question: &Question, row: &Row) -> String {
    let keys = question.by.iter().zip(&row.keys);
    let named: Vec<String> = keys
        .map(|(by, key)| format!("{} {}", by.name(), key.as_deref().unwrap_or("(none)")))
        .collect();
    if named.is_empty() { String::new() } else { format!(" for {}", named.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_read() {
        let slo: Slo = "p95 <= 5m".parse().unwrap();
        assert!(slo.holds(300.0) && !slo.holds(300.5));
        let slo: Slo = "mean<1.5h".parse().unwrap();
        assert!(slo.holds(5_399.0) && !slo.holds(5_400.0));
        for text in ["", "p95", "p95>5m", "p96<=5m", "p95<=5", "p95<=", "avg<5m", "p95=<5m"] {
            assert_eq!(text.parse::<Slo>(), Err(SloError), "{text}");
        }
    }
}
