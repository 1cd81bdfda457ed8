//! The one place that prints: results on stdout, everything else on stderr, and both cleaned of
//! what a terminal would obey (see [`clean`]).

use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::sync::OnceLock;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::cli::Globals;
use crate::{exit, logging};

mod parquet;
pub mod rows;

pub use parquet::write as write_parquet;

pub use octolake_engine::size;
pub use octolake_output::{Align, CsvCells, Format, Grid, LONG, Stdout, clean, fence, stdout};
use octolake_output::{Sheet, wrapped, write_csv, write_json, write_long};

/// The columns of a terminal that leave room beside a report's.
const WIDE: usize = 110;

/// The columns of a terminal of which nothing says how wide it is.
const USUAL: usize = 80;

/// Standard output for bytes that are no text.
///
/// # Errors
/// It is a terminal.
pub fn binary_stdout() -> Result<BufWriter<io::Stdout>, exit::UsageError> {
    let out = io::stdout();
    if out.is_terminal() {
        let error = exit::UsageError::new("a Parquet file is nothing for a terminal");
        return Err(error.hint("send it into a file: … > rows.parquet"));
    }
    Ok(BufWriter::with_capacity(1 << 16, out))
}

/// How this process writes the cells of CSV: said once, at its start.
static CSV_CELLS: OnceLock<CsvCells> = OnceLock::new();

/// Says how this process writes the cells of CSV; what was said first holds.
pub fn start(globals: &Globals) {
    let cells = if globals.csv_safe { CsvCells::Safe } else { CsvCells::Exact };
    let _ = CSV_CELLS.set(cells);
}

/// How this process writes the cells of CSV.
fn csv_cells() -> CsvCells {
    CSV_CELLS.get().copied().unwrap_or_default()
}

/// The terminal's width in columns where stdout is one: tables are made to fit. Some terminals do not
/// say it (a job's, a container's, one that was never given a size): then `COLUMNS` does, or it is
/// taken to be 80.
pub fn terminal_width() -> Option<usize> {
    let out = io::stdout();
    if !out.is_terminal() {
        return None;
    }
    let told = terminal_size::terminal_size_of(out).map(|(columns, _)| usize::from(columns.0));
    Some(width_of(told, columns_setting().as_deref()))
}

/// The width by what the terminal says of itself, and else by what `COLUMNS` does.
fn width_of(told: Option<usize>, setting: Option<&str>) -> usize {
    let set = || setting.and_then(|text| text.trim().parse().ok());
    let known = |columns: &usize| *columns > 0;
    told.filter(known).or_else(|| set().filter(known)).unwrap_or(USUAL)
}

#[expect(
    clippy::disallowed_methods,
    reason = "of the terminal, as its size is: read where that is"
)]
fn columns_setting() -> Option<String> {
    std::env::var("COLUMNS").ok()
}

/// Whether a bar beside each row has room: on a terminal of some width.
pub fn has_room_for_pictures() -> bool {
    terminal_width().is_some_and(|width| width >= WIDE)
}

/// Prints a result as JSON, on lines of its own.
///
/// # Errors
/// Stdout does not take it.
pub fn print_json(value: &impl Serialize) -> io::Result<()> {
    write_json(value, &mut stdout(Format::Json))
}

