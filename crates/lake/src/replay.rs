//! What the actions of the log say of files and of progress.
//!
//! The Delta library replays them too, but for every engine's needs: with all statistics of all
//! columns as typed values, at 30 microseconds a file. Here it is what octolake needs: path,
//! partition, size, rows and the range of `received_at`. Only tables of reader version 1 are read
//! so; a table that another engine has brought to a later one is the library's to read.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, MapArray, RecordBatch, StringArray, StructArray};
use bytes::Bytes;
use chrono::{DateTime, Months, NaiveDate, Utc};
use octolake_event::layout::Partition;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Deserialize;

use crate::facts::{Facts, TAG};
use crate::line::{Txn, Values, decoded, lines, lines_beside_files};
use crate::live::{Change, Entry, LiveFile, Unusable};

/// What of a checkpoint is read of files, and what of progress.
const FILE_COLUMNS: [&str; 6] = [
    "add.path",
    "add.partitionValues",
    "add.size",
    "add.modificationTime",
    "add.stats",
    "add.tags",
];
const TXN_COLUMNS: [&str; 2] = ["txn.appId", "txn.version"];

/// Files by path: what the last action says of each.
pub(crate) type Changes = HashMap<String, Change>;

/// Takes in what a log says beside its files: names with numbers (`txn`), of which the last counts.
pub(crate) trait Names: Send {
    fn apply(&mut self, name: &str, number: i64);
}

/// A file as the log names it.
pub(crate) struct Listed<'a> {
    pub(crate) path: String,
    pub(crate) values: Values<'a>,
    pub(crate) bytes: i64,
    pub(crate) modified: i64,
    pub(crate) stats: Option<&'a str>,
    pub(crate) has_deletions: bool,
    /// The tag of its facts.
    pub(crate) jobs: Option<&'a str>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statistics {
    num_records: Option<u64>,
    #[serde(default)]
    min_values: Bounds,
    #[serde(default)]
    max_values: Bounds,
}

#[derive(Default, Deserialize)]
struct Bounds {
    received_at: Option<DateTime<Utc>>,
    date: Option<NaiveDate>,
}

impl Statistics {
    /// The dates of the rows: that of their partition, or those of their month.
    fn dates(&self, partition: &Partition, is_of_month: bool) -> (NaiveDate, NaiveDate) {
        let first = partition.date;
        if !is_of_month {
            return (first, first);
        }
        let last = first.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt());
        (self.min_values.date.unwrap_or(first), self.max_values.date.or(last).unwrap_or(first))
    }
}

impl Listed<'_> {
    /// The file as octolake has it, or why it cannot be used.
    pub(crate) fn entry(self) -> Entry {
        let unusable = |reason: &str| {
            Entry::Unusable(Unusable { path: self.path.clone(), reason: reason.to_owned() })
        };
        if self.has_deletions {
            return unusable("another engine has deleted rows of it by a deletion vector");
        }
        let Some(partition) = self.values.partition() else {
            return unusable("it has no event type and date");
        };
        let statistics: Statistics =
            self.stats.and_then(|stats| serde_json::from_str(stats).ok()).unwrap_or_default();
        let file = LiveFile {
            dates: statistics.dates(&partition, self.values.month.is_some()),
            path: self.path,
            partition,
            bytes: u64::try_from(self.bytes).unwrap_or_default(),
            rows: statistics.num_records.unwrap_or_default(),
            modified: DateTime::from_timestamp_millis(self.modified).unwrap_or_default(),
            received_min: statistics.min_values.received_at,
            received_max: statistics.max_values.received_at,
            facts: self.jobs.and_then(Facts::of_tag),
        };
        match statistics.num_records {
            Some(_) => Entry::File(file),
            None => Entry::Uncounted(file),
        }
    }
}

/// Takes the actions of a commit in, as far as they are asked for: files first go, then come, in
/// whatever order it names them.
pub(crate) fn read_commit(
    bytes: &[u8],
    changes: Option<&mut Changes>,
    mut names: Option<&mut dyn Names>,
) -> Result<(), String> {
    let Some(changes) = changes else {
        return lines_beside_files(bytes)
            .try_for_each(|line| line.map(|line| read_txn(line.txn, names.as_deref_mut())));
    };
    let mut added = vec![];
    for line in lines(bytes) {
        let line = line?;
        if let Some(remove) = line.remove {
            changes.insert(decoded(&remove.path), Change::Removed);
        }
        read_txn(line.txn, names.as_deref_mut());
        if let Some(add) = line.add {
            let entry = add.entry();
            added.push((entry.path().to_owned(), Change::Added(entry)));
        }
    }
    changes.extend(added);
    Ok(())
}

