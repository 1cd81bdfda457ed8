//! A question put to an engine, and what has to be known beside its rows.

use anyhow::Context as _;
use octolake_engine::SqlEngine;
use octolake_reports::{
    Answer, Dimension, Freshness, Question, Reach, Reading, RepoName, ShapeError, Table, Unknown,
    compare, lower, nearest, rfc3339,
};

/// What is known of the lake beside what an engine says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known {
    /// Raw objects that are not compacted.
    pub backlog_objects: Option<u64>,
    /// Those of them that the engine has all the same.
    pub fresh_objects: u64,
}

/// The answer to a question; with that of the period before beside it where `compares`.
///
/// # Errors
/// The engine fails, or its answer is not that of a report.
pub async fn ask(
    question: &Question,
    engine: &dyn SqlEngine,
    known: Known,
    compares: bool,
) -> anyhow::Result<Answer> {
    let newest_arrival = engine.newest_arrival(question).await?;
    let freshness = Freshness {
        newest_arrival,
        backlog_objects: known.backlog_objects,
        fresh_objects: known.fresh_objects,
    };
    let mut answer = read(question, engine, freshness).await?;
    if let Some(before) = question.before().filter(|_| compares) {
        let before = read(&before, engine, freshness).await?;
        compare(&mut answer, before);
    }
    answer.order(question);
    answer.unknown_repos = unknown_repos(question, engine).await?;
    if answer.is_empty() && answer.unknown_repos.is_empty() {
        answer.unknown_values = unknown_values(question, engine).await?;
    }
    Ok(answer)
}

/// The question, of no more deliveries than its window needs.
///
/// # Errors
/// The engine fails.
pub async fn reached(question: &Question, engine: &dyn SqlEngine) -> anyhow::Result<Question> {
    let question = match question.reach_sql() {
        Some(sql) => question.within_reach(&engine.run(&sql).await?),
        None => question.clone(),
    };
    let question = Question { abilities: engine.abilities(), ..question };
    let window = question.window;
    if (window.since, window.until) != (None, None) {
        match question.reach() {
            Reach { since: None, until: None } => {
                tracing::info!("the window needs deliveries of all time: nothing is left unread");
            }
            Reach { since, until } => tracing::info!(
                since = since.map(rfc3339),
                until = until.map(rfc3339),
                "only deliveries that arrived then are read"
            ),
        }
    }
    Ok(question)
}

async fn read(
    question: &Question,
    engine: &dyn SqlEngine,
    freshness: Freshness,
) -> anyhow::Result<Answer> {
    let name = question.report.name;
    let question = &reached(question, engine).await?;
    let mut reading: Option<Result<Reading<'_>, ShapeError>> = None;
    let mut take = |part: Table| {
        let so_far = reading.take().unwrap_or_else(|| Reading::new(question, &part.columns));
        let taken = so_far.and_then(|mut reading| reading.take(&part).map(|()| reading));
        reading.insert(taken).is_ok()
    };
    let sql = question.sql();
    engine.run_in_parts(&sql, &mut take).await.with_context(|| format!("no {name} report"))?;
    let reading = reading.unwrap_or_else(|| Reading::new(question, &[]));
    Ok(reading?.finish(freshness))
}

/// The repositories that were asked for and that no delivery names.
async fn unknown_repos(
    question: &Question,
    engine: &dyn SqlEngine,
) -> anyhow::Result<Vec<Unknown>> {
    if question.repos.is_empty() {
        return Ok(vec![]);
    }
    let known = engine.run(&question.repositories_sql()).await?;
    let unknown: Vec<&RepoName> =
        question.repos.iter().filter(|repo| !is_known(repo, &known)).collect();
    if unknown.is_empty() {
        return Ok(vec![]);
    }
    let all = names(&engine.run(&question.values_sql(Dimension::Repo)).await?);
    Ok(unknown.into_iter().map(|repo| missing(&repo.to_string(), &all)).collect())
}

fn is_known(repo: &RepoName, known: &Table) -> bool {
    let (host, name) = (known.place("host"), known.place("name"));
    let text = |row: &[octolake_reports::Value], place: Option<usize>| {
        place.and_then(|place| row.get(place)?.text().map(lower))
    };
    known.rows.iter().any(|row| {
        text(row, name).is_some_and(|name| name == lower(&repo.name))
            && repo
                .host
                .as_ref()
                .is_none_or(|asked| text(row, host).is_some_and(|host| host == lower(asked)))
    })
}

/// The values of filters that nothing has: asked for only where there is no answer at all.
async fn unknown_values(
    question: &Question,
    engine: &dyn SqlEngine,
) -> anyhow::Result<Vec<(Dimension, Unknown)>> {
    let mut unknown = vec![];
    for filter in &question.filters {
        let everything = Question { filters: vec![], ..question.clone() };
        let mut all = names(&engine.run(&everything.values_sql(filter.dimension)).await?);
        if filter.dimension == Dimension::Label {
            let each: Vec<String> = all.iter().flat_map(|set| labels(set)).collect();
            all.extend(each);
        }
        let has = |value: &str| all.iter().any(|known| lower(known) == lower(value));
        let missing = filter.values.iter().filter(|value| !has(value));
        unknown.extend(missing.map(|value| (filter.dimension, self::missing(value, &all))));
    }
    Ok(unknown)
}

/// The labels of a set as it is printed: those that hold a comma or a quote stand in quotes, with
/// their own doubled.
fn labels(set: &str) -> Vec<String> {
    let (mut labels, mut label) = (vec![], String::new());
    let (mut quoted, mut last) = (false, ' ');
    for c in set.chars() {
        match c {
            '"' => {
                // The second of two inside is one of its own.
                if last == '"' && !quoted {
                    label.push('"');
                }
                quoted = !quoted;
            }
            ',' if !quoted => labels.push(std::mem::take(&mut label)),
            c => label.push(c),
        }
        last = c;
    }
    labels.push(label);
    labels
}

fn missing(typed: &str, all: &[String]) -> Unknown {
    let nearest = nearest(typed, all.iter().map(String::as_str)).map(str::to_owned);
    Unknown { typed: typed.to_owned(), nearest }
}

fn names(table: &Table) -> Vec<String> {
    table.rows.iter().filter_map(|row| Some(row.first()?.text()?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_taken_apart_as_it_is_put_together() {
        assert_eq!(labels("linux,self-hosted"), ["linux", "self-hosted"]);
        assert_eq!(labels("\"a,b\",c"), ["a,b", "c"]);
        assert_eq!(labels("\"say \"\"hi\"\"\",z"), ["say \"hi\"", "z"]);
        assert_eq!(labels(""), [""]);
    }
}
