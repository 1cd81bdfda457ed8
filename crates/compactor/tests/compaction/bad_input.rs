//! What cannot be read is put aside with a reason, and costs nothing beside it.

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_compactor::Settings;
use octolake_store::Lake;

use crate::lake::{column, counts, gzip, ids, line, push, put, run};

const KEY: &str = "raw/2026/03/02/10/x";

/// Counts after compacting one object, and the reasons in quarantine.
async fn compacted(bytes: impl Into<Vec<u8>>) -> (Lake, [u64; 4], Vec<String>) {
    let lake = Lake::in_memory();
    put(&lake, KEY, bytes).await;
    let report = run(&lake, &Settings::default()).await;
    let keys: Vec<_> =
        lake.store().list(Some(&Path::from("quarantine"))).try_collect().await.unwrap();
    let mut reasons = Vec::new();
    for key in keys {
        let bytes = lake.store().get(&key.location).await.unwrap().bytes().await.unwrap();
        let entry: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(entry["raw_key"], KEY);
        let offset = entry["offset"].as_u64().unwrap();
        assert!(key.location.as_ref().ends_with(&format!("/{offset:012}.json")));
        reasons.push(entry["reason"].as_str().unwrap().to_owned());
    }
    (lake, counts(&report), reasons)
}

#[tokio::test]
async fn a_truncated_gzip_keeps_what_was_whole() {
    let text: String = (0..200).map(|id| push(id, 2) + "\n").collect();
    let whole = gzip(text.as_bytes());
    let (lake, [read, stored, _, quarantined], reasons) =
        compacted(&whole[..whole.len() / 2]).await;
    assert!(stored > 0 && stored < 200, "{stored}");
    assert_eq!((read, quarantined), (stored + 1, 1));
    assert_eq!(reasons, ["corrupt_gzip"]);
    assert_eq!(ids(&lake).await.len() as u64, stored);
}

#[tokio::test]
async fn a_member_that_is_no_gzip_ends_the_object() {
    let mut bytes = gzip(push(1, 2).as_bytes());
    bytes.extend_from_slice(b"not gzip");
    let (lake, counts, reasons) = compacted(bytes).await;
    assert_eq!((counts, reasons), ([2, 1, 0, 1], vec!["corrupt_gzip".to_owned()]));
    assert_eq!(ids(&lake).await, [1]);
}

#[tokio::test]
async fn half_a_record_and_garbage_cost_no_neighbour() {
    let text = format!("{}\n{}\nhello\n{}\n", push(1, 2), &push(2, 2)[..90], push(3, 2));
    let (lake, counts, reasons) = compacted(text).await;
    assert_eq!((counts, reasons), ([3, 2, 0, 1], vec!["not_json".to_owned()]));
    assert_eq!(ids(&lake).await, [1, 3]);
}

#[tokio::test]
async fn invalid_utf8_is_put_aside() {
    let mut bytes =
        format!("{}\n{}\n", push(1, 2).replace("main", "m?in"), push(2, 2)).into_bytes();
    let at = bytes.iter().position(|b| *b == b'?').unwrap();
    bytes[at] = 0xff;
    let (lake, counts, reasons) = compacted(bytes).await;
    assert_eq!((counts, reasons), ([2, 1, 0, 1], vec!["not_json".to_owned()]));
    assert_eq!(ids(&lake).await, [2]);
}

#[tokio::test]
async fn a_gzip_bomb_is_read_in_windows() {
    let mut bytes = gzip(push(1, 2).as_bytes());
    bytes.extend(gzip(&vec![b'\n'; 200_000_000]));
    bytes.extend(gzip(&vec![b'x'; 100_000_000]));
    bytes.extend(gzip(format!("\n{}", push(2, 2)).as_bytes()));
    let (lake, counts, reasons) = compacted(bytes).await;
    assert_eq!((counts, reasons), ([3, 2, 0, 1], vec!["not_json".to_owned()]));
    assert_eq!(ids(&lake).await, [1, 2]);
}

