//! Merges of files that others have written too: nothing is lost, and what can't be merged stops
//! nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{
    ArrayRef, DictionaryArray, Float64Array, Int64Array, RecordBatch, StringArray, StringViewArray,
    TimestampMicrosecondArray,
};
use chrono::{DateTime, Utc};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_compactor::{Depth, Kind, Reason, Settings, Unwanted, prove, verify};
use octolake_event::layout::Partition;
use octolake_event::{DeliveryId, EventType};
use octolake_lake::{Commit, CommitKind, Counts, NewFile, Outcome, Table};
use octolake_store::Lake;
use octolake_testkit::{CountingStore, Fault, FaultyStore, Requests, Script};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::lake::{NOW, batches, column, ids, line, push, put, run, run_at};

/// Columns that another engine writes.
type Columns = Vec<(&'static str, ArrayRef)>;

fn id_text(id: u128) -> String {
    DeliveryId::from_u128(id).to_string()
}

/// The columns that every row has, as another engine may write them.
fn rows_of(ids: impl Iterator<Item = u128>) -> Columns {
    let ids: Vec<String> = ids.map(id_text).collect();
    let at: DateTime<Utc> = "2026-03-02T10:00:00.250Z".parse().unwrap();
    let at = vec![at.timestamp_micros(); ids.len()];
    vec![
        ("received_at", Arc::new(TimestampMicrosecondArray::from(at).with_timezone("UTC"))),
        ("delivery_id", Arc::new(StringViewArray::from_iter_values(ids))),
    ]
}

/// Makes a file of the day's pushes a part of the table, as another engine would.
async fn adopt(lake: &Lake, name: &str, columns: Columns) {
    let columns = columns.into_iter().map(|(name, column)| (name, column, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_page_size_limit(4 << 20)
        .build();
    let mut file = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    file.write(&batch).unwrap();
    let bytes = file.into_inner().unwrap();
    let partition = Partition {
        event_type: EventType::partition_of("push"),
        date: "2026-03-02".parse().unwrap(),
    };
    let path = format!("{}/{name}.parquet", partition.folder());
    let rows = batch.num_rows() as u64;
    let at: DateTime<Utc> = NOW.parse().unwrap();
    let size = bytes.len() as u64;
    put(lake, &format!("events/{path}"), bytes).await;
    let mut commit = Commit::new(CommitKind::Append, i64::from(size as u32), at);
    commit.adds = vec![NewFile { path, partition, bytes: size, rows, received: (at, at) }];
    commit.counts = Counts { read: rows, stored: rows, signed: rows, ..Counts::default() };
    let mut table = Table::open_or_create(lake).await.unwrap();
    assert!(matches!(table.commit(&commit).await.unwrap(), Outcome::Committed(_)));
}

/// The files of each partition's folder.
async fn files(lake: &Lake) -> Vec<(String, u64)> {
    let table = Table::open(lake).await.unwrap().unwrap();
    table.files().iter().map(|file| (file.partition.folder(), file.rows)).collect()
}

#[tokio::test]
async fn what_others_have_written_survives_a_merge() {
    let lake = Lake::in_memory();
    put(&lake, "raw/2026/03/02/10/a", push(1, 2)).await;
    run_at(&lake, &Settings::default(), "2026-03-02T11:00:00Z").await;
    // As after a `delete` by Python's deltalake, with a column of a newer version, a column of the
    // table that no push has, and numbers as pandas keeps them beside a NULL.
    let mut columns = rows_of([2, 3].into_iter());
    columns.extend([
        (
            "payload",
            Arc::new(StringViewArray::from(vec!["{\"long\":\"enough\"}", "{}"])) as ArrayRef,
        ),
        ("repo_id", Arc::new(Float64Array::from(vec![Some(7.0), None]))),
        ("of_tomorrow", Arc::new(StringArray::from(vec![Some("kept"), None]))),
        ("release_id", Arc::new(Int64Array::from(vec![None::<i64>, None]))),
        ("event_type", Arc::new(StringArray::from(vec!["push", "push"]))),
    ]);
    adopt(&lake, "foreign", columns).await;
    let report = run(&lake, &Settings::default()).await;
    assert_eq!((report.skipped.len(), report.files_after), (0, 1), "{report:?}");
    assert_eq!(ids(&lake).await, [1, 2, 3]);
    let found: BTreeSet<_> = column(&lake, "delivery_id")
        .await
        .into_iter()
        .zip(column(&lake, "payload").await)
        .collect();
    let expected = [(1, r#"{"ref":"refs/heads/main"}"#), (2, r#"{"long":"enough"}"#), (3, "{}")];
    assert_eq!(found, expected.map(|(id, payload)| (id_text(id), payload.to_owned())).into());
    let of_tomorrow: BTreeSet<String> = column(&lake, "of_tomorrow").await.into_iter().collect();
    assert_eq!(of_tomorrow, ["".to_owned(), "kept".to_owned()].into());
    let batch = &batches(&lake).await[0];
    let repo_ids = batch.column_by_name("repo_id").unwrap().as_primitive::<Int64Type>();
    assert_eq!(repo_ids.iter().flatten().collect::<Vec<_>>(), [7]);
    assert!(batch.column_by_name("release_id").is_none(), "it holds nothing");
    assert!(batch.column_by_name("event_type").is_none(), "its folder tells it");
}

/// A settled partition of pushes that can't be merged, and one of stars that can.
async fn lake_with_two_partitions(foreign: Columns) -> Lake {
    let lake = Lake::in_memory();
    for hour in [10, 11] {
        let star = line(hour, "star", &format!("2026-03-02T{hour}:00:00Z"), "{}");
        put(&lake, &format!("raw/2026/03/02/{hour}/a"), star + &push(hour + 100, 2)).await;
        run_at(&lake, &Settings::default(), "2026-03-02T12:00:00Z").await;
    }
    adopt(&lake, "foreign", foreign).await;
    lake
}

async fn assert_only_stars_are_merged(lake: &Lake, error: &str) {
    let report = run(lake, &Settings::default()).await;
    let [skipped] = &report.skipped[..] else { panic!("{report:?}") };
    assert_eq!(skipped.partition, "event_type=push/date=2026-03-02");
    assert!(skipped.error.contains(error), "{}", skipped.error);
    let said = report.check().unwrap_err().to_string();
    assert!(said.starts_with("1 partitions could not be merged, left for the next run;"), "{said}");
    let stars = files(lake).await.into_iter().filter(|(folder, _)| folder.contains("star"));
    assert_eq!(stars.map(|(_, rows)| rows).collect::<Vec<_>>(), [2]);
    // The next run is not worse off.
    put(lake, "raw/2026/03/30/10/b", line(7, "fork", "2026-03-30T10:00:00Z", "{}")).await;
    let report = run(lake, &Settings::default()).await;
    assert_eq!((report.stored, report.skipped.len()), (1, 1), "{report:?}");
}

#[tokio::test]
async fn a_partition_with_a_column_that_is_no_such_thing_is_left_and_told() {
    let mut columns = rows_of([1, 2].into_iter());
    columns.push(("repo_id", Arc::new(StringArray::from(vec!["7", "seven"]))));
    let lake = lake_with_two_partitions(columns).await;
    assert_only_stars_are_merged(&lake, "column repo_id: Cast error").await;
    let pushes = files(&lake).await.into_iter().filter(|(folder, _)| folder.contains("push"));
    assert_eq!(pushes.map(|(_, rows)| rows).sum::<u64>(), 4, "as they were");
}

#[tokio::test]
async fn a_partition_with_a_damaged_file_is_left_and_told() {
    let lake = lake_with_two_partitions(rows_of([1, 2].into_iter())).await;
    let key = Path::from("events/event_type=push/date=2026-03-02/foreign.parquet");
    let bytes = lake.store().get(&key).await.unwrap().bytes().await.unwrap();
    let mut damaged = bytes.to_vec();
    // The pages, not the footer: the ids can still be looked for.
    damaged[4..40].fill(0xff);
    lake.store().put(&key, damaged.into()).await.unwrap();
    let report = run(&lake, &Settings::default()).await;
    assert_eq!(report.skipped.len(), 1, "{report:?}");
    let stars = files(&lake).await.into_iter().filter(|(folder, _)| folder.contains("star"));
    assert_eq!(stars.map(|(_, rows)| rows).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn a_partition_with_a_missing_file_is_left_and_told() {
    let lake = lake_with_two_partitions(rows_of([1, 2].into_iter())).await;
    let key = Path::from("events/event_type=push/date=2026-03-02/foreign.parquet");
    lake.store().delete(&key).await.unwrap();
    let report = run(&lake, &Settings::default()).await;
    let [skipped] = &report.skipped[..] else { panic!("{report:?}") };
    assert!(skipped.error.contains("foreign.parquet"), "{}", skipped.error);
    let stars = files(&lake).await.into_iter().filter(|(folder, _)| folder.contains("star"));
    assert_eq!(stars.map(|(_, rows)| rows).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn a_body_that_thousands_of_rows_share_does_not_overflow() {
    // 2.1 GB of text, more than an Arrow array of plain texts can address; a few KB in its file.
    let (count, body) = (2_100, "x".repeat(1 << 20));
    let mut columns = rows_of(1..=count);
    let keys = arrow_array::Int32Array::from(vec![0; count as usize]);
    let bodies = DictionaryArray::new(keys, Arc::new(StringArray::from(vec![body.as_str()])));
    columns.push(("payload", Arc::new(bodies)));
    let lake = Lake::in_memory();
    adopt(&lake, "foreign", columns).await;
    adopt(&lake, "another", rows_of(count + 1..=count + 2)).await;
    adopt(&lake, "a-third", rows_of(count + 3..=count + 3)).await;
    let report = run(&lake, &Settings::default()).await;
    assert_eq!((report.skipped.as_slice(), report.files_removed), (&[][..], 3), "{report:?}");
    assert_eq!(files(&lake).await, [("event_type=push/date=2026-03-02".to_owned(), 2_103)]);
}

#[tokio::test]
async fn a_dry_run_tells_what_would_be_merged() {
    let lake = lake_with_two_partitions(rows_of([1].into_iter())).await;
    let version = Table::open(&lake).await.unwrap().unwrap().version();
    let dry = Settings { dry_run: true, ..Settings::default() };
    let report = run(&lake, &dry).await;
    let merges: Vec<_> =
        report.merges.iter().map(|it| (it.partition.as_str(), it.files, it.reason)).collect();
    let expected = [
        ("event_type=push/date=2026-03-02", 3, Reason::Settled),
        ("event_type=star/date=2026-03-02", 2, Reason::Settled),
    ];
    assert_eq!(merges, expected);
    assert!(report.merges.iter().all(|merge| merge.bytes > 1_000));
    assert_eq!(Table::open(&lake).await.unwrap().unwrap().version(), version);
}

#[tokio::test]
async fn a_run_leaves_alone_what_it_has_just_written() {
    let lake = Lake::in_memory();
    let lines: Vec<String> = (0..60).map(|id| push(id, 2)).collect();
    put(&lake, "raw/2026/03/02/10/a", lines.join("\n")).await;
    let small = Settings { commit_rows: 20, window_bytes: 700, ..Settings::default() };
    let report = run(&lake, &small).await;
    assert!(report.commits >= 3, "{report:?}");
    assert_eq!((report.files_removed, report.bytes_merged), (0, 0), "{report:?}");
    assert_eq!(run(&lake, &small).await.files_after, 1);
}

#[tokio::test]
async fn a_merge_that_time_is_up_for_is_abandoned() {
    let lake = lake_with_two_partitions(rows_of([1, 2].into_iter())).await;
    // Which of the operations is the first reading of a file that is merged?
    let script = Script::new([]);
    let counted = {
        let script = script.clone();
        copy(&lake).await.wrapped(|store| Arc::new(FaultyStore::new(store, script)))
    };
    run(&counted, &Settings::default()).await;
    let is_file = |key: &str| {
        key.starts_with("events/") && key.ends_with(".parquet") && !key.contains("_delta_log")
    };
    let operations = script.operations();
    let first = operations.iter().find(|it| is_file(&it.key)).unwrap();
    // There, the store takes longer than the run may.
    let deadline = Duration::from_millis(1_500);
    let sleep = Arc::new(move |_| -> futures::future::BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(deadline))
    });
    let script =
        Script::new([(first.number, Fault::StallBefore)]).with_stall(Fault::StallBefore, sleep);
    let slow = {
        let script = script.clone();
        lake.clone().wrapped(|store| Arc::new(FaultyStore::new(store, script)))
    };
    let settings = Settings { deadline: Some(deadline), ..Settings::default() };
    let report = run(&slow, &settings).await;
    assert!(report.seconds < 3.5, "{report:?}");
    assert_eq!(report.skipped, [], "it is no fault of the partition");
    let operations = script.operations();
    let written = operations.iter().filter(|it| it.kind.is_change() && is_file(&it.key));
    let pushes = written.filter(|it| it.key.contains("push")).count();
    let stars = operations.iter().filter(|it| it.kind.is_change() && it.key.contains("star"));
    assert!(pushes + stars.count() < 2, "one of them was never finished");
    assert_eq!(run(&lake, &Settings::default()).await.files_after, 2);
    assert_eq!(ids(&lake).await, [1, 2, 10, 11, 110, 111]);
}

/// Another lake with the same objects.
async fn copy(lake: &Lake) -> Lake {
    use futures::TryStreamExt;
    let copy = Lake::in_memory();
    let objects: Vec<_> = lake.store().list(None).try_collect().await.unwrap();
    for object in objects {
        let bytes = lake.store().get(&object.location).await.unwrap().bytes().await.unwrap();
        copy.store().put(&object.location, bytes.into()).await.unwrap();
    }
    copy
}

#[tokio::test]
async fn a_vacuum_deletes_thousands_of_files_in_few_requests() {
    let lake = Lake::in_memory();
    put(&lake, "raw/2026/03/02/10/a", push(1, 2)).await;
    run(&lake, &Settings::default()).await;
    for number in 0..9_000 {
        let key = format!("events/event_type=push/date=2026-03-02/left-{number}.parquet");
        put(&lake, &key, "of a run that was killed").await;
    }
    let requests = Requests::default();
    let counted = {
        let requests = requests.clone();
        lake.clone().wrapped(|store| Arc::new(CountingStore::new(store, requests)))
    };
    let settings = Settings { vacuum_grace: Duration::ZERO, ..Settings::default() };
    let report = run_at(&counted, &settings, "2026-04-03T00:00:00Z").await;
    assert_eq!(report.files_vacuumed, 9_000, "{report:?}");
    assert!(requests.of("delete_stream") <= 4, "{requests:?}");
    assert_eq!(ids(&lake).await, [1]);
}

#[tokio::test]
async fn merges_beside_other_commits_are_not_given_up() {
    let lake = lake_with_two_partitions(rows_of([1].into_iter())).await;
    // Another run adds rows between the reading of the files and the commit of the merge.
    let script = Script::new([]);
    let counted = {
        let script = script.clone();
        copy(&lake).await.wrapped(|store| Arc::new(FaultyStore::new(store, script)))
    };
    let no_vacuum =
        Settings { vacuum_interval: Duration::from_secs(1 << 32), ..Settings::default() };
    run(&counted, &no_vacuum).await;
    let operations = script.operations();
    let is_commit = |key: &str| key.starts_with("events/") && key.ends_with(".json");
    let commit = operations.iter().rev().find(|it| is_commit(&it.key) && it.kind.is_change());
    let number = commit.unwrap().number;
    let another = {
        let (lake, settings) = (lake.clone(), no_vacuum.clone());
        Arc::new(move |_| -> futures::future::BoxFuture<'static, ()> {
            let (lake, settings) = (lake.clone(), settings.clone());
            Box::pin(async move {
                put(&lake, "raw/2026/03/30/10/b", push(50, 30)).await;
                let only_rows = Settings { merge_fan_in: 99, settled_days: 999, ..settings };
                run(&lake, &only_rows).await;
            })
        })
    };
    let script =
        Script::new([(number, Fault::StallBefore)]).with_stall(Fault::StallBefore, another);
    let slow = {
        let script = script.clone();
        lake.clone().wrapped(|store| Arc::new(FaultyStore::new(store, script)))
    };
    let report = run(&slow, &no_vacuum).await;
    assert_eq!((report.conflicts, report.files_removed), (1, 5), "{report:?}");
    assert_eq!(ids(&lake).await, [1, 10, 11, 50, 110, 111]);
    let verdict = verify(&lake, &no_vacuum).await.unwrap().unwrap();
    assert_eq!(verdict.rows, 6, "{verdict:#?}");
}

#[tokio::test]
async fn a_payload_that_is_not_what_its_hash_says_is_found() {
    let lake = Lake::in_memory();
    // XXH64 of `{}`, by its specification, and another number.
    let hash: i64 = 3_320_404_949_056_263_377;
    for (id, hash, holds) in [(1, hash, true), (2, hash + 1, false)] {
        let mut columns = rows_of([id].into_iter());
        columns.extend([
            ("payload", Arc::new(StringArray::from(vec!["{}"])) as ArrayRef),
            ("raw_key", Arc::new(StringArray::from(vec!["raw/2026/03/02/10/a"]))),
            ("payload_hash", Arc::new(Int64Array::from(vec![hash]))),
        ]);
        adopt(&lake, &format!("foreign-{id}"), columns).await;
        let verdict = prove(&lake, &Settings::default(), Depth::Bytes).await.unwrap().unwrap();
        assert_eq!(verdict.checks[0].holds, holds, "{verdict:#?}");
    }
}

#[test]
fn an_error_says_what_to_do() {
    let error = octolake_compactor::CompactError::Outrun(3);
    assert_eq!(error.kind(), Kind::Race);
}

#[tokio::test]
async fn a_dry_run_tells_what_a_vacuum_would_delete_and_why() {
    let lake = lake_with_two_partitions(rows_of([1, 2].into_iter())).await;
    put(&lake, "events/event_type=push/date=2026-03-02/left.parquet", "of a killed run").await;
    put(&lake, "events/event_type=push/date=2026-03-02/no-file-of-ours", "stays").await;
    // Merges: the small files are in the log as removed.
    run(&lake, &Settings::default()).await;
    let at_once = Settings {
        dry_run: true,
        vacuum_grace: Duration::ZERO,
        vacuum_interval: Duration::ZERO,
        ..Settings::default()
    };
    let planned = run(&lake, &at_once).await.vacuum;
    let told: Vec<_> = planned.iter().map(|it| (it.reason, it.files)).collect();
    let removed = told.iter().find(|(reason, _)| *reason == Unwanted::Removed).unwrap().1;
    assert!(removed >= 2, "{planned:?}");
    assert_eq!(told[1], (Unwanted::Unnamed, 1));
    assert_eq!(planned[1].bytes, 15);
    let report = run(&lake, &Settings { dry_run: false, ..at_once }).await;
    assert_eq!(report.files_vacuumed, removed + 1, "{report:?}");
    assert_eq!(ids(&lake).await, [1, 2, 10, 11, 110, 111]);
}
