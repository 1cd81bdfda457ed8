//! Periods: those that have no values get a row, and those that are not whole get a mark.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, TimeDelta, Timelike as _, Utc};

use crate::answer::{Answer, Counted, Row};
use crate::{Dimension, Question, Zone};

/// The most rows that are made: where there would be more, gaps stay gaps.
const MOST: usize = 20_000;

/// Fills the gaps between the periods of each combination of the other keys, and marks the periods
/// that are not whole.
pub(crate) fn fill(question: &Question, answer: &mut Answer) {
    let Some(place) = question.finest_period() else { return };
    let periods = question.by.iter().filter(|by| by.fineness().is_some()).count();
    let mut named = named(question, place, answer);
    if periods == 1 {
        gaps(question, place, answer, &mut named);
    }
    let newest = answer.freshness.newest_arrival;
    let is_partial = |(text, period): (String, Period)| (text, !period.is_whole(question, newest));
    let partial: HashMap<String, bool> = named.into_iter().map(is_partial).collect();
    for row in &mut answer.rows {
        let known = row.keys[place].as_deref().and_then(|text| partial.get(text));
        row.partial = known.copied().unwrap_or_default();
    }
}

/// The periods that keys name: a million rows name a few hundred.
fn named(question: &Question, place: usize, answer: &Answer) -> HashMap<String, Period> {
    let mut named = HashMap::new();
    for text in answer.rows.iter().filter_map(|row| row.keys[place].as_deref()) {
        if !named.contains_key(text)
            && let Some(period) = Period::parse(question.by[place], question.zone, text)
        {
            named.insert(text.to_owned(), period);
        }
    }
    named
}

/// Fills the gaps; the periods that they are come to those that are named.
fn gaps(
    question: &Question,
    place: usize,
    answer: &mut Answer,
    named: &mut HashMap<String, Period>,
) {
    let of = |named: &HashMap<String, Period>, row: &Row| {
        named.get(row.keys[place].as_deref()?).copied()
    };
    // With their gaps filled there would be no fewer.
    if answer.rows.iter().filter_map(|row| of(named, row)).count() > MOST {
        return;
    }
    let Some((first, last)) = bounds(question, question.by[place], named.values().copied()) else {
        return;
    };
    let others: BTreeSet<Vec<Option<String>>> =
        answer.rows.iter().map(|row| without(&row.keys, place)).collect();
    let mut all = vec![];
    let mut next = Some(first);
    while let Some(period) = next.filter(|period| period.begin <= last.begin) {
        let text = period.text();
        named.insert(text.clone(), period);
        all.push(text);
        if all.len() * others.len().max(1) > MOST {
            return;
        }
        next = period.next();
    }
    let mut rows: BTreeMap<Vec<Option<String>>, Row> =
        answer.rows.drain(..).map(|row| (row.keys.clone(), row)).collect();
    let kinds = vec![0; question.report.kinds().len()];
    for other in &others {
        for text in &all {
            let mut keys = other.clone();
            keys.insert(place, Some(text.clone()));
            let counted = Counted { kinds: kinds.clone(), ..Counted::default() };
            rows.entry(keys.clone()).or_insert(Row { keys, counted, ..Row::default() });
        }
    }
    // As the engine orders: by the keys, what has none last.
    let mut filled: Vec<Row> = rows.into_values().collect();
    filled.sort_by_cached_key(|row| {
        let keys = row.keys.iter().enumerate().map(|(at, key)| {
            // Clocks that are set back show an hour twice, and the second time with a smaller text.
            let begin = (at == place).then(|| Some(of(named, row)?.begin)).flatten();
            (key.is_none(), begin, key.clone())
        });
        keys.collect::<Vec<_>>()
    });
    answer.rows = filled;
}

/// From where to where: the periods that have values, and the window where it is bounded.
fn bounds(
    question: &Question,
    by: Dimension,
    periods: impl Iterator<Item = Period>,
) -> Option<(Period, Period)> {
    let mut range: Option<(Period, Period)> = None;
    for period in periods {
        range = Some(range.map_or((period, period), |(first, last)| {
            (
                if period.begin < first.begin { period } else { first },
                if period.begin > last.begin { period } else { last },
            )
        }));
    }
    let (mut first, last) = range?;
    if let Some(since) = question.window.since {
        let of_since = Period::of(by, question.zone, since)?;
        first = if of_since.begin < first.begin { of_since } else { first };
    }
    Some((first, last))
}

fn without(keys: &[Option<String>], place: usize) -> Vec<Option<String>> {
    let mut keys = keys.to_vec();
    keys.remove(place);
    keys
}

/// An hour, a day, a week or a month.
#[derive(Debug, Clone, Copy)]
struct Period {
    by: Dimension,
    zone: Zone,
    /// Its first day; of an hour its day.
    date: NaiveDate,
    begin: DateTime<Utc>,
}

impl Period {
    /// The period that a key names.
    fn parse(by: Dimension, zone: Zone, text: &str) -> Option<Self> {
        if by == Dimension::Hour {
            return Self::of(by, zone, DateTime::parse_from_rfc3339(text).ok()?.to_utc());
        }
        let date: NaiveDate = text.parse().ok()?;
        Some(Self { by, zone, date, begin: zone.midnight(date)? })
    }

