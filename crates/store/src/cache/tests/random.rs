//! Whatever is asked for, the cache gives what the plain store gives.

use std::ops::Range;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Read {
    Whole,
    One(GetRange),
    Several(Vec<Range<u64>>),
    /// A new process over the same folder.
    Again,
}

/// A place in a file, often at an edge of a block or of the file.
fn place(size: u64) -> impl Strategy<Value = u64> + Clone {
    let edges = [0, 1, 1 << 20, (1 << 20) + 1, (2 << 20) - 1, 2 << 20, size, size + 1, u64::MAX];
    prop_oneof![0..=size, prop::sample::select(edges.to_vec())]
}

fn range(size: u64) -> impl Strategy<Value = Range<u64>> {
    (place(size), place(size)).prop_map(|(one, other)| one.min(other)..one.max(other))
}

fn read(size: u64) -> impl Strategy<Value = Read> {
    prop_oneof![
        1 => Just(Read::Whole),
        1 => Just(Read::Again),
        4 => range(size).prop_map(|range| Read::One(GetRange::Bounded(range))),
        1 => place(size).prop_map(|start| Read::One(GetRange::Offset(start))),
        2 => place(size).prop_map(|last| Read::One(GetRange::Suffix(last))),
        3 => prop::collection::vec(range(size), 0..5).prop_map(Read::Several),
    ]
}

fn reads() -> impl Strategy<Value = (u64, Vec<Read>)> {
    prop_oneof![Just(0), 1..3_000_000_u64, Just(1 << 20), Just(2 << 20), Just(6_000_000)]
        .prop_flat_map(|size| (Just(size), prop::collection::vec(read(size), 1..12)))
}

/// The bytes and where they are from; `None` where the store refuses.
async fn answer(lake: &Lake, key: &Path, read: &Read) -> Option<Vec<(Range<u64>, u64, Bytes)>> {
    let range = match read {
        Read::Several(ranges) => {
            let bodies = lake.store().get_ranges(key, ranges).await.ok()?;
            return Some(ranges.iter().cloned().zip(bodies).map(|(at, it)| (at, 0, it)).collect());
        }
        Read::One(range) => Some(range.clone()),
        Read::Whole | Read::Again => None,
    };
    let given = lake.store().get_opts(key, GetOptions::new().with_range(range)).await.ok()?;
    let (range, size) = (given.range.clone(), given.meta.size);
    Some(vec![(range, size, given.bytes().await.ok()?)])
}

async fn check(size: u64, memory_bytes: u64, disk_bytes: u64, reads: Vec<Read>) {
    let (scene, dir) = (Scene::default(), tempfile::tempdir().unwrap());
    let (key, _) = scene.file(1, usize::try_from(size).unwrap()).await;
    let plain = Lake::in_memory().wrapped(|_| scene.memory.clone());
    let disk = Some(DiskSettings { folder: dir.path().join("x"), bytes: disk_bytes });
    let settings = CacheSettings { memory_bytes, disk };
    let mut lake = scene.lake(settings.clone());
    for read in &reads {
        if matches!(read, Read::Again) {
            lake = scene.lake(settings.clone());
        }
        let (given, expected) = (answer(&lake, &key, read).await, answer(&plain, &key, read).await);
        assert!(given == expected, "{read:?} of {size} bytes differs");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn reads_through_the_cache_are_those_of_the_store(
        (size, reads) in reads(),
        memory in prop::sample::select(vec![0, 1_100_000, 64 << 20]),
        disk in prop::sample::select(vec![0, 5_000_000, 1 << 30]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(size, memory, disk, reads));
    }
}
