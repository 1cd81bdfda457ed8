//! The one place that prints: results on stdout, everything else on stderr.

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write as _};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::cli::Globals;
use crate::exit;

mod grid;
pub mod rows;

pub use grid::{Align, Grid};

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
}

/// Standard output, locked and buffered. Flush it (or drop it) when the result is complete.
pub type Stdout = BufWriter<StdoutLock<'static>>;

/// Standard output, for results.
pub fn stdout() -> Stdout {
    BufWriter::with_capacity(1 << 16, io::stdout().lock())
}

/// The terminal's width where stdout is one: wide cells are cut to fit.
pub fn terminal_width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    comfy_table::Table::new().width().map(usize::from)
}

/// Prints a result as JSON, on lines of its own.
///
/// # Errors
/// Stdout does not take it.
pub fn print_json(value: &impl Serialize) -> io::Result<()> {
    let mut out = stdout();
    serde_json::to_writer_pretty(&mut out, value)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Prints a result that is text.
///
/// # Errors
/// Stdout does not take it.
pub fn print_text(text: &str) -> io::Result<()> {
    let mut out = stdout();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Prints a grid in a format other than JSON (as a table, where that is asked for).
///
/// # Errors
/// Stdout does not take it.
pub fn print_grid(grid: &Grid, format: Format) -> anyhow::Result<()> {
    let mut out = stdout();
    grid.write(&mut out, format, terminal_width())?;
    Ok(out.flush()?)
}

/// A number of bytes as a person reads it: `1.5 MB`, in steps of a thousand.
pub fn size(bytes: u64) -> String {
    let mut amount = bytes as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if amount < 999.5 {
            let digits = usize::from(amount < 9.95 && unit != "B");
            return format!("{amount:.digits$} {unit}");
        }
        amount /= 1e3;
    }
    format!("{amount:.1} TB")
}

/// Tells the user something that is no result, on stderr; `-q` silences it.
pub fn note(globals: &Globals, text: &str) {
    if !globals.quiet {
        say(text);
    }
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

/// Tells the user why a gate does not hold, on stderr, whatever `-q` says.
pub fn complain(text: &str) {
    say(text);
}

/// Prints why the run failed: one line with its causes, then what to do if that is known. Nothing
/// where only the reader of our output has gone.
pub fn report_failure(failure: &anyhow::Error) {
    if exit::is_broken_pipe(failure) {
        return;
    }
    say(&format!("error: {}", causes(failure)));
    if let Some(hint) = exit::hint(failure) {
        say(&format!("hint: {hint}"));
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

/// A line on stderr. Where that is closed there is nobody left to tell.
fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_500, "1.5 kB"),
            (999_600, "1.0 MB"),
            (25_000_000, "25 MB"),
            (3_000_000_000_000, "3.0 TB"),
        ] {
            assert_eq!(size(bytes), text);
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
