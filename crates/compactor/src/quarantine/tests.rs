//! Entries in objects: together, once each, and believed only where they belong.

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_store::Lake;

use super::put::PART_BYTES;
use super::{Listed, clean, get, list, put_all};
use crate::read::Broken;

const KEY: &str = "raw/2026/03/02/10/x";
const FOLDER: &str = "quarantine/2026/03/02/10/x";

fn broken(offset: u64) -> Broken {
    let excerpt = format!("no. {offset}\n").into_bytes();
    Broken {
        offset,
        length: 5,
        reason: octolake_event::Reason::NotJson,
        message: "not JSON".into(),
        excerpt,
    }
}

fn all_of(offsets: impl IntoIterator<Item = u64>) -> Vec<Broken> {
    offsets.into_iter().map(broken).collect()
}

async fn put(lake: &Lake, offsets: impl IntoIterator<Item = u64>) {
    put_all(lake.store().as_ref(), KEY, &all_of(offsets)).await.unwrap();
}

async fn write(lake: &Lake, key: &str, text: &str) {
    lake.store().put(&Path::from(key), text.to_owned().into()).await.unwrap();
}

/// Names of the objects in the folder of `KEY`, with how many lines each has.
async fn objects(lake: &Lake) -> Vec<(String, usize)> {
    let listed: Vec<_> = lake.store().list(Some(&FOLDER.into())).try_collect().await.unwrap();
    let mut objects = Vec::new();
    for object in listed {
        let bytes = lake.store().get(&object.location).await.unwrap().bytes().await.unwrap();
        let lines = bytes.split(|byte| *byte == b'\n').count();
        objects.push((object.location.filename().unwrap().to_owned(), lines));
    }
    objects.sort();
    objects
}

async fn listed(lake: &Lake) -> Vec<Listed> {
    list(lake).await.unwrap().try_collect().await.unwrap()
}

async fn offsets(lake: &Lake) -> Vec<u64> {
    listed(lake).await.into_iter().map(|listed| listed.entry.unwrap().offset).collect()
}

#[tokio::test]
async fn one_entry_is_what_it_always_was() {
    let lake = Lake::in_memory();
    put(&lake, [42]).await;
    let key = Path::from(format!("{FOLDER}/000000000042.json"));
    let bytes = lake.store().get(&key).await.unwrap().bytes().await.unwrap();
    let expected = r#"{"reason":"not_json","message":"not JSON","raw_key":"raw/2026/03/02/10/x","offset":42,"length":5,"excerpt":"no. 42\n"}"#;
    assert_eq!(bytes, expected);
}

#[tokio::test]
async fn entries_of_one_object_are_put_together() {
    let lake = Lake::in_memory();
    put(&lake, [7, 3, 5]).await;
    put(&lake, []).await;
    assert_eq!(objects(&lake).await, [("000000000003.json".to_owned(), 3)]);
    let listed = listed(&lake).await;
    let keys: Vec<&str> = listed.iter().map(|listed| &*listed.key).collect();
    assert_eq!(keys, [3, 5, 7].map(|offset| format!("{FOLDER}/{offset:012}.json")));
    for offset in [3, 5, 7] {
        let entry = get(&lake, KEY, offset).await.unwrap().unwrap();
        assert_eq!(entry.excerpt, format!("no. {offset}\n"));
    }
    for offset in [0, 4, 8] {
        assert_eq!(get(&lake, KEY, offset).await.unwrap(), None, "{offset}");
    }
}

#[tokio::test]
async fn many_entries_go_into_objects_of_some_megabytes() {
    let lake = Lake::in_memory();
    let count = 80_000;
    put(&lake, (0..count).map(|n| 10 * n)).await;
    let objects = objects(&lake).await;
    assert!((2..=4).contains(&objects.len()), "{objects:?}");
    let metas: Vec<_> = lake.store().list(None).try_collect().await.unwrap();
    assert!(metas.iter().all(|meta| meta.size < PART_BYTES as u64 + 1_000));
    assert_eq!(offsets(&lake).await, (0..count).map(|n| 10 * n).collect::<Vec<_>>());
    assert!(get(&lake, KEY, 10 * (count - 1)).await.unwrap().is_some());
}

