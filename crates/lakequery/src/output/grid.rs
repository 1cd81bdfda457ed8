//! Rows of texts under headers, and the three ways to print them.

use std::borrow::Cow;
use std::io::{self, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::{CsvCells, Format, clean, markdown};

/// A line under the header and nothing else, in the order of the table library's presets: what a
/// person reads, and what `awk` does.
const HEADER_LINE: &str = "     ──            ";

/// The fewest columns of a terminal that a column is worth. Where a table has less room, its lines
/// are left to the terminal: cells of one letter a line could not be read.
const NARROWEST: usize = 8;

/// Where a column's texts stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// Rows of texts under headers.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    headers: Vec<(String, Option<Align>)>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// No rows under these headers.
    pub fn new<T: Into<String>>(headers: impl IntoIterator<Item = (T, Align)>) -> Self {
        let headers = headers.into_iter().map(|(name, align)| (name.into(), Some(align))).collect();
        Self { headers, rows: Vec::new() }
    }

    /// Adds a row, with as many cells as there are headers.
    pub fn push<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the grid; `width` is that of the terminal in columns, where there is one.
    ///
    /// # Errors
    /// The writer does not take it.
    pub fn write(
        &self,
        out: &mut impl Write,
        format: Format,
        width: Option<usize>,
        csv: CsvCells,
    ) -> io::Result<()> {
        match format {
            Format::Csv => self.write_csv(out, csv),
            Format::Markdown => {
                writeln!(out, "{}", self.table(presets::ASCII_MARKDOWN, None, markdown::cell))
            }
            Format::Table | Format::Json | Format::Ndjson | Format::Parquet => {
                self.write_table(out, width)
            }
        }
    }

    fn write_csv(&self, out: &mut impl Write, cells: CsvCells) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(self.headers.iter().map(|(name, _)| cells.bytes(name)))?;
        for row in &self.rows {
            csv.write_record(row.iter().map(|cell| cells.bytes(cell)))?;
        }
        csv.flush()
    }

    fn write_table(&self, out: &mut impl Write, width: Option<usize>) -> io::Result<()> {
        // Lines end where their last text ends: what is copied from a terminal has no blank tails.
        for line in self.table(HEADER_LINE, width, printable).lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn table(&self, preset: &str, width: Option<usize>, safe: fn(&str) -> Cow<'_, str>) -> Table {
        let mut table = Table::new();
        table.load_preset(preset).set_header(self.headers.iter().map(|(name, _)| safe(name)));
        if let Some(width) = width.filter(|width| self.headers.len() * NARROWEST <= *width) {
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        }
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| safe(cell)));
        }
        for (column, (_, align)) in table.column_iter_mut().zip(&self.headers) {
            if *align == Some(Align::Right) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }
}

/// A text that a terminal shows as it is, whatever a payload holds; lines stay lines. Cleaned before
/// it is laid out: an escape is wider than what it stands for.
fn printable(text: &str) -> Cow<'_, str> {
    if text.contains(['\t', '\r']) {
        let text = text.replace("\r\n", "\n").replace('\t', " ");
        return Cow::Owned(clean::text(&text).into_owned());
    }
    clean::text(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(format: Format) -> String {
        let mut grid = Grid::new([("name", Align::Left), ("n", Align::Right)]);
        grid.push(["a|b\u{1b}[2J", "1"]);
        grid.push(["c\nd", "20"]);
        let mut out = vec![];
        grid.write(&mut out, format, None, CsvCells::Exact).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_hostile_cell_stays_a_cell() {
        let table = concat!(
            " name            n\n",
            "───────────────────\n",
            " a|b\\u{1b}[2J    1\n",
            " c              20\n",
            " d\n",
        );
        assert_eq!(printed(Format::Table), table);
        let markdown = concat!(
            "| name            |  n |\n",
            "|-----------------|----|\n",
            "| `a\\|b\\u{1b}[2J` |  1 |\n",
            "| c d             | 20 |\n",
        );
        assert_eq!(printed(Format::Markdown), markdown);
        assert_eq!(printed(Format::Csv), "name,n\na|b\u{1b}[2J,1\n\"c\nd\",20\n");
    }

    #[test]
    fn escapes_and_wide_letters_keep_the_columns() {
        let mut grid = Grid::new([("label\u{202e}", Align::Left), ("n", Align::Right)]);
        grid.push(["日本\u{200b}", "1"]);
        grid.push(["a\tb\r\nc\rd", "2"]);
        let mut out = vec![];
        grid.write(&mut out, Format::Table, Some(80), CsvCells::Exact).unwrap();
        let table = concat!(
            " label\\u{202e}   n\n",
            "───────────────────\n",
            " 日本\\u{200b}    1\n",
            " a b             2\n",
            " c\\u{d}d\n",
        );
        assert_eq!(String::from_utf8(out).unwrap(), table);
    }

    #[test]
    fn a_table_fits_the_terminal_where_that_helps() {
        let widest = |columns: usize, width: usize| {
            let mut grid = Grid::new((0..columns).map(|n| (format!("c{n}"), Align::Left)));
            grid.push(vec!["word ".repeat(40); columns]);
            let mut out = vec![];
            grid.write(&mut out, Format::Table, Some(width), CsvCells::Exact).unwrap();
            let lines = String::from_utf8(out).unwrap();
            lines.lines().map(|line| line.chars().count()).max().unwrap()
        };
        assert!(widest(3, 80) <= 80);
        assert!(widest(100, 80) > 80);
    }
}
