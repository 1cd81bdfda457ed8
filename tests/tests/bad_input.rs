//! Bad input and bad luck, as the built binary meets them: a clear error that names what and where,
//! and nothing lost. What a raw object can hold is tried in the compactor's own tests, one by one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use octolake_tests::binary::{self, Run};
use octolake_tests::github::{Delivery, guid};
use octolake_tests::lake::envelope;
use octolake_tests::server::SECRET_ENV;
use octolake_tests::{Serve, TestLake};
use serde_json::{Value, json};

/// A text that does not compress well.
fn noise(bytes: usize) -> String {
    let mut state = 7_u64;
    let mut digit = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from_digit((state >> 60) as u32, 16).unwrap()
    };
    (0..bytes).map(|_| digit()).collect()
}

/// The binary in a shell where no file may grow beyond `blocks` of 512 or 1024 bytes: a write
/// beyond that fails, as on a full disk.
fn on_a_full_disk(lake: &TestLake, blocks: u32, args: &[&str]) -> Command {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, "sh"]).arg(binary::path()).arg("--lake").arg(lake.path()).args(args);
    shell.env_remove("LAKE_URL").stdin(Stdio::null());
    shell
}

#[test]
fn a_full_disk_ends_a_compaction_and_loses_nothing() {
    let lake = TestLake::new();
    let big = json!({"ref": "refs/heads/main", "noise": noise(400_000)});
    let lines: String = (0..5).map(|n| envelope(n, "push", &big)).collect();
    lake.put_raw("big", lines.as_bytes());
    let raw = lake.files("raw");
    // Too small for the table's first commit, then too small for the rows.
    for blocks in [2, 128] {
        let run = Run::of(&mut on_a_full_disk(&lake, blocks, &["compact"]));
        assert_eq!((run.code, &*run.stdout), (Some(1), ""), "{run:?}");
        let error = run.stderr.lines().last().unwrap();
        assert!(error.starts_with("error: "), "{run:?}");
        assert!(error.contains("File too large") && error.contains("events"), "{run:?}");
        assert_eq!(lake.files("raw"), raw);
    }
    assert_eq!(lake.json(&["compact"])["stored"], 5);
    lake.verify();
}

#[test]
fn an_endpoint_with_a_full_disk_acknowledges_nothing_that_it_has_not() {
    let lake = TestLake::new();
    let args = ["serve", "--listen", "127.0.0.1:0", "--secret-env", SECRET_ENV];
    let serve = Serve::spawn(&mut on_a_full_disk(&lake, 128, &args));
    let body = json!({"ref": "refs/heads/main", "noise": noise(50_000)}).to_string();
    let mut taken = 0;
    let mut refused = 0;
    for n in 0..20 {
        let id = guid(n);
        let answer =
            Delivery { event: "push", id: &id, body: body.as_bytes() }.send(serve.address).unwrap();
        match answer.status {
            202 => taken += 1,
            503 => refused += 1,
            status => panic!("{status}: {}", answer.body),
        }
    }
    assert!(refused > 0, "the disk was never full");
    serve.stop();
    Serve::start(&lake, &[]).stop().fine();
    let report = lake.json(&["compact"]);
    let stored = report["stored"].as_u64().unwrap();
    // A delivery that was refused may be there all the same: it is sent again, with the same id.
    assert!((taken..=20).contains(&stored), "{taken} acknowledged, {report}");
    lake.verify();
}

#[test]
fn a_lake_that_cannot_be_written_is_named() {
    let lake = TestLake::example();
    // A file where a folder has to be: root cannot write there either.
    fs::write(lake.path().join("events"), "").unwrap();
    let run = lake.run(&["compact"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.starts_with("error: ") && run.stderr.contains("events"), "{run:?}");
    assert!(run.stderr.contains("Not a directory") || run.stderr.contains("exists"), "{run:?}");
    fs::remove_file(lake.path().join("events")).unwrap();
    assert_eq!(lake.json(&["compact"])["stored"], 44);
}

#[test]
fn a_directory_without_write_permission_is_named() {
    let lake = TestLake::example();
    let set = |read_only: bool| {
        let mut permissions = fs::metadata(lake.path()).unwrap().permissions();
        permissions.set_readonly(read_only);
        fs::set_permissions(lake.path(), permissions).unwrap();
    };
    set(true);
    let root = fs::write(lake.path().join("probe"), "").is_ok();
    let run = lake.run(&["compact"]);
    set(false);
    if root {
        // Permissions do not bind root: the run went well.
        assert_eq!(run.code, Some(0), "{run:?}");
        return;
    }
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("Permission denied"), "{run:?}");
    assert_eq!(lake.json(&["compact"])["stored"], 44);
}

