//! Envelope line → what was delivered: the reading half of the raw format.
//!
//! A record is an EventBridge envelope. Only what identifies it is read here, in one pass that
//! borrows from the text; the payload stays text for `octolake-tables` to decode.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::delivery::{DeliveryId, DeliveryMeta, LargeRef};
use crate::entry::DELIVERY_MEMBER;
use crate::origin::Origin;
pub use crate::payload::Payload;
use crate::reason::Reason;
use crate::timestamp;

/// The members of an envelope that octolake reads; all others are skipped.
#[derive(Deserialize)]
pub(crate) struct WireEnvelope<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "detail-type")]
    detail_type: Cow<'a, str>,
    #[serde(borrow)]
    source: Option<Cow<'a, str>>,
    #[serde(borrow)]
    time: Option<Cow<'a, str>>,
    #[serde(borrow)]
    detail: &'a RawValue,
}

/// One delivery, as a raw object holds it.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    /// The event type as sent, unchecked: see [`crate::EventType::partition_of`].
    pub detail_type: Cow<'a, str>,
    /// The host that sent it; empty where the envelope names none.
    pub source: Cow<'a, str>,
    /// Identity and arrival.
    pub meta: DeliveryMeta<'a>,
    /// Who brought it.
    pub origin: Origin,
    /// The `detail` as it stands in the record, `_delivery` and all: what decoding reads.
    pub detail: &'a str,
    /// The payload without `_delivery`.
    pub payload: Payload<'a>,
}

/// Why a record of valid JSON is no delivery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not an envelope: `detail-type` or `detail` is missing or of another type.
    #[error("the record is no event envelope: {0}")]
    NotAnEnvelope(String),
    /// `detail` is no JSON object.
    #[error("the envelope's `detail` is no JSON object")]
    DetailNotAnObject,
    /// `_delivery` is of another form than ingest writes.
    #[error("`_delivery` cannot be read: {0}")]
    BadDelivery(String),
    /// Neither `_delivery.id` nor the envelope's `id` is a GUID.
    #[error("no delivery id: neither `_delivery.id` nor the envelope's `id` is a GUID")]
    NoIdentity,
    /// Neither `_delivery.received_at` nor the envelope's `time` is a time of the years 1970 to 9999.
    #[error(
        "no arrival time: neither `_delivery.received_at` nor the envelope's `time` can be read"
    )]
    NoArrival,
}

impl EnvelopeError {
    /// The kind of fault.
    pub fn reason(&self) -> Reason {
        match self {
            Self::NotAnEnvelope(_) => Reason::NotAnEnvelope,
            Self::DetailNotAnObject => Reason::DetailNotAnObject,
            Self::BadDelivery(_) => Reason::BadDelivery,
            Self::NoIdentity => Reason::NoIdentity,
            Self::NoArrival => Reason::NoArrival,
        }
    }
}

#[derive(Deserialize)]
struct WireDelivery<'a> {
    id: Option<String>,
    received_at: Option<String>,
    hook_id: Option<TextOrNumber>,
    target_type: Option<TextOrNumber>,
    target_id: Option<TextOrNumber>,
    #[serde(borrow)]
    large: Option<&'a RawValue>,
}

/// Reads an object. What reads one would read an array of its members' values as well.
fn read_object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, EnvelopeError> {
    let read = match text.starts_with('{') {
        true => serde_json::from_str(text),
        false => Err(serde::de::Error::custom("it is no object")),
    };
    read.map_err(|error| EnvelopeError::BadDelivery(error.to_string()))
}

/// Ids of hooks and targets come as header texts; other producers write them as numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    Text(String),
    Number(i64),
}

impl TextOrNumber {
    fn into_text<'a>(self) -> Cow<'a, str> {
        Cow::Owned(match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        })
    }
}

impl<'a> Envelope<'a> {
    pub(crate) fn from_wire(wire: WireEnvelope<'a>) -> Result<Self, EnvelopeError> {
        let WireEnvelope { id, detail_type, source, time, detail } = wire;
        let source = source.unwrap_or_default();
        Self::of(detail_type, source, id.as_deref(), time.as_deref(), detail.get())
    }

