//! Blocks of files, from memory, from the disk or from the store, each fetched once however many
//! ask for it.
//!
//! ```text
//! obtain ── in memory: done
//!        ── on its way for somebody else: waited for
//!        ── claimed: the disk; else blocks side by side with one ranged GET, runs at once
//! ```
//!
//! Whoever has claimed a block fetches it before it waits for others, so none waits for one that
//! waits for it. A claim that is dropped, with the query that made it, is made again by whoever
//! waited.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, Result};
use tokio::sync::watch;

use super::disk::Disk;
use super::flights::{Claim, Landing, as_error};
use super::memory::{BlockId, Memory};
use super::{CacheSettings, fetch};
use crate::traffic::Meter;

/// How many bytes a block has; the last one of a file has what is left.
pub(crate) const BLOCK: u64 = 1 << 20;

/// How many blocks one request fetches at most: longer runs are several requests at once.
const RUN: usize = 8;

/// How many requests of one reader are on their way at once.
pub(crate) const REQUESTS: usize = 64;

/// How many entries of a file that has changed are looked for on the disk at most.
const FORGOTTEN: u64 = 4_096;

/// What is known of a file besides its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileFacts {
    /// In bytes.
    pub(crate) size: u64,
    /// When the store says that it was written, in milliseconds since 1970.
    pub(crate) modified_ms: i64,
}

impl From<&ObjectMeta> for FileFacts {
    fn from(meta: &ObjectMeta) -> Self {
        Self { size: meta.size, modified_ms: meta.last_modified.timestamp_millis() }
    }
}

/// A piece of a file, and what its answer said of the whole. One behind the file's end is empty.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) data: Bytes,
    pub(crate) file: FileFacts,
}

/// The blocks of one lake's immutable files.
#[derive(Debug)]
pub(crate) struct Blocks {
    pub(crate) inner: Arc<dyn ObjectStore>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) disk: Option<Disk>,
    /// What may be held in memory.
    pub(crate) memory_bytes: u64,
    /// What tells this lake from all others.
    lake: String,
    state: Mutex<State>,
}

/// What is at hand and what is on its way.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) memory: Memory,
    pub(crate) files: HashMap<Path, FileFacts>,
    pub(crate) flights: HashMap<BlockId, watch::Receiver<Landing>>,
}

/// The blocks that somebody asks for, by where they are.
#[derive(Default)]
struct Sorted {
    held: Vec<(u64, Block)>,
    awaited: Vec<(u64, watch::Receiver<Landing>)>,
    claimed: Vec<Claim>,
}

