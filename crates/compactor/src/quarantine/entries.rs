//! Entries are found again. Whoever may write into `quarantine/` may have written anything: what
//! contradicts the name of its object is told of, and not believed.

use std::collections::{BTreeSet, HashSet};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use octolake_event::layout;
use octolake_store::Lake;

use super::put::PART_BYTES;
use super::{Entry, Listed};
use crate::error::CompactError;
use crate::objects;

/// How many objects are fetched at once.
const FETCHES: usize = 8;
/// An object larger than this is not ours.
const MAX_BYTES: u64 = 2 * PART_BYTES as u64;

/// An object under `quarantine/`.
#[derive(Debug, Clone)]
struct Part {
    key: Path,
    bytes: u64,
    /// The raw object that its entries are of, and where the first of them is.
    place: Option<(String, u64)>,
    /// Where the next object of the same raw object begins: from there on, entries may be in both.
    next: Option<u64>,
}

impl Part {
    fn new(object: ObjectMeta) -> Self {
        let place = layout::quarantined(object.location.as_ref());
        Self { key: object.location, bytes: object.size, place, next: None }
    }

    /// The entries that an object holds, and whether it holds nothing else.
    fn read(&self, bytes: &[u8]) -> (Vec<Entry>, bool) {
        let Some((raw_key, first)) = &self.place else { return (vec![], false) };
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let read = lines.map(|line| serde_json::from_slice::<Entry>(line).ok());
        let (mut entries, mut is_ours) = (Vec::new(), true);
        for entry in read {
            match entry.filter(|entry| entry.raw_key == *raw_key && entry.offset >= *first) {
                Some(entry) => entries.push(entry),
                None => is_ours = false,
            }
        }
        is_ours &= !entries.is_empty();
        (entries, is_ours)
    }
}

/// As [`super::list`]; `is_released` is asked by the keys that entries are known by.
pub(crate) async fn all<F: Fn(&str) -> bool>(
    lake: &Lake,
    is_released: F,
) -> Result<impl Stream<Item = Result<Listed, CompactError>> + use<F>, CompactError> {
    let store = lake.store().clone();
    let parts = parts(store.as_ref(), &Path::from(layout::QUARANTINE)).await?;
    let fetch = move |part: Part| {
        let store = store.clone();
        async move { fetch(store.as_ref(), &part).await.map(|bytes| (part, bytes)) }
    };
    let mut seen = Seen::default();
    let fetched = stream::iter(parts).map(fetch).buffered(FETCHES);
    let listed = fetched.map_ok(move |(part, bytes)| {
        let listed: Vec<Listed> = seen.listed(part, bytes.as_deref(), &is_released);
        stream::iter(listed.into_iter().map(Ok))
    });
    Ok(listed.try_flatten())
}

/// The objects of a folder, by raw object and offset; those whose name tells neither come last.
async fn parts(store: &dyn ObjectStore, folder: &Path) -> Result<Vec<Part>, CompactError> {
    let parts = store.list(Some(folder)).map_ok(Part::new).try_collect().await;
    let mut parts: Vec<Part> =
        parts.map_err(|source| CompactError::store("list", folder.as_ref(), source))?;
    let order = |part: &Part| (part.place.is_none(), part.place.clone(), part.key.clone());
    parts.sort_by_cached_key(order);
    let nexts: Vec<Option<u64>> =
        parts.windows(2).map(|pair| next_of(&pair[0], &pair[1])).collect();
    parts.iter_mut().zip(nexts).for_each(|(part, next)| part.next = next);
    Ok(parts)
}

fn next_of(part: &Part, next: &Part) -> Option<u64> {
    let (raw_key, _) = part.place.as_ref()?;
    next.place.as_ref().filter(|(other, _)| other == raw_key).map(|(_, first)| *first)
}

