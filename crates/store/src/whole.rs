//! A store whose answers are whole, or errors.
//!
//! An answer that ends early without an error would be taken for a shorter object: a raw object's
//! last records would be missed and the object called done, and some readers of Parquet panic. So
//! what a body should have is counted here, once for everybody above.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
    Result,
};

const STORE: &str = "WholeStore";

/// A store whose answers are whole, or errors.
#[derive(Debug, Clone)]
pub(crate) struct WholeStore(pub(crate) Arc<dyn ObjectStore>);

impl fmt::Display for WholeStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for WholeStore {
    async fn put_opts(
        &self,
        key: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.0.put_opts(key, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        key: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(key, opts).await
    }

    async fn get_opts(&self, key: &Path, options: GetOptions) -> Result<GetResult> {
        let is_head = options.head;
        let answer = self.0.get_opts(key, options).await?;
        Ok(if is_head { answer } else { whole(key, answer) })
    }

    async fn get_ranges(&self, key: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let bodies = self.0.get_ranges(key, ranges).await?;
        if bodies.len() != ranges.len() {
            return Err(short(key, bodies.len() as u64, ranges.len() as u64, "ranges"));
        }
        for (body, range) in bodies.iter().zip(ranges) {
            check(key, body.len() as u64, range.end - range.start)?;
        }
        Ok(bodies)
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.0.delete_stream(keys)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.0.rename_opts(from, to, options).await
    }
}

/// The same answer, with an error behind a body that ends early. What the library reads from a
/// file, it counts itself.
fn whole(key: &Path, answer: GetResult) -> GetResult {
    let GetResultPayload::Stream(body) = answer.payload else { return answer };
    let expected = answer.range.end - answer.range.start;
    let key = key.clone();
    let counted = stream::try_unfold((body, 0), move |(mut body, read)| {
        let key = key.clone();
        async move {
            match body.try_next().await? {
                Some(part) => {
                    let read = read + part.len() as u64;
                    Ok(Some((part, (body, read))))
                }
                None => check(&key, read, expected).map(|()| None),
            }
        }
    });
    GetResult { payload: GetResultPayload::Stream(counted.boxed()), ..answer }
}

fn check(key: &Path, read: u64, expected: u64) -> Result<()> {
    if read == expected { Ok(()) } else { Err(short(key, read, expected, "bytes")) }
}

fn short(key: &Path, read: u64, expected: u64, what: &str) -> Error {
    let source = format!("the answer has {read} of {expected} {what} of {key}").into();
    Error::Generic { store: STORE, source }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;
    use object_store::{GetRange, ObjectStoreExt};
    use octolake_testkit::{Fault, FaultyStore, Script};

    use super::*;

    async fn store(faults: usize) -> WholeStore {
        let memory = Arc::new(InMemory::new());
        memory.put(&Path::from("x"), "1234".into()).await.unwrap();
        let script = Script::new((0..faults).map(|number| (number, Fault::Truncated)));
        WholeStore(Arc::new(FaultyStore::new(memory, script)))
    }

    #[tokio::test]
    async fn a_body_that_ends_early_is_an_error() {
        let (store, key) = (store(3).await, Path::from("x"));
        let error = store.get(&key).await.unwrap().bytes().await.unwrap_err();
        assert!(error.to_string().contains("2 of 4 bytes of x"), "{error}");
        assert!(store.get_range(&key, 1..4).await.is_err());
        assert!(store.get_ranges(&key, &[0..4, 2..4]).await.is_err());
    }

    #[tokio::test]
    async fn a_whole_body_passes() {
        let (store, key) = (store(0).await, Path::from("x"));
        assert_eq!(store.get(&key).await.unwrap().bytes().await.unwrap(), "1234");
        assert_eq!(store.get_range(&key, 1..3).await.unwrap(), "23");
        assert_eq!(store.get_ranges(&key, &[0..4, 2..4]).await.unwrap(), ["1234", "34"]);
        assert_eq!(store.head(&key).await.unwrap().size, 4);
        let suffix = GetOptions::new().with_range(Some(GetRange::Suffix(3)));
        assert_eq!(store.get_opts(&key, suffix).await.unwrap().bytes().await.unwrap(), "234");
    }
}
