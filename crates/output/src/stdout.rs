//! Standard output, cleaned of what a terminal would obey.

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write};

use crate::Format;
use crate::clean::{Cleaner, Escapes};

/// Standard output, locked, buffered and cleaned. Flush it when the result is complete.
#[derive(Debug)]
pub struct Stdout(Cleaner<BufWriter<StdoutLock<'static>>>);

/// Standard output, for results in this format.
pub fn stdout(format: Format) -> Stdout {
    let out = io::stdout().lock();
    let escapes = escapes(format, out.is_terminal());
    Stdout(Cleaner::new(BufWriter::with_capacity(1 << 16, out), escapes))
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Only CSV that a program reads stays as it is: JSON is the same value, and the others are for
/// people wherever they go.
fn escapes(format: Format, is_terminal: bool) -> Escapes {
    match format {
        Format::Json | Format::Ndjson => Escapes::Json,
        Format::Parquet => Escapes::Exact,
        Format::Csv if !is_terminal => Escapes::Exact,
        Format::Csv | Format::Table | Format::Markdown => Escapes::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_csv_for_a_program_is_exact() {
        for format in [Format::Table, Format::Markdown] {
            assert_eq!(escapes(format, true), Escapes::Text);
            assert_eq!(escapes(format, false), Escapes::Text);
        }
        assert_eq!(escapes(Format::Json, true), Escapes::Json);
        assert_eq!(escapes(Format::Json, false), Escapes::Json);
        assert_eq!(escapes(Format::Csv, true), Escapes::Text);
        assert_eq!(escapes(Format::Csv, false), Escapes::Exact);
    }
}
