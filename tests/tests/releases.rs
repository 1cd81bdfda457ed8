//! Lakes that earlier versions have made: this one opens, compacts, reports and proves each of them.
//!
//! `fixtures/lakes/make` made them of the example's first two raw objects, each by the binary of its
//! time. What must come out is what the example's answers say, whoever began.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use octolake_tests::{TestLake, fixtures};
use serde_json::{Value, json};

/// The folders of the lakes, in order of their names.
fn lakes() -> Vec<PathBuf> {
    let entries = fs::read_dir(fixtures::folder().join("lakes")).unwrap();
    let mut lakes: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    lakes.retain(|path| path.is_dir());
    lakes.sort();
    assert!(lakes.len() >= 3, "{lakes:?}");
    lakes
}

/// The raw object of the example that the older version never saw, and one that it did.
fn add_raw(lake: &TestLake) {
    let example = fixtures::folder().join("example/raw/2026/03/02");
    lake.put_raw("late.gz", &fs::read(example.join("12/two-members.gz")).unwrap());
    lake.put_raw("again", &fs::read(example.join("08/lines")).unwrap());
}

/// What of an answer is asked for: the example's answers leave some members out.
fn of(answer: &Value, wanted: &Value) -> Value {
    let members = wanted.as_object().unwrap().keys();
    members
        .map(|name| (name.clone(), answer[name].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn assert_reports(lake: &TestLake, name: &str) {
    let answers = fixtures::example_answers();
    let reports = answers.as_object().unwrap().iter().filter(|(_, wanted)| wanted.is_object());
    let mut count = 0;
    for (question, wanted) in reports {
        let args: Vec<&str> = ["report"].into_iter().chain(question.split(' ')).collect();
        assert_eq!(&of(&lake.json(&args), wanted), wanted, "{name}: {question}");
        count += 1;
    }
    assert_eq!(count, 8);
}

#[test]
fn a_lake_of_each_version_is_opened_compacted_and_reported() {
    for folder in lakes() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let lake = TestLake::copy_of(&folder);
        // As it was left: 14 + 15 rows, two repetitions, and a record that cannot be read.
        let rows = "select count(*) as n, count(distinct payload) as p from events";
        assert_eq!(lake.sql(rows)[0]["n"], 29, "{name}");
        assert_eq!(lake.json(&["status"])["ledger"]["read"], 32, "{name}");

        add_raw(&lake);
        let report = lake.json(&["compact"]);
        let counts = ["read", "stored", "duplicates", "quarantined"].map(|it| report[it].clone());
        assert_eq!(counts, [json!(30), json!(15), json!(15), json!(0)], "{name}: {report}");
        assert_reports(&lake, &name);
        let ledger = lake.json(&["status"])["ledger"].clone();
        let ledger = ["read", "stored", "duplicates", "quarantined"].map(|it| ledger[it].clone());
        assert_eq!(ledger, [json!(62), json!(44), json!(17), json!(1)], "{name}");
        assert_eq!(lake.ids().len(), 44, "{name}");
        let proof = lake.json(&["verify", "--deep"]);
        assert_eq!(
            (&proof["holds"], &proof["rows"]),
            (&json!(true), &json!(44)),
            "{name}: {proof}"
        );
        // What is merged of its files, and what is sealed of its days, changes nothing.
        let again = lake.json(&["compact"]);
        assert_eq!((&again["read"], &again["stored"]), (&json!(0), &json!(0)), "{name}");
        assert_eq!(lake.json(&["compact", "--rebuild"])["swapped"], true, "{name}");
        assert_eq!(lake.ids().len(), 44, "{name}");
        lake.verify();
    }
}
