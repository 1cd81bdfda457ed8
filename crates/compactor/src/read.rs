//! Raw object → windows of decompressed bytes → records.
//!
//! An object is read in ranges and decompressed as it comes, so that neither a large object nor a
//! gzip bomb is ever in memory whole. What a window ends inside of begins the next one.
//!
//! ```text
//! while reader.fill().await? {
//!     let (items, step) = reader.items();
//!     …
//!     reader.advance(step);
//! }
//! ```

use std::ops::Range;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::error::CompactError;
use crate::scan::RawObject;
pub(crate) use crate::windows::{Broken, Item, Limits};
use crate::windows::{FEED_BYTES, Step, Windows};

/// Bytes of an object to fetch at once.
const FETCH_BYTES: u64 = 4 * 1024 * 1024;

/// Reads one raw object from its beginning to its end.
pub(crate) struct ObjectReader<'s> {
    store: &'s dyn ObjectStore,
    object: &'s RawObject,
    /// How many stored bytes were fetched so far.
    position: u64,
    /// Those of them that are not decompressed yet.
    fetched: Bytes,
    windows: Windows,
}

impl<'s> ObjectReader<'s> {
    pub(crate) fn new(store: &'s dyn ObjectStore, object: &'s RawObject, limits: Limits) -> Self {
        let windows = Windows::new(limits);
        Self { store, object, position: 0, fetched: Bytes::new(), windows }
    }

    /// How many decompressed bytes were dealt with so far.
    pub(crate) fn bytes_decoded(&self) -> u64 {
        self.windows.offset()
    }

    /// Reads on until there is a window worth a look; false where all has been dealt with.
    pub(crate) async fn fill(&mut self) -> Result<bool, CompactError> {
        while self.windows.is_hungry() {
            if self.fetched.is_empty() {
                self.fetch().await?;
            }
            let part = self.fetched.split_to(self.fetched.len().min(FEED_BYTES));
            self.windows.feed(&part);
        }
        Ok(self.windows.is_due())
    }

    async fn fetch(&mut self) -> Result<(), CompactError> {
        let range = self.position..self.object.bytes.min(self.position + FETCH_BYTES);
        if range.is_empty() {
            return Ok(());
        }
        let failed = |source| CompactError::unread(&self.object.key, source);
        let key = Path::parse(&self.object.key).map_err(|error| failed(error.into()))?;
        let fetched = self.store.get_range(&key, range.clone()).await.map_err(failed)?;
        // Bytes that a store leaves out would be records that nobody misses.
        if fetched.len() as u64 != range.end - range.start {
            return Err(failed(cut_short(fetched.len(), &range)));
        }
        self.position = range.end;
        self.fetched = fetched;
        Ok(())
    }

    /// What stands in the window.
    pub(crate) fn items(&self) -> (Vec<Item<'_>>, Step) {
        self.windows.items()
    }

    /// What of the window is dealt with by `step`, and where it begins.
    pub(crate) fn dealt_with(&self, step: &Step) -> (u64, &[u8]) {
        self.windows.dealt_with(step)
    }

    /// Leaves what was dealt with behind.
    pub(crate) fn advance(&mut self, step: Step) {
        self.windows.advance(step);
    }
}

fn cut_short(bytes: usize, range: &Range<u64>) -> object_store::Error {
    let Range { start, end } = range;
    let told = format!("the store gave {bytes} bytes where {start}..{end} were asked for");
    object_store::Error::Generic { store: "octolake", source: told.into() }
}
