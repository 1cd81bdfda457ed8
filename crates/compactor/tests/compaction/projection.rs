//! The projection: the same rows as the table, whatever happens between.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Date32Type;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use octolake_compactor::{
    Check, Depth, Projecting, Selection, Settings, Surroundings, compact, erase, prove, reproject,
};
use octolake_event::DeliveryId;
use octolake_lake::{LiveFile, Projection, Source, Table};
use octolake_store::Lake;
use octolake_testkit::{Fault, FaultyStore, Operation, Script};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use uuid::Uuid;

use crate::elsewhere::delete;
use crate::lake::{NOW, ids, line, push, put, run, run_at};

pub(crate) async fn read(lake: &Lake, key: &str) -> Vec<RecordBatch> {
    let bytes = lake.store().get(&Path::from(key)).await.unwrap().bytes().await.unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
    reader.collect::<Result<_, _>>().unwrap()
}

fn ids_of(batches: &[RecordBatch]) -> Vec<u128> {
    let texts = |batch: &RecordBatch| {
        let column = batch.column_by_name("delivery_id").unwrap();
        let texts = column.as_string::<i32>().iter();
        texts.map(|id| id.unwrap().parse::<DeliveryId>().unwrap().as_u128()).collect::<Vec<_>>()
    };
    batches.iter().flat_map(texts).collect()
}

/// What a reader reads, sorted, and whether by way of the projection.
async fn seen(lake: &Lake) -> (Vec<u128>, bool) {
    let (mut ids, is_projected) = match Source::open(lake).await.unwrap() {
        Source::Empty => (vec![], false),
        Source::Projected(projected) => {
            let mut ids = vec![];
            for file in &projected.files {
                ids.extend(ids_of(&read(lake, &format!("projection/{}", file.path)).await));
            }
            for file in &projected.later {
                ids.extend(ids_of(&read(lake, &file.key()).await));
            }
            (ids, true)
        }
        Source::Archive(view, _) => {
            let mut ids = vec![];
            for file in view.files() {
                ids.extend(ids_of(&read(lake, &file.key()).await));
            }
            (ids, false)
        }
    };
    ids.sort_unstable();
    (ids, is_projected)
}

pub(crate) async fn projection(lake: &Lake) -> Projection {
    Projection::read(lake).await.unwrap()
}

async fn why_not(lake: &Lake) -> String {
    match Source::open(lake).await.unwrap() {
        Source::Archive(_, reason) => reason,
        other => panic!("{other:?}"),
    }
}

/// What `verify` says of the projection.
pub(crate) async fn checked(lake: &Lake) -> Check {
    let verdict = prove(lake, &Settings::default(), Depth::Ids).await.unwrap().unwrap();
    let is_it = |check: &Check| check.check.contains("projection");
    verdict.checks.into_iter().find(is_it).unwrap()
}

/// Deliveries 1 to 3 of the 2nd of March and 4 and 5 of the 20th, and one of April.
async fn lake() -> Lake {
    let lake = Lake::in_memory();
    put(&lake, "raw/2026/03/02/10/a", [push(1, 2), push(2, 2), push(3, 2)].concat()).await;
    put(&lake, "raw/2026/03/20/10/b", [push(4, 20), push(5, 20)].concat()).await;
    put(&lake, "raw/2026/04/01/00/c", line(6, "star", "2026-04-01T00:00:00Z", "{}")).await;
    run(&lake, &Settings::default()).await;
    lake
}

fn folders(files: &[LiveFile]) -> Vec<String> {
    files.iter().map(|file| file.path.rsplit_once('/').unwrap().0.to_owned()).collect()
}

#[tokio::test]
async fn a_run_leaves_the_same_rows_without_payloads_by_month() {
    let lake = lake().await;
    let projection = projection(&lake).await;
    let table = Table::open(&lake).await.unwrap().unwrap();
    assert_eq!(
        folders(projection.files()),
        ["event_type=push/month=2026-03", "event_type=star/month=2026-04"]
    );
    assert!(projection.is_whole() && projection.events() <= Some(table.version()));
    let push = &projection.files()[0];
    assert_eq!((push.rows, push.dates.0.to_string()), (5, "2026-03-02".to_owned()));
    assert_eq!(push.dates.1.to_string(), "2026-03-20");
    let batches = read(&lake, &format!("projection/{}", push.path)).await;
    assert!(batches.iter().all(|batch| batch.column_by_name("payload").is_none()));
    assert_eq!(ids_of(&batches), [1, 2, 3, 4, 5], "in the order of their arrival");
    let dates: Vec<Option<i32>> = batches
        .iter()
        .flat_map(|b| b.column_by_name("date").unwrap().as_primitive::<Date32Type>().iter())
        .collect();
    // The 2nd of March 2026 is day 20,514 since 1970.
    assert_eq!(dates, [20_514, 20_514, 20_514, 20_532, 20_532].map(Some));
    assert_eq!(seen(&lake).await, ((1..=6).collect(), true));
    let check = checked(&lake).await;
    assert!(check.holds && check.detail.starts_with("6 rows of 2 months"), "{check:?}");
}

