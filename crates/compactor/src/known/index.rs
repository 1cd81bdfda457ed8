//! The deliveries of a data file as a block of numbers in front of its footer.
//!
//! Looking for a thousand new ids in ten million rows must cost neither a reading of the id column,
//! which is text, nor a filter that is wrong now and then for each of a hundred files. So a file
//! carries its ids and hashes once more, 24 bytes for a row, uncompressed: they are read in one
//! piece and run past the few that are sought.
//!
//! Parquet's readers skip bytes that no column chunk claims. Where the block stands, the footer's
//! key-value metadata says, with a hash of it: an engine that rewrites the file may copy the
//! metadata, but not the block, and then the file is read as one that has none.

use std::hash::Hasher;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaData, ParquetMetaDataReader};
use twox_hash::XxHash64;

use crate::file_reader::external;
use crate::known::IdFile;

/// The key in the footer's metadata.
const KEY: &str = "octolake.deliveries";
/// Bytes of a row: its id, and the hash of its payload.
const ROW_BYTES: usize = 24;
/// The end of a file is fetched in one piece of this size: footers are smaller nearly always, and so
/// are small files.
const TAIL_BYTES: u64 = 64 * 1024;
/// Bytes of a block to have in memory at once.
const CHUNK_BYTES: u64 = (ROW_BYTES * 128 * 1024) as u64;
/// Bytes of a block to hash and go through at once: they stay in a processor's cache in between.
const SLICE_BYTES: usize = ROW_BYTES * 4 * 1024;
/// A row without a hash: an older version wrote it. A payload that hashes to this is not compared.
const NO_BODY: i64 = i64::MIN;

/// The block of a file that is being written.
#[derive(Debug, Default)]
pub(crate) struct IndexBuilder {
    bytes: Vec<u8>,
    is_broken: bool,
}

impl IndexBuilder {
    /// Adds the next row. One without an id makes a block worthless: there is none then.
    pub(crate) fn push(&mut self, id: Option<u128>, body: Option<i64>) {
        match id {
            Some(id) => {
                self.bytes.extend_from_slice(&id.to_le_bytes());
                self.bytes.extend_from_slice(&body.unwrap_or(NO_BODY).to_le_bytes());
            }
            None => self.is_broken = true,
        }
    }

    /// Bytes of memory that it takes.
    pub(crate) fn memory(&self) -> usize {
        self.bytes.capacity()
    }

    /// The block, which is to stand at this offset, and what the footer says of it.
    pub(crate) fn finish(self, offset: usize) -> Option<(Vec<u8>, KeyValue)> {
        if self.is_broken || self.bytes.is_empty() {
            return None;
        }
        let place = Place {
            offset: offset as u64,
            bytes: self.bytes.len() as u64,
            hash: XxHash64::oneshot(0, &self.bytes),
        };
        Some((self.bytes, KeyValue::new(KEY.to_owned(), place.to_text())))
    }
}

/// Where a block stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    offset: u64,
    bytes: u64,
    hash: u64,
}

impl Place {
    fn to_text(self) -> String {
        format!("1 {} {} {:016x}", self.offset, self.bytes, self.hash)
    }

    fn parse(text: &str) -> Option<Self> {
        let ["1", offset, bytes, hash] = text.split(' ').collect::<Vec<_>>()[..] else {
            return None;
        };
        let hash = u64::from_str_radix(hash, 16).ok()?;
        Some(Self { offset: offset.parse().ok()?, bytes: bytes.parse().ok()?, hash })
    }

    /// The place that a footer tells of, if it is one within the file and has the file's rows.
    fn of(footer: &ParquetMetaData, file_bytes: u64) -> Option<Self> {
        let pairs = footer.file_metadata().key_value_metadata()?;
        let text = pairs.iter().rev().find(|pair| pair.key == KEY)?.value.as_deref()?;
        let place = Self::parse(text)?;
        let rows = u64::try_from(footer.file_metadata().num_rows()).ok()?;
        let is_whole = rows.checked_mul(ROW_BYTES as u64) == Some(place.bytes)
            && place.offset.checked_add(place.bytes)? <= file_bytes;
        is_whole.then_some(place)
    }
}

/// Gives the deliveries of a file to `each`, some of the block's rows at once ([`deliveries`]); false
/// where the file has no block that can be trusted. Some may have been given by then.
pub(crate) async fn scan(
    store: &Arc<dyn ObjectStore>,
    file: &IdFile,
    each: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<bool, ParquetError> {
    let key = Path::from(file.key.as_str());
    let (footer, tail_at, tail) = read_footer(store, &key, file.bytes).await?;
    let Some(place) = Place::of(&footer, file.bytes) else { return Ok(false) };
    let mut hasher = XxHash64::with_seed(0);
    let mut at = place.offset;
    let end = place.offset + place.bytes;
    while at < end {
        let range = at..end.min(at + CHUNK_BYTES);
        at = range.end;
        let chunk = match within(&tail, tail_at, &range) {
            Some(chunk) => chunk,
            None => store.get_range(&key, range).await.map_err(external)?,
        };
        for rows in chunk.chunks(SLICE_BYTES) {
            hash_on(&mut hasher, rows);
            each(rows);
        }
    }
    Ok(hasher.finish() == place.hash)
}

/// Not in the future above: millions of rows go through here, and this is compiled in this crate, with
/// its optimisation.
#[inline(never)]
fn hash_on(hasher: &mut XxHash64, rows: &[u8]) {
    hasher.write(rows);
}

/// The deliveries in some rows of a block.
#[inline]
pub(crate) fn deliveries(rows: &[u8]) -> impl Iterator<Item = (u128, Option<i64>)> {
    let (rows, _) = rows.as_chunks::<ROW_BYTES>();
    rows.iter().map(|row| {
        let body = i64::from_le_bytes([
            row[16], row[17], row[18], row[19], row[20], row[21], row[22], row[23],
        ]);
        let mut id = [0; 16];
        id.copy_from_slice(&row[..16]);
        (u128::from_le_bytes(id), (body != NO_BODY).then_some(body))
    })
}

/// The footer of a file, with the end of it and where that begins.
async fn read_footer(
    store: &Arc<dyn ObjectStore>,
    key: &Path,
    bytes: u64,
) -> Result<(ParquetMetaData, u64, Bytes), ParquetError> {
    let mut wanted = TAIL_BYTES;
    loop {
        let at = bytes.saturating_sub(wanted);
        let tail = store.get_range(key, at..bytes).await.map_err(external)?;
        let mut reader = ParquetMetaDataReader::new();
        match reader.try_parse_sized(&tail, bytes) {
            Ok(()) => return Ok((reader.finish()?, at, tail)),
            Err(ParquetError::NeedMoreData(more)) if more as u64 > wanted && at > 0 => {
                wanted = more as u64;
            }
            Err(error) => return Err(error),
        }
    }
}

/// A range of the file, where it is in the part that begins at `at`.
fn within(part: &Bytes, at: u64, range: &Range<u64>) -> Option<Bytes> {
    let start = usize::try_from(range.start.checked_sub(at)?).ok()?;
    let end = usize::try_from(range.end.checked_sub(at)?).ok()?;
    (end <= part.len()).then(|| part.slice(start..end))
}
