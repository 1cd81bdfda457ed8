//! Where things live in a lake: every key is built and parsed here, and nowhere else.
//!
//! ```text
//! raw/<yyyy>/<mm>/<dd>/<hh>/<any name>          envelopes as they arrived, by arrival hour (UTC)
//! large/<yyyy>/<mm>/<dd>/<delivery id>.json.gz  bodies too large for the bus
//! events/event_type=<type>/date=<date>/…        the Delta table, with events/_delta_log/
//! quarantine/<raw key without raw/>/<offset>.json   records that could not be read, from this one on
//! erased/<run>.parquet                          ids of deliveries that were erased
//! rebuild/events/                               the table while it is made anew from raw/
//! staging/                                      files on their way to their names (`octolake_store`)
//! spool/                                        what `serve` has taken and not landed yet
//! ```
//!
//! Keys are relative to the lake's root, with `/` between their parts, on disk and on S3 alike.

use chrono::{DateTime, NaiveDate, Timelike, Utc};
use twox_hash::XxHash64;

use crate::delivery::DeliveryId;
use crate::event_type::EventType;

/// The folder of raw objects.
pub const RAW: &str = "raw";
/// The folder of claim-checked bodies.
pub const LARGE: &str = "large";
/// The folder of the Delta table.
pub const EVENTS: &str = "events";
/// The folder of deliveries that have not landed yet, in a lake that is a directory.
pub const SPOOL: &str = "spool";
/// The folder of the lists of erased deliveries.
pub const ERASED: &str = "erased";
/// Where the table is made anew, beside the one in use.
pub const REBUILD: &str = "rebuild/events";
/// Is there while that table is removed.
pub const REBUILD_CLEARING: &str = "rebuild/clearing";
/// What the names begin with that the log gives to sealed days; there is no such folder.
const SEALED: &str = "sealed";
/// The folder of records that could not be read.
pub const QUARANTINE: &str = "quarantine";

/// The key of a raw object named `name`, whose oldest record arrived at `arrived`.
pub fn raw_key(arrived: DateTime<Utc>, name: &str) -> String {
    format!("{RAW}/{}/{:02}/{name}", arrived.format("%Y/%m/%d"), arrived.hour())
}

/// The arrival hour that a raw key tells; `None` where the key is not of a raw object.
pub fn raw_hour(key: &str) -> Option<DateTime<Utc>> {
    let mut parts = key.strip_prefix(RAW)?.strip_prefix('/')?.splitn(5, '/');
    let mut number = |width: usize| {
        let part = parts.next()?;
        (part.len() == width && part.bytes().all(|b| b.is_ascii_digit())).then_some(())?;
        part.parse::<u32>().ok()
    };
    let (year, month, day, hour) = (number(4)?, number(2)?, number(2)?, number(2)?);
    let name = parts.next()?;
    (!name.is_empty()).then_some(())?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some(date.and_hms_opt(hour, 0, 0)?.and_utc())
}

/// The day in which a raw object arrived; `None` where the key is not of a raw object.
pub fn raw_day(key: &str) -> Option<NaiveDate> {
    raw_hour(key).map(|hour| hour.date_naive())
}

/// The folder of the raw objects that arrived on a day: `raw/2026/03/02`.
pub fn raw_folder(day: NaiveDate) -> String {
    format!("{RAW}/{}", day.format("%Y/%m/%d"))
}

/// How far a folder under `raw/` leads: to a year, a month or a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawFolder {
    /// `raw/2026` or `raw/2026/03`: folders of raw objects are below it.
    Above,
    /// `raw/2026/03/02`.
    Day(NaiveDate),
}

/// What a folder under `raw/` is; `None` where no raw object can be in it.
pub fn raw_folder_of(folder: &str) -> Option<RawFolder> {
    let mut numbers = folder.strip_prefix(RAW)?.strip_prefix('/')?.split('/');
    let mut number = |width: usize| match numbers.next() {
        Some(part) if part.len() == width && part.bytes().all(|b| b.is_ascii_digit()) => {
            part.parse::<u32>().map(Some).map_err(|_| ())
        }
        Some(_) => Err(()),
        None => Ok(None),
    };
    let (year, month, day) = (number(4).ok()?, number(2).ok()?, number(2).ok()?);
    if numbers.next().is_some() {
        return None;
    }
    let year = i32::try_from(year?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, month.unwrap_or(1), day.unwrap_or(1))?;
    Some(if day.is_some() { RawFolder::Day(date) } else { RawFolder::Above })
}

/// What a raw key adds to the hash of its day's keys, which is their wrapping sum: XXH64 of it.
pub fn raw_key_hash(key: &str) -> u64 {
    XxHash64::oneshot(0, key.as_bytes())
}

