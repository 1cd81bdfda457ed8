//! What a killed process has left half-written is in a folder of its own, and goes with a vacuum.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use octolake_tests::TestLake;

/// A file that was last written so many days ago.
fn left(lake: &TestLake, name: &str, days: u64) -> PathBuf {
    let path = lake.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "half").unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the file system dates files by the clock")]
    let now = SystemTime::now();
    file.set_modified(now - Duration::from_hours(24 * days)).unwrap();
    path
}

#[test]
fn what_was_left_goes_when_it_is_old() {
    let lake = TestLake::example();
    let old = left(&lake, "staging/0123456789abcdef0123456789abcdef", 30);
    let fresh = left(&lake, "staging/fedcba9876543210fedcba9876543210", 1);
    let foreign = left(&lake, "staging/notes.txt", 30);
    // As an older version left it, where no listing shows it.
    let folder = "events/event_type=push/date=2026-03-02";
    let beside = format!("{folder}/part-1.parquet#{}", "1234567890".repeat(4));
    let beside = left(&lake, &beside, 30);
    let report = lake.json(&["compact"]);
    assert_eq!(report["files_vacuumed"], 2);
    assert_eq!(
        [&old, &fresh, &foreign, &beside].map(|path| path.exists()),
        [false, true, true, false]
    );
    // Nothing that a run has written is among them.
    assert_eq!(lake.paths("staging").len(), 2);
    lake.verify();
}