#[tokio::test]
async fn a_large_record_is_taken_and_one_too_large_is_not() {
    let body = |megabytes: usize| format!(r#"{{"x":"{}"}}"#, "y".repeat(megabytes << 20));
    let large = line(1, "push", "2026-03-02T10:00:00Z", &body(20));
    let too_large = line(2, "push", "2026-03-02T10:00:00Z", &body(40));
    let (lake, counts, reasons) = compacted([large, too_large, push(3, 2)].concat()).await;
    assert_eq!((counts, reasons), ([3, 2, 0, 1], vec!["too_large".to_owned()]));
    assert_eq!(ids(&lake).await, [1, 3]);
}

#[tokio::test]
async fn deep_json_is_stored_as_it_is() {
    let body = format!(r#"{{"a":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    let (lake, counts, _) = compacted(line(1, "push", "2026-03-02T10:00:00Z", &body)).await;
    assert_eq!(counts, [1, 1, 0, 0]);
    assert_eq!(column(&lake, "payload").await, [body]);
}

#[tokio::test]
async fn wrong_types_give_nulls_and_keep_the_row() {
    let body = r#"{"action":1,"workflow_job":{"id":"x","labels":7,"started_at":[]}}"#;
    let (lake, counts, _) = compacted(line(1, "workflow_job", "2026-03-02T10:00:00Z", body)).await;
    assert_eq!(counts, [1, 1, 0, 0]);
    assert_eq!(column(&lake, "payload").await, [body]);
    let issues = column(&lake, "parse_issues").await;
    assert_eq!(issues, ["action,workflow_job_id,workflow_job_labels,workflow_job_started_at"]);
}

#[tokio::test]
async fn what_no_reader_can_hold_is_stored_as_it_is() {
    let bodies = [
        r#"{"action":"\ud800","number":1e999,"\ud800":"\udfff"}"#,
        r#"{"action":"opened","pull_request":{"id":1e999,"title":"\ud83d","x":1e999}}"#,
        r#"{"action":"opened","pull_request":{"title":"t","body":"\ud83d"},"repository":"\udc00"}"#,
    ];
    let lines: Vec<String> = (1..)
        .zip(bodies)
        .map(|(id, body)| line(id, "pull_request", "2026-03-02T10:00:00Z", body))
        .collect();
    let (lake, counts, reasons) = compacted(lines.concat()).await;
    assert_eq!((counts, reasons), ([3, 3, 0, 0], vec![]));
    assert_eq!(column(&lake, "payload").await, bodies);
    assert_eq!(
        column(&lake, "parse_issues").await,
        ["action", "pull_request_id,pull_request_title", "repo_id,repo_full_name"]
    );
    assert_eq!(column(&lake, "action").await, ["", "opened", "opened"]);
    assert_eq!(column(&lake, "pull_request_title").await, ["", "", "t"]);
}

#[tokio::test]
async fn an_id_that_is_no_guid_is_put_aside() {
    let text = push(1, 2).replace("00000000-0000-0000-0000-000000000001", "../../etc/passwd");
    let (_, counts, reasons) = compacted(text).await;
    assert_eq!((counts, reasons), ([1, 0, 0, 1], vec!["no_identity".to_owned()]));
}

#[tokio::test]
async fn empty_objects_are_done() {
    for bytes in [vec![], b"\n \n".to_vec(), gzip(b"")] {
        let (_, counts, reasons) = compacted(bytes).await;
        assert_eq!((counts, reasons.len()), ([0; 4], 0));
    }
}

#[tokio::test]
async fn a_foreign_file_under_raw_is_left_alone() {
    let lake = Lake::in_memory();
    put(&lake, "raw/README", "hello").await;
    put(&lake, KEY, push(1, 2)).await;
    assert_eq!(counts(&run(&lake, &Settings::default()).await), [1, 1, 0, 0]);
}
