//! Gates of the built binary: situations with the exit code that each must give, and JSON that says
//! the same as the exit code. The figures are counted by hand in [`lake`].

use octolake_tests::TestLake;
use octolake_tests::binary::{self, Run};
use octolake_tests::lake::envelope;
use serde_json::{Value, json};

/// How a job's wait ends, in seconds after its creation.
enum Wait {
    Starts(u32),
    Cancelled(u32),
    Never,
}

/// Raw records of jobs and pull requests, made as GitHub would send them.
#[derive(Default)]
struct Raw {
    lines: String,
    deliveries: usize,
}

impl Raw {
    fn push(&mut self, host: &str, event: &str, payload: &Value) {
        let line = envelope(self.deliveries, event, payload);
        let from = |host: &str| format!("\"source\":\"{host}\"");
        assert!(line.contains(&from("github.com")), "{line}");
        self.lines.push_str(&line.replace(&from("github.com"), &from(host)));
        self.deliveries += 1;
    }

    /// A job of a repository, told by its first delivery and by what ended its wait.
    fn job(&mut self, host: &str, (repo_id, repo): (u32, &str), wait: &Wait) {
        let created = "2026-03-02T00:00:00Z";
        let (action, ended) = match wait {
            Wait::Starts(seconds) => ("in_progress", Some(seconds)),
            Wait::Cancelled(seconds) => ("completed", Some(seconds)),
            Wait::Never => ("queued", None),
        };
        let ended = ended.map_or(created.to_owned(), |seconds| {
            let (minutes, hours) = (seconds / 60, seconds / 3_600);
            format!("2026-03-02T{hours:02}:{:02}:{:02}Z", minutes % 60, seconds % 60)
        });
        let job = json!({
            "id": 1_000 + self.deliveries, "run_id": 1, "run_attempt": 1, "name": "build",
            "workflow_name": "ci", "labels": ["linux"], "created_at": created, "started_at": ended,
            "runner_id": if action == "in_progress" { 5 } else { 0 }, "steps": [],
            "completed_at": if action == "completed" { Some(&ended) } else { None },
            "conclusion": if action == "completed" { Some("cancelled") } else { None },
        });
        let repository = json!({"id": repo_id, "full_name": repo});
        let payload = json!({"action": action, "workflow_job": job, "repository": repository});
        self.push(host, "workflow_job", &payload);
    }
}

const WEB: (u32, &str) = (101, "acme/web");
const API: (u32, &str) = (102, "acme/api");
const STUCK: (u32, &str) = (103, "acme/stuck");
const FEW: (u32, &str) = (104, "acme/few");
const MEAN: (u32, &str) = (105, "acme/mean");

/// `acme/web` waits 10, 20, 30 and 300 s, and 7 s on another host with the same ids; `acme/api` 60 and
/// 600 s. One job of `acme/stuck` starts after 10 s, 100 wait since March, 50 gave up after 6 h. In
/// `acme/few` 95 start after 60 s and 5 wait since March. In `acme/mean` ten start after 10 s, and one
/// gives up after 600 s: a mean of 700 / 11 = 63.6 s. No pull request is merged.
fn raw() -> Raw {
    let mut raw = Raw::default();
    let mut jobs = |host: &str, repo, wait: Wait, count: usize| {
        (0..count).for_each(|_| raw.job(host, repo, &wait));
    };
    for seconds in [10, 20, 30, 300] {
        jobs("github.com", WEB, Wait::Starts(seconds), 1);
    }
    jobs("ghes.corp.example", WEB, Wait::Starts(7), 1);
    jobs("github.com", API, Wait::Starts(60), 1);
    jobs("github.com", API, Wait::Starts(600), 1);
    jobs("github.com", STUCK, Wait::Starts(10), 1);
    jobs("github.com", STUCK, Wait::Never, 100);
    jobs("github.com", STUCK, Wait::Cancelled(6 * 3_600), 50);
    jobs("github.com", FEW, Wait::Starts(60), 95);
    jobs("github.com", FEW, Wait::Never, 5);
    jobs("github.com", MEAN, Wait::Starts(10), 10);
    jobs("github.com", MEAN, Wait::Cancelled(600), 1);
    let created = "2026-03-02T00:00:00Z";
    let pull = json!({
        "number": 1, "state": "open", "draft": false, "user": {"login": "ana", "type": "User"},
        "labels": [], "created_at": created, "updated_at": created,
    });
    let repository = json!({"id": 101, "full_name": "acme/web"});
    let payload = json!({"action": "opened", "pull_request": pull, "repository": repository});
    raw.push("github.com", "pull_request", &payload);
    raw
}

