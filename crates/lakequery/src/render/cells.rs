//! What stands in the cells of a row.

use octolake_reports::{Answer, Counted, Question, Row, Shape, Value};

use super::sheet::Cell;

/// The width of the bar beside a row, in characters.
const BAR: usize = 16;

pub(super) fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::None,
        Value::Boolean(truth) => Cell::Flag(*truth),
        Value::Integer(number) => Cell::Count(*number),
        Value::Double(number) => Cell::Seconds(*number),
        Value::Text(text) => Cell::Text(text.clone()),
    }
}

pub(super) fn text(key: &Option<String>) -> Cell {
    key.clone().map_or(Cell::None, Cell::Text)
}

pub(super) fn figures(question: &Question, counted: &Counted) -> Vec<Cell> {
    let mut cells = match question.report.shape {
        Shape::Durations { .. } => vec![count(counted.n)],
        Shape::Counts { .. } => counted.kinds.iter().copied().map(count).collect(),
    };
    cells.extend(counted.statistics.named().map(|(_, value)| seconds(value)));
    cells
}

pub(super) fn before(question: &Question, row: &Row) -> Vec<Cell> {
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
            change.map_or(Cell::None, |change| Cell::Text(change.direction.name().to_owned())),
        ],
        Shape::Counts { kinds, .. } => (0..kinds.len())
            .map(|place| count(was.kinds.get(place).copied().unwrap_or_default()))
            .collect(),
    }
}

fn count(count: u64) -> Cell {
    Cell::Count(i64::try_from(count).unwrap_or(i64::MAX))
}

fn seconds(value: Option<f64>) -> Cell {
    value.map_or(Cell::None, Cell::Seconds)
}

/// What a row's bar shows: its median, or how much it counts.
pub(super) fn height(row: &Row) -> f64 {
    if row.counted.kinds.is_empty() {
        row.counted.statistics.percentiles[0].unwrap_or_default().max(0.0)
    } else {
        row.counted.n as f64
    }
}

pub(super) fn longest(answer: &Answer) -> f64 {
    answer.rows.iter().map(height).fold(0.0, f64::max)
}

/// A part of the whole as a bar, to an eighth of a character.
pub(super) fn bar(part: f64) -> String {
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
