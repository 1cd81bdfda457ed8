//! What comes again: one id with another body, one body under another id.
//!
//! The signature covers the body alone. Who has seen one signed delivery can send it again under
//! another id, and it is as good as a new one; or under an id that is taken, and it is dropped as a
//! duplicate. Neither is refused, since neither can be told from what GitHub does now and then; both
//! are counted, and the first of them named in the log, never with a payload. Bodies are told apart by their XXH64,
//! which finds what is the same and does not withstand whoever writes both bodies.

use std::collections::{HashMap, HashSet};

use chrono::{Days, NaiveDate};
use octolake_event::{DeliveryId, Envelope, Payload};

use crate::known::{Sought, WINDOW_DAYS};

/// How many of each kind a batch names in the log, at most: all are counted, and whoever sends a
/// thousand must not fill the log with them.
pub(crate) const NAMED: u64 = 20;

/// The deliveries of a batch that are not in the lake.
#[derive(Debug, Default)]
pub(crate) struct NewDeliveries {
    /// Dates of arrival and hashes of payloads, by id.
    ids: HashMap<u128, (NaiveDate, i64)>,
    bodies: HashSet<(i64, NaiveDate)>,
}

impl NewDeliveries {
    /// Whether a delivery is one of these.
    pub(crate) fn holds(&self, id: u128) -> bool {
        self.ids.contains_key(&id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The hash of a delivery's payload, where it is one of these.
    pub(crate) fn body_of(&self, id: u128) -> Option<i64> {
        self.ids.get(&id).map(|(_, body)| *body)
    }

    pub(crate) fn insert(&mut self, id: u128, date: NaiveDate, body: i64) {
        self.ids.insert(id, (date, body));
        self.bodies.insert((body, date));
    }

    /// Whether one of these has this body, and came within the window of this date.
    pub(crate) fn has_body_near(&self, body: i64, date: NaiveDate) -> bool {
        let window = Days::new(WINDOW_DAYS.unsigned_abs());
        let first = date.checked_sub_days(window).unwrap_or(NaiveDate::MIN);
        let mut days = first.iter_days().take(2 * WINDOW_DAYS as usize + 1);
        days.any(|day| self.bodies.contains(&(body, day)))
    }

    /// All of them, to be looked for by their ids.
    pub(crate) fn to_seek(&self) -> impl Iterator<Item = Sought> {
        self.ids.iter().map(|(id, (date, _))| Sought {
            id: DeliveryId::from_u128(*id),
            body: None,
            date: *date,
        })
    }
}

/// Whether a delivery is one of GitHub's pings: they repeat by nature, and nothing is made of them.
///
/// The type alone doesn't say it: its header isn't signed, and any body could be sent again as a
/// ping.
pub(crate) fn is_ping(envelope: &Envelope<'_>, payload: Payload<'_>) -> bool {
    let members = payload.head.trim_start().strip_prefix('{').unwrap_or_default().trim_start();
    let members = if members.is_empty() { payload.tail.trim_start() } else { members };
    envelope.detail_type == "ping" && members.starts_with("\"zen\"")
}

/// Names a duplicate in the log that has another body than the row.
pub(crate) fn tell_conflicting(id: DeliveryId, hook_id: Option<i64>, raw_key: &str) {
    tracing::warn!(
        delivery = %id,
        raw_key,
        hook_id,
        "a delivery came again with another body; the first is kept"
    );
}

/// Names a row in the log whose body came before under another id.
pub(crate) fn tell_replayed(
    id: DeliveryId,
    hook_id: Option<i64>,
    raw_key: &str,
    payload_hash: i64,
) {
    tracing::warn!(
        delivery = %id,
        raw_key,
        hook_id,
        payload_hash,
        "a body came again under another delivery id; both are kept"
    );
}

/// As a number: the header is not signed, and a log line is no place for what it may hold.
pub(crate) fn hook_id(envelope: &Envelope<'_>) -> Option<i64> {
    envelope.meta.hook_id.as_ref().and_then(|id| id.parse().ok())
}

#[cfg(test)]
mod tests {
    use octolake_event::framing::{Found, next_record};

    use super::*;

    fn ping(detail_type: &str, members: &str) -> bool {
        let line = format!(
            r#"{{"id":"00000000-0000-0000-0000-000000000001","detail-type":"{detail_type}","time":"2026-03-02T10:00:00Z","detail":{{{members}}}}}"#
        );
        match next_record(line.as_bytes(), 0, true) {
            Found::Record { envelope, .. } => is_ping(&envelope, envelope.payload),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_ping_is_one_by_its_type_and_its_body() {
        let delivery = r#""_delivery":{"id":"00000000-0000-0000-0000-000000000001"}"#;
        assert!(ping("ping", r#""zen":"Design for failure.""#));
        assert!(ping("ping", &format!(r#"{delivery}, "zen":"Design for failure.""#)));
        assert!(!ping("push", r#""zen":"Design for failure.""#));
        assert!(!ping("ping", r#""ref":"refs/heads/main""#));
        assert!(!ping("ping", ""));
        assert!(!ping("ping", delivery));
    }

    #[test]
    fn a_body_is_near_for_four_days_both_ways() {
        let day = |day: u32| NaiveDate::from_ymd_opt(2026, 3, day).unwrap();
        let mut new = NewDeliveries::default();
        new.insert(1, day(10), 7);
        new.insert(2, day(20), 7);
        let near: Vec<u32> = (1..=31).filter(|n| new.has_body_near(7, day(*n))).collect();
        assert_eq!(near, [6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 22, 23, 24]);
        assert!(!new.has_body_near(8, day(10)));
        assert_eq!((new.body_of(1), new.body_of(3)), (Some(7), None));
        assert!(new.holds(2) && !new.holds(3));
    }
}
