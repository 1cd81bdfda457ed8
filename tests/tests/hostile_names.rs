//! Names that somebody chose to do harm, in every format of a report: each stays one cell of one row,
//! and nothing obeys it. And a report as Parquet, into a pipe.

use octolake_tests::TestLake;
use octolake_tests::lake::envelope;
use serde_json::{Value, json};

/// Breaks a cell of Markdown, clears a screen, ends a quote, runs in a spreadsheet, forges a row, turns
/// the direction, fetches a picture, ends a script.
const NAMES: [&str; 9] = [
    "a|b",
    "esc\u{1b}[2J\u{1b}]0;pwned\u{7}",
    "say \"hi\", it's",
    "=cmd()",
    "x\n acme/forged    99   1s",
    "\u{202e}txt.exe\u{200b}",
    "![x](https://evil.example/y.png)",
    "</script><script>alert(1)</script>",
    "'; drop table events; --",
];

/// A job per name, which is that of its workflow and of one of its labels, and waited 10 s.
fn lake() -> TestLake {
    let lake = TestLake::new();
    let job = |(n, name): (usize, &&str)| {
        let payload = json!({
            "action": "in_progress",
            "workflow_job": {
                "id": n + 1, "run_id": 1, "run_attempt": 1, "name": name, "workflow_name": name,
                "labels": [name], "created_at": "2026-03-02T09:00:00Z",
                "started_at": "2026-03-02T09:00:10Z", "runner_id": 5, "runner_name": name, "steps": [],
            },
            "repository": {"id": 1, "full_name": "acme/web"},
        });
        envelope(n, "workflow_job", &payload)
    };
    lake.put_raw("names", NAMES.iter().enumerate().map(job).collect::<String>().as_bytes());
    assert_eq!(lake.json(&["compact"])["stored"], NAMES.len());
    lake
}

fn report(lake: &TestLake, args: &[&str]) -> String {
    let all = ["-q", "report", "queue-latency", "--by", "workflow"];
    lake.run(&[&all[..], args].concat()).fine().stdout
}

/// Whether no character drives a terminal, or shows as another.
fn is_inert(text: &str) -> bool {
    !text.contains(|c: char| (c.is_control() && c != '\n') || "\u{202e}\u{200b}".contains(c))
}

fn sorted<T: Ord>(texts: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut texts: Vec<T> = texts.into_iter().collect();
    texts.sort();
    texts
}

#[test]
fn a_table_has_a_line_per_name() {
    for by in ["workflow", "job", "runner", "label"] {
        let table = report(&lake(), &["--by", by]);
        assert!(is_inert(&table), "{table:?}");
        let rows = table.lines().skip(2).take_while(|line| !line.starts_with("Window: "));
        let rows: Vec<&str> = rows.collect();
        assert_eq!(rows.len(), NAMES.len(), "{table}");
        assert!(rows.iter().all(|row| row.ends_with("10s")), "{table}");
        assert!(table.contains(r" x\u{a} acme/forged    99   1s "), "{table}");
        assert!(table.contains(r" esc\u{1b}[2J\u{1b}]0;pwned\u{7} "), "{table}");
        assert!(table.contains(r" \u{202e}txt.exe\u{200b} "), "{table}");
    }
}

#[test]
fn markdown_has_a_row_per_name_and_each_is_code() {
    let markdown = report(&lake(), &["--format", "markdown"]);
    assert!(is_inert(&markdown), "{markdown:?}");
    let rows: Vec<&str> =
        markdown.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), NAMES.len(), "{markdown}");
    for row in rows {
        // What separates cells is no `\|`: one per column and one at the end.
        assert_eq!(row.replace("\\|", "").matches('|').count(), 10, "{row}");
        assert!(row.starts_with("| `"), "{row}");
    }
    assert!(markdown.contains(r"| `a\|b` "), "{markdown}");
}

#[test]
fn rows_in_json_have_the_names_as_they_are() {
    let lake = lake();
    let json = report(&lake, &["--format", "json"]);
    let lines = report(&lake, &["--format", "ndjson"]);
    assert!(is_inert(&json) && is_inert(&lines), "{json} {lines}");
    let name = |row: &Value| row["workflow"].as_str().unwrap().to_owned();
    let answer: Value = serde_json::from_str(&json).unwrap();
    let names = answer["rows"].as_array().unwrap().iter().map(name);
    assert_eq!(sorted(names), sorted(NAMES.map(str::to_owned)));
    let rows = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert_eq!(sorted(rows.map(|row| name(&row))), sorted(NAMES.map(str::to_owned)));
}

#[test]
fn csv_has_the_names_as_they_are_or_safe_for_a_spreadsheet() {
    let lake = lake();
    let csv = report(&lake, &["--format", "csv"]);
    for name in NAMES {
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        let written = if name.contains(['"', ',', '\n']) { &quoted } else { name };
        assert!(csv.contains(&format!("\n{written},1,10,10,10,10,10,10,10\n")), "{csv:?}");
    }
    let safe = report(&lake, &["--format", "csv", "--csv-safe"]);
    assert!(safe.contains("\n'=cmd(),1,10,"), "{safe:?}");
}

#[test]
fn each_name_is_found_by_itself() {
    let lake = lake();
    for name in NAMES {
        let args = ["-q", "report", "queue-latency", "--format", "json"];
        let run = lake.run(&[&args[..], &["--workflow", name, "--label", name]].concat()).fine();
        assert_eq!(run.json()["n"], 1, "{name:?}: {run:?}");
    }
}

#[test]
fn links_and_gates_are_inert_too() {
    let lake = lake();
    for format in ["table", "markdown", "json", "ndjson"] {
        let args = ["report", "queue-latency", "--drill", "--by", "workflow", "--format", format];
        let run = lake.run(&args).fine();
        assert!(is_inert(&run.stdout) && is_inert(&run.stderr), "{run:?}");
    }
    let run = lake.run(&["report", "queue-latency", "--by", "workflow", "--slo", "max<=1s"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(is_inert(&run.stderr), "{run:?}");
    let told = run.stderr.lines().filter(|line| line.starts_with("slo: ")).count();
    assert_eq!(told, NAMES.len(), "{run:?}");
}

#[test]
fn parquet_goes_into_a_pipe() {
    let lake = lake();
    let args = ["report", "queue-latency", "--by", "workflow", "--format", "parquet"];
    let output = lake.command(&args).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let bytes = &output.stdout;
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    // Before the mark at the end stands how long the description of the columns is.
    let (_, end) = bytes.split_at(bytes.len() - 8);
    let length = u32::from_le_bytes(end[..4].try_into().unwrap()) as usize;
    let description = String::from_utf8_lossy(&bytes[bytes.len() - 8 - length..]);
    for column in ["workflow", "jobs", "p50_s", "mean_s"] {
        assert!(description.contains(column), "{column}");
    }
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("n = 9 jobs."), "{said}");
}
