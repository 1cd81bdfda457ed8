//! One delivery's identity and arrival: the `_delivery` member that ingest puts in front of a
//! payload, and that the compactor takes out again.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::timestamp;

/// GitHub's `X-GitHub-Delivery`: a GUID, the identity of a delivery and of its redeliveries.
///
/// Only the hyphenated form is taken, in either case; it prints in lower case, so one delivery has
/// one spelling in the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(Uuid);

/// A delivery id that is no hyphenated GUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the delivery id is not a GUID of the form 01234567-89ab-cdef-0123-456789abcdef")]
pub struct InvalidDeliveryId;

impl DeliveryId {
    /// The id as a number, for sets and filters.
    pub fn as_u128(self) -> u128 {
        self.0.as_u128()
    }

    /// The id whose number is `value`.
    pub fn from_u128(value: u128) -> Self {
        Self(Uuid::from_u128(value))
    }
}

impl FromStr for DeliveryId {
    type Err = InvalidDeliveryId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // `Uuid` also takes braces, `urn:` and a form without hyphens: two spellings, two rows.
        if text.len() != 36 {
            return Err(InvalidDeliveryId);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| InvalidDeliveryId)
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

/// Where the body of a delivery that was too large for the bus lies (the claim check).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LargeRef {
    /// Key of the gzipped body, relative to the lake: `large/<yyyy>/<mm>/<dd>/<id>.json.gz`.
    pub key: String,
    /// Length of the body before compression, in bytes.
    pub bytes: u64,
    /// SHA-256 of the body before compression, in lower-case hex.
    pub sha256: String,
}

/// What is known of a delivery beside its payload, from its HTTP headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryMeta<'a> {
    /// `X-GitHub-Delivery`.
    pub id: DeliveryId,
    /// When the endpoint had the whole body, to the millisecond.
    pub received_at: DateTime<Utc>,
    /// `X-GitHub-Hook-ID`.
    pub hook_id: Option<Cow<'a, str>>,
    /// `X-GitHub-Hook-Installation-Target-Type`.
    pub target_type: Option<Cow<'a, str>>,
    /// `X-GitHub-Hook-Installation-Target-ID`.
    pub target_id: Option<Cow<'a, str>>,
    /// The claim check, where the bus entry does not hold the payload.
    pub large: Option<LargeRef>,
}

impl<'a> DeliveryMeta<'a> {
    /// A delivery of which only the identity and the arrival are known.
    pub fn new(id: DeliveryId, received_at: DateTime<Utc>) -> Self {
        Self { id, received_at, hook_id: None, target_type: None, target_id: None, large: None }
    }

    /// The `_delivery` member's value, as compact JSON. Absent headers are absent members.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Wire<'b> {
            id: String,
            received_at: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            hook_id: Option<&'b str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            target_type: Option<&'b str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            target_id: Option<&'b str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            large: Option<&'b LargeRef>,
        }
        let wire = Wire {
            id: self.id.to_string(),
            received_at: timestamp::format_millis(self.received_at),
            hook_id: self.hook_id.as_deref(),
            target_type: self.target_type.as_deref(),
            target_id: self.target_id.as_deref(),
            large: self.large.as_ref(),
        };
        // Strings and integers in a struct: serialisation has no way to fail.
        serde_json::to_string(&wire).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id: DeliveryId = "72D3162E-CC78-11E3-81AB-4C9367DC0958".parse().unwrap();
        assert_eq!(id.to_string(), "72d3162e-cc78-11e3-81ab-4c9367dc0958");
        assert_eq!(DeliveryId::from_u128(id.as_u128()), id);
    }

    #[test]
    fn other_spellings_of_a_guid_are_refused() {
        for text in [
            "",
            "x",
            "72d3162ecc7811e381ab4c9367dc0958",
            "{72d3162e-cc78-11e3-81ab-4c9367dc0958}",
            "72d3162e-cc78-11e3-81ab-4c9367dc095g",
            "../../../../../../../../../etc/passwd",
        ] {
            assert_eq!(text.parse::<DeliveryId>(), Err(InvalidDeliveryId), "{text}");
        }
    }

    #[test]
    fn absent_headers_are_absent_members() {
        let at = "2026-03-02T10:00:00.25Z".parse().unwrap();
        let mut meta = DeliveryMeta::new(DeliveryId::from_u128(1), at);
        meta.hook_id = Some("77".into());
        assert_eq!(
            meta.to_json(),
            r#"{"id":"00000000-0000-0000-0000-000000000001","received_at":"2026-03-02T10:00:00.250Z","hook_id":"77"}"#
        );
    }
}
