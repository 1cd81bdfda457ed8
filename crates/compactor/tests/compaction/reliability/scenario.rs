//! A lake of a few rows on which one run does everything: it reads objects in parts, stores, finds
//! duplicates, quarantines, fetches a claim check, commits several times, writes a checkpoint, merges
//! and vacuums.

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_compactor::Settings;
use octolake_event::layout;
use octolake_event::{DeliveryId, DeliveryMeta, LargeRef};
use octolake_lake::Table;
use octolake_store::{Lake, LakeUrl};
use sha2::{Digest, Sha256};

use super::reader::Rows;
use super::trial::run_with;
use crate::lake::{gzip, line, line_of, put, run_at};

/// Of the old deliveries, those whose files are not merged yet: two in each partition.
const UNMERGED: u128 = 4;
/// Deliveries that the lake holds before the run.
const OLD: u128 = 15;
/// How many commits there are to a checkpoint: the run must pass one.
const CHECKPOINT_INTERVAL: u64 = 21;
/// Where the records are that have two bodies, and the id that both have.
pub(crate) const FIRST: &str = "raw/2026/03/02/10/a";
const TWICE: u128 = 102;
const OTHER_BODY: &str = r#"{"other":"body"}"#;
pub(crate) const LARGE: u128 = 107;
const LARGE_BODY: &str = r#"{"action":"opened","large":true}"#;

/// Where a scenario's lake is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Memory,
    Directory,
}

/// The lake before the run, and what must be in it after.
pub(crate) struct Scenario {
    objects: InMemory,
    /// Body by delivery id.
    pub(crate) expected: BTreeMap<u128, String>,
    /// The good ids of each raw object.
    pub(crate) by_object: BTreeMap<String, Vec<u128>>,
}

/// A copy of the lake for one trial; a directory goes with it.
pub(crate) struct Copy {
    pub(crate) lake: Lake,
    _directory: Option<tempfile::TempDir>,
}

/// How all runs go: a commit every few rows, files merged as soon as there are two, and a vacuum in
/// each run that spares nothing that may be deleted at all.
pub(crate) fn settings() -> Settings {
    Settings {
        commit_rows: 4,
        part_bytes: 1,
        merge_fan_in: 2,
        vacuum_interval: Duration::ZERO,
        vacuum_grace: Duration::ZERO,
        // It has trials of its own (`projection`).
        project: false,
        ..Settings::default()
    }
}

