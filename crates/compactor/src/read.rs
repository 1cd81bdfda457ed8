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
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_event::Envelope;
use octolake_lake::Reached;
use tokio::task::JoinHandle;

use crate::append::Line;
use crate::error::CompactError;
use crate::scan::RawObject;
pub(crate) use crate::windows::{Broken, Item, Limits};
use crate::windows::{FEED_BYTES, Step, Windows};

/// Bytes of an object to fetch at once.
const FETCH_BYTES: u64 = 4 * 1024 * 1024;

/// Reads one raw object from its beginning to its end.
pub(crate) struct ObjectReader<'s> {
    store: &'s Arc<dyn ObjectStore>,
    object: &'s RawObject,
    /// How many stored bytes were fetched so far.
    position: u64,
    /// Those of them that are not decompressed yet.
    fetched: Bytes,
    /// The range behind them, on its way.
    ahead: Option<Ahead>,
    line: Option<Line>,
    windows: Windows,
}

/// A range that is fetched while the one before it is dealt with.
struct Ahead(JoinHandle<object_store::Result<Bytes>>);

impl Drop for Ahead {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<'s> ObjectReader<'s> {
    pub(crate) fn new(
        store: &'s Arc<dyn ObjectStore>,
        object: &'s RawObject,
        limits: Limits,
    ) -> Self {
        let windows = Windows::new(limits);
        Self { store, object, position: 0, fetched: Bytes::new(), ahead: None, line: None, windows }
    }

    /// One among several, who waits for its turn before it holds much.
    pub(crate) fn with_line(self, line: Line) -> Self {
        Self { line: Some(line), ..self }
    }

    /// One that has the whole object already.
    pub(crate) fn with_bytes(mut self, whole: Option<Bytes>) -> Self {
        if let Some(whole) = whole {
            self.position = whole.len() as u64;
            self.fetched = whole;
        }
        self
    }

    /// One that goes on where another has stopped.
    pub(crate) fn going_on(mut self, from: Reached) -> Self {
        self.windows = self.windows.going_on(from);
        self
    }

    /// Where another can go on: what is broken and has no end yet is taken in when it has.
    pub(crate) fn reached(&self) -> Reached {
        self.windows.reached()
    }

    /// How many decompressed bytes were dealt with so far.
    pub(crate) fn bytes_decoded(&self) -> u64 {
        self.windows.offset()
    }

    /// Reads on until there is a window worth a look; false where all has been dealt with.
    pub(crate) async fn fill(&mut self) -> Result<bool, CompactError> {
        while self.windows.is_hungry() {
            if let Some(line) = &mut self.line {
                line.pass(self.windows.held()).await;
            }
            if self.fetched.is_empty() {
                self.fetch().await?;
            }
            let part = self.fetched.split_to(self.fetched.len().min(FEED_BYTES));
            self.windows.feed(&part);
        }
        Ok(self.windows.is_due())
    }

    /// Whether all was dealt with.
    pub(crate) fn is_done(&self) -> bool {
        self.windows.is_done()
    }

    async fn fetch(&mut self) -> Result<(), CompactError> {
        let range = self.range_at(self.position);
        if range.is_empty() {
            return Ok(());
        }
        let failed = |source| CompactError::unread(&self.object.key, source);
        let key = Path::parse(&self.object.key).map_err(|error| failed(error.into()))?;
        let fetched = match self.ahead.take() {
            Some(mut ahead) => match (&mut ahead.0).await {
                Ok(fetched) => fetched,
                Err(error) => Err(error.into()),
            },
            None => self.store.get_range(&key, range.clone()).await,
        };
        let fetched = fetched.map_err(failed)?;
        // Bytes that a store leaves out would be records that nobody misses.
        if fetched.len() as u64 != range.end - range.start {
            return Err(failed(cut_short(fetched.len(), &range)));
        }
        self.position = range.end;
        self.fetched = fetched;
        let next = self.range_at(self.position);
        if !next.is_empty() {
            let store = self.store.clone();
            let fetch = async move { store.get_range(&key, next).await };
            self.ahead = Some(Ahead(tokio::spawn(fetch)));
        }
        Ok(())
    }

    fn range_at(&self, position: u64) -> Range<u64> {
        position..self.object.bytes.min(position + FETCH_BYTES)
    }

    /// See [`Windows::take_plain`].
    pub(crate) fn take_plain(&mut self, take: &mut dyn FnMut(u64, &Envelope<'_>) -> bool) -> bool {
        self.windows.take_plain(take)
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
