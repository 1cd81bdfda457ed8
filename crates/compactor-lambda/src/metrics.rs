//! A run's figures as CloudWatch takes them from a log: its embedded metric format, one JSON
//! object on a line of its own.

use chrono::{DateTime, Utc};
use octolake_lake::Counts;
use serde_json::{Value, json};

/// Where the metrics are found; alarms and dashboard ask for this.
const NAMESPACE: &str = "octolake";
const DIMENSION: &str = "function";

/// How a run ended that did end: what is not known of one that failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    /// Parquet files of the table after it.
    pub(crate) files: u64,
    /// For how long the oldest raw object has waited that is left, in seconds; 0 without one.
    pub(crate) backlog_age: f64,
    /// How long it took, in seconds.
    pub(crate) seconds: f64,
}

/// The line for a run of `function` at `now`: `rows`, `duplicates` and `quarantined` (records that
/// became a row, were in the lake already, or could not be read), `conflicting`, `replayed` and
/// `unsigned` (duplicates with another body, rows with the body of another delivery, rows that
/// another producer brought), and with its end `files`, `backlog_age_seconds` and `seconds`.
pub(crate) fn line(
    counts: Counts,
    end: Option<End>,
    function: &str,
    run: &str,
    now: DateTime<Utc>,
) -> String {
    let mut metrics = vec![
        ("rows", "Count", json!(counts.stored)),
        ("duplicates", "Count", json!(counts.duplicates)),
        ("quarantined", "Count", json!(counts.quarantined)),
        ("conflicting", "Count", json!(counts.conflicting)),
        ("replayed", "Count", json!(counts.replayed)),
        ("unsigned", "Count", json!(counts.unsigned)),
    ];
    if let Some(End { files, backlog_age, seconds }) = end {
        metrics.push(("files", "Count", json!(files)));
        metrics.push(("backlog_age_seconds", "Seconds", json!(backlog_age)));
        metrics.push(("seconds", "Seconds", json!(seconds)));
    }
    let defined: Vec<Value> =
        metrics.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": now.timestamp_millis(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [[DIMENSION]],
                "Metrics": defined,
            }],
        },
        DIMENSION: function,
        "run": run,
    });
    for (name, _, value) in metrics {
        line[name] = value;
    }
    line.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_defines_each_metric_that_it_holds() {
        let counts = Counts {
            read: 45,
            stored: 40,
            duplicates: 3,
            quarantined: 2,
            signed: 34,
            unsigned: 6,
            conflicting: 1,
            replayed: 5,
            ..Counts::default()
        };
        let end = End { files: 7, backlog_age: 90.0, seconds: 1.5 };
        let now = DateTime::from_timestamp_millis(1_772_445_600_123).unwrap();
        let line = line(counts, Some(end), "acme-compactor", "r-1", now);
        assert!(!line.contains('\n'));
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            line,
            json!({
                "_aws": {
                    "Timestamp": 1_772_445_600_123_i64,
                    "CloudWatchMetrics": [{
                        "Namespace": "octolake",
                        "Dimensions": [["function"]],
                        "Metrics": [
                            {"Name": "rows", "Unit": "Count"},
                            {"Name": "duplicates", "Unit": "Count"},
                            {"Name": "quarantined", "Unit": "Count"},
                            {"Name": "conflicting", "Unit": "Count"},
                            {"Name": "replayed", "Unit": "Count"},
                            {"Name": "unsigned", "Unit": "Count"},
                            {"Name": "files", "Unit": "Count"},
                            {"Name": "backlog_age_seconds", "Unit": "Seconds"},
                            {"Name": "seconds", "Unit": "Seconds"},
                        ],
                    }],
                },
                "function": "acme-compactor",
                "run": "r-1",
                "rows": 40,
                "duplicates": 3,
                "quarantined": 2,
                "conflicting": 1,
                "replayed": 5,
                "unsigned": 6,
                "files": 7,
                "backlog_age_seconds": 90.0,
                "seconds": 1.5,
            })
        );
    }
}
