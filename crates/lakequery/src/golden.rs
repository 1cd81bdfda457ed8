//! Golden tests: deliveries, SQL and reports as data, beside what they must give.
//!
//! `tests/golden/<case>/deliveries.jsonl` holds a delivery a line, `{"at", "type", "payload"}` and its
//! `source` where that is not github.com, in the order of arrival. Each `<name>.sql` beside it, and each `<name>.report` (arguments as typed),
//! has its `<name>.expected`. `UPDATE_EXPECTED=1 cargo test -p lakequery golden` writes those
//! anew: read the difference before you keep it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::parquet::arrow::ArrowWriter;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt as _};
use octolake_event::framing::{Found, next_record};
use octolake_event::layout::Partition;
use octolake_lake::LiveFile;
use octolake_tables::{BatchBuilder, Decoders, Row};

use octolake_engine::{Engine, EventsTable};
use octolake_reports::{Answer, EmptyGate, Question};

use crate::ask::{Known, ask};
use octolake_output::Json;

/// An engine over the rows of records, in Parquet files as the compactor would write them: one per
/// partition, without the columns that the event type has not.
pub(crate) async fn engine(records: &[u8]) -> Engine {
    let (store, files) = files_of(records).await;
    Engine::over(EventsTable::new(store, files)).unwrap()
}

async fn files_of(records: &[u8]) -> (Arc<dyn ObjectStore>, Vec<LiveFile>) {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let mut files = vec![];
    for (partition, batch, received) in batches(records) {
        let path = format!("{}/part-0.parquet", partition.folder());
        let bytes = parquet(&batch);
        let file = file(partition, path, bytes.len() as u64, &batch, &received);
        store.put(&object_store::path::Path::from(file.key()), bytes.into()).await.unwrap();
        files.push(file);
    }
    (store, files)
}

fn file(
    partition: Partition,
    path: String,
    bytes: u64,
    batch: &RecordBatch,
    received: &[DateTime<Utc>],
) -> LiveFile {
    LiveFile {
        facts: None,
        path,
        dates: (partition.date, partition.date),
        partition,
        bytes,
        rows: batch.num_rows() as u64,
        modified: DateTime::UNIX_EPOCH,
        received_min: received.iter().min().copied(),
        received_max: received.iter().max().copied(),
    }
}

/// An engine that has every second record in files, and the others beside them.
async fn engine_with_fresh(records: &[u8]) -> Engine {
    let lines: Vec<&[u8]> = records.split_inclusive(|byte| *byte == b'\n').collect();
    let every_second =
        |from: usize| lines.iter().skip(from).step_by(2).copied().collect::<Vec<_>>().concat();
    let (store, files) = files_of(&every_second(0)).await;
    let rows = batches(&every_second(1)).into_iter().map(|(partition, batch, received)| {
        (file(partition, String::new(), 0, &batch, &received), batch)
    });
    Engine::over(EventsTable::new(store, files).with_rows(rows.collect())).unwrap()
}

fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = ArrowWriter::try_new(vec![], batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

type Rows = (Partition, RecordBatch, Vec<DateTime<Utc>>);

fn batches(records: &[u8]) -> Vec<Rows> {
    let mut decoders = Decoders::default();
    let mut ids = std::collections::HashSet::new();
    let mut builders: Vec<(Partition, BatchBuilder, Vec<DateTime<Utc>>)> = vec![];
    let mut at = 0;
    loop {
        match next_record(records, at, true) {
            Found::End => break,
            Found::Record { range, envelope } => {
                at = range.end;
                if !ids.insert(envelope.meta.id) {
                    continue;
                }
                let plan = decoders.plan(&envelope.detail_type);
                let row = Row::decode(&plan, &envelope).unwrap();
                let partition = row.partition(&plan);
                let place =
                    builders.iter().position(|(p, ..)| *p == partition).unwrap_or_else(|| {
                        builders.push((partition, BatchBuilder::new(plan.clone()), vec![]));
                        builders.len() - 1
                    });
                builders[place].1.push(&row, "raw/test");
                builders[place].2.push(envelope.meta.received_at);
            }
            other => panic!("the test's records cannot be read: {other:?}"),
        }
    }
    builders
        .into_iter()
        .map(|(p, mut builder, received)| (p, builder.finish().unwrap(), received))
        .collect()
}

/// `{"at", "type", "payload"}` a line as envelopes; ids are the lines' numbers.
fn envelopes(lines: &str) -> Vec<u8> {
    use octolake_event::entry::{BusEntry, detail, envelope_line};
    use octolake_event::{DeliveryId, DeliveryMeta};
    let mut records = String::new();
    for (number, line) in lines.lines().filter(|line| !line.trim().is_empty()).enumerate() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let at = line["at"].as_str().unwrap().parse().unwrap();
        let meta = DeliveryMeta::new(DeliveryId::from_u128(number as u128 + 1), at);
        let entry = BusEntry {
            source: line["source"].as_str().unwrap_or("github.com").into(),
            detail_type: line["type"].as_str().unwrap().into(),
            detail: detail(&meta, &line["payload"].to_string()),
        };
        writeln!(records, "{}", envelope_line(&entry, "e", at)).unwrap();
    }
    records.into_bytes()
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    files.sort();
    files
}

