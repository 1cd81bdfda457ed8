//! Reading the `txn` actions of the table's log.
//!
//! The Delta library gives one of them at a time, each by a replay of the log; compaction needs
//! them all. So they are read here: the newest checkpoint's, then those of the commits after it,
//! and later only those of new commits.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, RecordBatch};
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_event::layout;
use octolake_store::Lake;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Deserialize;

use crate::error::LakeError;
use crate::progress::Progress;

#[derive(Deserialize)]
struct Line {
    txn: Option<Txn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Txn {
    app_id: String,
    version: i64,
}

/// Brings `progress` from version `from` (`None`: from nothing) to version `to`.
pub(crate) async fn read_progress(
    lake: &Lake,
    progress: &mut Progress,
    from: Option<u64>,
    to: u64,
) -> Result<(), LakeError> {
    let next = match from {
        Some(version) => version + 1,
        None => match newest_checkpoint(lake, to).await? {
            Some((version, keys)) => {
                for key in keys {
                    let bytes = get(lake, &key).await?;
                    read_checkpoint(bytes, progress).map_err(|reason| fault(lake, &key, reason))?;
                }
                version + 1
            }
            None => 0,
        },
    };
    for version in next..=to {
        let key = commit_key(version);
        let bytes = get(lake, &key).await?;
        read_commit(&bytes, progress).map_err(|reason| fault(lake, &key, reason))?;
    }
    Ok(())
}

/// Where a version's commit is.
pub(crate) fn commit_key(version: u64) -> String {
    format!("{}/_delta_log/{version:020}.json", layout::EVENTS)
}

fn fault(lake: &Lake, key: &str, reason: String) -> LakeError {
    LakeError::Log { lake: lake.name().to_owned(), key: key.to_owned(), reason }
}

async fn get(lake: &Lake, key: &str) -> Result<Bytes, LakeError> {
    let read = async { lake.store().get(&Path::from(key)).await?.bytes().await };
    read.await.map_err(|error: object_store::Error| fault(lake, key, error.to_string()))
}

/// The version and the Parquet files of the newest checkpoint not after `to`.
async fn newest_checkpoint(lake: &Lake, to: u64) -> Result<Option<(u64, Vec<String>)>, LakeError> {
    let folder = format!("{}/_delta_log", layout::EVENTS);
    let mut checkpoints: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    let objects: Vec<_> = lake
        .store()
        .list(Some(&Path::from(folder.as_str())))
        .try_collect()
        .await
        .map_err(|error| fault(lake, &folder, error.to_string()))?;
    for object in objects {
        let name = object.location.filename().unwrap_or_default();
        if let Some((version, rest)) = name.split_once(".checkpoint.")
            && rest.ends_with("parquet")
            && let Ok(version) = version.parse()
            && version <= to
        {
            checkpoints.entry(version).or_default().push(object.location.to_string());
        }
    }
    Ok(checkpoints.into_iter().rev().find(|(_, keys)| is_whole(keys)))
}

/// Whether all parts of a checkpoint are there: `….checkpoint.<part>.<parts>.parquet`.
fn is_whole(keys: &[String]) -> bool {
    let parts = |key: &String| key.rsplit('.').nth(1).and_then(|n| n.parse::<usize>().ok());
    keys.first().and_then(parts).is_none_or(|parts| keys.len() == parts)
}

fn read_commit(bytes: &[u8], progress: &mut Progress) -> Result<(), String> {
    for line in bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        let line: Line = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        if let Some(txn) = line.txn {
            progress.apply(&txn.app_id, txn.version);
        }
    }
    Ok(())
}

fn read_checkpoint(bytes: Bytes, progress: &mut Progress) -> Result<(), String> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|e| e.to_string())?;
    let mask = ProjectionMask::columns(reader.parquet_schema(), ["txn.appId", "txn.version"]);
    let batches = reader.with_projection(mask).build().map_err(|e| e.to_string())?;
    for batch in batches {
        read_checkpoint_batch(&batch.map_err(|e| e.to_string())?, progress);
    }
    Ok(())
}

fn read_checkpoint_batch(batch: &RecordBatch, progress: &mut Progress) {
    let txns = batch.column_by_name("txn").and_then(|column| column.as_struct_opt());
    let Some(txns) = txns else { return };
    let ids = txns.column_by_name("appId").and_then(|c| c.as_string_opt::<i32>());
    let versions = txns.column_by_name("version").and_then(|c| c.as_primitive_opt::<Int64Type>());
    let (Some(ids), Some(versions)) = (ids, versions) else { return };
    for row in (0..txns.len()).filter(|row| txns.is_valid(*row) && ids.is_valid(*row)) {
        progress.apply(ids.value(row), versions.value(row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_in_parts_counts_when_all_are_there() {
        let part = |n: u32| {
            format!("events/_delta_log/00000000000000000010.checkpoint.{n:010}.0000000002.parquet")
        };
        assert!(is_whole(&["events/_delta_log/00000000000000000010.checkpoint.parquet".into()]));
        assert!(is_whole(&[part(1), part(2)]));
        assert!(!is_whole(&[part(2)]));
    }
}
