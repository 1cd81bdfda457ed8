//! What the binary prints of hostile texts: nothing that a terminal obeys, JSON of the same value,
//! inert Markdown, and CSV as it is where a program reads it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

/// Clears the screen, sets the title, rings, turns the direction, hides, and C1's CSI.
const HOSTILE: &str = "a\u{1b}[2J\u{1b}]0;pwned\u{7}\u{202e}b\u{200b}\u{9b}31m";

fn run(args: &[&str]) -> Output {
    let lake = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lakequery"));
    command.env_remove("LAKE_URL").arg("--lake").arg(lake.path()).args(args).output().unwrap()
}

fn sql(text: &str, format: &str) -> (Option<i32>, String, String) {
    let output = run(&["-q", "sql", text, "--format", format]);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn harmless(text: &str) -> bool {
    let hostile = ['\u{202e}', '\u{200b}'];
    !text.contains(|c: char| (c.is_control() && c != '\n') || hostile.contains(&c))
}

#[test]
fn errors_that_quote_a_value_are_clean() {
    for call in [
        format!("cast('{HOSTILE}' as int)"),
        format!("to_timestamp('{HOSTILE}')"),
        format!("regexp_like('x', '({HOSTILE}')"),
        format!("cast(concat('{HOSTILE}', cast(random() as varchar)) as int)"),
        format!("\"{HOSTILE}\""),
        format!("to_char(now(), '{HOSTILE}%Q')"),
        format!("json_extract_scalar('{{}}', '{HOSTILE}')"),
        format!("no_such_function('{HOSTILE}'"),
    ] {
        let (code, stdout, stderr) = sql(&format!("select {call} as x"), "table");
        assert!(code != Some(0), "{call}: {stdout}");
        assert!(stderr.starts_with("error: ") && harmless(&stderr), "{stderr:?}");
    }
    let (_, _, stderr) = sql(&format!("select cast('{HOSTILE}' as int) as x"), "table");
    assert!(
        stderr.contains(r"a\u{1b}[2J\u{1b}]0;pwned\u{7}\u{202e}b\u{200b}\u{9b}31m"),
        "{stderr}"
    );
}

#[test]
fn arguments_that_are_quoted_are_clean() {
    for args in [
        ["sql", "--max-rows", HOSTILE],
        ["--format", HOSTILE, "status"],
        ["report", HOSTILE, "--explain"],
        ["report", "queue-latency", HOSTILE],
    ] {
        let output = run(&args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.starts_with("error: ") && harmless(&stderr), "{stderr:?}");
    }
    let output = run(&["report", "queue-latency", "--by", HOSTILE]);
    assert!(harmless(&String::from_utf8(output.stderr).unwrap()));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn rows_are_clean_or_exact_by_format() {
    let text = format!("select '{HOSTILE}' as \"n\u{1b}[2J\"");
    let table = concat!(
        " n\\u{1b}[2J\n",
        "───────────────────────────────────────────────────────────────────\n",
        " a\\u{1b}[2J\\u{1b}]0;pwned\\u{7}\\u{202e}b\\u{200b}\\u{9b}31m\n",
    );
    let (code, stdout, _) = sql(&text, "table");
    assert_eq!(code, Some(0));
    assert!(harmless(&stdout), "{stdout:?}");
    let texts = |lines: &str| {
        lines.lines().filter(|line| !line.starts_with('─')).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(texts(&stdout), texts(table));
    let (_, markdown, _) = sql(&text, "markdown");
    assert!(harmless(&markdown), "{markdown:?}");
    assert!(
        markdown.contains(r"| `a\u{1b}[2J\u{1b}]0;pwned\u{7}\u{202e}b\u{200b}\u{9b}31m` |"),
        "{markdown}"
    );
    let (_, json, _) = sql(&text, "json");
    assert!(harmless(&json), "{json:?}");
    let rows: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(rows, serde_json::json!([{"n\u{1b}[2J": HOSTILE}]));
    let (_, csv, _) = sql(&text, "csv");
    assert_eq!(csv, format!("n\u{1b}[2J\n{HOSTILE}\n"));
}

#[test]
fn formulas_are_texts_where_that_is_asked_for() {
    let text = "select '=1+1' as \"@a\", -5 as n, 'x' as \"-b\"";
    assert_eq!(sql(text, "csv").1, "@a,n,-b\n=1+1,-5,x\n");
    let output = run(&["-q", "sql", text, "--format", "csv", "--csv-safe"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "'@a,n,'-b\n'=1+1,-5,x\n");
}

#[test]
fn markdown_is_inert() {
    let (_, markdown, _) =
        sql("select '![x](https://evil/y.png) @acme/all' as a, 'acme/web' as b", "markdown");
    assert!(markdown.contains("| `![x](https://evil/y.png) @acme/all` | acme/web |"), "{markdown}");
}
