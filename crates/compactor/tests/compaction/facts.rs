//! Facts: a row per job beside each file of the projection that tells of jobs.

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use futures::TryStreamExt;
use object_store::path::Path;
use octolake_compactor::{Selection, Settings, Surroundings, erase};
use octolake_event::DeliveryId;
use octolake_lake::{LiveFile, Source};
use octolake_store::Lake;
use uuid::Uuid;

use crate::lake::{NOW, line, push, put, run};
use crate::projection::{checked, projection, read};

/// A delivery of job `job` of repository 77 at a minute of a day of 2026.
fn told(id: u128, day: &str, minute: u32, action: &str, job: &str) -> String {
    let body = format!(
        r#"{{"action":"{action}","workflow_job":{{{job}}},"repository":{{"id":77,"full_name":"o/r{id}"}},"organization":{{"login":"o"}},"sender":{{"login":"s{id}","type":"User"}}}}"#
    );
    line(id, "workflow_job", &format!("2026-{day}T10:{minute:02}:00.250Z"), &body)
}

const QUEUED: &str = r#""id":500,"run_id":9,"run_attempt":2,"name":"build","workflow_name":"ci","labels":["x64","linux"],"created_at":"2026-02-28T10:00:00Z","started_at":"2026-02-28T10:00:00Z""#;
const BEGUN: &str = r#""id":500,"run_id":9,"run_attempt":2,"name":"build","labels":["linux"],"runner_name":"r1","runner_id":3,"created_at":"2026-02-28T10:00:00Z","started_at":"2026-02-28T10:00:07Z""#;
const DONE: &str = r#""id":500,"run_id":9,"run_attempt":2,"name":"build","runner_name":"r1","runner_id":3,"conclusion":"success","created_at":"2026-02-28T10:00:00Z","started_at":"2026-02-28T10:00:07Z","completed_at":"2026-03-01T10:02:00Z""#;
const SKIPPED: &str = r#""id":900,"run_id":9,"name":"deploy","conclusion":"skipped","created_at":"2026-02-28T10:01:00Z","started_at":"2026-02-28T10:01:00Z","completed_at":"2026-02-28T10:01:00Z""#;

