//! Blocks on their way: claimed by one, waited for by others.

use std::sync::Arc;

use object_store::path::Path;
use object_store::{Error, Result};
use tokio::sync::watch;

use super::STORE;
use super::blocks::{Block, Blocks};
use super::memory::BlockId;

/// How a flight ended; `None` as long as it hasn't.
pub(crate) type Landing = Option<Result<Block, Arc<Error>>>;

/// The duty to bring one block. Where it is dropped before, those who wait are told, and one of
/// them claims the block anew.
#[derive(Debug)]
pub(crate) struct Claim {
    blocks: Arc<Blocks>,
    id: BlockId,
    landing: watch::Sender<Landing>,
}

impl Claim {
    /// A claim, and what others wait for.
    pub(crate) fn new(blocks: &Arc<Blocks>, id: BlockId) -> (Self, watch::Receiver<Landing>) {
        let (landing, flight) = watch::channel(None);
        (Self { blocks: blocks.clone(), id, landing }, flight)
    }

    /// The block's number in its file.
    pub(crate) fn number(&self) -> u64 {
        self.id.1
    }

    /// The block is here: for those who wait, and for those who come later.
    pub(crate) fn land(self, block: Block) -> (u64, Block) {
        let number = self.number();
        if !block.data.is_empty() {
            // Before the flight ends: whoever comes finds the one or the other.
            self.blocks.state().memory.put(self.id.clone(), block.clone());
        }
        self.landing.send_replace(Some(Ok(block.clone())));
        (number, block)
    }

    /// The block can't be had: those who wait hear why, those who come later try again.
    pub(crate) fn fail(self, error: Arc<Error>) {
        self.landing.send_replace(Some(Err(error)));
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.blocks.state().flights.remove(&self.id);
    }
}

/// An error of one request for each who waited for it, of the kind that it was.
pub(crate) fn as_error(key: &Path, error: &Arc<Error>) -> Error {
    let (path, source) = (key.to_string(), Box::new(error.clone()));
    match **error {
        Error::NotFound { .. } => Error::NotFound { path, source },
        Error::PermissionDenied { .. } => Error::PermissionDenied { path, source },
        Error::Unauthenticated { .. } => Error::Unauthenticated { path, source },
        _ => Error::Generic { store: STORE, source },
    }
}
