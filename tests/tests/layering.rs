//! The arrows between the crates go one way, heavy libraries stay where they belong, and no file
//! grows without end: docs/architecture.md says why.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which of our crates a crate may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("octolake-event", &[]),
    ("octolake-store", &[]),
    ("octolake-aws", &["octolake-event"]),
    ("octolake-ingest", &["octolake-event"]),
    ("octolake-tables", &["octolake-event"]),
    ("octolake-simulate", &["octolake-event"]),
    // Shares nothing with what it witnesses to.
    ("octolake-witness", &[]),
    ("octolake-lake", &["octolake-event", "octolake-store", "octolake-tables"]),
    (
        "octolake-compactor",
        &["octolake-event", "octolake-lake", "octolake-store", "octolake-tables"],
    ),
    ("octolake-serve", &["octolake-event", "octolake-ingest", "octolake-store"]),
    ("octolake-reports", &[]),
    ("octolake-output", &["octolake-reports"]),
    (
        "octolake-engine",
        &[
            "octolake-event",
            "octolake-lake",
            "octolake-reports",
            "octolake-store",
            "octolake-tables",
        ],
    ),
    ("octolake-lambda", &[]),
    ("octolake-ingest-lambda", &["octolake-event", "octolake-ingest", "octolake-lambda"]),
    (
        "octolake-compactor-lambda",
        &["octolake-compactor", "octolake-lake", "octolake-lambda", "octolake-store"],
    ),
    ("octolake-echo", &[]),
    ("octolake-testkit", &[]),
    (
        "octolake-fuzzed",
        &["octolake-compactor", "octolake-event", "octolake-ingest", "octolake-tables"],
    ),
];

/// Lines of a file before its tests: the most that anybody wants to read at once.
const MAX_LINES: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn cargo(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(args)
        .arg("--offline")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What each crate of the workspace depends on, tests and build scripts aside.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        all.filter(|it| it["kind"].is_null()).map(|it| text(&it["name"])).collect()
    };
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.map(|package| (text(&package["name"]), of(package))).collect()
}

#[test]
fn arrows_between_crates_go_one_way() {
    let dependencies = dependencies();
    let ours: BTreeSet<&String> = dependencies.keys().collect();
    for (name, allowed) in ARROWS {
        let used = dependencies[*name].iter().filter(|it| ours.contains(it));
        for it in used {
            assert!(allowed.contains(&&**it), "{name} must not use {it}");
        }
    }
}

#[test]
fn heavy_libraries_have_one_home_each() {
    let dependencies = dependencies();
    for (library, homes) in [
        ("deltalake", &["octolake-lake"][..]),
        ("datafusion", &["lakequery", "octolake-engine"]),
        ("datafusion-functions-json", &["octolake-engine"]),
        ("aws-config", &["octolake-aws", "octolake-ingest-lambda"]),
        ("aws-sigv4", &["octolake-aws"]),
    ] {
        let users = dependencies.iter().filter(|(_, used)| used.contains(library));
        for (user, _) in users {
            assert!(homes.contains(&&**user), "{user} must not use {library}");
        }
    }
}

#[test]
fn what_takes_deliveries_is_light() {
    for name in [
        "octolake-event",
        "octolake-ingest",
        "octolake-ingest-lambda",
        "octolake-output",
        "octolake-reports",
    ] {
        let tree = cargo(&["tree", "-p", name, "-e", "normal", "--prefix", "none"]);
        assert!(tree.starts_with(name));
        for heavy in ["arrow", "parquet", "datafusion", "deltalake", "object_store"] {
            assert!(!tree.lines().any(|line| line.starts_with(heavy)), "{name} brings {heavy}");
        }
    }
}

#[test]
fn files_say_what_they_are_for_and_stay_short() {
    let mut files = Vec::new();
    for package in fs::read_dir(root().join("crates")).unwrap() {
        rust_files(&package.unwrap().path(), &mut files);
    }
    assert!(files.len() > 50, "only {} files found", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(root()).unwrap().display();
        assert!(text.starts_with("//!"), "{name} does not begin with what it is for (//!)");
        let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        assert!(lines <= MAX_LINES, "{name} has {lines} lines, more than {MAX_LINES}: split it");
    }
}

/// What stands before the tests of each file under these crates, by its name.
fn sources(crates: &[&str]) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for name in crates {
        rust_files(&root().join("crates").join(name).join("src"), &mut files);
    }
    let is_test = |path: &PathBuf| path.ends_with("tests.rs");
    let sources = files.into_iter().filter(|path| !is_test(path)).map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.lines().take_while(|line| *line != "#[cfg(test)]");
        let code = code.filter(|line| !line.trim_start().starts_with("//"));
        (path.display().to_string(), code.collect::<Vec<_>>().join("\n"))
    });
    sources.collect()
}

#[test]
fn one_file_commits() {
    let callers: Vec<String> = sources(&["compactor", "lakequery", "compactor-lambda"])
        .into_iter()
        .filter(|(_, code)| code.contains(".commit(&") || code.contains(".commit(commit)"))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(callers.len(), 1, "{callers:?}");
    assert!(callers[0].ends_with("crates/compactor/src/commit.rs"), "{callers:?}");
}

#[test]
fn keys_are_built_and_parsed_in_one_place() {
    let folders = ["raw", "large", "events", "quarantine", "erased", "rebuild", "sealed"];
    for (name, code) in sources(&["lake", "compactor", "compactor-lambda", "serve", "ingest"]) {
        for folder in folders {
            let text = format!("(\"{folder}/");
            assert!(!code.contains(&text), "{name} makes or parses a key: {text}");
        }
        for constant in ["RAW", "LARGE", "EVENTS", "QUARANTINE", "ERASED", "REBUILD"] {
            let text = format!("/{{}}\", layout::{constant}");
            assert!(!code.contains(&text), "{name} makes a key: {text}");
            let text = format!("{{}}/{{}}\", layout::{constant}");
            assert!(!code.contains(&text), "{name} makes a key: {text}");
        }
    }
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
