//! What the cache asks of the store, and what it gives.

mod bad_folders;
mod failing;
mod kept;
mod random;
mod warming;

use std::path::Path as FilePath;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt as _};
use octolake_testkit::{CountingStore, Fault, FaultyStore, Requests, Script};

use super::*;
use crate::lake::Lake;

const MIB: usize = 1 << 20;

/// A store, what is asked of it, and lakes over it.
#[derive(Clone, Default)]
struct Scene {
    memory: Arc<InMemory>,
    requests: Requests,
}

impl Scene {
    /// An immutable file of so many bytes.
    async fn file(&self, number: u64, bytes: usize) -> (Path, Bytes) {
        let key = format!("events/event_type=push/date=2026-03-02/part-{number:032x}-1-0.parquet");
        let (key, body) = (Path::from(key), content(bytes, number));
        self.memory.put(&key, body.clone().into()).await.unwrap();
        (key, body)
    }

    fn lake(&self, settings: CacheSettings) -> Lake {
        self.lake_over(self.memory.clone(), settings)
    }

    fn lake_over(&self, store: Arc<dyn ObjectStore>, settings: CacheSettings) -> Lake {
        let counting = CountingStore::new(store, self.requests.clone());
        Lake::in_memory().wrapped(|_| Arc::new(counting)).cached(settings)
    }

    /// How many GETs there were, all ranges counted.
    fn gets(&self) -> usize {
        assert_eq!(self.requests.of("get_ranges"), 0);
        self.requests.of("get")
    }
}

/// Bytes of which no two blocks are alike.
fn content(bytes: usize, seed: u64) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut body: Vec<u8> = (0..bytes.div_ceil(8)).flat_map(|_| next()).collect();
    body.truncate(bytes);
    body.into()
}

fn in_memory() -> CacheSettings {
    CacheSettings::new(None)
}

fn on_disk(folder: &FilePath) -> CacheSettings {
    CacheSettings::new(Some(folder.join("octolake/lakes")))
}

/// The same store, whose first answer comes when all others have asked too.
fn slow_at_first(store: Arc<dyn ObjectStore>) -> FaultyStore {
    let stall: octolake_testkit::Hook = Arc::new(|_| {
        Box::pin(async {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        })
    });
    let script = Script::new([(0, Fault::StallBefore)]);
    FaultyStore::new(store, script.with_stall(Fault::StallBefore, stall))
}

async fn whole(lake: &Lake, key: &Path) -> object_store::Result<Bytes> {
    lake.store().get(key).await?.bytes().await
}

#[tokio::test]
async fn a_small_file_costs_one_get_and_no_head() {
    let scene = Scene::default();
    let (key, body) = scene.file(1, 700_000).await;
    let lake = scene.lake(in_memory());
    // The footer, the columns, and what a reader asks for that doesn't know where the file ends.
    assert_eq!(lake.store().get_range(&key, 692_000..700_000).await.unwrap(), body[692_000..]);
    let columns = lake.store().get_ranges(&key, &[4..1_000, 200_000..300_000]).await.unwrap();
    assert_eq!(columns, [body.slice(4..1_000), body.slice(200_000..300_000)]);
    assert_eq!(lake.store().get_range(&key, 699_000..800_000).await.unwrap(), body[699_000..]);
    let suffix = GetOptions::new().with_range(Some(GetRange::Suffix(8)));
    let end = lake.store().get_opts(&key, suffix).await.unwrap();
    assert_eq!((end.range.clone(), end.meta.size), (699_992..700_000, 700_000));
    assert_eq!(end.bytes().await.unwrap(), body[699_992..]);
    assert_eq!(whole(&lake, &key).await.unwrap(), body);
    assert_eq!((scene.gets(), scene.requests.of("head")), (1, 0));
    let traffic = lake.traffic();
    assert_eq!((traffic.gets, traffic.bytes_read, traffic.from_memory), (1, 700_000, 4));
}

#[tokio::test]
async fn blocks_side_by_side_come_by_one_get() {
    let scene = Scene::default();
    let (key, body) = scene.file(1, 20 * MIB + 5).await;
    let lake = scene.lake(in_memory());
    let (from, to) = (3 * MIB + 7, 4 * MIB);
    let bytes = lake.store().get_range(&key, from as u64..to as u64).await.unwrap();
    assert_eq!((bytes, scene.gets()), (body.slice(from..to), 1));
    // Blocks 2 and 4 to 6, around the one that is there.
    let bytes = lake.store().get_range(&key, 2 << 20..7 << 20).await.unwrap();
    assert_eq!((bytes, scene.gets()), (body.slice(2 * MIB..7 * MIB), 3));
    // 0 and 1, 7 to 14, 15 to 20.
    assert_eq!(whole(&lake, &key).await.unwrap(), body);
    assert_eq!(scene.gets(), 6);
    assert_eq!(lake.traffic().bytes_read, 20 * MIB as u64 + 5);
}