fn read_txn(txn: Option<Txn<'_>>, names: Option<&mut (dyn Names + '_)>) {
    if let (Some(txn), Some(names)) = (txn, names) {
        names.apply(&txn.app_id, txn.version);
    }
}

/// Takes the actions of a checkpoint in.
pub(crate) fn read_checkpoint(
    bytes: Bytes,
    mut changes: Option<&mut Changes>,
    mut names: Option<&mut dyn Names>,
) -> Result<(), String> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|e| e.to_string())?;
    let files: &[&str] = if changes.is_some() { &FILE_COLUMNS } else { &[] };
    let txns: &[&str] = if names.is_some() { &TXN_COLUMNS } else { &[] };
    let columns = files.iter().chain(txns).copied();
    let mask = ProjectionMask::columns(reader.parquet_schema(), columns);
    let batches = reader.with_batch_size(8192).with_projection(mask).build();
    for batch in batches.map_err(|e| e.to_string())? {
        let batch = batch.map_err(|e| e.to_string())?;
        if let Some(changes) = &mut changes {
            read_files(&batch, changes)?;
        }
        if let Some(names) = &mut names {
            read_txns(&batch, *names);
        }
    }
    Ok(())
}

fn read_txns(batch: &RecordBatch, names: &mut dyn Names) {
    let txns = batch.column_by_name("txn").and_then(|column| column.as_struct_opt());
    let Some(txns) = txns else { return };
    let ids = txns.column_by_name("appId").and_then(|c| c.as_string_opt::<i32>());
    let versions = txns.column_by_name("version").and_then(|c| c.as_primitive_opt::<Int64Type>());
    let (Some(ids), Some(versions)) = (ids, versions) else { return };
    for row in (0..txns.len()).filter(|row| txns.is_valid(*row) && ids.is_valid(*row)) {
        names.apply(ids.value(row), versions.value(row));
    }
}

/// A text of a checkpoint, where it has one.
fn text(column: Option<&StringArray>, row: usize) -> Option<&str> {
    column.filter(|column| column.is_valid(row)).map(|column| column.value(row))
}

fn read_files(batch: &RecordBatch, changes: &mut Changes) -> Result<(), String> {
    let Some(adds) = batch.column_by_name("add").and_then(|c| c.as_struct_opt()) else {
        return Ok(());
    };
    let texts = |name| adds.column_by_name(name).and_then(|c| c.as_string_opt::<i32>());
    let numbers = |name| adds.column_by_name(name).and_then(|c| c.as_primitive_opt::<Int64Type>());
    let paths = texts("path").ok_or("its files have no paths")?;
    let (stats, sizes, times) = (texts("stats"), numbers("size"), numbers("modificationTime"));
    let maps = |name| adds.column_by_name(name).and_then(|c| c.as_map_opt());
    let (partitions, tags) = (maps("partitionValues"), maps("tags"));
    for row in (0..adds.len()).filter(|row| adds.is_valid(*row) && paths.is_valid(*row)) {
        let path = decoded(paths.value(row));
        let number = |column: Option<&arrow_array::Int64Array>| {
            column.filter(|c| c.is_valid(row)).map_or(0, |c| c.value(row))
        };
        let listed = Listed {
            path: path.clone(),
            values: partitions.map(|it| values(it, row)).unwrap_or_default(),
            bytes: number(sizes),
            modified: number(times),
            stats: text(stats, row),
            has_deletions: has_deletions(adds, row),
            jobs: tags.and_then(|it| entries(it, row).find(|(name, _)| *name == TAG)?.1),
        };
        changes.insert(path, Change::Added(listed.entry()));
    }
    Ok(())
}

fn has_deletions(adds: &StructArray, row: usize) -> bool {
    adds.column_by_name("deletionVector").is_some_and(|vector| vector.is_valid(row))
}

