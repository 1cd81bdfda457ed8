//! Finding the records in the bytes of a raw object.
//!
//! Records stand one per line or concatenated with nothing between them; Firehose writes either.
//! A record that cannot be read must not cost its neighbours: after one, the next place is sought
//! where a whole envelope can be read. A string cannot fake such a place, because every quote
//! inside a string is escaped.

use std::ops::Range;

use memchr::memmem;
use serde_json::value::RawValue;

use crate::envelope::{Envelope, EnvelopeError, WireEnvelope};
use crate::reason::Reason;

/// How every envelope of an event bus begins.
const ENVELOPE_START: &[u8] = b"{\"version\":\"";

/// Attempts to resume after a broken record may read this many times the bytes that there are:
/// text made to look like a thousand beginnings must not cost a thousand readings.
const RESUME_EFFORT: usize = 16;

/// What stands at a place in a raw object's bytes. Ranges are of the window that was given.
#[derive(Debug)]
pub enum Found<'a> {
    /// One delivery.
    Record {
        /// Where it stands.
        range: Range<usize>,
        /// What it is; boxed, since the other cases are small.
        envelope: Box<Envelope<'a>>,
    },
    /// Bytes that are no delivery, up to where the next record may begin.
    Broken {
        /// Where they stand.
        range: Range<usize>,
        /// What is wrong with them.
        fault: Fault,
        /// Whether the window holds no whole record behind them: they may go on, see [`resume`].
        open: bool,
        /// Whether, where they are open, the window ends inside of what begins behind them.
        begun: bool,
    },
    /// The window ends inside a record, which begins at this place.
    Incomplete(usize),
    /// Nothing but white space is left.
    End,
}

/// Why bytes of a raw object are no delivery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// The object ends inside this record.
    #[error("the object ends inside the record")]
    Truncated,
    /// Larger than a record may be.
    #[error("the record is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// JSON, but no delivery.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
}

impl Fault {
    /// The kind of fault.
    pub fn reason(&self) -> Reason {
        match self {
            Self::NotJson(_) => Reason::NotJson,
            Self::Truncated => Reason::Truncated,
            Self::TooLarge { .. } => Reason::TooLarge,
            Self::Envelope(error) => error.reason(),
        }
    }
}

/// What stands in `window` at `from`. `last` says that no bytes follow the window.
pub fn next_record(window: &[u8], from: usize, last: bool) -> Found<'_> {
    let start = from + window[from..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    if start == window.len() {
        return Found::End;
    }
    let fault = match read_envelope(window, start) {
        Ok((end, wire)) => return record(start..end, wire),
        // A number or word may go on behind the window: only what closes itself is whole.
        Err(error) if error.is_eof() => {
            if !last {
                return Found::Incomplete(start);
            }
            Fault::Truncated
        }
        Err(error) => match end_of_value(window, start, last) {
            Some(end) => {
                if let Some(found) = quote_before_record(window, start..end, last) {
                    return found;
                }
                let fault = EnvelopeError::NotAnEnvelope(error.to_string()).into();
                return Found::Broken { range: start..end, fault, open: false, begun: false };
            }
            None => Fault::NotJson(error.to_string()),
        },
    };
    let next = resume(window, start + 1, false, last);
    let open = !last && !matches!(next, Resume::Record(_));
    let begun = open && matches!(next, Resume::Begun(_));
    Found::Broken { range: start..next.place(), fault, open, begun }
}

/// Where reading may go on behind a broken record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// A whole envelope stands here.
    Record(usize),
    /// One may begin here: the window ends inside of it.
    Begun(usize),
    /// There is none in the window. Before this place none can begin, whatever follows the window.
    Nothing(usize),
}

impl Resume {
    /// The place.
    pub fn place(self) -> usize {
        match self {
            Self::Record(place) | Self::Begun(place) | Self::Nothing(place) => place,
        }
    }
}

/// The first place from `from` on where a whole envelope stands in the window. `begun` says that one
/// may begin at `from`, as was found before: what stood in front of that place need not be in the
/// window any more.
pub fn resume(window: &[u8], from: usize, begun: bool, last: bool) -> Resume {
    let mut effort = window.len().saturating_mul(RESUME_EFFORT);
    let mut unfinished = None;
    let mut next = if begun { Some(from) } else { next_beginning(window, from) };
    while let Some(place) = next {
        let read = match read_envelope(window, place) {
            Ok(_) => return Resume::Record(place),
            Err(error) if error.is_eof() => {
                unfinished = unfinished.or(Some(place));
                window.len() - place
            }
            Err(error) => error.column(),
        };
        match effort.checked_sub(read.max(1)) {
            Some(rest) => effort = rest,
            None => break,
        }
        next = next_beginning(window, place + 1);
    }
    if last {
        return Resume::Nothing(window.len());
    }
    // The window may end inside the few bytes by which a beginning is known.
    let tail = window.len().saturating_sub(ENVELOPE_START.len()).max(from).min(window.len());
    unfinished.map_or(Resume::Nothing(tail), Resume::Begun)
}

