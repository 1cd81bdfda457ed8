//! `verify` holds for what compaction made, and for nothing else.

use object_store::ObjectStoreExt;
use object_store::path::Path;
use octolake_compactor::{Depth, Settings, Verdict, prove, verify};
use octolake_lake::Table;
use octolake_store::Lake;

use crate::lake::{push, put, run, run_at};

/// Seven records: five rows, one repeated, one broken; one more object is pending. The day is not
/// over: what is done is remembered object by object.
async fn lake() -> Lake {
    let lake = Lake::in_memory();
    let text: String = (0..4).map(|id| push(id, 2)).collect();
    put(&lake, "raw/2026/03/02/10/a", text).await;
    put(&lake, "raw/2026/03/02/11/b", [&push(3, 2), "\nhalf a rec\n", &push(4, 3)].concat()).await;
    run_at(&lake, &Settings::default(), "2026-03-02T12:30:00Z").await;
    put(&lake, "raw/2026/03/02/12/c", push(5, 2)).await;
    lake
}

async fn verdict(lake: &Lake) -> Verdict {
    verify(lake, &Settings::default()).await.unwrap().unwrap()
}

fn broken(verdict: &Verdict) -> Vec<usize> {
    verdict.checks.iter().enumerate().filter(|(_, c)| !c.holds).map(|(n, _)| n).collect()
}

#[tokio::test]
async fn a_sound_lake_is_proven() {
    let verdict = verdict(&lake().await).await;
    assert!(verdict.holds, "{verdict:#?}");
    assert_eq!(
        [verdict.accepted, verdict.stored, verdict.duplicates, verdict.quarantined, verdict.lost],
        [7, 5, 1, 1, 0]
    );
    assert_eq!((verdict.rows, verdict.objects, verdict.pending), (5, 2, 1));
}

#[tokio::test]
async fn a_lost_file_shows() {
    let lake = lake().await;
    let key = Table::open(&lake).await.unwrap().unwrap().files()[0].key();
    lake.store().delete(&Path::from(key)).await.unwrap();
    let verdict = verdict(&lake).await;
    // Nor can the projection be held against it.
    assert_eq!(broken(&verdict), [0, 3, 4, 5], "{verdict:#?}");
    assert_eq!(verdict.lost, 5);
}

#[tokio::test]
async fn a_lost_quarantine_entry_shows() {
    let lake = lake().await;
    let offset = push(3, 2).len() + 1;
    let key = format!("quarantine/2026/03/02/11/b/{offset:012}.json");
    lake.store().delete(&Path::from(key)).await.unwrap();
    let verdict = verdict(&lake).await;
    assert_eq!(broken(&verdict), [4], "{verdict:#?}");
}

#[tokio::test]
async fn a_record_slipped_in_behind_shows() {
    let lake = lake().await;
    put(&lake, "raw/2026/03/02/10/a", push(99, 2)).await;
    let verdict = verdict(&lake).await;
    assert_eq!((broken(&verdict), verdict.lost), (vec![4], 1), "{verdict:#?}");
}

#[tokio::test]
async fn a_file_written_over_by_another_shows() {
    let lake = lake().await;
    let table = Table::open(&lake).await.unwrap().unwrap();
    let [first, second] = table.files() else { panic!("two partitions") };
    let bytes = lake.store().get(&Path::from(first.key())).await.unwrap().bytes().await.unwrap();
    put(&lake, &second.key(), bytes.to_vec()).await;
    let verdict = verdict(&lake).await;
    assert!(broken(&verdict).contains(&0), "{verdict:#?}");
}

#[tokio::test]
async fn a_lake_without_a_table_has_nothing_to_prove() {
    assert!(verify(&Lake::in_memory(), &Settings::default()).await.unwrap().is_none());
}

// --- deep ---------------------------------------------------------------------------------------

const FILES: usize = 0;
const ONCE: usize = 1;
const TOTALS: usize = 3;
const RECOUNT: usize = 4;
const THERE: usize = 5;
const FOUNDED: usize = 6;
const PROJECTION: usize = 7;

async fn deep(lake: &Lake) -> Verdict {
    prove(lake, &Settings::default(), Depth::Bytes).await.unwrap().unwrap()
}

async fn bytes_of(lake: &Lake, key: &str) -> Vec<u8> {
    lake.store().get(&Path::from(key)).await.unwrap().bytes().await.unwrap().to_vec()
}

