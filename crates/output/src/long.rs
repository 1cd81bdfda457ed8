//! Tables of so many rows that they are not laid out, but written line by line.
//!
//! The table library holds every cell several times over, 10 KB for a row of a report. A long table
//! looks the same, but for one thing: its lines are never broken to fit a terminal, on which nobody
//! reads ten thousand of them.

use std::borrow::Cow;
use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

use crate::grid::printable;
use crate::{Align, CsvCells, Format, Line, markdown};

/// The most rows that a table is laid out of.
pub const LONG: usize = 10_000;

/// Gives each row to whoever takes them, until one is not taken.
type Each<'a> = dyn Fn(&mut dyn FnMut(&Line) -> io::Result<()>) -> io::Result<()> + 'a;

/// Writes rows as CSV, each as it comes.
///
/// # Errors
/// The writer does not take it.
pub fn write_csv(
    out: &mut dyn Write,
    headers: &[(String, Align)],
    rows: &Each<'_>,
    cells: CsvCells,
) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(headers.iter().map(|(name, _)| cells.bytes(name)))?;
    rows(&mut |row| Ok(csv.write_record(row.cells().map(|cell| cells.bytes(cell)))?))?;
    csv.flush()
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

/// Writes more rows than a table is laid out of, as one or in Markdown: they are gone over twice, for
/// their widths and for themselves.
///
/// # Errors
/// The writer does not take it.
pub fn write_long(
    out: &mut dyn Write,
    headers: &[(String, Align)],
    rows: &Each<'_>,
    format: Format,
) -> io::Result<()> {
    let style = if format == Format::Markdown { MARKDOWN } else { PLAIN };
    let header: Line = headers.iter().map(|(name, _)| name).collect();
    let mut widths = vec![0; headers.len()];
    let mut widen = |row: &Line| {
        for (widest, cell) in widths.iter_mut().zip(row.cells()) {
            *widest = width(&(style.safe)(cell)).max(*widest);
        }
        Ok(())
    };
    widen(&header)?;
    rows(&mut widen)?;
    let aligned: Vec<(usize, Align)> =
        widths.into_iter().zip(headers).map(|(width, (_, align))| (width, *align)).collect();
    let mut line = String::new();
    style.line(&mut line, &aligned, &header);
    let (dash, between) = style.rule;
    let rule: Vec<String> = aligned.iter().map(|(width, _)| dash.repeat(width + 2)).collect();
    writeln!(out, "{line}{edge}{}{edge}", rule.join(between), edge = style.edge)?;
    rows(&mut |row| {
        line.clear();
        style.line(&mut line, &aligned, row);
        out.write_all(line.as_bytes())
    })
}

impl Style {
    /// Appends a row, without blanks at its end.
    fn line(&self, line: &mut String, columns: &[(usize, Align)], row: &Line) {
        line.push_str(self.edge);
        for (place, ((widest, align), cell)) in columns.iter().zip(row.cells()).enumerate() {
            if place > 0 {
                line.push_str(self.between);
            }
            let cell = (self.safe)(cell);
            let blanks = widest.saturating_sub(width(&cell));
            let (before, behind) = match align {
                Align::Left => (0, blanks),
                Align::Right => (blanks, 0),
            };
            line.extend(std::iter::repeat_n(' ', before + 1));
            line.push_str(&cell);
            line.extend(std::iter::repeat_n(' ', behind + 1));
        }
        line.push_str(self.edge);
        line.truncate(line.trim_end().len());
        line.push('\n');
    }
}

/// How many columns of a terminal a text takes.
fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Grid;

    #[test]
    fn it_looks_as_what_is_laid_out() {
        let headers = [("label\u{202e}".to_owned(), Align::Left), ("n".to_owned(), Align::Right)];
        let rows = [["日本\u{200b}", "1"], ["a|b `c`", "200"], ["größe", "-"], ["", ""]];
        let mut grid = Grid::new(headers.clone());
        rows.iter().for_each(|row| grid.push(*row));
        let each = |take: &mut dyn FnMut(&Line) -> io::Result<()>| {
            rows.iter().try_for_each(|row| take(&row.iter().collect()))
        };
        for format in [Format::Table, Format::Markdown, Format::Csv] {
            let (mut short, mut long) = (vec![], vec![]);
            grid.write(&mut short, format, None, CsvCells::Exact).unwrap();
            match format {
                Format::Csv => write_csv(&mut long, &headers, &each, CsvCells::Exact).unwrap(),
                _ => write_long(&mut long, &headers, &each, format).unwrap(),
            }
            assert_eq!(String::from_utf8(long).unwrap(), String::from_utf8(short).unwrap());
        }
    }
}
