//! From an envelope's text to the row that the lake stores.

#![expect(clippy::unwrap_used, reason = "a test stops at a surprise")]

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use octolake_event::framing::{Found, next_record};
use octolake_tables::{BatchBuilder, Decoders, Row};

fn decode(detail_type: &str, payload: &str) -> RecordBatch {
    let inner = payload.strip_prefix('{').unwrap();
    let comma = if inner == "}" { "" } else { "," };
    let text = format!(
        r#"{{"detail-type":"{detail_type}","source":"github.com","detail":{{"_delivery":{{"id":"00000000-0000-0000-0000-00000000000A","received_at":"2026-03-02T10:00:00.250Z","hook_id":"77"}}{comma}{inner}}}"#
    );
    decode_line(detail_type, &text)
}

fn decode_line(detail_type: &str, text: &str) -> RecordBatch {
    let Found::Record { envelope, .. } = next_record(text.as_bytes(), 0, true) else {
        panic!("not a record: {text}")
    };
    let plan = Decoders::default().plan(detail_type);
    let row = Row::decode(&plan, &envelope).unwrap();
    assert_eq!(row.partition(&plan).folder().rsplit_once('/').unwrap().1, "date=2026-03-02");
    let mut builder = BatchBuilder::new(plan);
    builder.push(&row, "raw/2026/03/02/10/x");
    builder.finish().unwrap()
}

fn text<'a>(batch: &'a RecordBatch, column: &str) -> Option<&'a str> {
    let array = batch.column_by_name(column).unwrap().as_string::<i32>();
    array.is_valid(0).then(|| array.value(0))
}

fn integer(batch: &RecordBatch, column: &str) -> Option<i64> {
    let array = batch.column_by_name(column).unwrap().as_primitive::<Int64Type>();
    array.is_valid(0).then(|| array.value(0))
}

fn micros(batch: &RecordBatch, column: &str) -> Option<i64> {
    let array = batch.column_by_name(column).unwrap().as_primitive::<TimestampMicrosecondType>();
    array.is_valid(0).then(|| array.value(0))
}

#[test]
fn a_job_fills_its_columns() {
    let payload = r#"{"action":"completed","workflow_job":{"id":9007199254740993,"run_id":2,"run_attempt":1,"labels":["linux","a,b"],"created_at":"2026-03-02T09:59:00Z","started_at":"2026-03-02T10:00:00Z","completed_at":null,"runner_id":null,"steps":[{"started_at":"2026-03-02T10:00:01Z"}]},"repository":{"id":5,"full_name":"a/b"},"organization":{"login":"a"},"sender":{"login":"x[bot]","type":"Bot"}}"#;
    let batch = decode("workflow_job", payload);
    assert_eq!(text(&batch, "delivery_id"), Some("00000000-0000-0000-0000-00000000000a"));
    assert_eq!(text(&batch, "action"), Some("completed"));
    assert_eq!(text(&batch, "payload"), Some(payload));
    assert_eq!(text(&batch, "repo_full_name"), Some("a/b"));
    assert_eq!(text(&batch, "org_login"), Some("a"));
    assert_eq!(text(&batch, "sender_type"), Some("Bot"));
    assert_eq!(text(&batch, "raw_key"), Some("raw/2026/03/02/10/x"));
    assert_eq!(text(&batch, "parse_issues"), None);
    assert_eq!(integer(&batch, "hook_id"), Some(77));
    assert_eq!(integer(&batch, "workflow_job_id"), Some(9_007_199_254_740_993));
    assert_eq!(integer(&batch, "workflow_job_runner_id"), None);
    assert_eq!(micros(&batch, "received_at"), Some(1_772_445_600_250_000));
    assert_eq!(micros(&batch, "occurred_at"), Some(1_772_445_600_000_000));
    assert_eq!(micros(&batch, "workflow_job_steps_started_at"), Some(1_772_445_601_000_000));
    let labels = batch.column_by_name("workflow_job_labels").unwrap().as_list::<i32>().value(0);
    assert_eq!(labels.as_string::<i32>().iter().flatten().collect::<Vec<_>>(), ["linux", "a,b"]);
}

#[test]
fn unexpected_types_are_null_and_named() {
    let payload = r#"{"action":7,"workflow_job":{"id":"9","labels":{},"created_at":12,"started_at":false},"repository":"none","deployment":[{"id":1}]}"#;
    let batch = decode("workflow_job", payload);
    assert_eq!(text(&batch, "payload"), Some(payload));
    assert_eq!(integer(&batch, "workflow_job_id"), None);
    assert_eq!(micros(&batch, "workflow_job_created_at"), Some(12_000_000));
    let mut issues: Vec<_> = text(&batch, "parse_issues").unwrap().split(',').collect();
    issues.retain(|issue| !issue.starts_with("deployment_"));
    assert_eq!(
        issues,
        [
            "action",
            "workflow_job_id",
            "workflow_job_labels",
            "workflow_job_started_at",
            "repo_id",
            "repo_full_name"
        ]
    );
}

#[test]
fn a_hostile_event_type_is_kept_in_a_column() {
    let batch = decode("../x", "{}");
    assert_eq!(text(&batch, "event_type_original"), Some("../x"));
    assert_eq!(text(&batch, "payload"), Some("{}"));
}

