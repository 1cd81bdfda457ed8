//! A sheet as a Parquet file.

use std::io::Write;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::arrow::error::ArrowError;
use datafusion::parquet::arrow::ArrowWriter;

use octolake_output::{Cell, Kind, Sheet};

/// How many rows are put into columns at once.
const AT_ONCE: usize = 8_192;

/// Writes the rows, but for pictures.
///
/// # Errors
/// The writer does not take it.
pub fn write(sheet: &Sheet<'_>, out: impl Write + Send) -> anyhow::Result<()> {
    let mut rows = sheet.rows();
    let mut part: Vec<Vec<Cell<'_>>> = rows.by_ref().take(AT_ONCE).collect();
    let first = batch(sheet, &part)?;
    let mut writer = ArrowWriter::try_new(out, first.schema(), None)?;
    writer.write(&first)?;
    while part.len() == AT_ONCE {
        part = rows.by_ref().take(AT_ONCE).collect();
        writer.write(&batch(sheet, &part)?)?;
    }
    writer.into_inner()?.flush()?;
    Ok(())
}

fn batch(sheet: &Sheet<'_>, rows: &[Vec<Cell<'_>>]) -> Result<RecordBatch, ArrowError> {
    let columns =
        sheet.columns.iter().enumerate().filter(|(_, column)| column.kind != Kind::Picture);
    let columns: Vec<(&str, ArrayRef, bool)> = columns
        .map(|(place, column)| (column.name.as_str(), array(rows, place, column.kind), true))
        .collect();
    RecordBatch::try_from_iter_with_nullable(columns)
}

fn array(rows: &[Vec<Cell<'_>>], place: usize, kind: Kind) -> ArrayRef {
    let cells = rows.iter().map(|row| &row[place]);
    match kind {
        Kind::Text | Kind::Picture => {
            Arc::new(StringArray::from_iter(cells.map(|cell| match cell {
                Cell::Text(text) => Some(text.as_ref()),
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
