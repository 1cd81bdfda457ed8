//! How fast compaction is, beside how fast its parts are: `cargo bench -p octolake-compactor`.
//!
//! A simulated organisation's deliveries, of GitHub's own sizes, lie as gzipped raw objects in a
//! directory. Each part is timed alone on the same bytes, on one thread; then whole runs, on one
//! thread too. All rates are of uncompressed JSON, in MB (a million bytes) per second.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at a surprise"
)]

use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use octolake_compactor::{Report, Settings, Surroundings, compact};
use octolake_event::entry::{self, BusEntry};
use octolake_event::framing::{Found, next_record};
use octolake_event::{DeliveryMeta, layout};
use octolake_simulate::{Settings as Organisation, simulate};
use octolake_store::{Lake, LakeUrl};
use octolake_tables::{Decoders, Row};
use uuid::Uuid;

/// What the issue asks for, and what the parts allow, in MB/s per core.
const ASKED: f64 = 150.0;
const POSSIBLE: (f64, f64) = (230.0, 300.0);
/// Uncompressed bytes of a raw object.
const OBJECT_BYTES: usize = 16 << 20;
const REPETITIONS: usize = 3;

fn main() {
    let deliveries = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(40_000);
    let objects = raw_objects(deliveries);
    let json: u64 = objects.iter().map(|object| object.json).sum();
    let stored: u64 = objects.iter().map(|object| object.gzip.len() as u64).sum();
    println!(
        "{deliveries} deliveries: {} MB of JSON in {} gzipped raw objects of {} MB; best of {REPETITIONS}, one thread\n",
        json / 1_000_000,
        objects.len(),
        stored / 1_000_000
    );
    println!("{:<46} {:>10}", "part", "MB/s");
    let gunzip = best(|| objects.iter().for_each(|object| assert!(gunzip(&object.gzip) > 0)));
    line("gunzip (zlib-rs, streaming)", json, gunzip);
    let texts: Vec<Vec<u8>> = objects.iter().map(|object| gunzip_bytes(&object.gzip)).collect();
    let framing = best(|| texts.iter().for_each(|text| assert!(frame(text) > 0)));
    line("find the records (one pass of serde_json)", json, framing);
    let decoding = best(|| texts.iter().for_each(|text| assert!(decode(text) > 0)));
    line("find and decode them to rows", json, decoding);
    drop(texts);

    println!("\n{:<46} {:>10} {:>10} {:>10}", "whole run", "MB/s", "rows/s", "files");
    let mut fastest = f64::MAX;
    for _ in 0..REPETITIONS {
        let (report, time) = whole_run(&objects);
        assert_eq!((report.quarantined, report.read), (0, objects.iter().map(|o| o.records).sum()));
        fastest = fastest.min(time.as_secs_f64());
        let seconds = time.as_secs_f64();
        println!(
            "{:<46} {:>10.0} {:>10.0} {:>10}",
            "gunzip, decode, deduplicate, encode, commit",
            json as f64 / 1e6 / seconds,
            report.stored as f64 / seconds,
            report.files_added
        );
    }
    let rate = json as f64 / 1e6 / fastest;
    let (low, high) = POSSIBLE;
    println!(
        "\nasked for: {ASKED:.0} MB/s per core; reached: {rate:.0} ({:+.0} %)",
        100.0 * (rate / ASKED - 1.0)
    );
    println!(
        "the parts allow {low:.0} to {high:.0}: {:.0} % of the lower figure",
        100.0 * rate / low
    );
    if let Some(peak) = peak_memory() {
        println!(
            "peak memory of all this, the raw objects themselves included: {} MB",
            peak / 1_000
        );
    }
}

struct Object {
    key: String,
    gzip: Vec<u8>,
    json: u64,
    records: u64,
}

fn raw_objects(deliveries: u64) -> Vec<Object> {
    let organisation = Organisation { deliveries, ..Organisation::default() };
    let simulation = simulate(&organisation);
    let mut objects = Vec::new();
    let (mut text, mut records) = (Vec::new(), 0);
    let mut land = |text: &mut Vec<u8>, records: &mut u64| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(text).expect("writing into memory");
        objects.push(Object {
            key: layout::raw_key(organisation.start, &format!("{:05}.gz", objects.len())),
            gzip: gzip.finish().expect("writing into memory"),
            json: text.len() as u64,
            records: std::mem::take(records),
        });
        text.clear();
    };
    for delivery in simulation.deliveries() {
        let meta = DeliveryMeta::new(delivery.id, delivery.sent_at);
        let entry = BusEntry {
            source: "github.com".into(),
            detail_type: delivery.event.into(),
            detail: entry::detail(&meta, &delivery.body),
        };
        text.extend(
            entry::envelope_line(&entry, &delivery.id.to_string(), delivery.sent_at).bytes(),
        );
        text.push(b'\n');
        records += 1;
        if text.len() >= OBJECT_BYTES {
            land(&mut text, &mut records);
        }
    }
    land(&mut text, &mut records);
    objects
}

fn gunzip_bytes(gzip: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(gzip).read_to_end(&mut bytes).expect("our own gzip");
    bytes
}

fn gunzip(gzip: &[u8]) -> usize {
    let (mut decoder, mut window, mut sum) = (MultiGzDecoder::new(gzip), vec![0; 1 << 20], 0);
    loop {
        match decoder.read(&mut window).expect("our own gzip") {
            0 => return sum,
            read => sum += read,
        }
    }
}

fn frame(text: &[u8]) -> usize {
    let (mut at, mut records) = (0, 0);
    while let Found::Record { range, .. } = next_record(text, at, true) {
        at = range.end;
        records += 1;
    }
    records
}

fn decode(text: &[u8]) -> usize {
    let mut decoders = Decoders::default();
    let (mut at, mut columns) = (0, 0);
    while let Found::Record { range, envelope } = next_record(text, at, true) {
        let plan = decoders.plan(&envelope.detail_type);
        columns += plan.schema.fields().len();
        assert_eq!(Row::decode(&plan, &envelope).expect("our own JSON").issues(), 0);
        at = range.end;
    }
    columns
}

fn whole_run(objects: &[Object]) -> (Report, Duration) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for object in objects {
        let path = directory.path().join(&object.key);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("a folder");
        std::fs::write(path, &object.gzip).expect("a raw object");
    }
    let lake = Lake::open(&LakeUrl::Directory(directory.path().into())).expect("a lake");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let now = Organisation::default().end;
    let settings = Settings::default();
    let surroundings =
        Surroundings { run_id: Uuid::new_v4(), clock: &move || now, on_progress: &mut |_, _| {} };
    let started = Instant::now();
    let report = runtime
        .expect("a runtime")
        .block_on(compact(&lake, &settings, surroundings))
        .expect("a run");
    (report, started.elapsed())
}

fn best(work: impl Fn()) -> Duration {
    let time = |()| {
        let started = Instant::now();
        work();
        started.elapsed()
    };
    (0..REPETITIONS).map(|_| time(())).min().unwrap_or_default()
}

fn line(what: &str, bytes: u64, time: Duration) {
    println!("{what:<46} {:>10.0}", bytes as f64 / 1e6 / time.as_secs_f64());
}

/// The most memory this process had, in kB, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
