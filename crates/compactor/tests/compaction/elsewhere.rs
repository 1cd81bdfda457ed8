//! What another engine deletes stays out, and what it only moves stays in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use octolake_compactor::{
    Depth, Report, Selection, Settings, Surroundings, erase, prove, rebuild, repair,
};
use octolake_event::DeliveryId;
use octolake_event::layout::Partition;
use octolake_lake::{LiveFile, Table};
use octolake_store::Lake;
use octolake_testkit::{FaultyStore, Hook, Script};
use parquet::arrow::ArrowWriter;
use uuid::Uuid;

use crate::lake::{NOW, batches_of, counts, ids, push, put, run};

/// Deliveries of March: 1 to 3 on the 2nd, 4 and 5 on the 20th, each day an object.
async fn lake() -> Lake {
    let lake = Lake::in_memory();
    put(&lake, "raw/2026/03/02/10/a", [push(1, 2), push(2, 2), push(3, 2)].concat()).await;
    put(&lake, "raw/2026/03/20/10/b", [push(4, 20), push(5, 20)].concat()).await;
    run(&lake, &Settings::default()).await;
    lake
}

async fn table(lake: &Lake) -> Table {
    Table::open(lake).await.unwrap().unwrap()
}

/// The rows of a file but those with these ids, as another engine writes them.
async fn without(lake: &Lake, file: &LiveFile, gone: &[u128]) -> Option<RecordBatch> {
    let batches = batches_of(lake, file).await.unwrap();
    let all = concat_batches(&batches[0].schema(), &batches).unwrap();
    let texts = all.column_by_name("delivery_id").unwrap();
    let texts = arrow_array::cast::AsArray::as_string::<i32>(texts);
    let is_kept = |row: &usize| {
        let id: DeliveryId = texts.value(*row).parse().unwrap();
        !gone.contains(&id.as_u128())
    };
    let kept: Vec<usize> = (0..all.num_rows()).filter(is_kept).collect();
    let rows: Vec<RecordBatch> = kept.iter().map(|row| all.slice(*row, 1)).collect();
    (!rows.is_empty()).then(|| concat_batches(&all.schema(), &rows).unwrap())
}

/// The rows of a batch, each id once.
fn singles(rows: &RecordBatch) -> Vec<RecordBatch> {
    let ids = rows.column_by_name("delivery_id").unwrap();
    let ids = arrow_array::cast::AsArray::as_string::<i32>(ids);
    let is_first = |row: &usize| (0..*row).all(|before| ids.value(before) != ids.value(*row));
    (0..rows.num_rows()).filter(is_first).map(|row| rows.slice(row, 1)).collect()
}

/// An `add` of rows in a new file of a partition.
async fn added(lake: &Lake, folder: &str, name: &str, rows: &RecordBatch, change: bool) -> String {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, rows.schema(), None).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
    let (size, count, path) = (bytes.len(), rows.num_rows(), format!("{folder}/{name}.parquet"));
    put(lake, &format!("events/{path}"), bytes).await;
    let partition = Partition::of_file(&path).unwrap();
    format!(
        r#"{{"add":{{"path":"{path}","partitionValues":{{"event_type":"{}","date":"{}"}},"size":{size},"modificationTime":0,"dataChange":{change},"stats":"{{\"numRecords\":{count}}}"}}}}"#,
        partition.event_type, partition.date
    )
}

fn removed(path: &str, change: bool) -> String {
    format!(
        r#"{{"remove":{{"path":"{path}","deletionTimestamp":1775001600000,"dataChange":{change}}}}}"#
    )
}

/// A commit of another engine.
async fn commit(lake: &Lake, lines: &[String]) {
    let version = table(lake).await.version() + 1;
    let info = r#"{"commitInfo":{"operation":"DELETE","engineInfo":"another"}}"#.to_owned();
    let lines = [&[info], lines].concat().join("\n");
    put(lake, &format!("events/_delta_log/{version:020}.json"), lines).await;
}

/// Deletes these rows as another engine does; gives the files that it took out.
pub(crate) async fn delete(lake: &Lake, gone: &[u128]) -> Vec<LiveFile> {
    let (mut lines, mut files) = (vec![], vec![]);
    for file in table(lake).await.files().to_vec() {
        let rows = without(lake, &file, gone).await;
        if rows.as_ref().is_some_and(|rows| rows.num_rows() as u64 == file.rows) {
            continue;
        }
        lines.push(removed(&file.path, true));
        let name = Uuid::new_v4().to_string();
        if let Some(rows) = rows {
            lines.push(added(lake, &file.partition.folder(), &name, &rows, true).await);
        }
        files.push(file);
    }
    commit(lake, &lines).await;
    files
}

