//! A lake to compact in tests: raw objects made by hand, settings, and what came out.

use std::io::Write;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use octolake_compactor::{Report, Settings, Surroundings, compact};
use octolake_event::entry::{self, BusEntry};
use octolake_event::{DeliveryId, DeliveryMeta};
use octolake_lake::{LiveFile, Table};
use octolake_store::Lake;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use uuid::Uuid;

/// The time of all runs here: long after the deliveries, so that their partitions are settled.
pub(crate) const NOW: &str = "2026-04-01T00:00:00Z";

/// One envelope line: delivery `id`, received at `received_at`.
pub(crate) fn line(id: u128, event: &str, received_at: &str, body: &str) -> String {
    let received_at: DateTime<Utc> = received_at.parse().unwrap();
    line_of(&DeliveryMeta::new(DeliveryId::from_u128(id), received_at), event, body)
}

/// The envelope line of a delivery.
pub(crate) fn line_of(meta: &DeliveryMeta, event: &str, body: &str) -> String {
    let entry = BusEntry {
        source: "github.com".into(),
        detail_type: event.into(),
        detail: entry::detail(meta, body),
    };
    entry::envelope_line(&entry, &meta.id.to_string(), meta.received_at)
}

/// A push on the given day of March 2026.
pub(crate) fn push(id: u128, day: u32) -> String {
    line(id, "push", &format!("2026-03-{day:02}T10:00:00.250Z"), r#"{"ref":"refs/heads/main"}"#)
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) async fn put(lake: &Lake, key: &str, bytes: impl Into<Vec<u8>>) {
    lake.store().put(&Path::from(key), bytes.into().into()).await.unwrap();
}

pub(crate) async fn run(lake: &Lake, settings: &Settings) -> Report {
    run_at(lake, settings, NOW).await
}

pub(crate) async fn run_at(lake: &Lake, settings: &Settings, now: &str) -> Report {
    let now: DateTime<Utc> = now.parse().unwrap();
    let surroundings =
        Surroundings { run_id: Uuid::new_v4(), clock: &move || now, on_progress: &mut |_, _| {} };
    compact(lake, settings, surroundings).await.unwrap()
}

/// Read, stored, duplicates and quarantined.
pub(crate) fn counts(report: &Report) -> [u64; 4] {
    [report.read, report.stored, report.duplicates, report.quarantined]
}

/// Conflicting, replayed and unsigned.
pub(crate) fn repeats(report: &Report) -> [u64; 3] {
    [report.conflicting, report.replayed, report.unsigned]
}

/// Every batch of rows, in the order of the files.
pub(crate) async fn batches(lake: &Lake) -> Vec<RecordBatch> {
    let mut batches = Vec::new();
    let table = Table::open(lake).await.unwrap().expect("a table");
    for file in table.files() {
        batches.extend(batches_of(lake, file).await.unwrap());
    }
    batches
}

/// The rows of a file.
pub(crate) async fn batches_of(
    lake: &Lake,
    file: &LiveFile,
) -> Result<Vec<RecordBatch>, Box<dyn std::error::Error + Send + Sync>> {
    let bytes = lake.store().get(&Path::from(file.key())).await?.bytes().await?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)?.build()?;
    Ok(reader.collect::<Result<_, _>>()?)
}

/// A text column of every row, in the order of the files.
pub(crate) async fn column(lake: &Lake, name: &str) -> Vec<String> {
    let mut values = Vec::new();
    for batch in batches(lake).await {
        let texts = batch.column_by_name(name).unwrap().as_string::<i32>();
        values.extend(texts.iter().map(|text| text.unwrap_or_default().to_owned()));
    }
    values
}

/// The ids in the lake as numbers, sorted.
pub(crate) async fn ids(lake: &Lake) -> Vec<u128> {
    let texts = column(lake, "delivery_id").await;
    let mut ids: Vec<u128> =
        texts.iter().map(|id| id.parse::<DeliveryId>().unwrap().as_u128()).collect();
    ids.sort_unstable();
    ids
}
