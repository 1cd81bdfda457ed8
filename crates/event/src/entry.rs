//! Delivery → bus entry → envelope line: the writing half of the raw format.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::delivery::DeliveryMeta;

/// The member that carries a delivery's identity inside an entry's `detail`.
pub const DELIVERY_MEMBER: &str = "_delivery";

/// One entry for an event bus: what `PutEvents` takes, and what the local spool lands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusEntry {
    /// `github.com`, or the host of a GitHub Enterprise Server.
    pub source: String,
    /// The `X-GitHub-Event` header.
    pub detail_type: String,
    /// The payload with `_delivery` in front: one JSON object, on one line.
    pub detail: String,
}

/// The payload with one member added in front, on one line.
///
/// `body` must be one JSON object (the ingest has checked that); its own text is kept byte by
/// byte, but for line breaks and tabs between tokens, which become spaces: JSON allows none inside
/// a string, and one record must stay on one line.
pub fn detail(meta: &DeliveryMeta<'_>, body: &str) -> String {
    let inner = body.trim().strip_prefix('{').unwrap_or_default().trim_start();
    let meta = meta.to_json();
    let mut detail = String::with_capacity(body.len() + meta.len() + 16);
    detail.push_str("{\"");
    detail.push_str(DELIVERY_MEMBER);
    detail.push_str("\":");
    detail.push_str(&meta);
    if inner != "}" {
        detail.push(',');
    }
    if inner.bytes().any(|b| b < b' ') {
        detail.extend(inner.chars().map(|c| if c < ' ' { ' ' } else { c }));
    } else {
        detail.push_str(inner);
    }
    detail
}

/// The EventBridge envelope of an entry, as one line without its line break.
///
/// `id` is the envelope's own id; on AWS the bus makes one, here the delivery's own stands in, so
/// that the same delivery always gives the same line.
pub fn envelope_line(entry: &BusEntry, id: &str, time: DateTime<Utc>) -> String {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    format!(
        r#"{{"version":"0","id":{},"detail-type":{},"source":{},"account":"","time":"{}","region":"","resources":[],"detail":{}}}"#,
        json(id),
        json(&entry.detail_type),
        json(&entry.source),
        time.to_rfc3339_opts(SecondsFormat::Secs, true),
        entry.detail,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::DeliveryId;

    fn meta() -> DeliveryMeta<'static> {
        DeliveryMeta::new(DeliveryId::from_u128(1), "2026-03-02T10:00:00.25Z".parse().unwrap())
    }

    const META: &str =
        r#"{"id":"00000000-0000-0000-0000-000000000001","received_at":"2026-03-02T10:00:00.250Z"}"#;

    #[test]
    fn the_member_comes_first_and_the_rest_is_kept_byte_by_byte() {
        let body = r#"{ "action":"opened", "n": 1.50, "e":"\u00e9" }"#;
        assert_eq!(
            detail(&meta(), body),
            format!(r#"{{"_delivery":{META},"action":"opened", "n": 1.50, "e":"\u00e9" }}"#)
        );
    }

    #[test]
    fn an_empty_object_gets_no_comma() {
        assert_eq!(detail(&meta(), " { } "), format!(r#"{{"_delivery":{META}}}"#));
    }

    #[test]
    fn a_pretty_printed_body_becomes_one_line() {
        let text = detail(&meta(), "{\n\t\"a\": [\r\n 1 ]\n}");
        assert_eq!(text, format!(r#"{{"_delivery":{META},"a": [   1 ] }}"#));
    }

    #[test]
    fn an_envelope_is_one_line_whatever_the_strings_hold() {
        let entry = BusEntry {
            source: "github.com".into(),
            detail_type: "pu\"sh\n".into(),
            detail: "{}".into(),
        };
        let line = envelope_line(&entry, "i", meta().received_at);
        assert_eq!(
            line,
            r#"{"version":"0","id":"i","detail-type":"pu\"sh\n","source":"github.com","account":"","time":"2026-03-02T10:00:00Z","region":"","resources":[],"detail":{}}"#
        );
    }
}
