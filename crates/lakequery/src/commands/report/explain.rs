//! `lakequery report … --explain`: the definition and the SQL.

use octolake_reports::{Question, Reason};
use serde::Serialize;

use crate::exit::Outcome;
use crate::output::{self, Format};

#[derive(Serialize)]
struct Explained<'a> {
    report: &'a str,
    definition: &'a str,
    left_out: Vec<LeftOut<'a>>,
    dimensions: Vec<&'a str>,
    sql: &'a str,
}

#[derive(Serialize)]
struct LeftOut<'a> {
    reason: &'a str,
    why: &'a str,
}

/// Prints what a question means, in place of its answer.
pub(super) fn print(question: &Question, format: Format) -> anyhow::Result<Outcome> {
    let (definition, sql) = (question.report.words, question.sql());
    let reasons = question.report.reasons;
    let dimensions: Vec<&str> = question.report.dimensions.iter().map(|by| by.name()).collect();
    let by = dimensions.join(", ");
    match format {
        Format::Json | Format::Ndjson => {
            let left_out = |reason: &Reason| LeftOut { reason: reason.name, why: reason.about };
            output::print_json(&Explained {
                report: question.report.name,
                definition,
                left_out: reasons.iter().map(left_out).collect(),
                dimensions,
                sql: &sql,
            })?;
        }
        Format::Markdown => {
            let fence = output::fence(&sql, 3);
            let list: String = reasons
                .iter()
                .map(|reason| format!("- `{}`: {}\n", reason.name, reason.about))
                .collect();
            output::print_text(&format!(
                "{definition}\n\n{list}\nSplit by: {by}.\n\n{fence}sql\n{sql}{fence}\n"
            ))?;
        }
        Format::Table | Format::Csv | Format::Parquet => {
            let list: String = reasons
                .iter()
                .map(|reason| format!("  {:<16}{}\n", reason.name, reason.about))
                .collect();
            output::print_text(&format!(
                "{definition}\n\nLeft out and counted:\n{list}\nSplit by: {by}.\n\n{sql}"
            ))?;
        }
    }
    Ok(Outcome::Fine)
}
