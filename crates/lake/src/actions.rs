//! What a commit says in Delta's own words.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use deltalake::kernel::{Action, Add, Remove};
use deltalake::protocol::{DeltaOperation, SaveMode};
use octolake_event::layout::Partition;
use octolake_tables::schema::PARTITION_COLUMNS;
use octolake_tables::schema::name::RECEIVED_AT;
use serde_json::{Map, Value, json};

use crate::commit::{Commit, CommitKind, NewFile};
use crate::live::LiveFile;

pub(crate) fn operation(kind: CommitKind) -> DeltaOperation {
    match kind {
        CommitKind::Rebuild => DeltaOperation::Write {
            mode: SaveMode::Overwrite,
            partition_by: Some(PARTITION_COLUMNS.map(str::to_owned).to_vec()),
            predicate: None,
        },
        CommitKind::Append => DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: Some(PARTITION_COLUMNS.map(str::to_owned).to_vec()),
            predicate: None,
        },
        CommitKind::Merge => DeltaOperation::Optimize { predicate: None, target_size: 0 },
        CommitKind::Erase => DeltaOperation::Delete { predicate: None },
    }
}

/// What a merge takes out is marked as a change of the data, though what it puts in is none. The
/// Delta library of Rust and Python looks for conflicts at changes of the data alone: somebody's
/// `OPTIMIZE` or `delete` of a file that a merge has replaced meanwhile would be committed, and all
/// rows of that file would be there twice. See decision 28.
pub(crate) fn actions(commit: &Commit) -> Vec<Action> {
    let is_new = commit.kind != CommitKind::Merge;
    let removes =
        commit.removes.iter().map(|file| remove(file, values(&file.partition), commit.now));
    let drops = commit.drops.iter().map(|path| drop_of(path, commit.now));
    let adds = commit
        .adds
        .iter()
        .map(|file| add(file, values(&file.partition), Bounds::of(file), is_new, commit.now))
        .map(Action::Add);
    removes.chain(drops).chain(adds).collect()
}

/// Takes a file out of which nothing is known but its path.
fn drop_of(path: &str, now: DateTime<Utc>) -> Action {
    Action::Remove(Remove {
        path: path.to_owned(),
        data_change: true,
        deletion_timestamp: Some(now.timestamp_millis()),
        ..Remove::default()
    })
}

/// The values of partition columns by their names.
pub(crate) type PartitionValues = HashMap<String, Option<String>>;

fn values(partition: &Partition) -> PartitionValues {
    let [event_type, date] = PARTITION_COLUMNS;
    HashMap::from([
        (event_type.to_owned(), Some(partition.event_type.to_string())),
        (date.to_owned(), Some(partition.date.to_string())),
    ])
}

/// The least and the greatest value of columns in a file, by their names.
#[derive(Default)]
pub(crate) struct Bounds {
    least: Map<String, Value>,
    greatest: Map<String, Value>,
}

impl Bounds {
    /// Those of a file's arrivals.
    pub(crate) fn of(file: &NewFile) -> Self {
        let moment = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
        // Delta cuts a maximum to milliseconds, so it must be rounded up to stay one.
        let ceiling = file.received.1 + chrono::TimeDelta::microseconds(999);
        Self::default().with(RECEIVED_AT, moment(file.received.0), moment(ceiling))
    }

    /// The same, and those of a column more.
    pub(crate) fn with(mut self, column: &str, least: String, greatest: String) -> Self {
        self.least.insert(column.to_owned(), least.into());
        self.greatest.insert(column.to_owned(), greatest.into());
        self
    }
}

/// Puts a file in.
pub(crate) fn add(
    file: &NewFile,
    partition_values: PartitionValues,
    bounds: Bounds,
    data_change: bool,
    now: DateTime<Utc>,
) -> Add {
    let nulls: Map<String, Value> =
        bounds.least.keys().map(|column| (column.clone(), 0.into())).collect();
    let stats = json!({
        "numRecords": file.rows,
        "minValues": bounds.least,
        "maxValues": bounds.greatest,
        "nullCount": nulls,
    });
    Add {
        path: file.path.clone(),
        partition_values,
        size: i64::try_from(file.bytes).unwrap_or(i64::MAX),
        modification_time: now.timestamp_millis(),
        data_change,
        stats: Some(stats.to_string()),
        ..Add::default()
    }
}

/// Takes a file out, with its rows or because they are in another.
pub(crate) fn remove(
    file: &LiveFile,
    partition_values: PartitionValues,
    now: DateTime<Utc>,
) -> Action {
    Action::Remove(Remove {
        path: file.path.clone(),
        data_change: true,
        deletion_timestamp: Some(now.timestamp_millis()),
        extended_file_metadata: Some(true),
        partition_values: Some(partition_values),
        size: i64::try_from(file.bytes).ok(),
        ..Remove::default()
    })
}
