//! Days that are done for good: what the log keeps of them, and that nothing is lost by it.

use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta};
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use octolake_compactor::{Depth, Settings, backlog, prove, verify};
use octolake_event::layout;
use octolake_lake::{Commit, CommitKind, Outcome, Progress, Seal, SealedDay, Table};
use octolake_store::Lake;
use octolake_testkit::{Fault, FaultyStore, Hook, Kind, Script};
use uuid::Uuid;

use crate::lake::{NOW, counts, ids, push, put, run, run_at};

const A: &str = "raw/2026/03/02/10/a";
const B: &str = "raw/2026/03/02/11/b";
const C: &str = "raw/2026/03/02/23/a much longer name of a raw object.gz";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn settings() -> Settings {
    Settings { vacuum_interval: std::time::Duration::MAX, ..Settings::default() }
}

async fn progress(lake: &Lake) -> Progress {
    Table::open(lake).await.unwrap().unwrap().progress().clone()
}

/// There is nothing left to do, once the files of the run before were merged.
async fn rests(lake: &Lake) {
    let report = run(lake, &settings()).await;
    assert_eq!((report.read, report.files_added), (0, report.commits));
    assert_eq!(run(lake, &settings()).await.commits, 0);
}

/// A lake whose second of March is sealed, with two objects.
async fn sealed_lake() -> Lake {
    let lake = Lake::in_memory();
    put(&lake, A, push(1, 2)).await;
    put(&lake, B, push(2, 2)).await;
    run(&lake, &settings()).await;
    lake
}

#[tokio::test]
async fn a_seal_holds_what_it_says() {
    let lake = sealed_lake().await;
    let progress = progress(&lake).await;
    // The hashes are computed by another implementation of XXH64.
    let (a, b) = (0x32f7_6ffb_7536_24be_u64, 0xd393_433c_5ea7_84a9_u64);
    assert_eq!([A, B].map(layout::raw_key_hash), [a, b]);
    let seal = Seal { count: 2, hash: 0x068a_b337_d3dd_a967 };
    let sealed: Vec<SealedDay> = progress.sealed().collect();
    assert_eq!(sealed, [SealedDay { day: day("2026-03-02"), seal, gone: 0 }]);
    assert_eq!(progress.done().len(), 0, "single keys are forgotten");
    assert!(progress.is_done(A) && progress.is_done(B));
    assert!(!progress.is_done("raw/2026/03/03/00/x") && !progress.is_done("raw/x"));
    // And nothing more is done about it.
    assert_eq!(run(&lake, &settings()).await.commits, 0);
}

#[tokio::test]
async fn a_day_is_sealed_when_it_has_been_over_for_two_days() {
    let lake = Lake::in_memory();
    put(&lake, A, push(1, 2)).await;
    for (now, is_sealed) in [
        ("2026-03-02T12:00:00Z", false),
        ("2026-03-04T23:59:59Z", false),
        ("2026-03-05T00:00:00Z", true),
    ] {
        run_at(&lake, &settings(), now).await;
        assert_eq!(progress(&lake).await.seal(day("2026-03-02")).is_some(), is_sealed, "{now}");
    }
}

#[tokio::test]
async fn what_is_forgotten_stays_so_behind_a_checkpoint() {
    let lake = sealed_lake().await;
    let mut table = Table::open(&lake).await.unwrap().unwrap();
    table.checkpoint().await.unwrap();
    let before = table.progress().clone();
    for version in 0..=table.version() {
        let key = format!("events/_delta_log/{version:020}.json");
        if version < table.version() {
            lake.store().delete(&Path::from(key)).await.unwrap();
        }
    }
    assert_eq!(progress(&lake).await, before);
    assert_eq!((before.done().len(), before.sealed().count()), (0, 1));
    assert_eq!(run(&lake, &settings()).await.read, 0);
}

