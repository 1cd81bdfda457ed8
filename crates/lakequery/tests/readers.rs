//! Readers without pause while a lake is compacted, merged and vacuumed: every answer is that of
//! some commit.
//!
//! What a commit should give is added up here from the log's JSON alone. Some readers go by the
//! table's files, some by SQL; some begin to read long after they opened the table, as long as the
//! vacuum leaves them. Run with `--nocapture` to see what they met.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use datafusion::arrow::array::{AsArray as _, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use octolake_compactor::{Report, Settings, Surroundings, compact, verify};
use octolake_engine::Engine;
use octolake_lake::Table;
use octolake_store::{Lake, LakeUrl};
use serde_json::{Value, json};
use uuid::Uuid;

/// How many commits go by.
const COMMITS: usize = 500;
/// How long a file outlives its removal from the table, and how long the slow readers wait.
const GRACE: Duration = Duration::from_secs(10);
const WAIT: Duration = Duration::from_secs(2);
/// What the others leave of two cores to the writer.
const BREATH: Duration = Duration::from_millis(150);

/// Raw objects that a run finds: a commit each.
const OBJECTS: usize = 6;

/// Delivery `n`, as one line: one of two event types, each with a day of its own. Most of a commit
/// is of one type, so that it writes one file.
fn line(n: usize) -> String {
    let kind = n / 6 % 2;
    let (event, day) = (["push", "issues"][kind], 1 + kind);
    let id = format!("{n:08x}-cc78-11e3-81ab-4c9367dc0958");
    let meta = json!({"id": id, "received_at": format!("2026-03-{day:02}T10:00:00.250Z")});
    let detail = json!({"_delivery": meta, "action": "opened", "number": n});
    let time = format!("2026-03-{day:02}T10:00:00Z");
    let envelope = json!({
        "version": "0", "id": id, "detail-type": event, "source": "github.com", "account": "",
        "time": time, "region": "", "resources": [], "detail": detail,
    });
    format!("{envelope}\n")
}

/// What the log says of a version.
#[derive(Debug, Clone, Copy, Default)]
struct Said {
    rows: u64,
    /// How many commits before it, and it, changed the data.
    data: usize,
}

/// The table's log, read commit by commit.
#[derive(Debug, Default)]
struct Log {
    folder: PathBuf,
    said: Vec<Said>,
    /// Rows of the live files.
    live: HashMap<String, u64>,
    appends: usize,
    merges: usize,
}

impl Log {
    fn at(&mut self, version: u64) -> Said {
        while self.said.len() as u64 <= version {
            let name = format!("{:020}.json", self.said.len());
            self.apply(&fs::read_to_string(self.folder.join(name)).unwrap());
        }
        self.said[version as usize]
    }

    fn apply(&mut self, commit: &str) {
        let actions: Vec<Value> =
            commit.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of = |kind: &str| -> Vec<Value> {
            actions.iter().filter_map(|action| action.get(kind).cloned()).collect()
        };
        let path = |file: &Value| file["path"].as_str().unwrap().to_owned();
        let (removes, adds) = (of("remove"), of("add"));
        for file in &removes {
            self.live.remove(&path(file)).unwrap();
        }
        for file in &adds {
            let stats: Value = serde_json::from_str(file["stats"].as_str().unwrap()).unwrap();
            self.live.insert(path(file), stats["numRecords"].as_u64().unwrap());
        }
        let is_new = adds.iter().any(|file| file["dataChange"] == true);
        self.appends += usize::from(is_new);
        self.merges += usize::from(!removes.is_empty());
        let data = self.said.last().map_or(0, |said| said.data) + usize::from(is_new);
        self.said.push(Said { rows: self.live.values().sum(), data });
    }
}

/// What readers found, all of them together.
#[derive(Debug, Default)]
struct Found {
    log: Mutex<Log>,
    /// The hash of the ids, by how many commits had changed the data.
    hashes: Mutex<BTreeMap<usize, u64>>,
    versions: Mutex<BTreeSet<u64>>,
    reads: Mutex<BTreeMap<&'static str, (usize, Duration)>>,
    over: AtomicBool,
}

