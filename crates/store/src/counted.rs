//! A store whose requests are counted, each as it goes out.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    OBJECT_STORE_COALESCE_DEFAULT, ObjectMeta, ObjectStore, ObjectStoreExt as _,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart,
    coalesce_ranges,
};

use crate::traffic::Meter;

/// How many names S3 gives with one request.
const PAGE: u64 = 1_000;

/// A store whose requests are counted.
#[derive(Debug, Clone)]
pub(crate) struct CountedStore {
    pub(crate) inner: Arc<dyn ObjectStore>,
    pub(crate) meter: Arc<Meter>,
    /// Whether several ranges are asked for here, near ones as one, so that each request is counted.
    /// A directory reads them all from one open file, which counts as one.
    pub(crate) splits_ranges: bool,
}

impl fmt::Display for CountedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for CountedStore {
    async fn put_opts(&self, key: &Path, body: PutPayload, opts: PutOptions) -> Result<PutResult> {
        self.meter.puts.add(1);
        self.meter.bytes_written.add(body.content_length() as u64);
        self.inner.put_opts(key, body, opts).await
    }

    async fn put_multipart_opts(
        &self,
        key: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.meter.puts.add(1);
        let inner = self.inner.put_multipart_opts(key, opts).await?;
        Ok(Box::new(Upload { inner, meter: self.meter.clone() }))
    }

    async fn get_opts(&self, key: &Path, options: GetOptions) -> Result<GetResult> {
        let is_head = options.head;
        if is_head {
            self.meter.heads.add(1);
        } else {
            self.meter.gets.add(1);
        }
        let answer = self.inner.get_opts(key, options).await?;
        Ok(if is_head { answer } else { self.counted(answer) })
    }

    async fn get_ranges(&self, key: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        if self.splits_ranges {
            let fetch = |range| self.get_range(key, range);
            return coalesce_ranges(ranges, fetch, OBJECT_STORE_COALESCE_DEFAULT).await;
        }
        self.meter.gets.add(1);
        let bodies = self.inner.get_ranges(key, ranges).await?;
        self.meter.bytes_read.add(bodies.iter().map(|body| body.len() as u64).sum());
        Ok(bodies)
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let meter = self.meter.clone();
        self.inner.delete_stream(keys.inspect_ok(move |_| meter.deletes.add(1)).boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.paged(self.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.paged(self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.meter.lists.add(1);
        let listed = self.inner.list_with_delimiter(prefix).await?;
        let names = (listed.objects.len() + listed.common_prefixes.len()) as u64;
        self.meter.lists.add(names.saturating_sub(1) / PAGE);
        Ok(listed)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.meter.puts.add(1);
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.meter.puts.add(1);
        self.meter.deletes.add(1);
        self.inner.rename_opts(from, to, options).await
    }
}

impl CountedStore {
    /// The same answer, its bytes counted as they come.
    fn counted(&self, answer: GetResult) -> GetResult {
        let meter = self.meter.clone();
        let payload = match answer.payload {
            GetResultPayload::Stream(body) => GetResultPayload::Stream(
                body.inspect_ok(move |part| meter.bytes_read.add(part.len() as u64)).boxed(),
            ),
            // Whoever has the file reads it without us.
            file @ GetResultPayload::File(..) => {
                meter.bytes_read.add(answer.range.end - answer.range.start);
                file
            }
        };
        GetResult { payload, ..answer }
    }

    /// The same listing, a request counted now and with each page after the first.
    fn paged(
        &self,
        listing: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let meter = self.meter.clone();
        meter.lists.add(1);
        let mut names = 0_u64;
        let count = move |_: &ObjectMeta| {
            if names > 0 && names.is_multiple_of(PAGE) {
                meter.lists.add(1);
            }
            names += 1;
        };
        listing.inspect_ok(count).boxed()
    }
}

/// An upload in parts, each a request, and so is its end.
#[derive(Debug)]
struct Upload {
    inner: Box<dyn MultipartUpload>,
    meter: Arc<Meter>,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, part: PutPayload) -> UploadPart {
        self.meter.puts.add(1);
        self.meter.bytes_written.add(part.content_length() as u64);
        self.inner.put_part(part)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.meter.puts.add(1);
        self.inner.complete().await
    }

    async fn abort(&mut self) -> Result<()> {
        self.meter.deletes.add(1);
        self.inner.abort().await
    }
}

#[cfg(test)]
mod tests;
