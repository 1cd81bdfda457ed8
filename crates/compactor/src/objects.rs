//! What several parts do with objects by their keys.

use futures::TryStreamExt;
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

/// Deletes an object; one that is gone already is deleted too.
pub(crate) async fn delete(store: &dyn ObjectStore, key: &str) -> Result<(), CompactError> {
    let failed = |source| CompactError::store("delete", key, source);
    // As it is: names are not encoded once more.
    let path = Path::parse(key).map_err(|error| failed(error.into()))?;
    match store.delete(&path).await {
        Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
        Err(source) => Err(failed(source)),
    }
}
