//! A question as SQL, which runs unchanged on DataFusion and Trino.
//!
//! Values are first counted by value: waits are whole seconds, so a million of them are some
//! thousand. Ranks then come from running sums over these few rows, and no wide row is sorted.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::{Dimension, PERCENTILES, Question};

/// The names under which the SQL gives what is not a dimension.
pub(super) mod column {
    /// Why there is no value; NULL where there is one.
    pub(in crate::reports) const LEFT_OUT: &str = "left_out";
    /// How many.
    pub(in crate::reports) const COUNT: &str = "n";
    /// How many of them were clamped.
    pub(in crate::reports) const CLAMPED: &str = "clamped";
}

/// The SQL of a question.
pub(super) fn sql(question: &Question) -> String {
    let view = question.report.view();
    // A comma behind each, so that there may be none.
    let keys: String = question.by.iter().map(|by| format!("{}, ", by.name())).collect();
    format!(
        "with {name} as (\n{body}\n),\n\
         asked as (\n{asked}\n),\n\
         counted as (\n  \
         select {keys}left_out, value_s, count(*) as n, sum(clamped) as clamped\n  \
         from asked\n  \
         group by {keys}left_out, value_s\n\
         ),\n\
         ranked as (\n  \
         select\n    \
         {keys}left_out, value_s, n, clamped,\n    \
         sum(n) over (\n      \
         partition by {keys}left_out\n      \
         order by value_s nulls last\n      \
         rows between unbounded preceding and current row\n    \
         ) as up_to,\n    \
         sum(n) over (partition by {keys}left_out) as total\n  \
         from counted\n\
         )\n\
         select\n  \
         {keys}left_out,\n  \
         sum(n) as n,\n\
         {percentiles}  \
         max(value_s) as max_s,\n  \
         sum(value_s * n) / sum(n) as mean_s,\n  \
         sum(clamped) as clamped\n\
         from ranked\n\
         group by {keys}left_out\n\
         order by {keys}left_out nulls last\n",
        name = view.name,
        body = indented(view.body()),
        asked = asked(question),
        percentiles = percentiles(),
    )
}

/// One row per value in the window, and per thing that has none.
fn asked(question: &Question) -> String {
    let report = question.report;
    let mut sql = String::from("  select\n");
    for by in &question.by {
        let _ = writeln!(sql, "    {} as {},", by.sql(report.time(), question.zone), by.name());
    }
    let clamped = if report.counts_clamped() { "case when clamped then 1 else 0 end" } else { "0" };
    let _ = writeln!(sql, "    {} as left_out,", report.left_out());
    let _ = writeln!(sql, "    {} as value_s,", report.value());
    let _ = writeln!(sql, "    {clamped} as clamped");
    let _ = write!(sql, "  from {}", report.view().name);
    let conditions = conditions(question);
    if !conditions.is_empty() {
        let _ = write!(sql, "\n  where {}", conditions.join("\n    and "));
    }
    sql
}

fn conditions(question: &Question) -> Vec<String> {
    let time = question.report.time();
    let mut conditions = vec![];
    if let Some(since) = question.window.since {
        conditions.push(format!("{time} >= {}", timestamp(since)));
    }
    if let Some(until) = question.window.until {
        conditions.push(format!("{time} < {}", timestamp(until)));
    }
    if !question.repos.is_empty() {
        let repos: Vec<String> =
            question.repos.iter().map(|repo| text(&repo.to_lowercase())).collect();
        conditions.push(format!("lower({}) in ({})", Dimension::Repo.name(), repos.join(", ")));
    }
    conditions
}

fn percentiles() -> String {
    PERCENTILES.iter().fold(String::new(), |mut sql, p| {
        let _ = writeln!(
            sql,
            "  min(value_s) filter (where up_to >= ({p} * total + 99) / 100) as p{p}_s,"
        );
        sql
    })
}

/// A time as a literal.
fn timestamp(at: DateTime<Utc>) -> String {
    format!("timestamp '{} UTC'", at.format("%Y-%m-%d %H:%M:%S%.3f"))
}

/// A text as a literal.
fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn indented(sql: &str) -> String {
    sql.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::{Measure, Report, Window, Zone};

    #[test]
    fn a_text_cannot_leave_its_literal() {
        assert_eq!(text("o'; drop table events; --"), "'o''; drop table events; --'");
    }

    /// Athena's users get a report as a file: it has to be this program's text, under its header.
    #[test]
    fn the_files_of_the_reports_are_the_reports() {
        for (report, file) in [
            (Report::QueueLatency, include_str!("../../../../queries/jobs/queue_latency.sql")),
            (
                Report::LeadTime(Measure::LeadTime),
                include_str!("../../../../queries/pulls/lead_time.sql"),
            ),
        ] {
            let question = Question {
                report,
                by: vec![],
                window: Window::default(),
                repos: vec![],
                zone: Zone(chrono_tz::Tz::UTC),
            };
            let is_header = |line: &&str| line.starts_with("--");
            let text: String = file.split_inclusive('\n').skip_while(is_header).collect();
            assert_eq!(text, question.sql(), "write it anew: queries/update");
        }
    }

    #[test]
    fn a_time_is_utc_to_the_millisecond() {
        let at = "2026-03-02T10:00:00.25Z".parse().unwrap();
        assert_eq!(timestamp(at), "timestamp '2026-03-02 10:00:00.250 UTC'");
    }
}
