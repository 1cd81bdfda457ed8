//! The whole way of a delivery through the built binary: in over HTTP, through the raw objects and
//! the table, out as a report.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use octolake_tests::binary::{self, Run};
use octolake_tests::github::{self, Answer, Delivery, guid};
use octolake_tests::lake::envelope;
use octolake_tests::server::{Process, SECRET_ENV, wait_until};
use octolake_tests::{Serve, TestLake, fixtures};
use serde_json::{Value, json};

/// A job's delivery: created at 10:00:00, started at 10:00:42.
fn job(action: &str) -> Value {
    let started = if action == "queued" { "2026-03-02T10:00:00Z" } else { "2026-03-02T10:00:42Z" };
    json!({
        "action": action,
        "workflow_job": {
            "id": 5_000_000_007_u64, "run_id": 9, "run_attempt": 1, "name": "build",
            "status": action, "labels": ["self-hosted", "linux"], "runner_id": 3,
            "created_at": "2026-03-02T10:00:00Z", "started_at": started, "steps": [],
        },
        "repository": {"id": 1, "full_name": "acme/web"},
        "sender": {"login": "mona", "type": "User"},
    })
}

fn merged_pull_request() -> Value {
    json!({
        "action": "closed",
        "pull_request": {
            "id": 1, "number": 7, "state": "closed", "merged": true, "user": {"login": "mona"},
            "created_at": "2026-03-02T10:00:00Z", "updated_at": "2026-03-02T12:30:00Z",
            "closed_at": "2026-03-02T12:30:00Z", "merged_at": "2026-03-02T12:30:00Z",
        },
        "repository": {"id": 1, "full_name": "acme/web"},
        "sender": {"login": "mona", "type": "User"},
    })
}

#[test]
fn webhooks_become_reports() {
    let lake = TestLake::new();
    let serve = Serve::start(&lake, &[]);
    let [queued, started] = ["queued", "in_progress"].map(|action| job(action).to_string());
    for (n, body) in [&queued, &started].into_iter().enumerate() {
        let id = guid(n);
        let delivery = Delivery { event: "workflow_job", id: &id, body: body.as_bytes() };
        assert_eq!(delivery.send(serve.address).unwrap().status, 202);
    }
    redeliver_and_forge(&serve, started.as_bytes());
    send_a_file(&lake, &serve);
    let stopped = serve.stop().fine();
    assert!(stopped.stderr.contains("stored 4 deliveries"), "{stopped:?}");

    let report = lake.json(&["compact"]);
    assert_eq!([&report["read"], &report["stored"], &report["duplicates"]], [4, 3, 1]);
    let latency = lake.json(&["report", "queue-latency", "--by", "repo,label"]);
    let row = &latency["rows"][0];
    assert_eq!(row["repo"], "acme/web");
    assert_eq!(row["label"], "linux,self-hosted");
    assert_eq!((&row["jobs"], &row["p50_s"]), (&json!(1), &json!(42.0)));
    let lead = lake.json(&["report", "lead-time"]);
    assert_eq!((&lead["rows"][0]["prs"], &lead["rows"][0]["max_s"]), (&json!(1), &json!(9000.0)));
    let pulls = lake.sql("select repo, number from pull_requests");
    assert_eq!(pulls, [json!({"repo": "acme/web", "number": 7})]);
    let status = lake.json(&["status"]);
    assert_eq!([&status["rows"], &status["backlog"]["objects"], &status["quarantine"]], [3, 0, 0]);
    lake.verify();
}

