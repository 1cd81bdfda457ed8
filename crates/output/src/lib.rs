//! How answers look: a sheet of typed cells, from which every format follows.
//!
//! ```text
//! answer ─▶ sheet (cells) ─▶ line (the texts of a row) ─▶ grid, long, CSV ─▶ cleaned ─▶ stdout
//!                       └──▶ JSON, and Parquet where the engine is
//! ```
//!
//! A report may have a million rows, so what runs for each cell is compiled here, with all
//! optimisation, and not with the command line, which has the engine's generic code in it.

mod cells;
pub mod clean;
mod csv_cells;
mod grid;
mod json;
mod line;
mod long;
mod markdown;
mod records;
mod sheet;
mod stdout;
mod words;

pub use csv_cells::CsvCells;
pub use grid::{Align, Grid};
pub use json::{Json, write_json, write_lines as write_json_lines};
pub use line::Line;
pub use long::{LONG, write_csv, write_long};
pub use markdown::fence;
pub use records::wrapped;
pub use sheet::{Cell, Column, Kind, Sheet};
pub use stdout::{Stdout, stdout};
pub use words::{gates, notes};

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns, for a person.
    Table,
    /// JSON, with stable names.
    Json,
    /// Comma-separated values, with a header line.
    Csv,
    /// A table in Markdown.
    Markdown,
    /// A JSON object per row and line: reports and SQL.
    Ndjson,
    /// A Parquet file: reports and SQL, into a file or a pipe.
    Parquet,
}
