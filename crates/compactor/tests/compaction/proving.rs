//! A verification in shards says what a count by hand says; one that was stopped goes on; and what
//! is in its directory is not simply believed.

use std::collections::{BTreeSet, HashSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path as File, PathBuf};

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_compactor::{
    CompactError, Depth, Proof, Reading, Selection, Settings, Surroundings, Verdict, erase,
    prove_with,
};
use octolake_event::DeliveryId;
use octolake_lake::Table;
use octolake_store::Lake;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tempfile::{TempDir, tempdir};
use uuid::Uuid;

use crate::lake::{NOW, batches_of, line, put, run};

/// What a raw object holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Delivery(u128),
    Broken,
}

/// A lake, and what was done to it behind the compactor's back.
#[derive(Debug, Clone)]
struct Story {
    objects: Vec<Vec<Item>>,
    erased: BTreeSet<u128>,
    /// What came into raw objects after they were done.
    slipped_in: Vec<(usize, Item)>,
    lost_files: Vec<usize>,
    lost_entries: Vec<usize>,
    lost_objects: Vec<usize>,
}

fn stories() -> impl Strategy<Value = Story> {
    let item = prop_oneof![4 => (0..16_u128).prop_map(Item::Delivery), 1 => Just(Item::Broken)];
    let some = |most| prop::collection::vec(0..8_usize, 0..most);
    (
        prop::collection::vec(prop::collection::vec(item.clone(), 0..12), 1..5),
        prop::collection::btree_set(0..16_u128, 0..3),
        prop::collection::vec((0..8_usize, item), 0..3),
        (some(2), some(3), some(2)),
    )
        .prop_map(|(objects, erased, slipped_in, (lost_files, lost_entries, lost_objects))| {
            Story { objects, erased, slipped_in, lost_files, lost_entries, lost_objects }
        })
}