/// The same delivery again is taken; one that is not signed, or wrongly, is not.
fn redeliver_and_forge(serve: &Serve, body: &[u8]) {
    let (again, new) = (guid(1), guid(2));
    let again = Delivery { event: "workflow_job", id: &again, body };
    assert_eq!(again.send(serve.address).unwrap().status, 202);
    let new = Delivery { event: "workflow_job", id: &new, body };
    let of_other_body = github::signature(github::SECRET, b"{}");
    let of_other_secret = github::signature("guess", body);
    let signatures =
        [None, Some("sha256="), Some("sha1=00"), Some(&*of_other_body), Some(&*of_other_secret)];
    let refused: Vec<Answer> =
        signatures.iter().map(|it| new.send_signed(serve.address, *it).unwrap()).collect();
    for answer in &refused {
        assert_eq!((answer.status, &answer.body), (401, &refused[0].body));
    }
    // GitHub's own example: the signature is right, so it is the body that is refused.
    let hello = Delivery { body: b"Hello, World!", ..new };
    let known = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    assert_eq!(hello.send_signed(serve.address, Some(known)).unwrap().status, 400);
}

fn send_a_file(lake: &TestLake, serve: &Serve) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pull_request.closed.json");
    fs::write(&file, merged_pull_request().to_string()).unwrap();
    let mut send = lake.command(&["send", "--format", "json", "--url", &serve.url()]);
    send.args(["--secret-env", SECRET_ENV]).arg(&file).env(SECRET_ENV, github::SECRET);
    let answer = Run::of(&mut send).fine().json();
    assert_eq!((&answer["status"], &answer["event"]), (&json!(202), &json!("pull_request")));
}

#[test]
fn killing_the_endpoint_loses_nothing_that_was_acknowledged() {
    let lake = TestLake::new();
    let acknowledged = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    for round in 1..=3 {
        let serve = Serve::start(&lake, &["--roll-seconds", "1"]);
        let address = serve.address;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let id = guid(next.fetch_add(1, Ordering::Relaxed));
                        let body = br#"{"ref":"refs/heads/main"}"#;
                        match (Delivery { event: "push", id: &id, body }).send(address) {
                            Ok(answer) if answer.status == 202 => {
                                acknowledged.lock().unwrap().push(id);
                            }
                            _ => return,
                        }
                    }
                });
            }
            wait_until("60 deliveries a round", || {
                acknowledged.lock().unwrap().len() >= 60 * round
            });
            serve.kill();
        });
    }
    // The next start lands what the killed ones left.
    Serve::start(&lake, &[]).stop().fine();
    lake.json(&["compact"]);
    let rows = lake.sql("select delivery_id from events");
    let stored: Vec<&str> = rows.iter().map(|row| row["delivery_id"].as_str().unwrap()).collect();
    for id in acknowledged.into_inner().unwrap() {
        assert!(stored.contains(&id.as_str()), "{id} was acknowledged and is lost");
    }
    lake.verify();
}

#[test]
fn the_example_lake_gives_its_answers() {
    let answers = fixtures::example_answers();
    let lake = TestLake::example();
    let report = lake.json(&["compact"]);
    let mut asked = 0;
    for (question, answer) in answers.as_object().unwrap() {
        let said = match answer.is_object() {
            false => report[question].clone(),
            true => {
                let words: Vec<&str> = question.split(' ').collect();
                let report = lake.json(&[&["report"], &words[..]].concat());
                let asked = |member: &String| (member.clone(), report[member].clone());
                Value::Object(answer.as_object().unwrap().keys().map(asked).collect())
            }
        };
        assert_eq!(&said, answer, "{question}");
        asked += 1;
    }
    assert_eq!(asked, 11);
    lake.verify();
}

#[test]
fn compacting_twice_adds_nothing() {
    let lake = TestLake::example();
    lake.json(&["compact"]);
    let files = lake.files("events");
    let again = lake.json(&["compact"]);
    assert_eq!([&again["read"], &again["stored"], &again["files_added"]], [0, 0, 0]);
    assert_eq!(lake.files("events"), files);
}

#[test]
fn a_dry_run_counts_what_a_run_does_and_writes_nothing() {
    let lake = TestLake::example();
    let before = lake.files("");
    let [dry, again] = [(); 2].map(|()| lake.json(&["compact", "--dry-run"]));
    assert_eq!(lake.files(""), before);
    let real = lake.json(&["compact"]);
    for count in ["read", "stored", "duplicates", "quarantined"] {
        assert_eq!((&dry[count], &again[count]), (&real[count], &real[count]), "{count}");
    }
    assert_eq!(lake.json(&["compact", "--dry-run"])["read"], 0);
}

