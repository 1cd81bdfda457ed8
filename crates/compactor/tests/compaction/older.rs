//! A lake of an older version, whose rows have neither `payload_hash` nor `origin`.

use arrow_array::Array;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use octolake_compactor::{Settings, verify};
use octolake_lake::Table;
use octolake_store::Lake;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use crate::lake::{batches, counts, ids, line, put, repeats, run, run_at};

const NEW: [&str; 2] = ["payload_hash", "origin"];
const NEW_TOTALS: [&str; 4] = ["conflicting", "replayed", "signed", "unsigned"];

fn delivery(id: u128, text: &str) -> String {
    line(
        id,
        "push",
        "2026-03-02T10:00:00Z",
        &format!(r#"{{"ref":"refs/heads/main","x":"{text}"}}"#),
    )
}

async fn get(lake: &Lake, key: &str) -> Vec<u8> {
    lake.store().get(&Path::from(key)).await.unwrap().bytes().await.unwrap().to_vec()
}

/// Rewrites a Parquet file without the new columns; gives its new size.
async fn make_file_older(lake: &Lake, key: &str) -> usize {
    let bytes = get(lake, key).await;
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
    let mut writer = None;
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let schema = batch.schema();
        let kept: Vec<usize> = (0..schema.fields().len())
            .filter(|at| !NEW.contains(&schema.field(*at).name().as_str()))
            .collect();
        let batch = batch.project(&kept).unwrap();
        let writer = writer
            .get_or_insert_with(|| ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap());
        writer.write(&batch).unwrap();
    }
    let bytes = writer.unwrap().into_inner().unwrap();
    let size = bytes.len();
    put(lake, key, bytes).await;
    size
}

/// One action of the log as an older version would have written it; `None` where it would not.
async fn make_action_older(lake: &Lake, mut action: Value) -> Option<Value> {
    if let Some(schema) = action.pointer_mut("/metaData/schemaString") {
        let mut fields: Value = serde_json::from_str(schema.as_str().unwrap()).unwrap();
        let list = fields["fields"].as_array_mut().unwrap();
        list.retain(|field| !NEW.contains(&field["name"].as_str().unwrap()));
        *schema = fields.to_string().into();
    }
    if let Some(path) = action.pointer("/add/path").and_then(Value::as_str) {
        let path = path.replace("%3D", "=");
        let size = make_file_older(lake, &format!("events/{path}")).await;
        action["add"]["size"] = size.into();
    }
    let total = action.pointer("/txn/appId").and_then(Value::as_str);
    let is_new = total.is_some_and(|id| NEW_TOTALS.contains(&id.trim_start_matches("octolake.")));
    (!is_new).then_some(action)
}

/// A lake with three deliveries, as an older version has left it.
async fn older_lake() -> Lake {
    let lake = Lake::in_memory();
    let lines = [delivery(1, "a"), delivery(2, "b"), delivery(3, "c")];
    put(&lake, "raw/2026/03/02/10/old", lines.concat()).await;
    run_at(&lake, &Settings::default(), "2026-03-02T11:00:00Z").await;
    for version in 0..=Table::open(&lake).await.unwrap().unwrap().version() {
        let key = format!("events/_delta_log/{version:020}.json");
        let mut lines = Vec::new();
        for line in std::str::from_utf8(&get(&lake, &key).await).unwrap().lines() {
            let action = serde_json::from_str(line).unwrap();
            lines.extend(make_action_older(&lake, action).await.map(|action| action.to_string()));
        }
        put(&lake, &key, lines.join("\n")).await;
    }
    lake
}

/// The names of the columns that the newest schema in the log has.
async fn columns(lake: &Lake) -> Vec<String> {
    let mut names = Vec::new();
    for version in 0..=Table::open(lake).await.unwrap().unwrap().version() {
        let log = get(lake, &format!("events/_delta_log/{version:020}.json")).await;
        for line in std::str::from_utf8(&log).unwrap().lines() {
            let action: Value = serde_json::from_str(line).unwrap();
            let Some(schema) = action.pointer("/metaData/schemaString") else { continue };
            let schema: Value = serde_json::from_str(schema.as_str().unwrap()).unwrap();
            let fields = schema["fields"].as_array().unwrap();
            names = fields.iter().map(|f| f["name"].as_str().unwrap().to_owned()).collect();
        }
    }
    names
}