    /// Of what stands in an envelope: its `id` and `time` count where `_delivery` has none.
    pub(crate) fn of(
        detail_type: Cow<'a, str>,
        source: Cow<'a, str>,
        id: Option<&str>,
        time: Option<&str>,
        detail: &'a str,
    ) -> Result<Self, EnvelopeError> {
        if !detail.starts_with('{') {
            return Err(EnvelopeError::DetailNotAnObject);
        }
        let (delivery, payload) = take_delivery(detail);
        let origin = if delivery.is_some() { Origin::Door } else { Origin::Other };
        let delivery = delivery.map(read_object::<WireDelivery<'_>>).transpose()?;
        let meta = match delivery {
            Some(delivery) => {
                let time = delivery.received_at.as_deref().or(time);
                DeliveryMeta {
                    hook_id: delivery.hook_id.map(TextOrNumber::into_text),
                    target_type: delivery.target_type.map(TextOrNumber::into_text),
                    target_id: delivery.target_id.map(TextOrNumber::into_text),
                    large: delivery
                        .large
                        .map(|large| read_object::<LargeRef>(large.get()))
                        .transpose()?,
                    ..bare_meta(delivery.id.as_deref(), time)?
                }
            }
            None => bare_meta(id, time)?,
        };
        Ok(Self { detail_type, source, meta, origin, detail, payload })
    }
}

fn bare_meta<'a>(id: Option<&str>, time: Option<&str>) -> Result<DeliveryMeta<'a>, EnvelopeError> {
    let id: DeliveryId = id.and_then(|id| id.parse().ok()).ok_or(EnvelopeError::NoIdentity)?;
    let received_at = time
        .and_then(timestamp::micros_of_text)
        .and_then(DateTime::<Utc>::from_timestamp_micros)
        .filter(|at| (1970..=9999).contains(&at.year()))
        .ok_or(EnvelopeError::NoArrival)?;
    Ok(DeliveryMeta::new(id, received_at))
}

/// Cuts the member `_delivery` out of the text of an object.
///
/// Ingest puts it first, so that this costs nothing; where another producer put it elsewhere, the
/// members are walked. A key that is spelt with escapes is not that member.
fn take_delivery(detail: &str) -> (Option<&str>, Payload<'_>) {
    let mut at = skip_space(detail, 1);
    let mut before = None;
    loop {
        let Some((key_end, value_start)) = key_at(detail, at) else {
            return (None, Payload::whole(detail));
        };
        let Some(value_end) = value_end(detail, value_start) else {
            return (None, Payload::whole(detail));
        };
        let next = skip_space(detail, value_end);
        let has_more = detail.as_bytes().get(next) == Some(&b',');
        if &detail[at..key_end] == concat_key() {
            let delivery = &detail[value_start..value_end];
            let payload = match (before, has_more) {
                (None, true) => Payload { head: "{", tail: &detail[next + 1..] },
                (None, false) => Payload { head: "{", tail: &detail[next..] },
                // Keep the comma before it, or the one after it, but not both.
                (Some(comma), true) => Payload { head: &detail[..comma], tail: &detail[next..] },
                (Some(comma), false) => Payload { head: &detail[..comma], tail: &detail[next..] },
            };
            return (Some(delivery), payload);
        }
        if !has_more {
            return (None, Payload::whole(detail));
        }
        before = Some(next);
        at = skip_space(detail, next + 1);
    }
}

/// The member's key with its quotes.
const fn concat_key() -> &'static str {
    const KEY: &str = "\"_delivery\"";
    assert!(KEY.len() == DELIVERY_MEMBER.len() + 2);
    KEY
}

fn skip_space(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let spaces = bytes[from.min(bytes.len())..]
        .iter()
        .take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'))
        .count();
    from + spaces
}

/// The end of the key at `at`, and where its value begins; `None` at the end of the object.
fn key_at(text: &str, at: usize) -> Option<(usize, usize)> {
    if text.as_bytes().get(at) != Some(&b'"') {
        return None;
    }
    let key_end = value_end(text, at)?;
    let colon = skip_space(text, key_end);
    (text.as_bytes().get(colon) == Some(&b':')).then(|| (key_end, skip_space(text, colon + 1)))
}