    /// The period that a time is in.
    fn of(by: Dimension, zone: Zone, at: DateTime<Utc>) -> Option<Self> {
        let local = at.with_timezone(&zone.0);
        let day = local.date_naive();
        let date = match by {
            Dimension::Week => {
                day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday())))?
            }
            Dimension::Month => day.with_day(1)?,
            _ => day,
        };
        let begin = if by == Dimension::Hour {
            let into = TimeDelta::minutes(i64::from(local.minute()))
                + TimeDelta::seconds(i64::from(local.second()));
            at.with_nanosecond(0)?.checked_sub_signed(into)?
        } else {
            zone.midnight(date)?
        };
        Some(Self { by, zone, date, begin })
    }

    fn next(self) -> Option<Self> {
        let date = match self.by {
            Dimension::Hour => return self.next_hour(),
            Dimension::Week => self.date.checked_add_days(Days::new(7))?,
            Dimension::Month => self.date.checked_add_months(Months::new(1))?,
            _ => self.date.checked_add_days(Days::new(1))?,
        };
        Some(Self { date, begin: self.zone.midnight(date)?, ..self })
    }

    /// Clocks are set by half an hour somewhere: the next hour is the first that is another.
    fn next_hour(self) -> Option<Self> {
        (1..=8)
            .filter_map(|quarters| {
                Self::of(self.by, self.zone, self.begin + TimeDelta::minutes(15 * quarters))
            })
            .find(|period| period.begin > self.begin)
    }

    fn text(self) -> String {
        match self.by {
            Dimension::Hour => hour_text(self.zone, self.begin.timestamp()).unwrap_or_default(),
            _ => self.date.to_string(),
        }
    }

    /// Whether the window takes all of it, and whatever arrived since cannot be of it.
    fn is_whole(self, question: &Question, newest: Option<DateTime<Utc>>) -> bool {
        let Some(end) = self.next().map(|next| next.begin) else { return false };
        question.window.since.is_none_or(|since| since <= self.begin)
            && question.window.until.is_none_or(|until| until >= end)
            && newest.is_some_and(|newest| newest >= end)
    }
}

/// The hour that begins at this second, as its clock shows it.
pub(crate) fn hour_text(zone: Zone, seconds: i64) -> Option<String> {
    let at = DateTime::from_timestamp(seconds, 0)?.with_timezone(&zone.0);
    Some(at.format("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Window, find};

    fn question(by: &[Dimension], zone: &str, since: Option<&str>) -> Question {
        let window = Window { since: since.map(|at| at.parse().unwrap()), until: None };
        Question {
            by: by.to_vec(),
            window,
            zone: zone.parse().unwrap(),
            ..Question::plain(find("queue-latency", None).unwrap(), None)
        }
    }

    fn filled(question: &Question, keys: &[&[&str]], newest: &str) -> Vec<(String, u64, bool)> {
        let row = |keys: &&[&str]| Row {
            keys: keys.iter().map(|key| Some((*key).to_owned())).collect(),
            counted: Counted { n: 1, ..Counted::default() },
            ..Row::default()
        };
        let mut answer = Answer { rows: keys.iter().map(row).collect(), ..Answer::default() };
        answer.freshness.newest_arrival = Some(newest.parse().unwrap());
        fill(question, &mut answer);
        let text = |row: &Row| row.keys.iter().flatten().cloned().collect::<Vec<_>>().join(" ");
        answer.rows.iter().map(|row| (text(row), row.counted.n, row.partial)).collect()
    }

    #[test]
    fn a_day_without_values_has_a_row() {
        let question = question(&[Dimension::Day], "UTC", Some("2026-03-01T06:00:00Z"));
        let rows = filled(&question, &[&["2026-03-02"], &["2026-03-04"]], "2026-03-04T10:00:00Z");
        let expected = [
            ("2026-03-01", 0, true),
            ("2026-03-02", 1, false),
            ("2026-03-03", 0, false),
            ("2026-03-04", 1, true),
        ];
        assert_eq!(rows, expected.map(|(text, n, partial)| (text.to_owned(), n, partial)));
        let rows = filled(&question, &[&["2026-03-02"]], "2026-03-03T00:00:00Z");
        assert_eq!(rows[1], ("2026-03-02".to_owned(), 1, false));
    }

    #[test]
    fn each_combination_is_filled() {
        let question = question(&[Dimension::Repo, Dimension::Month], "UTC", None);
        let rows = filled(
            &question,
            &[&["a", "2026-01-01"], &["b", "2026-02-01"]],
            "2026-03-01T00:00:00Z",
        );
        let keys: Vec<(&str, u64)> = rows.iter().map(|(key, n, _)| (key.as_str(), *n)).collect();
        assert_eq!(
            keys,
            [("a 2026-01-01", 1), ("a 2026-02-01", 0), ("b 2026-01-01", 0), ("b 2026-02-01", 1)]
        );
    }

    #[test]
    fn an_hour_that_clocks_show_twice_is_two() {
        let question = question(&[Dimension::Hour], "Europe/Berlin", None);
        let rows = filled(
            &question,
            &[&["2026-10-25T02:00:00+02:00"], &["2026-10-25T03:00:00+01:00"]],
            "2026-10-25T02:30:00Z",
        );
        let expected = [
            ("2026-10-25T02:00:00+02:00", 1, false),
            ("2026-10-25T02:00:00+01:00", 0, false),
            ("2026-10-25T03:00:00+01:00", 1, true),
        ];
        assert_eq!(rows, expected.map(|(text, n, partial)| (text.to_owned(), n, partial)));
    }
}