/// What an object holds; nothing where it is larger than any of ours, or went meanwhile.
async fn fetch(store: &dyn ObjectStore, part: &Part) -> Result<Option<Bytes>, CompactError> {
    if part.bytes > MAX_BYTES {
        return Ok(Some(Bytes::new()));
    }
    match async { store.get(&part.key).await?.bytes().await }.await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(source) => Err(CompactError::store("read", part.key.as_ref(), source)),
    }
}

/// The entries that were listed and may come once more.
#[derive(Debug, Default)]
struct Seen {
    offsets: BTreeSet<u64>,
}

impl Seen {
    fn listed(
        &mut self,
        part: Part,
        bytes: Option<&[u8]>,
        is_released: &impl Fn(&str) -> bool,
    ) -> Vec<Listed> {
        let Some(bytes) = bytes else { return vec![] };
        let (entries, is_ours) = part.read(bytes);
        let mut listed = Vec::new();
        for entry in entries {
            let key = layout::quarantine_key(&entry.raw_key, entry.offset);
            if self.offsets.insert(entry.offset) && !is_released(&key) {
                listed.push(Listed { key, entry: Some(entry) });
            }
        }
        if !is_ours {
            listed.push(Listed { key: part.key.to_string(), entry: None });
        }
        // An entry never stands in front of what its object is named after.
        self.offsets = part.next.map(|next| self.offsets.split_off(&next)).unwrap_or_default();
        listed
    }
}

/// Where the entries of one object are.
pub(super) async fn offsets_in(
    store: &dyn ObjectStore,
    key: &Path,
) -> Result<HashSet<u64>, CompactError> {
    let failed = |source| CompactError::store("read", key.as_ref(), source);
    let object = match store.head(key).await {
        Ok(object) => object,
        Err(object_store::Error::NotFound { .. }) => return Ok(HashSet::new()),
        Err(source) => return Err(failed(source)),
    };
    let part = Part::new(object);
    let bytes = fetch(store, &part).await?.unwrap_or_default();
    Ok(part.read(&bytes).0.iter().map(|entry| entry.offset).collect())
}

/// The objects that entries of a raw object are in.
async fn parts_of(store: &dyn ObjectStore, raw_key: &str) -> Result<Vec<Part>, CompactError> {
    let Ok(folder) = Path::parse(layout::quarantine_folder(raw_key)) else { return Ok(vec![]) };
    let mut parts = parts(store, &folder).await?;
    // Another raw object's name may begin with this one's and a slash.
    parts.retain(|part| part.place.as_ref().is_some_and(|(of, _)| of == raw_key));
    Ok(parts)
}

/// The entry of the record at `offset` of `raw_key`.
pub(super) async fn find(
    store: &dyn ObjectStore,
    raw_key: &str,
    offset: u64,
) -> Result<Option<Entry>, CompactError> {
    let parts = parts_of(store, raw_key).await?;
    let may_hold = |part: &&Part| part.place.as_ref().is_some_and(|(_, first)| *first <= offset);
    for part in parts.iter().filter(may_hold).rev() {
        let bytes = fetch(store, part).await?.unwrap_or_default();
        let (entries, _) = part.read(&bytes);
        if let Some(entry) = entries.into_iter().find(|entry| entry.offset == offset) {
            return Ok(Some(entry));
        }
    }
    Ok(None)
}

/// Deletes the objects of a raw object all of whose entries are gone, by their offsets; which those
/// were. An object that holds anything else stays.
pub(crate) async fn clean(
    store: &dyn ObjectStore,
    raw_key: &str,
    is_gone: impl Fn(u64) -> bool,
) -> Result<BTreeSet<u64>, CompactError> {
    let mut deleted = BTreeSet::new();
    for part in parts_of(store, raw_key).await? {
        let bytes = fetch(store, &part).await?.unwrap_or_default();
        let (entries, is_ours) = part.read(&bytes);
        if is_ours && entries.iter().all(|entry| is_gone(entry.offset)) {
            objects::delete(store, part.key.as_ref()).await?;
            deleted.extend(entries.iter().map(|entry| entry.offset));
        }
    }
    Ok(deleted)
}