fn lake() -> TestLake {
    let lake = TestLake::new();
    let raw = raw();
    lake.put_raw("gates", raw.lines.as_bytes());
    let read = lake.json(&["compact"]);
    assert_eq!([&read["stored"], &read["quarantined"]], [&json!(raw.deliveries), &json!(0)]);
    lake
}

/// What is typed behind `report queue-latency`, the exit code, and a part of what stderr says.
type Situation = (&'static str, i32, &'static str);

const NO_VALUE: &str = "there is not one value";

const SITUATIONS: &[Situation] = &[
    // Nothing to say.
    ("--since 2026-04-01 --slo p95<=5m", 3, NO_VALUE),
    ("--since 2026-04-01 --slo p95<=5m --by repo", 3, NO_VALUE),
    ("--since 2026-04-01 --slo p95<=5m --slo-empty pass", 0, ""),
    ("--repo acme/wbe --slo p95<=5m", 3, "no repository acme/wbe"),
    ("--repo acme/wbe --slo p95<=5m --slo-empty pass", 0, ""),
    ("--repo acme/web --repo acme/wbe --slo p95<=5m", 3, "no repository acme/wbe"),
    ("--label lniux --slo p95<=5m", 3, NO_VALUE),
    // Ranks of 10, 20, 30, 300 s: p50 20 s, p75 30 s, p90 and above 300 s.
    ("--repo github.com/acme/web --slo p50<=1m", 0, ""),
    ("--repo github.com/acme/web --slo p90<=299s", 3, "it is 5m (300 s)"),
    ("--repo github.com/acme/web --slo p95<=5m", 0, ""),
    ("--repo github.com/acme/web --slo p95<5m", 3, "it is 5m (300 s)"),
    ("--repo github.com/acme/web --slo p50<=20s --slo p75<=30s --slo mean<=90s", 0, ""),
    ("--repo github.com/acme/web --slo p50<=20s --slo p75<30s", 3, "p75<30s does not hold"),
    // Each row has to hold: of all, p95 does for acme/web and not for acme/api.
    ("--repo acme/web --repo acme/api --by repo --slo p95<=5m", 3, "for repo acme/api"),
    ("--repo acme/web --repo acme/api --by repo --slo p95<=10m", 0, ""),
    ("--repo acme/web --repo acme/api --slo p50<=30s", 0, ""),
    ("--repo acme/web --repo acme/api --by repo --slo p50<=30s", 3, "for repo acme/api"),
    ("--repo acme/web --repo acme/api --by day --slo p50<=30s", 0, ""),
    // What waits counts as above the bound.
    ("--repo acme/stuck --slo p95<=5m", 3, "150 that never started have waited longer"),
    ("--repo acme/stuck --slo p95<=7h", 3, "100 that never started have waited longer"),
    ("--repo acme/stuck --slo p95<=5m --slo-empty pass", 3, "150 that never started"),
    ("--repo acme/few --slo p95<=60s", 0, ""),
    ("--repo acme/few --slo p99<=60s", 3, "5 that never started have waited longer"),
    ("--repo acme/mean --slo max<=5m", 3, "1 that never started have waited longer"),
    ("--repo acme/mean --slo max<=10m", 0, ""),
    ("--repo acme/mean --slo max<10m", 3, "1 that never started have waited longer"),
    ("--repo acme/mean --slo mean<=64s", 0, ""),
    ("--repo acme/mean --slo mean<=63s", 3, "1 that never started have waited longer"),
    // The same ids on two hosts are two repositories.
    ("--host ghes.corp.example --slo max<=7s", 0, ""),
    ("--repo ghes.corp.example/acme/web --slo max<=7s", 0, ""),
    ("--repo github.com/acme/web --slo max<=7s", 3, "it is 5m (300 s)"),
    (
        "--repo ghes.corp.example/acme/api --slo max<=1h",
        3,
        "no repository ghes.corp.example/acme/api",
    ),
    ("--host ghes.other.example --slo max<=1h", 3, NO_VALUE),
    // No bounds, or none that can be.
    ("--slo p95>5m", 2, "no bound"),
    ("--slo p96<=5m", 2, "no bound"),
    ("--slo p95<=5", 2, "no bound"),
    ("--slo p95<=-5m", 2, "no bound"),
    ("--slo p95<=NaNs", 2, "no bound"),
    ("--slo p95<=5m --slo-empty maybe", 2, "--slo-empty"),
];

fn words(typed: &str) -> Vec<&str> {
    ["report", "queue-latency"].into_iter().chain(typed.split_whitespace()).collect()
}

