//! Folders that are damaged, foreign, full or no folders: ignored, never trusted.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::*;

/// A lake over a folder that has two files of three blocks together; it knows nothing else.
async fn filled(scene: &Scene, folder: &FilePath) -> Vec<(Path, Bytes)> {
    let files = vec![scene.file(1, MIB + 10).await, scene.file(2, 700).await];
    read_all(&scene.lake(on_disk(folder)), &files).await;
    files
}

async fn read_all(lake: &Lake, files: &[(Path, Bytes)]) {
    for (key, body) in files {
        let bytes = lake.store().get_range(key, 0..body.len() as u64).await.unwrap();
        assert_eq!(&bytes, body);
    }
}

fn entries(folder: &FilePath) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder.join("octolake/lakes")).unwrap();
    listed.map(|entry| entry.unwrap().path()).collect()
}

/// What is done to each entry, and whether a later process can put it right.
type Damage = (&'static str, fn(&FilePath), bool);

const DAMAGES: [Damage; 7] = [
    (
        "a bit",
        |path| {
            let mut bytes = fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 4;
            fs::write(path, bytes).unwrap();
        },
        true,
    ),
    (
        "the end is gone",
        |path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
        },
        true,
    ),
    ("empty", |path| fs::write(path, "").unwrap(), true),
    ("something else", |path| fs::write(path, "PAR1PAR1PAR1PAR1PAR1PAR1PAR1PAR1").unwrap(), true),
    (
        "larger than anything",
        |path| {
            fs::File::options().write(true).open(path).unwrap().set_len(1 << 40).unwrap();
        },
        true,
    ),
    (
        "a folder",
        |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir_all(path.join("x")).unwrap();
        },
        false,
    ),
    (
        "a link that leads nowhere",
        |path| {
            fs::remove_file(path).unwrap();
            std::os::unix::fs::symlink("/nowhere", path).unwrap();
        },
        true,
    ),
];

#[tokio::test]
async fn damaged_entries_are_read_again_and_replaced() {
    for (name, damage, heals) in DAMAGES {
        let (scene, dir) = (Scene::default(), tempfile::tempdir().unwrap());
        let files = filled(&scene, dir.path()).await;
        let before = scene.gets();
        assert_eq!(entries(dir.path()).len(), 3);
        entries(dir.path()).iter().for_each(|path| damage(path));
        for gets in [2, if heals { 2 } else { 4 }] {
            read_all(&scene.lake(on_disk(dir.path())), &files).await;
            assert_eq!(scene.gets() - before, gets, "{name}");
        }
    }
}

#[tokio::test]
async fn an_entry_under_the_name_of_another_is_not_believed() {
    let (scene, dir) = (Scene::default(), tempfile::tempdir().unwrap());
    let files = filled(&scene, dir.path()).await;
    let before = scene.gets();
    let (paths, beside) = (entries(dir.path()), dir.path().join("beside"));
    fs::rename(&paths[0], &beside).unwrap();
    fs::rename(&paths[1], &paths[0]).unwrap();
    fs::rename(&paths[2], &paths[1]).unwrap();
    fs::rename(&beside, &paths[2]).unwrap();
    read_all(&scene.lake(on_disk(dir.path())), &files).await;
    assert_eq!(scene.gets() - before, 2);
}

#[tokio::test]
async fn a_pipe_in_the_place_of_an_entry_is_not_waited_for() {
    let (scene, dir) = (Scene::default(), tempfile::tempdir().unwrap());
    let files = filled(&scene, dir.path()).await;
    for path in entries(dir.path()) {
        fs::remove_file(&path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
    }
    read_all(&scene.lake(on_disk(dir.path())), &files).await;
}

#[tokio::test]
async fn a_folder_that_others_may_write_is_neither_read_nor_written() {
    let (scene, dir) = (Scene::default(), tempfile::tempdir().unwrap());
    let files = filled(&scene, dir.path()).await;
    let folder = dir.path().join("octolake/lakes");
    for mode in [0o777, 0o720, 0o702] {
        let before = scene.gets();
        fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
        read_all(&scene.lake(on_disk(dir.path())), &files).await;
        assert_eq!(scene.gets() - before, 2, "{mode:o}");
        assert_eq!(entries(dir.path()).len(), 3);
    }
}

#[tokio::test]
async fn a_place_that_can_hold_no_folder_is_no_harm() {
    let (scene, dir) = (Scene::default(), tempfile::tempdir().unwrap());
    let files = vec![scene.file(1, MIB + 10).await];
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for folder in [file.clone(), file.join("x"), "/proc/octolake/lakes".into()] {
        for _ in 0..2 {
            let before = scene.gets();
            let lake = scene.lake(CacheSettings::new(Some(folder.clone())));
            read_all(&lake, &files).await;
            read_all(&lake, &files).await;
            assert_eq!(scene.gets() - before, 1, "{}", folder.display());
        }
    }
    assert_eq!(fs::read(&file).unwrap(), b"");
}

#[tokio::test]
async fn an_entry_that_says_another_size_than_the_store_is_forgotten() {
    let (scene, dir) = (Scene::default(), tempfile::tempdir().unwrap());
    let (key, body) = scene.file(1, 3 * MIB).await;
    scene.lake(on_disk(dir.path())).store().get_range(&key, 0..10).await.unwrap();
    // The same name with less behind it, in a lake that was restored, say.
    let shorter = body.slice(..2 * MIB);
    scene.memory.put(&key, shorter.clone().into()).await.unwrap();
    let lake = scene.lake(on_disk(dir.path()));
    assert!(lake.store().get_range(&key, 0..2 << 20).await.is_err());
    let lake = scene.lake(on_disk(dir.path()));
    assert_eq!(lake.store().get_range(&key, 0..2 << 20).await.unwrap(), shorter);
}
