//! Tables of so many rows that they are not laid out, but written line by line.
//!
//! The table library holds every cell several times over, 10 KB for a row of a report. A long table
//! looks the same, but for one thing: its lines are never broken to fit a terminal, on which nobody
//! reads ten thousand of them.

use std::borrow::Cow;
use std::io::{self, Write};

use comfy_table::Table;

use super::grid::printable;
use super::{Align, Format, csv_cells, markdown, stdout};

/// The most rows that a table is laid out of.
pub const LONG: usize = 10_000;

/// Prints rows as CSV, each as it comes.
///
/// # Errors
/// Stdout does not take it.
pub fn print_csv(
    headers: &[(String, Align)],
    rows: impl Iterator<Item = Vec<String>>,
) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(stdout(Format::Csv));
    let cells = csv_cells();
    csv.write_record(headers.iter().map(|(name, _)| cells.bytes(name)))?;
    for row in rows {
        csv.write_record(row.iter().map(|cell| cells.bytes(cell)))?;
    }
    Ok(csv.flush()?)
}

/// Prints more rows than a table is laid out of, as one or in Markdown: `rows` gives them twice, for
/// their widths and for themselves.
///
/// # Errors
/// Stdout does not take it.
pub fn print_long<I: Iterator<Item = Vec<String>>>(
    headers: &[(String, Align)],
    rows: impl Fn() -> I,
    format: Format,
) -> anyhow::Result<()> {
    let mut out = stdout(format);
    write(&mut out, headers, rows, format)?;
    Ok(out.flush()?)
}

/// How a table is drawn.
struct Style {
    /// A text as it stands in a cell.
    safe: fn(&str) -> Cow<'_, str>,
    /// What stands before the first cell and behind the last.
    edge: &'static str,
    /// What stands between two cells.
    between: &'static str,
    /// What the line under the header is made of, and what stands in it between two cells.
    rule: (&'static str, &'static str),
}

const PLAIN: Style = Style { safe: printable, edge: "", between: " ", rule: ("─", "─") };
const MARKDOWN: Style = Style { safe: markdown::cell, edge: "|", between: "|", rule: ("-", "|") };

/// Writes the rows under the headers; `rows` gives them twice.
///
/// # Errors
/// The writer does not take it.
fn write<I: Iterator<Item = Vec<String>>>(
    out: &mut impl Write,
    headers: &[(String, Align)],
    rows: impl Fn() -> I,
    format: Format,
) -> io::Result<()> {
    let style = if format == Format::Markdown { MARKDOWN } else { PLAIN };
    let header: Vec<String> = headers.iter().map(|(name, _)| name.clone()).collect();
    let mut widths: Vec<usize> = header.iter().map(|name| width(&(style.safe)(name))).collect();
    for row in rows() {
        for (widest, cell) in widths.iter_mut().zip(&row) {
            *widest = (*widest).max(width(&(style.safe)(cell)));
        }
    }
    let aligned: Vec<(usize, Align)> =
        widths.into_iter().zip(headers).map(|(width, (_, align))| (width, *align)).collect();
    style.line(out, &aligned, &header)?;
    let (dash, between) = style.rule;
    let rule: Vec<String> = aligned.iter().map(|(width, _)| dash.repeat(width + 2)).collect();
    writeln!(out, "{edge}{}{edge}", rule.join(between), edge = style.edge)?;
    rows().try_for_each(|row| style.line(out, &aligned, &row))
}

impl Style {
    fn line(
        &self,
        out: &mut impl Write,
        columns: &[(usize, Align)],
        row: &[String],
    ) -> io::Result<()> {
        let mut line = String::from(self.edge);
        for (place, ((widest, align), cell)) in columns.iter().zip(row).enumerate() {
            if place > 0 {
                line.push_str(self.between);
            }
            let cell = (self.safe)(cell);
            let blanks = " ".repeat(widest.saturating_sub(width(&cell)));
            line.push(' ');
            match align {
                Align::Left => line.extend([&cell, blanks.as_str()]),
                Align::Right => line.extend([blanks.as_str(), &cell]),
            }
            line.push(' ');
        }
        line.push_str(self.edge);
        writeln!(out, "{}", line.trim_end())
    }
}

/// How many columns of a terminal a text takes.
fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    let mut table = Table::new();
    table.add_row([text]);
    table.column_max_content_widths().first().map_or(0, |width| usize::from(*width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{CsvCells, Grid};

    #[test]
    fn it_looks_as_what_is_laid_out() {
        let headers = [("label\u{202e}".to_owned(), Align::Left), ("n".to_owned(), Align::Right)];
        let rows = [["日本\u{200b}", "1"], ["a|b `c`", "200"], ["größe", "-"], ["", ""]];
        let texts = || rows.iter().map(|row| row.map(str::to_owned).to_vec());
        let mut grid = Grid::new(headers.clone());
        texts().for_each(|row| grid.push(row));
        for format in [Format::Table, Format::Markdown] {
            let (mut short, mut long) = (vec![], vec![]);
            grid.write(&mut short, format, None, CsvCells::Exact).unwrap();
            write(&mut long, &headers, texts, format).unwrap();
            assert_eq!(String::from_utf8(long).unwrap(), String::from_utf8(short).unwrap());
        }
    }
}
