//! Payloads: members that are columns, of other types and beyond what a column can hold.

use crate::case::{Case, Verdict, issues, record, stored};

/// A member of a payload that is one column.
struct Column {
    event: &'static str,
    /// How the payload holds it: `?` stands for its value.
    members: &'static str,
    name: &'static str,
    fine: &'static [&'static str],
    wrong: &'static [&'static str],
}

const COLUMNS: &[Column] = &[
    Column {
        event: "pull_request",
        members: r#""pull_request":{"title":"t","number":?}"#,
        name: "pull_request_number",
        fine: &["null", "0", "-1", "9223372036854775807", "-9223372036854775808"],
        wrong: &[
            "true",
            r#""7""#,
            r#""""#,
            "[]",
            "[7]",
            "{}",
            "1.0",
            "1.5",
            "1e3",
            "-0",
            "1e999",
            "-1e999",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "99999999999999999999999999999999999999999999999999",
            r#""\ud800""#,
        ],
    },
    Column {
        event: "pull_request",
        members: r#""pull_request":{"number":7,"title":?}"#,
        name: "pull_request_title",
        fine: &[
            "null",
            r#""""#,
            r#""\u0000""#,
            r#""\u001b]0;x\u0007""#,
            r#""\u202e\u200b""#,
            r#""\ud83d\ude00""#,
            r#""=cmd|' /c calc'!A1""#,
            r#""</script><script>alert(1)</script>""#,
            r#""'; drop table events; --""#,
        ],
        wrong: &[
            "7",
            "1.5",
            "1e999",
            "true",
            "[]",
            "{}",
            r#"["x"]"#,
            r#""\ud800""#,
            r#""\udc00\ud800""#,
        ],
    },
    Column {
        event: "pull_request",
        members: r#""pull_request":{"number":7,"draft":?}"#,
        name: "pull_request_draft",
        fine: &["null", "true", "false"],
        wrong: &["0", "1", r#""true""#, r#""""#, "[]", "{}", "1e999", r#""\ud800""#],
    },
    Column {
        event: "pull_request",
        members: r#""pull_request":{"number":7,"created_at":?}"#,
        name: "pull_request_created_at",
        fine: &[
            "null",
            "0",
            "-1",
            "1772445600",
            "9223372036854",
            r#""2026-03-02T10:00:00Z""#,
            r#""2026-03-02T10:00:00.123456789+02:00""#,
            r#""1969-12-31T23:59:59Z""#,
            r#""0001-01-01T00:00:00Z""#,
            r#""9999-12-31T23:59:59Z""#,
        ],
        wrong: &[
            r#""""#,
            r#""soon""#,
            r#""2026-02-30T10:00:00Z""#,
            r#""2026-03-02""#,
            r#""2026-03-02T10:00:00""#,
            "9223372036855",
            "9223372036854775807",
            "-9223372036854775808",
            "9223372036854775808",
            "1.5",
            "1e999",
            "true",
            "[]",
            "{}",
            r#""\ud800""#,
        ],
    },
    Column {
        event: "pull_request",
        members: r#""pull_request":{"number":7,"labels":?}"#,
        name: "pull_request_labels",
        fine: &[
            "null",
            "[]",
            r#"["a"]"#,
            r#"[{"name":"a"}]"#,
            r#"["a",{"x":1e999,"name":"b"}]"#,
            r#"[""]"#,
        ],
        wrong: &[
            r#""a""#,
            "7",
            "true",
            "{}",
            "[7]",
            "[true]",
            "[null]",
            "[[]]",
            "[{}]",
            r#"["a",7]"#,
            r#"[{"name":7}]"#,
            r#"[{"name":null}]"#,
            r#"[{"name":["a"]}]"#,
            r#"["\ud800"]"#,
            r#"[{"name":"\ud800"}]"#,
            "[1e999]",
        ],
    },
    Column {
        event: "workflow_job",
        members: r#""workflow_job":{"id":7,"steps":?}"#,
        name: "workflow_job_steps_started_at",
        fine: &[
            "null",
            "[]",
            "[{}]",
            "[null]",
            r#"[{"started_at":null}]"#,
            r#"[{"started_at":"2026-03-02T10:00:00Z"},{"started_at":null}]"#,
        ],
        wrong: &[
            "7",
            r#""x""#,
            "true",
            "{}",
            "[7]",
            "[[]]",
            r#"[{"started_at":7}]"#,
            r#"[{"started_at":"soon"}]"#,
            r#"[{"started_at":"2026-03-02T10:00:00Z"},{"started_at":"soon"}]"#,
            r#"[{"started_at":"\ud800"}]"#,
            "[1e999]",
        ],
    },
    Column {
        event: "push",
        members: r#""ref":"refs/heads/main","commits":?"#,
        name: "push_commits_count",
        fine: &["null", "[]", "[1,2]", "[null]", "[1e999]", r#"["\ud800"]"#],
        wrong: &["7", r#""x""#, "true", "{}", "1e999", r#""\ud800""#],
    },
    Column {
        event: "push",
        members: r#""repository":{"id":1,"full_name":"a/b","pushed_at":?}"#,
        name: "push_repository_pushed_at",
        fine: &["null", "1772445600", r#""2026-03-02T10:00:00Z""#],
        wrong: &["true", r#""x""#, "[]", "{}", "1e999"],
    },
    Column {
        event: "star",
        members: r#""action":?,"sender":{"login":"ana"}"#,
        name: "action",
        fine: &["null", r#""""#, r#""created""#],
        wrong: &["7", "true", "[]", "{}", "1e999", r#""\ud800""#],
    },
];

pub(crate) fn columns() -> Vec<Case> {
    let mut cases = vec![];
    for column in COLUMNS {
        let fine = column.fine.iter().map(|value| (value, stored()));
        let wrong = column.wrong.iter().map(|value| (value, issues(column.name)));
        for (value, verdict) in fine.chain(wrong) {
            let members = column.members.replace('?', value);
            cases.push(Case::new(
                format!("{members:.60}"),
                record(column.event, &members),
                verdict,
            ));
        }
    }
    cases
}

/// Objects that are something else: all their columns are NULL.
pub(crate) fn entities() -> Vec<Case> {
    let mut cases = vec![];
    for (event, at, columns) in [
        ("star", "repository", "repo_full_name,repo_id"),
        ("star", "sender", "sender_login,sender_type"),
        ("star", "organization", "org_login"),
        ("star", "installation", "installation_id"),
        ("check_run", "check_run", CHECK_RUN),
        ("deployment_status", "deployment_status", DEPLOYMENT_STATUS),
    ] {
        for value in ["7", "true", r#""x""#, "[]", "[{}]", "1e999", r#""\ud800""#] {
            let members = format!(r#""{at}":{value}"#);
            cases.push(Case::new(members.clone(), record(event, &members), issues(columns)));
        }
        for value in ["null", "{}", r#"{"x":[1e999,"\ud800"]}"#] {
            let members = format!(r#""{at}":{value}"#);
            cases.push(Case::new(members.clone(), record(event, &members), stored()));
        }
    }
    cases
}

const CHECK_RUN: &str = "check_run_app_slug,check_run_check_suite_id,check_run_completed_at,check_run_conclusion,check_run_head_sha,check_run_id,check_run_name,check_run_started_at,check_run_status";
const DEPLOYMENT_STATUS: &str = "deployment_status_created_at,deployment_status_creator_login,deployment_status_environment,deployment_status_id,deployment_status_state,deployment_status_updated_at";

/// What JSON allows and hardly anybody writes.
pub(crate) fn odd() -> Vec<Case> {
    let deep = |times: usize| format!("{}1{}", "[".repeat(times), "]".repeat(times));
    let objects = |times: usize| format!("{}1{}", r#"{"a":"#.repeat(times), "}".repeat(times));
    let many: Vec<String> = (0..20_000).map(|n| format!(r#""m{n}":{n}"#)).collect();
    let star = |name: &str, members: &str, verdict: Verdict| {
        Case::new(name, record("star", members), verdict)
    };
    vec![
        star("the same member, fine at last", r#""action":1,"action":"x""#, stored()),
        star("the same member, wrong at last", r#""action":"x","action":1"#, issues("action")),
        star(
            "the same entity, wrong at last",
            r#""sender":{"login":"a"},"sender":7"#,
            issues("sender_login,sender_type"),
        ),
        star("a name of half a pair", r#""\ud800":1,"action":"x""#, stored()),
        star("a name of nothing", r#""":1"#, stored()),
        star("an overlong name", &format!(r#""{}":1"#, "n".repeat(100_000)), stored()),
        star(
            "a name that is a column's",
            r#""delivery_id":7,"payload":7,"date":"x","raw_key":[]"#,
            stored(),
        ),
        star("a name with an escape", r#""\u0061ction":7"#, issues("action")),
        star("numbers beyond all floats", r#""x":1e999,"y":-1e999,"z":1e-999"#, stored()),
        star("a number of a thousand digits", &format!(r#""x":{}"#, "9".repeat(1_000)), stored()),
        star("many members", &many.join(","), stored()),
        star("arrays, deep", &format!(r#""x":{}"#, deep(100_000)), stored()),
        star("objects, deep", &format!(r#""x":{}"#, objects(50_000)), stored()),
        star("a text that is deep", &format!(r#""action":{}"#, deep(100_000)), issues("action")),
        star(
            "a number that is deep",
            &format!(r#""repository":{{"id":{}}}"#, objects(50_000)),
            issues("repo_id"),
        ),
        star(
            "an entity that is deep",
            &format!(r#""sender":{}"#, deep(100_000)),
            issues("sender_login,sender_type"),
        ),
        star(
            "half a pair and a number, both columns",
            r#""action":"\ud800","repository":{"id":1e999,"full_name":"a/b"}"#,
            issues("action,repo_id"),
        ),
        star("half a pair in the middle", r#""action":"a\ud800b""#, issues("action")),
        star(
            "every control character, escaped",
            &format!(
                r#""action":"{}""#,
                (0..32).map(|n| format!(r"\u{n:04x}")).collect::<String>()
            ),
            stored(),
        ),
        star("DEL and C1, as they are", "\"action\":\"\u{7f}\u{80}\u{9b}31m\u{9f}\"", stored()),
        star(
            "turned and hidden",
            "\"action\":\"\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}\u{e0041}\"",
            stored(),
        ),
        star("planes beyond the first", "\"action\":\"\u{1f4a9}\u{10ffff}\u{fffe}\"", stored()),
        star(
            "an envelope within",
            r#""a":{"version":"0","id":"00000000-0000-0000-0000-00000000dead","detail-type":"push","time":"2026-03-02T10:00:00Z","detail":{}}"#,
            stored(),
        ),
        star(
            "an envelope in a string",
            r#""a":"}\n{\"version\":\"0\",\"detail-type\":\"push\",\"detail\":{}}""#,
            stored(),
        ),
        star("nothing", "", stored()),
    ]
}
