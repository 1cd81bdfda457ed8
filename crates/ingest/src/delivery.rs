//! Signed body → verified delivery: the headers are of the right form, the payload is one JSON
//! object. The payload's text is kept as it is; nothing is serialised anew.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use octolake_event::{BusEntry, DeliveryMeta, entry, event_type};
use percent_encoding::percent_decode;
use serde_json::value::RawValue;

use crate::rejection::Rejection;
use crate::request::Headers;
use crate::signature::SignedBody;

/// The source of deliveries that name no Enterprise Server.
const GITHUB: &str = "github.com";
/// The longest name that DNS allows, in bytes.
const MAX_HOST: usize = 253;

/// A delivery that was signed and is well-formed.
#[derive(Debug, Clone)]
pub struct VerifiedDelivery<'a> {
    event_type: &'a str,
    source: &'a str,
    meta: DeliveryMeta<'a>,
    payload: Cow<'a, str>,
    fingerprint: u128,
}

impl<'a> VerifiedDelivery<'a> {
    /// Checks the headers and the payload of a body whose signature is valid.
    pub fn check(
        headers: &Headers<'a>,
        body: SignedBody<'a>,
        received_at: DateTime<Utc>,
    ) -> Result<Self, Rejection> {
        let encoding = Encoding::of(headers.content_type)?;
        let event_type =
            headers.event.filter(|text| event_type::is_valid(text)).ok_or(Rejection::BadEvent)?;
        let id =
            headers.delivery.and_then(|text| text.parse().ok()).ok_or(Rejection::BadDelivery)?;
        let source = headers.enterprise_host.unwrap_or(GITHUB);
        if !is_host(source) {
            return Err(Rejection::BadHost);
        }
        let payload = encoding.payload(body.bytes())?;
        check_object(&payload)?;
        let meta = DeliveryMeta {
            hook_id: headers.hook_id.map(Cow::Borrowed),
            target_type: headers.target_type.map(Cow::Borrowed),
            target_id: headers.target_id.map(Cow::Borrowed),
            ..DeliveryMeta::new(id, received_at)
        };
        Ok(Self { event_type, source, meta, payload, fingerprint: body.fingerprint() })
    }

    /// `X-GitHub-Event`.
    pub fn event_type(&self) -> &'a str {
        self.event_type
    }

    /// Whether this is what GitHub sends when a webhook is made.
    pub fn is_ping(&self) -> bool {
        self.event_type == "ping"
    }

    /// Identity and arrival.
    pub fn meta(&self) -> &DeliveryMeta<'a> {
        &self.meta
    }

    /// What its body is known again by: see [`SignedBody::fingerprint`].
    pub fn fingerprint(&self) -> u128 {
        self.fingerprint
    }

    /// The payload: one JSON object.
    pub fn payload(&self) -> &str {
        &self.payload
    }

    /// The entry that goes to the bus, whatever its size.
    pub fn to_entry(&self) -> BusEntry {
        self.entry_of(&self.meta, &self.payload)
    }

    /// An entry of this delivery with another `_delivery` and another payload.
    pub(crate) fn entry_of(&self, meta: &DeliveryMeta<'_>, payload: &str) -> BusEntry {
        BusEntry {
            source: self.source.to_owned(),
            detail_type: self.event_type.to_owned(),
            detail: entry::detail(meta, payload),
        }
    }
}

/// How the payload lies in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Json,
    Form,
}

impl Encoding {
    /// By the content type, whatever parameters it has.
    fn of(content_type: Option<&str>) -> Result<Self, Rejection> {
        let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/json") {
            Ok(Self::Json)
        } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Ok(Self::Form)
        } else {
            Err(Rejection::UnsupportedType)
        }
    }

    fn payload(self, body: &[u8]) -> Result<Cow<'_, str>, Rejection> {
        match self {
            Self::Json => str::from_utf8(body).map(Cow::Borrowed).map_err(|_| Rejection::NotUtf8),
            Self::Form => form_payload(body).map(Cow::Owned),
        }
    }
}