/// How many rows have a value in a column.
async fn values(lake: &Lake, column: &str) -> usize {
    let batches = batches(lake).await;
    batches.iter().filter_map(|b| b.column_by_name(column)).map(|c| c.len() - c.null_count()).sum()
}

#[tokio::test]
async fn an_older_lake_gets_the_new_columns_before_new_rows() {
    let lake = older_lake().await;
    assert!(columns(&lake).await.iter().all(|name| !NEW.contains(&name.as_str())));
    let before = Table::open(&lake).await.unwrap().unwrap().version();
    // A dry run changes nothing.
    put(&lake, "raw/2026/03/02/11/new", delivery(4, "d")).await;
    run(&lake, &Settings { dry_run: true, ..Settings::default() }).await;
    assert_eq!(Table::open(&lake).await.unwrap().unwrap().version(), before);

    let report = run_at(&lake, &Settings::default(), "2026-03-02T12:00:00Z").await;
    assert_eq!((counts(&report), report.commits), ([1, 1, 0, 0], 2), "{report:?}");
    let table = Table::open(&lake).await.unwrap().unwrap();
    assert_eq!(table.version(), before + 2);
    let names = columns(&lake).await;
    assert!(NEW.iter().all(|new| names.iter().any(|name| name == new)), "{names:?}");
    let totals = table.progress().ledger.counts;
    assert_eq!([totals.stored, totals.signed, totals.unsigned], [4, 1, 0]);
    assert_eq!((values(&lake, "payload_hash").await, values(&lake, "origin").await), (1, 1));
    assert_eq!(values(&lake, "payload").await, 4);
    // And never again.
    let report = run_at(&lake, &Settings::default(), "2026-03-02T12:00:00Z").await;
    assert_eq!(report.commits, 0);
}

#[tokio::test]
async fn rows_without_a_hash_are_known_and_not_compared() {
    let lake = older_lake().await;
    let lines = [delivery(1, "other"), delivery(2, "b"), delivery(5, "a"), delivery(6, "a")];
    put(&lake, "raw/2026/03/02/11/new", lines.concat()).await;
    let report = run_at(&lake, &Settings::default(), "2026-03-02T12:00:00Z").await;
    // That the body of delivery 5 came before, nobody can tell; that of 6 did.
    assert_eq!((counts(&report), repeats(&report)), ([4, 2, 2, 0], [0, 1, 0]));
    assert_eq!(ids(&lake).await, [1, 2, 3, 5, 6]);
}

#[tokio::test]
async fn older_and_newer_files_become_one() {
    let lake = older_lake().await;
    put(&lake, "raw/2026/03/02/11/new", [delivery(4, "d"), delivery(5, "e")].concat()).await;
    run_at(&lake, &Settings::default(), "2026-03-02T12:00:00Z").await;
    // Weeks later the day is settled, and its files are merged.
    let report = run(&lake, &Settings::default()).await;
    assert_eq!((report.files_removed, report.files_added), (2, 1), "{report:?}");
    assert_eq!(batches(&lake).await.len(), 1);
    assert_eq!((values(&lake, "payload_hash").await, values(&lake, "origin").await), (2, 2));
    assert_eq!((values(&lake, "payload").await, ids(&lake).await.len()), (5, 5));
    // The rows of both kinds are known still, and those with a hash are compared.
    let lines = [delivery(1, "x"), delivery(4, "x"), delivery(9, "e")];
    put(&lake, "raw/2026/03/02/12/again", lines.concat()).await;
    let report = run(&lake, &Settings::default()).await;
    assert_eq!((counts(&report), repeats(&report)), ([3, 1, 2, 0], [1, 1, 0]));
    let verdict = verify(&lake, &Settings::default()).await.unwrap().unwrap();
    assert!(verdict.holds, "{verdict:#?}");
}