/// The name under which the log keeps the hash of a sealed day's keys: `sealed/2026/03/02`.
pub fn seal_name(day: NaiveDate) -> String {
    format!("{SEALED}/{}", day.format("%Y/%m/%d"))
}

/// The day of a name that [`seal_name`] gave, and what follows it: empty, or `count` of
/// `sealed/2026/03/02/count`. `None` for other names.
pub fn seal_of(name: &str) -> Option<(NaiveDate, &str)> {
    let rest = name.strip_prefix(SEALED)?.strip_prefix('/')?;
    let (day, part) = match rest.split_at_checked(10)? {
        (day, "") => (day, ""),
        (day, part) => (day, part.strip_prefix('/')?),
    };
    let day = NaiveDate::parse_from_str(day, "%Y/%m/%d").ok()?;
    name.starts_with(&seal_name(day)).then_some((day, part))
}

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

/// One partition of the table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition {
    /// Which kind of event its rows are.
    pub event_type: EventType,
    /// UTC date on which its rows were received.
    pub date: NaiveDate,
}

impl Partition {
    /// The partition's folder, relative to the table: `event_type=push/date=2026-03-02`.
    pub fn folder(&self) -> String {
        format!("event_type={}/date={}", self.event_type, self.date)
    }

    /// The partition of a file's path relative to the table; `None` for any other file.
    pub fn of_file(path: &str) -> Option<Self> {
        let (event_type, rest) = path.strip_prefix("event_type=")?.split_once('/')?;
        let (date, name) = rest.strip_prefix("date=")?.split_once('/')?;
        let partition = Self {
            event_type: EventType::partition_of(event_type),
            date: NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?,
        };
        let is_file = !name.is_empty() && !name.contains('/');
        // Dates and types have other spellings, which are of no partition of ours.
        (is_file && path.starts_with(&partition.folder())).then_some(partition)
    }
}

/// The date that the path of a file relative to the table tells, whoever wrote it.
pub fn date_of_file(path: &str) -> Option<NaiveDate> {
    let date = path.split('/').find_map(|part| part.strip_prefix("date="))?;
    NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()
}

/// The path of a data file, relative to the table:
/// `<partition>/part-<run>-<number>-<XXH64 of its bytes>.parquet`. Its name tells what it must
/// hold, whoever's log names it.
pub fn data_file(partition: &Partition, run: &str, number: u32, bytes: &[u8]) -> String {
    let hash = XxHash64::oneshot(0, bytes);
    format!("{}/part-{run}-{number:05}-{hash:016x}.parquet", partition.folder())
}

/// Whether the bytes of a data file are those that its name tells of; `None` where it tells
/// nothing: an older version wrote it, or another engine.
pub fn is_intact(path: &str, bytes: &[u8]) -> Option<bool> {
    let (_, name) = path.rsplit_once('/')?;
    let [run, number, hash] =
        name.strip_prefix("part-")?.strip_suffix(".parquet")?.split('-').collect::<Vec<_>>()[..]
    else {
        return None;
    };
    let is_hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    let is_ours = run.len() == 32 && is_hex(run) && number.bytes().all(|b| b.is_ascii_digit());
    (is_ours && hash.len() == 16).then_some(())?;
    let hash = u64::from_str_radix(hash, 16).ok()?;
    Some(hash == XxHash64::oneshot(0, bytes))
}

