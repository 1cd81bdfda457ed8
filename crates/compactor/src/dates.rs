//! The date of rows as a column: files of the table tell it by their folder, those of the projection
//! in each row.

use std::sync::Arc;

use arrow_array::{ArrayRef, Date32Array, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use chrono::NaiveDate;
use octolake_tables::schema::name;

/// The column of rows that are all of one date.
pub(crate) fn of_day(date: NaiveDate, rows: usize) -> ArrayRef {
    let days = date.signed_duration_since(NaiveDate::default()).num_days();
    Arc::new(Date32Array::from_value(i32::try_from(days).unwrap_or_default(), rows))
}

/// The column of rows that have one; `None` where there is none, or it is of another type.
pub(crate) fn told(rows: &RecordBatch) -> Option<ArrayRef> {
    rows.column_by_name(name::DATE).filter(|it| it.data_type() == &DataType::Date32).cloned()
}

/// Rows without dates, and their dates as the last column.
///
/// # Errors
/// There are more or fewer dates than rows.
pub(crate) fn beside(rows: &RecordBatch, dates: ArrayRef) -> Result<RecordBatch, ArrowError> {
    let mut fields = rows.schema().fields().to_vec();
    fields.push(Arc::new(field()));
    let columns = rows.columns().iter().cloned().chain([dates]).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

/// The column's field.
pub(crate) fn field() -> Field {
    Field::new(name::DATE, DataType::Date32, true)
}
