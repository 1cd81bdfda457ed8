//! The bare pipe: what a compactor cannot do without, and nothing else. `cargo bench --bench pipe -- RAW OUT
//! [THREADS]`.
//!
//! Gunzip, one typed pass over the JSON, Parquet by event type and date, with fifteen columns. It
//! looks up nothing, trusts every line, holds what it likes, commits nothing: a floor to measure
//! `lakequery compact` against, on the same raw objects.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at a surprise"
)]

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use arrow_array::builder::{Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use flate2::read::MultiGzDecoder;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use serde::Deserialize;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "detail-type")]
    event_type: &'a str,
    source: &'a str,
    #[serde(borrow)]
    detail: Detail<'a>,
}

#[derive(Deserialize)]
struct Detail<'a> {
    #[serde(borrow)]
    _delivery: Delivery<'a>,
    action: Option<&'a str>,
    repository: Option<Repository<'a>>,
    sender: Option<Account<'a>>,
    organization: Option<Account<'a>>,
    number: Option<i64>,
    workflow_job: Option<Job<'a>>,
}

#[derive(Deserialize)]
struct Delivery<'a> {
    id: &'a str,
    received_at: &'a str,
}

#[derive(Deserialize)]
struct Repository<'a> {
    id: i64,
    full_name: &'a str,
}

#[derive(Deserialize)]
struct Account<'a> {
    login: &'a str,
}

#[derive(Deserialize)]
struct Job<'a> {
    id: i64,
    created_at: Option<&'a str>,
    started_at: Option<&'a str>,
    completed_at: Option<&'a str>,
}

const TEXTS: [&str; 11] = [
    "delivery_id",
    "received_at",
    "source",
    "action",
    "repo_full_name",
    "sender_login",
    "org_login",
    "workflow_job_created_at",
    "workflow_job_started_at",
    "workflow_job_completed_at",
    "payload",
];
const NUMBERS: [&str; 3] = ["repo_id", "number", "workflow_job_id"];
/// Bytes of payload after which rows become a batch.
const BATCH_BYTES: usize = 4 << 20;

#[derive(Default)]
struct Rows {
    texts: [StringBuilder; 11],
    numbers: [Int64Builder; 3],
    bytes: usize,
    writer: Option<ArrowWriter<Vec<u8>>>,
}

impl Rows {
    fn push(&mut self, line: &Line<'_>, payload: &str) {
        let detail = &line.detail;
        let job = detail.workflow_job.as_ref();
        let texts = [
            Some(detail._delivery.id),
            Some(detail._delivery.received_at),
            Some(line.source),
            detail.action,
            detail.repository.as_ref().map(|r| r.full_name),
            detail.sender.as_ref().map(|a| a.login),
            detail.organization.as_ref().map(|a| a.login),
            job.and_then(|job| job.created_at),
            job.and_then(|job| job.started_at),
            job.and_then(|job| job.completed_at),
            Some(payload),
        ];
        for (builder, text) in self.texts.iter_mut().zip(texts) {
            builder.append_option(text);
        }
        let repo_id = detail.repository.as_ref().map(|r| r.id);
        let numbers = [repo_id, detail.number, job.map(|job| job.id)];
        for (builder, number) in self.numbers.iter_mut().zip(numbers) {
            builder.append_option(number);
        }
        self.bytes += payload.len();
        if self.bytes >= BATCH_BYTES {
            self.encode();
        }
    }

    fn encode(&mut self) {
        self.bytes = 0;
        let texts = self.texts.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef);
        let numbers = self.numbers.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef);
        let names = TEXTS.iter().chain(&NUMBERS).copied();
        let batch = RecordBatch::try_from_iter(names.zip(texts.chain(numbers))).expect("a batch");
        let writer = self.writer.get_or_insert_with(|| {
            let column = |name: &str| ColumnPath::from(name);
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).expect("a level")))
                .set_write_batch_size(64)
                .set_column_dictionary_enabled(column("payload"), false)
                .set_column_dictionary_enabled(column("delivery_id"), false)
                .build();
            ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).expect("a writer")
        });
        writer.write(&batch).expect("rows are encoded");
    }
}

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let [raw, out, rest @ ..] = arguments.as_slice() else {
        println!("usage: pipe RAW OUT [THREADS]: raw objects to read, a folder to write, threads");
        return;
    };
    let threads = rest.first().and_then(|n| n.parse().ok()).unwrap_or(1_usize).max(1);
    let mut files = Vec::new();
    list(Path::new(raw), &mut files);
    files.sort();
    let started = Instant::now();
    let mut rows = 0;
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|number| {
                let mine: Vec<&PathBuf> = files.iter().skip(number).step_by(threads).collect();
                scope.spawn(move || pipe(&mine, Path::new(out), number))
            })
            .collect();
        rows = workers.into_iter().map(|worker| worker.join().expect("a worker ends")).sum();
    });
    let seconds = started.elapsed().as_secs_f64();
    println!("{{\"rows\": {rows}, \"seconds\": {seconds:.3}, \"threads\": {threads}}}");
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            list(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn pipe(files: &[&PathBuf], out: &Path, number: usize) -> u64 {
    let mut partitions: HashMap<(String, String), Rows> = HashMap::new();
    let mut count = 0;
    for file in files {
        let gzip = fs::read(file).expect("a raw object");
        let mut text = String::new();
        MultiGzDecoder::new(gzip.as_slice()).read_to_string(&mut text).expect("gzip");
        for line in text.lines() {
            let parsed: Line<'_> = serde_json::from_str(line).expect("an envelope");
            let payload = line.split_once("\"detail\":").map_or("", |(_, rest)| rest);
            let payload = payload.strip_suffix('}').unwrap_or(payload);
            let date = parsed.detail._delivery.received_at.get(..10).unwrap_or_default();
            let key = (parsed.event_type.to_owned(), date.to_owned());
            partitions.entry(key).or_default().push(&parsed, payload);
            count += 1;
        }
    }
    for ((event_type, date), mut rows) in partitions {
        rows.encode();
        let Some(writer) = rows.writer else { continue };
        let folder = out.join(format!("event_type={event_type}/date={date}"));
        fs::create_dir_all(&folder).expect("a folder");
        let bytes = writer.into_inner().expect("a file");
        fs::write(folder.join(format!("{number}.parquet")), bytes).expect("a file");
    }
    count
}
