//! A store behind a script.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
    Result,
};

use crate::script::{Kind, Script};

/// A store whose operations go as a [`Script`] says.
#[derive(Debug, Clone)]
pub struct FaultyStore {
    inner: Arc<dyn ObjectStore>,
    script: Script,
}

impl FaultyStore {
    /// `inner`, as `script` has it.
    pub fn new(inner: Arc<dyn ObjectStore>, script: Script) -> Self {
        Self { inner, script }
    }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultyStore({})", self.inner)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for FaultyStore {
    async fn put_opts(
        &self,
        key: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        let kind = if opts.mode == PutMode::Create { Kind::Create } else { Kind::Put };
        let turn = self.script.turn(kind, key);
        turn.before().await?;
        turn.after(self.inner.put_opts(key, payload, opts).await).await
    }

    async fn put_multipart_opts(
        &self,
        key: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let turn = self.script.turn(Kind::Put, key);
        turn.before().await?;
        turn.after(self.inner.put_multipart_opts(key, opts).await).await
    }

    async fn get_opts(&self, key: &Path, options: GetOptions) -> Result<GetResult> {
        let turn = self.script.turn(Kind::Get, key);
        turn.before().await?;
        let answer = self.inner.get_opts(key, options).await;
        let answer = match answer {
            Ok(answer) if turn.is_truncated() => cut(answer).await,
            answer => answer,
        };
        turn.after(answer).await
    }

    async fn get_ranges(&self, key: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let turn = self.script.turn(Kind::Get, key);
        turn.before().await?;
        let mut answer = self.inner.get_ranges(key, ranges).await;
        if let (Ok(bodies), true) = (&mut answer, turn.is_truncated()) {
            bodies.iter_mut().for_each(|body| body.truncate(body.len() / 2));
        }
        turn.after(answer).await
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let (inner, script) = (self.inner.clone(), self.script.clone());
        keys.and_then(move |key| {
            let (inner, script) = (inner.clone(), script.clone());
            async move {
                let turn = script.turn(Kind::Delete, &key);
                turn.before().await?;
                let one = stream::once(std::future::ready(Ok(key.clone()))).boxed();
                let deleted: Result<Vec<Path>> = inner.delete_stream(one).try_collect().await;
                turn.after(deleted.map(|_| key)).await
            }
        })
        .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listed(prefix, self.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listed(prefix, self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let turn = self.script.turn(Kind::List, prefix.unwrap_or(&Path::default()));
        turn.before().await?;
        turn.after(self.inner.list_with_delimiter(prefix).await).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let turn = self.script.turn(Kind::Copy, to);
        turn.before().await?;
        turn.after(self.inner.copy_opts(from, to, options).await).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let turn = self.script.turn(Kind::Copy, to);
        turn.before().await?;
        turn.after(self.inner.rename_opts(from, to, options).await).await
    }
}

impl FaultyStore {
    fn listed(
        &self,
        prefix: Option<&Path>,
        listing: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let turn = self.script.turn(Kind::List, prefix.unwrap_or(&Path::default()));
        let begun = async move {
            turn.before().await?;
            // A listing ends in an error, never as if it were whole: its pages are counted.
            turn.after(Ok(listing)).await
        };
        stream::once(begun).try_flatten().boxed()
    }
}

/// The same answer with half of its body.
async fn cut(answer: GetResult) -> Result<GetResult> {
    let (meta, range, attributes) =
        (answer.meta.clone(), answer.range.clone(), answer.attributes.clone());
    let body = answer.bytes().await?;
    let half = body.slice(..body.len() / 2);
    let payload = GetResultPayload::Stream(stream::once(std::future::ready(Ok(half))).boxed());
    Ok(GetResult { payload, meta, range, attributes })
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;
    use object_store::{Error, ObjectStoreExt};

    use super::*;
    use crate::Fault;

    async fn put(fault: Fault, mode: PutMode) -> (Result<PutResult>, bool) {
        let memory = Arc::new(InMemory::new());
        let store = FaultyStore::new(memory.clone(), Script::new([(0, fault)]));
        let key = Path::from("x");
        let answer = store.put_opts(&key, "1234".into(), mode.into()).await;
        (answer, memory.head(&key).await.is_ok())
    }

    #[tokio::test]
    async fn an_operation_is_done_or_not_as_the_fault_says() {
        for fault in Fault::ALL {
            let (answer, is_there) = put(fault, PutMode::Create).await;
            let not_done = [
                Fault::Refused,
                Fault::Unavailable,
                Fault::Conflict,
                Fault::SpuriousPrecondition,
                Fault::CrashBefore,
            ];
            let harmless = [Fault::Truncated, Fault::StallBefore, Fault::StallAfter];
            assert_eq!(is_there, !not_done.contains(&fault), "{fault:?}");
            assert_eq!(answer.is_ok(), harmless.contains(&fault), "{fault:?}");
        }
        let (answer, _) = put(Fault::AskedAgain, PutMode::Create).await;
        assert!(matches!(answer, Err(Error::AlreadyExists { .. })), "{answer:?}");
        assert!(put(Fault::AskedAgain, PutMode::Overwrite).await.0.is_ok());
    }

    #[tokio::test]
    async fn nothing_is_done_after_a_crash() {
        let memory = Arc::new(InMemory::new());
        let script = Script::new([(1, Fault::CrashAfter)]);
        let store = FaultyStore::new(memory.clone(), script.clone());
        for (name, is_there) in [("a", true), ("b", true), ("c", false)] {
            let _ = store.put(&Path::from(name), "1".into()).await;
            assert_eq!(memory.head(&Path::from(name)).await.is_ok(), is_there, "{name}");
        }
        assert_eq!(script.operations().len(), 3);
    }

    #[tokio::test]
    async fn a_body_can_end_in_its_middle() {
        let memory = Arc::new(InMemory::new());
        memory.put(&Path::from("x"), "1234".into()).await.unwrap();
        let faults = [(0, Fault::Truncated), (1, Fault::Truncated)];
        let store = FaultyStore::new(memory, Script::new(faults));
        assert_eq!(store.get(&Path::from("x")).await.unwrap().bytes().await.unwrap(), "12");
        assert_eq!(store.get_ranges(&Path::from("x"), &[0..4, 2..4]).await.unwrap(), ["12", "3"]);
    }
}
