//! `report --fresh`: what is not compacted yet counts, each delivery once, and nothing is written;
//! and each answer tells how much waits.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, File};

use octolake_tests::lake::envelope;
use octolake_tests::{TestLake, fixtures};
use serde_json::{Value, json};

/// The example with its last raw object still outside of the lake.
fn without_the_last() -> TestLake {
    let lake = TestLake::example();
    fs::remove_dir_all(lake.path().join("raw/2026/03/02/12")).unwrap();
    lake
}

fn last() -> Vec<u8> {
    fs::read(fixtures::folder().join("example/raw/2026/03/02/12/two-members.gz")).unwrap()
}

/// Puts a raw object into a day that no run seals: it is not over.
fn put_open(lake: &TestLake, name: &str, bytes: &[u8]) {
    let folder = lake.path().join("raw/2099/01/01/00");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}

fn report(lake: &TestLake, question: &str, more: &[&str]) -> Value {
    let args: Vec<&str> = ["report"].into_iter().chain(question.split(' ')).collect();
    lake.json(&[&args, more].concat())
}

/// The example's questions are answered as its answers say, with these flags; gives the last answer.
fn assert_answers(lake: &TestLake, flags: &[&str]) -> Value {
    let answers = fixtures::example_answers();
    let reports = answers.as_object().unwrap().iter().filter(|(_, wanted)| wanted.is_object());
    let mut seen = vec![];
    for (question, wanted) in reports {
        let answer = report(lake, question, flags);
        for (member, value) in wanted.as_object().unwrap() {
            assert_eq!(&answer[member], value, "{question}: {member}");
        }
        seen.push(answer);
    }
    assert_eq!(seen.len(), 8);
    seen.pop().unwrap()
}

#[test]
fn what_waits_counts_once_and_nothing_is_written() {
    let lake = without_the_last();
    lake.json(&["compact"]);
    let of_two = report(&lake, "lead-time", &[]);
    assert_eq!(of_two["freshness"]["backlog_objects"], 0);

    put_open(&lake, "late.gz", &last());
    let again = fs::read(lake.path().join("raw/2026/03/02/08/lines")).unwrap();
    put_open(&lake, "again", &again);
    put_open(&lake, "late-again.gz", &last());
    put_open(&lake, "broken", b"{\"id\": no JSON\n");
    let before = lake.files("");

    let answer = assert_answers(&lake, &["--fresh"]);
    assert_eq!(answer["freshness"]["fresh_objects"], 4);
    assert_eq!(answer["freshness"]["backlog_objects"], 4);
    // Without it the answer is as it was, and says what it leaves out.
    let mut left = report(&lake, "lead-time", &[]);
    assert_eq!(left["freshness"]["backlog_objects"], 4);
    assert_eq!(left["freshness"]["fresh_objects"], Value::Null);
    left["freshness"]["backlog_objects"] = json!(0);
    assert_eq!(left, of_two);
    assert_eq!(lake.files(""), before);

    let questions =
        ["lead-time --by repo", "queue-latency --by label", "lead-time --measure first_review"];
    let fresh = questions.map(|question| report(&lake, question, &["--fresh"]));
    let drilled = report(&lake, "queue-latency", &["--fresh", "--drill"]);
    let done = lake.json(&["compact"]);
    assert_eq!([&done["read"], &done["quarantined"]], [46, 1]);
    for (question, mut fresh) in questions.into_iter().zip(fresh) {
        let compacted = report(&lake, question, &["--fresh"]);
        assert_eq!(compacted["freshness"]["backlog_objects"], 0);
        fresh["freshness"] = compacted["freshness"].clone();
        assert_eq!(fresh, compacted, "{question}");
    }
    assert_eq!(drilled, report(&lake, "queue-latency", &["--drill"]));
}

#[test]
fn what_came_late_into_a_sealed_day_counts_too() {
    let lake = without_the_last();
    lake.json(&["compact"]);
    assert_eq!(lake.json(&["status"])["backlog"]["objects"], 0);
    lake.put_raw("late.gz", &last());
    let answer = report(&lake, "lead-time", &["--fresh"]);
    assert_eq!(answer["excluded"], json!({"open": 1, "closed_unmerged": 1}));
    assert_eq!([&answer["n"], &answer["freshness"]["fresh_objects"]], [4, 1]);
}

#[test]
fn the_newest_arrival_is_that_of_what_waits() {
    let lake = without_the_last();
    lake.json(&["compact"]);
    let newest = |flags: &[&str]| report(&lake, "lead-time", flags)["freshness"].clone();
    let stored = newest(&[])["newest_arrival"].clone();
    put_open(&lake, "late.gz", &last());
    assert_eq!(newest(&[])["newest_arrival"], stored);
    let fresh = newest(&["--fresh"])["newest_arrival"].clone();
    // The last delivery of pull requests in the example.
    assert_eq!(fresh, "2026-03-02T11:10:00.250Z");
    assert_ne!(fresh, stored);
}

#[test]
fn a_lake_that_was_never_compacted_has_fresh_answers() {
    let lake = TestLake::example();
    let answer = assert_answers(&lake, &["--fresh"]);
    assert_eq!(answer["freshness"]["fresh_objects"], 3);
    assert!(!lake.path().join("events").exists());
    assert!(!lake.path().join("quarantine").exists());
    let run = lake.run(&["report", "lead-time", "--fresh"]).fine();
    assert!(run.stdout.contains(" 3 raw objects that are not compacted yet are in it."));
    assert!(!run.stdout.contains("or --fresh"), "{}", run.stdout);
}

#[test]
fn what_cannot_be_read_is_told_and_left_out() {
    let lake = TestLake::new();
    lake.put_raw("broken", b"no JSON\n");
    let large = json!({"_delivery": {"large": {"key": "large/none", "bytes": 1, "sha256": "0"}}});
    lake.put_raw("large", envelope(1, "push", &large).as_bytes());
    let run = lake.run(&["report", "lead-time", "--fresh"]).fine();
    assert!(run.stderr.contains("cannot be read and are left out"), "{}", run.stderr);
    assert!(!lake.path().join("quarantine").exists());
}

#[test]
fn too_much_is_refused() {
    let lake = TestLake::example();
    lake.put_raw("huge", b"");
    let huge = File::options().write(true).open(lake.path().join("raw/2026/03/02/10/huge"));
    // It has no blocks on the disk.
    huge.unwrap().set_len(257 << 20).unwrap();
    let run = lake.run(&["report", "lead-time", "--fresh"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("more than 256 MiB: run `lakequery compact` first"));
}
