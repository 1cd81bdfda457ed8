//! Raw objects, read and decoded on all cores, and handed on in their order.
//!
//! Objects are read in groups, each by a task of its own, some groups at a time; what a task has
//! decoded waits until all before it was taken, so that order decides nothing. A task that needs much
//! memory, for a record of many megabytes, waits with it until it is first in line: there is only one
//! such record in memory at any time.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_lake::Reached;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::part::{End, Part, PartBuilder, Plans, Stretch};
use crate::deadline::Deadline;
use crate::error::CompactError;
use crate::read::ObjectReader;
use crate::scan::RawObject;
use crate::windows::Limits;

/// Bytes of stored objects, and objects, that one task takes up: enough to be worth a task, few
/// enough that the next ones wait for it no longer than need be.
const GROUP_BYTES: u64 = 2 * 1024 * 1024;
const GROUP_OBJECTS: usize = 256;
/// Small objects are fetched whole, so many of one task's at once.
const SMALL_BYTES: u64 = 256 * 1024;
const FETCHES: usize = 16;
/// Decompressed bytes in a window beyond which a task waits until it is first in line.
const HEAVY_BYTES: usize = 12 * 1024 * 1024;

/// Where to begin with an object.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    pub(crate) object: Arc<RawObject>,
    pub(crate) from: Reached,
}

/// What every reader needs.
#[derive(Clone)]
pub(crate) struct Reading {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) limits: Limits,
    pub(crate) plans: Plans,
    pub(crate) deadline: Deadline,
    /// Decoded bytes that are handed on at once.
    pub(crate) part_bytes: usize,
    /// How many groups to read at once.
    pub(crate) threads: usize,
}

/// Readers at work.
pub(crate) struct Readers {
    reading: Reading,
    waiting: VecDeque<Vec<Start>>,
    running: VecDeque<Reader>,
    /// The number of the reader that is first in line.
    first: watch::Sender<u64>,
    started: u64,
    /// Whether a step is to be taken however late it is: a run must come to something.
    is_due: bool,
}

struct Reader {
    parts: mpsc::Receiver<Result<Part, CompactError>>,
    task: JoinHandle<()>,
    group: Vec<Start>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Readers {
    pub(crate) fn new(reading: Reading, starts: impl Iterator<Item = Start>) -> Self {
        let waiting = group(starts);
        let (first, _) = watch::channel(0);
        Self { reading, waiting, running: VecDeque::new(), first, started: 0, is_due: true }
    }

    /// The next part; `None` where all was read.
    ///
    /// # Errors
    /// Rows do not fit their schema. That an object cannot be read is in the part instead.
    pub(crate) async fn next(&mut self) -> Result<Option<Part>, CompactError> {
        loop {
            while self.running.len() < self.reading.threads + 1 && self.start() {}
            let Some(reader) = self.running.front_mut() else { return Ok(None) };
            if let Some(part) = reader.parts.recv().await {
                self.is_due = false;
                return part.map(Some);
            }
            let failed = (&mut reader.task).await.is_err();
            let reader = self.running.pop_front();
            self.first.send_modify(|first| *first += 1);
            if let Some(reader) = reader.filter(|_| failed) {
                return Ok(Some(given_up(&reader.group)));
            }
        }
    }

    fn start(&mut self) -> bool {
        if self.reading.deadline.is_over() && !self.is_due {
            return false;
        }
        let Some(group) = self.waiting.pop_front() else { return false };
        let (sender, parts) = mpsc::channel(1);
        let line = Line { number: self.started, first: self.first.subscribe() };
        self.started += 1;
        let worker = Worker { reading: self.reading.clone(), line, sender };
        let task = tokio::spawn(worker.read(group.clone()));
        self.running.push_back(Reader { parts, task, group });
        true
    }
}

/// A reader has died of what it read. Those of its objects that it had done by then are known to be
/// done; the others stay.
fn given_up(group: &[Start]) -> Part {
    let end = |from| End::Failed(from, "reading it ended in a panic: this is a fault".to_owned());
    let stretch = |start: &Start| Stretch {
        object: start.object.clone(),
        from: start.from,
        end: end(start.from),
    };
    Part { stretches: group.iter().map(stretch).collect(), ..Part::default() }
}

fn group(starts: impl Iterator<Item = Start>) -> VecDeque<Vec<Start>> {
    let mut groups: VecDeque<Vec<Start>> = VecDeque::new();
    let mut bytes = 0;
    for start in starts {
        bytes += start.object.bytes;
        match groups.back_mut() {
            Some(group) if bytes <= GROUP_BYTES && group.len() < GROUP_OBJECTS => group.push(start),
            _ => {
                bytes = start.object.bytes;
                groups.push_back(vec![start]);
            }
        }
    }
    groups
}

/// A reader's place in the line.
#[derive(Clone)]
pub(crate) struct Line {
    number: u64,
    first: watch::Receiver<u64>,
}

impl Line {
    /// Waits until the reader is the first in line, if it holds much.
    pub(crate) async fn pass(&mut self, held: usize) {
        if held > HEAVY_BYTES {
            let number = self.number;
            // Where nobody takes the parts any more, the task is ended anyway.
            let _ = self.first.wait_for(|first| *first >= number).await;
        }
    }
}

struct Worker {
    reading: Reading,
    line: Line,
    sender: mpsc::Sender<Result<Part, CompactError>>,
}

/// Nobody takes the parts any more, or time is up.
struct Stopped;

impl Worker {
    /// Stops for want of time only where it has dealt with something: what takes longer than any
    /// deadline is passed all the same.
    async fn read(self, group: Vec<Start>) {
        let mut builder = PartBuilder::new(self.reading.plans.clone());
        let store = self.reading.store.clone();
        let mut objects = stream::iter(group)
            .map(|start| {
                let store = store.clone();
                async move {
                    let whole = fetch_small(&store, &start.object).await;
                    (start, whole)
                }
            })
            .buffered(FETCHES);
        let mut has_moved = false;
        while let Some((start, whole)) = objects.next().await {
            if has_moved && self.reading.deadline.is_over() {
                break;
            }
            if self.read_object(start, whole, &mut builder, &mut has_moved).await.is_err() {
                return;
            }
        }
        let _ = self.hand_on(&mut builder).await;
    }

