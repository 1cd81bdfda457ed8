//! Raw objects, their folders, and what the log calls their days.

use chrono::{DateTime, NaiveDate, Timelike, Utc};
use twox_hash::XxHash64;

use super::RAW;

/// What the names begin with that the log gives to sealed days; there is no such folder.
const SEALED: &str = "sealed";
/// And to raw objects that are read in part, and to what is broken in them.
const REACHED: &str = "reached";
const SEARCHED: &str = "searched";

/// The key of a raw object named `name`, whose oldest record arrived at `arrived`.
pub fn raw_key(arrived: DateTime<Utc>, name: &str) -> String {
    format!("{RAW}/{}/{:02}/{name}", arrived.format("%Y/%m/%d"), arrived.hour())
}

/// Whether a key, or a name in the table's log, is under `raw/`: of a raw object, if it is well
/// formed.
pub fn is_under_raw(key: &str) -> bool {
    key.strip_prefix(RAW).is_some_and(|rest| rest.starts_with('/'))
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

/// The name under which the log keeps how far a raw object is dealt with: `reached/raw/…`.
pub fn reached_name(raw_key: &str) -> String {
    format!("{REACHED}/{raw_key}")
}

/// The raw key of a name that [`reached_name`] gave; `None` for other names.
pub fn reached_of(name: &str) -> Option<&str> {
    name.strip_prefix(REACHED)?.strip_prefix('/')
}

/// The name under which the log keeps how far the end of something broken was looked for:
/// `searched/raw/…`.
pub fn searched_name(raw_key: &str) -> String {
    format!("{SEARCHED}/{raw_key}")
}

/// The raw key of a name that [`searched_name`] gave; `None` for other names.
pub fn searched_of(name: &str) -> Option<&str> {
    name.strip_prefix(SEARCHED)?.strip_prefix('/')
}
