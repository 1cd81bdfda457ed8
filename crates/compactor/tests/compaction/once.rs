//! Each delivery once, whatever the order and however often it comes.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use octolake_compactor::{Report, Settings, Surroundings, backlog, compact};
use octolake_event::EventType;
use octolake_lake::Table;
use octolake_store::Lake;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use uuid::Uuid;

use crate::lake::{NOW, column, counts, gzip, ids, line, push, put, run, run_at};

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/example")
}

async fn example_lake() -> Lake {
    let lake = Lake::in_memory();
    for key in ["08/lines", "10/concatenated", "12/two-members.gz"] {
        let key = format!("raw/2026/03/02/{key}");
        put(&lake, &key, std::fs::read(example().join(&key)).unwrap()).await;
    }
    lake
}

#[tokio::test]
async fn the_example_lake_gives_its_answers() {
    let lake = example_lake().await;
    let report = run(&lake, &Settings::default()).await;
    assert_eq!(counts(&report), [45, 44, 1, 0]);
    assert_eq!((report.objects, report.parse_issues, report.failed.len()), (3, 0, 0));
    assert_eq!(ids(&lake).await.len(), 44);
}

#[tokio::test]
async fn a_second_run_finds_nothing_to_do() {
    let lake = example_lake().await;
    run(&lake, &Settings::default()).await;
    let version = Table::open(&lake).await.unwrap().unwrap().version();
    let report = run(&lake, &Settings::default()).await;
    assert_eq!((counts(&report), report.commits, report.objects), ([0; 4], 0, 0));
    assert_eq!(Table::open(&lake).await.unwrap().unwrap().version(), version);
}

#[tokio::test]
async fn a_dry_run_counts_and_writes_nothing() {
    let lake = example_lake().await;
    let dry = Settings { dry_run: true, ..Settings::default() };
    assert_eq!(counts(&run(&lake, &dry).await), [45, 44, 1, 0]);
    assert!(Table::open(&lake).await.unwrap().is_none());
    run(&lake, &Settings::default()).await;
    put(&lake, "raw/2026/03/02/13/more", [push(1, 2), push(1, 2)].join("")).await;
    assert_eq!(counts(&run(&lake, &dry).await), [2, 1, 1, 0]);
    assert_eq!(ids(&lake).await.len(), 44);
}

#[tokio::test]
async fn the_same_object_under_another_name_adds_nothing() {
    let lake = example_lake().await;
    run(&lake, &Settings::default()).await;
    let bytes = std::fs::read(example().join("raw/2026/03/02/12/two-members.gz")).unwrap();
    put(&lake, "raw/2026/03/05/12/replayed.gz", bytes).await;
    assert_eq!(counts(&run(&lake, &Settings::default()).await), [15, 0, 15, 0]);
    assert_eq!(ids(&lake).await.len(), 44);
}

#[tokio::test]
async fn a_redelivery_days_later_is_known_and_whatever_it_calls_itself() {
    let lake = Lake::in_memory();
    put(&lake, "raw/2026/03/02/10/a", push(1, 2)).await;
    run(&lake, &Settings::default()).await;
    put(&lake, "raw/2026/03/05/10/b", push(1, 5)).await;
    put(&lake, "raw/2026/03/06/10/c", line(1, "star", "2026-03-06T10:00:00Z", "{}")).await;
    assert_eq!(counts(&run(&lake, &Settings::default()).await), [2, 0, 2, 0]);
    // Before the stored one too: keys arrive out of order.
    put(&lake, "raw/2026/03/01/10/d", push(1, 1)).await;
    assert_eq!(counts(&run(&lake, &Settings::default()).await), [1, 0, 1, 0]);
}

#[tokio::test]
async fn hostile_event_types_become_no_path() {
    let lake = Lake::in_memory();
    let lines = ["../x", "push", "Push"].map(|event| {
        line(
            event.len() as u128 + u128::from(event.as_bytes()[0]),
            event,
            "2026-03-02T10:00:00Z",
            "{}",
        )
    });
    put(&lake, "raw/2026/03/02/10/a", lines.join("\n")).await;
    assert_eq!(counts(&run(&lake, &Settings::default()).await), [3, 3, 0, 0]);
    let table = Table::open(&lake).await.unwrap().unwrap();
    let types: Vec<_> = table.files().iter().map(|f| f.partition.event_type.clone()).collect();
    assert_eq!(types, [EventType::partition_of("_other"), EventType::partition_of("push")]);
    assert_eq!(table.files()[0].rows, 2);
}

