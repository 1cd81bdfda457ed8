//! Rows as records: a line per column, where a table is too wide for the terminal.

use std::io::{self, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

use crate::clean;
use crate::grid::printable;

/// The width of a terminal below which nothing can be laid out.
const LEAST: usize = 8;

/// Writes each row as a line per column, none wider than `width`: what is longer goes on below.
///
/// # Errors
/// The writer does not take it.
pub(crate) fn write(
    out: &mut impl Write,
    names: &[&str],
    rows: &[Vec<String>],
    width: usize,
) -> io::Result<()> {
    if rows.is_empty() {
        return writeln!(out, "(no rows)");
    }
    let names: Vec<String> =
        names.iter().map(|name| printable(name).replace(['\n', '\r'], " ")).collect();
    for (number, row) in rows.iter().enumerate() {
        let head = format!("─[ {} ]", number + 1);
        let tail = width.saturating_sub(head.chars().count());
        writeln!(out, "{head}{}", "─".repeat(tail))?;
        write_lines(out, &record(&names, row, width))?;
    }
    Ok(())
}

fn record(names: &[String], row: &[String], width: usize) -> Table {
    let mut table = narrow(width);
    for (name, cell) in names.iter().zip(row) {
        table.add_row([name.as_str(), &printable(cell)]);
    }
    if let Some(names) = table.column_mut(0) {
        let half = u16::try_from(width / 2).unwrap_or(u16::MAX);
        names.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(half)));
    }
    table
}

/// The text in lines that are no wider than `width`, broken between words where that can be.
pub fn wrapped(text: &str, width: usize) -> String {
    let mut table = narrow(width);
    table.add_row([clean::text(text)]);
    if let Some(column) = table.column_mut(0) {
        column.set_padding((0, 0));
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

fn narrow(width: usize) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width.max(LEAST)).unwrap_or(u16::MAX));
    table
}

fn write_lines(out: &mut impl Write, table: &Table) -> io::Result<()> {
    table.lines().try_for_each(|line| writeln!(out, "{}", line.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_a_line_per_column() {
        let rows = [vec!["1".into(), "a\u{1b}[2J b".into()], vec![String::new(), "日本".into()]];
        let mut out = vec![];
        write(&mut out, &["n", "a\nname"], &rows, 30).unwrap();
        let text = concat!(
            "─[ 1 ]────────────────────────\n",
            " n       1\n",
            " a name  a\\u{1b}[2J b\n",
            "─[ 2 ]────────────────────────\n",
            " n\n",
            " a name  日本\n",
        );
        assert_eq!(String::from_utf8(out).unwrap(), text);
        let mut out = vec![];
        write(&mut out, &["n"], &[], 30).unwrap();
        assert_eq!(out, b"(no rows)\n");
    }

    #[test]
    fn a_sentence_is_broken_between_words() {
        assert_eq!(
            wrapped("Left out: 1 skipped, 2 pending.", 20),
            "Left out: 1 skipped,\n2 pending."
        );
        assert_eq!(wrapped("short", 20), "short");
        assert_eq!(wrapped("abcdefghijklm", 10), "abcdefghij\nklm");
    }
}
