//! What a reader of the rows has to know, in sentences.

use octolake_reports::{Answer, Broken, Question, Unknown, human, rfc3339};

/// A line each: the window, how many values, what was left out and why, and how fresh it is.
pub fn notes(question: &Question, answer: &Answer) -> Vec<String> {
    let unit = question.report.unit;
    let mut notes = vec![
        format!("Window: {} ({}).", window(question), question.zone),
        format!("n = {} {unit}. Percentiles are nearest rank.", answer.n()),
    ];
    notes.extend(left_out(answer));
    if answer.rows.iter().any(|row| row.partial) {
        notes.push("* Partial: the window cuts it, or more may come.".to_owned());
    }
    if answer.of_rows > answer.rows.len() {
        notes.push(format!("The first {} of {} rows.", answer.rows.len(), answer.of_rows));
    }
    if answer.rows.iter().any(|row| row.change.is_some()) {
        notes.push(
            "Before: the period of the same length right before. A median is up or down where its 95 % \
             interval does not meet that of before; else it may be chance."
                .to_owned(),
        );
    }
    notes.push(freshness(answer));
    notes.extend(emptiness(question, answer));
    notes
}

fn window(question: &Question) -> String {
    match (question.window.since, question.window.until) {
        (None, None) => "all time".to_owned(),
        (Some(since), None) => format!("since {}", rfc3339(since)),
        (None, Some(until)) => format!("until {}", rfc3339(until)),
        (Some(since), Some(until)) => format!("{} until {}", rfc3339(since), rfc3339(until)),
    }
}

fn left_out(answer: &Answer) -> Option<String> {
    let reasons: Vec<String> =
        answer.excluded.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let clamped = match answer.clamped {
        0 => String::new(),
        count => format!(" {count} clamped to 0."),
    };
    (!reasons.is_empty()).then(|| format!("Left out: {}.{clamped}", reasons.join(", ")))
}

fn freshness(answer: &Answer) -> String {
    let freshness = answer.freshness;
    let newest = freshness.newest_arrival.map_or("none".to_owned(), rfc3339);
    let fresh = match freshness.fresh_objects {
        0 => String::new(),
        count => format!(" {count} raw objects that are not compacted yet are in it."),
    };
    let backlog = match freshness.backlog_objects {
        None | Some(0) => String::new(),
        Some(count) if freshness.fresh_objects > 0 => {
            match count.saturating_sub(freshness.fresh_objects) {
                0 => String::new(),
                left => format!(" {left} more are not: they could not be read."),
            }
        }
        Some(count) => {
            format!(" {count} raw objects are not compacted yet: `lakequery compact`, or --fresh.")
        }
    };
    format!("Newest delivery: {newest}.{fresh}{backlog}")
}

/// Why there is nothing.
fn emptiness(question: &Question, answer: &Answer) -> Vec<String> {
    let mut notes: Vec<String> =
        answer.unknown_repos.iter().map(|repo| unknown("repository", repo)).collect();
    notes.extend(answer.unknown_values.iter().map(|(by, value)| unknown(by.name(), value)));
    if answer.freshness.newest_arrival.is_none() {
        let subject = question.report.subject;
        notes.push(format!(
            "No {} delivery is in this lake yet: subscribe the webhook to {}.",
            subject.event_types.first().copied().unwrap_or_default(),
            subject.subscription
        ));
    } else if answer.is_empty() && notes.is_empty() {
        notes.push("Nothing is in this window and of these filters.".to_owned());
    }
    notes
}

fn unknown(what: &str, unknown: &Unknown) -> String {
    let nearest = unknown.nearest.as_ref();
    let meant = nearest.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
    format!("There is no {what} {}{meant}", unknown.typed)
}

/// A sentence for each way in which a gate does not hold.
pub fn gates(question: &Question, answer: &Answer) -> Vec<String> {
    let sentence = |bound: &str, broken: &Broken| match broken {
        Broken::NoData => format!(
            "{bound} does not hold: there is not one value in {} (--slo-empty pass takes that for well)",
            window(question)
        ),
        Broken::UnknownRepo(repo) => {
            format!("{bound} does not hold: there is no repository {repo}")
        }
        Broken::Row { keys, seconds, waiting } => {
            let known = seconds.map_or("there is no value".to_owned(), |seconds| {
                format!("it is {} ({seconds} s)", human(seconds))
            });
            let waiting = match waiting {
                0 => String::new(),
                count => format!(", and {count} that never started have waited longer than that"),
            };
            format!("{bound} does not hold{}: {known}{waiting}", row_name(question, keys))
        }
    };
    let gates = answer.gates.iter();
    gates.flat_map(|gate| gate.broken.iter().map(|broken| sentence(&gate.bound, broken))).collect()
}

fn row_name(question: &Question, keys: &[Option<String>]) -> String {
    let keys = question.by.iter().zip(keys);
    let named: Vec<String> = keys
        .map(|(by, key)| format!("{} {}", by.name(), key.as_deref().unwrap_or("(none)")))
        .collect();
    if named.is_empty() { String::new() } else { format!(" for {}", named.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_answered_with_a_name() {
        let slip = Unknown { typed: "acme/appi".into(), nearest: Some("acme/api".into()) };
        assert_eq!(
            unknown("repository", &slip),
            "There is no repository acme/appi; did you mean acme/api?"
        );
    }
}
