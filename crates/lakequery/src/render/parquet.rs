//! A sheet as a Parquet file.

use std::io::Write;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::parquet::arrow::ArrowWriter;

use super::sheet::{Cell, Kind, Sheet};

/// Writes the rows, but for pictures.
///
/// # Errors
/// The writer does not take it.
pub fn write(sheet: &Sheet, out: impl Write + Send) -> anyhow::Result<()> {
    let columns =
        sheet.columns.iter().enumerate().filter(|(_, column)| column.kind != Kind::Picture);
    let columns: Vec<(&str, ArrayRef, bool)> = columns
        .map(|(place, column)| (column.name.as_str(), array(sheet, place, column.kind), true))
        .collect();
    let batch = RecordBatch::try_from_iter_with_nullable(columns)?;
    let mut writer = ArrowWriter::try_new(out, batch.schema(), None)?;
    writer.write(&batch)?;
    writer.into_inner()?.flush()?;
    Ok(())
}

fn array(sheet: &Sheet, place: usize, kind: Kind) -> ArrayRef {
    let cells = sheet.rows.iter().map(|row| &row[place]);
    match kind {
        Kind::Text | Kind::Picture => {
            Arc::new(StringArray::from_iter(cells.map(|cell| match cell {
                Cell::Text(text) => Some(text.as_str()),
                _ => None,
            })))
        }
        Kind::Count => Arc::new(Int64Array::from_iter(cells.map(|cell| match cell {
            Cell::Count(count) => Some(*count),
            _ => None,
        }))),
        Kind::Seconds => Arc::new(Float64Array::from_iter(cells.map(|cell| match cell {
            Cell::Seconds(seconds) => Some(*seconds),
            Cell::Count(count) => Some(*count as f64),
            _ => None,
        }))),
        Kind::Flag => Arc::new(BooleanArray::from_iter(cells.map(|cell| match cell {
            Cell::Flag(flag) => Some(*flag),
            _ => None,
        }))),
    }
}
