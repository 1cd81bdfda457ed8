//! A stream of rows of any columns, printed as it comes.

use std::io::Write;

use anyhow::Context as _;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::WriterBuilder;
use datafusion::arrow::json::writer::{JsonArray, JsonFormat, LineDelimited};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::parquet::arrow::ArrowWriter;
use futures::StreamExt as _;

use super::{Align, Format, Grid, Stdout, clean, stdout};

/// The most characters of a cell that are shown on a terminal.
const CELL: usize = 80;

/// Prints the rows. Tables hold them all before they can be printed, so they take `max_rows` at
/// most; CSV and JSON take all and hold one batch. Returns whether rows were left out.
///
/// # Errors
/// The query fails while it runs, or stdout does not take it.
pub async fn print(
    stream: SendableRecordBatchStream,
    format: Format,
    max_rows: usize,
    width: Option<usize>,
) -> anyhow::Result<bool> {
    match format {
        Format::Csv => print_csv(stream).await.map(|()| false),
        Format::Json => print_json::<JsonArray>(stream, Format::Json).await.map(|()| false),
        Format::Ndjson => print_json::<LineDelimited>(stream, Format::Ndjson).await.map(|()| false),
        Format::Parquet => print_parquet(stream).await.map(|()| false),
        Format::Table | Format::Markdown => print_table(stream, format, max_rows, width).await,
    }
}

async fn print_csv(mut stream: SendableRecordBatchStream) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(stdout(Format::Csv));
    let safely = super::csv_cells();
    csv.write_record(stream.schema().fields().iter().map(|field| safely.bytes(field.name())))?;
    while let Some(batch) = stream.next().await {
        let batch = batch.context("the query failed")?;
        let cells = Cells::new(&batch)?;
        for row in 0..batch.num_rows() {
            csv.write_record(cells.row(row, None).iter().map(|cell| safely.bytes(cell)))?;
        }
    }
    Ok(csv.flush()?)
}

async fn print_json<F: JsonFormat>(
    mut stream: SendableRecordBatchStream,
    format: Format,
) -> anyhow::Result<()> {
    let mut json =
        WriterBuilder::new().with_explicit_nulls(true).build::<Stdout, F>(stdout(format));
    while let Some(batch) = stream.next().await {
        json.write(&batch.context("the query failed")?)?;
    }
    json.finish()?;
    let mut out = json.into_inner();
    if format == Format::Json {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

async fn print_parquet(mut stream: SendableRecordBatchStream) -> anyhow::Result<()> {
    let mut parquet = ArrowWriter::try_new(super::binary_stdout()?, stream.schema(), None)?;
    while let Some(batch) = stream.next().await {
        parquet.write(&batch.context("the query failed")?)?;
    }
    Ok(parquet.into_inner()?.flush()?)
}

async fn print_table(
    mut stream: SendableRecordBatchStream,
    format: Format,
    max_rows: usize,
    width: Option<usize>,
) -> anyhow::Result<bool> {
    let schema = stream.schema();
    let cell = width.map(|_| CELL).filter(|_| !is_plan(&schema));
    let mut grid = Grid::new(headers(&schema));
    let mut left = false;
    while let Some(batch) = stream.next().await {
        let batch = batch.context("the query failed")?;
        let cells = Cells::new(&batch)?;
        let taken = batch.num_rows().min(max_rows - grid.len());
        for row in 0..taken {
            grid.push(cells.row(row, cell));
        }
        if taken < batch.num_rows() {
            left = true;
            break;
        }
    }
    super::print_grid(&grid, format)?;
    Ok(left)
}

/// Whether the rows are those of `explain`, which are of no use when cut.
fn is_plan(schema: &Schema) -> bool {
    schema.fields().iter().map(|field| field.name().as_str()).eq(["plan_type", "plan"])
}

fn headers(schema: &Schema) -> Vec<(String, Align)> {
    let align = |kind: &DataType| if kind.is_numeric() { Align::Right } else { Align::Left };
    schema.fields().iter().map(|field| (field.name().clone(), align(field.data_type()))).collect()
}

/// The cells of a batch as texts; NULL is the empty text.
struct Cells<'a>(Vec<ArrayFormatter<'a>>);

impl<'a> Cells<'a> {
    fn new(batch: &'a RecordBatch) -> Result<Self, ArrowError> {
        const OPTIONS: FormatOptions<'static> = FormatOptions::new();
        let columns = batch.columns().iter();
        columns
            .map(|column| ArrayFormatter::try_new(column, &OPTIONS))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn row(&self, row: usize, cell: Option<usize>) -> Vec<String> {
        let text = |column: &ArrayFormatter<'_>| match cell {
            Some(cell) => cut(&column.value(row).to_string(), cell),
            None => column.value(row).to_string(),
        };
        self.0.iter().map(text).collect()
    }
}

/// The first characters of a text, as they are shown: an escape counts as many as it has.
fn cut(text: &str, cell: usize) -> String {
    let end = |text: &str| text.char_indices().nth(cell).map(|(end, _)| end);
    let Some(most) = end(text) else { return clean::text(text).into_owned() };
    let clean = clean::text(&text[..most]);
    format!("{}…", &clean[..end(&clean).unwrap_or(clean.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_counts_what_is_shown() {
        assert_eq!(cut("größe", 5), "größe");
        assert_eq!(cut("größer", 5), "größe…");
        assert_eq!(cut("a\u{1b}bcdefghijk", 10), "a\\u{1b}bcd…");
    }
}
