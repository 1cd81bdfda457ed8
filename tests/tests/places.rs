//! A lake's directory may have any name: the commands take it for what it is.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use octolake_tests::binary::{self, Run};
use octolake_tests::github::{Delivery, guid};
use octolake_tests::server::SECRET_ENV;
use octolake_tests::{Serve, TestLake, fixtures};
use serde_json::Value;

/// What a URL or a glob would take for something else.
const NAMES: [&str; 8] = ["%41", "a#b", "a?b", "a b", "ä", "100%", "[a]*", "~%2e%2e~;x=1&y"];

fn asked(lake: &Path, args: &[&str]) -> Value {
    let mut command = binary::command();
    command.arg("--lake").arg(lake).args(args).args(["--format", "json"]);
    Run::of(&mut command).fine().json()
}

/// Takes a delivery in at the door.
fn served(lake: &Path) {
    let mut command = binary::command();
    command.arg("--lake").arg(lake);
    command.args(["serve", "--listen", "127.0.0.1:0", "--secret-env", SECRET_ENV]);
    let serve = Serve::spawn(&mut command);
    let delivery = Delivery { event: "push", id: &guid(1), body: br#"{"ref":"main"}"# };
    assert_eq!(delivery.send(serve.address).unwrap().status, 202);
    serve.stop().fine();
}

#[test]
fn a_lake_in_a_directory_of_any_name_is_compacted_and_read() {
    let parent = TestLake::new();
    for name in NAMES {
        let lake = parent.path().join(name);
        let raw = lake.join("raw/2026/03/02/08");
        fs::create_dir_all(&raw).unwrap();
        let example = fixtures::folder().join("example/raw/2026/03/02");
        fs::copy(example.join("08/lines"), raw.join("lines")).unwrap();
        assert_eq!(asked(&lake, &["compact"])["stored"], 14, "{name}");
        // Another file in the partition, and a merge of both.
        fs::copy(example.join("10/concatenated"), raw.join("more")).unwrap();
        assert_eq!(asked(&lake, &["compact"])["stored"], 15, "{name}");
        assert_eq!(asked(&lake, &["compact"])["stored"], 0, "{name}");
        served(&lake);
        assert_eq!(asked(&lake, &["compact"])["stored"], 1, "{name}");
        let status = asked(&lake, &["status"]);
        assert_eq!(
            (&status["rows"], &status["backlog"]["objects"]),
            (&30.into(), &0.into()),
            "{name}"
        );
        assert_eq!(asked(&lake, &["verify", "--deep"])["holds"], true, "{name}");
        let rows = asked(&lake, &["sql", "select count(payload) as n from events"]);
        assert_eq!(rows[0]["n"], 30, "{name}");
        let report = asked(&lake, &["report", "queue-latency"]);
        assert_eq!(report["report"], "queue-latency", "{name}");
        assert!(report["rows"][0]["jobs"].as_u64().unwrap() > 0, "{name}: {report}");
        assert!(lake.join("events/_delta_log").is_dir(), "{name}");
    }
    // Nothing of them went elsewhere.
    let mut there: Vec<_> = fs::read_dir(parent.path()).unwrap().map(|it| it.unwrap()).collect();
    there.sort_by_key(fs::DirEntry::file_name);
    assert_eq!(there.len(), NAMES.len(), "{there:?}");
}