    async fn read_object(
        &self,
        start: Start,
        whole: Option<Bytes>,
        builder: &mut PartBuilder,
        has_moved: &mut bool,
    ) -> Result<(), Stopped> {
        let Start { object, from } = start;
        builder.begin(object.clone(), from);
        let mut reader = ObjectReader::new(&self.reading.store, &object, self.reading.limits)
            .with_line(self.line.clone())
            .with_bytes(whole)
            .going_on(from);
        let mut reached = from;
        loop {
            match reader.fill().await {
                Ok(true) => {}
                Ok(false) => {
                    *has_moved = true;
                    builder.end(End::Whole);
                    break;
                }
                Err(error) => {
                    builder.end(End::Failed(reached, error.to_string()));
                    break;
                }
            }
            let before = reader.bytes_decoded();
            look(&mut reader, builder);
            builder.count_decoded(reader.bytes_decoded() - before);
            reached = reader.reached();
            *has_moved |= reached > from || reader.is_done();
            if reader.is_done() {
                builder.end(End::Whole);
                break;
            }
            builder.end(End::At(reached));
            let is_over = *has_moved && self.reading.deadline.is_over();
            if is_over || builder.memory() >= self.reading.part_bytes {
                self.hand_on(builder).await?;
                builder.begin(object.clone(), reached);
            }
            if is_over {
                return Err(Stopped);
            }
        }
        if builder.memory() >= self.reading.part_bytes {
            self.hand_on(builder).await?;
        }
        Ok(())
    }

    async fn hand_on(&self, builder: &mut PartBuilder) -> Result<(), Stopped> {
        if builder.is_empty() {
            return Ok(());
        }
        let part = builder.finish().map_err(CompactError::from);
        self.sender.send(part).await.map_err(|_| Stopped)
    }
}

/// Takes in what stands in the window. What is broken and has no end yet is taken in when it has.
///
/// Not in the future above: every byte goes through here, and this is compiled in this crate, with its
/// optimisation.
#[inline(never)]
fn look(reader: &mut ObjectReader<'_>, builder: &mut PartBuilder) {
    if reader.take_plain(&mut |offset, envelope| builder.take_plain(offset, envelope)) {
        return;
    }
    let (items, step) = reader.items();
    builder.take(items);
    reader.advance(step);
}

/// A small object, whole; `None` where it is read in ranges, or cannot be read now: then the reader
/// finds out why.
async fn fetch_small(store: &Arc<dyn ObjectStore>, object: &RawObject) -> Option<Bytes> {
    if object.bytes == 0 || object.bytes > SMALL_BYTES {
        return None;
    }
    let key = Path::parse(&object.key).ok()?;
    let bytes = store.get_range(&key, 0..object.bytes).await.ok()?;
    (bytes.len() as u64 == object.bytes).then_some(bytes)
}