#[test]
fn each_situation_has_its_exit_code() {
    let lake = lake();
    for (typed, code, says) in SITUATIONS {
        let run = lake.run(&words(typed));
        assert_eq!(run.code, Some(*code), "{typed}: {run:?}");
        assert!(run.stderr.contains(says), "{typed}: {run:?}");
        assert_eq!(run.stderr.contains("slo: "), *code == 3, "{typed}: {run:?}");
        assert_eq!(run.stdout.is_empty(), *code == 2, "{typed}: {run:?}");
    }
}

#[test]
fn json_says_what_the_exit_code_says() {
    let lake = lake();
    for (typed, code, _) in SITUATIONS.iter().filter(|(_, code, _)| *code != 2) {
        let run = lake.run(&[&words(typed)[..], &["--format", "json", "-q"]].concat());
        assert_eq!(run.code, Some(*code), "{typed}: {run:?}");
        let answer = run.json();
        let gates = answer["slo"].as_array().unwrap();
        let bounds = typed.split_whitespace().filter(|word| *word == "--slo").count();
        assert_eq!(gates.len(), bounds, "{typed}");
        for gate in gates {
            let broken = gate["broken"].as_array().unwrap();
            assert_eq!(gate["holds"], broken.is_empty(), "{typed}: {gate}");
        }
        let holds = gates.iter().all(|gate| gate["holds"] == true);
        assert_eq!(holds, *code == 0, "{typed}: {answer}");
    }
}

#[test]
fn a_quiet_gate_still_says_why_it_does_not_hold() {
    let lake = lake();
    let run = lake.run(&words("-q --repo github.com/acme/web --slo p95<5m"));
    assert_eq!(run.code, Some(3), "{run:?}");
    assert_eq!(run.stderr, "slo: p95<5m does not hold: it is 5m (300 s)\n");
    let run = lake.run(&words("-q --repo github.com/acme/web --slo p95<=5m"));
    assert_eq!((run.code, &*run.stderr), (Some(0), ""), "{run:?}");
}

#[test]
fn json_tells_the_row_and_how_many_wait() {
    let typed = "--repo acme/web --repo acme/stuck --by repo --slo p95<=5m --format json";
    let run = lake().run(&words(typed));
    assert_eq!(run.code, Some(3), "{run:?}");
    let broken = json!([{"repo": "acme/stuck", "seconds": 10.0, "waiting": 150}]);
    let gate = json!([{"bound": "p95<=5m", "holds": false, "broken": broken}]);
    assert_eq!(run.json()["slo"], gate);
}

#[test]
fn a_bound_is_on_durations_that_there_are() {
    let lake = lake();
    for (typed, code, says) in [
        // One pull request is open, and none merged.
        ("report lead-time --slo p95<=1d", 3, NO_VALUE),
        ("report lead-time --slo p95<=1d --slo-empty pass", 0, ""),
        ("report lead-time --measure first_review --slo max<=1d", 3, NO_VALUE),
        ("report throughput --slo p95<=1d", 2, "throughput counts"),
    ] {
        let run = lake.run(&typed.split_whitespace().collect::<Vec<_>>());
        assert_eq!(run.code, Some(code), "{typed}: {run:?}");
        assert!(run.stderr.contains(says), "{typed}: {run:?}");
    }
}

#[test]
fn a_gate_without_a_lake_fails() {
    let nowhere = TestLake::new();
    let bound = words("--slo p95<=5m");
    for passes in [&[][..], &["--slo-empty", "pass"]] {
        let args = [&bound[..], passes].concat();
        // A directory that is there, and is none.
        let run = nowhere.run(&args);
        assert_eq!((run.code, &*run.stdout), (Some(1), ""), "{run:?}");
        assert!(run.stderr.contains("is no lake"), "{run:?}");
        // None at all.
        let place = nowhere.path().join("nowhere");
        let run = Run::of(binary::command().arg("--lake").arg(place).args(args));
        assert_eq!((run.code, &*run.stdout), (Some(1), ""), "{run:?}");
        assert!(run.stderr.contains("there is no lake at"), "{run:?}");
    }
}

#[test]
fn a_gate_of_a_lake_that_is_not_compacted_fails() {
    let lake = TestLake::new();
    lake.put_raw("gates", raw().lines.as_bytes());
    let run = lake.run(&words("--slo p95<=5m"));
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.stderr.contains("run `lakequery compact`"), "{run:?}");
    assert!(run.stderr.contains(NO_VALUE), "{run:?}");
    let run = lake.run(&words("--slo p95<=5m --slo-empty pass"));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(lake.run(&words("--repo acme/web --slo p95<=5m")).code, Some(3));
}