#[tokio::test]
async fn a_late_object_is_stored_once_and_grows_the_seal() {
    let lake = sealed_lake().await;
    put(&lake, C, [push(3, 2), push(1, 2)].concat()).await;
    let report = run(&lake, &settings()).await;
    assert_eq!((counts(&report), report.objects), ([2, 1, 1, 0], 1));
    let sealed = progress(&lake).await;
    let seal = Seal { count: 3, hash: 0x311f_a737_f422_7392 };
    assert_eq!(sealed.seal(day("2026-03-02")), Some(seal));
    assert_eq!(sealed.done().len(), 0);
    rests(&lake).await;
    assert_eq!(ids(&lake).await, [1, 2, 3]);
    assert!(verify(&lake, &settings()).await.unwrap().unwrap().holds);
}

#[tokio::test]
async fn several_late_objects_in_several_commits() {
    let lake = sealed_lake().await;
    for id in 10..20 {
        put(&lake, &format!("raw/2026/03/02/12/{id}"), push(id, 2)).await;
    }
    let report = run(&lake, &Settings { commit_rows: 3, part_bytes: 1, ..settings() }).await;
    assert_eq!((counts(&report), report.objects), ([10, 10, 0, 0], 10));
    assert!(report.commits > 3, "{report:?}");
    assert_eq!(progress(&lake).await.seal(day("2026-03-02")).unwrap().count, 12);
    rests(&lake).await;
}

#[tokio::test]
async fn what_is_left_of_a_day_is_read_again_once() {
    let lake = sealed_lake().await;
    put(&lake, C, push(3, 2)).await;
    run(&lake, &settings()).await;
    lake.store().delete(&Path::from(B)).await.unwrap();
    let deep = prove(&lake, &settings(), Depth::Bytes).await.unwrap().unwrap();
    let said = format!("{deep:#?}");
    assert!(said.contains("1 raw objects of raw/2026/03/02 are gone"), "{said}");
    assert_eq!((deep.objects, deep.pending, deep.lost), (2, 0, 0));
    // Which one is gone, nobody knows.
    let report = run(&lake, &settings()).await;
    assert_eq!((counts(&report), report.objects), ([2, 0, 2, 0], 2));
    assert_eq!(progress(&lake).await.seal(day("2026-03-02")).unwrap().count, 2);
    rests(&lake).await;
    assert_eq!(ids(&lake).await, [1, 2, 3]);
    let deep = prove(&lake, &settings(), Depth::Bytes).await.unwrap().unwrap();
    assert!(format!("{deep:#?}").contains("1 raw objects of raw/2026/03/02 are gone"), "{deep:#?}");
    // All of it moved away: there is nothing to read, and nothing to commit.
    for key in [A, C] {
        lake.store().delete(&Path::from(key)).await.unwrap();
    }
    let report = run(&lake, &settings()).await;
    assert_eq!((report.read, report.commits), (0, 0));
    let deep = prove(&lake, &settings(), Depth::Bytes).await.unwrap().unwrap();
    assert!(format!("{deep:#?}").contains("3 raw objects of raw/2026/03/02 are gone"), "{deep:#?}");
}

#[tokio::test]
async fn a_day_that_could_not_be_told_goes_on_where_it_was() {
    let lake = sealed_lake().await;
    lake.store().delete(&Path::from(B)).await.unwrap();
    for id in 10..14 {
        put(&lake, &format!("raw/2026/03/02/12/{id}"), push(id, 2)).await;
    }
    // The next run is killed after its first commit.
    let version = Table::open(&lake).await.unwrap().unwrap().version();
    let log = format!("events/_delta_log/{:020}.json", version + 1);
    let script = Script::new([]);
    let faulty = |script: &Script| {
        lake.clone().wrapped(|store| Arc::new(FaultyStore::new(store, script.clone())))
    };
    let fork = copy(&lake).await;
    let tried = fork.wrapped(|store| Arc::new(FaultyStore::new(store, script.clone())));
    try_run(&tried, 1).await.unwrap();
    let commit = script.operations().into_iter().find(|it| it.key == log).unwrap();
    let killed = Script::new([(commit.number, Fault::CrashAfter)]);
    assert!(try_run(&faulty(&killed), 2).await.is_err());
    let table = Table::open(&lake).await.unwrap().unwrap();
    assert_eq!(table.progress().seal(day("2026-03-02")), None, "the seal is broken");
    let done = table.progress().done().len();
    assert!((1..5).contains(&done), "{done}");
    let report = run(&lake, &settings()).await;
    assert_eq!(report.objects as usize, 5 - done);
    assert_eq!(progress(&lake).await.seal(day("2026-03-02")).unwrap().count, 5);
    assert_eq!(ids(&lake).await, [1, 2, 10, 11, 12, 13]);
}

