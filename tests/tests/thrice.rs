//! The raw log three times over is the same lake: however often a record comes, in whatever objects
//! and framings, and in however many runs, the rows are those of the records as they were at first.
//! `OCTOLAKE_SEED` sets the order.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use octolake_tests::framing::Framing;
use octolake_tests::github::guid;
use octolake_tests::lake::{envelope, envelope_at};
use octolake_tests::{Chance, TestLake, fixtures};
use serde_json::{Value, json};

const COPIES: usize = 3;
/// Records that another producer brought: without `_delivery`, and so named by themselves.
const OTHERS: usize = 40;
const BROKEN: &str = "{\"version\":\"0\",\"detail-type\": here it ends\n";

/// Every example payload of GitHub's community, over two days, some records without `_delivery`,
/// and some whose payload misfits its columns.
fn records() -> Vec<String> {
    let examples = fixtures::webhooks_examples();
    let mut records: Vec<String> = examples
        .iter()
        .enumerate()
        .map(|(n, example)| {
            let at = format!("2026-03-{:02}T{:02}:{:02}:07.{n:03}Z", 1 + n % 2, n % 24, n % 60);
            envelope_at(n, &example.event, &at, &example.payload)
        })
        .collect();
    for n in (records.len()..).take(OTHERS) {
        let payload =
            json!({"action": n, "repository": {"id": "none"}, "ref": format!("é {n} \"")});
        let mut record: Value = serde_json::from_str(&envelope(n, "push", &payload)).unwrap();
        record["detail"].as_object_mut().unwrap().remove("_delivery");
        records.push(format!("{record}\n"));
    }
    records
}

/// Every row without the raw object that it came from, in the order of their ids.
fn rows(lake: &TestLake) -> Vec<Value> {
    let mut rows = lake.sql("select * from events order by delivery_id");
    for row in &mut rows {
        assert!(row.as_object_mut().unwrap().remove("raw_key").unwrap().is_string());
    }
    rows
}

/// The records as they are: in one object, compacted once.
fn once(records: &[String]) -> TestLake {
    let lake = TestLake::new();
    lake.put_raw("all", &Framing::Lines.object(records));
    let report = lake.json(&["compact"]);
    let [read, stored] = ["read", "stored"].map(|name| report[name].as_u64().unwrap() as usize);
    assert_eq!((read, stored), (records.len(), records.len()), "{report}");
    lake
}

/// Each record three times, over objects of any size and framing, in several runs.
fn thrice(records: &[String], chance: &mut Chance) -> TestLake {
    let lake = TestLake::new();
    let mut copies: Vec<String> =
        records.iter().cycle().take(COPIES * records.len()).cloned().collect();
    chance.shuffle(&mut copies);
    let (mut left, mut object, mut broken) = (copies.as_slice(), 0, 0);
    while !left.is_empty() {
        let (some, rest) = left.split_at((1 + chance.below(60)).min(left.len()));
        let framing = Framing::ALL[object % 4];
        let mut some = some.to_vec();
        if framing == Framing::Gzip {
            some.push(BROKEN.to_owned());
            broken += 1;
        }
        lake.put_raw(&format!("{object:03}"), &framing.object(&some));
        object += 1;
        left = rest;
        if chance.one_in(12) {
            lake.json(&["compact"]);
        }
    }
    lake.json(&["compact"]);
    let totals: Vec<Value> = ["read", "stored", "duplicates", "quarantined"]
        .map(|name| total(&lake, &format!("octolake.{name}")))
        .into();
    let expected = [COPIES * records.len() + broken, records.len(), 2 * records.len(), broken];
    assert_eq!(totals, expected.map(Value::from));
    lake
}

/// The newest of a running total in the table's log.
fn total(lake: &TestLake, name: &str) -> Value {
    let commits = lake.commits();
    let mut newest_first = commits.iter().flatten().rev();
    newest_first.find(|action| action["txn"]["appId"] == name).unwrap()["txn"]["version"].clone()
}

#[test]
fn the_raw_log_three_times_over_is_the_same_lake() {
    let (records, mut chance) = (records(), Chance::of_this_run());
    let (once, thrice) = (once(&records), thrice(&records, &mut chance));
    let (first, second) = (rows(&once), rows(&thrice));
    assert_eq!(first.len(), records.len());
    for (n, row) in first.iter().enumerate() {
        assert_eq!(row["delivery_id"], guid(n));
    }
    for (first, second) in first.iter().zip(&second) {
        assert_eq!(first, second);
    }
    assert_eq!(second.len(), records.len());
    once.verify();
    thrice.verify();
}
