//! Every record of the table in every framing, one raw object each, one run per framing.

use std::collections::{BTreeMap, HashSet};

use arrow_array::cast::AsArray;
use futures::TryStreamExt;
use octolake_compactor::Settings;
use octolake_compactor::quarantine::{self, Entry};
use octolake_event::DeliveryId;
use octolake_store::Lake;

use crate::case::{Case, NEIGHBOUR, Row, SELF};
use crate::lake::{batches, counts, gzip, push, put, run};
use crate::{claim_check, delivery, envelope, payload, syntax, text};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Lines,
    Concatenated,
    Gzip,
    Members,
}

fn cases() -> Vec<Case> {
    let cases = [
        envelope::around_ours(),
        envelope::details(),
        envelope::foreign(),
        envelope::repeats(),
        envelope::shapes(),
        delivery::itself(),
        delivery::identity(),
        delivery::told(),
        claim_check::members(),
        claim_check::objects(),
        payload::columns(),
        payload::entities(),
        payload::odd(),
        syntax::garbage(),
        syntax::faults(),
        syntax::company(),
        syntax::cut_short(),
        syntax::cut_off(),
        text::invalid(),
        text::encodings(),
    ]
    .concat();
    // A case that repeats another proves nothing.
    let mut seen = HashSet::new();
    cases.into_iter().filter(|case| seen.insert(case.bytes.clone())).collect()
}

fn guid(id: u128) -> String {
    DeliveryId::from_u128(id).to_string()
}

