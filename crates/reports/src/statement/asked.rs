//! What is asked for: one row per value in the window, and per thing that has none.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::{list, literal, lower, timestamp};
use crate::definition::Shape;
use crate::reach::within;
use crate::shorthand::written_out;
use crate::{Dimension, Filter, Question, RepoName, Who};

/// Whether anything that is asked for needs the names of repositories.
pub(super) fn needs_names(question: &Question) -> bool {
    question.by.iter().any(|by| by.needs_names(question))
        || (question.team.is_some() && Dimension::Team.needs_names(question))
}

/// The keys, why there is no value, and the value.
pub(super) fn select(question: &Question) -> String {
    let mut columns: Vec<String> =
        question.by.iter().map(|by| format!("{} as {}", by.sql(question), by.column())).collect();
    columns.push(format!("{} as left_out", question.report.left_out));
    match question.report.shape {
        Shape::Durations { value, clamped, waited } => {
            columns.push(format!("{value} as value_s"));
            let clamped =
                clamped.map_or("0".to_owned(), |is| format!("case when {is} then 1 else 0 end"));
            columns.push(format!("{clamped} as clamped"));
            if !question.slos.is_empty() {
                columns.push(format!("{} as waited_s", waiting(question, waited)));
            }
        }
        Shape::Counts { happened, aging, since, .. } => {
            columns.push(format!("{happened} as happened"));
            columns.push(written_out(&format!(
                "case when {happened} = '{aging}' then (ms({}) - ms({since})) / 1e3 end as value_s",
                as_of(question)
            )));
        }
    }
    from(question, &columns, needs_names(question))
}

/// The things themselves: what they are, their value or why they have none, and where they stand on
/// the web.
pub(super) fn details(question: &Question) -> String {
    let subject = question.report.subject;
    let mut columns: Vec<String> =
        subject.detail.iter().map(|(name, sql)| format!("{sql} as {name}")).collect();
    let shown = |by: &&Dimension| subject.detail.iter().all(|(name, _)| *name != by.name());
    let others = question.by.iter().filter(shown);
    columns.extend(others.map(|by| format!("{} as {}", by.sql(question), by.column())));
    match question.report.shape {
        Shape::Durations { value, .. } => columns.push(format!("{value} as value_s")),
        Shape::Counts { happened, .. } => {
            columns.push(format!("{happened} as happened"));
            columns.push("cast(null as double) as value_s".to_owned());
        }
    }
    columns.push(format!("{} as left_out", question.report.left_out));
    columns.push(format!("{} as counted_at", question.report.time));
    columns.push(format!("{} as link", subject.link));
    from(question, &columns, true)
}

fn as_of(question: &Question) -> String {
    question.as_of.map_or("current_timestamp".to_owned(), timestamp)
}

fn waiting(question: &Question, waited: Option<&str>) -> String {
    waited.map_or("cast(null as double)".to_owned(), |waited| {
        written_out(&waited.replace("{as_of}", &as_of(question)))
    })
}

fn from(question: &Question, columns: &[String], names: bool) -> String {
    let mut sql = format!("  select\n    {}\n", columns.join(",\n    "));
    let _ = write!(sql, "  from {} v{}", question.report.view.name, names_join(question, names));
    if !question.repos.is_empty() {
        let _ = write!(sql, "{}", chosen_join(question));
    }
    let conditions = conditions(question);
    if !conditions.is_empty() {
        let _ = write!(sql, "\n  where {}", conditions.join("\n    and "));
    }
    sql
}

/// The join that gives each row the name of its repository.
pub(super) fn names_join(question: &Question, names: bool) -> String {
    if !names {
        return String::new();
    }
    let view = question.report.subject.repositories.name;
    format!("\n  left join {view} r on r.source = v.source and r.repo_id = v.repo_id")
}

/// The repositories that ever had one of the names, whatever they are called now.
fn chosen_join(question: &Question) -> String {
    let named: Vec<String> = question.repos.iter().map(|repo| is_named(repo, "")).collect();
    format!(
        "\n  left join (\n    select distinct source, repo_id\n    from events\n    \
         where event_type in ({})\n      and repo_id is not null\n      and ({})\n  ) chosen \
         on chosen.source = v.source and chosen.repo_id = v.repo_id",
        super::types(question),
        named.join(" or ").replace("{name}", "repo_full_name"),
    )
}

fn is_named(repo: &RepoName, table: &str) -> String {
    let name = literal(&lower(&repo.name));
    let host = repo
        .host
        .as_ref()
        .map(|host| format!(" and lower({table}source) = {}", literal(&lower(host))));
    format!("lower({{name}}) = {name}{}", host.unwrap_or_default())
}

fn conditions(question: &Question) -> Vec<String> {
    let time = question.report.time;
    let mut conditions = vec![];
    conditions.extend(question.window.since.map(|since| bound(time, ">=", since)));
    conditions.extend(question.window.until.map(|until| bound(time, "<", until)));
    if !question.repos.is_empty() {
        let named: Vec<String> = question.repos.iter().map(|repo| is_named(repo, "v.")).collect();
        // What has no number of a repository can only be known by the name that it told.
        conditions.push(format!(
            "(chosen.repo_id is not null or (v.repo_id is null and ({})))",
            named.join(" or ").replace("{name}", "v.told_repo")
        ));
    }
    conditions.extend(question.filters.iter().map(|filter| condition(question, filter)));
    if question.who != Who::All {
        conditions.push(format!("{} = '{}'", Dimension::Who.sql(question), question.who.name()));
    }
    if let Some(team) = &question.team {
        conditions.push(format!("{} = {}", Dimension::Team.sql(question), literal(team)));
    }
    conditions
}

/// A bound of a time. Those that not every engine can write as a literal are told in milliseconds.
fn bound(time: &str, is: &str, at: DateTime<Utc>) -> String {
    match within(Some(at)) {
        Some(at) => format!("{time} {is} {}", timestamp(at)),
        None => written_out(&format!("ms({time}) {is} {}", at.timestamp_millis())),
    }
}

fn condition(question: &Question, filter: &Filter) -> String {
    let values = list(filter.values.iter().map(|value| lower(value)));
    let whole = format!("lower({}) in ({values})", filter.dimension.sql(question));
    if filter.dimension != Dimension::Label {
        return whole;
    }
    // A label that is asked for is one of a set, or the whole set as the report prints it.
    let labels = filter.values.iter().map(|label| has_label(label));
    format!("({whole} or {})", labels.collect::<Vec<_>>().join(" or "))
}

/// Whether the labels of `v` have one.
pub(crate) fn has_label(label: &str) -> String {
    let label = literal(&lower(label));
    format!("strpos(chr(1) || v.labels || chr(1), chr(1) || {label} || chr(1)) > 0")
}