/// Prints a result that is text.
///
/// # Errors
/// Stdout does not take it.
pub fn print_text(text: &str) -> io::Result<()> {
    let mut out = stdout(Format::Table);
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Prints sentences, each on a line of its own; on a terminal in as many as they need.
///
/// # Errors
/// Stdout does not take it.
pub fn print_sentences(sentences: &[String]) -> io::Result<()> {
    let width = terminal_width();
    let lines = sentences.iter().map(|sentence| match width {
        Some(width) => wrapped(sentence, width) + "\n",
        None => format!("{sentence}\n"),
    });
    print_text(&lines.collect::<String>())
}

/// Prints a grid in a format other than JSON (as a table, where that is asked for).
///
/// # Errors
/// Stdout does not take it.
pub fn print_grid(grid: &Grid, format: Format) -> anyhow::Result<()> {
    let mut out = stdout(format);
    grid.write(&mut out, format, terminal_width(), csv_cells())?;
    Ok(out.flush()?)
}

/// Prints a sheet's rows as CSV, each as it comes.
///
/// # Errors
/// Stdout does not take it.
pub fn print_csv(sheet: &Sheet<'_>) -> anyhow::Result<()> {
    let mut out = stdout(Format::Csv);
    write_csv(&mut out, &sheet.headers(true), &|take| sheet.each(true, take), csv_cells())?;
    Ok(out.flush()?)
}

/// Prints more rows of a sheet than a table is laid out of, as one or in Markdown.
///
/// # Errors
/// Stdout does not take it.
pub fn print_long(sheet: &Sheet<'_>, format: Format) -> anyhow::Result<()> {
    let mut out = stdout(format);
    write_long(&mut out, &sheet.headers(false), &|take| sheet.each(false, take), format)?;
    Ok(out.flush()?)
}

/// Tells the user something that is no result, on stderr; `-q` silences it.
pub fn note(globals: &Globals, text: &str) {
    if !globals.quiet {
        say(text);
    }
}

/// Tells the user that the answer comes from the archive, and why.
pub fn note_archive(globals: &Globals, reason: &str) {
    note(
        globals,
        &format!(
            "hint: the projection is not used ({reason}): `lakequery compact` makes this faster"
        ),
    );
}

/// Tells the user that the projection cannot be read, and that the archive is.
pub fn note_damage(globals: &Globals, error: &dyn std::fmt::Display) {
    note(
        globals,
        &format!(
            "hint: the projection cannot be read ({error}): the table is read instead; `lakequery compact --rebuild-projection` makes it anew"
        ),
    );
}

/// A progress bar by an `indicatif` template; hidden where nobody looks: with `-q`, or where stderr is
/// no terminal.
pub fn progress_bar(globals: &Globals, length: u64, template: &str) -> ProgressBar {
    if globals.quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}

/// Tells the user why a gate does not hold, on a line on stderr, whatever `-q` says.
pub fn complain(text: &str) {
    say(&clean::line(text));
}

/// Prints why the run failed: one line with its causes, then what to do if that is known. Nothing
/// where only the reader of our output has gone.
pub fn report_failure(failure: &anyhow::Error) {
    if exit::is_broken_pipe(failure) {
        return;
    }
    complain(&format!("error: {}", causes(failure)));
    if let Some(hint) = exit::hint(failure) {
        complain(&format!("hint: {hint}"));
    }
}

/// A failure and its causes on one line, each said once: many errors print their source as well.
fn causes(failure: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in failure.chain() {
        let cause = cause.to_string();
        let cause = cause.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        if text.contains(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    text
}

/// Lines on stderr, cleaned wherever it goes: logs are read on terminals. Where it is closed there
/// is nobody left to tell.
pub fn say(text: &str) {
    let line = format!("{}\n", clean::text(text));
    let _ = match logging::line_queue() {
        Some(mut queue) => queue.write_all(line.as_bytes()),
        None => io::stderr().lock().write_all(line.as_bytes()),
    };
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn a_terminal_that_does_not_say_its_width_has_one() {
        assert_eq!(width_of(Some(132), Some("40")), 132);
        assert_eq!(width_of(None, Some(" 100 ")), 100);
        assert_eq!(width_of(Some(0), Some("100")), 100);
        for setting in [None, Some(""), Some("0"), Some("-3"), Some("wide")] {
            assert_eq!(width_of(None, setting), 80, "{setting:?}");
        }
    }

    #[test]
    fn causes_stand_on_one_line_each_once() {
        let inner: anyhow::Result<()> = Err(anyhow::anyhow!("the disk is full"));
        let failure = inner
            .context("cannot write x: the disk is full")
            .context("cannot compact\n  the lake")
            .unwrap_err();
        assert_eq!(causes(&failure), "cannot compact the lake: cannot write x: the disk is full");
    }
}
