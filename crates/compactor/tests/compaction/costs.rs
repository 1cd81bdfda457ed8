//! What runs on a small lake ask of the store, and the files that they write: bounds that were set by
//! hand. Times are measured elsewhere (`benches/`).

use std::sync::Arc;

use octolake_compactor::{Report, Settings};
use octolake_store::Lake;
use octolake_testkit::{CountingStore, Requests};

use crate::lake::{ids, line, put, run_at};

/// Requests of a run: those that read an object, those that list, and those that write.
#[derive(Debug, PartialEq)]
struct Asked {
    reads: usize,
    lists: usize,
    writes: usize,
}

/// A run on the evening of the 20th, and what it asked.
async fn asked(lake: &Lake) -> (Report, Asked) {
    let requests = Requests::default();
    let counting = |store| Arc::new(CountingStore::new(store, requests.clone())) as Arc<_>;
    let report = run_at(&lake.clone().wrapped(counting), &settings(), "2026-03-20T20:00:00Z").await;
    let of = |methods: &[&str]| methods.iter().map(|method| requests.of(method)).sum();
    let asked = Asked {
        reads: of(&["get", "head", "get_ranges"]),
        lists: of(&["list", "list_with_delimiter"]),
        writes: of(&["put", "put_multipart", "copy", "rename", "delete_stream"]),
    };
    (report, asked)
}

fn settings() -> Settings {
    Settings { vacuum_interval: std::time::Duration::MAX, ..Settings::default() }
}

/// Deliveries of both types, `count` in all, as they came on a day of March.
fn deliveries(first: u128, count: u128, day: u32) -> String {
    let at = format!("2026-03-{day:02}T10:00:00Z");
    let one = |id| {
        let kind = if id % 2 == 0 { "push" } else { "issues" };
        line(id, kind, &at, &format!(r#"{{"number":{id}}}"#))
    };
    (first..first + count).map(one).collect::<Vec<_>>().join("\n")
}

/// Twenty days of two objects and 200 deliveries each, until a run finds nothing to do.
async fn settled_lake() -> Lake {
    let lake = Lake::in_memory();
    for day in 1..=20_u32 {
        for half in 0..2 {
            let key = format!("raw/2026/03/{day:02}/1{half}/x");
            let first = u128::from(day * 1_000 + half * 100);
            put(&lake, &key, deliveries(first, 100, day)).await;
        }
    }
    for _ in 0..5 {
        run_at(&lake, &settings(), "2026-03-20T20:00:00Z").await;
    }
    lake
}

#[tokio::test]
async fn nothing_to_do_asks_for_the_log_and_the_open_days() {
    let (report, asked) = asked(&settled_lake().await).await;
    assert_eq!((report.read, report.commits, report.files_added), (0, 0, 0));
    // What points to the last checkpoint, and the commits behind that: there are eight. Folders of
    // all years, of the year and of the month, the log's, and days: three open ones, eight audited.
    // And the projection's log: a checkpoint and up to ten commits.
    assert!(asked.reads <= 10 + 11, "{asked:?}");
    assert!(asked.lists <= 18 + 1, "{asked:?}");
    assert_eq!(asked.writes, 0);
}

#[tokio::test]
async fn a_new_object_costs_its_own_files_and_a_look_at_nine_days() {
    let lake = settled_lake().await;
    let (_, nothing) = asked(&lake).await;
    put(&lake, "raw/2026/03/20/12/y", deliveries(90_000, 10, 20)).await;
    let (report, asked) = asked(&lake).await;
    assert_eq!((report.stored, report.commits, report.files_added), (10, 1, 2));
    // The object; ten files of the five days that there are within four, one reading each; and the
    // commit, which is read again. For the projection of both types the new file and the old one,
    // footer and rows of each, and its log, for the commit.
    let of_projection = 2 * 2 * 3 + 14;
    assert!(asked.reads <= nothing.reads + 1 + 10 + 4 + of_projection, "{asked:?} {nothing:?}");
    assert!(asked.lists <= nothing.lists + 2 + 6, "{asked:?} {nothing:?}");
    // Two files and the commit, and the same of the projection.
    assert!(asked.writes <= 3 + 3, "{asked:?}");
    assert_eq!(ids(&lake).await.len(), 4_010);
}

#[tokio::test]
async fn a_merge_reads_its_inputs_and_writes_one_file() {
    let lake = settled_lake().await;
    for number in 0..7_u32 {
        let key = format!("raw/2026/03/20/13/{number}");
        let first = u128::from(90_000 + number * 10);
        // Pushes alone: even numbers.
        let pushes = deliveries(first, 10, 20);
        let pushes: Vec<&str> = pushes.lines().filter(|line| line.contains("push")).collect();
        put(&lake, &key, pushes.join("\n")).await;
        let (report, _) = asked(&lake).await;
        assert_eq!((report.stored, report.files_added, report.files_removed), (5, 1, 0));
    }
    // A run leaves alone what it has written itself, so the one after it merges.
    let (report, asked) = asked(&lake).await;
    assert_eq!((report.files_removed, report.files_added), (8, 1), "{report:?}");
    // Of each input footer, index and rows; beside them what a run without work asks, and the
    // projection's commit, which says that it has nothing to do.
    assert!(asked.reads <= 8 + 8 * 5 + 14, "{asked:?}");
    // The file and the commits.
    assert!(asked.writes <= 3, "{asked:?}");
    assert_eq!(ids(&lake).await.len(), 4_035);
}
