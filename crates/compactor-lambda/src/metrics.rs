//! A run's figures as CloudWatch takes them from a log: its embedded metric format, one JSON
//! object on a line of its own.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::function::Summary;

/// Where the metrics are found; alarms and dashboard ask for this.
const NAMESPACE: &str = "octolake";
const DIMENSION: &str = "function";

/// The line for a run of `function` that ended at `now`.
///
/// - `rows`, `duplicates`, `quarantined`: records that became a row, were in the lake already, or
///   could not be read;
/// - `files`: Parquet files of the table after the run;
/// - `backlog_age_seconds`: for how long the oldest raw object has waited that is left, 0 without;
/// - `seconds`: how long the run took.
pub(crate) fn line(summary: &Summary, function: &str, run: &str, now: DateTime<Utc>) -> String {
    let report = &summary.report;
    let metrics = [
        ("rows", "Count", json!(report.stored)),
        ("duplicates", "Count", json!(report.duplicates)),
        ("quarantined", "Count", json!(report.quarantined)),
        ("files", "Count", json!(report.files_after)),
        ("backlog_age_seconds", "Seconds", json!(summary.backlog.age_s.unwrap_or(0.0))),
        ("seconds", "Seconds", json!(report.seconds)),
    ];
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
    use octolake_compactor::Report;

    use super::*;
    use crate::function::Backlog;

    #[test]
    fn a_line_defines_each_metric_that_it_holds() {
        let report = Report {
            stored: 40,
            duplicates: 3,
            quarantined: 2,
            files_after: 7,
            seconds: 1.5,
            ..Report::default()
        };
        let backlog = Backlog { objects: 1, bytes: 10, age_s: Some(90.0) };
        let now = DateTime::from_timestamp_millis(1_772_445_600_123).unwrap();
        let line = line(&Summary { report, backlog }, "acme-compactor", "r-1", now);
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
                "files": 7,
                "backlog_age_seconds": 90.0,
                "seconds": 1.5,
            })
        );
    }
}
