//! The same answers with the projection, without it, and with a damaged one; who reads what.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use octolake_tests::{TestLake, fixtures};
use serde_json::Value;

/// Every question that the example has answers to, and some more: windows, periods, SQL.
fn questions() -> Vec<Vec<String>> {
    let answers = fixtures::example_answers();
    let reports = answers.as_object().unwrap().iter().filter(|(_, wanted)| wanted.is_object());
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut all: Vec<Vec<String>> =
        reports.map(|(question, _)| [words("report"), words(question)].concat()).collect();
    for more in [
        "report lead-time --by week,repo",
        "report queue-latency --by repo,label --since 2026-03-02",
        "report lead-time --since 2026-03-02 --until 2026-03-03",
        "report queue-latency --since 0001-01-01 --until 9999-12-31",
        "report lead-time --since 0001-01-01",
    ] {
        all.push(words(more));
    }
    for sql in [
        "select event_type, date, count(*) as n from events group by 1, 2 order by 1, 2",
        "select event_type, count(*) as n from events where event_type <> 'push' group by 1 order by 1",
        "select count(*) as n, min(date) as d, max(date) as e, max(event_type) as t from events",
        "select count(*) as n from events where date >= date '2026-03-02' and event_type like 'work%'",
        "select event_type, max(length(payload)) as n from events group by 1 order by 1",
        "select delivery_id, date, raw_key, received_at from events order by 1",
        "select e.delivery_id, length(f.payload) as n from events e join events f on e.delivery_id = f.delivery_id where e.date = f.date order by 1",
    ] {
        all.push(vec!["sql".to_owned(), sql.to_owned()]);
    }
    all
}

fn answers(lake: &TestLake) -> Vec<Value> {
    let ask = |words: &Vec<String>| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        lake.json(&words)
    };
    questions().iter().map(ask).collect()
}

fn newest(log: &Path) -> PathBuf {
    let commits = fs::read_dir(log).unwrap().map(|entry| entry.unwrap().path());
    commits.filter(|path| path.extension().is_some_and(|it| it == "json")).max().unwrap()
}

fn projection(lake: &TestLake) -> Value {
    lake.json(&["status"])["projection"].clone()
}

#[test]
fn answers_are_the_same_by_whichever_way_they_are_read() {
    let lake = TestLake::example();
    let report = lake.json(&["compact"]);
    assert_eq!(report["projection"]["whole"], true);
    assert_eq!(projection(&lake)["used"], true);
    let by_projection = answers(&lake);

    let folder = lake.path().join("projection");
    let log = folder.join("_delta_log");
    fs::write(newest(&log), "{").unwrap();
    assert_eq!(answers(&lake), by_projection, "a damaged log");
    assert!(projection(&lake)["reason"].as_str().unwrap().contains("_delta_log"));

    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(answers(&lake), by_projection, "none at all");
    assert_eq!(projection(&lake)["reason"], "there is none");

    let made = lake.json(&["compact", "--rebuild-projection"]);
    assert_eq!(made["whole"], true);
    assert_eq!(projection(&lake)["used"], true);
    assert_eq!(answers(&lake), by_projection, "made anew");
}

#[test]
fn a_file_that_is_gone_is_read_from_the_table_and_found() {
    let lake = TestLake::example();
    lake.json(&["compact"]);
    let answers = answers(&lake);
    let of_facts = [
        &["report", "queue-latency"][..],
        &["report", "queue-latency", "--drill"],
        &["sql", "select count(*) from workflow_jobs"],
    ];
    let of_rows = [&["sql", "select count(distinct delivery_id) from events"][..]];
    let gone: [(&str, &[&[&str]]); 2] =
        [("projection/_facts", &of_facts), ("projection/event_type=workflow_job", &of_rows)];
    for (folder, told) in gone {
        fs::remove_dir_all(lake.path().join(folder)).unwrap();
        assert_eq!(self::answers(&lake), answers, "without {folder}");
        says_what_to_run(&lake, told);
        assert_eq!(lake.run(&["verify"]).code, Some(3));
        lake.json(&["compact", "--rebuild-projection"]);
        lake.verify();
        let told = lake.run(&["report", "queue-latency"]).fine().stderr;
        assert!(!told.contains("projection"), "{told}");
    }
}

fn says_what_to_run(lake: &TestLake, commands: &[&[&str]]) {
    for words in commands {
        let told = lake.run(words).fine().stderr;
        assert!(told.contains("`lakequery compact --rebuild-projection`"), "{words:?}: {told}");
    }
}