#[tokio::test]
async fn a_file_of_which_nothing_is_known_is_read_whole_or_from_its_end_by_one_get() {
    let scene = Scene::default();
    let lake = scene.lake(in_memory());
    let (key, body) = scene.file(1, 3 * MIB + 9).await;
    assert_eq!(whole(&lake, &key).await.unwrap(), body);
    assert_eq!(lake.store().get_range(&key, 5..3 << 20).await.unwrap(), body[5..3 * MIB]);
    assert_eq!(scene.gets(), 1);
    let (key, body) = scene.file(2, 3 * MIB + 9).await;
    let suffix = GetOptions::new().with_range(Some(GetRange::Suffix(100)));
    let end = lake.store().get_opts(&key, suffix).await.unwrap().bytes().await.unwrap();
    assert_eq!((end, scene.gets()), (body.slice(3 * MIB - 91..), 2));
    let last = 3 * MIB as u64..3 * MIB as u64 + 9;
    assert_eq!(lake.store().get_range(&key, last).await.unwrap(), body[3 * MIB..]);
    assert_eq!(scene.gets(), 2);
}

#[tokio::test]
async fn readers_of_one_block_share_its_request() {
    let scene = Scene::default();
    let (key, body) = scene.file(1, 2 * MIB).await;
    let slow = slow_at_first(scene.memory.clone());
    let lake = scene.lake_over(Arc::new(slow), in_memory());
    let reads = (0..40_u64).map(|number| {
        let (lake, key) = (lake.clone(), key.clone());
        async move {
            let range = number * 40_000..2 * MIB as u64 - number;
            (lake.store().get_range(&key, range.clone()).await.unwrap(), range)
        }
    });
    for (bytes, range) in join_all(reads).await {
        let expected = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        assert_eq!(bytes, body.slice(expected));
    }
    assert_eq!(scene.gets(), 1);
}

#[tokio::test]
async fn what_may_change_is_asked_for_each_time() {
    let scene = Scene::default();
    let lake = scene.lake(in_memory());
    for name in ["events/_delta_log/00000000000000000000.json", "raw/2026/03/02/10/x"] {
        let (key, before) = (Path::from(name), scene.gets());
        for body in ["one", "two"] {
            lake.store().put(&key, body.into()).await.unwrap();
            assert_eq!(whole(&lake, &key).await.unwrap(), body);
        }
        assert_eq!(scene.gets() - before, 2);
    }
    let (key, _) = scene.file(1, 10).await;
    assert_eq!(lake.store().head(&key).await.unwrap().size, 10);
    scene.memory.delete(&key).await.unwrap();
    assert!(lake.store().head(&key).await.is_err(), "whether it is there is for the store to say");
}

#[tokio::test]
async fn the_memory_is_bounded() {
    let scene = Scene::default();
    let settings = CacheSettings { memory_bytes: 2 * MIB as u64 + 4_000, disk: None };
    let lake = scene.lake(settings);
    let (key, body) = scene.file(1, 3 * MIB).await;
    for (block, gets) in [(0, 1), (1, 2), (0, 2), (2, 3), (0, 3), (1, 4), (0, 4), (2, 5)] {
        let range = block * MIB..(block + 1) * MIB;
        let asked = range.start as u64..range.end as u64;
        assert_eq!(lake.store().get_range(&key, asked).await.unwrap(), body.slice(range));
        assert_eq!(scene.gets(), gets, "{block}");
    }
}

#[tokio::test]
async fn a_lake_that_is_a_directory_has_no_cache() {
    let (dir, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = crate::LakeUrl::Directory(dir.path().into());
    let lake = Lake::open(&url).unwrap().cached(on_disk(cache.path()));
    let (key, body) = Scene::default().file(1, 1_000).await;
    lake.store().put(&key, body.clone().into()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(whole(&lake, &key).await.unwrap(), body);
    }
    lake.warm(vec![(key.to_string(), 1_000)]).await;
    let traffic = lake.traffic();
    assert_eq!((traffic.puts, traffic.gets, traffic.bytes_read), (1, 2, 2_000));
    assert_eq!((traffic.from_memory, traffic.from_disk), (0, 0));
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0);
}
