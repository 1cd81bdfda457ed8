//! What is in quarantine can be read once more, and is counted once all the same.

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use octolake_compactor::quarantine::{self, Entry};
use octolake_compactor::{Depth, Retry, Settings, Surroundings, prove, retry};
use octolake_event::{DeliveryId, DeliveryMeta, LargeRef, layout};
use octolake_lake::{Counts, Table};
use octolake_store::Lake;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::lake::{NOW, gzip, ids, line_of, push, put, run};

const BODY: &str = r#"{"ref":"refs/heads/large"}"#;

/// A record whose body is said to be in `large/`.
fn claim_checked(id: u128) -> (String, String) {
    let at: DateTime<Utc> = "2026-03-02T10:00:00Z".parse().unwrap();
    let id = DeliveryId::from_u128(id);
    let key = layout::large_key(at, id);
    let sha256 = hex::encode(Sha256::digest(BODY));
    let large = LargeRef { key: key.clone(), bytes: BODY.len() as u64, sha256 };
    let meta = DeliveryMeta { large: Some(large), ..DeliveryMeta::new(id, at) };
    (line_of(&meta, "push", "{}"), key)
}

async fn retried(lake: &Lake) -> Retry {
    let now: DateTime<Utc> = NOW.parse().unwrap();
    let surroundings =
        Surroundings { run_id: Uuid::new_v4(), clock: &move || now, on_progress: &mut |_, _| {} };
    retry(lake, |_| true, &Settings::default(), surroundings).await.unwrap().unwrap()
}

async fn totals(lake: &Lake) -> [u64; 4] {
    let table = Table::open(lake).await.unwrap().unwrap();
    let Counts { read, stored, duplicates, quarantined, .. } = table.progress().ledger.counts;
    [read, stored, duplicates, quarantined]
}

async fn assert_sound(lake: &Lake) {
    let verdict = prove(lake, &Settings::default(), Depth::Bytes).await.unwrap().unwrap();
    assert!(verdict.holds, "{verdict:#?}");
}

/// Two rows, a record that is broken for good, and two whose bodies are not there.
async fn lake() -> Lake {
    let lake = Lake::in_memory();
    let records = [&push(1, 2), "\nhalf a rec\n", &claim_checked(2).0, "\n", &push(3, 3)].concat();
    put(&lake, "raw/2026/03/02/10/a", records).await;
    put(&lake, "raw/2026/03/02/11/b", claim_checked(4).0).await;
    run(&lake, &Settings::default()).await;
    assert_eq!(totals(&lake).await, [5, 2, 0, 3]);
    lake
}

#[tokio::test]
async fn what_can_be_read_by_now_becomes_a_row_and_the_rest_stays() {
    let lake = lake().await;
    let outcome = retried(&lake).await;
    assert_eq!((outcome.entries, outcome.released, outcome.kept), (3, 0, 3));
    for id in [2, 4] {
        put(&lake, &claim_checked(id).1, gzip(BODY.as_bytes())).await;
    }
    let outcome = retried(&lake).await;
    assert_eq!((outcome.entries, outcome.released, outcome.kept), (3, 2, 1));
    assert_eq!((outcome.stored, outcome.duplicates), (2, 0));
    assert_eq!(ids(&lake).await, [1, 2, 3, 4]);
    assert_eq!(totals(&lake).await, [5, 4, 0, 1]);
    assert_sound(&lake).await;
    assert_eq!(retried(&lake).await.entries, 1, "what was released is gone");
}

async fn listed(lake: &Lake) -> Vec<Entry> {
    let listed: Vec<_> = quarantine::list(lake).await.unwrap().try_collect().await.unwrap();
    listed.into_iter().map(|listed| listed.entry.unwrap()).collect()
}

