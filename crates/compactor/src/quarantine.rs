//! Records that could not be read: where they stand, why, and how they begin.
//!
//! A run puts the entries of a raw object together (`put_all`), a line each; [`list`] and [`get`]
//! find them again, and [`original`] gives the record itself, which is still in its raw object.
//!
//! An entry is known by its raw object and its offset, whatever object it stands in: a run that was
//! killed before its commit leaves entries that the next one writes again, perhaps together with
//! others. So every reader takes them as a set.
//!
//! Memory: some objects of four megabytes (`put_all` begins another one there), and the keys of
//! all.

mod entries;
mod original;
mod put;
#[cfg(test)]
mod tests;

use futures::Stream;
use octolake_event::layout;
use octolake_lake::{Progress, Table};
use octolake_store::Lake;
use serde::{Deserialize, Serialize};

pub(crate) use self::entries::{all, clean};
pub use self::original::original;
pub(crate) use self::original::raw_object;
pub(crate) use self::put::put_all;
use crate::error::CompactError;

/// What is told of a record that could not be read: a line of an object under `quarantine/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// A stable word for the kind of fault.
    pub reason: String,
    /// What is wrong, in a sentence.
    pub message: String,
    /// The raw object, relative to the lake.
    pub raw_key: String,
    /// Where the record begins in it, in bytes after decompression.
    pub offset: u64,
    /// How many bytes it has, after decompression; for a delivery whose payload is not to be had,
    /// how many its `detail` has.
    pub length: u64,
    /// How it begins; bytes that are no UTF-8 are replaced. The whole of it is in the raw object.
    pub excerpt: String,
}

/// Something under `quarantine/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What an entry is known by ([`layout::quarantine_key`]); the object's key where it is none.
    pub key: String,
    /// What it says; `None` for an object that is no list of entries, or not only one: somebody
    /// else wrote it.
    pub entry: Option<Entry>,
}

/// Every entry, each once, by raw object and in the order of the objects that hold them, which is
/// that of offsets where no run was killed. Last come the objects that are none. What a retry has
/// released is left out.
///
/// # Errors
/// The table or the store cannot list them; in the stream, the store cannot read one.
pub async fn list(
    lake: &Lake,
) -> Result<impl Stream<Item = Result<Listed, CompactError>> + use<>, CompactError> {
    let table = Table::open(lake).await?;
    all(lake, move |key| is_released(table.as_ref().map(Table::progress), key)).await
}

/// The entry of the record at `offset` of `raw_key`; `None` where there is none, or none any more.
///
/// # Errors
/// The table or the store cannot read it.
pub async fn get(lake: &Lake, raw_key: &str, offset: u64) -> Result<Option<Entry>, CompactError> {
    if layout::raw_hour(raw_key).is_none() {
        return Ok(None);
    }
    let table = Table::open(lake).await?;
    let key = layout::quarantine_key(raw_key, offset);
    if is_released(table.as_ref().map(Table::progress), &key) {
        return Ok(None);
    }
    entries::find(lake.store().as_ref(), raw_key, offset).await
}

fn is_released(progress: Option<&Progress>, key: &str) -> bool {
    progress.is_some_and(|progress| progress.is_released(key))
}
