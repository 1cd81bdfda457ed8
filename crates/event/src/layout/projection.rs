//! The files of the projection: the rows of the table without their payloads, by event type and
//! month.

use chrono::{Datelike, NaiveDate};

use super::Partition;
use super::table::file_in;
use crate::event_type::EventType;

/// The folder of the projection.
pub const PROJECTION: &str = "projection";
/// The folder of its log.
pub const PROJECTION_LOG: &str = "projection/_delta_log";
/// The folder of what stands beside its files; no engine takes a name like this for data.
const FACTS: &str = "_facts";

/// The month that a row of this date stands in, as the first of its days.
pub fn month_of(date: NaiveDate) -> NaiveDate {
    date.with_day(1).unwrap_or(date)
}

/// The partition of the projection that the rows of one of the table stand in: its date is the first
/// of the month.
pub fn projected_partition(partition: &Partition) -> Partition {
    Partition { event_type: partition.event_type.clone(), date: month_of(partition.date) }
}

/// A month as the projection's partitions have it: `2026-03`.
pub fn month_text(month: NaiveDate) -> String {
    month.format("%Y-%m").to_string()
}

/// The first day of a month as the projection's partitions have it.
pub fn month_of_text(text: &str) -> Option<NaiveDate> {
    let (year, month) = text.split_once('-')?;
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    (year.len() == 4 && month.len() == 2 && is_number(year) && is_number(month)).then_some(())?;
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)
}

/// The folder of a partition of the projection, relative to it: `event_type=push/month=2026-03`.
pub fn projected_folder(partition: &Partition) -> String {
    format!("event_type={}/month={}", partition.event_type, month_text(partition.date))
}

/// The partition of a file's path relative to the projection; `None` for any other file.
pub fn projected_partition_of(path: &str) -> Option<Partition> {
    let (event_type, rest) = path.strip_prefix("event_type=")?.split_once('/')?;
    let (month, name) = rest.strip_prefix("month=")?.split_once('/')?;
    let event_type = EventType::partition_of(event_type);
    let partition = Partition { event_type, date: month_of_text(month)? };
    let is_file = !name.is_empty() && !name.contains('/');
    (is_file && path.starts_with(&projected_folder(&partition))).then_some(partition)
}

/// The path of a data file, relative to the projection; named as [`super::data_file`] is.
pub fn projected_file(partition: &Partition, run: &str, number: u32, bytes: &[u8]) -> String {
    file_in(&projected_folder(partition), run, number, bytes)
}

/// The key of a file of the projection, by its path relative to it.
pub fn projected_key(path: &str) -> String {
    format!("{PROJECTION}/{path}")
}

/// The key of the facts beside a file of the projection, by its path relative to it.
pub fn facts_key(path: &str) -> String {
    format!("{PROJECTION}/{FACTS}/{path}")
}

/// The path of the file that facts stand beside; `None` where a path relative to the projection is of
/// no facts.
pub fn path_of_facts(path: &str) -> Option<&str> {
    path.strip_prefix(FACTS)?.strip_prefix('/')
}

/// The path of a file relative to the projection; `None` where the key is not of its folder.
pub fn path_in_projection(key: &str) -> Option<&str> {
    key.strip_prefix(PROJECTION)?.strip_prefix('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_projected_file_is_known_by_its_month_and_its_bytes() {
        let date = NaiveDate::from_ymd_opt(2026, 3, 17).unwrap();
        let of_day = Partition { event_type: EventType::partition_of("push"), date };
        let of_month = projected_partition(&of_day);
        let path = projected_file(&of_month, "0123456789abcdef0123456789abcdef", 7, b"abc");
        assert_eq!(
            path,
            "event_type=push/month=2026-03/part-0123456789abcdef0123456789abcdef-00007-44bc2cf5ad770999.parquet"
        );
        assert_eq!(projected_partition_of(&path), Some(of_month));
        assert_eq!(super::super::is_intact(&path, b"abc"), Some(true));
        assert_eq!(path_in_projection(&projected_key(&path)), Some(path.as_str()));
        let facts = facts_key(&path);
        let facts = path_in_projection(&facts).unwrap();
        assert_eq!(projected_partition_of(facts), None);
        assert_eq!(path_of_facts(facts), Some(path.as_str()));
        assert_eq!(path_of_facts(&path), None);
    }

    #[test]
    fn other_paths_are_of_no_month() {
        for path in [
            "event_type=push/date=2026-03-02/x",
            "event_type=push/month=2026-3/x",
            "event_type=push/month=2026-13/x",
            "event_type=push/month=+026-03/x",
            "event_type=Push/month=2026-03/x",
            "event_type=push/month=2026-03/",
            "event_type=push/month=2026-03/a/b",
        ] {
            assert_eq!(projected_partition_of(path), None, "{path}");
        }
    }
}