fn values(partitions: &MapArray, row: usize) -> Values<'_> {
    let mut found = Values::default();
    for (name, value) in entries(partitions, row) {
        let value = value.map(Cow::Borrowed);
        match name {
            "event_type" => found.event_type = value,
            "date" => found.date = value,
            "month" => found.month = value,
            _ => {}
        }
    }
    found
}

/// The names and the values of a map.
fn entries(map: &MapArray, row: usize) -> impl Iterator<Item = (&str, Option<&str>)> {
    let names = map.keys().as_string_opt::<i32>();
    let texts = map.values().as_string_opt::<i32>();
    let offsets = map.value_offsets();
    let places = match (names, texts, offsets.get(row), offsets.get(row + 1)) {
        (Some(_), Some(_), Some(from), Some(to)) if map.is_valid(row) => {
            *from as usize..*to as usize
        }
        _ => 0..0,
    };
    places.filter_map(move |at| Some((text(names, at)?, text(texts, at))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Vec<(String, Change)> {
        let mut changes = Changes::new();
        read_commit(lines.as_bytes(), Some(&mut changes), None).unwrap();
        let mut changes: Vec<_> = changes.into_iter().collect();
        changes.sort_by(|a, b| a.0.cmp(&b.0));
        changes
    }

    #[test]
    fn a_file_says_what_the_log_says() {
        let add = r#"{"add":{"path":"event_type%3Dpush/date=2026-03-02/a%20b.parquet","partitionValues":{"event_type":"push","date":"2026-03-02"},"size":12,"modificationTime":1772445600000,"dataChange":true,"stats":"{\"numRecords\":7,\"minValues\":{\"received_at\":\"2026-03-02T10:00:00.250Z\"},\"maxValues\":{\"received_at\":\"2026-03-02T11:00:00Z\"},\"nullCount\":{}}"}}"#;
        let changes = read(add);
        let [(path, Change::Added(Entry::File(file)))] = &changes[..] else {
            panic!("{changes:?}")
        };
        assert_eq!(path, "event_type=push/date=2026-03-02/a b.parquet");
        assert_eq!(
            (file.bytes, file.rows, file.partition.folder()),
            (12, 7, "event_type=push/date=2026-03-02".to_owned())
        );
        assert_eq!(file.modified, "2026-03-02T10:00:00Z".parse::<DateTime<Utc>>().unwrap());
        assert_eq!(file.received_min, Some("2026-03-02T10:00:00.250Z".parse().unwrap()));
        assert_eq!(file.received_max, Some("2026-03-02T11:00:00Z".parse().unwrap()));
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        let add = |path: &str, more: &str| {
            format!(
                r#"{{"add":{{"path":"{path}","size":1,"modificationTime":0,"dataChange":true{more}}}}}"#
            )
        };
        let partition = r#","partitionValues":{"event_type":"push","date":"2026-03-02"}"#;
        let vector = r#","deletionVector":{"storageType":"u","pathOrInlineDv":"x","sizeInBytes":1,"cardinality":1}"#;
        let lines = [
            add("a", r#","partitionValues":{"event_type":"push","date":null}"#),
            add("b", &format!("{partition}{vector}")),
            add("c", partition),
            add("d", &format!(r#"{partition},"stats":"{{}}""#)),
            add("e", &format!(r#"{partition},"stats":"no JSON""#)),
        ];
        let changes = read(&lines.join("\n"));
        let said: Vec<_> = changes
            .iter()
            .map(|(path, change)| match change {
                Change::Added(Entry::Unusable(file)) => format!("{path}: {}", file.reason),
                Change::Added(Entry::Uncounted(_)) => format!("{path}: uncounted"),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            said,
            [
                "a: it has no event type and date",
                "b: another engine has deleted rows of it by a deletion vector",
                "c: uncounted",
                "d: uncounted",
                "e: uncounted",
            ]
        );
    }

    #[test]
    fn a_file_that_goes_and_comes_in_one_commit_is_there() {
        let add = r#"{"add":{"path":"a","partitionValues":{"event_type":"push","date":"2026-03-02"},"size":1,"modificationTime":0,"dataChange":true}}"#;
        let remove = r#"{"remove":{"path":"a","dataChange":true}}"#;
        for lines in [[add, remove], [remove, add]] {
            assert!(matches!(&read(&lines.join("\n"))[..], [(_, Change::Added(_))]));
        }
        assert!(matches!(&read(remove)[..], [(_, Change::Removed)]));
    }
}
