//! Why a record cannot be read: every reason there is, its word and what it means.
//!
//! The words are part of the contract: they stand in quarantine entries, and `docs/operations.md`
//! says of each what to do.

use std::fmt;

/// Why a record is in quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// `not_json`: the bytes are not JSON.
    NotJson,
    /// `truncated`: the raw object ends inside the record.
    Truncated,
    /// `corrupt_gzip`: from here on the raw object cannot be decompressed.
    CorruptGzip,
    /// `too_large`: the record is larger than a record may be.
    TooLarge,
    /// `not_an_envelope`: JSON, but no envelope of an event bus.
    NotAnEnvelope,
    /// `detail_not_an_object`: the envelope's `detail` is no JSON object.
    DetailNotAnObject,
    /// `bad_delivery`: `_delivery` is there and cannot be read.
    BadDelivery,
    /// `no_identity`: there is no delivery id.
    NoIdentity,
    /// `no_arrival`: there is no time of arrival.
    NoArrival,
    /// `bad_claim_check`: the body in `large/` is not there, or not the one that was put there.
    BadClaimCheck,
    /// `bad_payload`: the payload cannot be made a row.
    BadPayload,
}

impl Reason {
    /// All reasons, in the order of the documentation.
    pub const ALL: [Self; 11] = [
        Self::NotJson,
        Self::Truncated,
        Self::CorruptGzip,
        Self::TooLarge,
        Self::NotAnEnvelope,
        Self::DetailNotAnObject,
        Self::BadDelivery,
        Self::NoIdentity,
        Self::NoArrival,
        Self::BadClaimCheck,
        Self::BadPayload,
    ];

    /// A stable word, for entries and for counting.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotJson => "not_json",
            Self::Truncated => "truncated",
            Self::CorruptGzip => "corrupt_gzip",
            Self::TooLarge => "too_large",
            Self::NotAnEnvelope => "not_an_envelope",
            Self::DetailNotAnObject => "detail_not_an_object",
            Self::BadDelivery => "bad_delivery",
            Self::NoIdentity => "no_identity",
            Self::NoArrival => "no_arrival",
            Self::BadClaimCheck => "bad_claim_check",
            Self::BadPayload => "bad_payload",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_documented_once() {
        let text = include_str!("../../../docs/operations.md");
        for reason in Reason::ALL {
            let row = format!("| `{reason}` |");
            assert_eq!(text.matches(&row).count(), 1, "{reason}");
        }
    }
}