/// The same objects in another store.
async fn copy(lake: &Lake) -> Lake {
    let copy = Lake::in_memory();
    for object in lake.store().list(None).try_collect::<Vec<_>>().await.unwrap() {
        let bytes = lake.store().get(&object.location).await.unwrap().bytes().await.unwrap();
        copy.store().put(&object.location, bytes.into()).await.unwrap();
    }
    copy
}

/// A run with small commits.
async fn try_run(
    lake: &Lake,
    id: u128,
) -> Result<octolake_compactor::Report, octolake_compactor::CompactError> {
    let now = NOW.parse().unwrap();
    let surroundings = octolake_compactor::Surroundings {
        run_id: Uuid::from_u128((id + 1) << 64 | id),
        clock: &move || now,
        on_progress: &mut |_, _| {},
    };
    let small = Settings { commit_rows: 1, part_bytes: 1, ..settings() };
    octolake_compactor::compact(lake, &small, surroundings).await
}

#[tokio::test]
async fn a_run_that_is_killed_anywhere_loses_nothing() {
    // Before each second operation, and after each other one.
    for (first, fault) in [(0, Fault::CrashBefore), (1, Fault::CrashAfter)] {
        for number in (first..).step_by(2) {
            let lake = sealed_lake().await;
            // Late, new, in a day that is to be sealed, and one that is not over.
            put(&lake, C, push(3, 2)).await;
            put(&lake, "raw/2026/03/05/00/x", push(4, 5)).await;
            put(&lake, "raw/2026/03/31/00/x", push(5, 6)).await;
            let script = Script::new([(number, fault)]);
            let faulty =
                lake.clone().wrapped(|store| Arc::new(FaultyStore::new(store, script.clone())));
            let _ = try_run(&faulty, number as u128).await;
            let report = run(&lake, &settings()).await;
            assert_eq!(report.objects_left, 0, "{fault:?} at {number}: {report:?}");
            assert_eq!(ids(&lake).await, [1, 2, 3, 4, 5], "{fault:?} at {number}");
            let verdict = verify(&lake, &settings()).await.unwrap().unwrap();
            assert!(verdict.holds && verdict.pending == 0, "{fault:?} at {number}: {verdict:#?}");
            let progress = progress(&lake).await;
            let sealed: Vec<_> = progress.sealed().map(|it| (it.day, it.seal.count)).collect();
            let wanted = [(day("2026-03-02"), 3), (day("2026-03-05"), 1)];
            assert_eq!(sealed, wanted, "{fault:?} at {number}");
            assert_eq!(progress.done().collect::<Vec<_>>(), ["raw/2026/03/31/00/x"]);
            if script.operations().len() <= number {
                assert!(number > 20, "{number}");
                break;
            }
        }
    }
}