/// `lead-time --by repo --since 2026-03-02` as the question that it asks.
fn asked(typed: &str) -> (Question, bool) {
    use clap::Parser as _;
    let words = ["lakequery", "report"].into_iter().chain(typed.split_whitespace());
    let cli = crate::cli::Cli::try_parse_from(words).unwrap();
    let crate::commands::Command::Report(args) = cli.command else { panic!("{typed}") };
    let asked = args.asked("2026-03-10T12:00:00Z".parse().unwrap()).unwrap();
    (asked.question, asked.compares)
}

async fn answer(engine: &Engine, typed: &str) -> (Question, Answer) {
    let (question, compares) = asked(typed);
    let mut answer = ask(&question, engine, Known::default(), compares).await.unwrap();
    answer.settle_gates(EmptyGate::Fail);
    (question, answer)
}

async fn result(engine: &Engine, path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    if path.extension().is_some_and(|e| e == "sql") {
        let batches =
            engine.collect(&text).await.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        return format!("{}\n", pretty_format_batches(&batches).unwrap());
    }
    let (question, answer) = answer(engine, text.trim()).await;
    serde_json::to_string_pretty(&Json(&question, &answer)).unwrap() + "\n"
}

/// What is not as expected in a case.
async fn differences(case: &str) -> Vec<String> {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(case);
    #[expect(clippy::disallowed_methods, reason = "how a developer asks for new expectations")]
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let records = envelopes(&fs::read_to_string(case.join("deliveries.jsonl")).unwrap());
    let mut reversed: Vec<&[u8]> = records.split_inclusive(|b| *b == b'\n').collect();
    reversed.reverse();
    let reversed = engine(&reversed.concat()).await;
    let with_fresh = engine_with_fresh(&records).await;
    let engine = engine(&records).await;
    let mut different = vec![];
    for path in files(&case, "sql").into_iter().chain(files(&case, "report")) {
        let expected = path.with_extension("expected");
        let got = result(&engine, &path).await;
        assert_eq!(got, result(&with_fresh, &path).await, "{}", path.display());
        // Views are what could tell by the order in which rows stand: they must not.
        if path.file_stem() == case.file_name() {
            assert_eq!(got, result(&reversed, &path).await, "{}", path.display());
        }
        if update {
            fs::write(&expected, &got).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != got {
            different.push(format!("{}:\n{got}", path.display()));
        }
    }
    different
}

#[tokio::test]
async fn jobs_are_judged_as_expected() {
    assert_eq!(differences("jobs").await.join("\n"), "");
}

#[tokio::test]
async fn pull_requests_are_judged_as_expected() {
    assert_eq!(differences("pulls").await.join("\n"), "");
}

#[tokio::test]
async fn jobs_that_reports_got_wrong_are_right() {
    assert_eq!(differences("adversarial_jobs").await.join("\n"), "");
}

#[tokio::test]
async fn pull_requests_that_reports_got_wrong_are_right() {
    assert_eq!(differences("adversarial_pulls").await.join("\n"), "");
}

#[tokio::test]
async fn what_is_open_since_nobody_knows_when_has_no_age() {
    assert_eq!(differences("throughput").await.join("\n"), "");
}

#[tokio::test]
async fn sql_means_what_it_means_on_trino() {
    assert_eq!(differences("sql").await.join("\n"), "");
}

/// The records of the example lake, whatever their framing.
fn example() -> Vec<u8> {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/example/raw/2026/03/02");
    let mut records = vec![];
    for name in ["08/lines", "10/concatenated"] {
        records.extend(fs::read(root.join(name)).unwrap());
    }
    let packed = fs::File::open(root.join("12/two-members.gz")).unwrap();
    std::io::copy(&mut flate2::read::MultiGzDecoder::new(packed), &mut records).unwrap();
    records
}

#[tokio::test]
async fn the_example_has_the_answers_that_come_with_it() {
    let engine = engine(&example()).await;
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/example/answers.json");
    let answers: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let reports = answers.as_object().unwrap().iter().filter(|(_, answer)| answer.is_object());
    let mut seen = 0;
    for (typed, expected) in reports {
        let (question, answer) = answer(&engine, typed).await;
        let got = serde_json::to_value(Json(&question, &answer)).unwrap();
        for (member, value) in expected.as_object().unwrap() {
            assert_eq!(&got[member], value, "{typed}: {member}");
        }
        seen += 1;
    }
    assert_eq!(seen, 8);
}

#[tokio::test]
async fn an_empty_lake_has_reports() {
    let engine = engine(b"").await;
    let (question, of_all) = answer(&engine, "lead-time").await;
    let json = serde_json::to_value(Json(&question, &of_all)).unwrap();
    assert_eq!(json["rows"][0]["prs"], 0);
    assert_eq!(json["rows"][0]["p50_s"], serde_json::Value::Null);
    assert_eq!(answer(&engine, "lead-time --by repo").await.1.rows, []);
    assert_eq!(answer(&engine, "throughput").await.1.rows[0].counted.kinds, [0, 0, 0, 0]);
}
