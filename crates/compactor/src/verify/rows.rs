//! The rows of the live files, as a few numbers each.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use bytes::Bytes;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use octolake_event::layout;
use octolake_event::{DeliveryId, Payload};
use octolake_lake::{LiveFile, Table};
use octolake_store::Lake;
use octolake_tables::schema::name;
use twox_hash::XxHash64;

use super::{Depth, Findings, note};
use crate::error::CompactError;
use crate::file_reader;
use crate::known;
use crate::shares::Share;
use crate::texts::Texts;

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowId {
    pub(super) id: u128,
    /// What its payload hashes to, and which raw object it is from; 0 where only ids are read.
    pub(super) body: i64,
    pub(super) raw_key: u64,
}

/// What a raw key is compared by.
pub(super) fn key_number(raw_key: &str) -> u64 {
    XxHash64::oneshot(0, raw_key.as_bytes())
}

/// What became of a row so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mark {
    /// A record has its id.
    pub(super) is_seen: bool,
    /// The record that it was made from is there.
    pub(super) is_founded: bool,
}

/// The rows of one share, by id.
#[derive(Debug)]
pub(super) struct Rows {
    rows: Vec<RowId>,
    marks: Vec<Mark>,
}

impl Rows {
    /// The row of this id, and what became of it.
    pub(super) fn find(&mut self, id: u128) -> Option<(RowId, &mut Mark)> {
        let at = self.rows.binary_search_by_key(&id, |row| row.id).ok()?;
        Some((self.rows[at], &mut self.marks[at]))
    }

    /// Counts what became of the rows, once every raw object was read.
    pub(super) fn conclude(self, depth: Depth, findings: &mut Findings) {
        findings.counts.stored += self.marks.iter().filter(|mark| mark.is_seen).count() as u64;
        if depth == Depth::Ids {
            return;
        }
        let unfounded = self.rows.iter().zip(&self.marks).filter(|(_, mark)| !mark.is_founded);
        for (row, mark) in unfounded {
            findings.unfounded += 1;
            note(&mut findings.examples_unfounded, || {
                let id = DeliveryId::from_u128(row.id);
                match mark.is_seen {
                    true => format!("{id} differs from its record in raw/"),
                    false => format!("{id} is in no raw object"),
                }
            });
        }
    }
}

/// The rows of one share in the live files.
pub(super) async fn read(
    lake: &Lake,
    table: &Table,
    share: Share,
    depth: Depth,
    findings: &mut Findings,
) -> Result<Rows, CompactError> {
    let mut rows = Vec::new();
    for file in table.files() {
        let mut count = 0;
        let each = |row: RowId| {
            count += 1;
            if share.holds(row.id) {
                rows.push(row);
            }
        };
        let outcome = match depth {
            Depth::Ids => read_ids(lake, file, each).await,
            Depth::Bytes => read_whole(lake, file, each).await,
        };
        if share.is_first() {
            findings.rows += count;
            findings.unreadable.extend(fault(file, count, outcome));
        }
    }
    rows.sort_unstable();
    let all = rows.len();
    for pair in rows.windows(2).filter(|pair| pair[0].id == pair[1].id) {
        let id = DeliveryId::from_u128(pair[0].id);
        note(&mut findings.examples_repeated, || format!("{id} is in the table twice"));
    }
    rows.dedup_by_key(|row| row.id);
    findings.repeated += (all - rows.len()) as u64;
    let marks = vec![Mark::default(); rows.len()];
    Ok(Rows { rows, marks })
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
