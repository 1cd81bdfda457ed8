//! Cells of CSV that a spreadsheet would run, made texts.
//!
//! A spreadsheet that opens CSV takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and
//! a formula can fetch an address or start a program. Labels, titles and names of branches are
//! written by whoever opens a pull request. `--csv-safe` puts a `'` in front of such a cell, which
//! spreadsheets take for "this is a text". It changes the data, so it is not the default: a program
//! that reads CSV is to get what is in the lake.

use std::borrow::Cow;

/// How cells of CSV are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CsvCells {
    /// As they are.
    #[default]
    Exact,
    /// With a `'` before what a spreadsheet would take for a formula.
    Safe,
}

impl CsvCells {
    /// The cell as it is written, without the quotes of CSV.
    pub fn cell(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Exact => Cow::Borrowed(text),
            Self::Safe => safe(text),
        }
    }

    /// The same as bytes, which is what the CSV library takes.
    pub fn bytes(self, text: &str) -> Cow<'_, [u8]> {
        match self.cell(text) {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        }
    }
}

fn safe(text: &str) -> Cow<'_, str> {
    if is_number(text) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::new();
    let mut done = 0;
    for start in cell_starts(text).filter(|start| is_formula(&text[*start..])) {
        safe.push_str(&text[done..start]);
        safe.push('\'');
        done = start;
    }
    if safe.is_empty() {
        return Cow::Borrowed(text);
    }
    safe.push_str(&text[done..]);
    Cow::Owned(safe)
}

/// Where a spreadsheet may see a cell begin: at the start, and behind what separates cells or rows
/// in another dialect than ours, such as the `;` of most of Europe. It does not know our quotes
/// there, for they do not stand at the beginning of what it takes for a cell.
fn cell_starts(text: &str) -> impl Iterator<Item = usize> + '_ {
    let separators = text.match_indices([';', '\t', '\r', '\n']);
    std::iter::once(0).chain(separators.map(|(at, _)| at + 1))
}

/// Whether a cell that begins so is a formula, behind blanks and quotes. A tab or line break at its
/// beginning counts, for some spreadsheets drop it and look again.
fn is_formula(cell: &str) -> bool {
    let skipped = |c: char| matches!(c, ' ' | '\u{a0}' | '\u{feff}' | '"' | '\'');
    let first = cell.trim_start_matches(skipped).chars().next();
    matches!(first, Some('=' | '+' | '-' | '@' | '\t' | '\r' | '＝' | '＋' | '－' | '＠'))
}

/// Whether the whole text is a number, such as `-1.5e-3`.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = |text: &str| text.strip_prefix(['-', '+']).unwrap_or(text).to_owned();
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let number = unsigned(number);
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, "0"));
    digits(whole) && digits(fraction) && digits(&unsigned(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_texts() {
        for (cell, written) in [
            ("=1+1", "'=1+1"),
            ("=HYPERLINK(\"http://evil\",\"x\")", "'=HYPERLINK(\"http://evil\",\"x\")"),
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1+cmd|'x'!A0", "'+1+cmd|'x'!A0"),
            ("-2+3", "'-2+3"),
            ("-", "'-"),
            ("@SUM(1)", "'@SUM(1)"),
            ("\t=1", "'\t'=1"),
            ("\r=1", "'\r'=1"),
            ("   =1", "'   =1"),
            ("\"=1", "'\"=1"),
            ("＝1+1", "'＝1+1"),
            ("＠x", "'＠x"),
            ("fix; =1+1", "fix;' =1+1"),
            ("a\n=1+1", "a\n'=1+1"),
            ("a;b\t\"@x", "a;b\t'\"@x"),
            ("-5", "-5"),
            ("+3.25", "+3.25"),
            ("-1.5e-3", "-1.5e-3"),
            ("-1e", "'-1e"),
            ("--1", "'--1"),
            ("2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z"),
            ("linux,-x", "linux,-x"),
            ("a=1", "a=1"),
            ("größe", "größe"),
            ("", ""),
        ] {
            assert_eq!(CsvCells::Safe.cell(cell), written, "{cell:?}");
            assert_eq!(CsvCells::Exact.cell(cell), cell);
        }
    }
}
