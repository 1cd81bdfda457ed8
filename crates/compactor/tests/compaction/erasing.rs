//! What is erased is gone, stays gone, and nothing else goes with it.

use std::sync::Arc;

use chrono::Utc;
use futures::TryStreamExt;
use object_store::ObjectStore;
use octolake_compactor::{Depth, Erasure, Selection, Settings, Surroundings, erase, prove};
use octolake_event::DeliveryId;
use octolake_lake::Table;
use octolake_store::Lake;
use octolake_testkit::{Fault, FaultyStore, Hook, Kind, Script};
use uuid::Uuid;

use crate::lake::{counts, ids, line, put, run};

const SECRET: &str = "the-words-of-mona";

/// A push by somebody to a repository, on a day of March.
fn push_by(id: u128, day: u32, login: &str, repository: &str, number: i64) -> String {
    let body = format!(
        r#"{{"ref":"r{id}","repository":{{"id":{number},"full_name":"{repository}"}},"sender":{{"login":"{login}"}},"text":"{SECRET} {login}"}}"#
    );
    line(id, "push", &format!("2026-03-{day:02}T10:00:00Z"), &body)
}

/// Mona: 1, 2 and (as MONA) 5; the repository octo/one, once octo/old: 1, 3 and 4; days 2 to 4.
fn records() -> Vec<String> {
    vec![
        push_by(1, 2, "mona", "octo/one", 7),
        push_by(2, 2, "mona", "octo/two", 8),
        push_by(3, 3, "hub", "octo/old", 7),
        push_by(4, 3, "hub", "Octo/One", 7),
        push_by(5, 4, "MONA", "octo/two", 8),
    ]
}

async fn lake() -> Lake {
    let lake = Lake::in_memory();
    for (number, record) in records().into_iter().enumerate() {
        put(&lake, &format!("raw/2026/03/02/10/{number}"), record).await;
        // A run each, so that merged files are left behind.
        run(&lake, &Settings { merge_fan_in: 2, ..Settings::default() }).await;
    }
    lake
}

async fn erased(lake: &Lake, selection: &Selection) -> Erasure {
    erased_with(lake, selection, &Settings::default()).await
}

#[expect(clippy::disallowed_methods, reason = "the store dates files by the clock")]
async fn erased_with(lake: &Lake, selection: &Selection, settings: &Settings) -> Erasure {
    let surroundings =
        Surroundings { run_id: Uuid::new_v4(), clock: &Utc::now, on_progress: &mut |_, _| {} };
    erase(lake, selection, settings, surroundings).await.unwrap().unwrap()
}

fn sender(login: &str) -> Selection {
    Selection::Sender(login.to_owned())
}

/// All bytes of the table's folder.
async fn everything(lake: &Lake) -> Vec<(String, Vec<u8>)> {
    let keys: Vec<_> = lake.store().list(None).try_collect().await.unwrap();
    let mut all = Vec::new();
    for object in keys {
        let bytes = lake.store().get_opts(&object.location, Default::default()).await.unwrap();
        all.push((object.location.to_string(), bytes.bytes().await.unwrap().to_vec()));
    }
    all
}

async fn assert_sound(lake: &Lake) {
    let verdict = prove(lake, &Settings::default(), Depth::Bytes).await.unwrap().unwrap();
    assert!(verdict.holds, "{verdict:#?}");
}

#[tokio::test]
async fn a_sender_is_gone_and_stays_gone() {
    let lake = lake().await;
    let erasure = erased(&lake, &sender("Mona")).await;
    assert_eq!((erasure.rows, ids(&lake).await), (3, vec![3, 4]));
    assert_eq!(erasure.raw_objects, ["0", "1", "4"].map(|n| format!("raw/2026/03/02/10/{n}")));
    assert_sound(&lake).await;
    // Nor does a file of an older version: her days have no file at all any more.
    let files = everything(&lake).await.into_iter().map(|(key, _)| key);
    let mut files = files.filter(|key| key.starts_with("events/event_type"));
    assert!(files.all(|key| key.contains("date=2026-03-03")));

    // GitHub sends it again, an archive replays all, somebody sends the body under another id, and
    // a redelivery comes months later.
    let again = records()[0].replace("2026-03-02T10:00:00Z", "2026-07-02T10:00:00Z");
    let id = |id: u128| DeliveryId::from_u128(id).to_string();
    let other_id = records()[1].replace(&id(2), &id(99));
    put(&lake, "raw/2026/03/05/10/again", [records().concat(), again, other_id].concat()).await;
    let report = run(&lake, &Settings::default()).await;
    assert_eq!((counts(&report), report.erased), ([7, 0, 7, 0], 5));
    assert_eq!(ids(&lake).await, [3, 4]);
    assert_sound(&lake).await;
    assert_eq!(erased(&lake, &sender("mona")).await.rows, 0, "there is nothing left to erase");
}

#[tokio::test]
async fn who_is_erased_may_come_again_with_new_deliveries() {
    let lake = lake().await;
    erased(&lake, &sender("mona")).await;
    put(&lake, "raw/2026/03/05/10/new", push_by(6, 5, "mona", "octo/one", 7)).await;
    assert_eq!(counts(&run(&lake, &Settings::default()).await), [1, 1, 0, 0]);
    assert_eq!(ids(&lake).await, [3, 4, 6]);
}

#[tokio::test]
async fn a_delivery_is_gone_alone() {
    let lake = lake().await;
    let erasure = erased(&lake, &Selection::Delivery(DeliveryId::from_u128(2))).await;
    assert_eq!((erasure.rows, ids(&lake).await), (1, vec![1, 3, 4, 5]));
    assert_sound(&lake).await;
}

