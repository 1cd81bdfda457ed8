//! Log files that a listing has shown, kept on the disk.

use std::sync::Arc;

use bytes::Bytes;
use object_store::{ObjectMeta, ObjectStoreExt as _, Result};

use super::blocks::{Block, Blocks, FileFacts};
use crate::lake::Lake;

impl Lake {
    /// The bytes of an object that a listing of this lake has shown: from this machine's disk where
    /// they were read before and the listing shows the same size and version (its tag; its time
    /// where the store gives none), else from the store. For commits and checkpoints: their names
    /// come again in other lakes, and in this one if it is made anew.
    ///
    /// # Errors
    /// The store does not give the object, or not all of it.
    pub async fn get_listed(&self, object: &ObjectMeta) -> Result<Bytes> {
        match self.blocks() {
            Some(blocks) => listed(blocks, object).await,
            None => self.store().get(&object.location).await?.bytes().await,
        }
    }
}

async fn listed(blocks: &Arc<Blocks>, object: &ObjectMeta) -> Result<Bytes> {
    if let Some(block) = on_disk(blocks, object).await {
        blocks.meter.from_disk.add(1);
        return Ok(block.data);
    }
    let answer = blocks.inner.get(&object.location).await?;
    let given = answer.meta.clone();
    let data = answer.bytes().await?;
    // It may have been replaced since it was listed: then it is another object than the one named.
    let is_the_one = match (&object.e_tag, &given.e_tag) {
        (Some(listed), Some(given)) => listed == given,
        (None, None) => object.last_modified == given.last_modified,
        _ => false,
    };
    if is_the_one && given.size == object.size && data.len() as u64 == object.size {
        let (blocks, object) = (blocks.clone(), object.clone());
        let block = Block { data: data.clone(), file: FileFacts::from(&given) };
        let kept = tokio::task::spawn_blocking(move || {
            if let Some(disk) = &blocks.disk {
                disk.put(&blocks.identity_of_listed(&object), &block);
            }
        });
        // Nothing depends on it.
        let _ = kept.await;
    }
    Ok(data)
}

async fn on_disk(blocks: &Arc<Blocks>, object: &ObjectMeta) -> Option<Block> {
    blocks.disk.as_ref()?;
    let (blocks, object) = (blocks.clone(), object.clone());
    let read = tokio::task::spawn_blocking(move || {
        let identity = blocks.identity_of_listed(&object);
        let block = blocks.disk.as_ref()?.get(&identity, object.size)?;
        (block.data.len() as u64 == object.size).then_some(block)
    });
    read.await.ok().flatten()
}
