//! What stands in the cells of a row.

use octolake_reports::{Answer, Counted, Question, Row, Shape, Value};

use crate::Cell;

/// The width of the bar beside a row, in characters.
const BAR: usize = 16;

pub(crate) fn cell(value: &Value) -> Cell<'_> {
    match value {
        Value::Null => Cell::None,
        Value::Boolean(truth) => Cell::Flag(*truth),
        Value::Integer(number) => Cell::Count(*number),
        Value::Double(number) => Cell::Seconds(*number),
        Value::Text(text) => Cell::Text(text.into()),
    }
}

pub(crate) fn text(key: &Option<String>) -> Cell<'_> {
    key.as_deref().map_or(Cell::None, |key| Cell::Text(key.into()))
}

pub(crate) fn figures<'a>(question: &Question, counted: &Counted, cells: &mut Vec<Cell<'a>>) {
    match question.report.shape {
        Shape::Durations { .. } => cells.push(count(counted.n)),
        Shape::Counts { .. } => cells.extend(counted.kinds.iter().copied().map(count)),
    }
    cells.extend(counted.statistics.figures().map(seconds));
}

pub(crate) fn before<'a>(question: &Question, row: &Row) -> Vec<Cell<'a>> {
    let change = row.change.as_deref();
    let none = Counted::default();
    let was = change.map_or(&none, |change| &change.before);
    let interval = row.counted.statistics.interval;
    match question.report.shape {
        Shape::Durations { .. } => vec![
            seconds(interval.map(|(low, _)| low)),
            seconds(interval.map(|(_, high)| high)),
            count(was.n),
            seconds(was.statistics.percentiles[0]),
            seconds(change.and_then(|change| change.p50)),
            change.map_or(Cell::None, |change| Cell::Text(change.direction.name().into())),
        ],
        Shape::Counts { kinds, .. } => (0..kinds.len())
            .map(|place| count(was.kinds.get(place).copied().unwrap_or_default()))
            .collect(),
    }
}

fn count<'a>(count: u64) -> Cell<'a> {
    Cell::Count(i64::try_from(count).unwrap_or(i64::MAX))
}

fn seconds<'a>(value: Option<f64>) -> Cell<'a> {
    value.map_or(Cell::None, Cell::Seconds)
}

/// What a row's bar shows: its median, or how much it counts.
pub(crate) fn height(row: &Row) -> f64 {
    if row.counted.kinds.is_empty() {
        row.counted.statistics.percentiles[0].unwrap_or_default().max(0.0)
    } else {
        row.counted.n as f64
    }
}

pub(crate) fn longest(answer: &Answer) -> f64 {
    answer.rows.iter().map(height).fold(0.0, f64::max)
}

/// A part of the whole as a bar, to an eighth of a character.
pub(crate) fn bar(part: f64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (part.clamp(0.0, 1.0) * (BAR * 8) as f64).round() as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_part() {
        assert_eq!(bar(1.0), "█".repeat(16));
        assert_eq!(bar(0.5), "█".repeat(8));
        assert_eq!(bar(0.008), "▏");
        assert_eq!((bar(0.0), bar(f64::NAN)), (String::new(), String::new()));
    }
}
