//! A store that answers with fewer bytes than it was asked for: an error, never records that nobody
//! misses.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use octolake_compactor::{Settings, quarantine, verify};
use octolake_store::Lake;

use crate::lake::{counts, gzip, ids, push, put, run};

/// Cuts the bodies of raw objects while it is told to.
#[derive(Debug)]
struct Short {
    inner: Arc<dyn ObjectStore>,
    cuts: Arc<AtomicBool>,
    /// How many bytes it leaves out.
    missing: usize,
    /// Whether it says so: the object is shorter than it was when it was listed.
    admits: bool,
}

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Short")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Short {
    async fn put_opts(&self, key: &Path, body: PutPayload, with: PutOptions) -> Result<PutResult> {
        self.inner.put_opts(key, body, with).await
    }

    async fn put_multipart_opts(
        &self,
        key: &Path,
        with: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(key, with).await
    }

    async fn get_opts(&self, key: &Path, with: GetOptions) -> Result<GetResult> {
        let got = self.inner.get_opts(key, with).await?;
        if !self.cuts.load(SeqCst) || !key.as_ref().starts_with("raw/") {
            return Ok(got);
        }
        let (meta, mut range) = (got.meta.clone(), got.range.clone());
        let attributes = got.attributes.clone();
        let bytes: Bytes = got.bytes().await?;
        let bytes = bytes.slice(..bytes.len().saturating_sub(self.missing));
        if self.admits {
            range.end = range.start + bytes.len() as u64;
        }
        let body = stream::iter([Ok(bytes)]);
        let payload = GetResultPayload::Stream(body.boxed());
        Ok(GetResult { payload, meta, range, attributes })
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(keys)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, with: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, with).await
    }
}

#[tokio::test]
async fn a_short_answer_is_an_error_and_the_object_waits() {
    let text: String = (0..50).map(|id| push(id, 2) + "\n").collect();
    for (missing, admits, object) in [
        (1, false, text.clone().into_bytes()),
        // At the end of a record: nothing else would show it.
        (push(49, 2).len() + 1, false, text.clone().into_bytes()),
        (push(49, 2).len() + 1, true, text.clone().into_bytes()),
        (usize::MAX, false, text.clone().into_bytes()),
        (usize::MAX, true, text.clone().into_bytes()),
        (8, false, gzip(text.as_bytes())),
        (8, true, gzip(text.as_bytes())),
    ] {
        let cuts = Arc::new(AtomicBool::new(true));
        let lake = Lake::in_memory()
            .wrapped(|inner| Arc::new(Short { inner, cuts: cuts.clone(), missing, admits }));
        put(&lake, "raw/2026/03/02/10/short", object).await;
        let report = run(&lake, &Settings::default()).await;
        assert_eq!((report.objects, report.failed.len()), (0, 1), "{missing} missing: {report:?}");
        let error = &report.failed[0].error;
        assert!(error.starts_with("cannot read raw/2026/03/02/10/short"), "{error}");
        let told = if admits { "were asked for" } else { "the answer has" };
        assert!(error.contains(told), "{error}");
        let settings = Settings::default();
        let original = quarantine::original(&lake, &settings, "raw/2026/03/02/10/short", 0);
        assert!(original.await.is_err());
        cuts.store(false, SeqCst);
        assert_eq!(counts(&run(&lake, &Settings::default()).await)[0], 50 + counts(&report)[0]);
        assert_eq!(ids(&lake).await, (0..50).collect::<Vec<_>>());
        assert!(verify(&lake, &Settings::default()).await.unwrap().unwrap().holds);
    }
}