#[test]
fn two_compactors_at_once_store_each_delivery_once() {
    let lake = TestLake::new();
    // Every delivery is in two objects, so that each compactor meets what the other has taken.
    for object in 0..20 {
        let lines =
            (object * 10..object * 10 + 20).map(|n| envelope(n, "workflow_job", &job("queued")));
        lake.put_raw(&format!("object-{object}"), lines.collect::<String>().as_bytes());
    }
    let start = || {
        let mut command = lake.command(&["compact", "--format", "json"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let runs = [start(), start()].map(|child| Run::from(child.wait_with_output().unwrap()).fine());
    let stored: u64 = runs.iter().map(|run| run.json()["stored"].as_u64().unwrap()).sum();
    let read: u64 = runs.iter().map(|run| run.json()["read"].as_u64().unwrap()).sum();
    assert_eq!((stored, read), (210, 400));
    assert_eq!(lake.sql("select count(*) as n from events"), [json!({"n": 210})]);
    lake.verify();
}

#[test]
fn a_compactor_that_is_killed_leaves_a_sound_lake() {
    let lake = TestLake::new();
    for object in 0..20 {
        let lines = (0..50).map(|n| envelope(object * 50 + n, "workflow_job", &job("queued")));
        lake.put_raw(&format!("object-{object}"), lines.collect::<String>().as_bytes());
    }
    for milliseconds in (20..=200).step_by(20) {
        let process = Process::spawn(&mut lake.command(&["compact", "-q"]));
        std::thread::sleep(Duration::from_millis(milliseconds));
        process.kill();
        if lake.path().join("events/_delta_log/00000000000000000000.json").exists() {
            lake.verify();
        }
    }
    lake.json(&["compact"]);
    assert_eq!(lake.sql("select count(*) as n from events"), [json!({"n": 1_000})]);
    lake.verify();
}

#[test]
fn compacting_every_second_goes_on_until_it_is_told_to_stop() {
    let lake = TestLake::example();
    let process = Process::spawn(&mut lake.command(&["compact", "--every", "1s", "-q"]));
    let rows = |expected: u64| lake.json(&["status"])["rows"] == expected;
    wait_until("the first run", || rows(44));
    lake.put_raw("late", envelope(1, "push", &json!({"ref": "x"})).as_bytes());
    wait_until("a run that finds the new object", || rows(45));
    process.stop().fine();
    lake.verify();
}

#[test]
fn a_reader_that_goes_is_no_failure() {
    let lake = TestLake::new();
    let lines = (0..2_000).map(|n| envelope(n, "workflow_job", &job("queued")));
    lake.put_raw("many", lines.collect::<String>().as_bytes());
    lake.json(&["compact"]);
    let path = binary::path();
    let script = "\"$0\" --lake \"$1\" sql 'select payload from events' --format csv | head -n 1; exit ${PIPESTATUS[0]}";
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", script]).arg(path).arg(lake.path()).stdin(Stdio::null());
    let run = Run::of(&mut shell);
    assert_eq!((run.code, &*run.stdout, &*run.stderr), (Some(0), "payload\n", ""));
}

#[test]
fn secrets_can_be_rotated_and_stay_secret() {
    let lake = TestLake::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "the next secret\n").unwrap();
    let serve = Serve::start(&lake, &["-vv", "--secret-file", file.path().to_str().unwrap()]);
    let body = br#"{"action":"created"}"#;
    for (n, secret) in [github::SECRET, "the next secret", "the secret before"].iter().enumerate() {
        let id = guid(n);
        let signature = github::signature(secret, body);
        let answer = Delivery { event: "star", id: &id, body }
            .send_signed(serve.address, Some(&signature))
            .unwrap();
        assert_eq!(answer.status, if n < 2 { 202 } else { 401 });
    }
    let run = serve.stop().fine();
    for secret in [github::SECRET, "the next secret"] {
        assert!(!run.stderr.contains(secret) && !run.stdout.contains(secret), "{run:?}");
    }
}