/// Everything that was ever read comes once more, under other names.
async fn read_all_again(lake: &Lake) -> Report {
    put(lake, "raw/2026/03/02/11/again", [push(1, 2), push(2, 2), push(3, 2)].concat()).await;
    put(lake, "raw/2026/03/20/11/again", [push(4, 20), push(5, 20)].concat()).await;
    run(lake, &Settings::default()).await
}

async fn assert_sound(lake: &Lake) {
    let verdict = prove(lake, &Settings::default(), Depth::Bytes).await.unwrap().unwrap();
    assert!(verdict.holds, "{verdict:#?}");
}

#[tokio::test]
async fn what_another_engine_deleted_does_not_come_back() {
    let lake = lake().await;
    // One of three rows of a file, and all of another.
    delete(&lake, &[2, 4, 5]).await;
    let report = read_all_again(&lake).await;
    assert_eq!((counts(&report), report.erased), ([5, 0, 5, 0], 3));
    assert_eq!((report.deleted_elsewhere, &report.untold[..]), (3, &[][..]));
    assert_eq!(ids(&lake).await, [1, 3]);
    assert_sound(&lake).await;
    // It is told once, and costs nothing from then on.
    let again = run(&lake, &Settings::default()).await;
    assert_eq!((again.commits, again.deleted_elsewhere), (0, 0));
    // Nor does it come back when all is made anew.
    let now = NOW.parse().unwrap();
    let surroundings =
        Surroundings { run_id: Uuid::new_v4(), clock: &move || now, on_progress: &mut |_, _| {} };
    let rebuilt = rebuild(&lake, &Settings::default(), surroundings).await.unwrap().unwrap();
    assert!(rebuilt.swapped);
    assert_eq!(ids(&lake).await, [1, 3]);
    assert_sound(&lake).await;
}

#[tokio::test]
async fn a_rebuild_is_the_first_to_look() {
    let lake = lake().await;
    delete(&lake, &[2]).await;
    let now = NOW.parse().unwrap();
    let surroundings =
        Surroundings { run_id: Uuid::new_v4(), clock: &move || now, on_progress: &mut |_, _| {} };
    assert!(rebuild(&lake, &Settings::default(), surroundings).await.unwrap().unwrap().swapped);
    assert_eq!(ids(&lake).await, [1, 3, 4, 5]);
    assert_sound(&lake).await;
}

#[tokio::test]
async fn a_new_delivery_with_a_deleted_body_is_stored() {
    // All pushes here have one body: who deletes a repetition keeps the first.
    let lake = lake().await;
    delete(&lake, &[2]).await;
    put(&lake, "raw/2026/03/03/10/new", push(9, 3)).await;
    assert_eq!(counts(&run(&lake, &Settings::default()).await), [1, 1, 0, 0]);
    assert_eq!(ids(&lake).await, [1, 3, 4, 5, 9]);
    assert_sound(&lake).await;
}

