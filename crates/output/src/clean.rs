//! What a terminal must not get: characters that a payload can drive it with, made visible.
//!
//! Every text of a payload is hostile, and so is an answer over HTTP. A terminal obeys control
//! characters (`ESC ]` sets its title, writes the clipboard, …; `CR` writes over the line), and
//! shows bidirectional and invisible characters as something else than they are. Wherever text
//! leaves for a person it goes through a [`Cleaner`], which writes each such character as an escape:
//!
//! | [`Escapes`] | written as | for |
//! |---|---|---|
//! | `Text` | `\u{1b}` | tables, Markdown, sentences, CSV on a terminal |
//! | `Line` | `\u{1b}`, and `\u{a}` for a line break within one write | log lines; colours pass |
//! | `Json` | `\u001b` | JSON, where it is the same value |
//! | `Exact` | itself | CSV that goes into a file or a pipe |
//!
//! Variation selectors, combining marks and right-to-left letters are left alone: they are how
//! people write.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

/// How a character that is unsafe on a terminal is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escapes {
    /// As it is.
    Exact,
    /// As `\u{1b}`.
    Text,
    /// As `\u{1b}`, and line breaks but for the one at the end of each write as `\u{a}`: one write is
    /// one line. Colours (`ESC [ … m`) pass: the log's own, for the log escapes those of others.
    Line,
    /// As `\u001b`, which is the same text inside a JSON string, where alone such a character can be.
    Json,
}

/// Whether a terminal may obey the character, or show it as what it is not. Line breaks and tabs
/// are safe.
pub fn is_unsafe(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        // C0, DEL and C1, which 8-bit terminals take for ESC and a letter.
        c if c.is_control() => true,
        // Turn the direction of writing.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' => true,
        '\u{2066}'..='\u{2069}' => true,
        // Invisible: two texts that look the same are two.
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' => true,
        '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' => true,
        '\u{206a}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' => true,
        // Line breaks of another kind.
        '\u{2028}' | '\u{2029}' => true,
        // Annotations, and tags, which spell hidden texts.
        '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}' => true,
        _ => false,
    }
}

/// The text as a terminal may have it; lines stay lines.
pub fn text(text: &str) -> Cow<'_, str> {
    cleaned(text, Escapes::Text)
}

/// The text as a terminal may have it, on one line.
pub fn line(text: &str) -> Cow<'_, str> {
    cleaned(text, Escapes::Line)
}

/// Whether a terminal may have the text as it is; colours may be in it.
pub fn is_safe_but_for_colours(text: &str) -> bool {
    unsafe_characters(text, Escapes::Line, 0).next().is_none()
}

/// Whether the text is of letters, digits and signs that every terminal shows: most are.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn cleaned(text: &str, escapes: Escapes) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::new();
    let mut done = 0;
    for (at, c) in unsafe_characters(text, escapes, text.len()) {
        clean.push_str(&text[done..at]);
        escapes.push(&mut clean, c);
        done = at + c.len_utf8();
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[done..]);
    Cow::Owned(clean)
}

/// The characters of `text` that are escaped, and where. A line break at `end` or behind is the end
/// of the line.
fn unsafe_characters(
    text: &str,
    escapes: Escapes,
    end: usize,
) -> impl Iterator<Item = (usize, char)> + '_ {
    text.char_indices().filter(move |(at, c)| match (escapes, c) {
        (Escapes::Exact, _) => false,
        (Escapes::Line, '\n') => *at < end,
        (Escapes::Line, '\u{1b}') => !is_colour(&text[*at..]),
        (_, c) => is_unsafe(*c),
    })
}

/// Whether the text begins with `ESC [`, numbers, `m`: a colour or a weight, which moves nothing.
fn is_colour(text: &str) -> bool {
    let numbers = text.strip_prefix("\u{1b}[").unwrap_or_default();
    let end = numbers.find(|c: char| !c.is_ascii_digit() && c != ';');
    end.is_some_and(|end| numbers[end..].starts_with('m'))
}

