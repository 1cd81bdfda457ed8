//! The event type: the one string of a delivery that becomes part of a path, so the one that is
//! checked before it may.

use std::fmt;
use std::sync::Arc;

/// The partition of everything whose event type is not of the form below.
pub const OTHER: &str = "_other";

const MAX_LENGTH: usize = 64;

/// An event type that may stand in a path: `^[a-z][a-z0-9_]{0,63}$`, or [`OTHER`]. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventType(Arc<str>);

impl EventType {
    /// The partition that deliveries of `raw` belong to.
    pub fn partition_of(raw: &str) -> Self {
        Self(if is_valid(raw) { raw } else { OTHER }.into())
    }

    /// The text, safe in a path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the partition of the unexpected.
    pub fn is_other(&self) -> bool {
        &*self.0 == OTHER
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `raw` is an event type as GitHub forms them: `^[a-z][a-z0-9_]{0,63}$`.
pub fn is_valid(raw: &str) -> bool {
    raw.len() <= MAX_LENGTH
        && raw.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && raw.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn githubs_event_types_keep_their_name() {
        for raw in ["push", "workflow_job", "a", "x2"] {
            assert_eq!(EventType::partition_of(raw).as_str(), raw);
        }
    }

    #[test]
    fn anything_else_goes_to_other() {
        let long = "a".repeat(65);
        for raw in ["", "../x", "Push", "_other", "2fa", "a b", "push/", "pushé", long.as_str()] {
            assert!(EventType::partition_of(raw).is_other(), "{raw}");
        }
    }
}
