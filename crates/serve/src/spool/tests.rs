//! The spool without HTTP: when files roll, what survives, what lands.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use chrono::{DateTime, Utc};
use flate2::read::MultiGzDecoder;
use futures::TryStreamExt;
use futures::future::join_all;
use futures::stream::BoxStream;
use object_store::path::Path as Key;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use octolake_event::DeliveryId;
use octolake_ingest::{Bus, Endpoint, Headers, Secret, Secrets, SignedBody, VerifiedDelivery};
use octolake_store::Lake;

use super::name::SpoolName;
use super::*;
use crate::config::RollPolicy;

const TEN: &str = "2026-03-02T10:00:00Z";
const PATIENCE: Duration = Duration::from_secs(10);

struct Scene {
    _dir: tempfile::TempDir,
    config: Config,
}

/// A spool beside a lake in memory.
fn scene() -> Scene {
    let dir = tempfile::tempdir().unwrap();
    let secrets = Secrets::new(vec![Secret::from_text("s").unwrap()]).unwrap();
    let listen = "127.0.0.1:0".parse().unwrap();
    let spool = Some(dir.path().join("spool"));
    let config = Config::new(listen, Lake::in_memory(), spool, Endpoint::new(secrets)).unwrap();
    Scene { _dir: dir, config }
}

impl Scene {
    fn start(&self) -> (Spool, SpoolBus) {
        Spool::start(&self.config).unwrap()
    }

    /// Keys of the raw objects, each with the numbers of its deliveries.
    async fn landed(&self) -> Vec<(String, Vec<u128>)> {
        let store = self.config.lake.store();
        let mut keys: Vec<Key> =
            store.list(None).map_ok(|object| object.location).try_collect().await.unwrap();
        keys.sort();
        let mut objects = vec![];
        for key in keys {
            let bytes = store.get(&key).await.unwrap().bytes().await.unwrap();
            objects.push((key.to_string(), ids(&bytes)));
        }
        objects
    }

    /// Every delivery that landed, sorted; all that landed twice are there twice.
    async fn landed_ids(&self) -> Vec<u128> {
        let mut ids: Vec<u128> = self.landed().await.into_iter().flat_map(|(_, ids)| ids).collect();
        ids.sort();
        ids
    }

