//! From an engine's rows to an answer.

use std::collections::HashMap;

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
        let mut reading = Reading::new(question, &table.columns)?;
        reading.take(table)?;
        Ok(reading.finish(freshness))
    }
}

/// An answer of which the rows come in parts.
pub struct Reading<'q> {
    question: &'q Question,
    reader: Reader,
    rows: Vec<Row>,
    clamped: u64,
    /// Of each reason, in the report's order.
    counts: Vec<u64>,
    tallies: slo::Tallies,
}

impl<'q> Reading<'q> {
    /// Of rows under these columns.
    ///
    /// # Errors
    /// The columns are not those of the question.
    pub fn new(question: &'q Question, columns: &[String]) -> Result<Self, ShapeError> {
        Ok(Self {
            question,
            reader: Reader::new(question, columns)?,
            rows: vec![],
            clamped: 0,
            counts: vec![0; question.report.reasons.len()],
            tallies: slo::Tallies::new(question),
        })
    }

    /// Takes the next rows, which stand behind those before in the order of their keys.
    ///
    /// # Errors
    /// One is left out for a reason that the report has not.
    pub fn take(&mut self, part: &Table) -> Result<(), ShapeError> {
        for values in &part.rows {
            let keys = self.reader.keys(self.question, values);
            let counted = self.reader.counted(values);
            self.tallies.add(self.question, &self.reader, values, &keys, &counted);
            self.clamped += self.reader.count(values, self.reader.clamped);
            match values[self.reader.left_out].text() {
                None => self.rows.push(Row { keys, counted, ..Row::default() }),
                Some(reason) => {
                    let reasons = self.question.report.reasons.iter();
                    let place = reasons.enumerate().find(|(_, known)| known.name == reason);
                    let (place, _) =
                        place.ok_or_else(|| ShapeError(format!("left_out = {reason}")))?;
                    self.counts[place] += counted.n;
                }
            }
        }
        Ok(())
    }

    /// The answer, when all rows are taken.
    pub fn finish(self, freshness: Freshness) -> Answer {
        let Self { question, rows, clamped, counts, tallies, .. } = self;
        let mut answer = Answer { rows, clamped, freshness, ..Answer::default() };
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
        answer
    }
}

/// Where the columns stand.
pub(crate) struct Reader {
    columns: HashMap<String, usize>,
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

impl Reader {
    fn new(question: &Question, columns: &[String]) -> Result<Self, ShapeError> {
        let columns: HashMap<String, usize> =
            columns.iter().enumerate().map(|(place, name)| (name.clone(), place)).collect();
        let found = |name: &str| columns.get(name).copied();
        let place = |name: &str| found(name).ok_or_else(|| ShapeError(name.to_owned()));
        let (kinds, prefix) = match question.report.shape {
            Shape::Durations { .. } => (&[][..], String::new()),
            Shape::Counts { kinds, aging, .. } => (kinds, format!("{aging}_")),
        };
        let percentile = |p: &u8| place(&format!("{prefix}p{p}_s"));
        Ok(Self {
            keys: question.by.iter().map(|by| place(by.column())).collect::<Result<_, _>>()?,
            left_out: place(column::LEFT_OUT)?,
            n: place(column::COUNT)?,
            clamped: found(column::CLAMPED),
            kinds: kinds.iter().map(|kind| place(kind)).collect::<Result<_, _>>()?,
            percentiles: PERCENTILES.iter().map(percentile).collect::<Result<_, _>>()?,
            max: place(&format!("{prefix}max_s"))?,
            mean: place(&format!("{prefix}mean_s"))?,
            interval: found("p50_low_s").zip(found("p50_high_s")),
            columns,
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
        self.count(values, self.columns.get(name).copied())
    }

    /// A number of seconds by its column's name; 0 where there is none.
    pub(crate) fn seconds_of(&self, values: &[Value], name: &str) -> f64 {
        self.columns.get(name).copied().and_then(|place| values[place].double()).unwrap_or_default()
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
