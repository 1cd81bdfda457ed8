//! Rows of texts under headers, and the ways to print them.

use std::borrow::Cow;
use std::io::{self, Write};

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};

use crate::{CsvCells, Format, clean, markdown, records};

/// A line under the header and nothing else, in the order of the table library's presets: what a
/// person reads, and what `awk` does.
const HEADER_LINE: &str = "     ──            ";

/// The fewest columns of a terminal that a column of texts is worth. Where a table leaves less to one,
/// its rows are written as records: cells of one letter a line could not be read.
const NARROWEST: usize = 8;

/// What stands around each cell and between two.
const AROUND: usize = 3;

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
                writeln!(out, "{}", self.table(presets::ASCII_MARKDOWN, markdown::cell))
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
        let mut table = self.table(HEADER_LINE, printable);
        if let Some(width) = width {
            if self.least_width(&table) > width {
                let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
                return records::write(out, &names, &self.rows, width);
            }
            self.wrap(&mut table, width);
        }
        // Lines end where their last text ends: what is copied from a terminal has no blank tails.
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    /// The least that the table can be read in: numbers whole, and of texts some letters a line.
    fn least_width(&self, table: &Table) -> usize {
        let widths = table.column_max_content_widths().into_iter().map(usize::from);
        let least = widths.zip(&self.headers).map(|(width, (_, align))| match align {
            Some(Align::Right) => width + AROUND,
            _ => width.min(NARROWEST) + AROUND,
        });
        least.sum::<usize>().saturating_sub(1)
    }

    /// Lets texts go on in further lines where the table is too wide.
    fn wrap(&self, table: &mut Table, width: usize) {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        for (column, (_, align)) in table.column_iter_mut().zip(&self.headers) {
            if *align == Some(Align::Right) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }

    fn table(&self, preset: &str, safe: fn(&str) -> Cow<'_, str>) -> Table {
        let mut table = Table::new();
        table.load_preset(preset).set_header(self.headers.iter().map(|(name, _)| safe(name)));
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
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if clean::is_plain(text) {
        return Cow::Borrowed(text);
    }
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

    /// What a terminal of this width gets of rows of words in some columns and numbers in others.
    fn shown(texts: usize, numbers: usize, width: usize) -> String {
        let columns = (0..texts).map(|n| (format!("text{n}"), Align::Left));
        let numbered = (0..numbers).map(|n| (format!("n{n}"), Align::Right));
        let mut grid = Grid::new(columns.chain(numbered));
        for _ in 0..2 {
            let texts = vec!["word 日本語 ".repeat(20); texts];
            grid.push(texts.into_iter().chain(vec!["12345".to_owned(); numbers]));
        }
        let mut out = vec![];
        grid.write(&mut out, Format::Table, Some(width), CsvCells::Exact).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// The columns that the widest line takes: letters of East Asia take two.
    fn widest(text: &str) -> usize {
        let width = |c| if ('\u{3000}'..='\u{9fff}').contains(&c) { 2 } else { 1 };
        text.lines().map(|line| line.chars().map(width).sum()).max().unwrap()
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [20, 40, 79, 80, 81, 120, 500] {
            for (texts, numbers) in [(1, 0), (3, 0), (2, 7), (3, 8), (30, 70), (0, 12)] {
                let text = shown(texts, numbers, width);
                assert!(widest(&text) <= width, "{texts}+{numbers} in {width}:\n{text}");
            }
        }
    }

    #[test]
    fn what_fits_no_table_is_a_record() {
        // Three columns of 8 letters and seven of 5, each with three around it, less one: 88.
        assert!(shown(3, 7, 87).starts_with("─[ 1 ]─") && shown(3, 7, 88).starts_with(" text0"));
        let text = shown(0, 12, 30);
        assert_eq!(text.lines().filter(|line| line.starts_with("─[")).count(), 2);
        assert!(text.contains("\n n11  12345\n"), "{text}");
        // Numbers are never broken.
        assert_eq!(shown(2, 3, 50).matches("12345").count(), 6);
    }
}