/// Says in the table's log what no compactor would: that this file is a part of the table.
async fn add_to_log(lake: &Lake, partition: &str, path: &str, bytes: usize, rows: u64) {
    let table = Table::open(lake).await.unwrap().unwrap();
    let values: serde_json::Map<String, serde_json::Value> = partition
        .split('/')
        .map(|part| part.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let add = serde_json::json!({"add": {
        "path": path, "partitionValues": values, "size": bytes, "modificationTime": 0,
        "dataChange": true, "stats": format!(r#"{{"numRecords":{rows}}}"#),
    }});
    let key = format!("events/_delta_log/{:020}.json", table.version() + 1);
    put(lake, &key, add.to_string()).await;
}

#[tokio::test]
async fn a_sound_lake_is_proven_deeply() {
    let verdict = deep(&lake().await).await;
    assert!(verdict.holds && verdict.checks.len() == 8, "{verdict:#?}");
}

#[tokio::test]
async fn a_deleted_file_shows_deeply() {
    let lake = lake().await;
    let key = Table::open(&lake).await.unwrap().unwrap().files()[0].key();
    lake.store().delete(&Path::from(key)).await.unwrap();
    assert_eq!(broken(&deep(&lake).await), [FILES, TOTALS, RECOUNT, PROJECTION]);
}

#[tokio::test]
async fn a_doubled_file_shows() {
    let lake = lake().await;
    let file = Table::open(&lake).await.unwrap().unwrap().files()[0].clone();
    let bytes = bytes_of(&lake, &file.key()).await;
    let partition = file.partition.folder();
    let path = format!("{partition}/part-again.parquet");
    add_to_log(&lake, &partition, &path, bytes.len(), file.rows).await;
    put(&lake, &format!("events/{path}"), bytes).await;
    assert_eq!(broken(&deep(&lake).await), [ONCE, TOTALS]);
    assert_eq!(broken(&verdict(&lake).await), [ONCE, TOTALS]);
}

#[tokio::test]
async fn each_flipped_byte_shows() {
    let lake = lake().await;
    let key = Table::open(&lake).await.unwrap().unwrap().files()[0].key();
    let sound = bytes_of(&lake, &key).await;
    for at in (0..sound.len()).step_by(97) {
        let mut flipped = sound.clone();
        flipped[at] ^= 0x10;
        put(&lake, &key, flipped).await;
        let verdict = deep(&lake).await;
        assert!(broken(&verdict).contains(&FILES), "byte {at}: {verdict:#?}");
    }
}

#[tokio::test]
async fn a_removed_raw_object_shows() {
    let lake = lake().await;
    lake.store().delete(&Path::from("raw/2026/03/02/11/b")).await.unwrap();
    let verdict = deep(&lake).await;
    assert_eq!(broken(&verdict), [THERE, FOUNDED], "{verdict:#?}");
    assert!(verdict.checks[THERE].detail.contains("raw/2026/03/02/11/b"), "{verdict:#?}");
}

#[tokio::test]
async fn a_row_that_no_raw_object_holds_shows() {
    let lake = lake().await;
    let other = Lake::in_memory();
    put(&other, "raw/2026/03/02/10/a", push(77, 2)).await;
    run(&other, &Settings::default()).await;
    let file = Table::open(&other).await.unwrap().unwrap().files()[0].clone();
    let bytes = bytes_of(&other, &file.key()).await;
    add_to_log(&lake, &file.partition.folder(), &file.path, bytes.len(), 1).await;
    put(&lake, &file.key(), bytes).await;
    let verdict = deep(&lake).await;
    assert_eq!(broken(&verdict), [TOTALS, FOUNDED], "{verdict:#?}");
    assert!(verdict.checks[FOUNDED].detail.contains("00000000004d is in no raw"), "{verdict:#?}");
}

#[tokio::test]
async fn a_record_that_was_changed_behind_shows() {
    let lake = lake().await;
    let text = String::from_utf8(bytes_of(&lake, "raw/2026/03/02/10/a").await).unwrap();
    put(&lake, "raw/2026/03/02/10/a", text.replacen("refs/heads/main", "refs/heads/evil", 1)).await;
    let verdict = deep(&lake).await;
    assert_eq!(broken(&verdict), [FOUNDED], "{verdict:#?}");
    assert!(verdict.checks[FOUNDED].detail.contains("differs from its record"), "{verdict:#?}");
}