fn replace(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        if bytes[at..].starts_with(from.as_bytes()) {
            out.extend_from_slice(to.as_bytes());
            at += from.len();
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

/// The ids of a case: in front of it, itself, and two behind it.
fn ids(number: usize) -> [u128; 4] {
    // Twelve hex digits at the end are the placeholder's too, and its letters stay in small.
    [1, 2, 3, 4].map(|n| (number as u128 + 1) * 16 + n)
}

fn raw_key(number: usize) -> String {
    format!("raw/2026/03/02/10/{number:05}")
}

/// A raw object, the bytes it has when decompressed, and where in them the record stands.
fn framed(
    number: usize,
    case: &Case,
    framing: Framing,
) -> (Vec<u8>, Vec<u8>, std::ops::Range<usize>) {
    let [before, own, behind, last] = ids(number);
    let bytes = replace(&case.bytes, SELF, &guid(own));
    let bytes = replace(&bytes, NEIGHBOUR, &guid(before));
    let bytes = replace(&bytes, &NEIGHBOUR.to_uppercase(), &guid(before).to_uppercase());
    let end: &[u8] = match framing {
        Framing::Lines | Framing::Gzip => b"\n",
        Framing::Concatenated | Framing::Members => b"",
    };
    let neighbours = [before, behind, last].map(|id| push(id, 2).into_bytes());
    let start = neighbours[0].len() + end.len();
    let place = start..start + bytes.len();
    let records = [&neighbours[0], &bytes, &neighbours[1], &neighbours[2]];
    let plain = records.map(|record| [record, end].concat()).concat();
    let object = match framing {
        Framing::Lines | Framing::Concatenated => plain.clone(),
        Framing::Gzip => gzip(&plain),
        // The members end in the middle of things.
        Framing::Members => plain.chunks(plain.len().div_ceil(4)).flat_map(gzip).collect(),
    };
    (object, plain, place)
}

/// The rows of a raw object: id, and the columns that are NULL for what they hold, sorted.
type Rows = BTreeMap<String, BTreeMap<u128, String>>;

async fn rows(lake: &Lake) -> Rows {
    let mut rows = Rows::new();
    for batch in batches(lake).await {
        let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>();
        let (ids, keys, issues) = (text("delivery_id"), text("raw_key"), text("parse_issues"));
        for at in 0..batch.num_rows() {
            let id: DeliveryId = ids.value(at).parse().unwrap();
            let mut columns: Vec<&str> =
                issues.value(at).split(',').filter(|column| !column.is_empty()).collect();
            columns.sort_unstable();
            for column in &columns {
                assert!(batch.column_by_name(column).unwrap().is_null(at), "{column} of {id}");
            }
            let of_key = rows.entry(keys.value(at).to_owned()).or_default();
            assert_eq!(of_key.insert(id.as_u128(), columns.join(",")), None, "{id} is there twice");
        }
    }
    rows
}

async fn entries(lake: &Lake) -> BTreeMap<String, Vec<Entry>> {
    let mut entries: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    let all: Vec<_> = quarantine::list(lake).await.unwrap().try_collect().await.unwrap();
    for listed in all {
        let entry = listed.entry.expect("only entries are there");
        let name = entry.raw_key.strip_prefix("raw/").unwrap();
        assert_eq!(listed.key, format!("quarantine/{name}/{:012}.json", entry.offset));
        entries.entry(entry.raw_key.clone()).or_default().push(entry);
    }
    entries
}

async fn check(framing: Framing, settings: &Settings) {
    let cases = cases();
    assert!(cases.len() > 1_200, "{} cases", cases.len());
    let lake = Lake::in_memory();
    for (key, body) in claim_check::in_the_lake() {
        put(&lake, &key, body).await;
    }
    for (number, case) in cases.iter().enumerate() {
        put(&lake, &raw_key(number), framed(number, case, framing).0).await;
    }
    let report = run(&lake, settings).await;
    assert_eq!((report.failed.len(), report.objects), (0, cases.len() as u64));
    let (rows, entries) = (rows(&lake).await, entries(&lake).await);
    let mut wrong = Vec::new();
    let mut expected = [0; 4];
    for (number, case) in cases.iter().enumerate() {
        let key = raw_key(number);
        let found = rows.get(&key).cloned().unwrap_or_default();
        let entries = entries.get(&key).map_or(&[][..], Vec::as_slice);
        if let Some(fault) = fault(&lake, settings, (number, case), framing, &found, entries).await
        {
            wrong.push(format!("{number} {}: {fault}", case.name));
        }
        let of_row = [Row::None != case.verdict.row, matches!(case.verdict.row, Row::Stored(_))];
        let quarantined = case.verdict.reasons.len() as u64;
        expected[0] += 3 + u64::from(of_row[0]) + quarantined;
        expected[1] += 3 + u64::from(of_row[1]);
        expected[2] += u64::from(case.verdict.row == Row::Duplicate);
        expected[3] += quarantined;
    }
    assert!(wrong.is_empty(), "{framing:?}: {} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(counts(&report), expected, "{framing:?}");
}

/// What is not as the table says.
async fn fault(
    lake: &Lake,
    settings: &Settings,
    (number, case): (usize, &Case),
    framing: Framing,
    rows: &BTreeMap<u128, String>,
    entries: &[Entry],
) -> Option<String> {
    let [before, own, behind, last] = ids(number);
    let mut expected: BTreeMap<u128, String> =
        [before, behind, last].map(|id| (id, String::new())).into();
    if let Row::Stored(columns) = case.verdict.row {
        let mut columns: Vec<&str> = columns.split(',').collect();
        columns.sort_unstable();
        expected.insert(own, columns.join(","));
    }
    if *rows != expected {
        let ids: Vec<String> =
            rows.iter().map(|(id, columns)| format!("{id:x} {columns}")).collect();
        return Some(format!("{own:x} is {:?}, rows are {ids:?}", case.verdict));
    }
    let reasons: Vec<&str> = entries.iter().map(|entry| &*entry.reason).collect();
    if reasons != case.verdict.reasons {
        return Some(format!("{:?} in quarantine, not {:?}", reasons, case.verdict.reasons));
    }
    let (_, plain, place) = framed(number, case, framing);
    for entry in entries {
        let (start, length) = (entry.offset as usize, entry.length as usize);
        // The line break behind a record may be told with it.
        if start < place.start || start + length > place.end + 1 {
            return Some(format!("{start}+{length} is not in {place:?}"));
        }
        let original = quarantine::original(lake, settings, &entry.raw_key, entry.offset);
        let original = original.await.unwrap();
        let length = match &*entry.reason {
            // These tell the length of the detail; the original is the whole record.
            "bad_claim_check" | "bad_payload" => place.len(),
            _ => length,
        };
        if original.as_deref() != Some(&plain[start..start + length]) {
            return Some(format!("the original at {start} is {original:?}"));
        }
    }
    None
}

#[tokio::test]
async fn one_per_line() {
    check(Framing::Lines, &Settings::default()).await;
}

#[tokio::test]
async fn one_behind_the_other() {
    check(Framing::Concatenated, &Settings::default()).await;
}

#[tokio::test]
async fn lines_in_gzip() {
    check(Framing::Gzip, &Settings::default()).await;
}

#[tokio::test]
async fn members_of_gzip() {
    check(Framing::Members, &Settings::default()).await;
}

/// Where a window ends must not matter.
#[tokio::test]
async fn in_windows_smaller_than_a_record() {
    let settings = Settings { window_bytes: 1, ..Settings::default() };
    check(Framing::Concatenated, &settings).await;
}
