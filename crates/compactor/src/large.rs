//! Claim checks: bodies that were too large for the bus, and lie beside it.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_event::LargeRef;
use octolake_event::layout;
use sha2::{Digest, Sha256};

/// Why a body cannot be put back. The record goes to quarantine with this reason.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LargeError {
    #[error("`_delivery.large.key` is no key of a large body")]
    Key,
    #[error("the body is said to be {0} bytes, more than a record may be")]
    TooLarge(u64),
    #[error("the body at {0} is not there")]
    Missing(String),
    #[error("the body at {0} is not what `_delivery.large` says of it")]
    Different(String),
    /// The store fails: the record stays where it is, and the next run tries again.
    #[error("cannot read {key}: {source}")]
    Store { key: String, source: object_store::Error },
}

/// Fetches a body and checks it against its length and hash.
pub(crate) async fn fetch(
    store: &dyn ObjectStore,
    large: &LargeRef,
    limit: usize,
) -> Result<String, LargeError> {
    if !layout::is_large_key(&large.key) {
        return Err(LargeError::Key);
    }
    if large.bytes > limit as u64 {
        return Err(LargeError::TooLarge(large.bytes));
    }
    let key = || large.key.clone();
    let fetched = async {
        let answer = store.get(&Path::from(large.key.as_str())).await?;
        // Nothing that a record may hold is larger when it is compressed.
        match answer.meta.size <= 2 * limit as u64 {
            true => answer.bytes().await.map(Some),
            false => Ok(None),
        }
    };
    let compressed = fetched.await.map_err(|error: object_store::Error| match error {
        object_store::Error::NotFound { .. } => LargeError::Missing(key()),
        source => LargeError::Store { key: key(), source },
    })?;
    let Some(compressed) = compressed else { return Err(LargeError::Different(key())) };
    let mut body = Vec::new();
    // One byte more than it should be, to see that it ends there.
    let mut reader = MultiGzDecoder::new(compressed.as_ref()).take(large.bytes + 1);
    reader.read_to_end(&mut body).map_err(|_| LargeError::Different(key()))?;
    let is_same = body.len() as u64 == large.bytes
        && hex::encode(Sha256::digest(&body)) == large.sha256.to_ascii_lowercase();
    if !is_same {
        return Err(LargeError::Different(key()));
    }
    String::from_utf8(body).map_err(|_| LargeError::Different(key()))
}
