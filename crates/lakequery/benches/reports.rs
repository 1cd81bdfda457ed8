//! How long the reports take over a large lake, process start included:
//! `cargo bench -p lakequery --bench reports` (a million deliveries; another number as argument).
//!
//! The lake is made by the simulation with slim payloads: reports never read the payload column,
//! so its size has no part in this. Compacting it is timed on the way. Every answer is compared
//! with the simulation's own before it is timed.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at a surprise"
)]

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;
use octolake_event::entry::{self, BusEntry};
use octolake_event::{DeliveryMeta, layout};
use octolake_simulate::{Padding, Settings, Simulation, simulate};
use serde_json::Value;

const OBJECT_BYTES: usize = 32 << 20;
const REPETITIONS: usize = 5;
/// What both reports together may take, in seconds.
const ASKED: f64 = 1.0;

const REPORTS: [&[&str]; 7] = [
    &["queue-latency"],
    &["lead-time"],
    &["queue-latency", "--by", "repo"],
    &["queue-latency", "--by", "label,day"],
    &["lead-time", "--by", "author"],
    &["lead-time", "--measure", "first_review"],
    &["queue-latency", "--since", "2026-03-09", "--until", "2026-03-10"],
];

fn main() {
    let deliveries = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let lake = directory.path();
    let settings = Settings { deliveries, padding: Padding::Slim, ..Settings::default() };
    let simulation = simulate(&settings);
    let json = land(&simulation, &settings, lake);
    let compacted = run(lake, &["compact"]);
    let report: Value = serde_json::from_slice(&compacted.1).expect("JSON");
    println!(
        "{} deliveries, {} MB of JSON; compacted in {:.1} s into {} files, {} MB\n",
        simulation.len(),
        json / 1_000_000,
        compacted.0,
        report["files_after"],
        report["bytes_after"].as_u64().unwrap_or_default() / 1_000_000
    );
    check(&simulation, lake);
    println!("{:<70} {:>8} {:>8}", "report, with the start of the process", "best s", "worst s");
    let mut plain = 0.0;
    for arguments in REPORTS {
        let arguments = [&["report"], arguments].concat();
        let times: Vec<f64> = (0..REPETITIONS).map(|_| run(lake, &arguments).0).collect();
        let best = times.iter().copied().fold(f64::MAX, f64::min);
        let worst = times.iter().copied().fold(0.0, f64::max);
        if arguments.len() == 2 {
            plain += best;
        }
        println!("{:<70} {best:>8.3} {worst:>8.3}", arguments.join(" "));
    }
    println!("\nasked for: both reports in under {ASKED} s; reached: {plain:.3} s together");
}

/// Runs the built binary; gives the seconds that it took and what it printed.
fn run(lake: &Path, arguments: &[&str]) -> (f64, Vec<u8>) {
    let started = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_lakequery"))
        .args(["-q", "--format", "json", "--lake"])
        .arg(lake)
        .args(arguments)
        .output()
        .expect("lakequery runs");
    let seconds = started.elapsed().as_secs_f64();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (seconds, output.stdout)
}

fn check(simulation: &Simulation, lake: &Path) {
    let truth = simulation.truth();
    let row = |report: &str| -> Value {
        let answer: Value =
            serde_json::from_slice(&run(lake, &["report", report]).1).expect("JSON");
        answer["rows"][0].clone()
    };
    let jobs = truth.queue_latency.overall().expect("jobs");
    let pulls = truth.lead_time.overall(|pull| Some(pull.lead_time)).expect("pull requests");
    for (row, count, truth) in
        [(row("queue-latency"), "jobs", jobs), (row("lead-time"), "prs", pulls)]
    {
        assert_eq!(row[count].as_u64(), Some(truth.n));
        assert_eq!(row["p50_s"].as_f64(), Some(truth.p50));
        assert_eq!(row["p99_s"].as_f64(), Some(truth.p99));
        assert_eq!(row["max_s"].as_f64(), Some(truth.max));
    }
}

/// Writes the deliveries as raw objects; gives the bytes of JSON.
fn land(simulation: &Simulation, settings: &Settings, lake: &Path) -> u64 {
    let (mut text, mut number, mut json) = (Vec::new(), 0, 0);
    let mut close = |text: &mut Vec<u8>| {
        let key = layout::raw_key(settings.start, &format!("{number:05}.gz"));
        let path = lake.join(key);
        std::fs::create_dir_all(path.parent().unwrap_or(lake)).expect("a folder");
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(text).expect("writing into memory");
        std::fs::write(path, gzip.finish().expect("writing into memory")).expect("a raw object");
        number += 1;
        text.clear();
    };
    for delivery in simulation.deliveries() {
        let meta = DeliveryMeta::new(delivery.id, delivery.sent_at);
        let entry = BusEntry {
            source: "github.com".into(),
            detail_type: delivery.event.into(),
            detail: entry::detail(&meta, &delivery.body),
        };
        let line = entry::envelope_line(&entry, &delivery.id.to_string(), delivery.sent_at);
        json += line.len() as u64;
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
        if text.len() >= OBJECT_BYTES {
            close(&mut text);
        }
    }
    close(&mut text);
    json
}
