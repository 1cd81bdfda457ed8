//! Records that could not be read: where they stand, why, and how they begin.
//!
//! An entry is made by a run, found again by [`list`] and [`get`], and [`original`] gives
//! the record itself, which is still in its raw object.

use futures::{Stream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_event::framing::{self, Found};
use octolake_event::layout;
use octolake_store::Lake;
use serde::{Deserialize, Serialize};

use crate::error::CompactError;
use crate::read::{Broken, Item, Limits, ObjectReader};
use crate::scan::RawObject;
use crate::settings::Settings;

/// How many entries are fetched at once.
const FETCHES: usize = 16;

/// What a quarantine object says. Its name tells the raw object and the offset too, so that the
/// same record always has the same name.
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

/// An object under `quarantine/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key, relative to the lake.
    pub key: String,
    /// What it says; `None` where it is no entry: somebody else put it there.
    pub entry: Option<Entry>,
}

/// Puts broken records of one raw object into quarantine.
pub(crate) async fn put_all(
    store: &dyn ObjectStore,
    raw_key: &str,
    broken: &[Broken],
) -> Result<(), CompactError> {
    for one in broken {
        put(store, raw_key, one).await?;
    }
    Ok(())
}

async fn put(store: &dyn ObjectStore, raw_key: &str, broken: &Broken) -> Result<(), CompactError> {
    let entry = Entry {
        reason: broken.reason.to_owned(),
        message: broken.message.clone(),
        raw_key: raw_key.to_owned(),
        offset: broken.offset,
        length: broken.length,
        excerpt: String::from_utf8_lossy(&broken.excerpt).into_owned(),
    };
    let key = layout::quarantine_key(raw_key, broken.offset);
    let failed = |source| CompactError::store("write", key.as_str(), source);
    // As it is: what is listed is looked up by this very name.
    let path = Path::parse(&key).map_err(|error| failed(error.into()))?;
    // Strings and numbers in a struct: serialisation has no way to fail.
    let json = serde_json::to_vec(&entry).unwrap_or_default();
    store.put(&path, json.into()).await.map(|_| ()).map_err(failed)
}

/// Every object under `quarantine/`, by key. Keys are held at once, entries one by one.
///
/// # Errors
/// The store cannot list them; in the stream, it cannot read one.
pub async fn list(
    lake: &Lake,
) -> Result<impl Stream<Item = Result<Listed, CompactError>>, CompactError> {
    let mut keys: Vec<Path> = lake
        .store()
        .list(Some(&Path::from(layout::QUARANTINE)))
        .map_ok(|object| object.location)
        .try_collect()
        .await
        .map_err(|source| CompactError::store("list", layout::QUARANTINE, source))?;
    keys.sort_unstable();
    let store = lake.store().clone();
    let entry = move |key: Path| {
        let store = store.clone();
        async move { fetch(store.as_ref(), &key).await }
    };
    // One that went while the others were read is no entry any more.
    let entries = futures::stream::iter(keys).map(entry).buffered(FETCHES);
    Ok(entries.try_filter_map(async |listed| Ok(listed)))
}

/// The entry of the record at `offset` of `raw_key`; `None` where there is none.
///
/// # Errors
/// The store cannot read it.
pub async fn get(lake: &Lake, raw_key: &str, offset: u64) -> Result<Option<Entry>, CompactError> {
    let key = layout::quarantine_key(raw_key, offset);
    let Ok(path) = Path::parse(&key) else { return Ok(None) };
    Ok(fetch(lake.store().as_ref(), &path).await?.and_then(|listed| listed.entry))
}

async fn fetch(store: &dyn ObjectStore, key: &Path) -> Result<Option<Listed>, CompactError> {
    let bytes = match async { store.get(key).await?.bytes().await }.await {
        Ok(bytes) => bytes,
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(source) => return Err(CompactError::unread(key.as_ref(), source)),
    };
    let entry = serde_json::from_slice(&bytes).ok();
    Ok(Some(Listed { key: key.to_string(), entry }))
}

/// The bytes of the record at `offset` of `raw_key`, read again from the raw object; `None` where
/// the object is not there, or no record begins at that place of it.
///
/// # Errors
/// The store cannot read the object, or what stands there is longer than any record may be.
pub async fn original(
    lake: &Lake,
    settings: &Settings,
    raw_key: &str,
    offset: u64,
) -> Result<Option<Vec<u8>>, CompactError> {
    let Some(object) = raw_object(lake, raw_key).await? else { return Ok(None) };
    let limits = Limits::from(settings);
    let most = 2 * limits.record.max(limits.window) as u64;
    let mut reader = ObjectReader::new(lake.store(), &object, limits);
    let mut kept = Vec::new();
    while reader.fill().await? {
        let (items, step) = reader.items();
        let (begin, bytes) = reader.dealt_with(&step);
        let from = usize::try_from(offset.saturating_sub(begin)).unwrap_or(usize::MAX);
        kept.extend_from_slice(bytes.get(from..).unwrap_or_default());
        let open = step.open().filter(|broken| broken.offset == offset).map(|open| open.length);
        let bytes = match items.iter().find(|item| item.offset() == offset) {
            Some(Item::Broken(broken)) => Some(broken.length),
            Some(Item::Record { .. }) => Some(length_of_record(&kept)),
            None => open,
        };
        if let Some(bytes) = bytes.filter(|bytes| *bytes > most) {
            return Err(CompactError::RecordTooLong { key: object.key, offset, bytes });
        }
        if open.is_none() {
            if let Some(length) = bytes {
                kept.truncate(length as usize);
                return Ok(Some(kept));
            }
            if !kept.is_empty() {
                return Ok(None);
            }
        }
        reader.advance(step);
    }
    Ok(None)
}

/// A record that can be read is here whose payload is not to be had.
fn length_of_record(bytes: &[u8]) -> u64 {
    match framing::next_record(bytes, 0, true) {
        Found::Record { range, .. } => range.end as u64,
        _ => bytes.len() as u64,
    }
}

pub(crate) async fn raw_object(
    lake: &Lake,
    raw_key: &str,
) -> Result<Option<RawObject>, CompactError> {
    let is_raw = layout::raw_hour(raw_key).is_some();
    let Some(path) = Path::parse(raw_key).ok().filter(|_| is_raw) else { return Ok(None) };
    match lake.store().head(&path).await {
        Ok(meta) => Ok(Some(RawObject {
            key: raw_key.to_owned(),
            bytes: meta.size,
            modified: meta.last_modified,
        })),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(source) => Err(CompactError::unread(raw_key, source)),
    }
}
