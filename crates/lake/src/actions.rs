//! What a commit says in Delta's own words.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use deltalake::kernel::{Action, Add, Remove};
use deltalake::protocol::{DeltaOperation, SaveMode};
use octolake_event::layout::Partition;
use octolake_tables::schema::PARTITION_COLUMNS;
use serde_json::json;

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
    let removes = commit.removes.iter().map(|file| remove(file, commit.now));
    let drops = commit.drops.iter().map(|path| drop_of(path, commit.now));
    let adds = commit.adds.iter().map(|file| add(file, is_new, commit.now));
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

fn partition_values(partition: &Partition) -> HashMap<String, Option<String>> {
    let [event_type, date] = PARTITION_COLUMNS;
    HashMap::from([
        (event_type.to_owned(), Some(partition.event_type.to_string())),
        (date.to_owned(), Some(partition.date.to_string())),
    ])
}

fn add(file: &NewFile, data_change: bool, now: DateTime<Utc>) -> Action {
    let moment = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    // Delta cuts a maximum to milliseconds, so it must be rounded up to stay one.
    let ceiling = file.received.1 + chrono::TimeDelta::microseconds(999);
    let stats = json!({
        "numRecords": file.rows,
        "minValues": {"received_at": moment(file.received.0)},
        "maxValues": {"received_at": moment(ceiling)},
        "nullCount": {"received_at": 0},
    });
    Action::Add(Add {
        path: file.path.clone(),
        partition_values: partition_values(&file.partition),
        size: i64::try_from(file.bytes).unwrap_or(i64::MAX),
        modification_time: now.timestamp_millis(),
        data_change,
        stats: Some(stats.to_string()),
        ..Add::default()
    })
}

fn remove(file: &LiveFile, now: DateTime<Utc>) -> Action {
    Action::Remove(Remove {
        path: file.path.clone(),
        data_change: true,
        deletion_timestamp: Some(now.timestamp_millis()),
        extended_file_metadata: Some(true),
        partition_values: Some(partition_values(&file.partition)),
        size: i64::try_from(file.bytes).ok(),
        ..Remove::default()
    })
}