#[tokio::test]
async fn rows_that_were_moved_updated_or_restored_are_not_deleted() {
    let lake = lake().await;
    let files = table(&lake).await.files().to_vec();
    let (second, twentieth) = (&files[0], &files[1]);
    // Joined or sorted: no change of the rows, whatever became of them.
    let rows = without(&lake, second, &[]).await.unwrap();
    let folder = second.partition.folder();
    let moved = added(&lake, &folder, "moved", &rows, false).await;
    commit(&lake, &[removed(&second.path, false), moved]).await;
    // An update writes all rows anew.
    let updated = added(&lake, &folder, "updated", &rows, true).await;
    commit(&lake, &[removed(&format!("{folder}/moved.parquet"), true), updated]).await;
    // The rows of the 20th are put into the files of a day far from theirs, in two commits.
    let rows = without(&lake, twentieth, &[]).await.unwrap();
    commit(&lake, &[removed(&twentieth.path, true)]).await;
    let far = added(&lake, "event_type=push/date=2026-01-20", "far", &rows, true).await;
    commit(&lake, &[far]).await;
    let report = run(&lake, &Settings::default()).await;
    assert_eq!((report.deleted_elsewhere, &report.untold[..]), (0, &[][..]));
    assert_eq!(table(&lake).await.progress().erased().len(), 0);
    // A deletion that was taken back before anybody looked.
    let taken = delete(&lake, &[1]).await;
    let path = table(&lake).await.files()[1].path.clone();
    let back = r#"{"add":{"path":"PATH","partitionValues":{"event_type":"push","date":"2026-03-02"},"size":SIZE,"modificationTime":0,"dataChange":true,"stats":"{\"numRecords\":3}"}}"#;
    let back = back.replace("PATH", &taken[0].path).replace("SIZE", &taken[0].bytes.to_string());
    commit(&lake, &[removed(&path, true), back]).await;
    let report = run(&lake, &Settings::default()).await;
    assert_eq!((report.deleted_elsewhere, &report.untold[..]), (0, &[][..]));
    assert_eq!(ids(&lake).await, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn one_of_two_equal_rows_is_no_deletion() {
    let lake = lake().await;
    let first = table(&lake).await.files()[0].clone();
    let rows = without(&lake, &first, &[3]).await.unwrap();
    let doubled = added(&lake, &first.partition.folder(), "doubled", &rows, true).await;
    commit(&lake, &[doubled]).await;
    run(&lake, &Settings::default()).await;
    assert_eq!(ids(&lake).await, [1, 1, 2, 2, 3, 4, 5]);
    let merged = table(&lake).await.files()[0].clone();
    let rows = without(&lake, &merged, &[]).await.unwrap();
    let once = concat_batches(&rows.schema(), &singles(&rows)).unwrap();
    let once = added(&lake, &merged.partition.folder(), "once", &once, true).await;
    commit(&lake, &[removed(&merged.path, true), once]).await;
    let report = run(&lake, &Settings::default()).await;
    assert_eq!(report.deleted_elsewhere, 0);
    assert_eq!(ids(&lake).await, [1, 2, 3, 4, 5]);
    assert_sound(&lake).await;
}

#[tokio::test]
async fn what_a_vacuum_has_deleted_is_told_in_a_sentence() {
    let lake = lake().await;
    let files = delete(&lake, &[2]).await;
    lake.store().delete(&Path::from(files[0].key())).await.unwrap();
    let report = run(&lake, &Settings::default()).await;
    assert_eq!((report.deleted_elsewhere, report.untold), (0, vec![files[0].path.clone()]));
    assert_eq!(run(&lake, &Settings::default()).await.untold, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_in_a_lost_file_is_not_taken_for_deleted() {
    let lake = lake().await;
    delete(&lake, &[2]).await;
    let new = table(&lake).await.files()[0].clone();
    lake.store().delete(&Path::from(new.key())).await.unwrap();
    let now = NOW.parse().unwrap();
    let surroundings =
        Surroundings { run_id: Uuid::new_v4(), clock: &move || now, on_progress: &mut |_, _| {} };
    let repaired = repair(&lake, &Settings::default(), surroundings).await.unwrap().unwrap();
    assert!(repaired.dropped);
    run(&lake, &Settings::default()).await;
    // Which one was deleted can't be told any more: rather one too many than two too few.
    assert_eq!(ids(&lake).await, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn an_erasure_deletes_nothing_before_it_has_looked() {
    let lake = lake().await;
    delete(&lake, &[2]).await;
    let surroundings = Surroundings {
        run_id: Uuid::new_v4(),
        // The store dates files by the clock, and what is older than the fence goes at once.
        clock: &|| "2040-01-01T00:00:00Z".parse().unwrap(),
        on_progress: &mut |_, _| {},
    };
    let delivery = Selection::Delivery(DeliveryId::from_u128(5));
    erase(&lake, &delivery, &Settings::default(), surroundings).await.unwrap().unwrap();
    read_all_again(&lake).await;
    let left = ids(&lake).await;
    assert!(!left.contains(&2), "{left:?}");
    assert_sound(&lake).await;
}

#[tokio::test]
async fn a_run_that_is_at_work_meanwhile_brings_nothing_back() {
    let lake = lake().await;
    put(&lake, "raw/2026/03/02/12/late", push(2, 2)).await;
    put(&lake, "raw/2026/03/20/12/late", [push(4, 20), push(6, 20)].concat()).await;
    // The deletion comes when the first data file is written, and its rows are looked up.
    let behind = lake.clone();
    let is_over = Arc::new(AtomicBool::new(false));
    let hook: Hook = Arc::new(move |it| {
        let (lake, is_over) = (behind.clone(), is_over.clone());
        let is_data = it.key.ends_with(".parquet");
        Box::pin(async move {
            if is_data && !is_over.swap(true, Ordering::Relaxed) {
                delete(&lake, &[2, 4]).await;
            }
        })
    });
    let settings = Settings { commit_rows: 1, ..Settings::default() };
    let script = Script::default().with_on_change(hook);
    let stalled = lake.clone().wrapped(|store| Arc::new(FaultyStore::new(store, script)));
    let report = run(&stalled, &settings).await;
    assert!(report.conflicts > 0, "{report:?}");
    assert_eq!(report.deleted_elsewhere, 2);
    assert_eq!(ids(&lake).await, [1, 3, 5, 6]);
    assert_sound(&lake).await;
}

#[tokio::test]
async fn a_lake_that_nobody_else_writes_is_never_looked_at() {
    let lake = lake().await;
    assert_eq!(table(&lake).await.unlooked(), 0);
    put(&lake, "raw/2026/03/21/10/c", push(6, 21)).await;
    run(&lake, &Settings::default()).await;
    assert_eq!(table(&lake).await.unlooked(), 0);
    commit(&lake, &[]).await;
    assert_eq!(table(&lake).await.unlooked(), 1);
}