fn body(id: u128) -> String {
    format!(r#"{{"action":"opened","number":{id}}}"#)
}

/// A record, in one of two partitions.
fn record(id: u128) -> String {
    let (event, day) = if id.is_multiple_of(2) { ("push", 2) } else { ("issues", 3) };
    line(id, event, &format!("2026-03-{day:02}T10:00:00.250Z"), &body(id))
}

/// A record whose body is in `large/`, the key of that body, and what is kept there.
fn large_record() -> (String, String, Vec<u8>) {
    let at: DateTime<Utc> = "2026-03-03T10:00:00Z".parse().unwrap();
    let id = DeliveryId::from_u128(LARGE);
    let key = layout::large_key(at, id);
    let large = LargeRef {
        key: key.clone(),
        bytes: LARGE_BODY.len() as u64,
        sha256: hex::encode(Sha256::digest(LARGE_BODY)),
    };
    let meta = DeliveryMeta { large: Some(large), ..DeliveryMeta::new(id, at) };
    let line = line_of(&meta, "issues", r#"{"action":"opened"}"#);
    (line, key, gzip(LARGE_BODY.as_bytes()))
}

/// A lake over these objects.
fn lake_over(objects: InMemory) -> Lake {
    Lake::in_memory().wrapped(|_| Arc::new(objects))
}

/// Commits enough for the run to pass a checkpoint, merges, and leaves some files for the run to merge,
/// and some that are due for the vacuum: those that were merged away, and one that was never committed.
async fn old_life(lake: &Lake) -> BTreeMap<String, Vec<u128>> {
    let mut by_object = BTreeMap::new();
    let alone = Settings { merge_fan_in: 1000, settled_days: 10_000, ..never_vacuum() };
    with_checkpoints_every(lake, CHECKPOINT_INTERVAL).await;
    for id in 0..OLD {
        if id == OLD - UNMERGED {
            let merging = Settings { settled_days: 10_000, ..never_vacuum() };
            run_at(lake, &merging, &now().to_rfc3339()).await;
        }
        let key = format!("raw/2026/03/01/00/{id:02}");
        put(lake, &key, record(id)).await;
        run_at(lake, &alone, &now().to_rfc3339()).await;
        by_object.insert(key, vec![id]);
    }
    let orphan = format!("{}/event_type=push/date=2026-03-02/part-orphan.parquet", layout::EVENTS);
    put(lake, &orphan, "never committed").await;
    by_object
}

/// Makes the table, with a checkpoint more often than by default.
async fn with_checkpoints_every(lake: &Lake, commits: u64) {
    Table::open_or_create(lake).await.unwrap();
    let key = "events/_delta_log/00000000000000000000.json".into();
    let log = lake.store().get(&key).await.unwrap().bytes().await.unwrap();
    let (default, wanted) = (r#""delta.checkpointInterval":"100""#, commits.to_string());
    let log = std::str::from_utf8(&log).unwrap();
    assert!(log.contains(default), "{log}");
    let log = log.replace(default, &default.replace("100", &wanted));
    lake.store().put(&key, log.into()).await.unwrap();
}

fn never_vacuum() -> Settings {
    Settings { vacuum_interval: Duration::MAX, ..settings() }
}

/// What the run is to take up.
async fn new_objects(lake: &Lake) -> BTreeMap<String, Vec<u128>> {
    let (large, large_key, large_body) = large_record();
    let other_body = line(TWICE, "push", "2026-03-02T10:00:00.250Z", OTHER_BODY);
    let first =
        [&record(100), "\n", &record(101), "\n", &record(TWICE), "\nhalf a rec\n", &record(3)];
    let second = gzip([other_body, record(103), record(104)].join("\n").as_bytes());
    put(lake, &large_key, large_body).await;
    // What has the first key comes last: it wins all the same.
    put(lake, "raw/2026/03/02/10/b.gz", second).await;
    put(lake, FIRST, first.concat()).await;
    put(lake, "raw/2026/03/02/11/c", [record(105), record(106), large].concat()).await;
    // It comes late: a day after its own is sealed by now.
    put(lake, "raw/2026/02/28/23/late", record(110)).await;
    BTreeMap::from([
        ("raw/2026/02/28/23/late".to_owned(), vec![110]),
        (FIRST.to_owned(), vec![100, 101, TWICE, 3]),
        ("raw/2026/03/02/10/b.gz".to_owned(), vec![TWICE, 103, 104]),
        ("raw/2026/03/02/11/c".to_owned(), vec![105, 106, LARGE]),
    ])
}

#[expect(clippy::disallowed_methods, reason = "the store dates what is put by the clock")]
pub(super) fn now() -> DateTime<Utc> {
    Utc::now()
}

impl Scenario {
    pub(crate) async fn new() -> Self {
        let memory = InMemory::new();
        let lake = lake_over(memory.clone());
        let mut by_object = old_life(&lake).await;
        by_object.extend(new_objects(&lake).await);
        let mut expected: BTreeMap<u128, String> =
            by_object.values().flatten().map(|id| (*id, body(*id))).collect();
        expected.insert(LARGE, LARGE_BODY.to_owned());
        Self { objects: memory.fork(), expected, by_object }
    }

    /// The same after a run; one that did not find the large body, if told so.
    pub(crate) async fn after_a_run(&self, finds_large: bool) -> Self {
        let objects = self.objects.fork();
        let (_, large_key, large_body) = large_record();
        let lake = lake_over(objects.clone());
        if !finds_large {
            objects.delete(&large_key.as_str().into()).await.unwrap();
        }
        run_with(&lake, &settings(), 50).await.unwrap();
        put(&lake, &large_key, large_body).await;
        let (expected, by_object) = (self.expected.clone(), self.by_object.clone());
        Self { objects: objects.fork(), expected, by_object }
    }

    /// The rows as they are compared. Of the two bodies of one id that of the first key wins, unless
    /// its object could not be read in time and came second.
    pub(crate) fn compared(&self, mut rows: Rows, came_second: bool) -> Rows {
        if came_second && rows[&TWICE] == OTHER_BODY {
            rows.insert(TWICE, self.expected[&TWICE].clone());
        }
        rows
    }

    /// The lake before the run.
    pub(crate) async fn copy(&self, place: Place) -> Copy {
        match place {
            Place::Memory => {
                let lake = lake_over(self.objects.fork());
                Copy { lake, _directory: None }
            }
            Place::Directory => {
                let directory = tempfile::tempdir().unwrap();
                self.write_to(directory.path()).await;
                let lake = Lake::open(&LakeUrl::Directory(directory.path().into())).unwrap();
                Copy { lake, _directory: Some(directory) }
            }
        }
    }

    async fn write_to(&self, directory: &FilePath) {
        let objects: Vec<_> = self.objects.list(None).try_collect().await.unwrap();
        for object in objects {
            let path = directory.join(object.location.as_ref());
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let bytes = self.objects.get(&object.location).await.unwrap().bytes().await.unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
}