impl Found {
    /// Holds an answer against the log, and against the others of the same data.
    fn check(&self, reader: &'static str, version: u64, ids: &[u128], began: Instant) {
        let said = self.log.lock().unwrap().at(version);
        assert_eq!(ids.len() as u64, said.rows, "{reader}, version {version}");
        let distinct: BTreeSet<u128> = ids.iter().copied().collect();
        assert_eq!(distinct.len(), ids.len(), "{reader}, version {version}: an id twice");
        // The sum is the same in any order.
        let mixed =
            |id: &u128| ((*id >> 64) as u64 ^ *id as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let hash =
            ids.iter().map(mixed).fold(0, |sum: u64, hash| sum.wrapping_add(hash ^ (hash >> 29)));
        let first = *self.hashes.lock().unwrap().entry(said.data).or_insert(hash);
        assert_eq!(hash, first, "{reader}, version {version}: other ids than others found");
        self.versions.lock().unwrap().insert(version);
        let mut reads = self.reads.lock().unwrap();
        let (count, slowest) = reads.entry(reader).or_default();
        *count += 1;
        *slowest = (*slowest).max(began.elapsed());
    }
}

/// The ids of some rows, as text in Arrow.
fn ids(batch: &RecordBatch) -> Vec<u128> {
    let column = cast(batch.column_by_name("delivery_id").unwrap(), &DataType::Utf8).unwrap();
    let texts = column.as_string::<i32>();
    texts.iter().map(|id| id.unwrap().parse::<Uuid>().unwrap().as_u128()).collect()
}

/// By the files that the table lists, one after the other.
async fn read_files(lake: &Lake, found: &Found, reader: &'static str, wait: Duration) {
    while !found.over.load(Relaxed) {
        let began = Instant::now();
        let table = Table::open(lake).await.unwrap().unwrap();
        tokio::time::sleep(wait).await;
        let mut all = Vec::new();
        for file in table.files() {
            let object = lake.store().get(&Path::from(file.key())).await.unwrap();
            let bytes = object.bytes().await.unwrap();
            let batches = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
            all.extend(batches.flat_map(|batch| ids(&batch.unwrap())));
        }
        found.check(reader, table.version(), &all, began);
    }
}

/// As `lakequery sql` does it.
async fn read_sql(lake: &Lake, found: &Found, reader: &'static str, wait: Duration) {
    while !found.over.load(Relaxed) {
        let began = Instant::now();
        let engine = Engine::open(lake).await.unwrap();
        let version = engine.version().unwrap();
        tokio::time::sleep(wait).await;
        let batches = engine.collect("select delivery_id from events").await.unwrap();
        let all: Vec<u128> = batches.iter().flat_map(ids).collect();
        found.check(reader, version, &all, began);
    }
}

#[expect(clippy::disallowed_methods, reason = "files are as old as this test, by the same clock")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

async fn run(lake: &Lake, settings: &Settings) -> Report {
    let surroundings =
        Surroundings { run_id: Uuid::new_v4(), clock: &now, on_progress: &mut |_, _| {} };
    compact(lake, settings, surroundings).await.unwrap()
}

/// Raw objects and compactions until enough commits are made: how many deliveries there are, and
/// how many files the vacuums deleted.
async fn write(lake: &Lake, found: &Found, settings: &Settings) -> (usize, u64) {
    let (mut deliveries, mut vacuumed, mut object) = (0, 0, 0);
    loop {
        for _ in 0..OBJECTS {
            let first = deliveries - deliveries.min(2);
            deliveries += 6;
            let text: String = (first..deliveries).map(line).collect();
            let key = Path::from(format!("raw/2026/03/02/10/{object:05}"));
            lake.store().put(&key, text.into()).await.unwrap();
            object += 1;
        }
        vacuumed += run(lake, settings).await.files_vacuumed;
        let version = Table::open(lake).await.unwrap().unwrap().version();
        found.log.lock().unwrap().at(version);
        if version as usize >= COMMITS && vacuumed > 0 {
            found.over.store(true, Relaxed);
            return (deliveries, vacuumed);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_answer_is_that_of_some_commit() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(&LakeUrl::Directory(dir.path().into())).unwrap();
    let settings = Settings {
        commit_interval: Duration::ZERO,
        merge_fan_in: 2,
        vacuum_grace: GRACE,
        vacuum_interval: Duration::ZERO,
        ..Settings::default()
    };
    run(&lake, &settings).await;
    let folder = dir.path().join("events/_delta_log");
    let found = Found { log: Mutex::new(Log { folder, ..Log::default() }), ..Found::default() };
    let ((deliveries, vacuumed), ..) = tokio::join!(
        write(&lake, &found, &settings),
        read_files(&lake, &found, "files", BREATH),
        read_files(&lake, &found, "files, late", WAIT),
        read_sql(&lake, &found, "SQL", BREATH),
        read_sql(&lake, &found, "SQL, late", WAIT),
    );
    let (log, versions) = (found.log.into_inner().unwrap(), found.versions.into_inner().unwrap());
    let Log { said, appends, merges, .. } = log;
    println!(
        "{} commits ({appends} with rows, {merges} merges), {vacuumed} files vacuumed",
        said.len()
    );
    let reads = found.reads.into_inner().unwrap();
    println!("at {} versions, reads and the slowest: {reads:?}", versions.len());
    assert_eq!(said.last().unwrap().rows, deliveries as u64);
    assert!(appends > 100 && merges > 30 && vacuumed > 0 && versions.len() > 50);
    let verdict = verify(&lake, &settings).await.unwrap().unwrap();
    assert!(verdict.holds, "{verdict:#?}");
}