/// The next place from `from` on where a record might begin: a `{` at the start of a line, right
/// behind a `}`, or as an envelope begins. Where the window begins says nothing.
fn next_beginning(window: &[u8], from: usize) -> Option<usize> {
    let rest = window.get(from..)?;
    let typical = memmem::find(rest, ENVELOPE_START).map(|at| from + at);
    let limit = typical.unwrap_or(window.len());
    let is_behind_end = |at: usize| {
        let before = at.checked_sub(1).map(|before| window[before]);
        matches!(before, Some(b'\n' | b'\r' | b'}'))
    };
    let mut braces = memchr::memchr_iter(b'{', &window[from..limit]).map(|at| from + at);
    braces.find(|at| is_behind_end(*at)).or(typical)
}

/// A quote that nothing closes makes a string of everything up to the next record's first own quote,
/// and would take that record's beginning with it.
fn quote_before_record(window: &[u8], value: Range<usize>, last: bool) -> Option<Found<'_>> {
    let Range { start, end } = value;
    let string = window[start..end].strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let brace = memchr::memrchr(b'{', string)?;
    if !string[brace + 1..].iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    let place = start + 1 + brace;
    match read_envelope(window, place) {
        Ok(_) => {
            let fault = Fault::NotJson("a quote that nothing closes".to_owned());
            Some(Found::Broken { range: start..place, fault, open: false, begun: false })
        }
        Err(error) if error.is_eof() && !last => Some(Found::Incomplete(start)),
        Err(_) => None,
    }
}

fn read_envelope(window: &[u8], at: usize) -> serde_json::Result<(usize, WireEnvelope<'_>)> {
    if window[at] != b'{' {
        return Err(read_other(window, at));
    }
    let mut values = serde_json::Deserializer::from_slice(&window[at..]).into_iter();
    match values.next() {
        Some(Ok(wire)) => Ok((at + values.byte_offset(), wire)),
        Some(Err(error)) => Err(error),
        // Only white space gives nothing, and the caller has skipped that.
        None => Err(serde::de::Error::custom("no value")),
    }
}

/// Why what stands there, which is no object, is no envelope. An array of the same values would do
/// for the reader of an envelope.
fn read_other(window: &[u8], at: usize) -> serde_json::Error {
    let mut values = serde_json::Deserializer::from_slice(&window[at..]).into_iter::<&RawValue>();
    match values.next() {
        Some(Err(error)) => error,
        _ => serde::de::Error::custom("it is no object"),
    }
}

fn end_of_value(window: &[u8], at: usize, last: bool) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_slice(&window[at..]).into_iter::<&RawValue>();
    values.next()?.ok()?;
    let end = at + values.byte_offset();
    (last || end < window.len() || matches!(window[end - 1], b'}' | b']' | b'"')).then_some(end)
}

