//! `event::framing`: items stand in their order, within the bytes, and leave nothing out.

use octolake_event::framing::{Found, Resume, next_record, resume};

pub(crate) fn check(data: &[u8]) {
    walk(data);
    // The same bytes as the beginning of something longer.
    let mut at = 0;
    loop {
        match next_record(data, at, false) {
            Found::Record { range, .. } => {
                assert!(at <= range.start && range.start < range.end && range.end <= data.len());
                at = range.end;
            }
            Found::Broken { range, open, .. } => {
                assert!(at <= range.start && range.start < range.end && range.end <= data.len());
                at = range.end;
                if open {
                    break;
                }
            }
            Found::Incomplete(start) => {
                assert!(at <= start && start < data.len());
                break;
            }
            Found::End => break,
        }
    }
    for last in [false, true] {
        match resume(data, 0, false, last) {
            Resume::Record(place) => {
                // What is resumed at is read, and not begun with a fault of its own.
                match next_record(data, place, last) {
                    Found::Record { range, .. } | Found::Broken { range, open: false, .. } => {
                        assert_eq!(range.start, place);
                    }
                    other => panic!("{other:?} where an envelope stands"),
                }
            }
            Resume::Begun(place) => assert!(!last && place < data.len()),
            Resume::Nothing(place) => assert!(place <= data.len()),
        }
    }
}

/// Goes through all of the bytes, which nothing follows.
fn walk(data: &[u8]) {
    let mut at = 0;
    loop {
        let range = match next_record(data, at, true) {
            Found::Record { range, envelope } => {
                assert!(envelope.detail.starts_with('{'));
                range
            }
            Found::Broken { range, fault, open, .. } => {
                assert!(!open, "the last bytes leave nothing open");
                assert!(!fault.reason().word().is_empty() && !fault.to_string().is_empty());
                range
            }
            Found::Incomplete(_) => panic!("the last bytes are never incomplete"),
            Found::End => break,
        };
        assert!(range.start < range.end && range.end <= data.len());
        assert!(is_blank(&data[at..range.start]), "{at} to {} is left out", range.start);
        at = range.end;
    }
    assert!(is_blank(&data[at..]), "the end is left out");
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_whitespace)
}