#[tokio::test]
async fn small_limits_change_nothing_but_the_number_of_files() {
    let lake = Lake::in_memory();
    let lines: Vec<String> = (0..300).map(|id| push(id, 1 + (id % 9) as u32)).collect();
    put(&lake, "raw/2026/03/02/10/a", lines.join("\n")).await;
    let tiny = Settings {
        window_bytes: 700,
        part_bytes: 1_000,
        settle_bytes: 2_000,
        buffer_bytes: 2_000,
        encoded_bytes: 10_000,
        open_files: 3,
        commit_rows: 50,
        ..Settings::default()
    };
    let report = run(&lake, &tiny).await;
    assert_eq!(counts(&report), [300, 300, 0, 0]);
    assert!(report.commits > 5, "{report:?}");
    assert_eq!(ids(&lake).await, (0..300).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_deadline_ends_a_run_and_the_next_goes_on() {
    let lake = Lake::in_memory();
    for number in 0..5 {
        put(&lake, &format!("raw/2026/03/02/10/{number}"), push(number, 2)).await;
    }
    let no_time = Settings { deadline: Some(std::time::Duration::ZERO), ..Settings::default() };
    let report = run(&lake, &no_time).await;
    // One step is taken in any case: else runs without time would follow each other for ever.
    assert_eq!((counts(&report), report.objects_left), ([1, 1, 0, 0], 4));
    assert_eq!(counts(&run(&lake, &Settings::default()).await), [4, 4, 0, 0]);
}

#[tokio::test]
async fn a_dry_run_that_is_cut_short_says_so() {
    let lake = Lake::in_memory();
    for number in 0..3 {
        put(&lake, &format!("raw/2026/03/02/10/{number}"), push(number, 2)).await;
    }
    // Time is up as soon as the first object has been read.
    let deadline = std::time::Duration::from_millis(300);
    let settings =
        Settings { dry_run: true, deadline: Some(deadline), part_bytes: 1, ..Settings::default() };
    let now: DateTime<Utc> = NOW.parse().unwrap();
    let on_progress = &mut |_: &Report, _| std::thread::sleep(deadline);
    let surroundings = Surroundings { run_id: Uuid::new_v4(), clock: &move || now, on_progress };
    let report = compact(&lake, &settings, surroundings).await.unwrap();
    assert_eq!((counts(&report), report.objects_left), ([1, 1, 0, 0], 2));
}

#[tokio::test]
async fn what_is_too_old_waits() {
    let lake = Lake::in_memory();
    for (id, hour) in [(1, "02/09"), (2, "02/10"), (3, "03/00")] {
        put(&lake, &format!("raw/2026/03/{hour}/a"), push(id, 2)).await;
    }
    let since = Some("2026-03-02T10:59:59Z".parse().unwrap());
    let report = run(&lake, &Settings { since, ..Settings::default() }).await;
    assert_eq!((counts(&report), report.objects_left), ([2, 2, 0, 0], 0));
    assert_eq!(ids(&lake).await, [2, 3]);
    run(&lake, &Settings::default()).await;
    assert_eq!(ids(&lake).await, [1, 2, 3]);
}

#[tokio::test]
async fn many_small_files_become_one_and_old_ones_go_after_their_grace() {
    let lake = Lake::in_memory();
    for number in 0..9 {
        put(&lake, &format!("raw/2026/03/02/10/{number}"), push(number, 2)).await;
        run_at(&lake, &Settings::default(), "2026-03-02T11:00:00Z").await;
    }
    let table = Table::open(&lake).await.unwrap().unwrap();
    assert_eq!(table.files().len(), 2, "eight were merged, one came after");
    let ledger = table.progress().ledger;
    assert!(ledger.bytes_merged > 0 && ledger.write_amplification().unwrap() < 3.0);
    assert_eq!(ids(&lake).await, (0..9).collect::<Vec<_>>());
    // Objects in memory are as old as this test, by the clock of the store.
    let report = run_at(&lake, &Settings::default(), "2026-03-04T00:00:00Z").await;
    assert_eq!(report.files_vacuumed, 0, "{report:?}");
    let no_grace = Settings { vacuum_grace: std::time::Duration::ZERO, ..Settings::default() };
    let report = run_at(&lake, &no_grace, "2026-03-06T00:00:00Z").await;
    assert_eq!((report.files_after, report.files_vacuumed), (2, 8), "{report:?}");
    assert_eq!(ids(&lake).await, (0..9).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_clock_that_is_ahead_deletes_no_fresh_file() {
    let lake = Lake::in_memory();
    put(&lake, "raw/2026/03/02/10/a", push(1, 2)).await;
    run_at(&lake, &Settings::default(), "2026-03-02T11:00:00Z").await;
    // As a run that is at work leaves it for as long as it has not committed.
    let uncommitted = "events/event_type=push/date=2026-03-02/part-of-another-run.parquet";
    put(&lake, uncommitted, "fresh").await;
    let report = run_at(&lake, &Settings::default(), "2100-01-01T00:00:00Z").await;
    assert_eq!(report.files_vacuumed, 0, "{report:?}");
}

#[tokio::test]
async fn a_clock_that_was_ahead_does_not_put_off_the_vacuum() {
    let lake = Lake::in_memory();
    put(&lake, "raw/2026/03/02/10/a", push(1, 2)).await;
    run_at(&lake, &Settings::default(), "2100-01-01T00:00:00Z").await;
    let vacuumed_at = async || Table::open(&lake).await.unwrap().unwrap().progress().vacuumed_at;
    assert_eq!(vacuumed_at().await, Some("2100-01-01T00:00:00Z".parse().unwrap()));
    run_at(&lake, &Settings::default(), NOW).await;
    assert_eq!(vacuumed_at().await, Some(NOW.parse().unwrap()));
}

#[tokio::test]
async fn arrivals_in_the_future_are_taken_like_any_other() {
    let lake = Lake::in_memory();
    let future = line(1, "push", "9999-12-31T23:59:59.999Z", r#"{"ref":"a"}"#);
    put(&lake, "raw/2026/03/02/10/a", [future.as_str(), &push(2, 2)].concat()).await;
    let since = Some("2026-03-02T10:00:00Z".parse().unwrap());
    let report = run(&lake, &Settings { since, ..Settings::default() }).await;
    assert_eq!(counts(&report), [2, 2, 0, 0]);
    put(&lake, "raw/2026/03/02/11/b", future).await;
    assert_eq!(counts(&run(&lake, &Settings::default()).await), [1, 0, 1, 0]);
    assert_eq!(ids(&lake).await, [1, 2]);
}

#[tokio::test]
async fn a_claim_check_is_put_back() {
    let lake = Lake::in_memory();
    let body = r#"{"ref":"refs/heads/large","x":"0123456789"}"#;
    let large = |sha: &str| {
        format!(
            r#"{{"version":"0","detail-type":"push","source":"github.com","detail":{{"_delivery":{{"id":"00000000-0000-0000-0000-00000000000{}","received_at":"2026-03-02T10:00:00Z","large":{{"key":"large/2026/03/02/00000000-0000-0000-0000-000000000001.json.gz","bytes":{},"sha256":"{sha}"}}}}}}}}"#,
            sha.len() % 10,
            body.len()
        )
    };
    // From `printf '…' | sha256sum`.
    let sha = "7178e15d8a0fdc0251cf36c7c16a52cca441ac25d4ad861920fb2345103b42a7";
    put(
        &lake,
        "large/2026/03/02/00000000-0000-0000-0000-000000000001.json.gz",
        gzip(body.as_bytes()),
    )
    .await;
    put(&lake, "raw/2026/03/02/10/a", [large(sha), large("00")].join("\n")).await;
    assert_eq!(counts(&run(&lake, &Settings::default()).await), [2, 1, 0, 1]);
    assert_eq!(column(&lake, "payload").await, [body]);
    assert_eq!(column(&lake, "push_ref").await, ["refs/heads/large"]);
}

/// The same deliveries, cut into objects in any way, compacted in any order, with any of them twice
/// and in as many runs as it likes: the same ids.
#[test]
fn compaction_is_commutative_associative_and_idempotent() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 24, ..Config::default() });
    let objects = prop::collection::vec(
        (prop::collection::vec((0u128..40, 1u32..4), 1..12), any::<bool>(), any::<bool>()),
        1..6,
    );
    runner
        .run(&objects, |objects| {
            let mut expected: Vec<u128> =
                objects.iter().flat_map(|(rows, ..)| rows.iter().map(|(id, _)| *id)).collect();
            expected.sort_unstable();
            expected.dedup();
            let found = runtime.block_on(async {
                let lake = Lake::in_memory();
                for (number, (rows, gzipped, run_now)) in objects.iter().enumerate() {
                    let text: String = rows.iter().map(|(id, day)| push(*id, *day)).collect();
                    let bytes = if *gzipped { gzip(text.as_bytes()) } else { text.into_bytes() };
                    put(&lake, &format!("raw/2026/03/0{}/10/{number}", 9 - number), bytes).await;
                    if *run_now {
                        run(&lake, &Settings::default()).await;
                    }
                }
                run(&lake, &Settings::default()).await;
                assert!(
                    backlog(
                        &lake,
                        Table::open(&lake).await.unwrap().map(|t| t.progress().clone()).as_ref()
                    )
                    .await
                    .unwrap()
                    .pending
                    .is_empty()
                );
                ids(&lake).await
            });
            prop_assert_eq!(found, expected);
            Ok(())
        })
        .unwrap();
}