    fn files(&self) -> Vec<PathBuf> {
        fs::read_dir(&self.config.spool).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    /// Takes the lake down until its `down` is false.
    fn break_lake(&mut self) -> Arc<Breaker> {
        let mut broken = None;
        self.config.lake = self.config.lake.clone().wrapped(|inner| {
            let breaker = Breaker { inner, down: true.into(), refused: false.into() };
            broken.insert(Arc::new(breaker)).clone()
        });
        broken.unwrap()
    }

    /// A file as a dead process leaves it.
    fn leave(&self, id: u128, content: &[u8]) -> PathBuf {
        fs::create_dir_all(&self.config.spool).unwrap();
        let name = SpoolName::new(TEN.parse().unwrap(), uuid::Uuid::from_u128(id));
        let path = name.open_path(&self.config.spool);
        fs::write(&path, content).unwrap();
        path
    }
}

fn ids(gzip: &[u8]) -> Vec<u128> {
    let mut text = String::new();
    MultiGzDecoder::new(gzip).read_to_string(&mut text).unwrap();
    let id = |line: &str| {
        let envelope: serde_json::Value = serde_json::from_str(line).unwrap();
        let id = envelope["detail"]["_delivery"]["id"].as_str().unwrap();
        id.parse::<DeliveryId>().unwrap().as_u128()
    };
    text.lines().map(id).collect()
}

async fn put(bus: &SpoolBus, id: u128, at: &str) -> Result<(), String> {
    let at: DateTime<Utc> = at.parse().unwrap();
    let secret = Secret::from_text("s").unwrap();
    let (id, signature) = (DeliveryId::from_u128(id).to_string(), secret.sign(b"{}"));
    let secrets = Secrets::new(vec![secret]).unwrap();
    let body = SignedBody::verify(b"{}", Some(&signature), &secrets).unwrap();
    let headers = Headers::from_pairs(&[
        ("content-type", "application/json"),
        ("x-github-event", "push"),
        ("x-github-delivery", &id),
    ]);
    let delivery = VerifiedDelivery::check(&headers, body, at).unwrap();
    // Signing takes longer than a sync: those that are joined are all signed before one is put.
    tokio::task::yield_now().await;
    bus.until(tokio::time::Instant::now() + PATIENCE)
        .put(&delivery)
        .await
        .map_err(|error| error.cause().to_string())
}

fn line(id: u128) -> String {
    format!(
        r#"{{"detail-type":"push","detail":{{"_delivery":{{"id":"{}"}}}}}}"#,
        DeliveryId::from_u128(id)
    )
}

fn member(ids: &[u128]) -> Vec<u8> {
    let lines: Vec<String> = ids.iter().copied().map(line).collect();
    gzip::member(lines.iter().map(String::as_str)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_that_come_together_are_synced_together() {
    let scene = scene();
    let (spool, bus) = scene.start();
    let puts = (1..=500).map(|id| put(&bus, id, TEN));
    assert!(join_all(puts).await.iter().all(Result::is_ok));
    drop(bus);
    let summary = spool.finish(PATIENCE).await;
    assert_eq!((summary.deliveries, summary.objects, summary.left), (500, 1, 0));
    assert!(summary.syncs <= 100, "{summary:?}");
    assert_eq!(scene.landed_ids().await, (1..=500).collect::<Vec<u128>>());
    assert_eq!(scene.files(), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn a_file_is_closed_when_it_is_large() {
    let mut scene = scene();
    scene.config.roll.bytes = 1000;
    let (spool, bus) = scene.start();
    for id in 1..=12 {
        put(&bus, id, TEN).await.unwrap();
    }
    drop(bus);
    spool.finish(PATIENCE).await;
    // A line of these has 293 bytes: four make a thousand.
    let sizes: Vec<usize> = scene.landed().await.iter().map(|(_, ids)| ids.len()).collect();
    assert_eq!(sizes, [4, 4, 4]);
}

#[tokio::test]
async fn a_file_is_closed_when_it_is_old() {
    let mut scene = scene();
    scene.config.roll.after = Duration::from_millis(50);
    let (_spool, bus) = scene.start();
    put(&bus, 1, TEN).await.unwrap();
    until(async || scene.landed_ids().await == [1]).await;
}

#[tokio::test]
async fn a_file_is_closed_when_its_hour_is_over() {
    let scene = scene();
    let (spool, bus) = scene.start();
    for (id, at) in [(1, "2026-03-02T09:59:59.999Z"), (2, TEN), (3, "2026-03-02T09:59:59.998Z")] {
        put(&bus, id, at).await.unwrap();
    }
    drop(bus);
    spool.finish(PATIENCE).await;
    let landed = scene.landed().await;
    let folders: Vec<_> = landed.iter().map(|(key, ids)| (&key[..33], ids.clone())).collect();
    assert_eq!(
        folders,
        [
            ("raw/2026/03/02/09/20260302T095959", vec![1]),
            ("raw/2026/03/02/10/20260302T100000", vec![2, 3])
        ]
    );
}

#[tokio::test]
async fn what_was_accepted_survives_a_kill() {
    let scene = scene();
    let whole = [member(&[1, 2]), member(&[3])].concat();
    scene.leave(1, &[whole.clone(), member(&[4])[..9].to_vec()].concat());
    scene.leave(2, &member(&[5])[..20]);
    scene.leave(3, b"");
    let unfinished = SpoolName::new(TEN.parse().unwrap(), uuid::Uuid::from_u128(4));
    fs::write(unfinished.new_path(&scene.config.spool), "").unwrap();
    let foreign = scene.config.spool.join("README");
    fs::write(&foreign, "not ours").unwrap();

    let (spool, bus) = scene.start();
    drop(bus);
    assert_eq!(spool.finish(PATIENCE).await.objects, 1);
    assert_eq!(scene.landed_ids().await, [1, 2, 3]);
    assert_eq!(scene.files(), [foreign]);
}

#[tokio::test]
async fn a_second_process_leaves_the_files_of_the_first_alone() {
    let scene = scene();
    let (first, bus) = scene.start();
    put(&bus, 1, TEN).await.unwrap();
    let (second, other) = scene.start();
    put(&other, 2, TEN).await.unwrap();
    drop(other);
    assert_eq!(second.finish(PATIENCE).await.objects, 1);
    put(&bus, 3, TEN).await.unwrap();
    drop(bus);
    assert_eq!(first.finish(PATIENCE).await.objects, 1);
    assert_eq!(scene.landed_ids().await, [1, 2, 3]);
}

#[tokio::test]
async fn landing_twice_is_landing_once() {
    let scene = scene();
    for _ in 0..2 {
        let path = scene.leave(1, &member(&[1, 2]));
        let (spool, bus) = scene.start();
        drop(bus);
        assert_eq!(spool.finish(PATIENCE).await.objects, 1);
        assert!(!path.exists());
    }
    assert_eq!(scene.landed_ids().await, [1, 2]);
}

#[tokio::test]
async fn another_object_of_that_name_is_never_overwritten() {
    let scene = scene();
    let path = scene.leave(1, &member(&[1]));
    let key = "raw/2026/03/02/10/20260302T100000-00000000-0000-0000-0000-000000000001.gz";
    scene.config.lake.store().put(&Key::from(key), member(&[9]).into()).await.unwrap();
    let (spool, bus) = scene.start();
    put(&bus, 2, "2026-03-02T11:00:00Z").await.unwrap();
    drop(bus);
    let summary = spool.finish(PATIENCE).await;
    assert_eq!((summary.objects, summary.left), (1, 1));
    assert_eq!(scene.landed_ids().await, [2, 9]);
    assert!(path.exists());
}

#[tokio::test]
async fn a_lake_out_of_reach_delays_landing_and_nothing_else() {
    let mut scene = scene();
    let breaker = scene.break_lake();
    scene.config.roll.bytes = 1;
    let (spool, bus) = scene.start();
    put(&bus, 1, TEN).await.unwrap();
    breaker.until_refused().await;
    put(&bus, 2, TEN).await.unwrap();
    breaker.down.store(false, SeqCst);
    until(async || scene.landed_ids().await == [1, 2]).await;
    drop(bus);
    let summary = spool.finish(PATIENCE).await;
    assert_eq!((summary.deliveries, summary.objects, summary.left), (2, 2, 0));
}

#[tokio::test]
async fn a_stop_leaves_what_cannot_land_to_the_next_start() {
    let mut scene = scene();
    let breaker = scene.break_lake();
    let (spool, bus) = scene.start();
    put(&bus, 1, TEN).await.unwrap();
    drop(bus);
    let summary = spool.finish(PATIENCE).await;
    assert_eq!((summary.deliveries, summary.objects, summary.left), (1, 0, 1));

    breaker.down.store(false, SeqCst);
    let (spool, bus) = scene.start();
    drop(bus);
    assert_eq!(spool.finish(PATIENCE).await.objects, 1);
    assert_eq!(scene.landed_ids().await, [1]);
}

#[tokio::test]
async fn a_spool_that_is_full_takes_nothing_more() {
    let mut scene = scene();
    scene.config.limits.spool_bytes = 1;
    let (spool, bus) = scene.start();
    put(&bus, 1, TEN).await.unwrap();
    let error = put(&bus, 2, TEN).await.unwrap_err();
    assert!(
        error.starts_with("the spool holds ") && error.ends_with(", and may hold 1"),
        "{error}"
    );
    drop(bus);
    spool.finish(PATIENCE).await;
    assert_eq!(scene.landed_ids().await, [1]);
}

#[tokio::test]
async fn a_spool_that_cannot_be_written_says_so_and_goes_on_when_it_can() {
    let mut scene = scene();
    scene.config.roll = RollPolicy { bytes: 1, ..scene.config.roll };
    let (spool, bus) = scene.start();
    put(&bus, 1, TEN).await.unwrap();
    let aside = scene.config.spool.with_extension("aside");
    fs::rename(&scene.config.spool, &aside).unwrap();
    let error = put(&bus, 2, TEN).await.unwrap_err();
    assert!(error.starts_with("the spool cannot be written: "), "{error}");
    fs::rename(&aside, &scene.config.spool).unwrap();
    put(&bus, 3, TEN).await.unwrap();
    drop(bus);
    spool.finish(PATIENCE).await;
    assert_eq!(scene.landed_ids().await, [1, 3]);
}

/// Waits for something that happens while the bus is open.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it happens in time");
}

/// A store that takes nothing while it is down.
#[derive(Debug)]
struct Breaker {
    inner: Arc<dyn ObjectStore>,
    down: AtomicBool,
    refused: AtomicBool,
}

impl Breaker {
    async fn until_refused(&self) {
        until(async || self.refused.load(SeqCst)).await;
    }
}

impl std::fmt::Display for Breaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Breaker")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Breaker {
    async fn put_opts(
        &self,
        key: &Key,
        payload: PutPayload,
        options: PutOptions,
    ) -> object_store::Result<PutResult> {
        if self.down.load(SeqCst) {
            self.refused.store(true, SeqCst);
            return Err(object_store::Error::Generic { store: "breaker", source: "down".into() });
        }
        self.inner.put_opts(key, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        key: &Key,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(key, options).await
    }

    async fn get_opts(&self, key: &Key, options: GetOptions) -> object_store::Result<GetResult> {
        self.inner.get_opts(key, options).await
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, object_store::Result<Key>>,
    ) -> BoxStream<'static, object_store::Result<Key>> {
        self.inner.delete_stream(keys)
    }

    fn list(&self, prefix: Option<&Key>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Key>) -> object_store::Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &Key,
        to: &Key,
        options: CopyOptions,
    ) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// A file of three members, of which the second has a flipped bit.
fn flipped() -> Vec<u8> {
    let members = [member(&[1, 2]), member(&[3, 4]), member(&[5])];
    let at = members[0].len() + members[1].len() / 2;
    let mut file = members.concat();
    file[at] ^= 4;
    file
}

#[tokio::test]
async fn a_flipped_bit_costs_its_own_group_and_nothing_else() {
    let scene = scene();
    let path = scene.leave(1, &flipped());
    let (spool, bus) = scene.start();
    drop(bus);
    let summary = spool.finish(PATIENCE).await;
    assert_eq!((summary.objects, summary.damaged, summary.left), (1, 1, 0));
    assert_eq!(scene.landed_ids().await, [1, 2, 5]);
    let aside = path.with_extension("damaged");
    assert_eq!(fs::read(&aside).unwrap(), flipped());
    assert_eq!(scene.files(), [aside]);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_holds_up_no_other() {
    let scene = scene();
    // A folder of that name is what opening fails on, whoever runs the test.
    let unreadable = scene.leave(1, b"");
    fs::remove_file(&unreadable).unwrap();
    fs::create_dir(&unreadable).unwrap();
    scene.leave(2, &member(&[2]));
    let (spool, bus) = scene.start();
    put(&bus, 3, TEN).await.unwrap();
    drop(bus);
    let summary = spool.finish(PATIENCE).await;
    assert_eq!((summary.objects, summary.left), (2, 1));
    assert_eq!(scene.landed_ids().await, [2, 3]);
    assert!(unreadable.exists());
}

#[tokio::test]
async fn a_file_is_tried_again_by_itself() {
    let scene = scene();
    let aside = scene.leave(1, &member(&[1])).with_extension("aside");
    let path = aside.with_extension("open");
    fs::rename(&path, &aside).unwrap();
    fs::create_dir(&path).unwrap();
    let (spool, bus) = scene.start();
    until(async || spool.usage().summary().left == 0 && spool.usage().skips()).await;
    fs::remove_dir(&path).unwrap();
    fs::rename(&aside, &path).unwrap();
    until(async || scene.landed_ids().await == [1]).await;
    drop(bus);
    assert_eq!(spool.finish(PATIENCE).await.left, 0);
}

#[tokio::test]
async fn on_one_file_system_an_object_is_a_second_name() {
    use std::os::unix::fs::MetadataExt as _;
    let mut scene = scene();
    let url = octolake_store::LakeUrl::Directory(scene._dir.path().join("lake"));
    scene.config.lake = Lake::open_or_create(&url).unwrap();
    scene.config.roll.after = Duration::from_secs(3600);
    let (spool, bus) = scene.start();
    put(&bus, 1, TEN).await.unwrap();
    let number = fs::metadata(&scene.files()[0]).unwrap().ino();
    drop(bus);
    assert_eq!(spool.finish(PATIENCE).await.objects, 1);
    let folder = scene._dir.path().join("lake/raw/2026/03/02/10");
    let landed: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()).collect();
    assert_eq!(landed.len(), 1);
    assert_eq!(landed[0].metadata().unwrap().ino(), number);
    assert_eq!(scene.files(), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn what_was_linked_before_a_kill_is_not_landed_again() {
    let mut scene = scene();
    let url = octolake_store::LakeUrl::Directory(scene._dir.path().join("lake"));
    scene.config.lake = Lake::open_or_create(&url).unwrap();
    let path = scene.leave(1, &member(&[1]));
    let key = "raw/2026/03/02/10/20260302T100000-00000000-0000-0000-0000-000000000001.gz";
    scene.config.lake.link(&path, key).unwrap();
    let (spool, bus) = scene.start();
    drop(bus);
    let summary = spool.finish(PATIENCE).await;
    assert_eq!((summary.objects, summary.left), (1, 0));
    assert_eq!(scene.landed_ids().await, [1]);
    assert!(!path.exists());
}
