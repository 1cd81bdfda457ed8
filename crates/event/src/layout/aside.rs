//! What stands beside raw objects and the table: large bodies, lists of what was erased, and what
//! could not be read.

use chrono::{DateTime, NaiveDate, Utc};

use super::{ERASED, LARGE, QUARANTINE, RAW};
use crate::delivery::DeliveryId;

/// The key of the body of a delivery that was too large for the bus.
pub fn large_key(received_at: DateTime<Utc>, id: DeliveryId) -> String {
    format!("{LARGE}/{}/{id}.json.gz", received_at.format("%Y/%m/%d"))
}

/// Whether `key` is of the form that [`large_key`] gives: an entry names its claim check itself,
/// and must not be able to name any other object of the lake.
pub fn is_large_key(key: &str) -> bool {
    let parsed = || {
        let rest = key.strip_prefix(LARGE)?.strip_prefix('/')?;
        let (day, name) = rest.rsplit_once('/')?;
        let day = NaiveDate::parse_from_str(day, "%Y/%m/%d").ok()?;
        let id: DeliveryId = name.strip_suffix(".json.gz")?.parse().ok()?;
        Some(large_key(day.and_hms_opt(0, 0, 0)?.and_utc(), id))
    };
    parsed().as_deref() == Some(key)
}

/// The key of a list of erased deliveries.
pub fn erased_key(run: &str) -> String {
    format!("{ERASED}/{run}.parquet")
}

/// Whether a key, or a name in the table's log, is of a list of erased deliveries.
pub fn is_erased_key(key: &str) -> bool {
    key.strip_prefix(ERASED).is_some_and(|rest| rest.starts_with('/'))
}

/// The delivery that a large body is of; `None` where the key is of another form.
pub fn large_id(key: &str) -> Option<DeliveryId> {
    is_large_key(key).then(|| key.rsplit_once('/')?.1.strip_suffix(".json.gz")?.parse().ok())?
}

/// The date that a large body's key tells; `None` where the key is of another form.
pub fn large_date(key: &str) -> Option<NaiveDate> {
    is_large_key(key).then(|| {
        let day = key.strip_prefix(LARGE)?.strip_prefix('/')?.rsplit_once('/')?.0;
        NaiveDate::parse_from_str(day, "%Y/%m/%d").ok()
    })?
}

/// The folder of the quarantine entries for records of the raw object `raw_key`.
pub fn quarantine_folder(raw_key: &str) -> String {
    let name = raw_key.strip_prefix(RAW).and_then(|rest| rest.strip_prefix('/'));
    let name = name.unwrap_or(raw_key);
    format!("{QUARANTINE}/{name}")
}

/// What the quarantine entry for the record at `offset` (in bytes, after decompression) of the raw
/// object `raw_key` is known by: the same record always has the same key. An object of this name
/// holds the entry, and perhaps those of later records of the same raw object; or the entry is in
/// an object that is named after an earlier record.
pub fn quarantine_key(raw_key: &str, offset: u64) -> String {
    format!("{}/{offset:012}.json", quarantine_folder(raw_key))
}

/// The raw object and the offset that the key of a quarantine entry, or of an object of entries,
/// tells; `None` for other keys.
pub fn quarantined(key: &str) -> Option<(String, u64)> {
    let rest = key.strip_prefix(QUARANTINE)?.strip_prefix('/')?;
    let (name, offset) = rest.strip_suffix(".json")?.rsplit_once('/')?;
    let place = (format!("{RAW}/{name}"), offset.parse().ok()?);
    (quarantine_key(&place.0, place.1) == key).then_some(place)
}

/// Whether a key, or a name in the table's log, is of something in quarantine.
pub fn is_quarantine_key(key: &str) -> bool {
    key.strip_prefix(QUARANTINE).is_some_and(|rest| rest.starts_with('/'))
}