/// Job 500 from February to March, job 900 in February, a delivery that names no job, and a push.
async fn lake() -> Lake {
    let lake = Lake::in_memory();
    let lines = [
        told(1, "02-28", 0, "queued", QUEUED),
        told(2, "02-28", 1, "in_progress", BEGUN),
        told(3, "02-28", 2, "completed", SKIPPED),
        told(4, "02-28", 3, "waiting", r#""name":"who""#),
        told(5, "03-01", 4, "completed", DONE),
        push(6, 1),
    ];
    put(&lake, "raw/2026/02/28/10/a", lines.concat()).await;
    run(&lake, &Settings::default()).await;
    lake
}

async fn files_of_jobs(lake: &Lake) -> Vec<LiveFile> {
    let files = projection(lake).await.files().to_vec();
    files.into_iter().filter(|it| it.partition.event_type.as_str() == "workflow_job").collect()
}

async fn facts(lake: &Lake, file: &LiveFile) -> RecordBatch {
    let key = format!("projection/_facts/{}", file.path);
    let batches = read(lake, &key).await;
    assert_eq!(batches.len(), 1);
    batches[0].clone()
}

fn texts(rows: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let column = rows.column_by_name(name).unwrap().as_string::<i32>();
    column.iter().map(|text| text.map(str::to_owned)).collect()
}

fn numbers(rows: &RecordBatch, name: &str) -> Vec<Option<i64>> {
    rows.column_by_name(name).unwrap().as_primitive::<Int64Type>().iter().collect()
}

/// Seconds of the 28th of February, from 10:00 on.
fn seconds(rows: &RecordBatch, name: &str) -> Vec<Option<f64>> {
    // 2026-02-28T10:00:00Z is second 1,772,272,800 of the epoch.
    let column = rows.column_by_name(name).unwrap().as_primitive::<TimestampMicrosecondType>();
    column.iter().map(|at| Some((at? - 1_772_272_800_000_000) as f64 / 1e6)).collect()
}

fn any(rows: &RecordBatch, name: &str) -> Vec<bool> {
    let column = rows.column_by_name(name).unwrap().as_boolean();
    (0..column.len()).map(|row| column.value(row)).collect()
}

#[tokio::test]
async fn a_job_is_one_row_of_each_month() {
    let lake = lake().await;
    let files = files_of_jobs(&lake).await;
    assert_eq!(files.len(), 2);
    let february = facts(&lake, &files[0]).await;
    // The delivery without a job comes first, as nothing does; then the jobs by their ids.
    assert_eq!(numbers(&february, "job_id"), [None, Some(500), Some(900)]);
    assert_eq!(numbers(&february, "run_attempt"), [Some(1), Some(2), Some(1)]);
    let delivery = DeliveryId::from_u128(4).to_string();
    assert_eq!(texts(&february, "unidentified"), [Some(delivery), None, None]);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(texts(&february, "told_labels"), [None, some("linux\u{1}x64"), None]);
    assert_eq!(texts(&february, "workflow"), [None, some("ci"), None]);
    assert_eq!(texts(&february, "runner"), [None, some("r1"), None]);
    assert_eq!(texts(&february, "author"), [some("s4"), some("s1"), some("s3")]);
    assert_eq!(texts(&february, "conclusion"), [None, None, some("skipped")]);
    assert_eq!(seconds(&february, "created_at"), [None, Some(0.0), Some(60.0)]);
    assert_eq!(seconds(&february, "begun_at"), [None, Some(7.0), None]);
    assert_eq!(seconds(&february, "ran_at"), [None, None, None]);
    assert_eq!(seconds(&february, "arrived_at"), [Some(180.25), Some(0.25), Some(120.25)]);
    assert_eq!(seconds(&february, "last_arrived_at"), [Some(180.25), Some(60.25), Some(120.25)]);
    assert_eq!(any(&february, "was_gated"), [true, false, false]);
    assert_eq!(any(&february, "has_begun"), [false, true, false]);
    assert_eq!(any(&february, "was_skipped"), [false, false, true]);
    // The newest name of the repository stands in one row.
    assert_eq!(texts(&february, "repo_name"), [some("o/r4"), None, None]);

    let march = facts(&lake, &files[1]).await;
    assert_eq!(numbers(&march, "job_id"), [Some(500)]);
    assert_eq!(seconds(&march, "ran_at"), [Some(7.0)]);
    assert_eq!(seconds(&march, "completed_at"), [Some(86_520.0)]);
    assert_eq!((any(&march, "has_begun"), any(&march, "has_completed")), (vec![true], vec![true]));
    assert_eq!(texts(&march, "author"), [some("s5")]);
    assert!(checked(&lake).await.holds);
}

#[tokio::test]
async fn the_log_tells_of_which_ids_there_are_facts() {
    let lake = lake().await;
    let Source::Projected(projected) = Source::open(&lake).await.unwrap() else { panic!() };
    let rows_and_ids = |file: &LiveFile| file.facts.as_ref().map(|it| (it.rows, it.ids.clone()));
    let told: Vec<_> = projected.files.iter().map(rows_and_ids).collect();
    let february = Some((3, vec![(500, 900)]));
    // Of pushes there are none.
    assert_eq!(told, [None, february, Some((1, vec![(500, 500)]))]);
}

/// The paths of what stands beside files, and of the files that have such.
async fn beside(lake: &Lake) -> (Vec<String>, Vec<String>) {
    let listed = lake.store().list(Some(&Path::from("projection/_facts")));
    let objects: Vec<_> = listed.try_collect().await.unwrap();
    let path = |key: &str| key.strip_prefix("projection/_facts/").unwrap().to_owned();
    let mut there: Vec<String> = objects.iter().map(|it| path(it.location.as_ref())).collect();
    there.sort();
    (there, files_of_jobs(lake).await.into_iter().map(|file| file.path).collect())
}

#[tokio::test]
async fn what_is_erased_is_in_no_facts() {
    let lake = lake().await;
    let clock = || NOW.parse().unwrap();
    let surroundings =
        Surroundings { run_id: Uuid::new_v4(), clock: &clock, on_progress: &mut |_, _| {} };
    let selection = Selection::Delivery(DeliveryId::from_u128(2));
    erase(&lake, &selection, &Settings::default(), surroundings).await.unwrap().unwrap();
    let (there, wanted) = beside(&lake).await;
    assert_eq!((there.len(), there), (2, wanted));
    let february = facts(&lake, &files_of_jobs(&lake).await[0]).await;
    assert_eq!(texts(&february, "runner"), [None, None, None]);
    assert_eq!(any(&february, "has_begun"), [false, false, false]);
    assert!(checked(&lake).await.holds);
}

#[tokio::test]
async fn facts_that_are_not_those_of_their_rows_are_found() {
    let lake = lake().await;
    let files = files_of_jobs(&lake).await;
    let key = |file: &LiveFile| format!("projection/_facts/{}", file.path);
    let rows = facts(&lake, &files[0]).await;
    for wrong in [rows.slice(0, 2), facts(&lake, &files[1]).await] {
        let mut bytes = Vec::new();
        let mut writer =
            parquet::arrow::ArrowWriter::try_new(&mut bytes, wrong.schema(), None).unwrap();
        writer.write(&wrong).unwrap();
        writer.close().unwrap();
        put(&lake, &key(&files[0]), bytes).await;
        let check = checked(&lake).await;
        assert!(!check.holds && check.detail.contains("_facts"), "{check:?}");
    }
}

#[tokio::test]
async fn a_checkpoint_tells_of_them_too() {
    let lake = lake().await;
    for id in 10..22u32 {
        put(&lake, &format!("raw/2026/03/02/10/{id}"), push(u128::from(id), 2)).await;
        run(&lake, &Settings::default()).await;
    }
    let listed = lake.store().list(Some(&Path::from("projection/_delta_log")));
    let log: Vec<_> = listed.try_collect().await.unwrap();
    assert!(log.iter().any(|it| it.location.as_ref().ends_with(".checkpoint.parquet")), "{log:?}");
    let files = files_of_jobs(&lake).await;
    assert!(files.len() == 2 && files.iter().all(|file| file.facts.is_some()), "{files:?}");
}
