//! From an engine's rows to an answer.

use crate::answer::{Answer, Counted, Freshness, Row, Statistics};
use crate::definition::Shape;
use crate::statement::column;
use crate::table::{Table, Value};
use crate::{Dimension, PERCENTILES, Question, Zone, fill, slo};

/// The engine's columns are not those of a report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the engine's answer is not that of a report: there is no column `{0}`")]
pub struct ShapeError(String);

impl Answer {
    /// Reads the result of the question's SQL, rows in the order of their keys.
    ///
    /// # Errors
    /// The columns are others.
    pub fn read(
        question: &Question,
        table: &Table,
        freshness: Freshness,
    ) -> Result<Self, ShapeError> {
        let reader = Reader::new(question, table)?;
        let mut answer = Self { freshness, ..Self::default() };
        let mut counts: Vec<u64> = vec![0; question.report.reasons.len()];
        let mut tallies = slo::Tallies::new(question);
        for values in &table.rows {
            let keys = reader.keys(question, values);
            let counted = reader.counted(values);
            tallies.add(question, &reader, values, &keys, &counted);
            answer.clamped += reader.count(values, reader.clamped);
            match values[reader.left_out].text() {
                None => answer.rows.push(Row { keys, counted, ..Row::default() }),
                Some(reason) => {
                    let reasons = question.report.reasons.iter();
                    let place = reasons.enumerate().find(|(_, known)| known.name == reason);
                    let (place, _) =
                        place.ok_or_else(|| ShapeError(format!("left_out = {reason}")))?;
                    counts[place] += counted.n;
                }
            }
        }
        if question.by.is_empty() && answer.rows.is_empty() {
            let kinds = vec![0; question.report.kinds().len()];
            answer
                .rows
                .push(Row { counted: Counted { kinds, ..Counted::default() }, ..Row::default() });
        }
        let reasons = question.report.reasons.iter().zip(counts);
        answer.excluded = reasons
            .filter(|(reason, count)| reason.always || *count > 0)
            .map(|(reason, count)| (reason.name, count))
            .collect();
        answer.gates = tallies.gates(question);
        fill::fill(question, &mut answer);
        answer.of_rows = answer.rows.len();
        Ok(answer)
    }
}

/// Where the columns stand.
pub(crate) struct Reader<'a> {
    table: &'a Table,
    keys: Vec<usize>,
    left_out: usize,
    n: usize,
    clamped: Option<usize>,
    kinds: Vec<usize>,
    percentiles: Vec<usize>,
    max: usize,
    mean: usize,
    interval: Option<(usize, usize)>,
}

impl<'a> Reader<'a> {
    fn new(question: &Question, table: &'a Table) -> Result<Self, ShapeError> {
        let place = |name: &str| table.place(name).ok_or_else(|| ShapeError(name.to_owned()));
        let (kinds, prefix) = match question.report.shape {
            Shape::Durations { .. } => (&[][..], String::new()),
            Shape::Counts { kinds, aging, .. } => (kinds, format!("{aging}_")),
        };
        let percentile = |p: &u8| place(&format!("{prefix}p{p}_s"));
        Ok(Self {
            table,
            keys: question.by.iter().map(|by| place(by.column())).collect::<Result<_, _>>()?,
            left_out: place(column::LEFT_OUT)?,
            n: place(column::COUNT)?,
            clamped: table.place(column::CLAMPED),
            kinds: kinds.iter().map(|kind| place(kind)).collect::<Result<_, _>>()?,
            percentiles: PERCENTILES.iter().map(percentile).collect::<Result<_, _>>()?,
            max: place(&format!("{prefix}max_s"))?,
            mean: place(&format!("{prefix}mean_s"))?,
            interval: table.place("p50_low_s").zip(table.place("p50_high_s")),
        })
    }

    fn keys(&self, question: &Question, values: &[Value]) -> Vec<Option<String>> {
        let places = question.by.iter().zip(&self.keys);
        places.map(|(by, place)| key(*by, question.zone, &values[*place])).collect()
    }

    fn counted(&self, values: &[Value]) -> Counted {
        let seconds = |place: usize| values[place].double();
        let mut percentiles = [None; PERCENTILES.len()];
        for (percentile, place) in percentiles.iter_mut().zip(&self.percentiles) {
            *percentile = seconds(*place);
        }
        let interval = self.interval.and_then(|(low, high)| seconds(low).zip(seconds(high)));
        Counted {
            n: self.count(values, Some(self.n)),
            kinds: self.kinds.iter().map(|place| self.count(values, Some(*place))).collect(),
            statistics: Statistics {
                percentiles,
                max: seconds(self.max),
                mean: seconds(self.mean),
                interval,
            },
        }
    }

    fn count(&self, values: &[Value], place: Option<usize>) -> u64 {
        let number = place.and_then(|place| values[place].integer());
        number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
    }

    /// A count by its column's name; 0 where there is none.
    pub(crate) fn count_of(&self, values: &[Value], name: &str) -> u64 {
        self.count(values, self.table.place(name))
    }

    /// A number of seconds by its column's name; 0 where there is none.
    pub(crate) fn seconds_of(&self, values: &[Value], name: &str) -> f64 {
        self.table.place(name).and_then(|place| values[place].double()).unwrap_or_default()
    }
}

/// A key as it is printed. Hours come as instants, since clocks that are set back show one twice.
fn key(by: Dimension, zone: Zone, value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Integer(seconds) if by == Dimension::Hour => fill::hour_text(zone, *seconds),
        Value::Text(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Double(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(truth.to_string()),
    }
}
