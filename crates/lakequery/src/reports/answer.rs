//! What came back: rows of statistics, and what was left out.

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::cast::{as_float64_array, as_int64_array, as_string_array};
use datafusion::error::DataFusionError;

use crate::engine::EngineError;

use super::query::column;
use super::{PERCENTILES, Question};

/// The answer to a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// One per combination of what was asked by; exactly one where nothing was.
    pub rows: Vec<Row>,
    /// How many have no value, by reason, in the report's order.
    pub excluded: Vec<(&'static str, u64)>,
    /// How many values were clamped to zero.
    pub clamped: u64,
}

/// One row of statistics. Values are seconds, `None` where there are none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// The values of the dimensions, in the question's order.
    pub keys: Vec<Option<String>>,
    /// How many values it stands on.
    pub n: u64,
    /// The percentiles, in the order of [`PERCENTILES`].
    pub percentiles: [Option<f64>; PERCENTILES.len()],
    /// The largest.
    pub max: Option<f64>,
    /// The mean.
    pub mean: Option<f64>,
    /// Whether it is of the newest period, of which more may come.
    pub partial: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The engine has none.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Its columns are not those of a report.
    #[error("the engine's answer is not that of a report: {0}")]
    Shape(#[from] DataFusionError),
}

impl Answer {
    /// Reads the result of the question's SQL.
    pub(super) fn read(question: &Question, batches: &[RecordBatch]) -> Result<Self, AnswerError> {
        let mut answer = Self {
            rows: vec![],
            excluded: question.report.reasons().iter().map(|reason| (*reason, 0)).collect(),
            clamped: 0,
        };
        for batch in batches {
            answer.read_batch(question, batch)?;
        }
        if question.by.is_empty() && answer.rows.is_empty() {
            answer.rows.push(Row::default());
        }
        answer.mark_newest(question);
        Ok(answer)
    }

    fn read_batch(
        &mut self,
        question: &Question,
        batch: &RecordBatch,
    ) -> Result<(), DataFusionError> {
        let left_out = column(batch, column::LEFT_OUT, &DataType::Utf8)?;
        let left_out = as_string_array(&left_out)?;
        let counts = column(batch, column::COUNT, &DataType::Int64)?;
        let counts = as_int64_array(&counts)?;
        let clamped = column(batch, column::CLAMPED, &DataType::Int64)?;
        let clamped = as_int64_array(&clamped)?;
        let rows = rows(question, batch)?;
        for (place, row) in rows.into_iter().enumerate() {
            let n = u64::try_from(counts.value(place)).unwrap_or_default();
            self.clamped += u64::try_from(clamped.value(place)).unwrap_or_default();
            if left_out.is_null(place) {
                self.rows.push(Row { n, ..row });
            } else if let Some((_, count)) =
                self.excluded.iter_mut().find(|(reason, _)| *reason == left_out.value(place))
            {
                *count += n;
            }
        }
        Ok(())
    }

    fn mark_newest(&mut self, question: &Question) {
        let Some(place) = question.finest_period() else { return };
        // Days are written so that their texts sort as they do.
        let newest = self.rows.iter().filter_map(|row| row.keys[place].clone()).max();
        for row in &mut self.rows {
            row.partial = newest.is_some() && row.keys[place] == newest;
        }
    }
}

/// The rows of a batch but for what tells whether they are any.
fn rows(question: &Question, batch: &RecordBatch) -> Result<Vec<Row>, DataFusionError> {
    let mut rows = vec![Row::default(); batch.num_rows()];
    for by in &question.by {
        let texts = column(batch, by.name(), &DataType::Utf8)?;
        for (row, text) in rows.iter_mut().zip(as_string_array(&texts)?) {
            row.keys.push(text.map(str::to_owned));
        }
    }
    for (place, p) in PERCENTILES.iter().enumerate() {
        fill(batch, &format!("p{p}_s"), &mut rows, |row| &mut row.percentiles[place])?;
    }
    fill(batch, "max_s", &mut rows, |row| &mut row.max)?;
    fill(batch, "mean_s", &mut rows, |row| &mut row.mean)?;
    Ok(rows)
}

fn fill(
    batch: &RecordBatch,
    name: &str,
    rows: &mut [Row],
    field: impl Fn(&mut Row) -> &mut Option<f64>,
) -> Result<(), DataFusionError> {
    let values = column(batch, name, &DataType::Float64)?;
    for (row, value) in rows.iter_mut().zip(as_float64_array(&values)?) {
        *field(row) = value;
    }
    Ok(())
}

fn column(batch: &RecordBatch, name: &str, kind: &DataType) -> Result<ArrayRef, DataFusionError> {
    let missing = || DataFusionError::Plan(format!("there is no column `{name}`"));
    Ok(cast(batch.column_by_name(name).ok_or_else(missing)?, kind)?)
}
