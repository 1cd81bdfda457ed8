//! Every example payload that GitHub's community keeps goes signed through the endpoint, and comes
//! out of the lake as it was sent, with its typed columns filled.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use octolake_tables::columns::{self, Kind};
use octolake_tests::fixtures::{self, Example};
use octolake_tests::github::{self, Delivery};
use octolake_tests::{Serve, TestLake};
use serde_json::{Map, Value, json};

/// A row of `events`, all columns.
type Row = Map<String, Value>;

#[test]
fn every_example_comes_out_as_it_went_in() {
    let examples = fixtures::webhooks_examples();
    let event_types: BTreeSet<&str> = examples.iter().map(|example| &*example.event).collect();
    assert_eq!((examples.len(), event_types.len()), (404, 64));
    let lake = TestLake::new();
    deliver(&lake, &examples);

    let report = lake.json(&["compact"]);
    assert_eq!(
        [&report["read"], &report["stored"], &report["duplicates"], &report["quarantined"]],
        [404, 404, 0, 0]
    );
    let rows = rows(&lake);
    assert_eq!(rows.len(), examples.len());
    for (n, example) in examples.iter().enumerate() {
        let row = &rows[&github::guid(n)];
        assert_eq!(row["event_type"], *example.event);
        assert_eq!(row["hook_id"], 77);
        let payload: Value = serde_json::from_str(row["payload"].as_str().unwrap()).unwrap();
        assert_eq!(payload, example.payload, "example {n}, {}", example.event);
        columns_are_filled(n, example, row);
    }
    hand_picked(&rows);
    lake.verify();
}

fn deliver(lake: &TestLake, examples: &[Example]) {
    let serve = Serve::start(lake, &[]);
    for (n, example) in examples.iter().enumerate() {
        let body = example.payload.to_string();
        let delivery =
            Delivery { event: &example.event, id: &github::guid(n), body: body.as_bytes() };
        let answer = delivery.send(serve.address).unwrap();
        let taken = if example.event == "ping" { 200 } else { 202 };
        assert_eq!(answer.status, taken, "example {n}, {}: {}", example.event, answer.body);
    }
    assert_eq!(serve.stop().code, Some(0));
}

/// The rows by delivery id. Each id must be there once.
fn rows(lake: &TestLake) -> BTreeMap<String, Row> {
    let rows = lake.sql("select * from events");
    let count = rows.len();
    let by_id = |row: Value| {
        let row = row.as_object().unwrap().clone();
        (row["delivery_id"].as_str().unwrap().to_owned(), row)
    };
    let rows: BTreeMap<String, Row> = rows.into_iter().map(by_id).collect();
    assert_eq!(rows.len(), count, "an id is there twice");
    rows
}

/// Each column has what the payload has, where that is of the column's type, and is else NULL.
fn columns_are_filled(n: usize, example: &Example, row: &Row) {
    let common = columns::COMMON
        .iter()
        .map(|(name, path, kind)| ((*name).to_owned(), (*path).to_owned(), *kind));
    let entities = columns::event(&example.event).map_or(&[][..], |event| event.entities);
    for (name, path, kind) in common.chain(entities.iter().flat_map(|entity| entity.columns())) {
        let member = path.split('.').try_fold(&example.payload, |value, key| value.get(key));
        let expected = member.and_then(|member| expected(member, kind)).unwrap_or(Value::Null);
        let found = match kind {
            Kind::Timestamp | Kind::EarliestStart => moment(&row[&name]).unwrap_or(Value::Null),
            _ => row[&name].clone(),
        };
        assert_eq!(found, expected, "example {n}, {}: {name}", example.event);
    }
}

fn expected(member: &Value, kind: Kind) -> Option<Value> {
    match kind {
        Kind::Text => member.is_string().then(|| member.clone()),
        Kind::Integer => member.is_i64().then(|| member.clone()),
        Kind::Boolean => member.is_boolean().then(|| member.clone()),
        Kind::Timestamp => moment(member),
        Kind::Count => member.as_array().map(|array| array.len().into()),
        Kind::Labels => {
            let name = |label: &Value| match label {
                Value::Object(label) => label["name"].clone(),
                label => label.clone(),
            };
            member.as_array().map(|labels| labels.iter().map(name).collect())
        }
        Kind::EarliestStart => {
            let starts = member.as_array()?.iter().filter_map(|step| moment(&step["started_at"]));
            starts.min_by_key(Value::as_i64)
        }
    }
}

