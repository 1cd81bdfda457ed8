//! One id with two bodies, one body under two ids, and rows by who brought them.

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use octolake_compactor::Settings;
use octolake_lake::Table;
use octolake_store::Lake;

use crate::lake::{batches, column, counts, gzip, ids, line, put, repeats, run, run_at};

/// A delivery with a body that only `text` tells from others.
fn delivery(id: u128, day: u32, text: &str) -> String {
    let at = format!("2026-03-{day:02}T10:00:00Z");
    line(id, "push", &at, &format!(r#"{{"ref":"refs/heads/main","x":"{text}"}}"#))
}

async fn compacted(lake: &Lake, name: &str, lines: &[String]) -> ([u64; 4], [u64; 3]) {
    put(lake, &format!("raw/2026/03/02/10/{name}"), lines.concat()).await;
    let report = run(lake, &Settings::default()).await;
    (counts(&report), repeats(&report))
}

/// Conflicting, replayed, signed and unsigned, as the log has them.
async fn totals(lake: &Lake) -> [u64; 4] {
    let counts = Table::open(lake).await.unwrap().unwrap().progress().ledger.counts;
    [counts.conflicting, counts.replayed, counts.signed, counts.unsigned]
}

#[tokio::test]
async fn one_id_with_two_bodies_is_a_duplicate_and_counted() {
    let lake = Lake::in_memory();
    // In one batch.
    let lines = [delivery(1, 2, "a"), delivery(1, 2, "b"), delivery(1, 2, "a")];
    assert_eq!(compacted(&lake, "1", &lines).await, ([3, 1, 2, 0], [1, 0, 0]));
    // Against the lake, days later.
    let lines = [delivery(1, 5, "c"), delivery(1, 6, "a"), delivery(2, 2, "d")];
    assert_eq!(compacted(&lake, "2", &lines).await, ([3, 1, 2, 0], [1, 0, 0]));
    assert_eq!(totals(&lake).await, [2, 0, 2, 0]);
    let mut payloads = column(&lake, "payload").await;
    payloads.sort();
    let body = |text: &str| format!(r#"{{"ref":"refs/heads/main","x":"{text}"}}"#);
    assert_eq!(payloads, [body("a"), body("d")], "the first is kept");
}

#[tokio::test]
async fn one_body_under_two_ids_is_stored_twice_and_counted() {
    let lake = Lake::in_memory();
    // In one batch, on other days and as another type too: neither is signed.
    let lines = [
        delivery(1, 2, "a"),
        delivery(2, 2, "a"),
        delivery(3, 6, "a"),
        line(4, "star", "2026-03-02T10:00:00Z", r#"{"ref":"refs/heads/main","x":"a"}"#),
        delivery(5, 2, "b"),
    ];
    assert_eq!(compacted(&lake, "1", &lines).await, ([5, 5, 0, 0], [0, 3, 0]));
    // Against the lake, four days on at the most: delivery 3 came on the sixth.
    let lines = [delivery(6, 10, "a"), delivery(7, 20, "a"), delivery(8, 2, "c")];
    assert_eq!(compacted(&lake, "2", &lines).await, ([3, 3, 0, 0], [0, 1, 0]));
    // The same deliveries once more are duplicates and nothing else.
    let lines = [delivery(1, 2, "a"), delivery(6, 10, "a")];
    assert_eq!(compacted(&lake, "3", &lines).await, ([2, 0, 2, 0], [0, 0, 0]));
    assert_eq!(totals(&lake).await, [0, 4, 8, 0]);
    assert_eq!(ids(&lake).await, (1..=8).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_ping_repeats_by_nature_and_only_a_ping_is_one() {
    let lake = Lake::in_memory();
    let zen = r#"{"zen":"Design for failure.","hook_id":7}"#;
    let ping = |id, event, body| line(id, event, "2026-03-02T10:00:00Z", body);
    let lines = [ping(1, "ping", zen), ping(2, "ping", zen)];
    assert_eq!(compacted(&lake, "1", &lines).await, ([2, 2, 0, 0], [0, 0, 0]));
    assert_eq!(compacted(&lake, "2", &[ping(3, "ping", zen)]).await.1, [0, 0, 0]);
    // The header that names the type is not signed: another body is no ping for it, and a ping that
    // calls itself something else is none either.
    let lines = [delivery(4, 2, "a"), ping(5, "ping", r#"{"ref":"refs/heads/main","x":"a"}"#)];
    assert_eq!(compacted(&lake, "3", &lines).await.1, [0, 1, 0]);
    assert_eq!(compacted(&lake, "4", &[ping(6, "push", zen)]).await.1, [0, 1, 0]);
}

#[tokio::test]
async fn rows_are_told_apart_by_who_brought_them() {
    let lake = Lake::in_memory();
    let other = r#"{"version":"0","id":"00000000-0000-0000-0000-0000000000ff","detail-type":"push","source":"github.com","time":"2026-03-02T10:00:00Z","detail":{"ref":"x"}}"#;
    let lines = [delivery(1, 2, "a"), other.to_owned(), delivery(2, 2, "b")];
    assert_eq!(compacted(&lake, "1", &lines).await, ([3, 3, 0, 0], [0, 0, 1]));
    assert_eq!(compacted(&lake, "2", &[other.to_owned()]).await, ([1, 0, 1, 0], [0, 0, 0]));
    assert_eq!(totals(&lake).await, [0, 0, 2, 1]);
    assert_eq!(column(&lake, "origin").await, ["door", "other", "door"]);
}

#[tokio::test]
async fn a_merge_keeps_what_repeats_are_known_by() {
    let lake = Lake::in_memory();
    let text = |n: u128| format!("body {n}");
    for n in 0..9_u128 {
        put(&lake, &format!("raw/2026/03/02/10/{n}"), delivery(n, 2, &text(n))).await;
        run_at(&lake, &Settings::default(), "2026-03-02T11:00:00Z").await;
    }
    assert_eq!(Table::open(&lake).await.unwrap().unwrap().files().len(), 2, "eight were merged");
    let lines: Vec<String> = (0..9).map(|n| delivery(n, 3, &text(n + 1))).collect();
    assert_eq!(compacted(&lake, "again", &lines).await, ([9, 0, 9, 0], [9, 0, 0]));
    let lines: Vec<String> = (0..9).map(|n| delivery(n + 100, 3, &text(n))).collect();
    assert_eq!(compacted(&lake, "others", &lines).await, ([9, 9, 0, 0], [0, 9, 0]));
    let hashes: Vec<i64> = batches(&lake)
        .await
        .iter()
        .flat_map(|batch| {
            let hashes = batch.column_by_name("payload_hash").unwrap();
            hashes.as_primitive::<Int64Type>().iter().flatten().collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(hashes.len(), 18);
    assert!(column(&lake, "origin").await.iter().all(|origin| origin == "door"));
}

#[tokio::test]
async fn a_claim_checked_body_is_compared_like_any_other() {
    let lake = Lake::in_memory();
    let body = r#"{"ref":"refs/heads/large","x":"0123456789"}"#;
    // From `printf '…' | sha256sum`.
    let sha = "7178e15d8a0fdc0251cf36c7c16a52cca441ac25d4ad861920fb2345103b42a7";
    let key = "large/2026/03/02/00000000-0000-0000-0000-000000000001.json.gz";
    put(&lake, key, gzip(body.as_bytes())).await;
    let large = |id: u128| {
        let bytes = body.len();
        format!(
            r#"{{"version":"0","detail-type":"push","source":"github.com","detail":{{"_delivery":{{"id":"00000000-0000-0000-0000-{id:012}","received_at":"2026-03-02T10:00:00Z","large":{{"key":"{key}","bytes":{bytes},"sha256":"{sha}"}}}}}}}}"#
        )
    };
    let whole = |id: u128| line(id, "push", "2026-03-02T10:00:00Z", body);
    assert_eq!(compacted(&lake, "1", &[large(1), whole(2)]).await, ([2, 2, 0, 0], [0, 1, 0]));
    assert_eq!(compacted(&lake, "2", &[large(3)]).await, ([1, 1, 0, 0], [0, 1, 0]));
    let lines = [large(1), whole(1), large(2)];
    assert_eq!(compacted(&lake, "3", &lines).await, ([3, 0, 3, 0], [0, 0, 0]));
    assert_eq!(compacted(&lake, "4", &[delivery(1, 2, "a")]).await.1, [1, 0, 0]);
    let row = delivery(9, 2, "a");
    assert_eq!(compacted(&lake, "5", &[row, large(9)]).await, ([2, 1, 1, 0], [1, 0, 0]));
}

#[tokio::test]
async fn a_dry_run_counts_repeats_too() {
    let lake = Lake::in_memory();
    compacted(&lake, "1", &[delivery(1, 2, "a")]).await;
    let lines = [delivery(1, 2, "b"), delivery(2, 2, "a")];
    put(&lake, "raw/2026/03/02/10/2", lines.concat()).await;
    let report = run(&lake, &Settings { dry_run: true, ..Settings::default() }).await;
    assert_eq!((counts(&report), repeats(&report)), ([2, 1, 1, 0], [1, 1, 0]));
    assert_eq!(totals(&lake).await, [0, 0, 1, 0]);
}