#[tokio::test]
async fn what_comes_after_it_is_read_beside_it() {
    let lake = lake().await;
    let before = projection(&lake).await;
    put(&lake, "raw/2026/03/21/10/d", push(7, 21)).await;
    run(&lake, &Settings { project: false, ..Settings::default() }).await;
    assert_eq!(projection(&lake).await, before);
    assert_eq!(seen(&lake).await, ((1..=7).collect(), true));
    assert!(checked(&lake).await.holds);
    run(&lake, &Settings::default()).await;
    assert!(projection(&lake).await.events() > before.events());
    assert_eq!(seen(&lake).await, ((1..=7).collect(), true));
}

#[tokio::test]
async fn many_runs_leave_few_files() {
    let lake = Lake::in_memory();
    for number in 0..40_u32 {
        let (day, hour) = (1 + number / 2, number % 2);
        put(&lake, &format!("raw/2026/03/{day:02}/1{hour}/x"), push(number.into(), day)).await;
        run_at(&lake, &Settings::default(), &format!("2026-03-{day:02}T20:00:00Z")).await;
    }
    assert_eq!(projection(&lake).await.files().len(), 1);
    assert_eq!(seen(&lake).await, ((0..40).collect(), true));
    let check = checked(&lake).await;
    assert!(check.holds && check.detail.starts_with("40 rows of 1 months"), "{check:?}");
}

#[tokio::test]
async fn what_another_engine_deletes_leaves_it_too() {
    let lake = lake().await;
    delete(&lake, &[2, 4, 5]).await;
    assert_eq!(why_not(&lake).await, "rows were changed since");
    assert_eq!(seen(&lake).await, (vec![1, 3, 6], false));
    run(&lake, &Settings::default()).await;
    assert_eq!(seen(&lake).await, (vec![1, 3, 6], true));
    assert!(checked(&lake).await.holds);
}