fn text(item: Item) -> String {
    match item {
        // Each id has one body, and its partition by its number.
        Item::Delivery(id) => {
            let at = format!("2026-03-{:02}T10:00:00Z", 2 + id % 3);
            line(id, "push", &at, &format!(r#"{{"ref":"r{id}"}}"#)) + "\n"
        }
        Item::Broken => "{\"no\":\"envelope\"}\n".to_owned(),
    }
}

fn key(number: usize) -> String {
    format!("raw/2026/03/02/10/{number}")
}

async fn keys(lake: &Lake, folder: &str) -> Vec<Path> {
    let listed: Vec<_> = lake.store().list(Some(&folder.into())).try_collect().await.unwrap();
    let mut keys: Vec<Path> = listed.into_iter().map(|object| object.location).collect();
    keys.sort();
    keys
}

/// Makes the lake; what its raw objects hold in the end.
async fn told(story: &Story) -> (Lake, Vec<Vec<Item>>) {
    let lake = Lake::in_memory();
    let mut objects = story.objects.clone();
    for (number, items) in objects.iter().enumerate() {
        let text: String = items.iter().copied().map(text).collect();
        put(&lake, &key(number), text).await;
    }
    run(&lake, &Settings::default()).await;
    for id in &story.erased {
        let now = NOW.parse().unwrap();
        let surroundings = Surroundings {
            run_id: Uuid::new_v4(),
            clock: &move || now,
            on_progress: &mut |_, _| {},
        };
        let selection = Selection::Delivery(DeliveryId::from_u128(*id));
        erase(&lake, &selection, &Settings::default(), surroundings).await.unwrap();
    }
    for (number, item) in &story.slipped_in {
        let number = number % objects.len();
        objects[number].push(*item);
        let text: String = objects[number].iter().copied().map(text).collect();
        put(&lake, &key(number), text).await;
    }
    for (folder, lost) in
        [("events/event_type=push", &story.lost_files), ("quarantine", &story.lost_entries)]
    {
        let there = keys(&lake, folder).await;
        for number in lost {
            if let Some(key) = there.get(*number) {
                let _ = lake.store().delete(key).await;
            }
        }
    }
    for number in story.lost_objects.iter().filter(|number| **number < story.objects.len()) {
        objects[*number].clear();
        let _ = lake.store().delete(&key(*number).into()).await;
    }
    (lake, objects)
}

/// Accepted, stored, duplicates, erased, quarantined, lost and rows, counted by hand.
async fn by_hand(lake: &Lake, objects: &[Vec<Item>], story: &Story) -> [u64; 7] {
    let mut rows = Vec::new();
    for file in Table::open(lake).await.unwrap().unwrap().files() {
        for batch in batches_of(lake, file).await.unwrap_or_default() {
            let ids = batch.column_by_name("delivery_id").unwrap();
            let ids: &arrow_array::StringArray = ids.as_any().downcast_ref().unwrap();
            rows.extend(ids.iter().map(|id| id.unwrap().parse::<DeliveryId>().unwrap().as_u128()));
        }
    }
    let mut entries = HashSet::new();
    for key in keys(lake, "quarantine").await {
        let bytes = lake.store().get(&key).await.unwrap().bytes().await.unwrap();
        for line in bytes.split(|byte| *byte == b'\n') {
            let entry: serde_json::Value = serde_json::from_slice(line).unwrap();
            let raw_key = entry["raw_key"].as_str().unwrap().to_owned();
            entries.insert((raw_key, entry["offset"].as_u64().unwrap()));
        }
    }
    let [mut accepted, mut stored, mut duplicates, mut erased, mut quarantined, mut lost] = [0; 6];
    let mut seen = HashSet::new();
    // A delivery that was never there is not erased.
    let there: HashSet<u128> = story.objects.iter().flatten().filter_map(id_of).collect();
    for (number, items) in objects.iter().enumerate() {
        let mut offset = 0;
        for item in items {
            accepted += 1;
            let id = id_of(item);
            if let Some(id) = id.filter(|id| rows.contains(id)) {
                let is_first = seen.insert(id);
                stored += u64::from(is_first);
                duplicates += u64::from(!is_first);
            } else if id.is_some_and(|id| story.erased.contains(&id) && there.contains(&id)) {
                duplicates += 1;
                erased += 1;
            } else if entries.contains(&(key(number), offset)) {
                quarantined += 1;
            } else {
                lost += 1;
            }
            offset += text(*item).len() as u64;
        }
    }
    [accepted, stored, duplicates, erased, quarantined, lost, rows.len() as u64]
}

fn id_of(item: &Item) -> Option<u128> {
    match item {
        Item::Delivery(id) => Some(*id),
        Item::Broken => None,
    }
}

fn counts(verdict: &Verdict) -> [u64; 7] {
    let Verdict { accepted, stored, duplicates, erased, quarantined, lost, rows, .. } = *verdict;
    [accepted, stored, duplicates, erased, quarantined, lost, rows]
}

/// All on disk, one object after the other, marked after each.
fn on_disk(scratch: &File, shards: u32) -> Proof {
    Proof {
        scratch: Some(scratch.to_owned()),
        shards: Some(shards),
        memory_bytes: 0,
        mark_bytes: 0,
        threads: 1,
        ..Proof::default()
    }
}

async fn proven(lake: &Lake, proof: &Proof) -> Result<Verdict, CompactError> {
    let outcome = prove_with(lake, &Settings::default(), proof, &mut |_| {}).await;
    outcome.map(Option::unwrap)
}

#[test]
fn in_shards_as_by_hand() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner =
        TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    let scratch = tempdir().unwrap();
    let outcome = runner.run(&stories(), |story| {
        runtime.block_on(async {
            let (lake, objects) = told(&story).await;
            if Table::open(&lake).await.unwrap().is_none() {
                return Ok(());
            }
            let expected = by_hand(&lake, &objects, &story).await;
            for depth in [Depth::Ids, Depth::Bytes] {
                let plain = proven(&lake, &Proof { depth, ..Proof::default() }).await.unwrap();
                prop_assert_eq!(counts(&plain), expected, "{:?} {:#?}", depth, plain);
                for shards in [1, 7] {
                    let proof = Proof { depth, ..on_disk(scratch.path(), shards) };
                    prop_assert_eq!(&proven(&lake, &proof).await.unwrap(), &plain);
                    let temporary = Proof { scratch: None, threads: 3, ..proof };
                    prop_assert_eq!(&proven(&lake, &temporary).await.unwrap(), &plain);
                }
            }
            Ok(())
        })
    });
    outcome.unwrap();
    assert_eq!(left_in(scratch.path()), Vec::<String>::new());
}

fn left_in(dir: &File) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Ten raw objects of a delivery, a repeated one and a broken one each.
async fn ten() -> Lake {
    let lake = Lake::in_memory();
    for number in 0..10_u128 {
        let items = [Item::Delivery(number), Item::Delivery(0), Item::Broken];
        put(&lake, &key(number as usize), items.map(text).concat()).await;
    }
    run(&lake, &Settings::default()).await;
    lake
}

/// Of ten objects; ten deliveries, the first of them ten times more, and ten that are broken.
const OF_TEN: [u64; 7] = [30, 10, 10, 0, 10, 0, 10];

/// Verifies until so many objects are read; the directory that is left.
async fn stopped(lake: &Lake, scratch: &File, after: u64) -> PathBuf {
    let (stop, mut is_stopped) = tokio::sync::mpsc::unbounded_channel();
    let proof = on_disk(scratch, 7);
    let mut on_progress = |reading: &Reading| {
        if reading.objects >= after {
            stop.send(()).unwrap();
        }
    };
    let settings = Settings::default();
    tokio::select! {
        biased;
        _ = is_stopped.recv() => {}
        _ = prove_with(lake, &settings, &proof, &mut on_progress) => panic!("nothing stopped it"),
    }
    let [name] = &left_in(scratch)[..] else { panic!("{:?}", left_in(scratch)) };
    scratch.join(name)
}

/// Verifies with that directory; the counts, and how many objects were known.
async fn gone_on(lake: &Lake, scratch: &File) -> ([u64; 7], u64) {
    let mut known = 0;
    let mut on_progress = |reading: &Reading| known = reading.known;
    let proof = on_disk(scratch, 3);
    let verdict = prove_with(lake, &Settings::default(), &proof, &mut on_progress).await;
    (counts(&verdict.unwrap().unwrap()), known)
}

#[tokio::test]
async fn what_was_stopped_goes_on() {
    let (lake, scratch) = (ten().await, tempdir().unwrap());
    let dir = stopped(&lake, scratch.path(), 4).await;
    let mode = |path: &File| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    let (counts, known) = gone_on(&lake, scratch.path()).await;
    assert_eq!(counts, OF_TEN);
    assert_eq!(known, 4);
    assert!(left_in(scratch.path()).is_empty());
    assert_eq!(gone_on(&lake, scratch.path()).await, (OF_TEN, 0));
}

#[tokio::test]
async fn an_object_that_has_changed_or_gone_since_is_read_as_it_is() {
    let (lake, scratch) = (ten().await, tempdir().unwrap());
    stopped(&lake, scratch.path(), 9).await;
    let items = [Item::Delivery(77), Item::Delivery(3), Item::Delivery(4)];
    put(&lake, &key(3), items.map(text).concat()).await;
    lake.store().delete(&key(5).into()).await.unwrap();
    let (counts, known) = gone_on(&lake, scratch.path()).await;
    // The row of 5 has no record any more, and 77 is no row.
    assert_eq!(counts, [27, 9, 9, 0, 8, 1, 10]);
    assert_eq!(known, 7);
}

#[tokio::test]
async fn what_follows_the_last_mark_is_read_again() {
    let (lake, scratch) = (ten().await, tempdir().unwrap());
    let dir = stopped(&lake, scratch.path(), 6).await;
    let journal = dir.join("journal");
    let lines = std::fs::read_to_string(&journal).unwrap();
    let mut lines: Vec<&str> = lines.lines().collect();
    let (last, before) = (lines.pop().unwrap().to_owned(), lines.len() - 1);
    // The last line was cut short, and its records are in the shards.
    std::fs::write(&journal, lines.join("\n") + "\n" + &last[..last.len() / 2]).unwrap();
    std::fs::write(dir.join("rows-0000"), "of a version that is none any more").unwrap();
    let (counts, known) = gone_on(&lake, scratch.path()).await;
    assert_eq!((counts, known), (OF_TEN, before as u64));
}

/// A verification that was stopped, and what somebody has made of its directory.
async fn tampered(tamper: impl Fn(&File)) -> ([u64; 7], u64) {
    let (lake, scratch) = (ten().await, tempdir().unwrap());
    let dir = stopped(&lake, scratch.path(), 6).await;
    tamper(&dir);
    gone_on(&lake, scratch.path()).await
}

fn a_shard(dir: &File) -> PathBuf {
    let is_shard = |name: &String| {
        name.starts_with("records-") && dir.join(name).metadata().unwrap().len() > 0
    };
    dir.join(left_in(dir).into_iter().find(is_shard).unwrap())
}

#[tokio::test]
async fn what_is_not_as_it_was_left_is_begun_anew() {
    let begun_anew = (OF_TEN, 0);
    let flip = |dir: &File| {
        let path = a_shard(dir);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[3] ^= 1;
        std::fs::write(path, bytes).unwrap();
    };
    assert_eq!(tampered(flip).await, begun_anew);
    assert_eq!(tampered(|dir| std::fs::write(a_shard(dir), "").unwrap()).await, begun_anew);
    assert_eq!(tampered(|dir| std::fs::remove_file(a_shard(dir)).unwrap()).await, begun_anew);
    for text in ["", "hello\n", "{}\n", "\n\n", "[1]\n{\"objects\":[]}\n"] {
        let write = |dir: &File| std::fs::write(dir.join("journal"), text).unwrap();
        assert_eq!(tampered(write).await, begun_anew, "{text}");
    }
    for (from, to) in [
        ("\"form\":1", "\"form\":2"),
        ("\"lake\":\"", "\"lake\":\"another "),
        ("\"bodies\":false", "\"bodies\":true"),
        ("\"shards\":7", "\"shards\":4294967295"),
        ("\"shards\":7", "\"shards\":0"),
        ("\"lengths\":[", "\"lengths\":[1,"),
        ("\"hash\":", "\"hash\":1"),
    ] {
        let edit = |dir: &File| {
            let path = dir.join("journal");
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.contains(from), "{text}");
            std::fs::write(path, text.replace(from, to)).unwrap();
        };
        let (counts, known) = tampered(edit).await;
        assert_eq!((counts, known), begun_anew, "{to}");
    }
}

