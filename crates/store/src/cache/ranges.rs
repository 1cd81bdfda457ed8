//! Ranges of a file, put together from its blocks.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use object_store::Result;
use object_store::path::Path;

use super::blocks::{BLOCK, Block};
use super::fetch::failed;

/// A piece of a block that is smaller is copied: else a footer of a few bytes would hold its whole
/// block after the cache has dropped it.
const COPIED: usize = 256 << 10;

/// The numbers of the blocks that a range touches; none where it is empty.
pub(crate) fn touched(range: &Range<u64>) -> impl Iterator<Item = u64> + use<> {
    range.start / BLOCK..if range.is_empty() { 0 } else { range.end.div_ceil(BLOCK) }
}

/// The numbers of the blocks that several ranges touch.
pub(crate) fn all_touched(ranges: &[Range<u64>]) -> BTreeSet<u64> {
    ranges.iter().flat_map(touched).collect()
}

/// How many blocks several ranges touch, those in common counted more than once.
pub(crate) fn touched_count(ranges: &[Range<u64>]) -> u64 {
    let count = |range: &Range<u64>| range.end.div_ceil(BLOCK) - range.start / BLOCK;
    ranges.iter().map(count).fold(0, u64::saturating_add)
}

/// The bytes of a range, all of them.
///
/// # Errors
/// The file ends before it.
pub(crate) fn assembled(
    key: &Path,
    blocks: &BTreeMap<u64, Block>,
    range: &Range<u64>,
) -> Result<Bytes> {
    let mut pieces = touched(range).filter_map(|number| {
        let data = &blocks.get(&number)?.data;
        let start = number * BLOCK;
        let within = |at: u64| usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX);
        let (from, to) = (within(range.start), within(range.end).min(data.len()));
        (from < to).then(|| data.slice(from..to))
    });
    let bytes = match (pieces.next(), pieces.next()) {
        (None, _) => Bytes::new(),
        (Some(piece), None) if piece.len() < COPIED => Bytes::copy_from_slice(&piece),
        (Some(piece), None) => piece,
        (Some(first), Some(second)) => {
            let length = usize::try_from(range.end - range.start).unwrap_or_default();
            let mut joined = BytesMut::with_capacity(length.min(blocks.len() << 20));
            [first, second].into_iter().chain(pieces).for_each(|it| joined.extend_from_slice(&it));
            joined.freeze()
        }
    };
    let (read, expected) = (bytes.len() as u64, range.end.saturating_sub(range.start));
    if read == expected {
        Ok(bytes)
    } else {
        Err(failed(format!("{key} has {read} of the {expected} bytes of its range {range:?}")))
    }
}