#[tokio::test]
async fn an_erasure_reaches_it_before_it_ends() {
    let lake = Lake::in_memory();
    // An erasure takes a body out under every id: each has its own.
    let star = |id: u128| {
        line(id, "star", &format!("2026-03-0{id}T00:00:00Z"), &format!(r#"{{"number":{id}}}"#))
    };
    put(&lake, "raw/2026/03/02/10/a", (1..=6).map(star).collect::<String>()).await;
    run(&lake, &Settings::default()).await;
    for id in [2, 6] {
        let clock = || NOW.parse().unwrap();
        let surroundings =
            Surroundings { run_id: Uuid::new_v4(), clock: &clock, on_progress: &mut |_, _| {} };
        let selection = Selection::Delivery(DeliveryId::from_u128(id));
        erase(&lake, &selection, &Settings::default(), surroundings).await.unwrap().unwrap();
    }
    assert_eq!(seen(&lake).await, (vec![1, 3, 4, 5], true));
    // No file is left that held one of them.
    let objects = lake.store().list(Some(&Path::from("projection")));
    let objects: Vec<_> = objects.try_collect().await.unwrap();
    let mut left = vec![];
    for object in objects.iter().filter(|object| object.location.as_ref().ends_with(".parquet")) {
        if !object.location.as_ref().contains("_delta_log") {
            left.extend(ids_of(&read(&lake, object.location.as_ref()).await));
        }
    }
    left.sort_unstable();
    assert_eq!(left, [1, 3, 4, 5]);
}

/// The keys of the projection's log, the newest last.
async fn log(lake: &Lake) -> Vec<Path> {
    let listed = lake.store().list(Some(&Path::from("projection/_delta_log")));
    let mut keys: Vec<Path> = listed.map_ok(|object| object.location).try_collect().await.unwrap();
    keys.retain(|key| key.as_ref().ends_with(".json"));
    keys.sort();
    keys
}

#[tokio::test]
async fn what_does_not_fit_is_not_used_and_is_made_anew() {
    type Harm = fn(String) -> String;
    let harms: [(&str, &str, Harm); 4] = [
        ("EOF while parsing", "no JSON", |_| "{".to_owned()),
        ("another version", "other columns", |text| {
            text.replace(r#""octolake.columns","version":"#, r#""octolake.columns","version":-"#)
        }),
        ("another engine", "somebody's commit", |text| {
            text.replace("octolake.projection", "somebody")
        }),
        ("of another table", "another lake's", |text| {
            text.replace(
                r#""octolake.events_mark","version":"#,
                r#""octolake.events_mark","version":-"#,
            )
        }),
    ];
    for (reason, what, harm) in harms {
        let lake = lake().await;
        let newest = log(&lake).await.pop().unwrap();
        let bytes = lake.store().get(&newest).await.unwrap().bytes().await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let harmed = harm(text.clone());
        assert_ne!(harmed, text, "{what}");
        put(&lake, newest.as_ref(), harmed).await;
        let told = why_not(&lake).await;
        assert!(told.contains(reason), "{what}: {told}");
        assert_eq!(seen(&lake).await, ((1..=6).collect(), false), "{what}");
        run(&lake, &Settings::default()).await;
        assert_eq!(seen(&lake).await, ((1..=6).collect(), true), "{what}");
        assert!(checked(&lake).await.holds, "{what}");
    }
}

async fn made_anew(lake: &Lake) -> Option<Projecting> {
    let clock = || NOW.parse().unwrap();
    let surroundings =
        Surroundings { run_id: Uuid::new_v4(), clock: &clock, on_progress: &mut |_, _| {} };
    reproject(lake, &Settings::default(), surroundings).await.unwrap()
}

#[tokio::test]
async fn one_that_is_thrown_away_is_made_again() {
    let lake = lake().await;
    let made = made_anew(&lake).await.unwrap();
    assert_eq!((made.whole, made.files_added), (true, 2));
    assert_eq!(seen(&lake).await, ((1..=6).collect(), true));
    for key in log(&lake).await {
        lake.store().delete(&key).await.unwrap();
    }
    assert_eq!(why_not(&lake).await, "there is none");
    run(&lake, &Settings::default()).await;
    assert_eq!(seen(&lake).await, ((1..=6).collect(), true));
    let nothing = Lake::in_memory();
    assert_eq!(made_anew(&nothing).await, None);
}

#[tokio::test]
async fn a_file_with_other_rows_is_found() {
    let lake = lake().await;
    let files = projection(&lake).await.files().to_vec();
    let rows = read(&lake, &format!("projection/{}", files[0].path)).await.remove(0);
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, rows.schema(), None).unwrap();
    writer.write(&rows.slice(0, 4)).unwrap();
    writer.write(&rows.slice(0, 1)).unwrap();
    writer.close().unwrap();
    put(&lake, &format!("projection/{}", files[0].path), bytes).await;
    let check = checked(&lake).await;
    assert!(!check.holds && check.detail.contains("1 months differ"), "{check:?}");
    assert!(check.detail.contains("--rebuild-projection"), "{check:?}");
}

/// A lake with something of every kind to bring the projection up with: new rows, and changed ones.
async fn behind() -> Lake {
    let lake = lake().await;
    put(&lake, "raw/2026/03/21/10/d", push(7, 21)).await;
    put(&lake, "raw/2026/04/02/10/e", line(8, "star", "2026-04-02T00:00:00Z", "{}")).await;
    let job = line(9, "workflow_job", "2026-03-22T10:00:00Z", r#"{"workflow_job":{"id":1}}"#);
    put(&lake, "raw/2026/03/22/10/f", job).await;
    delete(&lake, &[4]).await;
    lake
}

/// A run in which some operations meet a fault; gives what was asked of the store.
async fn troubled(lake: &Lake, fault: Option<(usize, Fault)>) -> Vec<Operation> {
    let script = Script::new(fault);
    let inner = script.clone();
    let wrap = move |store| Arc::new(FaultyStore::new(store, inner)) as Arc<_>;
    let clock = || NOW.parse().unwrap();
    let surroundings =
        Surroundings { run_id: Uuid::new_v4(), clock: &clock, on_progress: &mut |_, _| {} };
    drop(compact(&lake.clone().wrapped(wrap), &Settings::default(), surroundings).await);
    script.operations()
}

/// A run that ends at any of its operations on the projection, or meets a refusal there, leaves
/// what a reader reads rightly, and the next one brings it up.
#[tokio::test]
async fn a_run_may_end_anywhere() {
    let all = troubled(&behind().await, None).await;
    let of_it: Vec<&Operation> =
        all.iter().filter(|operation| operation.key.contains("projection")).collect();
    assert!(of_it.len() > 20, "{of_it:?}");
    for fault in [Fault::CrashBefore, Fault::Refused, Fault::CrashAfter, Fault::AnswerLost] {
        // After a reading nothing is other than before the next operation.
        let is_other = |operation: &&&Operation| {
            fault == Fault::CrashBefore || operation.kind.is_change() == (fault != Fault::Refused)
        };
        for operation in of_it.iter().filter(is_other) {
            let number = &operation.number;
            let when = format!("{fault:?} at {}", all[*number]);
            let lake = behind().await;
            troubled(&lake, Some((*number, fault))).await;
            assert_eq!(seen(&lake).await.0, ids(&lake).await, "{when}");
            run(&lake, &Settings::default()).await;
            assert_eq!(seen(&lake).await, (vec![1, 2, 3, 5, 6, 7, 8, 9], true), "{when}");
            assert!(checked(&lake).await.holds, "{when}");
        }
    }
}
