//! A live file that cannot be used: what else there is to do is done.

use object_store::ObjectStoreExt;
use object_store::path::Path;
use octolake_compactor::{Repair, Settings, Surroundings, repair, verify};
use octolake_lake::Table;
use octolake_store::Lake;
use uuid::Uuid;

use crate::lake::{NOW, counts, ids, push, put, run};

#[tokio::test]
async fn a_file_that_cannot_be_used_is_reported_and_stops_nothing() {
    let lake = Lake::in_memory();
    put(&lake, "raw/2026/03/02/10/a", push(1, 2)).await;
    run(&lake, &Settings::default()).await;
    // Another engine names a file that is not there, and says nothing of its rows.
    let version = Table::open(&lake).await.unwrap().unwrap().version() + 1;
    let path = "event_type=push/date=2026-03-20/lost.parquet";
    let add = format!(
        r#"{{"add":{{"path":"{path}","partitionValues":{{"event_type":"push","date":"2026-03-20"}},"size":9,"modificationTime":0,"dataChange":true}}}}"#
    );
    put(&lake, &format!("events/_delta_log/{version:020}.json"), add).await;
    put(&lake, "raw/2026/03/03/10/b", push(2, 3)).await;
    let report = run(&lake, &Settings::default()).await;
    assert_eq!(counts(&report), [1, 1, 0, 0]);
    assert_eq!(ids(&lake).await, [1, 2]);
    let [file] = &report.unusable[..] else { panic!("{report:?}") };
    assert_eq!((file.path.as_str(), file.reason.as_str()), (path, "it is not there"));
    let said = report.check().unwrap_err().to_string();
    assert!(said.contains(path) && said.contains("it is not there"), "{said}");
    let verdict = verify(&lake, &Settings::default()).await.unwrap().unwrap();
    assert!(!verdict.holds && verdict.checks[0].detail.contains(path), "{verdict:#?}");
}

async fn repaired(lake: &Lake, dry_run: bool) -> Repair {
    let now = NOW.parse().unwrap();
    let surroundings =
        Surroundings { run_id: Uuid::new_v4(), clock: &move || now, on_progress: &mut |_, _| {} };
    repair(lake, &Settings { dry_run, ..Settings::default() }, surroundings).await.unwrap().unwrap()
}

#[tokio::test]
async fn rows_of_a_file_that_is_gone_come_from_raw_again() {
    let lake = Lake::in_memory();
    put(&lake, "raw/2026/03/02/10/a", [push(1, 2), push(2, 2)].concat()).await;
    put(&lake, "raw/2026/03/09/10/b", push(3, 9)).await;
    run(&lake, &Settings::default()).await;
    let table = Table::open(&lake).await.unwrap().unwrap();
    let lost = table.files()[0].clone();
    assert_eq!((lost.partition.date.to_string(), table.files().len()), ("2026-03-02".into(), 2));
    lake.store().delete(&Path::from(lost.key())).await.unwrap();
    let found = repaired(&lake, true).await;
    assert_eq!((found.rows, found.dropped, found.broken.len()), (2, false, 1));
    assert_eq!(found.broken[0].path, lost.path);
    let days: Vec<String> = found.days.iter().map(ToString::to_string).collect();
    assert_eq!(days, ["2026-03-01", "2026-03-02", "2026-03-03"]);
    assert_eq!(Table::open(&lake).await.unwrap().unwrap().version(), table.version());

    assert!(repaired(&lake, false).await.dropped);
    let report = run(&lake, &Settings::default()).await;
    assert_eq!((counts(&report), report.objects), ([2, 2, 0, 0], 1));
    assert_eq!(ids(&lake).await, [1, 2, 3]);
    let verdict = verify(&lake, &Settings::default()).await.unwrap().unwrap();
    assert!(verdict.holds && verdict.pending == 0, "{verdict:#?}");
    assert_eq!(repaired(&lake, false).await, Repair::default());
    assert_eq!(run(&lake, &Settings::default()).await.commits, 0);
}
