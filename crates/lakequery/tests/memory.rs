//! A short statement makes no gigabytes: whatever a query does, it ends with a sentence before it
//! holds much more than it may.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What a query may hold is 1.5 GiB. A tenth is for what it fills between two looks of its watch,
/// and for the program itself.
const MOST: u64 = (1_610_612_736 / 10) * 11;

/// Statements of which each would hold gigabytes, and what the binary says of it.
const STATEMENTS: [(&str, &str); 18] = [
    ("select length(repeat('x', 2000000000)) as n", "repeat would make 2.0 GB"),
    ("select repeat('x', 2000000000) as x", "repeat would make 2.0 GB"),
    ("select repeat('x', 100000000) as x from generate_series(1, 1000)", "repeat would make 100 GB"),
    ("select repeat(repeat('x', 1000000), 1000) as x", "repeat would make 1.0 GB"),
    ("select lpad('x', 2000000000) as x", "lpad would make 2.0 GB"),
    ("select rpad('x', 1000000000, 'é') as x", "rpad would make 4.0 GB"),
    ("select array_repeat('x', 1000000000) as x", "array_repeat would make"),
    ("select array_repeat(array_repeat(1, 1000), 1000000) as x", "array_repeat would make"),
    ("select range(1, 1000000000) as x", "range would make 8.0 GB"),
    ("select array_resize([1], 1000000000, 1) as x", "array_resize would make 8.0 GB"),
    // What no guard sees beforehand.
    (
        "select length(replace(repeat('x', 1000000), 'x', repeat('y', 10000))) as n",
        "the query was stopped: it held ",
    ),
    (
        "select length(regexp_replace(repeat('x', 1000000), 'x', repeat('y', 10000), 'g')) as n",
        "the query was stopped: it held ",
    ),
    (
        "with a as (select repeat('x', 50000000) as x), b as (select x||x||x||x||x||x||x||x as x from a)
         select length(x||x||x||x||x||x||x||x) as n from b",
        "",
    ),
    (
        "select length(string_agg(repeat('x', 100000 + cast(value as int) % 2), '')) as n
         from (select unnest(range(0, 400)) as value from generate_series(1, 100))",
        "",
    ),
    (
        "select length(array_to_string(range(1, 1000000), repeat('x', 10000))) as n",
        "",
    ),
    (
        "select string_agg(repeat('x', 5000), '') over (order by value) as x from generate_series(1, 10000)",
        "",
    ),
    (
        "select concat(z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z) as x
         from (select repeat('x', 60000000) as z)",
        "",
    ),
    ("select array_agg(range(1, 1000)) as a from generate_series(1, 1000000)", ""),
];

/// How it ended, and the most memory in bytes that it had filled.
fn run(lake: &Path, sql: &str) -> (Option<i32>, String, u64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lakequery"))
        .env_remove("LAKE_URL")
        .arg("--lake")
        .arg(lake)
        .args(["-q", "sql", sql, "--format", "csv"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let (began, mut peak) = (Instant::now(), 0);
    let code = loop {
        peak = peak.max(high_water(&status).unwrap_or_default());
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if began.elapsed() > Duration::from_secs(120) {
            child.kill().unwrap();
        }
        sleep(Duration::from_millis(2));
    };
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (code, said, peak)
}

/// The most memory in bytes that a process ever had filled.
fn high_water(status: &str) -> Option<u64> {
    let mut text = String::new();
    File::open(status).ok()?.read_to_string(&mut text).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok().map(|kilobytes: u64| kilobytes << 10)
}

#[test]
fn no_statement_holds_much_more_than_a_query_may() {
    let lake = tempfile::tempdir().unwrap();
    for (sql, says) in STATEMENTS {
        let (code, said, peak) = run(lake.path(), sql);
        assert!(peak < MOST, "{} MB: {sql}", peak >> 20);
        assert_eq!(code, Some(1), "{sql}: {said}");
        assert!(said.starts_with("error: ") && said.lines().count() == 1, "{sql}: {said}");
        assert!(said.contains(says), "{sql}: {said}");
    }
}

#[test]
fn what_fits_is_answered() {
    let lake = tempfile::tempdir().unwrap();
    for sql in [
        "select length(repeat('x', 10000000)) as n",
        "select count(*) as n from (select unnest(range(0, 1000)) as u from generate_series(1, 1000))",
        "select sum(length(lpad(cast(value as varchar), 1000, '0'))) as n from generate_series(1, 100000)",
    ] {
        let (code, said, _) = run(lake.path(), sql);
        assert_eq!(code, Some(0), "{sql}: {said}");
    }
}
