//! A run that is short of time goes on where it stopped, inside an object too.

use std::time::Duration;

use futures::TryStreamExt;
use octolake_compactor::{Report, Settings, Surroundings, compact, quarantine, verify};
use octolake_lake::{Reached, Table};
use octolake_store::Lake;
use uuid::Uuid;

use crate::lake::{NOW, counts, ids, line, push, put, run};

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

async fn reached(lake: &Lake, key: &str) -> Reached {
    Table::open(lake).await.unwrap().unwrap().progress().reached(key)
}

#[tokio::test]
async fn an_object_that_takes_longer_than_any_run_is_done_in_the_end() {
    let lake = Lake::in_memory();
    let key = "raw/2026/03/02/10/long";
    let lines: Vec<String> = (0..40).map(|id| push(id, 1)).collect();
    put(&lake, key, lines.join("\n")).await;
    let mut stored = 0;
    let mut before = Reached::default();
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
        assert!(at > before, "{at:?} after {before:?}: {report:?}");
        before = at;
    }
    assert_eq!(stored, 40);
    assert_eq!(ids(&lake).await, (0..40).collect::<Vec<_>>());
    assert_eq!(reached(&lake, key).await, Reached::default(), "what is done is forgotten");
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

/// A run whose time is up before it begins.
async fn run_without_time(lake: &Lake) -> Report {
    let settings = Settings {
        window_bytes: 2_000,
        max_record_bytes: 8_000,
        threads: 2,
        deadline: Some(Duration::ZERO),
        ..Settings::default()
    };
    run(lake, &settings).await
}

/// What is in quarantine: offsets, lengths, reasons, how much is kept of each.
async fn broken(lake: &Lake) -> Vec<(u64, u64, String, usize)> {
    let listed: Vec<_> = quarantine::list(lake).await.unwrap().try_collect().await.unwrap();
    let entries = listed.into_iter().map(|it| it.entry.unwrap());
    let mut broken: Vec<_> =
        entries.map(|it| (it.offset, it.length, it.reason.to_string(), it.excerpt.len())).collect();
    broken.sort();
    broken
}

#[tokio::test]
async fn runs_without_any_time_pass_what_is_longer_than_every_deadline() {
    // A record that is whole and large, one that never ends, strange text over many windows.
    let large =
        line(7, "push", "2026-03-02T10:00:00Z", &format!(r#"{{"a":"{}"}}"#, "x".repeat(6_000)));
    let endless = format!(r#"{{"version":"0","x":"{}"#, "y".repeat(200_000));
    let strange = format!("z{}", "\n[words] {\"a\": ".repeat(8_000));
    let text = [push(1, 2), endless, push(2, 2), large, strange, push(3, 2)].join("\n");
    let key = "raw/2026/03/02/10/hard";
    let lake = Lake::in_memory();
    put(&lake, key, text.as_bytes()).await;
    put(&lake, "raw/2026/03/02/11/next", push(4, 2)).await;
    let mut sum = [0; 4];
    let (mut runs, mut before) = (0, Reached::default());
    loop {
        runs += 1;
        assert!(runs < 100, "it never ends");
        let report = run_without_time(&lake).await;
        sum.iter_mut().zip(counts(&report)).for_each(|(sum, count)| *sum += count);
        if report.objects_left == 0 {
            break;
        }
        let at = reached(&lake, key).await;
        assert!(at > before || report.objects > 0, "run {runs} stands still at {at:?}");
        before = at;
    }
    assert!(runs > 10, "{runs}: it went too fast to show anything");
    let at_once = Lake::in_memory();
    put(&at_once, key, text).await;
    put(&at_once, "raw/2026/03/02/11/next", push(4, 2)).await;
    let unhurried =
        Settings { window_bytes: 2_000, max_record_bytes: 8_000, ..Settings::default() };
    assert_eq!(sum, counts(&run(&at_once, &unhurried).await));
    assert_eq!(sum, [7, 5, 0, 2]);
    assert_eq!(broken(&lake).await, broken(&at_once).await);
    assert_eq!(ids(&lake).await, [1, 2, 3, 4, 7]);
    assert!(verify(&lake, &unhurried).await.unwrap().unwrap().holds);
}
