//! Records as they nearly always are: one to a line, written by a bus or by ingest, `detail` last.
//!
//! [`crate::framing`] goes over all of a record's JSON before anything is made of it, and whoever
//! decodes the payload goes over it again. Here only what stands before `detail` is read, and the rest
//! of the line is taken for it on trust. So whoever asks must find the detail to be one JSON value
//! when it decodes it, and where it isn't, ask [`crate::framing::next_record`] instead, which says what
//! is wrong. Whatever looks unusual in the least is left to that, too.

use std::borrow::Cow;
use std::ops::Range;

use crate::envelope::{self, Envelope};

/// The members of an envelope that are texts, and read: `id`, `detail-type`, `source`, `time`.
const TEXTS: [&str; 4] = ["id", "detail-type", "source", "time"];

/// The record that begins at `from` or behind white space there, and where it stands; `None` where it
/// is better left to [`crate::framing::next_record`].
///
/// If its `detail` is JSON, it is what that would give. `last` says that no bytes follow the window.
pub fn plain_record(
    window: &[u8],
    from: usize,
    last: bool,
) -> Option<(Range<usize>, Envelope<'_>)> {
    let rest = window.get(from..)?;
    let start = from + rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let rest = window.get(start..)?;
    let line = match memchr::memchr(b'\n', rest) {
        Some(length) => rest.get(..length)?,
        None if last => rest,
        None => return None,
    };
    let line = line.trim_ascii_end();
    if !line.starts_with(b"{") || !line.ends_with(b"}") {
        return None;
    }
    // A key with a control character is no JSON, which not every reader of keys notices.
    if has_control_character(line) {
        return None;
    }
    let envelope = read(std::str::from_utf8(line).ok()?)?;
    Some((start..start + line.len(), envelope))
}

/// Without an early end: so it is done for many bytes at once.
fn has_control_character(line: &[u8]) -> bool {
    line.chunks(4096).any(|chunk| chunk.iter().fold(false, |found, byte| found | (*byte < b' ')))
}

fn read(line: &str) -> Option<Envelope<'_>> {
    let members = line.strip_prefix('{')?.strip_suffix('}')?;
    let mut texts: [Option<&str>; 4] = [None; 4];
    let mut rest = members.trim_start_matches(' ');
    loop {
        let (key, behind) = text(rest)?;
        let value = behind.trim_start_matches(' ').strip_prefix(':')?.trim_start_matches(' ');
        if key == "detail" {
            let [id, detail_type, source, time] = texts;
            let detail = value.trim_end_matches(' ');
            let source = Cow::Borrowed(source.unwrap_or_default());
            return Envelope::of(Cow::Borrowed(detail_type?), source, id, time, detail).ok();
        }
        let behind = match TEXTS.iter().position(|name| *name == key) {
            Some(member) => {
                let (value, behind) = text(value)?;
                // Twice the same member is an error.
                if texts.get_mut(member)?.replace(value).is_some() {
                    return None;
                }
                behind
            }
            None => value.get(envelope::value_end(value, 0)?..)?,
        };
        let next = behind.trim_start_matches(' ').strip_prefix(',')?;
        rest = next.trim_start_matches(' ');
    }
}

/// The JSON text that stands here, if it is its own spelling, and what is behind it.
fn text(json: &str) -> Option<(&str, &str)> {
    let json = json.strip_prefix('"')?;
    let end = memchr::memchr2(b'"', b'\\', json.as_bytes())?;
    let (text, behind) = json.split_at(end);
    Some((text, behind.strip_prefix('"')?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::{Found, next_record};

    const ID: &str = "00000000-0000-0000-0000-000000000009";

    fn line(before: &str, detail: &str) -> String {
        format!(
            r#"{{"version":"0","id":"{ID}","detail-type":"push","source":"s","account":"1","time":"2026-03-02T10:00:00Z","resources":[]{before},"detail":{detail}}}"#
        )
    }

    /// What is found where the detail is JSON; it must be what is found the careful way.
    fn found(window: &str, last: bool) -> Option<Range<usize>> {
        let (range, envelope) = plain_record(window.as_bytes(), 0, last)?;
        let is_json = serde_json::from_str::<&serde_json::value::RawValue>(envelope.detail);
        is_json.ok().filter(|json| json.get() == envelope.detail)?;
        match next_record(window.as_bytes(), 0, last) {
            Found::Record { range: careful, envelope: other } => {
                assert_eq!(range, careful, "{window}");
                assert_eq!(format!("{envelope:?}"), format!("{other:?}"), "{window}");
            }
            other => panic!("{window}: {other:?}"),
        }
        Some(range)
    }

    #[test]
    fn what_a_bus_writes_is_plain() {
        let delivery =
            format!(r#""_delivery":{{"id":"{ID}","received_at":"2026-03-02T10:00:00Z"}}"#);
        for detail in [
            r#"{"a":1}"#.to_owned(),
            format!(r#"{{{delivery},"a":"\n\u00e4 ä"}}"#),
            format!(r#"{{"a":[{{}}],{delivery}}}"#),
            format!("{{{delivery}}}"),
        ] {
            let one = line("", &detail);
            assert_eq!(found(&format!("{one}\n{one}\n"), false), Some(0..one.len()));
            assert_eq!(found(&format!(" \n {one} \r\n"), false), Some(3..3 + one.len()));
            assert_eq!((found(&one, true), found(&one, false)), (Some(0..one.len()), None));
        }
        let spaced = line(r#" , "region" : "r" "#, " {} ").replacen('{', "{ ", 1);
        assert_eq!(found(&spaced, true), Some(0..spaced.len()));
    }

    #[test]
    fn what_is_unusual_is_left_to_the_careful_way() {
        let plain = line("", r#"{"a":1}"#);
        for window in [
            String::new(),
            " \n".to_owned(),
            format!("{plain}{plain}"),
            format!("[{plain}]"),
            plain.replace("}}", r#"},"more":1}"#),
            plain.replace("\"version\"", "\"id\""),
            plain.replace("\"version\"", "\"vers\\u0069on\""),
            plain.replace("\"s\"", "null"),
            plain.replace("\"s\"", "\"\\u0073\""),
            plain.replace("\"s\"", "\"a\tb\""),
            plain.replace("\"a\"", "\"a\tb\""),
            plain.replace("\"a\"", "\"a\u{1}b\""),
            plain.replace(r#""detail-type":"push","#, ""),
            plain.replace("[]", "[01]"),
            plain.replace("[],", "[]"),
            plain.replace(ID, "9"),
            line("", "[]"),
            line("", r#"{"_delivery":7}"#),
            line(r#","detail":{}"#, "{}"),
            line(r#","detail-type":"x""#, "{}"),
        ] {
            assert_eq!(found(&window, true), None, "{window}");
        }
        let mut broken = plain.into_bytes();
        let at = broken.len() - 4;
        broken[at] = 0xff;
        assert!(plain_record(&broken, 0, true).is_none());
    }
}
