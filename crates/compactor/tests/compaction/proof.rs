//! `verify` holds for what compaction made, and for nothing else.

use object_store::ObjectStoreExt;
use object_store::path::Path;
use octolake_compactor::{Settings, Verdict, verify};
use octolake_lake::Table;
use octolake_store::Lake;

use crate::lake::{push, put, run};

/// Seven records: five rows, one repeated, one broken; one more object is pending.
async fn lake() -> Lake {
    let lake = Lake::in_memory();
    let text: String = (0..4).map(|id| push(id, 2)).collect();
    put(&lake, "raw/2026/03/02/10/a", text).await;
    put(&lake, "raw/2026/03/02/11/b", [&push(3, 2), "\nhalf a rec\n", &push(4, 3)].concat()).await;
    run(&lake, &Settings::default()).await;
    put(&lake, "raw/2026/03/02/12/c", push(5, 2)).await;
    lake
}

async fn verdict(lake: &Lake) -> Verdict {
    verify(lake, &Settings::default()).await.unwrap().unwrap()
}

fn broken(verdict: &Verdict) -> Vec<usize> {
    verdict.checks.iter().enumerate().filter(|(_, c)| !c.holds).map(|(n, _)| n).collect()
}

#[tokio::test]
async fn a_sound_lake_is_proven() {
    let verdict = verdict(&lake().await).await;
    assert!(verdict.holds, "{verdict:#?}");
    assert_eq!(
        [verdict.accepted, verdict.stored, verdict.duplicates, verdict.quarantined, verdict.lost],
        [7, 5, 1, 1, 0]
    );
    assert_eq!((verdict.rows, verdict.objects, verdict.pending), (5, 2, 1));
}

#[tokio::test]
async fn a_lost_file_shows() {
    let lake = lake().await;
    let key = Table::open(&lake).await.unwrap().unwrap().files()[0].key();
    lake.store().delete(&Path::from(key)).await.unwrap();
    let verdict = verdict(&lake).await;
    assert_eq!(broken(&verdict), [0, 3, 4], "{verdict:#?}");
    assert_eq!(verdict.lost, 5);
}

#[tokio::test]
async fn a_lost_quarantine_entry_shows() {
    let lake = lake().await;
    let offset = push(3, 2).len() + 1;
    let key = format!("quarantine/2026/03/02/11/b/{offset:012}.json");
    lake.store().delete(&Path::from(key)).await.unwrap();
    let verdict = verdict(&lake).await;
    assert_eq!(broken(&verdict), [4], "{verdict:#?}");
}

#[tokio::test]
async fn a_record_slipped_in_behind_shows() {
    let lake = lake().await;
    put(&lake, "raw/2026/03/02/10/a", push(99, 2)).await;
    let verdict = verdict(&lake).await;
    assert_eq!((broken(&verdict), verdict.lost), (vec![4], 1), "{verdict:#?}");
}

#[tokio::test]
async fn a_file_written_over_by_another_shows() {
    let lake = lake().await;
    let table = Table::open(&lake).await.unwrap().unwrap();
    let [first, second] = table.files() else { panic!("two partitions") };
    let bytes = lake.store().get(&Path::from(first.key())).await.unwrap().bytes().await.unwrap();
    put(&lake, &second.key(), bytes.to_vec()).await;
    let verdict = verdict(&lake).await;
    assert!(broken(&verdict).contains(&0), "{verdict:#?}");
}

#[tokio::test]
async fn a_lake_without_a_table_has_nothing_to_prove() {
    assert!(verify(&Lake::in_memory(), &Settings::default()).await.unwrap().is_none());
}
