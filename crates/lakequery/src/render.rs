//! Answers of reports as what is printed: a sheet of typed cells, from which every format follows,
//! and the notes beneath it.

mod cells;
mod json;
mod parquet;
mod sheet;
mod words;

pub use json::{Json, write_lines as write_json_lines};
pub use parquet::write as write_parquet;
pub use sheet::{Cell, Column, Kind, Sheet};
pub use words::{gates, notes};
