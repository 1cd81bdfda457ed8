//! A report beside that of the period before.

use std::collections::BTreeMap;

use crate::answer::{Answer, Counted, Row};
use crate::{Question, Window};

/// What changed since the period before.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What the period before had.
    pub before: Counted,
    /// The median of now less that of before, in seconds; `None` where one of them is none.
    pub p50: Option<f64>,
    /// What that means.
    pub direction: Direction,
}

/// Whether a median moved, or only what it is a sample of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It is larger, and the intervals do not meet.
    Up,
    /// It is smaller, and the intervals do not meet.
    Down,
    /// The intervals meet: it may be chance.
    Same,
    /// One of them has too few values to say.
    Unknown,
}

impl Direction {
    /// Its name in JSON and CSV.
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Same => "same",
            Self::Unknown => "unknown",
        }
    }
}

impl Question {
    /// The same question of the period of the same length right before; `None` without a beginning.
    pub fn before(&self) -> Option<Self> {
        let since = self.window.since?;
        let length = self.window.until.or(self.as_of)? - since;
        let window = Window { since: since.checked_sub_signed(length), until: Some(since) };
        Some(Self { window, sort: None, top: None, slos: vec![], ..self.clone() })
    }
}

/// Puts what was before beside each row; what was before alone gets a row, too.
pub fn compare(answer: &mut Answer, before: Answer) {
    let mut before: BTreeMap<Vec<Option<String>>, Counted> =
        before.rows.into_iter().map(|row| (row.keys, row.counted)).collect();
    for row in &mut answer.rows {
        let was = before.remove(&row.keys).unwrap_or_default();
        row.change = Some(Box::new(change(&row.counted, was)));
    }
    for (keys, was) in before.into_iter().filter(|(_, was)| was.n > 0) {
        let counted = Counted { kinds: vec![0; was.kinds.len()], ..Counted::default() };
        let change = Some(Box::new(change(&counted, was)));
        answer.rows.push(Row { keys, counted, change, ..Row::default() });
    }
}

fn change(now: &Counted, before: Counted) -> Change {
    let medians = now.statistics.percentiles[0].zip(before.statistics.percentiles[0]);
    let direction = match (now.statistics.interval, before.statistics.interval) {
        (Some((low, _)), Some((_, high))) if low > high => Direction::Up,
        (Some((_, high)), Some((low, _))) if high < low => Direction::Down,
        (Some(_), Some(_)) => Direction::Same,
        _ => Direction::Unknown,
    };
    Change { p50: medians.map(|(now, before)| now - before), direction, before }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Statistics;

    fn counted(median: f64, interval: Option<(f64, f64)>) -> Counted {
        let mut statistics = Statistics { interval, ..Statistics::default() };
        statistics.percentiles[0] = Some(median);
        Counted { n: 10, kinds: vec![], statistics }
    }

    #[test]
    fn intervals_that_meet_are_no_news() {
        for (now, before, p50, direction) in [
            ((60.0, Some((50.0, 70.0))), (20.0, Some((10.0, 30.0))), 40.0, Direction::Up),
            ((20.0, Some((10.0, 30.0))), (60.0, Some((50.0, 70.0))), -40.0, Direction::Down),
            ((60.0, Some((25.0, 70.0))), (20.0, Some((10.0, 30.0))), 40.0, Direction::Same),
            ((60.0, None), (20.0, Some((10.0, 30.0))), 40.0, Direction::Unknown),
        ] {
            let change = change(&counted(now.0, now.1), counted(before.0, before.1));
            assert_eq!((change.p50, change.direction), (Some(p50), direction));
        }
    }

    #[test]
    fn what_has_gone_is_told() {
        let row = |key: &str| Row {
            keys: vec![Some(key.into())],
            counted: counted(1.0, None),
            ..Row::default()
        };
        let mut answer = Answer { rows: vec![row("a")], ..Answer::default() };
        compare(&mut answer, Answer { rows: vec![row("a"), row("b")], ..Answer::default() });
        let rows: Vec<(Option<&str>, u64, u64)> = answer
            .rows
            .iter()
            .map(|row| {
                (row.keys[0].as_deref(), row.counted.n, row.change.as_ref().unwrap().before.n)
            })
            .collect();
        assert_eq!(rows, [(Some("a"), 10, 10), (Some("b"), 0, 10)]);
    }
}
