//! Records that could not be read: where they stand, why, and how they begin.

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_event::layout;
use serde::{Deserialize, Serialize};

use crate::error::CompactError;
use crate::read::Broken;

/// What a quarantine object says. Its name tells the raw object and the offset too, so that the
/// same record always has the same name.
#[derive(Debug, Serialize, Deserialize)]
struct Entry<'a> {
    /// A stable word for the kind of fault.
    reason: &'a str,
    /// What is wrong, in a sentence.
    message: &'a str,
    /// The raw object, relative to the lake.
    raw_key: &'a str,
    /// Where the record begins in it, in bytes after decompression.
    offset: u64,
    /// How many bytes it has, after decompression.
    length: u64,
    /// How it begins; bytes that are no UTF-8 are replaced. The whole of it is in the raw object.
    excerpt: std::borrow::Cow<'a, str>,
}

/// Puts a broken record into quarantine.
pub(crate) async fn put(
    store: &dyn ObjectStore,
    raw_key: &str,
    broken: &Broken,
) -> Result<(), CompactError> {
    let entry = Entry {
        reason: broken.reason,
        message: &broken.message,
        raw_key,
        offset: broken.offset,
        length: broken.length,
        excerpt: String::from_utf8_lossy(&broken.excerpt),
    };
    let key = layout::quarantine_key(raw_key, broken.offset);
    // Strings and numbers in a struct: serialisation has no way to fail.
    let json = serde_json::to_vec(&entry).unwrap_or_default();
    store
        .put(&Path::from(key.as_str()), json.into())
        .await
        .map(|_| ())
        .map_err(|source| CompactError::store("write", key, source))
}
