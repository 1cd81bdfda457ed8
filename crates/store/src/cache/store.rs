//! The cache as a store: immutable files from their blocks, all else straight through.
//!
//! Readers of Parquet ask for ranges, which never need to know the size of the file beforehand: a
//! block that is asked for to its end gives what there is. Whoever asks for a whole file, or for
//! its end, of which nothing is known yet, gets it by one request too; what comes is kept.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::DateTime;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
    Result,
};

use super::blocks::{BLOCK, Block, Blocks, FileFacts};
use super::fetch::failed;
use super::names::is_immutable;
use super::ranges::{all_touched, assembled, touched, touched_count};

/// How much of a file is brought at once where all of it is asked for, in bytes.
const STEP: u64 = 32 * BLOCK;

/// Files up to this many bytes are kept when they are read as a whole without being known.
pub(crate) const SMALL: u64 = 4 * BLOCK;

/// How many blocks of a file are asked for without knowing where it ends.
const UNSEEN: u64 = 64;

/// A store whose immutable files are kept in blocks.
#[derive(Debug, Clone)]
pub(crate) struct CachedStore(pub(crate) Arc<Blocks>);

impl fmt::Display for CachedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.inner.fmt(f)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for CachedStore {
    async fn put_opts(&self, key: &Path, body: PutPayload, opts: PutOptions) -> Result<PutResult> {
        self.0.inner.put_opts(key, body, opts).await
    }

    async fn put_multipart_opts(
        &self,
        key: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.0.inner.put_multipart_opts(key, opts).await
    }

    async fn get_opts(&self, key: &Path, options: GetOptions) -> Result<GetResult> {
        // Whether it is there at all, or still is what it was, only the store knows.
        let is_plain = !options.head
            && options.version.is_none()
            && options.if_match.is_none()
            && options.if_none_match.is_none()
            && options.if_modified_since.is_none()
            && options.if_unmodified_since.is_none();
        if !is_plain || !is_immutable(key) {
            return self.0.inner.get_opts(key, options).await;
        }
        if let Some(GetRange::Bounded(range)) = &options.range
            && !range.is_empty()
        {
            return self.read(key, range.clone()).await;
        }
        match (&options.range, self.0.facts(key).await) {
            (Some(GetRange::Suffix(last)), Some(file)) if file.size > 0 && *last > 0 => {
                self.read(key, file.size.saturating_sub(*last)..file.size).await
            }
            (Some(GetRange::Offset(start)), Some(file)) if *start < file.size => {
                self.read(key, *start..file.size).await
            }
            (None, Some(file)) if file.size > 0 => self.read(key, 0..file.size).await,
            (None, None) => self.first_whole(key, options).await,
            (Some(GetRange::Suffix(last)), None) if (1..=SMALL).contains(last) => {
                self.first_end(key, *last).await
            }
            _ => self.0.inner.get_opts(key, options).await,
        }
    }

    async fn get_ranges(&self, key: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        if !is_immutable(key) || ranges.iter().any(Range::is_empty) {
            return self.0.inner.get_ranges(key, ranges).await;
        }
        self.check_ends(key, ranges).await?;
        let blocks = self.0.obtain(key, all_touched(ranges)).await?;
        ranges.iter().map(|range| assembled(key, &blocks, range)).collect()
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.0.inner.delete_stream(keys)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.0.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.0.inner.rename_opts(from, to, options).await
    }
}

impl CachedStore {
    /// Passes where ranges can be in the file: a damaged footer can name any, and what they touch is
    /// counted block by block later. Few are just asked for, with no question before.
    async fn check_ends(&self, key: &Path, ranges: &[Range<u64>]) -> Result<()> {
        let Some(end) = ranges.iter().map(|range| range.end).max() else { return Ok(()) };
        let known = self.0.state().files.get(key).copied();
        let size = match known {
            Some(file) => file.size,
            None if touched_count(ranges) <= UNSEEN => return Ok(()),
            None => {
                let first = ranges.iter().map(|range| range.start / BLOCK).take(1).collect();
                let blocks = self.0.obtain(key, first).await?;
                blocks.first_key_value().map_or(0, |(_, block)| block.file.size)
            }
        };
        if end > size {
            return Err(failed(format!(
                "{key} ends at {size}, before the end of a range at {end}"
            )));
        }
        Ok(())
    }

