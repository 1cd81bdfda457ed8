//! A store where one folder is kept in another place: whoever looks for it finds what is there.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

/// A store whose folder `from` is kept in `to`.
#[derive(Debug, Clone)]
pub(crate) struct MovedStore {
    pub(crate) inner: Arc<dyn ObjectStore>,
    pub(crate) from: Path,
    pub(crate) to: Path,
}

impl fmt::Display for MovedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MovedStore({}, {} in {})", self.inner, self.from, self.to)
    }
}

impl MovedStore {
    /// Where a key is kept.
    fn there(&self, key: &Path) -> Path {
        translated(key, &self.from, &self.to)
    }

    fn back(&self) -> impl Fn(ObjectMeta) -> ObjectMeta + Send + 'static {
        let (from, to) = (self.from.clone(), self.to.clone());
        move |meta| ObjectMeta { location: translated(&meta.location, &to, &from), ..meta }
    }
}

/// The key in the other folder, where it is in the one.
fn translated(key: &Path, from: &Path, to: &Path) -> Path {
    match key.prefix_match(from) {
        Some(rest) => to.parts().chain(rest).collect(),
        None => key.clone(),
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for MovedStore {
    async fn put_opts(
        &self,
        key: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(&self.there(key), payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        key: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(&self.there(key), opts).await
    }

    async fn get_opts(&self, key: &Path, options: GetOptions) -> Result<GetResult> {
        let answer = self.inner.get_opts(&self.there(key), options).await?;
        let meta = ObjectMeta { location: key.clone(), ..answer.meta };
        Ok(GetResult { meta, ..answer })
    }

    async fn get_ranges(&self, key: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(&self.there(key), ranges).await
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let (from, to) = (self.from.clone(), self.to.clone());
        let there = keys.map_ok(move |key| translated(&key, &from, &to));
        let (from, to) = (self.from.clone(), self.to.clone());
        self.inner
            .delete_stream(there.boxed())
            .map_ok(move |key| translated(&key, &to, &from))
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let prefix = prefix.map(|prefix| self.there(prefix));
        self.inner.list(prefix.as_ref()).map_ok(self.back()).boxed()
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let prefix = prefix.map(|prefix| self.there(prefix));
        let listed = self.inner.list_with_offset(prefix.as_ref(), &self.there(offset));
        listed.map_ok(self.back()).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let there = prefix.map(|prefix| self.there(prefix));
        let listed = self.inner.list_with_delimiter(there.as_ref()).await?;
        let folders = listed.common_prefixes.iter();
        Ok(ListResult {
            common_prefixes: folders.map(|it| translated(it, &self.to, &self.from)).collect(),
            objects: listed.objects.into_iter().map(self.back()).collect(),
        })
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(&self.there(from), &self.there(to), options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(&self.there(from), &self.there(to), options).await
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn a_moved_folder_is_found_under_its_own_name() {
        let memory = Arc::new(InMemory::new());
        let path = |text: &str| Path::from(text);
        let store = MovedStore { inner: memory.clone(), from: path("a/b"), to: path("a/c/b") };
        for key in ["a/b/1", "a/b/x/2", "a/bb", "a/d"] {
            store.put(&path(key), "1".into()).await.unwrap();
        }
        let keys = async |store: &dyn ObjectStore, prefix: &str| {
            let listed = store.list(Some(&path(prefix))).map_ok(|it| it.location.to_string());
            let mut keys: Vec<String> = listed.try_collect().await.unwrap();
            keys.sort();
            keys
        };
        assert_eq!(keys(&store, "a/b").await, ["a/b/1", "a/b/x/2"]);
        assert_eq!(keys(memory.as_ref(), "a").await, ["a/bb", "a/c/b/1", "a/c/b/x/2", "a/d"]);
        let folders = store.list_with_delimiter(Some(&path("a/b"))).await.unwrap();
        assert_eq!(folders.common_prefixes, [path("a/b/x")]);
        assert_eq!(store.get(&path("a/b/1")).await.unwrap().meta.location, path("a/b/1"));
        store.delete(&path("a/b/1")).await.unwrap();
        assert_eq!(keys(&store, "a/b").await, ["a/b/x/2"]);
    }
}
