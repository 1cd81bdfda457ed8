//! What outlives a process: each lake here has nothing in memory but the folder in common with the
//! one before, as two processes have.

use std::os::unix::fs::PermissionsExt as _;

use futures::TryStreamExt as _;
use object_store::{ObjectMeta, PutMode};

use super::*;

#[tokio::test]
async fn the_second_process_asks_for_nothing() {
    let (scene, dir) = (Scene::default(), tempfile::tempdir().unwrap());
    let (key, body) = scene.file(1, 5 * MIB + 3).await;
    for (gets, from_disk) in [(1, 0), (1, 6)] {
        let lake = scene.lake(on_disk(dir.path()));
        assert_eq!(lake.store().get_range(&key, 0..6 << 20).await.unwrap(), body);
        assert_eq!((scene.gets(), lake.traffic().from_disk), (gets, from_disk));
    }
    // Nothing was known of the file but what is on the disk of its first block.
    let lake = scene.lake(on_disk(dir.path()));
    assert_eq!(whole(&lake, &key).await.unwrap(), body);
    assert_eq!(scene.gets(), 1);
}

#[tokio::test]
async fn only_the_owner_may_look_into_it() {
    let (scene, dir) = (Scene::default(), tempfile::tempdir().unwrap());
    let (key, _) = scene.file(1, 1_000).await;
    scene.lake(on_disk(dir.path())).store().get_range(&key, 0..9).await.unwrap();
    let mode = |path: &FilePath| path.metadata().unwrap().permissions().mode() & 0o777;
    let folder = dir.path().join("octolake/lakes");
    assert_eq!((mode(&dir.path().join("octolake")), mode(&folder)), (0o700, 0o700));
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(files.len(), 1);
    assert_eq!(mode(&files[0].as_ref().unwrap().path()), 0o600);
}

#[tokio::test]
async fn two_at_once_share_a_folder_that_is_too_small_for_them() {
    let (scene, dir) = (Scene::default(), tempfile::tempdir().unwrap());
    let mut files = vec![];
    for number in 0..40 {
        files.push(scene.file(number, 60_000 + usize::try_from(number).unwrap()).await);
    }
    let threads = (0..2_usize).map(|which| {
        let (scene, files, folder) = (scene.clone(), files.clone(), dir.path().join("x"));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                for round in 0..15 {
                    let disk = Some(DiskSettings { folder: folder.clone(), bytes: 1_500_000 });
                    let lake = scene.lake(CacheSettings { memory_bytes: 0, disk });
                    for number in 0..files.len() {
                        let (key, body) = &files[(number * (which * 6 + 1) + round) % files.len()];
                        assert_eq!(&whole(&lake, key).await.unwrap(), body);
                    }
                }
            });
        })
    });
    threads.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
    let sizes = std::fs::read_dir(dir.path().join("x")).unwrap();
    let held: u64 = sizes.map(|file| file.unwrap().metadata().unwrap().len()).sum();
    // Each of the two may go past the bound by what it has not seen of the other's.
    assert!((500_000..2 * 1_500_000).contains(&held), "{held}");
    assert!(scene.gets() < 2 * 15 * 40, "some of it was kept: {}", scene.gets());
}

async fn listed(scene: &Scene, key: &str) -> ObjectMeta {
    let mut all: Vec<_> =
        scene.memory.list(Some(&Path::from("events"))).try_collect().await.unwrap();
    all.retain(|object| object.location.as_ref() == key);
    all.pop().unwrap()
}

#[tokio::test]
async fn a_log_file_is_read_once_as_long_as_it_is_the_same() {
    let (scene, dir) = (Scene::default(), tempfile::tempdir().unwrap());
    let name = "events/_delta_log/00000000000000000007.json";
    let put = async |body: &str| {
        let body = body.to_owned().into();
        scene.memory.put_opts(&Path::from(name), body, PutMode::Overwrite.into()).await.unwrap()
    };
    put("one").await;
    let first = listed(&scene, name).await;
    for gets in [1, 1] {
        let lake = scene.lake(on_disk(dir.path()));
        assert_eq!(lake.get_listed(&first).await.unwrap(), "one");
        assert_eq!(scene.gets(), gets);
    }
    // Made anew, with as many bytes.
    put("two").await;
    let second = listed(&scene, name).await;
    for gets in [2, 2] {
        let lake = scene.lake(on_disk(dir.path()));
        assert_eq!(lake.get_listed(&second).await.unwrap(), "two");
        assert_eq!(scene.gets(), gets);
    }
    // Replaced after it was listed: what is there is given, and kept under neither.
    put("three").await;
    let stale = ObjectMeta { e_tag: Some("\"of a time between\"".into()), ..second };
    for gets in [3, 4] {
        let lake = scene.lake(on_disk(dir.path()));
        assert_eq!(lake.get_listed(&stale).await.unwrap(), "three");
        assert_eq!(scene.gets(), gets);
    }
}

#[tokio::test]
async fn a_store_without_tags_is_told_by_the_time() {
    let (scene, dir) = (Scene::default(), tempfile::tempdir().unwrap());
    let name = "events/_delta_log/00000000000000000007.json";
    scene.memory.put(&Path::from(name), "one".into()).await.unwrap();
    let untagged = ObjectMeta { e_tag: None, ..listed(&scene, name).await };
    // This store gives tags with its answers: whether it is the same object can't be told.
    for gets in [1, 2] {
        let lake = scene.lake(on_disk(dir.path()));
        assert_eq!(lake.get_listed(&untagged).await.unwrap(), "one");
        assert_eq!(scene.gets(), gets);
    }
}

#[tokio::test]
async fn without_a_cache_a_log_file_is_just_read() {
    let scene = Scene::default();
    let name = "events/_delta_log/00000000000000000007.json";
    scene.memory.put(&Path::from(name), "one".into()).await.unwrap();
    let object = listed(&scene, name).await;
    let uncached = Lake::in_memory().wrapped(|_| scene.memory.clone());
    assert_eq!(uncached.get_listed(&object).await.unwrap(), "one");
    assert_eq!(scene.lake(in_memory()).get_listed(&object).await.unwrap(), "one");
}