/// A moment in microseconds since the epoch, from text or from seconds.
fn moment(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => {
            Some(DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros().into())
        }
        seconds => Some((seconds.as_i64()? * 1_000_000).into()),
    }
}

/// Columns of some rows, read off the payloads by eye; `n` is the line of the fixture, from 0.
fn hand_picked(rows: &BTreeMap<String, Row>) {
    let picked = [
        (
            201,
            json!({
                "event_type": "pull_request", "action": "opened", "source": "github.com",
                "repo_id": 186853002, "repo_full_name": "Codertocat/Hello-World",
                "sender_login": "Codertocat", "sender_type": "User", "org_login": null,
                "pull_request_number": 2, "pull_request_draft": false,
                "pull_request_title": "Update the README with new information.",
                "pull_request_created_at": "2019-05-15T15:20:33Z", "pull_request_merged_at": null,
                "pull_request_head_ref": "changes", "workflow_job_id": null,
            }),
        ),
        (
            311,
            json!({
                "event_type": "workflow_job", "action": "in_progress", "org_login": "octo-org",
                "workflow_job_id": 2832853555_u64, "workflow_job_run_id": 940463255,
                "workflow_job_labels": ["gpu", "db-app", "dc-03"], "workflow_job_runner_id": 1,
                "workflow_job_started_at": "2021-06-15T19:22:27Z", "workflow_job_created_at": null,
                "workflow_job_run_attempt": null,
            }),
        ),
        (
            312,
            json!({
                "event_type": "workflow_job", "action": "completed", "workflow_job_id": 289782451,
                "workflow_job_created_at": "2021-08-05T10:33:58Z",
                "workflow_job_started_at": "2021-08-05T10:34:58Z",
                "workflow_job_conclusion": "failure", "workflow_job_labels": ["ubuntu-latest"],
            }),
        ),
        (
            242,
            json!({
                "event_type": "push", "push_ref": "refs/tags/simple-tag", "push_created": true,
                "push_after": "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
                "push_head_commit_timestamp": "2019-05-15T15:20:41Z",
                "push_repository_pushed_at": "2019-05-15T15:20:57Z", "action": null,
            }),
        ),
        (
            249,
            json!({
                "event_type": "release", "release_id": 17372790, "release_tag_name": "0.0.1",
                "release_published_at": "2019-05-15T15:20:53Z", "occurred_at": "2019-05-15T15:20:53Z",
            }),
        ),
        (
            53,
            json!({
                "event_type": "deployment_status", "deployment_status_state": "success",
                "deployment_status_id": 209916254, "deployment_id": 145988746,
                "deployment_environment": "production",
            }),
        ),
        (
            5,
            json!({
                "event_type": "check_run", "check_run_id": 128620228, "check_run_status": "queued",
                "check_run_conclusion": null, "check_run_check_suite_id": 118578147,
            }),
        ),
        (
            230,
            json!({
                "event_type": "pull_request_review", "pull_request_review_state": "commented",
                "pull_request_review_user_login": "Codertocat", "pull_request_number": 2,
                "pull_request_review_submitted_at": "2019-05-15T15:20:38Z",
            }),
        ),
        (
            102,
            json!({
                "event_type": "issues", "action": "edited", "issue_number": 1, "issue_state": "open",
                "issue_labels": ["bug"], "issue_created_at": "2019-05-15T15:20:18Z",
            }),
        ),
        (
            319,
            json!({
                "event_type": "workflow_run", "workflow_run_id": 1589141559,
                "workflow_run_run_attempt": 1, "workflow_run_event": "workflow_dispatch",
                "workflow_run_run_started_at": "2021-12-16T19:37:22Z",
            }),
        ),
    ];
    for (n, expected) in picked {
        let row = &rows[&github::guid(n)];
        for (column, value) in expected.as_object().unwrap() {
            assert_eq!(&row[column], value, "example {n}: {column}");
        }
    }
}