/// The end of the JSON value that begins at `at`.
pub(crate) fn value_end(text: &str, at: usize) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_str(text.get(at..)?).into_iter::<&RawValue>();
    let value = values.next()?.ok()?;
    Some(at + value.get().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{self, BusEntry};

    fn parse(line: &str) -> Result<Envelope<'_>, EnvelopeError> {
        Envelope::from_wire(serde_json::from_str(line).unwrap())
    }

    #[test]
    fn what_ingest_writes_comes_back() {
        let mut meta = DeliveryMeta::new(
            DeliveryId::from_u128(7),
            "2026-03-02T10:00:00.250Z".parse().unwrap(),
        );
        meta.hook_id = Some("77".into());
        meta.target_type = Some("organization".into());
        for body in [r#"{"action":"opened","a":{"b":[1,{"_delivery":2}]}}"#, "{}", "{\"x\":1.0}"] {
            let entry = BusEntry {
                source: "ghe.example.com".into(),
                detail_type: "push".into(),
                detail: entry::detail(&meta, body),
            };
            let line = entry::envelope_line(&entry, "i", meta.received_at);
            let envelope = parse(&line).unwrap();
            assert_eq!(envelope.payload.to_text(), body);
            assert_eq!((&envelope.meta, envelope.origin), (&meta, Origin::Door));
            assert_eq!(envelope.source, "ghe.example.com");
            assert_eq!(envelope.detail_type, "push");
        }
    }

    #[test]
    fn a_foreign_envelope_lends_its_id_and_time() {
        let envelope = parse(
            r#"{"id":"00000000-0000-0000-0000-000000000009","detail-type":"push","time":"2026-03-02T10:00:00Z","detail":{"a":1}}"#,
        )
        .unwrap();
        assert_eq!((envelope.meta.id, envelope.origin), (DeliveryId::from_u128(9), Origin::Other));
        assert_eq!(
            envelope.meta.received_at,
            "2026-03-02T10:00:00Z".parse::<DateTime<Utc>>().unwrap()
        );
        assert_eq!(envelope.payload.to_text(), r#"{"a":1}"#);
    }

    #[test]
    fn delivery_is_cut_out_wherever_it_stands() {
        let d = r#"{"id":"x"}"#;
        for (detail, payload) in [
            (format!(r#"{{"_delivery":{d},"a":1}}"#), r#"{"a":1}"#),
            (format!(r#"{{"a":1,"_delivery":{d}}}"#), r#"{"a":1}"#),
            (format!(r#"{{"a":1 , "_delivery" : {d} , "b":2}}"#), r#"{"a":1 , "b":2}"#),
            (format!(r#"{{ "_delivery":{d} }}"#), "{}"),
        ] {
            let (delivery, rest) = take_delivery(&detail);
            assert_eq!(delivery, Some(d), "{detail}");
            let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            assert_eq!(value(&rest.to_text()), value(payload), "{detail}");
        }
    }

    #[test]
    fn a_key_inside_a_string_or_a_deeper_object_is_not_taken() {
        for detail in [
            r#"{"a":"\"_delivery\":{}"}"#,
            r#"{"a":{"_delivery":{}}}"#,
            r#"{"\u005fdelivery":{}}"#,
            "{}",
        ] {
            assert_eq!(take_delivery(detail), (None, Payload::whole(detail)));
        }
    }

    #[test]
    fn faults_have_their_names() {
        for (line, reason) in [
            (r#"{"detail-type":"push","detail":[]}"#, "detail_not_an_object"),
            (r#"{"detail-type":"push","detail":{}}"#, "no_identity"),
            (r#"{"detail-type":"push","detail":{"_delivery":{"id":"x"}}}"#, "no_identity"),
            (r#"{"detail-type":"push","detail":{"_delivery":7}}"#, "bad_delivery"),
            (
                r#"{"detail-type":"push","detail":{"_delivery":{"id":"00000000-0000-0000-0000-000000000009","received_at":"+12026-03-02T10:00:00Z"}}}"#,
                "no_arrival",
            ),
        ] {
            assert_eq!(parse(line).unwrap_err().reason().word(), reason, "{line}");
        }
    }
}
