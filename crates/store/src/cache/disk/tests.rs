//! The folder's bound, and what goes first.

use std::time::{Duration, SystemTime};

use super::*;
use crate::cache::blocks::FileFacts;

const ROOM: u64 = 400_000;

fn disk(folder: &Path) -> Disk {
    Disk::new(DiskSettings { folder: folder.join("x"), bytes: ROOM })
}

fn block(bytes: usize) -> Block {
    let file = FileFacts { size: bytes as u64, modified_ms: 0 };
    Block { data: vec![1; bytes].into(), file }
}

fn has(disk: &Disk, name: &str) -> bool {
    disk.get(name, ROOM).is_some()
}

/// As if it was used so many seconds after the beginning of time.
fn set_used(disk: &Disk, name: &str, seconds: u64) {
    let file = File::options().write(true).open(disk.path(name)).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
}

fn held(folder: &Path) -> u64 {
    let listed = fs::read_dir(folder.join("x")).unwrap();
    listed.map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

#[test]
fn the_bound_is_kept_and_the_oldest_goes_first() {
    let dir = tempfile::tempdir().unwrap();
    let first = disk(dir.path());
    ["a", "b", "c", "d"].iter().for_each(|name| first.put(name, &block(90_000)));
    for (name, seconds) in [("a", 40), ("b", 10), ("c", 30), ("d", 20)] {
        assert!(has(&first, name));
        set_used(&first, name, seconds);
    }
    // Read by another process: it is the newest now.
    assert!(has(&disk(dir.path()), "b"));
    first.put("e", &block(90_000));
    assert!(held(dir.path()) <= ROOM);
    let there = ["a", "b", "c", "d", "e"].map(|name| has(&first, name));
    assert_eq!(there, [true, true, true, false, true]);
    for number in 0..300 {
        first.put(&format!("more {number}"), &block(number * 331));
        assert!(held(dir.path()) <= ROOM, "{number}");
    }
    assert!(!has(&first, "a") && has(&first, "more 299"));
}

#[test]
fn what_is_tiny_counts_too_so_that_files_do_not_pile_up() {
    let dir = tempfile::tempdir().unwrap();
    let disk = disk(dir.path());
    (0..100).for_each(|number| disk.put(&format!("{number}"), &block(1)));
    let files = fs::read_dir(dir.path().join("x")).unwrap().count() as u64;
    assert!((15..=ROOM / 16_384).contains(&files), "{files}");
}

#[test]
fn what_others_have_written_counts() {
    let dir = tempfile::tempdir().unwrap();
    disk(dir.path()).put("a", &block(90_000));
    let before = held(dir.path());
    for number in 0..20 {
        disk(dir.path()).put(&format!("{number}"), &block(90_000));
        assert!((before..=ROOM).contains(&held(dir.path())));
    }
}

#[test]
fn what_would_fill_a_quarter_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let disk = disk(dir.path());
    disk.put("a", &block(100_000));
    assert!(!has(&disk, "a") && !dir.path().join("x").exists());
}

#[test]
fn what_a_killed_process_left_goes_and_nothing_of_others() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("x");
    disk(dir.path()).put("a", &block(10));
    let (old, new) = (folder.join(evict::staging_name()), folder.join(evict::staging_name()));
    let others =
        ["notes.txt", ".hidden", "0123456789abcdef0123456789abcdeg"].map(|it| folder.join(it));
    others.iter().chain([&old, &new]).for_each(|path| fs::write(path, "half").unwrap());
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(9);
    for path in others.iter().chain([&old]) {
        File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
    }
    disk(dir.path()).put("b", &block(10));
    assert!(!old.exists() && new.exists() && others.iter().all(|path| path.exists()));
    assert!(has(&disk(dir.path()), "a") && has(&disk(dir.path()), "b"));
}

#[test]
fn a_disk_that_takes_nothing_is_not_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let disk = disk(dir.path());
    disk.put("a", &block(10));
    // A name that is taken by a folder stands for whatever makes a write fail.
    fs::create_dir_all(disk.path("b").join("x")).unwrap();
    disk.put("b", &block(10));
    disk.put("c", &block(10));
    assert!(has(&disk, "a") && !has(&disk, "b") && !has(&disk, "c"));
    let staged = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with('.');
    let listed = fs::read_dir(dir.path().join("x")).unwrap();
    assert!(!listed.into_iter().any(|entry| staged(&entry.unwrap().file_name())));
}
