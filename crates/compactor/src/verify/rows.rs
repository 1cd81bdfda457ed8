//! The rows of the live files, as a few numbers each.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use bytes::Bytes;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use octolake_event::Payload;
use octolake_event::layout;
use octolake_lake::{LiveFile, Table};
use octolake_store::Lake;
use octolake_tables::schema::name;

use super::records::{RowId, key_number};
use super::shards::{Kind, Shards};
use super::{Depth, Findings};
use crate::error::CompactError;
use crate::file_reader;
use crate::known;
use crate::texts::Texts;

/// Reads the rows of all live files into shards, by id.
pub(super) async fn read(
    lake: &Lake,
    table: &Table,
    depth: Depth,
    shards: &mut Shards,
    findings: &mut Findings,
) -> Result<(), CompactError> {
    let told = table.unusable().iter().map(|file| format!("{}: {}", file.path, file.reason));
    findings.unreadable.extend(told);
    for file in table.files() {
        let (mut count, mut pushed) = (0, Ok(()));
        let each = |row: RowId| {
            count += 1;
            if pushed.is_ok() {
                pushed = shards.push_by_id(Kind::Rows, row.id, &row);
            }
        };
        let outcome = match depth {
            Depth::Ids => read_ids(lake, file, each).await,
            Depth::Bytes => read_whole(lake, file, each).await,
        };
        pushed?;
        findings.rows += count;
        findings.unreadable.extend(fault(file, count, outcome));
    }
    Ok(())
}

fn fault(file: &LiveFile, rows: u64, outcome: Result<(), String>) -> Option<String> {
    match outcome {
        Err(error) => Some(error),
        Ok(()) if rows != file.rows => {
            Some(format!("{} has {rows} rows, not {}", file.path, file.rows))
        }
        Ok(()) => None,
    }
}

async fn read_ids(lake: &Lake, file: &LiveFile, mut each: impl FnMut(RowId)) -> Result<(), String> {
    let file = file.into();
    let read = known::read_ids(lake.store().clone(), &file, |id| {
        each(RowId { id, body: 0, raw_key: 0 });
    });
    read.await.map_err(|error| error.to_string())
}

/// Reads every byte of a file and every value in it.
async fn read_whole(lake: &Lake, file: &LiveFile, each: impl FnMut(RowId)) -> Result<(), String> {
    let failed = |error: &dyn std::error::Error| format!("{}: {error}", file.path);
    let answer = lake.store().get(&Path::from(file.key())).await.map_err(|e| failed(&e))?;
    let bytes = answer.bytes().await.map_err(|e| failed(&e))?;
    if bytes.len() as u64 != file.bytes {
        return Err(format!("{} has {} bytes, not {}", file.path, bytes.len(), file.bytes));
    }
    if layout::is_intact(&file.path, &bytes) == Some(false) {
        return Err(format!("{} is not as it was written: its bytes have changed", file.path));
    }
    // In a task of its own: of a damaged file that tells no hash, the libraries may panic.
    let decoded = tokio::task::spawn_blocking(move || decode(bytes)).await;
    let rows = decoded.map_err(|_| format!("{} cannot be decoded", file.path))?;
    rows.map_err(|error| format!("{}: {error}", file.path))?.into_iter().for_each(each);
    Ok(())
}

/// The rows of a file, every column of it decoded.
fn decode(bytes: Bytes) -> Result<Vec<RowId>, String> {
    let mut rows = Vec::new();
    for batch in file_reader::batches(&bytes).map_err(|error| error.to_string())? {
        let batch = batch.map_err(|error| error.to_string())?;
        let column = |name| Texts::of(&batch, name).ok_or_else(|| format!("no text {name}"));
        let (ids, payloads) = (column(name::DELIVERY_ID)?, column(name::PAYLOAD)?);
        let raw_keys = column(name::RAW_KEY)?;
        let id = |row| ids.id(row).ok_or("a row without an id");
        let said = batch.column_by_name(name::PAYLOAD_HASH);
        let said = said.and_then(|column| column.as_primitive_opt::<Int64Type>());
        for row in 0..batch.num_rows() {
            let body = Payload::whole(payloads.get(row).unwrap_or_default()).hash();
            if said.is_some_and(|said| said.is_valid(row) && said.value(row) != body) {
                return Err(format!("the payload of {} is not what its hash says", id(row)?));
            }
            let raw_key = key_number(raw_keys.get(row).unwrap_or_default());
            rows.push(RowId { id: id(row)?.as_u128(), body, raw_key });
        }
    }
    Ok(rows)
}
