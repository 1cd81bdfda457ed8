//! What several parts do with objects by their keys.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt};

use crate::error::CompactError;

/// The keys in a folder, in the store's order.
pub(crate) async fn keys<C: Default + Extend<String>>(
    store: &dyn ObjectStore,
    folder: &str,
) -> Result<C, CompactError> {
    let listed = store.list(Some(&Path::from(folder)));
    let keys = listed.map_ok(|object| object.location.to_string()).try_collect().await;
    keys.map_err(|source| CompactError::store("list", folder, source))
}

/// Writes an object.
pub(crate) async fn put(
    store: &dyn ObjectStore,
    key: &str,
    bytes: Bytes,
) -> Result<(), CompactError> {
    let put = store.put(&path(key)?, bytes.into()).await;
    put.map(|_| ()).map_err(|source| CompactError::store("write", key, source))
}

/// Deletes objects, as many in one request as the store takes; those that are gone already are
/// deleted too. Gives how many there were.
///
/// # Errors
/// The store refuses one: others may be deleted.
pub(crate) async fn delete_all(
    store: &dyn ObjectStore,
    keys: &[Path],
) -> Result<u64, CompactError> {
    let mut deleted = 0;
    let mut refused = None;
    let mut outcomes = store.delete_stream(stream::iter(keys.to_vec()).map(Ok).boxed());
    while let Some(outcome) = outcomes.next().await {
        match outcome {
            Ok(_) | Err(Error::NotFound { .. }) => deleted += 1,
            Err(source) => refused = Some(source),
        }
    }
    let key = || keys.first().map_or_else(String::new, Path::to_string);
    match refused {
        None => Ok(deleted),
        Some(source) => Err(CompactError::store("delete objects like", key(), source)),
    }
}

/// Deletes an object; one that is gone already is deleted too.
pub(crate) async fn delete(store: &dyn ObjectStore, key: &str) -> Result<(), CompactError> {
    match store.delete(&path(key)?).await {
        Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
        Err(source) => Err(CompactError::store("delete", key, source)),
    }
}

/// A key as it is: names are not encoded once more.
fn path(key: &str) -> Result<Path, CompactError> {
    Path::parse(key).map_err(|error| CompactError::store("name", key, error.into()))
}
