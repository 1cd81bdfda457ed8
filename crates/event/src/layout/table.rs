//! The files of the Delta table.

use chrono::NaiveDate;
use twox_hash::XxHash64;

use super::{EVENTS, REBUILD, TABLE_LOG};
use crate::event_type::EventType;

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

/// The key of a file of the table, by its path relative to the table.
pub fn table_key(path: &str) -> String {
    format!("{EVENTS}/{path}")
}

/// The key of a file of the table that is made anew, by its path relative to the table.
pub fn rebuilt_key(path: &str) -> String {
    format!("{REBUILD}/{path}")
}

/// The key of a version's commit.
pub fn commit_key(version: u64) -> String {
    format!("{TABLE_LOG}/{}", commit_name(version))
}

/// The name of a version's commit in a table's log.
pub fn commit_name(version: u64) -> String {
    format!("{version:020}.json")
}

/// The path of a file relative to the table; `None` where the key is not of the table's folder.
pub fn path_in_table(key: &str) -> Option<&str> {
    key.strip_prefix(EVENTS)?.strip_prefix('/')
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
    file_in(&partition.folder(), run, number, bytes)
}

/// A data file in the folder of a partition.
pub(super) fn file_in(folder: &str, run: &str, number: u32, bytes: &[u8]) -> String {
    let hash = XxHash64::oneshot(0, bytes);
    format!("{folder}/part-{run}-{number:05}-{hash:016x}.parquet")
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
