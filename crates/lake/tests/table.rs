//! The table's log: commits, conflicts, checkpoints, and what another writer may have left.

#![expect(clippy::unwrap_used, reason = "a test stops at a surprise")]

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_event::layout::Partition;
use octolake_lake::{Commit, CommitKind, Counts, LakeError, NewFile, Outcome, Table, is_lake};
use octolake_store::{Lake, LakeUrl};

fn now() -> DateTime<Utc> {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

/// A commit of one file with seven rows from one raw object, told apart by `number`.
fn commit(number: i64) -> Commit {
    let path = format!("event_type=push/date=2026-03-02/part-{number}.parquet");
    Commit {
        kind: CommitKind::Append,
        adds: vec![NewFile {
            partition: Partition::of_file(&path).unwrap(),
            path,
            bytes: 100,
            rows: 7,
            received: (now(), now()),
        }],
        removes: vec![],
        done: vec![format!("raw/2026/03/02/10/{number}")],
        counts: Counts { read: 9, stored: 7, duplicates: 1, quarantined: 1 },
        vacuumed: false,
        mark: number,
        now: now(),
    }
}

#[tokio::test]
async fn a_commit_is_rows_and_progress_at_once() {
    let lake = Lake::in_memory();
    assert!(!is_lake(&lake).await.unwrap());
    assert!(Table::open(&lake).await.unwrap().is_none());
    let mut table = Table::open_or_create(&lake).await.unwrap();
    assert!(is_lake(&lake).await.unwrap());
    assert_eq!((table.version(), table.files().len()), (0, 0));
    assert_eq!(table.commit(&commit(1)).await.unwrap(), Outcome::Committed(1));
    let table = Table::open(&lake).await.unwrap().unwrap();
    let [file] = table.files() else { panic!("one file") };
    assert_eq!((file.rows, file.bytes, file.partition.event_type.as_str()), (7, 100, "push"));
    assert_eq!((file.received_min, file.received_max), (Some(now()), Some(now())));
    assert_eq!(table.progress().done().collect::<Vec<_>>(), ["raw/2026/03/02/10/1"]);
    assert_eq!(table.progress().ledger.counts.read, 9);
}

#[tokio::test]
async fn who_comes_second_changes_nothing_and_sees_the_first() {
    let lake = Lake::in_memory();
    let mut first = Table::open_or_create(&lake).await.unwrap();
    let mut second = Table::open(&lake).await.unwrap().unwrap();
    first.commit(&commit(1)).await.unwrap();
    assert_eq!(second.commit(&commit(2)).await.unwrap(), Outcome::Conflict);
    assert!(second.progress().is_done("raw/2026/03/02/10/1"));
    assert_eq!(second.files().len(), 1);
    assert_eq!(second.commit(&commit(2)).await.unwrap(), Outcome::Committed(2));
    assert_eq!(second.progress().ledger.counts.stored, 14);
}

#[tokio::test]
async fn progress_survives_checkpoints() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(&LakeUrl::Directory(dir.path().into())).unwrap();
    let mut table = Table::open_or_create(&lake).await.unwrap();
    for number in 1..=45 {
        table.commit(&commit(number)).await.unwrap();
    }
    let log = Path::from("events/_delta_log");
    let names: Vec<_> = lake.store().list(Some(&log)).try_collect().await.unwrap();
    let checkpoints: Vec<&str> = names
        .iter()
        .filter_map(|o| o.location.filename())
        .filter(|n| n.contains("check"))
        .collect();
    assert!(checkpoints.len() >= 2, "{checkpoints:?}");
    // What a checkpoint holds is not read from the commits before it: they may be gone.
    for version in 0..40 {
        let key = format!("events/_delta_log/{version:020}.json");
        lake.store().delete(&Path::from(key)).await.unwrap();
    }
    let fresh = Table::open(&lake).await.unwrap().unwrap();
    assert_eq!(fresh.version(), 45);
    assert_eq!(fresh.files(), table.files());
    assert_eq!(fresh.progress(), table.progress());
    assert_eq!(fresh.progress().done().len(), 45);
    assert_eq!(fresh.progress().ledger.counts.stored, 45 * 7);
}

#[tokio::test]
async fn a_file_of_another_writer_is_named_and_not_passed_over() {
    let lake = Lake::in_memory();
    Table::open_or_create(&lake).await.unwrap();
    let add = r#"{"add":{"path":"x.parquet","partitionValues":{"event_type":"push","date":null},"size":1,"modificationTime":0,"dataChange":true}}"#;
    let key = Path::from("events/_delta_log/00000000000000000001.json");
    lake.store().put(&key, add.into()).await.unwrap();
    let error = Table::open(&lake).await.unwrap_err();
    assert!(
        matches!(&error, LakeError::ForeignFile { path, .. } if path == "x.parquet"),
        "{error}"
    );
}

#[tokio::test]
async fn a_table_of_something_else_is_refused() {
    let lake = Lake::in_memory();
    let log = r#"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
{"metaData":{"id":"x","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}}]}","partitionColumns":[],"configuration":{},"createdTime":0}}"#;
    let key = Path::from("events/_delta_log/00000000000000000000.json");
    lake.store().put(&key, log.into()).await.unwrap();
    let error = Table::open(&lake).await.unwrap_err();
    assert!(matches!(error, LakeError::Foreign { column: "delivery_id", .. }), "{error}");
}