impl Escapes {
    fn push(self, out: &mut String, c: char) {
        // Writing into a String never fails.
        let _ = match self {
            Self::Json => {
                c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"))
            }
            _ => write!(out, "\\u{{{:x}}}", u32::from(c)),
        };
    }
}

/// A writer that makes what goes through it safe for a terminal; see the module. Bytes that are no
/// UTF-8 are unsafe too, and written as `\x9b`.
#[derive(Debug)]
pub struct Cleaner<W: Write> {
    inner: W,
    escapes: Escapes,
    /// The beginning of a character whose rest was not written yet: at most three bytes.
    begun: Vec<u8>,
}

impl<W: Write> Cleaner<W> {
    /// Cleans what goes to `inner`.
    pub fn new(inner: W, escapes: Escapes) -> Self {
        Self { inner, escapes, begun: Vec::new() }
    }

    fn write_bytes(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        loop {
            match std::str::from_utf8(bytes) {
                Ok(text) => return self.write_text(text, text.len().saturating_sub(1)),
                Err(error) => {
                    let (good, rest) = bytes.split_at(error.valid_up_to());
                    // Checked just now: the empty text does not occur.
                    let good = std::str::from_utf8(good).unwrap_or_default();
                    self.write_text(good, good.len())?;
                    let Some(bad) = error.error_len() else {
                        self.begun.extend_from_slice(rest);
                        return Ok(());
                    };
                    self.write_invalid(&rest[..bad])?;
                    bytes = &rest[bad..];
                }
            }
        }
    }

    fn write_text(&mut self, text: &str, end: usize) -> io::Result<()> {
        let line = text.strip_suffix('\n').filter(|_| end < text.len());
        if is_plain(line.unwrap_or(text)) {
            return self.inner.write_all(text.as_bytes());
        }
        let mut done = 0;
        for (at, c) in unsafe_characters(text, self.escapes, end) {
            self.inner.write_all(&text.as_bytes()[done..at])?;
            let mut escape = String::new();
            self.escapes.push(&mut escape, c);
            self.inner.write_all(escape.as_bytes())?;
            done = at + c.len_utf8();
        }
        self.inner.write_all(&text.as_bytes()[done..])
    }

    fn write_invalid(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.escapes {
            Escapes::Json => self.inner.write_all(b"\\ufffd"),
            _ => bytes.iter().try_for_each(|byte| write!(self.inner, "\\x{byte:02x}")),
        }
    }
}