#[tokio::test]
async fn a_replay_of_it_that_is_in_the_lake_already_goes_with_it() {
    let lake = lake().await;
    let id = |id: u128| DeliveryId::from_u128(id).to_string();
    let replay = records()[1].replace(&id(2), &id(77)).replace("2026-03-02", "2026-03-20");
    put(&lake, "raw/2026/03/20/10/replay", replay).await;
    run(&lake, &Settings::default()).await;
    assert_eq!(ids(&lake).await, [1, 2, 3, 4, 5, 77]);
    let erasure = erased(&lake, &Selection::Delivery(DeliveryId::from_u128(2))).await;
    assert_eq!((erasure.rows, ids(&lake).await), (2, vec![1, 3, 4, 5]));
    assert_sound(&lake).await;
}

#[tokio::test]
async fn a_repository_is_gone_under_all_its_names() {
    let lake = lake().await;
    let erasure = erased(&lake, &Selection::Repository("octo/OLD".to_owned())).await;
    assert_eq!((erasure.rows, ids(&lake).await), (3, vec![2, 5]));
    assert_sound(&lake).await;
}

#[tokio::test]
async fn what_came_before_a_date_is_gone_without_a_list_of_all_of_it() {
    let lake = lake().await;
    let erasure = erased(&lake, &Selection::Before("2026-03-03".parse().unwrap())).await;
    assert_eq!((erasure.rows, erasure.files_added, ids(&lake).await), (2, 0, vec![3, 4, 5]));
    // An older one that was never here stays out as well, and so does a late redelivery.
    let older = push_by(50, 1, "hub", "octo/two", 8);
    let late = records()[0].replace("2026-03-02T10:00:00Z", "2026-03-05T10:00:00Z");
    put(&lake, "raw/2026/03/05/10/again", [older, late].concat()).await;
    let report = run(&lake, &Settings::default()).await;
    assert_eq!((counts(&report), report.erased), ([2, 0, 2, 0], 2));
    assert_sound(&lake).await;
}

#[tokio::test]
async fn what_came_long_before_a_date_is_not_read_to_be_erased() {
    let lake = lake().await;
    for (id, day) in [(30, "2026-01-05"), (31, "2026-02-01")] {
        let at = format!("{day}T10:00:00Z");
        let key = format!("raw/{}/10/old", day.replace('-', "/"));
        put(&lake, &key, line(id, "push", &at, &format!(r#"{{"ref":"{id}"}}"#))).await;
    }
    let large = format!("large/2026/01/05/{}.json.gz", DeliveryId::from_u128(30));
    put(&lake, &large, "").await;
    run(&lake, &Settings::default()).await;
    let old = Table::open(&lake).await.unwrap().unwrap().files()[0].key();
    assert!(old.contains("date=2026-01-05"), "{old}");
    put(&lake, &old, "no Parquet at all").await;
    let erasure = erased(&lake, &Selection::Before("2026-03-03".parse().unwrap())).await;
    assert_eq!((erasure.rows, ids(&lake).await), (4, vec![3, 4, 5]));
    let raw = ["01/05/10/old", "02/01/10/old", "03/02/10/0", "03/02/10/1"];
    let raw = raw.map(|key| format!("raw/2026/{key}"));
    assert!(raw.iter().all(|key| erasure.raw_objects.contains(key)), "{erasure:?}");
    assert_eq!(erasure.large_objects, [large]);
    assert_sound(&lake).await;
}

#[tokio::test]
async fn a_dry_run_tells_and_changes_nothing() {
    let lake = lake().await;
    let before = everything(&lake).await;
    let settings = Settings { dry_run: true, ..Settings::default() };
    let erasure = erased_with(&lake, &sender("mona"), &settings).await;
    assert_eq!((erasure.rows, erasure.dry_run, erasure.files_deleted), (3, true, 0));
    assert_eq!(everything(&lake).await, before);
}

#[tokio::test]
async fn a_run_that_is_at_work_meanwhile_brings_nothing_back() {
    let lake = lake().await;
    // The run has read the redelivery, found it known, and written what is new beside it.
    let fresh = push_by(60, 4, "hub", "octo/two", 8);
    let of_mona = push_by(61, 4, "mona", "octo/two", 8);
    put(&lake, "raw/2026/03/05/10/late", [fresh, of_mona].concat()).await;
    let behind = lake.clone();
    let hook: Hook = Arc::new(move |_| {
        let lake = behind.clone();
        Box::pin(async move { drop(erased(&lake, &sender("mona")).await) })
    });
    let dry = Script::default();
    let probe = Lake::in_memory();
    for (key, bytes) in everything(&lake).await {
        put(&probe, &key, bytes).await;
    }
    let seen = probe.wrapped(|store| Arc::new(FaultyStore::new(store, dry.clone())));
    run(&seen, &Settings::default()).await;
    let commit = dry.operations().into_iter().find(|it| it.kind == Kind::Create);
    let script = Script::new([(commit.unwrap().number, Fault::StallBefore)])
        .with_stall(Fault::StallBefore, hook);
    let stalled = lake.clone().wrapped(|store| Arc::new(FaultyStore::new(store, script)));
    run(&stalled, &Settings::default()).await;
    // 61 came with the run, after the erasure: it is new, as any delivery of hers would be.
    assert_eq!(ids(&lake).await, [3, 4, 60, 61]);
    assert_sound(&lake).await;
}

#[tokio::test]
async fn a_lake_without_a_table_has_nothing_to_erase() {
    let surroundings = Surroundings {
        run_id: Uuid::nil(),
        clock: &|| chrono::DateTime::UNIX_EPOCH,
        on_progress: &mut |_, _| {},
    };
    let lake = Lake::in_memory();
    let erasure = erase(&lake, &sender("x"), &Settings::default(), surroundings).await.unwrap();
    assert_eq!(erasure, None);
}
