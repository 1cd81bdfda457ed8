//! A run that is short of time goes on where it stopped, inside an object too.

use std::time::Duration;

use octolake_compactor::{Report, Settings, Surroundings, compact, quarantine, verify};
use octolake_lake::Table;
use octolake_store::Lake;
use uuid::Uuid;

use crate::lake::{NOW, counts, ids, push, put, run};

/// Lets a run read so little before its deadline that it needs many of them.
async fn short_run(lake: &Lake) -> Report {
    let settings = Settings {
        window_bytes: 2_000,
        part_bytes: 2_000,
        deadline: Some(Duration::from_millis(300)),
        ..Settings::default()
    };
    let now = NOW.parse().unwrap();
    let clock = move || now;
    // Time is up with the first part that is taken.
    let on_progress = &mut |_: &Report, _| std::thread::sleep(Duration::from_millis(300));
    let surroundings = Surroundings { run_id: Uuid::new_v4(), clock: &clock, on_progress };
    compact(lake, &settings, surroundings).await.unwrap()
}

async fn reached(lake: &Lake, key: &str) -> u64 {
    Table::open(lake).await.unwrap().unwrap().progress().reached(key)
}

#[tokio::test]
async fn an_object_that_takes_longer_than_any_run_is_done_in_the_end() {
    let lake = Lake::in_memory();
    let key = "raw/2026/03/02/10/long";
    let lines: Vec<String> = (0..40).map(|id| push(id, 1)).collect();
    put(&lake, key, lines.join("\n")).await;
    let mut stored = 0;
    let mut before = 0;
    for number in 0.. {
        assert!(number < 100, "it never ends");
        let report = short_run(&lake).await;
        let [read, new, duplicates, _] = counts(&report);
        assert_eq!((read, duplicates), (new, 0), "nothing is read twice: {report:?}");
        stored += new;
        if report.objects == 1 {
            break;
        }
        let at = reached(&lake, key).await;
        assert!(at > before, "{at} after {before}: {report:?}");
        before = at;
    }
    assert_eq!(stored, 40);
    assert_eq!(ids(&lake).await, (0..40).collect::<Vec<_>>());
    assert_eq!(reached(&lake, key).await, 0, "what is done is forgotten");
    assert!(verify(&lake, &Settings::default()).await.unwrap().unwrap().holds);
}

#[tokio::test]
async fn strange_lines_in_front_do_not_stop_the_lake() {
    let lake = Lake::in_memory();
    let strange: String = (0..900).map(|n| format!("[{n}]\n")).collect();
    put(&lake, "raw/2026/03/01/10/strange", strange).await;
    put(&lake, "raw/2026/03/02/10/good", push(1, 2)).await;
    let mut quarantined = 0;
    for number in 0.. {
        assert!(number < 200, "it never ends");
        let report = short_run(&lake).await;
        quarantined += report.quarantined;
        if report.objects_left == 0 {
            break;
        }
    }
    assert_eq!(quarantined, 900);
    assert_eq!(ids(&lake).await, [1]);
    assert!(verify(&lake, &Settings::default()).await.unwrap().unwrap().holds);
}

#[tokio::test]
async fn a_record_that_was_begun_is_read_from_its_beginning() {
    let lake = Lake::in_memory();
    let key = "raw/2026/03/02/10/broken";
    // Longer than several windows, and with a good record on either side of it.
    let endless = format!(r#"{{"version":"0","x":"{}"#, "y".repeat(9_000));
    put(&lake, key, [push(1, 2), endless, push(2, 2)].join("\n")).await;
    let mut quarantined = 0;
    for number in 0.. {
        assert!(number < 20, "it never ends");
        let report = short_run(&lake).await;
        quarantined += report.quarantined;
        if report.objects_left == 0 {
            break;
        }
    }
    assert_eq!(ids(&lake).await, [1, 2]);
    assert_eq!(quarantined, 1);
    let offset = push(1, 2).len() as u64 + 1;
    assert!(quarantine::get(&lake, key, offset).await.unwrap().is_some());
    assert_eq!(counts(&run(&lake, &Settings::default()).await), [0; 4]);
}
