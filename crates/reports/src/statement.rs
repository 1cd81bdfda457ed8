//! A question as SQL, which runs unchanged on DataFusion and Trino.
//!
//! Ranks come from the values as numbers, gathered by group or counted by value: no row of names is
//! sorted but those of the answer.

pub(crate) mod asked;
mod counted;
mod figures;

use chrono::{DateTime, Utc};

use crate::view::{Scope, with};
use crate::{Dimension, Question};

/// The names under which the SQL gives what is not a dimension.
pub(crate) mod column {
    /// Why there is no value; NULL where there is one.
    pub(crate) const LEFT_OUT: &str = "left_out";
    /// How many.
    pub(crate) const COUNT: &str = "n";
    /// How many of them were clamped.
    pub(crate) const CLAMPED: &str = "clamped";
}

/// The SQL of a question.
pub(crate) fn sql(question: &Question) -> String {
    let parts = parts(question, asked::needs_names(question));
    let asked = asked::select(question);
    let figures = figures::select(question);
    format!("with {parts},\nasked as (\n{asked}\n),\n{figures}")
}

/// The things behind a question's figures.
pub(crate) fn drill(question: &Question, rows: usize) -> String {
    let parts = parts(question, true);
    let asked = asked::details(question);
    format!(
        "with {parts},\nasked as (\n{asked}\n)\nselect *\nfrom asked\n\
         order by value_s desc nulls last, counted_at desc nulls last, link\nlimit {rows}\n"
    )
}

/// Which of the named repositories there are.
pub(crate) fn repositories(question: &Question) -> String {
    format!(
        "select distinct source as host, lower(repo_full_name) as name\nfrom events\nwhere event_type in ({})\n  \
         and lower(repo_full_name) in ({})\n",
        types(question),
        list(question.repos.iter().map(|repo| lower(&repo.name))),
    )
}

/// Every value of a dimension, whatever the window.
pub(crate) fn values(question: &Question, dimension: Dimension) -> String {
    let everything = Question { window: crate::Window::default(), reach: None, ..question.clone() };
    let parts = parts(&everything, dimension.needs_names(&everything));
    let names = asked::names_join(&everything, dimension.needs_names(&everything));
    format!(
        "with {parts}\nselect distinct {} as name\nfrom {} v{names}\nlimit 10000\n",
        dimension.sql(&everything),
        question.report.view.name,
    )
}

/// The newest arrival.
pub(crate) fn newest(question: &Question) -> String {
    let text = format!(
        "select max(ms(received_at)) as newest_ms\nfrom events\nwhere event_type in ({})\n",
        types(question)
    );
    crate::shorthand::written_out(&text)
}

pub(crate) fn types(question: &Question) -> String {
    list(question.report.subject.event_types.iter().map(|name| (*name).to_owned()))
}

/// The views that a question reads, as parts of a `with`.
fn parts(question: &Question, names: bool) -> String {
    let mut views = vec![question.report.view];
    if names {
        views.push(question.report.subject.repositories);
    }
    let scope =
        Scope { reach: question.reach(), window: question.window, abilities: question.abilities };
    with(&views, scope)
}

/// A time as a literal.
pub(crate) fn timestamp(at: DateTime<Utc>) -> String {
    format!("timestamp '{} UTC'", at.format("%Y-%m-%d %H:%M:%S%.3f"))
}

/// A text as a literal.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A text in small letters as engines have it: each letter by itself, so that no letter beside it
/// counts, and none becomes two.
pub fn lower(text: &str) -> String {
    text.replace('İ', "i").replace('Σ', "σ").to_lowercase()
}

/// Texts as literals, with commas between.
pub(crate) fn list(texts: impl Iterator<Item = String>) -> String {
    texts.map(|text| literal(&text)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_leave_its_literal() {
        assert_eq!(literal("o'; drop table events; --"), "'o''; drop table events; --'");
    }

    #[test]
    fn letters_become_small_one_by_one() {
        assert_eq!(lower("İstanbul ΟΔΥΣΣΕΥΣ ẞÄ"), "istanbul οδυσσευσ ßä");
    }

    #[test]
    fn a_time_is_utc_to_the_millisecond() {
        let at = "2026-03-02T10:00:00.25Z".parse().unwrap();
        assert_eq!(timestamp(at), "timestamp '2026-03-02 10:00:00.250 UTC'");
    }
}