#[tokio::test]
async fn what_a_killed_run_had_no_time_to_forget_the_next_one_forgets() {
    let lake = Lake::in_memory();
    put(&lake, A, push(1, 2)).await;
    put(&lake, B, push(2, 2)).await;
    run_at(&lake, &settings(), "2026-03-02T12:00:00Z").await;
    let mut table = Table::open(&lake).await.unwrap().unwrap();
    let mut commit = Commit::new(CommitKind::Merge, 77, NOW.parse().unwrap());
    commit.seals = vec![SealedDay { day: day("2026-03-02"), seal: Seal::of([A, B]), gone: 0 }];
    commit.forgotten = vec![A.to_owned()];
    assert!(matches!(table.commit(&commit).await.unwrap(), Outcome::Committed(_)));
    assert_eq!(table.progress().done().collect::<Vec<_>>(), [B]);
    let report = run(&lake, &settings()).await;
    assert_eq!((report.commits, report.objects), (1, 0));
    assert_eq!(progress(&lake).await.done().len(), 0);
}

#[tokio::test]
async fn a_compactor_that_listed_before_a_seal_stores_nothing_twice() {
    // While one run hangs at some operation, another stores the late object.
    for number in (0..40).step_by(3) {
        let lake = sealed_lake().await;
        put(&lake, C, push(3, 2)).await;
        let other = lake.clone();
        let stall: Hook = Arc::new(move |_| {
            let other = other.clone();
            Box::pin(async move { drop(run(&other, &settings()).await) })
        });
        let script = Script::new([(number, Fault::StallBefore)])
            .with_stall(Fault::StallBefore, stall.clone());
        let stalled = lake.clone().wrapped(|store| Arc::new(FaultyStore::new(store, script)));
        run(&stalled, &settings()).await;
        run(&lake, &settings()).await;
        let progress = progress(&lake).await;
        assert_eq!(progress.seal(day("2026-03-02")).unwrap().count, 3, "at {number}");
        let counts = progress.ledger.counts;
        assert_eq!((counts.read, counts.stored), (3, 3), "at {number}");
        assert_eq!(ids(&lake).await, [1, 2, 3], "at {number}");
    }
}

/// What a run that has nothing to do asks of the store, with so many sealed days behind it.
async fn requests(days: i64) -> [usize; 2] {
    let lake = Lake::in_memory();
    let first = day("2025-01-01");
    for number in 0..days {
        let key = format!("{}/10/x", layout::raw_folder(first + TimeDelta::days(number)));
        put(&lake, &key, "").await;
    }
    run(&lake, &settings()).await;
    assert_eq!(progress(&lake).await.sealed().count() as i64, days);
    let script = Script::new([]);
    let counted = lake.clone().wrapped(|store| Arc::new(FaultyStore::new(store, script.clone())));
    assert_eq!(run(&counted, &settings()).await.commits, 0);
    let operations = script.operations();
    let count = |kind: Kind| operations.iter().filter(|it| it.kind == kind).count();
    [count(Kind::List), count(Kind::Get)]
}

#[tokio::test]
async fn history_costs_no_requests() {
    let (young, old) = (requests(10).await, requests(400).await);
    // Four hundred days are of fourteen months of two years, ten of one: each has a folder.
    assert_eq!(old[0], young[0] + 13 + 1, "{young:?} {old:?}");
    assert_eq!(old[1], young[1]);
    assert!(young[0] <= 20, "{young:?}");
}

#[tokio::test]
async fn keys_of_another_form_are_named() {
    let lake = sealed_lake().await;
    let keys = [
        "raw/at the top",
        "raw/2026/in a year",
        "raw/2026/03/in a month",
        "raw/2026/03/31/in an open day",
        "raw/2026/02/30/10/no such day",
        "raw/old/2026/03/02/10/moved",
    ];
    for key in keys {
        put(&lake, key, "x").await;
    }
    put(&lake, "raw/2026/03/31/10/y", push(9, 4)).await;
    let backlog = backlog(&lake, Some(&progress(&lake).await)).await.unwrap();
    let mut wanted = keys.to_vec();
    wanted.sort_unstable();
    assert_eq!(backlog.foreign, wanted);
    assert_eq!(backlog.pending.len(), 1);
}