#[test]
fn a_repeated_member_counts_once_and_last() {
    let batch = decode("push", r#"{"ref":1,"ref":"a","ref":"b","repository":{"pushed_at":60}}"#);
    assert_eq!(text(&batch, "push_ref"), Some("b"));
    assert_eq!(text(&batch, "parse_issues"), None);
    assert_eq!(micros(&batch, "occurred_at"), Some(60_000_000));
}

#[test]
fn a_row_says_who_brought_it_and_what_its_body_hashes_to() {
    // From another implementation of XXH64.
    let (payload, hash) = (r#"{"ref":"refs/heads/main"}"#, -7_526_876_871_900_353_503);
    let ours = decode("push", payload);
    assert_eq!((text(&ours, "origin"), integer(&ours, "payload_hash")), (Some("door"), Some(hash)));
    let line = format!(
        r#"{{"id":"00000000-0000-0000-0000-00000000000A","detail-type":"push","time":"2026-03-02T10:00:00Z","detail":{payload}}}"#
    );
    let other = decode_line("push", &line);
    assert_eq!(text(&other, "origin"), Some("other"));
    assert_eq!(integer(&other, "payload_hash"), Some(hash));
}

#[test]
fn what_no_reader_can_hold_is_null_in_its_own_column_alone() {
    for (member, column) in [
        (r#""id":1e999"#, "workflow_job_id"),
        (r#""id":-1e400"#, "workflow_job_id"),
        (r#""name":"a\ud800b""#, "workflow_job_name"),
        (r#""name":1e999"#, "workflow_job_name"),
        (r#""created_at":"\udfff""#, "workflow_job_created_at"),
        (r#""labels":["a","\ud800"]"#, "workflow_job_labels"),
        (r#""labels":[1e999]"#, "workflow_job_labels"),
        (r#""labels":[{"name":"\ud800"}]"#, "workflow_job_labels"),
        (r#""steps":[{"started_at":1e999}]"#, "workflow_job_steps_started_at"),
        (r#""name":{"\ud800":1e999}"#, "workflow_job_name"),
    ] {
        let payload = format!(
            r#"{{"action":"queued","workflow_job":{{"run_id":7,{member},"head_sha":"f"}},"repository":{{"full_name":"a/b"}}}}"#
        );
        let batch = decode("workflow_job", &payload);
        assert_eq!(text(&batch, "parse_issues"), Some(column), "{payload}");
        assert_eq!(text(&batch, "payload"), Some(&*payload));
        assert!(batch.column_by_name(column).unwrap().is_null(0), "{payload}");
        assert_eq!(integer(&batch, "workflow_job_run_id"), Some(7));
        assert_eq!(text(&batch, "workflow_job_head_sha"), Some("f"));
        assert_eq!(text(&batch, "repo_full_name"), Some("a/b"));
        assert_eq!(text(&batch, "action"), Some("queued"));
    }
}

#[test]
fn what_no_reader_can_hold_is_skipped_where_it_is_no_column() {
    for odd in [
        r#""x":1e999"#,
        r#""x":"\ud800""#,
        r#""\ud800":"\udfff""#,
        r#""x":{"\ud800":[1e999,{"\udc00":"\ud800"}]}"#,
    ] {
        let payload = format!(
            r#"{{"action":"queued",{odd},"workflow_job":{{{odd},"run_id":7,"labels":[{{{odd},"name":"gpu"}}],"steps":[{{{odd},"started_at":"1970-01-01T00:00:02Z"}}]}},"repository":{{{odd},"full_name":"a/b"}}}}"#
        );
        let batch = decode("workflow_job", &payload);
        assert_eq!(text(&batch, "parse_issues"), None, "{payload}");
        assert_eq!(text(&batch, "payload"), Some(&*payload));
        assert_eq!(integer(&batch, "workflow_job_run_id"), Some(7));
        assert_eq!(micros(&batch, "workflow_job_steps_started_at"), Some(2_000_000));
        let labels = batch.column_by_name("workflow_job_labels").unwrap().as_list::<i32>().value(0);
        assert_eq!(labels.as_string::<i32>().iter().flatten().collect::<Vec<_>>(), ["gpu"]);
        assert_eq!(text(&batch, "repo_full_name"), Some("a/b"));
    }
}

#[test]
fn an_object_that_no_reader_can_hold_costs_its_own_columns() {
    let payload = r#"{"repository":1e999,"ref":"refs/heads/main","sender":"\ud800","organization":{"login":"a"}}"#;
    let batch = decode("push", payload);
    let mut issues: Vec<_> = text(&batch, "parse_issues").unwrap().split(',').collect();
    issues.sort_unstable();
    let lost =
        ["push_repository_pushed_at", "repo_full_name", "repo_id", "sender_login", "sender_type"];
    assert_eq!(issues, lost);
    assert_eq!(text(&batch, "push_ref"), Some("refs/heads/main"));
    assert_eq!(text(&batch, "org_login"), Some("a"));
}

#[test]
fn depth_is_no_fault_wherever_it_is() {
    let deep = format!("{}1e999{}", r#"[{"a":"#.repeat(50_000), "}]".repeat(50_000));
    for (member, issues) in [
        ("x", None),
        ("ref", Some("push_ref")),
        // An array of whatever it may be: only its length is a column.
        ("commits", None),
    ] {
        let payload = format!(r#"{{"{member}":{deep},"after":"f"}}"#);
        let batch = decode("push", &payload);
        assert_eq!(text(&batch, "parse_issues"), issues, "{member}");
        assert_eq!(text(&batch, "payload"), Some(&*payload));
        assert_eq!(text(&batch, "push_after"), Some("f"));
    }
}
