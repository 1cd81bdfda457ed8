//! `lakequery report --list`: which reports there are, for scripts and for people.

use octolake_reports::{ALL, Definition, Dimension};
use serde::Serialize;

use crate::exit::{Outcome, UsageError};
use crate::output::{self, Align, Format, Grid};

/// A report, or one of its measures.
#[derive(Debug, Serialize)]
struct Listed {
    report: &'static str,
    measure: Option<&'static str>,
    about: &'static str,
    dimensions: Vec<&'static str>,
    filters: Vec<&'static str>,
    reasons: Vec<&'static str>,
}

impl From<&'static Definition> for Listed {
    fn from(report: &'static Definition) -> Self {
        let names = |takes: fn(Dimension) -> bool| {
            let chosen = report.dimensions.iter().filter(move |by| takes(**by));
            chosen.map(|by| by.name()).collect()
        };
        Self {
            report: report.name,
            measure: report.measure,
            about: report.about,
            dimensions: names(|_| true),
            filters: names(|by| by.filters() || matches!(by, Dimension::Who | Dimension::Team)),
            reasons: report.reasons.iter().map(|reason| reason.name).collect(),
        }
    }
}

/// Prints the catalogue; no lake is needed.
pub(super) fn print(format: Format) -> anyhow::Result<Outcome> {
    let all: Vec<Listed> = ALL.iter().copied().map(Listed::from).collect();
    match format {
        Format::Json => output::print_json(&all)?,
        Format::Ndjson => {
            let lines: Vec<String> =
                all.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
            output::print_text(&lines.join("\n"))?;
        }
        Format::Table | Format::Csv | Format::Markdown => output::print_grid(&grid(&all), format)?,
        Format::Parquet => {
            let error = UsageError::new("--list has no rows of figures for parquet");
            return Err(error.hint("--format json is for scripts").into());
        }
    }
    Ok(Outcome::Fine)
}

fn grid(all: &[Listed]) -> Grid {
    let names = ["report", "measure", "about", "dimensions", "filters", "reasons"];
    let mut grid = Grid::new(names.map(|name| (name, Align::Left)));
    for listed in all {
        grid.push([
            listed.report.to_owned(),
            listed.measure.unwrap_or_default().to_owned(),
            listed.about.to_owned(),
            listed.dimensions.join(","),
            listed.filters.join(","),
            listed.reasons.join(","),
        ]);
    }
    grid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_asked_is_listed() {
        let all: Vec<Listed> = ALL.iter().copied().map(Listed::from).collect();
        let json = serde_json::to_value(&all).unwrap();
        let names: Vec<(&str, Option<&str>)> = json
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["report"].as_str().unwrap(), one["measure"].as_str()))
            .collect();
        assert!(names.contains(&("queue-latency", None)));
        assert!(names.contains(&("lead-time", Some("first_review"))));
        let queue = &json[0];
        assert_eq!(queue["about"], "How long jobs wait for a runner");
        assert_eq!(
            queue["filters"],
            serde_json::json!([
                "repo", "host", "org", "label", "workflow", "job", "runner", "group", "branch",
                "author", "who", "team"
            ])
        );
        assert_eq!(queue["dimensions"].as_array().unwrap().len(), 16);
        assert_eq!(queue["reasons"][0], "skipped");
    }

    #[test]
    fn a_table_has_a_row_each() {
        assert_eq!(
            grid(&ALL.iter().copied().map(Listed::from).collect::<Vec<_>>()).len(),
            ALL.len()
        );
    }
}