#[tokio::test]
async fn an_object_of_entries_stays_until_all_of_them_are_released() {
    let lake = lake().await;
    let entries = listed(&lake).await;
    let of_a: Vec<&Entry> = entries.iter().filter(|it| it.raw_key.ends_with("/a")).collect();
    let [broken, claim] = &of_a[..] else { panic!("{entries:?}") };
    let object = Path::from(layout::quarantine_key(&broken.raw_key, broken.offset));
    let lines = of_a.iter().map(|entry| serde_json::to_string(entry).unwrap());
    put(&lake, object.as_ref(), lines.collect::<Vec<_>>().join("\n")).await;
    let _ = lake.store().delete(&layout::quarantine_key(&claim.raw_key, claim.offset).into()).await;
    assert_eq!(listed(&lake).await, entries);
    put(&lake, &claim_checked(2).1, gzip(BODY.as_bytes())).await;
    let outcome = retried(&lake).await;
    assert_eq!((outcome.entries, outcome.released, outcome.kept), (3, 1, 2));
    assert!(lake.store().head(&object).await.is_ok(), "one of its entries stays");
    assert_eq!(listed(&lake).await.iter().filter(|it| it.raw_key.ends_with("/a")).count(), 1);
    let gone = quarantine::get(&lake, &claim.raw_key, claim.offset).await.unwrap();
    assert_eq!((gone, totals(&lake).await), (None, [5, 3, 0, 2]));
    assert_sound(&lake).await;
    let again = retried(&lake).await;
    assert_eq!((again.entries, again.released, again.kept), (2, 0, 2));
    assert_eq!(totals(&lake).await, [5, 3, 0, 2]);
}

#[tokio::test]
async fn what_has_come_again_by_now_is_a_duplicate() {
    let lake = lake().await;
    put(&lake, "raw/2026/03/02/12/again", push(2, 2)).await;
    run(&lake, &Settings::default()).await;
    put(&lake, &claim_checked(2).1, gzip(BODY.as_bytes())).await;
    let outcome = retried(&lake).await;
    assert_eq!((outcome.released, outcome.stored, outcome.duplicates), (1, 0, 1));
    assert_eq!(totals(&lake).await, [6, 3, 1, 2]);
    assert_sound(&lake).await;
}

#[tokio::test]
async fn an_entry_that_was_released_and_is_still_there_counts_no_second_time() {
    let lake = lake().await;
    let (record, key) = claim_checked(4);
    put(&lake, &key, gzip(BODY.as_bytes())).await;
    retried(&lake).await;
    let before = totals(&lake).await;
    // As a run that was killed between its commit and its deletions leaves it.
    let entry = serde_json::json!({
        "reason": "bad_claim_check", "message": "", "raw_key": "raw/2026/03/02/11/b",
        "offset": 0, "length": record.len(), "excerpt": "",
    });
    let left = layout::quarantine_key("raw/2026/03/02/11/b", 0);
    put(&lake, &left, entry.to_string()).await;
    let outcome = retried(&lake).await;
    assert_eq!((outcome.released, outcome.stored, outcome.duplicates), (1, 0, 0));
    assert_eq!(totals(&lake).await, before);
    assert_sound(&lake).await;
}

#[tokio::test]
async fn what_was_never_committed_is_left_to_the_next_run() {
    let lake = lake().await;
    // A run that ended before its commit has put the entry, and no total knows of it.
    put(&lake, "raw/2026/03/02/12/c", claim_checked(6).0).await;
    let entry = serde_json::json!({
        "reason": "bad_claim_check", "message": "", "raw_key": "raw/2026/03/02/12/c",
        "offset": 0, "length": 100, "excerpt": "",
    });
    put(&lake, &layout::quarantine_key("raw/2026/03/02/12/c", 0), entry.to_string()).await;
    put(&lake, &claim_checked(6).1, gzip(BODY.as_bytes())).await;
    let outcome = retried(&lake).await;
    assert_eq!((outcome.entries, outcome.released, outcome.kept), (4, 0, 4));
    assert_eq!(totals(&lake).await, [5, 2, 0, 3]);
    run(&lake, &Settings::default()).await;
    assert_eq!((ids(&lake).await, totals(&lake).await), (vec![1, 3, 6], [6, 3, 0, 3]));
    let outcome = retried(&lake).await;
    assert_eq!((outcome.released, outcome.stored, outcome.duplicates), (1, 0, 0));
    assert_eq!(totals(&lake).await, [6, 3, 0, 3]);
    assert_sound(&lake).await;
}

#[tokio::test]
async fn a_raw_object_that_is_gone_is_named() {
    let lake = Lake::in_memory();
    put(&lake, "raw/2026/03/02/10/a", "half a rec\n").await;
    run(&lake, &Settings::default()).await;
    lake.store().delete(&"raw/2026/03/02/10/a".into()).await.unwrap();
    assert_eq!(retried(&lake).await.gone, ["raw/2026/03/02/10/a"]);
}
