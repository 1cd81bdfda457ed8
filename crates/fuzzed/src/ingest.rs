//! `ingest`: only what is signed is taken, and what is taken comes back out of its record.

use chrono::DateTime;
use octolake_event::entry;
use octolake_event::framing::{Found, next_record};
use octolake_ingest::{Endpoint, Headers, HttpRequest, Secret, Secrets, Verdict, VerifiedDelivery};
use serde_json::value::RawValue;

const SECRET: &str = "It's a Secret to Everybody";
const ID: &str = "72d3162e-cc78-11e3-81ab-4c9367dc0958";
const NAMES: [&str; 8] = [
    "content-type",
    "x-github-event",
    "x-github-delivery",
    "x-github-enterprise-host",
    "x-github-hook-id",
    "x-github-hook-installation-target-type",
    "x-github-hook-installation-target-id",
    "x-hub-signature-256",
];
const USUAL: [&str; 7] =
    ["application/json", "push", ID, "ghe.example.com", "77", "repository", "88"];

/// A byte of bits (which headers are as usual; whether the signature is right), lines that are the
/// other headers, and a body.
pub(crate) fn check(data: &[u8]) {
    let Some((bits, rest)) = data.split_first() else { return };
    let mut lines = rest.splitn(9, |byte| *byte == b'\n');
    let given: Vec<&str> = (0..8)
        .map(|_| lines.next().and_then(|line| str::from_utf8(line).ok()).unwrap_or_default())
        .collect();
    let body = lines.next().unwrap_or_default();
    let right = Secret::from_text(SECRET).unwrap().sign(body);
    let is_usual = |at: usize| bits & (1 << at) != 0;
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for (at, name) in NAMES.into_iter().enumerate() {
        let usual = USUAL.get(at).copied().unwrap_or(&right);
        match (is_usual(at), given[at]) {
            (true, _) => pairs.push((name, usual)),
            (false, "") => {}
            (false, value) => pairs.push((name, value)),
        }
    }
    let signature = pairs.iter().find(|(name, _)| *name == NAMES[7]).map(|(_, value)| *value);
    let verdict_is_signed = match judge(&pairs, body) {
        Verdict::Take(delivery) | Verdict::Ignore(delivery) => {
            comes_back(&delivery);
            true
        }
        Verdict::Reject(rejection) => {
            assert!((400..500).contains(&rejection.status()), "{rejection:?}");
            false
        }
        Verdict::Health => panic!("a delivery is no question after health"),
    };
    let is_right = signature.is_some_and(|signature| is_same(signature, &right));
    assert!(is_right || !verdict_is_signed, "taken with the signature {signature:?}");
}

/// A body under a right signature, as JSON and as a form: never both, whatever it is.
pub(crate) fn check_form(data: &[u8]) {
    let right = Secret::from_text(SECRET).unwrap().sign(data);
    let taken = ["application/json", "application/x-www-form-urlencoded"].map(|content_type| {
        let mut pairs: Vec<_> = NAMES.into_iter().zip(USUAL).collect();
        pairs[0].1 = content_type;
        pairs.push((NAMES[7], &right));
        let verdict = judge(&pairs, data);
        let delivery = verdict.delivery()?;
        comes_back(delivery);
        Some(delivery.payload().to_owned())
    });
    let [json, form] = taken;
    assert!(json.is_none() || form.is_none(), "read both ways");
    if let Some(json) = json {
        assert_eq!(json.as_bytes(), data);
    }
    if form.is_some() {
        assert!(data.starts_with(b"payload=") && !data.contains(&b'&'));
    }
}

fn judge<'a>(pairs: &[(&str, &'a str)], body: &'a [u8]) -> Verdict<'a> {
    let secrets = Secrets::new(vec![Secret::from_text(SECRET).unwrap()]).unwrap();
    let headers = Headers::from_pairs(pairs);
    let received_at = DateTime::from_timestamp_millis(1_772_445_600_250).unwrap();
    let request = HttpRequest { method: "POST", path: "/webhook", headers, body, received_at };
    Endpoint::new(secrets).judge(&request)
}

/// Hex digits have no case.
fn is_same(signature: &str, right: &str) -> bool {
    signature.starts_with("sha256=") && signature.eq_ignore_ascii_case(right)
}

/// What ingest writes is what the compactor reads.
fn comes_back(delivery: &VerifiedDelivery<'_>) {
    let payload = delivery.payload();
    let value: &RawValue = serde_json::from_str(payload).expect("a payload is JSON");
    let entry = delivery.to_entry();
    let line = entry::envelope_line(&entry, ID, delivery.meta().received_at);
    assert!(!line.bytes().any(|byte| byte < b' '), "one record is one line");
    let Found::Record { range, envelope } = next_record(line.as_bytes(), 0, true) else {
        panic!("{line} is no record");
    };
    assert_eq!(range, 0..line.len());
    assert_eq!(&envelope.meta, delivery.meta());
    assert_eq!((&*envelope.detail_type, &*envelope.source), (&*entry.detail_type, &*entry.source));
    // Its own text, but for the space in front of its first member and breaks between tokens.
    let inner = value.get()[1..].trim_start();
    let spaced: String = inner.chars().map(|c| if c < ' ' { ' ' } else { c }).collect();
    assert_eq!(envelope.payload.to_text(), format!("{{{spaced}"));
}