impl Blocks {
    pub(crate) fn new(
        inner: Arc<dyn ObjectStore>,
        meter: Arc<Meter>,
        lake: String,
        settings: &CacheSettings,
    ) -> Self {
        let memory = Memory::new(settings.memory_bytes);
        let state = State { memory, files: HashMap::new(), flights: HashMap::new() };
        let disk = settings.disk.clone().map(Disk::new);
        let memory_bytes = settings.memory_bytes;
        Self { inner, meter, disk, memory_bytes, lake, state: Mutex::new(state) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a file, from an answer or from what is on the disk of its beginning.
    pub(crate) async fn facts(self: &Arc<Self>, key: &Path) -> Option<FileFacts> {
        let known = self.state().files.get(key).copied();
        if known.is_some() {
            return known;
        }
        let first = self.on_disk(key, vec![0]).await.pop()?.1;
        self.agrees(key, first.file).then_some(first.file)
    }

    /// These blocks of a file.
    ///
    /// # Errors
    /// The store does not give one of them, or the file has changed since another one was read.
    pub(crate) async fn obtain(
        self: &Arc<Self>,
        key: &Path,
        mut wanted: BTreeSet<u64>,
    ) -> Result<BTreeMap<u64, Block>> {
        let mut blocks = BTreeMap::new();
        while !wanted.is_empty() {
            let Sorted { held, awaited, claimed } = self.sort(key, &wanted);
            wanted.clear();
            blocks.extend(held);
            if !claimed.is_empty() {
                blocks.extend(self.fetch(key, claimed).await?);
            }
            for (number, mut flight) in awaited {
                let landed = flight.wait_for(Option::is_some).await;
                match landed.as_deref().ok().and_then(Option::as_ref) {
                    Some(Ok(block)) => {
                        blocks.insert(number, block.clone());
                    }
                    Some(Err(error)) => return Err(as_error(key, error)),
                    None => {
                        wanted.insert(number);
                    }
                }
            }
        }
        Ok(blocks)
    }

    fn sort(self: &Arc<Self>, key: &Path, wanted: &BTreeSet<u64>) -> Sorted {
        let mut sorted = Sorted::default();
        let mut state = self.state();
        for number in wanted {
            let id = (key.clone(), *number);
            if let Some(block) = state.memory.get(&id) {
                self.meter.from_memory.add(1);
                sorted.held.push((*number, block));
            } else if let Some(flight) = state.flights.get(&id) {
                sorted.awaited.push((*number, flight.clone()));
            } else {
                let (claim, flight) = Claim::new(self, id.clone());
                state.flights.insert(id, flight);
                sorted.claimed.push(claim);
            }
        }
        sorted
    }

    /// Brings what was claimed: from the disk, or from the store.
    async fn fetch(self: &Arc<Self>, key: &Path, claims: Vec<Claim>) -> Result<Vec<(u64, Block)>> {
        let numbers = claims.iter().map(Claim::number).collect();
        let mut found: HashMap<_, _> = self.on_disk(key, numbers).await.into_iter().collect();
        let (mut blocks, mut missing) = (vec![], vec![]);
        for claim in claims {
            let block = found.remove(&claim.number());
            match block.filter(|block| self.agrees(key, block.file)) {
                Some(block) => {
                    self.meter.from_disk.add(1);
                    blocks.push(claim.land(block));
                }
                None => missing.push(claim),
            }
        }
        let mut runs = runs(missing);
        // Where nothing is known of the file yet, the first answer tells where it ends: what is
        // asked for behind its end would be refused.
        if runs.len() > 1 && !self.state().files.contains_key(key) {
            blocks.extend(fetch::run(self, key, runs.remove(0)).await?);
        }
        let fetched = stream::iter(runs).map(|run| fetch::run(self, key, run));
        let fetched: Vec<_> = fetched.buffer_unordered(REQUESTS).try_collect().await?;
        blocks.extend(fetched.into_iter().flatten());
        Ok(blocks)
    }

    /// Which of these blocks are on the disk. They are not counted yet, nor kept in memory.
    async fn on_disk(self: &Arc<Self>, key: &Path, numbers: Vec<u64>) -> Vec<(u64, Block)> {
        if self.disk.is_none() {
            return vec![];
        }
        let (blocks, key) = (self.clone(), key.clone());
        let read = tokio::task::spawn_blocking(move || {
            let found = numbers.into_iter().filter_map(|number| {
                let block = blocks.disk.as_ref()?.get(&blocks.identity(&key, number), BLOCK)?;
                let expected = block.file.size.saturating_sub(number.saturating_mul(BLOCK));
                let is_whole = block.data.len() as u64 == expected.min(BLOCK);
                is_whole.then_some((number, block))
            });
            found.collect()
        });
        read.await.unwrap_or_default()
    }

    /// Keeps blocks on the disk, if there is room.
    pub(crate) async fn keep(self: &Arc<Self>, key: &Path, fetched: Vec<(u64, Block)>) {
        if self.disk.is_none() {
            return;
        }
        let (blocks, key) = (self.clone(), key.clone());
        let kept = tokio::task::spawn_blocking(move || {
            for (number, block) in fetched {
                if let Some(disk) = &blocks.disk {
                    disk.put(&blocks.identity(&key, number), &block);
                }
            }
        });
        // Nothing depends on it.
        let _ = kept.await;
    }

    /// Takes note of what an answer says of its file.
    ///
    /// # Errors
    /// Its size was another one before: the blocks don't go together. What is kept of the file goes,
    /// so that this happens once.
    pub(crate) fn learn(&self, key: &Path, file: FileFacts) -> Result<()> {
        let mut state = self.state();
        let known = state.files.insert(key.clone(), file);
        let Some(known) = known.filter(|known| known.size != file.size) else { return Ok(()) };
        state.memory.forget(key);
        drop(state);
        if let Some(disk) = &self.disk {
            let numbers = 0..known.size.div_ceil(BLOCK).min(FORGOTTEN);
            numbers.for_each(|number| disk.remove(&self.identity(key, number)));
        }
        Err(fetch::failed(format!("{key} has changed while it was read")))
    }

    /// Whether a block from the disk goes together with what the store has said of its file.
    fn agrees(&self, key: &Path, file: FileFacts) -> bool {
        self.state().files.entry(key.clone()).or_insert(file).size == file.size
    }

    fn identity(&self, key: &Path, number: u64) -> String {
        format!("block {number} of {:?} in {:?}", key.as_ref(), self.lake)
    }

    /// What tells a log file from all others: its name stands for other bytes in another lake, or
    /// in one that was made anew in the same place.
    pub(crate) fn identity_of_listed(&self, object: &ObjectMeta) -> String {
        let (key, size) = (object.location.as_ref(), object.size);
        let version = match &object.e_tag {
            Some(e_tag) => format!("etag {e_tag:?}"),
            None => format!("time {}", object.last_modified.timestamp_millis()),
        };
        format!("all {size} bytes of {key:?} with {version} in {:?}", self.lake)
    }
}

/// Claims of blocks that stand side by side, together as far as one request goes.
fn runs(claims: Vec<Claim>) -> Vec<Vec<Claim>> {
    let mut runs: Vec<Vec<Claim>> = vec![];
    for claim in claims {
        match runs.last_mut() {
            Some(run)
                if run.len() < RUN
                    && run.last().is_some_and(|last| last.number() + 1 == claim.number()) =>
            {
                run.push(claim);
            }
            _ => runs.push(vec![claim]),
        }
    }
    runs
}