#[test]
fn an_endpoint_without_a_place_to_write_does_not_start() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for place in [file.path(), &file.path().join("lake"), Path::new("/proc/lake")] {
        let mut serve = binary::command();
        serve.arg("--lake").arg(place).args(["serve", "--secret-env", SECRET_ENV]);
        serve.args(["--listen", "127.0.0.1:0"]).env(SECRET_ENV, "s");
        let run = Run::of(&mut serve);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.stderr.starts_with("error: "), "{run:?}");
        assert!(run.stderr.contains(place.to_str().unwrap()), "{run:?}");
    }
}

#[test]
fn hostile_deliveries_are_stored_or_refused_and_never_lost() {
    let lake = TestLake::new();
    let serve = Serve::start(&lake, &[]);
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let large = json!({"ref": "refs/heads/main", "noise": noise(20_000_000)}).to_string();
    let odd = json!({
        "action": 7,
        "repository": {"id": "one", "full_name": "'; drop table events; --"},
        "workflow_job": {"id": 1.5, "labels": "gpu", "created_at": "soon", "steps": {}},
    });
    let odd = odd.to_string();
    let id = guid(0);
    for (event, id, body, status) in [
        ("push", &*id, deep.as_bytes(), 202),
        ("push", &guid(1), large.as_bytes(), 202),
        ("workflow_job", &guid(2), odd.as_bytes(), 202),
        ("push", &guid(3), b"{\"a\":\"\\ud800 \\u0000\"}", 202),
        ("../x", &guid(4), b"{}", 400),
        ("push", "../../x", b"{}", 400),
        ("push", &guid(5), b"{\"a\":\"\xff\"}", 400),
        ("push", &guid(6), b"{\"a\":", 400),
        ("push", &guid(7), b"[]", 400),
        ("push", &guid(8), b"", 400),
    ] {
        let answer = Delivery { event, id, body }.send(serve.address).unwrap();
        assert_eq!(answer.status, status, "{event} {id}: {}", answer.body);
    }
    serve.stop().fine();
    let report = lake.json(&["compact"]);
    assert_eq!([&report["read"], &report["stored"], &report["quarantined"]], [4, 4, 0]);
    let row = &lake.sql("select * from events where event_type = 'workflow_job'")[0];
    for column in ["action", "repo_id", "workflow_job_id", "workflow_job_created_at"] {
        assert_eq!(row[column], Value::Null, "{column}");
    }
    assert_eq!(row["repo_full_name"], "'; drop table events; --");
    let payload = lake.sql("select length(payload) as n from events order by 1 desc limit 1");
    assert_eq!(payload, [json!({"n": large.len()})]);
    lake.verify();
}

#[test]
fn broken_raw_objects_cost_no_neighbour() {
    let lake = TestLake::new();
    let push = |n: usize| envelope(n, "push", &json!({"ref": "refs/heads/main"}));
    let packed = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let whole = packed(
        &(0..300)
            .map(|n| envelope(n, "push", &json!({"noise": noise(300 + n)})))
            .collect::<String>(),
    );
    lake.put_raw("truncated.gz", &whole[..whole.len() / 2]);
    let half = push(1_001);
    lake.put_raw(
        "half",
        [&push(1_000), &half[..half.len() / 2], "\n", &push(1_002)].concat().as_bytes(),
    );
    let utf8 =
        [push(1_003).as_bytes(), b"{\"detail\":\"\xff\"}\n", push(1_004).as_bytes()].concat();
    lake.put_raw("utf8", &utf8);
    let outside = envelope(1_005, "../x", &json!({"action": "opened"}));
    lake.put_raw("type", outside.as_bytes());
    let nobody = push(1_006).replace(&guid(1_006), "nobody");
    lake.put_raw("id", [nobody, push(1_007)].concat().as_bytes());

    let report = lake.json(&["compact"]);
    assert_eq!(report["quarantined"], 4, "{report}");
    let ids: Vec<Value> = (1_000..1_008).map(|n| guid(n).into()).collect();
    let stored =
        lake.sql("select delivery_id from events where delivery_id >= '000003e8' order by 1");
    let stored: Vec<Value> = stored.iter().map(|row| row["delivery_id"].clone()).collect();
    let expected: Vec<Value> = [0, 2, 3, 4, 5, 7].iter().map(|n: &usize| ids[*n].clone()).collect();
    assert_eq!(stored, expected);
    let other =
        lake.sql("select event_type, event_type_original from events where event_type like '\\_%'");
    assert_eq!(other, [json!({"event_type": "_other", "event_type_original": "../x"})]);
    assert!(report["stored"].as_u64().unwrap() > 100, "{report}");
    lake.verify();
}
