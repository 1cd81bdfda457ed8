//! The lake made anew from raw is the lake that there was.

use object_store::ObjectStoreExt;
use object_store::path::Path;
use octolake_compactor::{
    CompactError, Depth, Rebuild, Selection, Settings, Surroundings, erase, prove, rebuild,
};
use octolake_event::DeliveryId;
use octolake_lake::Table;
use octolake_store::{Lake, LakeUrl};
use uuid::Uuid;

use crate::lake::{NOW, ids, line, put, run};

/// A push with a body of its own.
fn record(id: u128, day: u32) -> String {
    line(id, "push", &format!("2026-03-{day:02}T10:00:00.250Z"), &format!(r#"{{"ref":"{id}"}}"#))
}

/// Nine rows over two days, a duplicate and a broken record, from several runs.
async fn fill(lake: &Lake) {
    for number in 0..9_u32 {
        let record = record(u128::from(number), 2 + number % 2);
        put(lake, &format!("raw/2026/03/02/10/{number}"), record).await;
        run(lake, &Settings { merge_fan_in: 3, ..Settings::default() }).await;
    }
    put(lake, "raw/2026/03/02/11/odd", [&record(3, 3), "\nhalf a rec\n"].concat()).await;
    run(lake, &Settings::default()).await;
}

fn around(clock: &(dyn Fn() -> chrono::DateTime<chrono::Utc> + Send + Sync)) -> Surroundings<'_> {
    Surroundings { run_id: Uuid::new_v4(), clock, on_progress: Box::leak(Box::new(|_: &_, _| {})) }
}

async fn rebuilt(lake: &Lake, settings: &Settings) -> Result<Rebuild, CompactError> {
    let now = NOW.parse().unwrap();
    Ok(rebuild(lake, settings, around(&move || now)).await?.unwrap())
}

async fn assert_sound(lake: &Lake) {
    let verdict = prove(lake, &Settings::default(), Depth::Bytes).await.unwrap().unwrap();
    assert!(verdict.holds, "{verdict:#?}");
}

async fn folders(lake: &Lake) -> Vec<String> {
    let listed = lake.store().list_with_delimiter(None).await.unwrap();
    listed.common_prefixes.iter().map(ToString::to_string).collect()
}

async fn is_the_same(lake: Lake) {
    fill(&lake).await;
    let before = Table::open(&lake).await.unwrap().unwrap();
    let outcome = rebuilt(&lake, &Settings::default()).await.unwrap();
    let comparison = outcome.comparison.unwrap();
    assert_eq!((comparison.same, comparison.changed), (9, 0));
    assert_eq!((comparison.only_old, comparison.only_new), (0, 0));
    assert!(outcome.swapped);
    let after = Table::open(&lake).await.unwrap().unwrap();
    assert_eq!(after.version(), before.version() + 1, "it is one commit");
    assert!(after.files().iter().all(|file| !before.files().contains(file)));
    assert_eq!(ids(&lake).await, (0..9).collect::<Vec<_>>());
    assert_sound(&lake).await;
    assert!(!folders(&lake).await.contains(&"rebuild".to_owned()), "nothing is left beside");
    // And life goes on.
    put(&lake, "raw/2026/03/02/12/next", [record(9, 2), record(1, 3)].concat()).await;
    run(&lake, &Settings::default()).await;
    assert_eq!(ids(&lake).await, (0..10).collect::<Vec<_>>());
    assert_sound(&lake).await;
}

#[tokio::test]
async fn in_memory() {
    is_the_same(Lake::in_memory()).await;
}

#[tokio::test]
async fn in_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(&LakeUrl::Directory(dir.path().into())).unwrap();
    fill(&lake).await;
    rebuilt(&lake, &Settings::default()).await.unwrap();
    assert_eq!(ids(&lake).await, (0..9).collect::<Vec<_>>());
    assert_sound(&lake).await;
}

#[tokio::test]
async fn a_damaged_lake_is_whole_again() {
    let lake = Lake::in_memory();
    fill(&lake).await;
    let key = Table::open(&lake).await.unwrap().unwrap().files()[0].key();
    lake.store().delete(&Path::from(key)).await.unwrap();
    let comparison = rebuilt(&lake, &Settings::default()).await.unwrap().comparison.unwrap();
    assert_eq!(comparison.only_new, comparison.unreadable);
    assert!(comparison.unreadable > 0);
    assert_eq!(ids(&lake).await, (0..9).collect::<Vec<_>>());
    assert_sound(&lake).await;
}

#[tokio::test]
async fn a_lake_that_raw_no_longer_covers_stays_as_it_is() {
    let lake = Lake::in_memory();
    fill(&lake).await;
    let version = Table::open(&lake).await.unwrap().unwrap().version();
    lake.store().delete(&Path::from("raw/2026/03/02/10/4")).await.unwrap();
    let error = rebuilt(&lake, &Settings::default()).await.unwrap_err();
    let CompactError::NotCovered { rows: 1, examples, .. } = &error else { panic!("{error}") };
    assert!(examples.ends_with("000000000004"), "{examples}");
    assert_eq!(Table::open(&lake).await.unwrap().unwrap().version(), version);
    assert_eq!(ids(&lake).await, (0..9).collect::<Vec<_>>());
    // With the object back, the next call goes on from what was built.
    put(&lake, "raw/2026/03/02/10/4", record(4, 2)).await;
    let outcome = rebuilt(&lake, &Settings::default()).await.unwrap();
    assert_eq!((outcome.compaction.read, outcome.comparison.unwrap().same), (1, 9));
}

#[tokio::test]
async fn a_dry_run_compares_and_no_more() {
    let lake = Lake::in_memory();
    fill(&lake).await;
    let version = Table::open(&lake).await.unwrap().unwrap().version();
    let settings = Settings { dry_run: true, ..Settings::default() };
    let outcome = rebuilt(&lake, &settings).await.unwrap();
    assert_eq!((outcome.swapped, outcome.comparison.unwrap().same), (false, 9));
    assert_eq!(Table::open(&lake).await.unwrap().unwrap().version(), version);
}

#[tokio::test]
async fn what_was_erased_stays_out() {
    let lake = Lake::in_memory();
    fill(&lake).await;
    let now = NOW.parse().unwrap();
    let gone = Selection::Delivery(DeliveryId::from_u128(5));
    let settings = Settings::default();
    erase(&lake, &gone, &settings, around(&move || now)).await.unwrap().unwrap();
    let comparison = rebuilt(&lake, &settings).await.unwrap().comparison.unwrap();
    assert_eq!((comparison.same, comparison.only_new), (8, 0));
    assert_eq!(ids(&lake).await, [0, 1, 2, 3, 4, 6, 7, 8]);
    assert_sound(&lake).await;
}