impl<W: Write> Write for Cleaner<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.escapes == Escapes::Exact {
            self.inner.write_all(bytes)?;
        } else if self.begun.is_empty() {
            self.write_bytes(bytes)?;
        } else {
            let mut joined = std::mem::take(&mut self.begun);
            joined.extend_from_slice(bytes);
            self.write_bytes(&joined)?;
        }
        Ok(bytes.len())
    }

    /// What is begun is taken for finished: nobody flushes within a character.
    fn flush(&mut self) -> io::Result<()> {
        let begun = std::mem::take(&mut self.begun);
        if !begun.is_empty() {
            self.write_invalid(&begun)?;
        }
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(escapes: Escapes, writes: &[&[u8]]) -> String {
        let mut out = vec![];
        let mut cleaner = Cleaner::new(&mut out, escapes);
        writes.iter().for_each(|bytes| cleaner.write_all(bytes).unwrap());
        cleaner.flush().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_drives_a_terminal_is_shown() {
        for (hostile, shown) in [
            ("\u{1b}[2J\u{1b}]0;title\u{7}", r"\u{1b}[2J\u{1b}]0;title\u{7}"),
            ("\u{1b}]52;c;cm0gLXJm\u{1b}\\", r"\u{1b}]52;c;cm0gLXJm\u{1b}\"),
            ("\u{9b}31m\u{9d}0;x\u{9c}", r"\u{9b}31m\u{9d}0;x\u{9c}"),
            ("fine\rerror: gone\u{8}\u{7f}\0", r"fine\u{d}error: gone\u{8}\u{7f}\u{0}"),
            ("a\u{202e}txt.exe\u{202c}", r"a\u{202e}txt.exe\u{202c}"),
            (
                "\u{2066}x\u{2069}\u{61c}\u{200e}\u{200f}",
                r"\u{2066}x\u{2069}\u{61c}\u{200e}\u{200f}",
            ),
            ("ad\u{200b}min\u{feff}\u{ad}\u{180e}", r"ad\u{200b}min\u{feff}\u{ad}\u{180e}"),
            ("\u{2060}\u{2064}\u{3164}\u{115f}", r"\u{2060}\u{2064}\u{3164}\u{115f}"),
            ("a\u{2028}b\u{2029}c\u{85}", r"a\u{2028}b\u{2029}c\u{85}"),
            ("\u{fff9}a\u{fffb}\u{e0001}\u{e0041}", r"\u{fff9}a\u{fffb}\u{e0001}\u{e0041}"),
            (
                "größe\t日本語\n🚀 שלום ❤\u{fe0f} e\u{301}",
                "größe\t日本語\n🚀 שלום ❤\u{fe0f} e\u{301}",
            ),
        ] {
            assert_eq!(text(hostile), shown);
            assert_eq!(through(Escapes::Text, &[hostile.as_bytes()]), shown);
            assert_eq!(through(Escapes::Exact, &[hostile.as_bytes()]), hostile);
        }
    }

    #[test]
    fn json_keeps_its_value() {
        let value = "\u{9b}31m \u{202e} \u{7f} \u{e0041} \u{200b} é\u{1b}\u{2028}";
        let json = serde_json::to_string(&[value]).unwrap();
        let clean = through(Escapes::Json, &[json.as_bytes()]);
        let shown = r#"["\u009b31m \u202e \u007f \udb40\udc41 \u200b é\u001b\u2028"]"#;
        assert_eq!(clean, shown);
        assert_eq!(serde_json::from_str::<Vec<String>>(&clean).unwrap(), [value]);
    }

    #[test]
    fn a_character_may_come_in_two_writes_and_may_be_none() {
        let bytes = "é\u{9b}\u{e0001}日".as_bytes();
        let singly: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(through(Escapes::Text, &singly), r"é\u{9b}\u{e0001}日");
        assert_eq!(through(Escapes::Text, &[b"a\x9b2Jb\xff", b"\xc3"]), r"a\x9b2Jb\xff\xc3");
        assert_eq!(through(Escapes::Text, &[b"\xc3", b"(\n"]), "\\xc3(\n");
        assert_eq!(through(Escapes::Json, &[b"\"\x9b\""]), r#""\ufffd""#);
    }

    #[test]
    fn one_write_is_one_line_of_a_log() {
        let forged = "refused name=x\n2026-01-01 INFO all is well\n";
        let line = "refused name=x\\u{a}2026-01-01 INFO all is well\n";
        assert_eq!(through(Escapes::Line, &[forged.as_bytes()]), line);
        let coloured = "\u{1b}[2mnow\u{1b}[0m \u{1b}[1;31mWARN\u{1b}[0m\n";
        assert_eq!(through(Escapes::Line, &[coloured.as_bytes()]), coloured);
        let hostile = "\u{1b}[2Jx\u{1b}[31\u{1b}]0;t\u{7}\u{1b}";
        let shown = r"\u{1b}[2Jx\u{1b}[31\u{1b}]0;t\u{7}\u{1b}";
        assert_eq!(through(Escapes::Line, &[hostile.as_bytes()]), shown);
        assert_eq!(super::line("a\nb"), r"a\u{a}b");
    }
}
