//! A delivery that is too large for a bus, in two pieces: its body, which lies in the lake, and a
//! small entry that says where, and enough of the payload for rules to match.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use octolake_event::{BusEntry, DeliveryMeta, LargeRef, layout};
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::delivery::VerifiedDelivery;

/// What is kept of a payload, beside `action`: these objects' `id`, `name` and `login`.
const OBJECTS: [&str; 5] = ["enterprise", "installation", "organization", "repository", "sender"];
const MEMBERS: [&str; 3] = ["id", "login", "name"];
/// A value with a longer text is left out, in bytes: the entry has to be small whatever comes.
const MAX_VALUE: usize = 1024;

/// The two pieces. The body has to be stored first, so that no entry names what is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimCheck {
    /// Where the body goes, relative to the lake.
    pub key: String,
    /// The payload as received, gzipped. The same payload always gives the same bytes.
    pub body: Vec<u8>,
    /// What goes to the bus.
    pub entry: BusEntry,
}

impl ClaimCheck {
    /// Splits `delivery`.
    pub fn of(delivery: &VerifiedDelivery<'_>) -> Self {
        let payload = delivery.payload();
        let key = layout::large_key(delivery.meta().received_at, delivery.meta().id);
        let large = LargeRef {
            key: key.clone(),
            bytes: payload.len() as u64,
            sha256: hex::encode(Sha256::digest(payload)),
        };
        let meta = DeliveryMeta { large: Some(large), ..delivery.meta().clone() };
        let entry = delivery.entry_of(&meta, &summary(payload));
        Self { key, body: gzip(payload.as_bytes()), entry }
    }
}

type Members<'a> = BTreeMap<String, &'a RawValue>;

/// What is kept of one member of the payload.
#[derive(Serialize)]
#[serde(untagged)]
enum Kept<'a> {
    Value(&'a RawValue),
    Object(Members<'a>),
}

/// The payload's few members that rules match on, as compact JSON.
fn summary(payload: &str) -> String {
    let mut members: Members<'_> = serde_json::from_str(payload).unwrap_or_default();
    let mut kept = BTreeMap::new();
    if let Some(action) = members.remove("action").filter(|value| is_short(value)) {
        kept.insert("action", Kept::Value(action));
    }
    for name in OBJECTS {
        let object =
            members.remove(name).and_then(|object| serde_json::from_str(object.get()).ok());
        let object: Members<'_> = object.unwrap_or_default();
        let object: Members<'_> = object
            .into_iter()
            .filter(|(member, value)| MEMBERS.contains(&member.as_str()) && is_short(value))
            .collect();
        if !object.is_empty() {
            kept.insert(name, Kept::Object(object));
        }
    }
    // Strings and JSON that was parsed before: serialisation has no way to fail.
    serde_json::to_string(&kept).unwrap_or_else(|_| "{}".to_owned())
}

/// A string, a number, a boolean or null, and no long one.
fn is_short(value: &RawValue) -> bool {
    let text = value.get();
    text.len() <= MAX_VALUE && !text.starts_with(['{', '['])
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    // Fast: JSON of this size shrinks tenfold at any level, and GitHub is waiting.
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 8), Compression::fast());
    // A `Vec` takes every write.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;
    use crate::{Headers, Secret, Secrets, SignedBody};

    const ID: &str = "72d3162e-cc78-11e3-81ab-4c9367dc0958";

    fn split(payload: &str) -> ClaimCheck {
        let secret = Secret::from_text("s").unwrap();
        let signature = secret.sign(payload.as_bytes());
        let secrets = Secrets::new(vec![secret]).unwrap();
        let body = SignedBody::verify(payload.as_bytes(), Some(&signature), &secrets).unwrap();
        let headers = Headers::from_pairs(&[
            ("content-type", "application/json"),
            ("x-github-event", "push"),
            ("x-github-delivery", ID),
        ]);
        let at = "2026-03-02T10:00:00.25Z".parse().unwrap();
        ClaimCheck::of(&VerifiedDelivery::check(&headers, body, at).unwrap())
    }

    #[test]
    fn the_body_is_whole_and_the_entry_says_where_it_is() {
        let payload = "{\n \"action\": \"x\",\n \"n\": 1.50 }";
        let split = split(payload);
        assert_eq!(split.key, format!("large/2026/03/02/{ID}.json.gz"));
        let mut body = String::new();
        GzDecoder::new(split.body.as_slice()).read_to_string(&mut body).unwrap();
        assert_eq!(body, payload);
        // printf '{\n "action": "x",\n "n": 1.50 }' | sha256sum
        let sha256 = "613840228c57186cbcf00b1e5034d21faa62344d400861d7355e998b589c0c26";
        assert_eq!(
            split.entry.detail,
            format!(
                r#"{{"_delivery":{{"id":"{ID}","received_at":"2026-03-02T10:00:00.250Z","large":{{"key":"{}","bytes":30,"sha256":"{sha256}"}}}},"action":"x"}}"#,
                split.key
            )
        );
        assert_eq!(split.entry.detail_type, "push");
    }

    #[test]
    fn names_and_numbers_stay_for_rules_to_match() {
        let payload = r#"{"ref":"main","repository":{"id":12345678901234567890,"full_name":"o/r","name":"r","owner":{"login":"o"}},
            "sender":{"login":"\u00e9","id":2,"type":"User"},"organization":{"login":"o"},"installation":{"id":3,"node_id":"x"},
            "enterprise":{"id":4,"name":"E","slug":"e"},"action":null}"#;
        assert_eq!(
            summary(payload),
            r#"{"action":null,"enterprise":{"id":4,"name":"E"},"installation":{"id":3},"organization":{"login":"o"},"repository":{"id":12345678901234567890,"name":"r"},"sender":{"id":2,"login":"\u00e9"}}"#
        );
    }

    #[test]
    fn an_entry_is_small_whatever_the_payload_holds() {
        let long = "x".repeat(2000);
        let payload = format!(
            r#"{{"action":"{long}","action":{{"a":1}},"sender":[{{"id":1}}],"repository":{{"id":[1],"name":"{long}","login":"l"}},"organization":null}}"#
        );
        assert_eq!(summary(&payload), r#"{"repository":{"login":"l"}}"#);
        assert_eq!(summary("{}"), "{}");
    }
}