    /// A range as far as the file goes, brought step by step as it is read.
    async fn read(&self, key: &Path, range: Range<u64>) -> Result<GetResult> {
        let first = range.start..range.end.min(step_end(range.start));
        let blocks = self.0.obtain(key, touched(&first).collect()).await?;
        let file = blocks.first_key_value().map(|(_, block)| block.file);
        let file = file.ok_or_else(|| failed(format!("{key} gave nothing for {range:?}")))?;
        if range.start >= file.size {
            let size = file.size;
            return Err(failed(format!("{key} ends at {size}, before the range {range:?}")));
        }
        let end = range.end.min(file.size);
        let head = assembled(key, &blocks, &(first.start..first.end.min(end)))?;
        let rest = (self.clone(), key.clone(), first.end);
        let rest = stream::try_unfold(rest, move |(store, key, start)| async move {
            if start >= end {
                return Ok(None);
            }
            let next = start..end.min(step_end(start));
            let blocks = store.0.obtain(&key, touched(&next).collect()).await?;
            let bytes = assembled(&key, &blocks, &next)?;
            Ok(Some((bytes, (store, key, next.end))))
        });
        let body = stream::once(std::future::ready(Ok(head))).chain(rest).boxed();
        Ok(answer(key, file, range.start..end, body))
    }

    /// A whole file of which nothing is known: a small one is kept.
    async fn first_whole(&self, key: &Path, options: GetOptions) -> Result<GetResult> {
        let given = self.0.inner.get_opts(key, options).await?;
        let file = FileFacts::from(&given.meta);
        self.0.learn(key, file)?;
        let all = 0..file.size;
        if all.is_empty() || file.size > SMALL || given.range != all {
            return Ok(given);
        }
        self.kept(key, given, all).await
    }

    /// The end of a file of which nothing is known, with as much before it as its last block needs.
    async fn first_end(&self, key: &Path, last: u64) -> Result<GetResult> {
        let asked = GetRange::Suffix(last.div_ceil(BLOCK).max(1) * BLOCK);
        let options = GetOptions::new().with_range(Some(asked));
        let given = self.0.inner.get_opts(key, options).await?;
        let file = FileFacts::from(&given.meta);
        self.0.learn(key, file)?;
        let wanted = file.size.saturating_sub(last)..file.size;
        if given.range.end != file.size || given.range.start > wanted.start {
            return Err(failed(format!("asked for the end of {key}, and got {:?}", given.range)));
        }
        self.kept(key, given, wanted).await
    }

    /// What is wanted of an answer that goes to the end of its file; the blocks that are whole in it
    /// are kept.
    async fn kept(&self, key: &Path, given: GetResult, wanted: Range<u64>) -> Result<GetResult> {
        let (file, range) = (FileFacts::from(&given.meta), given.range.clone());
        let bytes = given.bytes().await?;
        if bytes.len() as u64 != range.end.saturating_sub(range.start) {
            return Err(failed(format!(
                "the answer has {} bytes of {range:?} of {key}",
                bytes.len()
            )));
        }
        let at = |place: u64| usize::try_from(place - range.start).unwrap_or(usize::MAX);
        let blocks: Vec<_> = (range.start.div_ceil(BLOCK)..file.size.div_ceil(BLOCK))
            .filter_map(|number| {
                let (start, end) = (number * BLOCK, file.size.min((number + 1) * BLOCK));
                let data = Bytes::copy_from_slice(bytes.get(at(start)..at(end))?);
                Some((number, Block { data, file }))
            })
            .collect();
        for (number, block) in &blocks {
            self.0.state().memory.put((key.clone(), *number), block.clone());
        }
        self.0.keep(key, blocks).await;
        let body = bytes.slice(at(wanted.start)..);
        Ok(answer(key, file, wanted, stream::once(std::future::ready(Ok(body))).boxed()))
    }
}

/// Where the step that begins at `start` ends: where a block does.
fn step_end(start: u64) -> u64 {
    (start / BLOCK * BLOCK).saturating_add(STEP)
}

fn answer(
    key: &Path,
    file: FileFacts,
    range: Range<u64>,
    body: BoxStream<'static, Result<Bytes>>,
) -> GetResult {
    let meta = ObjectMeta {
        location: key.clone(),
        last_modified: DateTime::from_timestamp_millis(file.modified_ms).unwrap_or_default(),
        size: file.size,
        e_tag: None,
        version: None,
    };
    let payload = GetResultPayload::Stream(body);
    GetResult { payload, meta, range, attributes: Default::default() }
}
