//! What is brought before it is asked for.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[tokio::test]
async fn small_files_come_whole_and_many_at_once() {
    let scene = Scene::default();
    let mut files = vec![];
    for number in 0..200 {
        files.push(scene.file(number, 2_000).await);
    }
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, highest) = (now.clone(), most.clone());
    let hook: octolake_testkit::Hook = Arc::new(move |_| {
        let (counted, highest) = (counted.clone(), highest.clone());
        Box::pin(async move {
            highest.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            counted.fetch_sub(1, Ordering::SeqCst);
        })
    });
    let script = Script::new((0..200).map(|number| (number, Fault::StallBefore)));
    let script = script.with_stall(Fault::StallBefore, hook);
    let store = FaultyStore::new(scene.memory.clone(), script);
    let lake = scene.lake_over(Arc::new(store), in_memory());
    lake.warm(files.iter().map(|(key, body)| (key.to_string(), body.len() as u64)).collect()).await;
    assert_eq!((scene.gets(), most.load(Ordering::SeqCst)), (200, 64));
    for (key, body) in &files {
        assert_eq!(lake.store().get_range(key, 100..2_000).await.unwrap(), body[100..]);
        assert_eq!(&whole(&lake, key).await.unwrap(), body);
    }
    assert_eq!((scene.gets(), scene.requests.of("head")), (200, 0));
}

#[tokio::test]
async fn of_a_large_file_the_end_comes() {
    let scene = Scene::default();
    let lake = scene.lake(in_memory());
    let (large, body) = scene.file(1, 9 * MIB + 7).await;
    let (small, _) = scene.file(2, 4 * MIB).await;
    let files = [(&large, 9 * MIB + 7), (&small, 4 * MIB)];
    lake.warm(files.map(|(key, bytes)| (key.to_string(), bytes as u64)).to_vec()).await;
    let traffic = lake.traffic();
    assert_eq!((traffic.gets, traffic.bytes_read), (2, 4 * MIB as u64 + 7));
    let suffix = GetOptions::new().with_range(Some(GetRange::Suffix(7)));
    let end = lake.store().get_opts(&large, suffix).await.unwrap().bytes().await.unwrap();
    assert_eq!((end, scene.gets()), (body.slice(9 * MIB..), 2));
}

#[tokio::test]
async fn no_more_is_brought_than_can_be_held() {
    let scene = Scene::default();
    let lake = scene.lake(CacheSettings { memory_bytes: 3 * MIB as u64, disk: None });
    let mut files = vec![];
    for number in 0..10 {
        files.push((scene.file(number, MIB).await.0.to_string(), MIB as u64));
    }
    lake.warm(files).await;
    assert_eq!(scene.gets(), 3);
}

#[tokio::test]
async fn what_can_not_be_brought_is_left_out() {
    let scene = Scene::default();
    let (key, body) = scene.file(1, 5_000).await;
    let lake = scene.lake(in_memory());
    let gone = key.as_ref().replace("part-0", "part-1");
    let log = "events/_delta_log/00000000000000000000.json".to_owned();
    // A size that is wrong: what the store says counts.
    let files = vec![
        (gone, 10),
        (log, 10),
        ("../x//".into(), 10),
        (key.to_string(), 0),
        (key.to_string(), 3_000_000),
        (key.to_string(), u64::MAX),
    ];
    lake.warm(files).await;
    assert_eq!(lake.store().get_range(&key, 0..5_000).await.unwrap(), body);
    let suffix = GetOptions::new().with_range(Some(GetRange::Suffix(8)));
    let end = lake.store().get_opts(&key, suffix).await.unwrap().bytes().await.unwrap();
    assert_eq!(end, body[4_992..]);
}