fn record(range: Range<usize>, wire: WireEnvelope<'_>) -> Found<'_> {
    match Envelope::from_wire(wire) {
        Ok(envelope) => Found::Record { range, envelope: Box::new(envelope) },
        Err(error) => Found::Broken { range, fault: error.into(), open: false, begun: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: u128, detail: &str) -> String {
        let id = crate::DeliveryId::from_u128(id);
        format!(
            r#"{{"version":"0","id":"{id}","detail-type":"push","source":"github.com","time":"2026-03-02T10:00:00Z","detail":{detail}}}"#
        )
    }

    /// Ids of the records, and reasons with lengths of the rest.
    fn walk(bytes: &[u8]) -> (Vec<u128>, Vec<(&'static str, usize)>) {
        let (mut ids, mut faults, mut at) = (vec![], vec![], 0);
        loop {
            match next_record(bytes, at, true) {
                Found::Record { range, envelope } => {
                    ids.push(envelope.meta.id.as_u128());
                    at = range.end;
                }
                Found::Broken { range, fault, open, .. } => {
                    assert!(!open, "the last window leaves nothing open");
                    faults.push((fault.reason().word(), range.len()));
                    assert!(range.end > at);
                    at = range.end;
                }
                Found::Incomplete(_) => panic!("the last window is never incomplete"),
                Found::End => return (ids, faults),
            }
        }
    }

    #[test]
    fn every_framing_gives_the_same_records() {
        let lines: Vec<String> = (1..=3).map(|id| line(id, r#"{"a":"}{"}"#)).collect();
        for separator in ["", "\n", "\r\n", " \n\n\t"] {
            assert_eq!(walk(lines.join(separator).as_bytes()), (vec![1, 2, 3], vec![]));
        }
    }

    #[test]
    fn a_broken_record_costs_no_neighbour_in_any_framing() {
        let whole = line(2, r#"{"a":{"b":"c"}}"#);
        for separator in ["", "\n"] {
            for cut in 1..whole.len() {
                let text = [&line(1, "{}"), &whole[..cut], &line(3, "{}"), &line(4, "{}")]
                    .map(|s| s.to_owned());
                let (ids, faults) = walk(text.join(separator).as_bytes());
                assert_eq!(ids, vec![1, 3, 4], "cut at {cut}, separator {separator:?}");
                assert_eq!(faults.len(), 1, "cut at {cut}, separator {separator:?}");
            }
        }
    }

    #[test]
    fn a_string_cannot_fake_a_record() {
        let fake = serde_json::Value::from(format!("}}\n{}", line(9, "{}"))).to_string();
        let text = format!("{}\n{}", &line(1, &format!(r#"{{"a":{fake}"#)), line(2, "{}"));
        let (ids, faults) = walk(text.as_bytes());
        assert_eq!(ids, vec![2]);
        assert_eq!(faults.len(), 1);
    }

    #[test]
    fn what_no_reader_can_hold_is_a_delivery_all_the_same() {
        let deep = format!(r#"{{"a":{}1{}}}"#, "[{\"b\":".repeat(50_000), "}]".repeat(50_000));
        for detail in [
            r#"{"a":1e999,"b":-1e999}"#,
            r#"{"a":"\ud800","b":"\udfff\ud800"}"#,
            r#"{"\ud800":{"\udc00":1}}"#,
            &deep,
        ] {
            let delivery = r#"{"id":"00000000-0000-0000-0000-00000000000a","received_at":"2026-03-02T10:00:00Z"}"#;
            let members = &detail[1..];
            let ours = line(2, &format!(r#"{{"_delivery":{delivery},{members}"#));
            let text = [line(1, "{}"), ours, line(3, detail), line(4, "{}")].concat();
            assert_eq!(walk(text.as_bytes()), (vec![1, 10, 3, 4], vec![]), "{:.40}", detail);
        }
    }

    #[test]
    fn an_envelope_may_hold_what_nobody_reads() {
        for (member, reasons) in [
            (r#""region":1e999"#, vec![]),
            (r#""region":"\ud800""#, vec![]),
            (r#""region":{"\ud800":1e999}"#, vec![]),
            (r#""\ud800":1"#, vec!["not_an_envelope"]),
            (r#""source":"\ud800""#, vec!["not_an_envelope"]),
        ] {
            let odd = line(2, "{}").replacen(r#""source":"github.com""#, member, 1);
            let (ids, faults) = walk([line(1, "{}"), odd, line(3, "{}")].concat().as_bytes());
            assert_eq!(faults.iter().map(|fault| fault.0).collect::<Vec<_>>(), reasons, "{member}");
            assert_eq!(ids.contains(&2), reasons.is_empty(), "{member}");
            assert!(ids.contains(&1) && ids.contains(&3), "{member}");
        }
    }

    #[test]
    fn faults_are_told_apart() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert_eq!(walk(line(1, &format!(r#"{{"a":{deep}}}"#)).as_bytes()), (vec![1], vec![]));
        for (bytes, reason) in [
            (&b"123"[..], "not_an_envelope"),
            (b"{}", "not_an_envelope"),
            (b"\"x\"", "not_an_envelope"),
            (b"hello", "not_json"),
            (b"{\"version\":", "truncated"),
            (b"\xff\xfe{}", "not_json"),
            (br#"{"detail-type":"push","detail":[]}"#, "detail_not_an_object"),
        ] {
            let (ids, faults) = walk(bytes);
            assert_eq!((ids.len(), faults.len(), faults[0].0), (0, 1, reason));
        }
        let invalid = line(1, "{\"a\":\"?\"}").replace('?', "\u{1}").into_bytes();
        assert_eq!(walk(&invalid).1[0].0, "not_json");
        let mut not_utf8 = line(1, "{\"a\":\"?\"}").into_bytes();
        let at = not_utf8.iter().position(|b| *b == b'?').unwrap();
        not_utf8[at] = 0xff;
        assert_eq!(walk(&not_utf8).1[0].0, "not_json");
    }

    #[test]
    fn the_end_of_a_window_asks_for_more() {
        let text = format!("{}\n{}", line(1, "{}"), line(2, "{}"));
        let first = line(1, "{}").len();
        for end in first + 2..text.len() {
            assert!(
                matches!(next_record(&text.as_bytes()[..end], first, false), Found::Incomplete(at) if at == first + 1)
            );
        }
    }

    #[test]
    fn a_thousand_beginnings_are_given_up_soon() {
        let nest = r#"{"version":"0","a":"#.repeat(50_000);
        let started = std::time::Instant::now();
        let (ids, faults) = walk(nest.as_bytes());
        assert_eq!((ids.len(), faults.len()), (0, 1));
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    }
}
