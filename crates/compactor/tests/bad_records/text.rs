//! Bytes that are no UTF-8, or another encoding.

use crate::case::{Case, broken, delivery, ours, stored};
use crate::lake::gzip;

const NOT: &str = "not_json";

/// Bytes that no UTF-8 text has.
const INVALID: &[&[u8]] = &[
    b"\xff",
    b"\xfe",
    b"\x80",
    b"\xbf",
    b"\xc0\x80",
    b"\xc1\xbf",
    b"\xc3",
    b"\xe0\x80\x80",
    b"\xe2\x82",
    b"\xed\xa0\x80",
    b"\xed\xb0\x80",
    b"\xf0\x80\x80\x80",
    b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80",
    b"\xf8\x88\x80\x80\x80",
];

/// A record of ours with `bytes` instead of the first `text` in it.
fn with(text: &str, bytes: &[u8]) -> Vec<u8> {
    let line = ours(&delivery().json()).json();
    let at = line.find(text).unwrap();
    [&line.as_bytes()[..at], bytes, &line.as_bytes()[at + text.len()..]].concat()
}

pub(crate) fn invalid() -> Vec<Case> {
    let mut cases = vec![];
    for bytes in INVALID {
        cases.push(Case::new(
            format!("{bytes:x?} in a payload"),
            with("created", bytes),
            broken(NOT),
        ));
        cases.push(Case::new(format!("{bytes:x?} alone"), *bytes, broken(NOT)));
    }
    for at in [
        "star",
        "github.com",
        "detail-type",
        "_delivery",
        "2026-03-02T10:00:00Z",
        "action",
        "[]",
        ",\"id\"",
        "5e1f",
    ] {
        cases.push(Case::new(format!("ff at {at}"), with(at, b"\xff"), broken(NOT)));
    }
    // Members that nobody reads are not looked into.
    for at in ["123456789012", "eu-central-1"] {
        cases.push(Case::new(format!("ff at {at}"), with(at, b"\xff"), stored()));
    }
    cases
}

pub(crate) fn encodings() -> Vec<Case> {
    let line = ours(&delivery().json()).json();
    let units =
        |bytes: fn(u16) -> [u8; 2]| line.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let (little, big) = (units(u16::to_le_bytes), units(u16::to_be_bytes));
    let latin: Vec<u8> =
        line.replace("created", "cr\u{e9}\u{e9}").chars().map(|c| c as u8).collect();
    vec![
        Case::new("UTF-16LE", little.clone(), broken(NOT)),
        Case::new("UTF-16BE", big.clone(), broken(NOT)),
        Case::new("UTF-16LE with its mark", [b"\xff\xfe", &little[..]].concat(), broken(NOT)),
        Case::new("UTF-16BE with its mark", [b"\xfe\xff", &big[..]].concat(), broken(NOT)),
        Case::new(
            "UTF-32LE",
            line.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect::<Vec<u8>>(),
            broken(NOT),
        ),
        Case::new("Latin-1", latin, broken(NOT)),
        Case::new("gzip in the middle", gzip(line.as_bytes()), broken(NOT)),
        Case::new("a zip", b"PK\x03\x04\x14\x00\x00\x00\x08\x00".to_vec(), broken(NOT)),
        Case::new("a Parquet file", b"PAR1\x15\x04\x15\x10PAR1".to_vec(), broken(NOT)),
        Case::new("CBOR", b"\xa1\x67version\x61\x30".to_vec(), broken(NOT)),
        Case::new("every byte", (0..=255).collect::<Vec<u8>>(), broken(NOT)),
    ]
}
