//! Entries are put.
//!
//! An object is created, and never written over: two runs may read the same raw object at once, and
//! the one that loses its commit may have come less far. It must not take entries away that the
//! other has committed. Where the name is taken, what is missing there goes into an object of its
//! own.

use std::collections::HashSet;

use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode};
use octolake_event::layout;

use super::{Entry, entries};
use crate::error::CompactError;
use crate::read::Broken;

/// Bytes after which another object is begun.
pub(super) const PART_BYTES: usize = 4 * 1024 * 1024;
/// How much of a message is kept, in bytes: some repeat what they complain of.
const MESSAGE_BYTES: usize = 1024;

/// Entries in the order of their offsets, each a line of JSON.
type Lines = Vec<(u64, Vec<u8>)>;

/// Puts broken records of one raw object into quarantine, a line each, in one object that is named
/// after the first of them; in several where they are many.
///
/// # Errors
/// The store fails. What was put before that stands, and is known again.
pub(crate) async fn put_all(
    store: &dyn ObjectStore,
    raw_key: &str,
    broken: &[Broken],
) -> Result<(), CompactError> {
    let mut in_order: Vec<&Broken> = broken.iter().collect();
    in_order.sort_by_key(|broken| broken.offset);
    in_order.dedup_by_key(|broken| broken.offset);
    let (mut lines, mut bytes) = (Lines::new(), 0);
    for broken in in_order {
        // Strings and numbers in a struct: serialisation has no way to fail.
        let line = serde_json::to_vec(&entry(raw_key, broken)).unwrap_or_default();
        bytes += line.len() + 1;
        lines.push((broken.offset, line));
        if bytes >= PART_BYTES {
            bytes = 0;
            put_part(store, raw_key, std::mem::take(&mut lines)).await?;
        }
    }
    put_part(store, raw_key, lines).await
}

fn entry(raw_key: &str, broken: &Broken) -> Entry {
    let end = broken.message.floor_char_boundary(MESSAGE_BYTES);
    Entry {
        reason: broken.reason.word().to_owned(),
        message: broken.message.get(..end).unwrap_or_default().to_owned(),
        raw_key: raw_key.to_owned(),
        offset: broken.offset,
        length: broken.length,
        excerpt: String::from_utf8_lossy(&broken.excerpt).into_owned(),
    }
}

async fn put_part(
    store: &dyn ObjectStore,
    raw_key: &str,
    mut lines: Lines,
) -> Result<(), CompactError> {
    while let Some((first, _)) = lines.first() {
        let key = layout::quarantine_key(raw_key, *first);
        let failed = |source| CompactError::store("write", key.as_str(), source);
        // As it is: what is listed is looked up by this very name.
        let path = Path::parse(&key).map_err(|error| failed(error.into()))?;
        let text: Vec<&[u8]> = lines.iter().map(|(_, line)| line.as_slice()).collect();
        let text = bytes::Bytes::from(text.join(&b'\n'));
        match store.put_opts(&path, text.clone().into(), PutMode::Create.into()).await {
            Ok(_) => return Ok(()),
            Err(Error::AlreadyExists { .. }) => {}
            Err(source) => return Err(failed(source)),
        }
        let known: HashSet<u64> = entries::offsets_in(store, &path).await?;
        if !known.contains(first) {
            // What has this name and not this entry, nobody has counted.
            return store.put(&path, text.into()).await.map(|_| ()).map_err(failed);
        }
        lines.retain(|(offset, _)| !known.contains(offset));
    }
    Ok(())
}
