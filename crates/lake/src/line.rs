//! The lines of a commit: one action each, read by whoever follows a log.

use std::borrow::Cow;

use chrono::NaiveDate;
use object_store::path::Path;
use octolake_event::EventType;
use octolake_event::layout::{self, Partition};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::live::Entry;
use crate::replay::Listed;

/// One action, as far as it is looked at.
#[derive(Deserialize)]
pub(crate) struct Line<'a> {
    #[serde(borrow)]
    pub(crate) add: Option<AddLine<'a>>,
    #[serde(borrow)]
    pub(crate) remove: Option<RemoveLine<'a>>,
    #[serde(borrow)]
    pub(crate) txn: Option<Txn<'a>>,
    pub(crate) protocol: Option<ProtocolLine>,
}

/// The actions of a commit, in its order.
pub(crate) fn lines(commit: &[u8]) -> impl Iterator<Item = Result<Line<'_>, String>> {
    written(commit).map(read)
}

/// Those that are not about files, which are nearly all of a large commit and cost most to read.
pub(crate) fn lines_beside_files(commit: &[u8]) -> impl Iterator<Item = Result<Line<'_>, String>> {
    // A line holds one action, whose name comes first.
    let is_of_file = |line: &&[u8]| OF_FILES.iter().any(|start| line.starts_with(start));
    written(commit).filter(move |line| !is_of_file(line)).map(read)
}

/// How lines of files begin where they are written without blanks; others are read all the same.
const OF_FILES: [&[u8]; 2] = [b"{\"add\":", b"{\"remove\":"];

fn written(commit: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut starts = 0;
    let ends = memchr::memchr_iter(b'\n', commit).chain([commit.len()]);
    let line = move |end| {
        let line = commit.get(starts..end).unwrap_or_default();
        starts = end + 1;
        line
    };
    ends.map(line).filter(|line| !line.is_empty())
}

fn read(line: &[u8]) -> Result<Line<'_>, String> {
    serde_json::from_slice(line).map_err(|error| error.to_string())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProtocolLine {
    pub(crate) min_reader_version: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Txn<'a> {
    #[serde(borrow)]
    pub(crate) app_id: Cow<'a, str>,
    pub(crate) version: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RemoveLine<'a> {
    #[serde(borrow)]
    pub(crate) path: Cow<'a, str>,
    /// Whether its rows go with it; where nothing is said they do.
    pub(crate) data_change: Option<bool>,
    #[serde(default, borrow)]
    pub(crate) partition_values: Option<Values<'a>>,
    pub(crate) deletion_vector: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AddLine<'a> {
    #[serde(borrow)]
    pub(crate) path: Cow<'a, str>,
    /// Whether its rows are new; where nothing is said they are.
    pub(crate) data_change: Option<bool>,
    #[serde(default, borrow)]
    partition_values: Option<Values<'a>>,
    #[serde(default)]
    size: i64,
    #[serde(default)]
    modification_time: i64,
    #[serde(default, borrow)]
    pub(crate) stats: Option<Cow<'a, str>>,
    deletion_vector: Option<IgnoredAny>,
    #[serde(default, borrow)]
    tags: Option<Tags<'a>>,
}

/// The tags of a file that are looked at.
#[derive(Default, Deserialize)]
struct Tags<'a> {
    #[serde(rename = "octolake.jobs", borrow)]
    jobs: Option<Cow<'a, str>>,
}

impl AddLine<'_> {
    /// The file as octolake has it, or why it cannot be used.
    pub(crate) fn entry(self) -> Entry {
        let listed = Listed {
            path: decoded(&self.path),
            values: self.partition_values.unwrap_or_default(),
            bytes: self.size,
            modified: self.modification_time,
            stats: self.stats.as_deref(),
            has_deletions: self.deletion_vector.is_some(),
            jobs: self.tags.as_ref().and_then(|tags| tags.jobs.as_deref()),
        };
        listed.entry()
    }
}

/// The values of the partition columns, as the log has them.
#[derive(Default, Deserialize)]
pub(crate) struct Values<'a> {
    #[serde(borrow)]
    pub(crate) event_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) date: Option<Cow<'a, str>>,
    /// In place of the date, in the projection.
    #[serde(borrow)]
    pub(crate) month: Option<Cow<'a, str>>,
}

impl Values<'_> {
    /// The partition; `None` where it is not told.
    pub(crate) fn partition(&self) -> Option<Partition> {
        let day = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        let date = match (&self.date, &self.month) {
            (Some(date), _) => day(date)?,
            (None, Some(month)) => layout::month_of_text(month)?,
            (None, None) => return None,
        };
        let event_type = EventType::partition_of(self.event_type.as_deref()?);
        Some(Partition { event_type, date })
    }
}

/// The path of a file as the log has it, decoded. Ours need no decoding, and are many.
pub(crate) fn decoded(path: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'=' | b'-' | b'_');
    let names_a_part = |name: &str| name.bytes().all(|b| is_plain(b) || b == b'.');
    if let Some((folder, name)) = path.rsplit_once('/')
        && folder.bytes().all(is_plain)
        && !folder.starts_with('/')
        && !folder.ends_with('/')
        && !folder.contains("//")
        && names_a_part(name)
        && !matches!(name, "" | "." | "..")
    {
        return path.to_owned();
    }
    Path::from_url_path(path).unwrap_or_else(|_| Path::from(path)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_files_are_passed_over_unread() {
        let txn = r#"{"txn":{"appId":"a","version":7}}"#;
        let commit =
            format!("{{\"add\":no JSON}}\n{txn}\n\n{{\"remove\":{{}}\n{{ \"txn\" : null }}");
        let told: Vec<Option<i64>> = lines_beside_files(commit.as_bytes())
            .map(|line| line.unwrap().txn.map(|txn| txn.version))
            .collect();
        assert_eq!(told, [Some(7), None]);
        assert!(lines(commit.as_bytes()).next().unwrap().is_err());
        assert_eq!(lines(b"").count() + lines(b"\n\n").count(), 0);
        assert_eq!(lines(format!("{txn}\n{txn}\n").as_bytes()).count(), 2);
    }

    #[test]
    fn a_path_is_what_the_library_takes_it_for() {
        for path in [
            "event_type=push/date=2026-03-02/part-1.parquet",
            "event_type%3Dpush/date=2026-03-02/a%20b.parquet",
            "a//b",
            "/a/b",
            "a/..",
            "../a",
            "a/./b",
            "a/",
            "s3://bucket/a",
            "100%/a",
        ] {
            let whole = Path::from_url_path(path).unwrap_or_else(|_| Path::from(path));
            assert_eq!(decoded(path), whole.to_string(), "{path}");
        }
    }
}