/// A run that was killed, one that came less far, one that began elsewhere.
#[tokio::test]
async fn what_is_put_again_takes_nothing_away_and_is_listed_once() {
    let lake = Lake::in_memory();
    put(&lake, [10, 20, 30, 40]).await;
    put(&lake, [10, 20]).await;
    assert_eq!(objects(&lake).await, [("000000000010.json".to_owned(), 4)]);
    put(&lake, [10, 30, 50]).await;
    put(&lake, [5, 30, 60]).await;
    put(&lake, [30]).await;
    put(&lake, [20, 50]).await;
    assert_eq!(offsets(&lake).await, [5, 30, 60, 10, 20, 40, 50]);
    for offset in [5, 10, 20, 30, 40, 50, 60] {
        assert!(get(&lake, KEY, offset).await.unwrap().is_some(), "{offset}");
    }
}

#[tokio::test]
async fn what_contradicts_its_object_is_not_believed() {
    let line = |key: &str, offset: u64| {
        format!(
            r#"{{"reason":"r","message":"","raw_key":"{key}","offset":{offset},"length":1,"excerpt":""}}"#
        )
    };
    let other = "raw/2026/03/02/11/y";
    for text in [
        format!("{}\n{}", line(KEY, 9), line(other, 10)),
        format!("{}\n{}", line(KEY, 9), line(KEY, 8)),
        format!("{}\nhello", line(KEY, 9)),
        format!("\u{0}\n\n{}\n{{}}", line(KEY, 9)),
    ] {
        let lake = Lake::in_memory();
        let key = format!("{FOLDER}/000000000009.json");
        write(&lake, &key, &text).await;
        let listed = listed(&lake).await;
        let [entry, foreign] = &listed[..] else { panic!("{text}: {listed:?}") };
        assert_eq!(entry.entry.as_ref().map(|entry| entry.offset), Some(9), "{text}");
        assert_eq!((&foreign.key, &foreign.entry), (&key, &None), "{text}");
        assert_eq!(get(&lake, other, 10).await.unwrap(), None, "{text}");
        assert_eq!(get(&lake, KEY, 8).await.unwrap(), None, "{text}");
        assert!(clean(lake.store().as_ref(), KEY, |_| true).await.unwrap().is_empty(), "{text}");
        assert_eq!(objects(&lake).await.len(), 1, "{text}");
    }
}

#[tokio::test]
async fn a_name_that_is_taken_by_something_else_is_taken_over() {
    for taken in ["hello", "", r#"{"offset":9}"#] {
        let lake = Lake::in_memory();
        write(&lake, &format!("{FOLDER}/000000000009.json"), taken).await;
        put(&lake, [9, 10]).await;
        assert_eq!(offsets(&lake).await, [9, 10], "{taken}");
    }
}

#[tokio::test]
async fn a_giant_is_not_fetched() {
    let lake = Lake::in_memory();
    let key = format!("{FOLDER}/000000000009.json");
    write(&lake, &key, &"x".repeat(2 * PART_BYTES + 1)).await;
    assert_eq!(listed(&lake).await, [Listed { key, entry: None }]);
}

#[tokio::test]
async fn an_object_goes_once_all_of_its_entries_are_gone() {
    let lake = Lake::in_memory();
    put(&lake, [1, 2]).await;
    put(&lake, [3]).await;
    let store = lake.store().as_ref();
    assert!(clean(store, KEY, |offset| offset == 2).await.unwrap().is_empty());
    assert_eq!(clean(store, KEY, |offset| offset > 2).await.unwrap().len(), 1);
    assert_eq!(clean(store, KEY, |_| true).await.unwrap().len(), 2);
    assert_eq!(listed(&lake).await, []);
}

#[tokio::test]
async fn entries_of_a_longer_name_are_another_objects() {
    let lake = Lake::in_memory();
    put(&lake, [1]).await;
    let longer = format!("{KEY}/deeper");
    put_all(lake.store().as_ref(), &longer, &all_of([1, 2])).await.unwrap();
    clean(lake.store().as_ref(), KEY, |_| true).await.unwrap();
    let keys: Vec<String> =
        listed(&lake).await.into_iter().map(|listed| listed.entry.unwrap().raw_key).collect();
    assert_eq!(keys, [longer.clone(), longer]);
}

#[tokio::test]
async fn a_message_is_kept_in_part_where_it_repeats_a_payload() {
    let lake = Lake::in_memory();
    let told = Broken { message: "é".repeat(100_000), ..broken(0) };
    put_all(lake.store().as_ref(), KEY, &[told]).await.unwrap();
    let message = get(&lake, KEY, 0).await.unwrap().unwrap().message;
    assert_eq!(message, "é".repeat(512));
}