async fn refusal(scratch: &TempDir) -> String {
    let lake = ten().await;
    proven(&lake, &on_disk(scratch.path(), 2)).await.unwrap_err().to_string()
}

#[tokio::test]
async fn what_others_may_write_into_is_refused() {
    let (lake, scratch) = (ten().await, tempdir().unwrap());
    let dir = stopped(&lake, scratch.path(), 3).await;
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o770)).unwrap();
    let said = refusal(&scratch).await;
    assert!(said.contains("others may read or write in it; remove it, or name another"), "{said}");
    std::fs::remove_dir_all(&dir).unwrap();
    std::os::unix::fs::symlink(tempdir().unwrap().path(), &dir).unwrap();
    assert!(refusal(&scratch).await.contains("it is no directory"));
}

#[tokio::test]
async fn two_at_once_have_a_directory_each() {
    let (lake, scratch) = (ten().await, tempdir().unwrap());
    let dir = stopped(&lake, scratch.path(), 3).await;
    let lock = std::fs::OpenOptions::new().write(true).open(dir.join("lock")).unwrap();
    lock.try_lock().unwrap();
    assert!(refusal(&scratch).await.contains("another verification is using it"));
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_told_of() {
    let scratch = tempdir().unwrap();
    let file = scratch.path().join("file");
    std::fs::write(&file, "").unwrap();
    let lake = ten().await;
    let said = proven(&lake, &on_disk(&file.join("x"), 2)).await.unwrap_err().to_string();
    assert!(said.contains("cannot make") && said.contains("--scratch"), "{said}");
}

#[tokio::test]
async fn what_is_not_of_a_verification_stays() {
    let (lake, scratch) = (ten().await, tempdir().unwrap());
    let dir = stopped(&lake, scratch.path(), 3).await;
    std::fs::write(dir.join("letter"), "dear").unwrap();
    gone_on(&lake, scratch.path()).await;
    assert_eq!(left_in(&dir), ["letter"]);
}