/// The folder of the quarantine entries for records of the raw object `raw_key`.
pub fn quarantine_folder(raw_key: &str) -> String {
    let name = raw_key.strip_prefix("raw/").unwrap_or(raw_key);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn raw_keys_round_trip(seconds in 0i64..4_102_444_800, name in "[a-zA-Z0-9._-]{1,40}") {
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            let hour = DateTime::from_timestamp(seconds - seconds % 3600, 0).unwrap();
            prop_assert_eq!(raw_hour(&raw_key(at, &name)), Some(hour));
        }

        #[test]
        fn quarantine_keys_round_trip(name in "[^/\u{0}]{1,20}(/[^/\u{0}]{1,20}){0,5}", offset: u64) {
            let raw_key = format!("raw/{name}");
            prop_assert_eq!(quarantined(&quarantine_key(&raw_key, offset)), Some((raw_key, offset)));
        }

        #[test]
        fn large_keys_round_trip(seconds in 0i64..4_102_444_800, id: u128) {
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            prop_assert!(is_large_key(&large_key(at, DeliveryId::from_u128(id))));
        }

        #[test]
        fn partitions_round_trip(kind in "[a-z][a-z0-9_]{0,63}", days in 0i32..40_000) {
            let date = NaiveDate::from_num_days_from_ce_opt(719_163 + days).unwrap();
            let partition = Partition { event_type: EventType::partition_of(&kind), date };
            let path = format!("{}/part-0.parquet", partition.folder());
            prop_assert_eq!(Partition::of_file(&path), Some(partition));
        }
    }

    #[test]
    fn a_data_file_is_known_by_its_bytes() {
        let date = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
        let partition = Partition { event_type: EventType::partition_of("push"), date };
        let path = data_file(&partition, "0123456789abcdef0123456789abcdef", 7, b"abc");
        assert_eq!(
            path,
            "event_type=push/date=2026-03-02/part-0123456789abcdef0123456789abcdef-00007-44bc2cf5ad770999.parquet"
        );
        assert_eq!(is_intact(&path, b"abc"), Some(true));
        assert_eq!(is_intact(&path, b"abd"), Some(false));
        for other in [
            "event_type=push/date=2026-03-02/part-0123456789abcdef0123456789abcdef-00007.parquet",
            "event_type=push/date=2026-03-02/part-00001-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f-c000.snappy.parquet",
            "part-1-2-3.parquet",
        ] {
            assert_eq!(is_intact(other, b"abc"), None, "{other}");
        }
    }

    #[test]
    fn keys_read_as_the_contract_says() {
        let at = "2026-03-02T08:09:10Z".parse().unwrap();
        let id = DeliveryId::from_u128(0xabc);
        assert_eq!(raw_key(at, "x.gz"), "raw/2026/03/02/08/x.gz");
        assert_eq!(
            large_key(at, id),
            "large/2026/03/02/00000000-0000-0000-0000-000000000abc.json.gz"
        );
        assert_eq!(
            quarantine_key("raw/2026/03/02/08/x.gz", 42),
            "quarantine/2026/03/02/08/x.gz/000000000042.json"
        );
    }

    #[test]
    fn days_have_folders_and_seals() {
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        assert_eq!(raw_day("raw/2026/03/02/08/x.gz"), Some(day(2026, 3, 2)));
        assert_eq!(raw_day("raw/2026/03/02/x.gz"), None);
        assert_eq!(raw_folder(day(2026, 3, 2)), "raw/2026/03/02");
        assert_eq!(raw_folder_of("raw/2026/03/02"), Some(RawFolder::Day(day(2026, 3, 2))));
        for above in ["raw/2026", "raw/2026/12"] {
            assert_eq!(raw_folder_of(above), Some(RawFolder::Above), "{above}");
        }
        for other in ["raw", "raw/", "raw/26", "raw/2026/13", "raw/2026/02/30", "raw/old/03/02"] {
            assert_eq!(raw_folder_of(other), None, "{other}");
        }
        assert_eq!(raw_folder_of("raw/2026/03/02/08"), None);
        assert_eq!(seal_name(day(2026, 11, 9)), "sealed/2026/11/09");
        assert_eq!(seal_of("sealed/2026/11/09"), Some((day(2026, 11, 9), "")));
        assert_eq!(seal_of("sealed/2026/11/09/count"), Some((day(2026, 11, 9), "count")));
        for other in
            ["sealed", "sealed/", "sealed/2026/11/9", "sealed/2026/11/0ä", "sealed/2026/11/091"]
        {
            assert_eq!(seal_of(other), None, "{other}");
        }
    }

    #[test]
    fn other_keys_tell_no_quarantined_record() {
        for key in [
            "",
            "quarantine",
            "quarantine/x.json",
            "quarantine/x/12.json",
            "quarantine/x/+00000000012.json",
            "quarantine/x/000000000012",
            "raw/x/000000000012.json",
        ] {
            assert_eq!(quarantined(key), None, "{key}");
        }
    }

    #[test]
    fn other_keys_are_no_raw_keys() {
        for key in [
            "",
            "raw",
            "raw/2026/03/02/08/",
            "raw/2026/3/02/08/x",
            "raw/2026/13/02/08/x",
            "large/a",
        ] {
            assert_eq!(raw_hour(key), None, "{key}");
        }
    }

    #[test]
    fn a_claim_check_names_only_claim_checks() {
        for key in [
            "large/2026/03/02/../../../raw/x.json.gz",
            "large/2026/3/2/00000000-0000-0000-0000-000000000abc.json.gz",
            "raw/2026/03/02/08/x",
            "large/2026/03/02/x.json.gz",
        ] {
            assert!(!is_large_key(key), "{key}");
        }
    }

    #[test]
    fn other_files_have_no_partition() {
        for path in [
            "_delta_log/00000000000000000000.json",
            "event_type=../date=2026-03-02/x",
            "event_type=push/date=2026-03-02/",
            "event_type=push/date=2026-03-02/a/b",
            "event_type=push/date=March/a",
            "event_type=push/date=2026-3-2/a",
            "event_type=Push/date=2026-03-02/a",
        ] {
            assert_eq!(Partition::of_file(path), None, "{path}");
        }
    }
}
