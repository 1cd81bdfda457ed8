//! Nearest-rank percentiles of a set of values.

/// What a report's row says of its values, all in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statistics {
    /// How many values there are.
    pub n: u64,
    /// The median, by nearest rank like all percentiles here: a value that occurred.
    pub p50: f64,
    /// The 75th percentile.
    pub p75: f64,
    /// The 90th percentile.
    pub p90: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The largest value.
    pub max: f64,
    /// The arithmetic mean.
    pub mean: f64,
}

impl Statistics {
    /// The statistics of `values` (whole seconds); `None` where there are none.
    pub fn of(mut values: Vec<i64>) -> Option<Self> {
        values.sort_unstable();
        let max = *values.last()? as f64;
        let n = values.len();
        // The value at the 1-based rank ceil(p × n / 100), in integers so that nothing rounds.
        let percentile = |p: usize| values[(p * n).div_ceil(100) - 1] as f64;
        Some(Self {
            n: n as u64,
            p50: percentile(50),
            p75: percentile(75),
            p90: percentile(90),
            p95: percentile(95),
            p99: percentile(99),
            max,
            mean: values.iter().sum::<i64>() as f64 / n as f64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_rank_gives_values_that_occurred() {
        let of = |values: &[i64]| Statistics::of(values.to_vec());
        let (p50, p75, p90, p95, p99) = (20.0, 90.0, 90.0, 90.0, 90.0);
        assert_eq!(
            of(&[90, 4, 20, 0, 45, 90]),
            Some(Statistics { n: 6, p50, p75, p90, p95, p99, max: 90.0, mean: 41.5 })
        );
        let hundred = of(&(1..=100).collect::<Vec<_>>()).unwrap();
        assert_eq!((hundred.p50, hundred.p95, hundred.p99), (50.0, 95.0, 99.0));
        assert_eq!(of(&[7]).unwrap().p50, 7.0);
        assert_eq!(of(&[]), None);
    }
}
