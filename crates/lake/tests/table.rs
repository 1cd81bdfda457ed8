//! The table's log: commits, conflicts, checkpoints, and what another writer may have left.

#![expect(clippy::unwrap_used, reason = "a test stops at a surprise")]

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_event::layout::Partition;
use octolake_lake::{
    Commit, CommitKind, Counts, LakeError, NewFile, Outcome, Seal, SealedDay, Table, View, is_lake,
};
use octolake_store::{Lake, LakeUrl};

fn now() -> DateTime<Utc> {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

/// A commit of one file with seven rows from one raw object, told apart by `number`.
fn commit(number: i64) -> Commit {
    let path = format!("event_type=push/date=2026-03-02/part-{number}.parquet");
    let mut commit = Commit::new(CommitKind::Append, number, now());
    commit.adds = vec![NewFile {
        partition: Partition::of_file(&path).unwrap(),
        path,
        bytes: 100,
        rows: 7,
        received: (now(), now()),
    }];
    commit.done = vec![format!("raw/2026/03/02/10/{number}")];
    commit.counts = Counts {
        read: 9,
        stored: 7,
        duplicates: 1,
        quarantined: 1,
        signed: 5,
        unsigned: 2,
        ..Counts::default()
    };
    commit
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
    for number in 1..=102 {
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
    for version in 0..99 {
        let key = format!("events/_delta_log/{version:020}.json");
        lake.store().delete(&Path::from(key)).await.unwrap();
    }
    let fresh = Table::open(&lake).await.unwrap().unwrap();
    assert_eq!(fresh.version(), 102);
    assert_eq!(fresh.files(), table.files());
    assert_eq!(fresh.progress(), table.progress());
    assert_eq!(fresh.progress().done().len(), 102);
    let counts = fresh.progress().ledger.counts;
    assert_eq!([counts.stored, counts.signed, counts.unsigned], [102 * 7, 102 * 5, 102 * 2]);
}

#[tokio::test]
async fn a_file_of_another_writer_is_named_and_not_passed_over() {
    let lake = Lake::in_memory();
    Table::open_or_create(&lake).await.unwrap();
    let add = r#"{"add":{"path":"x.parquet","partitionValues":{"event_type":"push","date":null},"size":1,"modificationTime":0,"dataChange":true}}"#;
    let key = Path::from("events/_delta_log/00000000000000000001.json");
    lake.store().put(&key, add.into()).await.unwrap();
    let error = View::open(&lake).await.unwrap_err();
    assert!(
        matches!(&error, LakeError::ForeignFile { path, .. } if path == "x.parquet"),
        "{error}"
    );
    // A compactor goes on, and says so.
    let table = Table::open(&lake).await.unwrap().unwrap();
    assert_eq!(
        table.unusable().iter().map(|it| it.path.as_str()).collect::<Vec<_>>(),
        ["x.parquet"]
    );
    assert!(table.files().is_empty() && table.check_usable().is_err());
}

#[tokio::test]
async fn what_cannot_be_used_can_be_dropped() {
    let lake = Lake::in_memory();
    let mut table = Table::open_or_create(&lake).await.unwrap();
    let path = "event_type=push/date=2026-03-02/not there.parquet";
    let add = format!(
        r#"{{"add":{{"path":"{path}","partitionValues":{{"event_type":"push","date":"2026-03-02"}},"size":1,"modificationTime":0,"dataChange":true}}}}"#
    );
    let key = Path::from("events/_delta_log/00000000000000000001.json");
    lake.store().put(&key, add.into()).await.unwrap();
    table.refresh().await.unwrap();
    assert_eq!(table.unusable()[0].reason, "it is not there");
    let mut drop = Commit::new(CommitKind::Erase, 1, now());
    drop.drops = vec![path.to_owned()];
    assert_eq!(table.commit(&drop).await.unwrap(), Outcome::Committed(2));
    assert!(table.unusable().is_empty());
    assert_eq!(View::open(&lake).await.unwrap().unwrap().files(), []);
}

#[tokio::test]
async fn a_file_without_statistics_has_the_rows_of_its_footer() {
    use std::sync::Arc;
    let lake = Lake::in_memory();
    Table::open_or_create(&lake).await.unwrap();
    let ids: arrow_array::ArrayRef = Arc::new(arrow_array::StringArray::from(vec!["a", "b", "c"]));
    let batch = arrow_array::RecordBatch::try_from_iter([("delivery_id", ids)]).unwrap();
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    let bytes = writer.into_inner().unwrap();
    let path = "event_type=push/date=2026-03-02/foreign.parquet";
    let add = format!(
        r#"{{"add":{{"path":"{path}","partitionValues":{{"event_type":"push","date":"2026-03-02"}},"size":{},"modificationTime":0,"dataChange":true}}}}"#,
        bytes.len()
    );
    lake.store().put(&Path::from(format!("events/{path}")), bytes.into()).await.unwrap();
    let key = Path::from("events/_delta_log/00000000000000000001.json");
    lake.store().put(&key, add.into()).await.unwrap();
    let view = View::open(&lake).await.unwrap().unwrap();
    assert_eq!(view.files().iter().map(|file| file.rows).collect::<Vec<_>>(), [3]);
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

/// A table as a version made it that had not all of today's columns, and one column of another's.
async fn old_lake() -> Lake {
    let lake = Lake::in_memory();
    let field = |name: &str, kind: &str| {
        format!(r#"{{"name":"{name}","type":"{kind}","nullable":true,"metadata":{{}}}}"#)
    };
    let fields = [
        field("delivery_id", "string"),
        field("event_type", "string"),
        field("date", "date"),
        field("team", "long"),
        field("payload", "string"),
    ];
    let schema = format!(r#"{{"type":"struct","fields":[{}]}}"#, fields.join(","));
    let metadata = serde_json::json!({"metaData": {
        "id": "an-id", "name": "events", "description": "mine",
        "format": {"provider": "parquet", "options": {}}, "schemaString": schema,
        "partitionColumns": ["event_type", "date"],
        "configuration": {"delta.checkpointInterval": "20", "mine": "too"}, "createdTime": 7,
    }});
    let protocol = r#"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}"#;
    let log = format!("{protocol}\n{metadata}");
    let key = Path::from("events/_delta_log/00000000000000000000.json");
    lake.store().put(&key, log.into()).await.unwrap();
    lake
}

/// The actions of a version of the log.
async fn actions(lake: &Lake, version: u64) -> Vec<serde_json::Value> {
    let key = Path::from(format!("events/_delta_log/{version:020}.json"));
    let bytes = lake.store().get(&key).await.unwrap().bytes().await.unwrap();
    let lines = std::str::from_utf8(&bytes).unwrap().lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn an_older_table_gets_the_columns_that_it_lacks() {
    let lake = old_lake().await;
    let mut table = Table::open(&lake).await.unwrap().unwrap();
    let added = table.add_missing_columns().await.unwrap();
    assert!(added.iter().any(|name| name == "payload_hash"), "{added:?}");
    assert!(!added.iter().any(|name| name == "payload"), "{added:?}");
    assert_eq!(table.version(), 1);
    // Everything but the schema is as it was, and nothing but the metadata was written.
    let actions = actions(&lake, 1).await;
    let mut metadata = None;
    for action in &actions {
        for (name, value) in action.as_object().unwrap() {
            match name.as_str() {
                "metaData" => metadata = Some(value),
                "commitInfo" => {}
                other => panic!("{other} in {actions:?}"),
            }
        }
    }
    let metadata = metadata.unwrap();
    assert_eq!(
        [&metadata["id"], &metadata["name"], &metadata["description"]],
        ["an-id", "events", "mine"]
    );
    assert_eq!(metadata["partitionColumns"], serde_json::json!(["event_type", "date"]));
    assert_eq!(metadata["configuration"]["mine"], "too");
    assert_eq!(metadata["createdTime"], 7);
    let schema: serde_json::Value =
        serde_json::from_str(metadata["schemaString"].as_str().unwrap()).unwrap();
    let names: Vec<_> =
        schema["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str()).collect();
    let old = ["delivery_id", "event_type", "date", "team", "payload"].map(Some);
    assert_eq!(names[..5], old);
    assert!(names.contains(&Some("origin")) && names.contains(&Some("workflow_job_labels")));
    // Once.
    assert_eq!(table.add_missing_columns().await.unwrap(), [""; 0]);
    let mut fresh = Table::open(&lake).await.unwrap().unwrap();
    assert_eq!(fresh.add_missing_columns().await.unwrap(), [""; 0]);
    assert_eq!(fresh.version(), 1);
}

#[tokio::test]
async fn columns_are_added_once_by_whoever_is_first() {
    let lake = old_lake().await;
    let mut first = Table::open(&lake).await.unwrap().unwrap();
    let mut second = Table::open(&lake).await.unwrap().unwrap();
    let mut third = Table::open(&lake).await.unwrap().unwrap();
    assert_eq!(first.commit(&commit(1)).await.unwrap(), Outcome::Committed(1));
    // Behind another's rows, and behind another's columns.
    assert!(!second.add_missing_columns().await.unwrap().is_empty());
    assert_eq!(third.add_missing_columns().await.unwrap(), [""; 0]);
    assert_eq!((second.version(), third.version()), (2, 2));
    assert_eq!(third.files().len(), 1);
    // Who knows nothing of the columns yet has to look anew, and goes on.
    assert_eq!(first.commit(&commit(2)).await.unwrap(), Outcome::Conflict);
    assert_eq!(first.commit(&commit(2)).await.unwrap(), Outcome::Committed(3));
}

#[tokio::test]
async fn an_older_log_gets_its_bounds_once() {
    let lake = old_lake().await;
    let mut table = Table::open(&lake).await.unwrap().unwrap();
    let bounds =
        ["delta.checkpointInterval", "delta.logRetentionDuration", "delta.enableExpiredLogCleanup"];
    assert_eq!(table.set_missing_properties().await.unwrap(), bounds);
    assert_eq!((table.version(), table.set_missing_properties().await.unwrap()), (1, vec![]));
    let actions = actions(&lake, 1).await;
    let metadata = actions.iter().find_map(|action| action.get("metaData")).unwrap();
    let configuration = &metadata["configuration"];
    assert_eq!(bounds.map(|name| &configuration[name]), ["100", "interval 7 days", "true"]);
    assert_eq!((&configuration["mine"], &metadata["id"]), (&"too".into(), &"an-id".into()));
    // A new table lacks none, and what somebody has set stays.
    let mut new = Table::open_or_create(&Lake::in_memory()).await.unwrap();
    assert_eq!(new.set_missing_properties().await.unwrap(), [""; 0]);
    let lake = old_lake().await;
    let key = Path::from("events/_delta_log/00000000000000000000.json");
    let log = lake.store().get(&key).await.unwrap().bytes().await.unwrap();
    let set = r#""delta.checkpointInterval":"7","delta.logRetentionDuration":"interval 90 days""#;
    let log = std::str::from_utf8(&log).unwrap().replace(r#""delta.checkpointInterval":"20""#, set);
    lake.store().put(&key, log.into()).await.unwrap();
    let mut table = Table::open(&lake).await.unwrap().unwrap();
    assert_eq!(table.set_missing_properties().await.unwrap(), bounds[2..]);
}

/// The sizes of the log's files, by what their names end with.
async fn log_bytes(lake: &Lake, end: &str) -> Vec<u64> {
    let log = Path::from("events/_delta_log");
    let objects: Vec<_> = lake.store().list(Some(&log)).try_collect().await.unwrap();
    let wanted = objects.iter().filter(|object| object.location.as_ref().ends_with(end));
    wanted.map(|object| object.size).collect()
}

/// A year of runs every 15 minutes: each stores 4 raw objects in 4 files, and merges once.
#[tokio::test]
async fn a_year_of_runs_leaves_a_small_log() {
    let lake = Lake::in_memory();
    let mut table = Table::open_or_create(&lake).await.unwrap();
    let (types, days) = (20, 365);
    let first = now().date_naive();
    let mut year = Commit::new(CommitKind::Append, 1, now());
    for day in (0..days).map(|day| first + chrono::TimeDelta::days(day)) {
        year.seals.push(SealedDay { day, seal: Seal { count: 384, hash: u64::MAX / 3 }, gone: 0 });
        for kind in 0..types {
            let path = format!(
                "event_type=type_{kind}/date={day}/part-{:032x}-00001-{:016x}.parquet",
                day.to_epoch_days() * 7919,
                kind
            );
            year.adds.push(NewFile {
                partition: Partition::of_file(&path).unwrap(),
                path,
                bytes: 123_456,
                rows: 1234,
                received: (now(), now()),
            });
        }
    }
    // Of the last two days every object is remembered by itself.
    let name = |n: u32| format!("raw/2027/03/02/10/20270302T101112123Z-{n:032x}.gz");
    year.done = (0..2 * 384).map(name).collect();
    table.commit(&year).await.unwrap();
    table.checkpoint().await.unwrap();
    let mut run = Commit::new(CommitKind::Append, 2, now());
    run.adds = year.adds[..4]
        .iter()
        .map(|file| NewFile { path: format!("{}x", file.path), ..file.clone() })
        .collect();
    run.done = (10_000..10_004).map(name).collect();
    table.commit(&run).await.unwrap();
    let commits = log_bytes(&lake, ".json").await;
    let checkpoint = log_bytes(&lake, "checkpoint.parquet").await[0];
    let runs = 7 * 24 * 4;
    // A run that stores and one that merges, and one more a day each that vacuums and seals.
    let week = commits[2] * runs * 2 + checkpoint * (runs * 2 / 100 + 2);
    assert!(week < 50_000_000, "{week} bytes: {commits:?}, {checkpoint}");
    assert!(checkpoint < 1_500_000, "{checkpoint}");
}

#[tokio::test]
async fn totals_that_an_older_log_lacks_are_zero() {
    let lake = old_lake().await;
    let txn = |name: &str, number: u64| {
        format!(r#"{{"txn":{{"appId":"octolake.{name}","version":{number}}}}}"#)
    };
    let log = [txn("read", 9), txn("stored", 7), txn("duplicates", 2)].join("\n");
    let key = Path::from("events/_delta_log/00000000000000000001.json");
    lake.store().put(&key, log.into()).await.unwrap();
    let table = Table::open(&lake).await.unwrap().unwrap();
    let old = Counts { read: 9, stored: 7, duplicates: 2, ..Counts::default() };
    assert_eq!(table.progress().ledger.counts, old);
}