/// The value of a form that is one field, `payload`, and nothing else.
///
/// The content type is not signed: whoever has a signed JSON body can send it again as a form. As
/// long as a form begins with `payload=` and JSON with a brace, no body can be read both ways; and
/// GitHub sends no second field, so that an `&` is another's.
fn form_payload(form: &[u8]) -> Result<String, Rejection> {
    let value = form.strip_prefix(b"payload=").ok_or(Rejection::NotOneField)?;
    if value.contains(&b'&') {
        return Err(Rejection::NotOneField);
    }
    let spaced: Vec<u8> =
        value.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let decoded = percent_decode(&spaced).decode_utf8().map_err(|_| Rejection::NotUtf8)?;
    Ok(decoded.into_owned())
}

/// Reads the payload to its end without building anything, so depth costs no stack.
fn check_object(payload: &str) -> Result<(), Rejection> {
    let value: &RawValue = serde_json::from_str(payload)
        .map_err(|e| Rejection::NotJson { line: e.line(), column: e.column() })?;
    if value.get().starts_with('{') { Ok(()) } else { Err(Rejection::NotAnObject) }
}

/// Letters, digits, hyphens and dots, and a port where there is one.
fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').unwrap_or((text, "443"));
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    // A number for Rust may have a plus sign; a port may not.
    let number = port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok();
    name.len() <= MAX_HOST && name.split('.').all(label) && number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_case_of_a_content_type_do_not_count() {
        for text in ["application/json", "Application/JSON; charset=utf-8", "application/json ;x=y"]
        {
            assert_eq!(Encoding::of(Some(text)), Ok(Encoding::Json), "{text}");
        }
        let form = "application/x-www-form-urlencoded;charset=UTF-8";
        assert_eq!(Encoding::of(Some(form)), Ok(Encoding::Form));
        for text in [None, Some(""), Some("text/plain"), Some("application/json5"), Some("json")] {
            assert_eq!(Encoding::of(text), Err(Rejection::UnsupportedType), "{text:?}");
        }
    }

    #[test]
    fn a_form_gives_its_payload() {
        let form = b"payload=%7B%22a%22%3A+%22%2B%26%C3%A9%22%7D";
        assert_eq!(form_payload(form).unwrap(), r#"{"a": "+&é"}"#);
        assert_eq!(form_payload(b"payload=%FF"), Err(Rejection::NotUtf8));
    }

    #[test]
    fn a_form_is_one_field_and_nothing_else() {
        let forged = br#"{"issue":{"title":"x&payload=%7B%22action%22%3A%22queued%22%7D&y"}}"#;
        let others: [&[u8]; 9] = [
            b"body=%7B%7D",
            b"x=1&payload=%7B%7D",
            b"payload=%7B%7D&y=2",
            b"payload=%7B%7D&",
            b"&payload=%7B%7D",
            b"payload=%7B%7D&payload=%7B%7D",
            b" payload=%7B%7D",
            b"Payload=%7B%7D",
            b"payload%3D%7B%7D",
        ];
        for form in others.into_iter().chain([forged.as_slice(), b""]) {
            assert_eq!(form_payload(form), Err(Rejection::NotOneField), "{form:?}");
        }
    }

    #[test]
    fn only_one_whole_object_passes() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        for text in ["{}", " {\"a\":1}\n", deep.as_str()] {
            assert_eq!(check_object(text), Ok(()));
        }
        for text in ["[]", "1", "null", "\"{}\""] {
            assert_eq!(check_object(text), Err(Rejection::NotAnObject), "{text}");
        }
        assert_eq!(check_object("{} x"), Err(Rejection::NotJson { line: 1, column: 4 }));
        assert_eq!(check_object("{\n\"a\":}"), Err(Rejection::NotJson { line: 2, column: 5 }));
        for text in ["", "{", "{\"a\":1", "{}{}", "\u{feff}{}", "{\"a\":\"\u{1}\"}"] {
            assert!(matches!(check_object(text), Err(Rejection::NotJson { .. })), "{text}");
        }
    }

    #[test]
    fn hosts() {
        let long = format!("{}.com", "a.".repeat(130));
        for text in ["github.com", "ghe.example.org", "10.0.0.1", "ghe:8443", "GHE.Example.ORG"] {
            assert!(is_host(text), "{text}");
        }
        for text in
            ["", "a b", "a/b", "a..b", "-a", "a\n", "a:b", "a:+1", "é.com", "a\"", long.as_str()]
        {
            assert!(!is_host(text), "{text}");
        }
    }
}
