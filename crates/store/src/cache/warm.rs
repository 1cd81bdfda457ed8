//! Files brought before they are asked for, many at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{StreamExt as _, stream};
use object_store::path::Path;

use super::blocks::{BLOCK, Blocks, REQUESTS};
use super::names::is_immutable;
use super::store::SMALL;
use crate::lake::Lake;

impl Lake {
    /// Brings these files of the table, each with its size in bytes as the log has it, into the cache
    /// with up to 64 requests at once: whole ones up to 4 MiB, of larger ones the last block, where
    /// the footer is; in the order given, as far as the memory of the cache goes. What fails is left
    /// out: the read that needs it says why. Does nothing where there is no cache.
    pub async fn warm(&self, files: Vec<(String, u64)>) {
        if let Some(blocks) = self.blocks() {
            warm(blocks, files).await;
        }
    }
}

async fn warm(blocks: &Arc<Blocks>, files: Vec<(String, u64)>) {
    let mut room = blocks.memory_bytes;
    let planned = files.into_iter().filter_map(|(key, bytes)| {
        let key = Path::parse(key).ok().filter(is_immutable)?;
        let wanted = wanted(bytes);
        let cost = wanted.len() as u64 * BLOCK.min(bytes);
        (cost > 0).then_some((key, wanted, cost))
    });
    let planned = planned.take_while(move |(_, _, cost)| match room.checked_sub(*cost) {
        Some(left) => {
            room = left;
            true
        }
        None => false,
    });
    let fetches = stream::iter(planned).map(|(key, wanted, _)| async move {
        if let Err(error) = blocks.obtain(&key, wanted).await {
            tracing::debug!(%key, %error, "a file could not be brought beforehand");
        }
    });
    fetches.buffer_unordered(REQUESTS).collect::<()>().await;
}

/// The blocks that are brought of a file of so many bytes.
fn wanted(bytes: u64) -> BTreeSet<u64> {
    let blocks = bytes.div_ceil(BLOCK);
    let first = if bytes <= SMALL { 0 } else { blocks - 1 };
    (first..blocks).collect()
}
