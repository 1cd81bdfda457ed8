//! Rows in memory, by partition, until they are files.
//!
//! Rows wait as Arrow batches, which cost little more than their text. What waits is encoded where
//! the reader has moved past its day, since little more will come for it; and where all that waits
//! takes too much, the largest partitions go first. Files that are begun are closed when together
//! they are too large or too many. So memory doesn't grow with the number of partitions, and a
//! partition of a few rows is written once.
//!
//! Partitions are encoded on all cores, each on one, while the next parts are read, and files are put
//! many at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::RecordBatch;
use chrono::{DateTime, NaiveDate, Utc};
use object_store::ObjectStore;
use octolake_event::EventType;
use octolake_event::layout::{self, Partition};
use octolake_lake::NewFile;
use parquet::file::properties::WriterPropertiesPtr;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};

use crate::encode::{Effort, FileWriter, properties};
use crate::error::CompactError;
use crate::fresh::FreshRows;
use crate::objects;
use crate::settings::Settings;

/// Files, and bytes of them, that are on their way to the store at once.
const PUTS: usize = 64;
const PUT_BYTES: usize = 32 * 1024 * 1024;

/// The earliest and the latest arrival of some rows.
pub(crate) type Span = (DateTime<Utc>, DateTime<Utc>);

type Key = (EventType, NaiveDate);

/// The rows of one partition that are not in a closed file yet.
struct Open {
    partition: Partition,
    waiting: Vec<RecordBatch>,
    waiting_bytes: usize,
    file: Option<FileWriter>,
    received: Span,
}

impl Open {
    fn encoded(&self) -> usize {
        self.file.as_ref().map_or(0, FileWriter::memory)
    }
}

/// A file that is encoded and closed.
struct Closed {
    bytes: Vec<u8>,
    rows: u64,
}

/// Where closed files go.
pub(crate) struct FileSink {
    pub(crate) store: Arc<dyn ObjectStore>,
    /// Whether files are only counted.
    pub(crate) dry_run: bool,
    /// What the names of the files begin with; unique in the life of the lake.
    pub(crate) run_id: String,
    /// How many files this run has named.
    pub(crate) number: u32,
}

impl FileSink {
    /// What the commit of a closed file will say of it.
    fn name(&mut self, partition: &Partition, bytes: &[u8], rows: u64, received: Span) -> NewFile {
        let path = layout::data_file(partition, &self.run_id, self.number, bytes);
        self.number += 1;
        let size = bytes.len() as u64;
        NewFile { path, partition: partition.clone(), bytes: size, rows, received }
    }
}

/// The rows of a batch.
pub(crate) struct Partitions {
    open: HashMap<Key, Open>,
    properties: WriterPropertiesPtr,
    waiting_limit: usize,
    /// More bytes of rows than these are refused, and none are encoded; `None` where they are.
    held_limit: Option<u64>,
    encoded_limit: usize,
    open_limit: usize,
    waiting: usize,
    /// Bytes of rows that are not encoded, those that are being encoded included.
    held: Held,
    closed: Vec<NewFile>,
    /// Partitions that are being encoded: they are not among those that are open.
    jobs: JoinSet<JobOutcome>,
    cores: Arc<Semaphore>,
    puts: JoinSet<Result<usize, CompactError>>,
    put_bytes: usize,
}

impl Partitions {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            open: HashMap::new(),
            properties: properties(Effort::Fast),
            waiting_limit: settings.buffer_bytes,
            held_limit: None,
            encoded_limit: settings.encoded_bytes,
            open_limit: settings.open_files,
            waiting: 0,
            held: Held::default(),
            closed: vec![],
            jobs: JoinSet::new(),
            cores: Arc::new(Semaphore::new(settings.threads.max(1))),
            puts: JoinSet::new(),
            put_bytes: 0,
        }
    }

    /// Rows that stay rows: no more bytes of them than these.
    pub(crate) fn held_within(settings: &Settings, bytes: u64) -> Self {
        Self { held_limit: Some(bytes), ..Self::new(settings) }
    }

    /// The rows that were not encoded, ordered by partition.
    pub(crate) fn into_rows(self) -> Vec<FreshRows> {
        let mut open: Vec<(Key, Open)> = self.open.into_iter().collect();
        open.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let of_one = |(_, Open { partition, waiting, received, .. }): (Key, Open)| {
            waiting.into_iter().map(move |rows| FreshRows {
                partition: partition.clone(),
                rows,
                received,
            })
        };
        open.into_iter().flat_map(of_one).collect()
    }

    /// Takes in rows of one partition, which arrived in this span.
    pub(crate) fn push(&mut self, key: Key, rows: RecordBatch, received: Span) {
        let bytes = rows.get_array_memory_size();
        let (event_type, date) = key.clone();
        let open = self.open.entry(key).or_insert_with(|| Open {
            partition: Partition { event_type, date },
            waiting: vec![],
            waiting_bytes: 0,
            file: None,
            received,
        });
        open.received = (open.received.0.min(received.0), open.received.1.max(received.1));
        open.waiting.push(rows);
        open.waiting_bytes += bytes;
        self.waiting += bytes;
        self.held.add(bytes);
    }

    /// Bytes of rows that are in memory and not encoded yet. It falls while they are encoded.
    pub(crate) fn held(&self) -> usize {
        self.held.bytes()
    }

    /// Waits until a partition that is being encoded is, and gives its memory back; false where none
    /// is.
    pub(crate) async fn await_one(&mut self, sink: &mut FileSink) -> Result<bool, CompactError> {
        let Some(job) = self.jobs.join_next().await else { return Ok(false) };
        self.take_back(job.map_err(died)?, sink).await?;
        Ok(true)
    }

    /// Brings the memory that the rows take below its limits, and closes what is of dates before
    /// `passed`. What that takes may go on behind it: the next call waits for it.
    pub(crate) async fn relieve(
        &mut self,
        sink: &mut FileSink,
        passed: Option<NaiveDate>,
    ) -> Result<(), CompactError> {
        if let Some(limit) = self.held_limit {
            let is_over = self.waiting as u64 > limit;
            return if is_over { Err(CompactError::TooFresh(limit >> 20)) } else { Ok(()) };
        }
        self.await_jobs(sink).await?;
        let of_the_past = |(_, date): &&Key| passed.is_some_and(|passed| *date < passed);
        let past: Vec<Key> = self.open.keys().filter(of_the_past).cloned().collect();
        self.encode(past, true);
        let full = self.largest_encoded();
        self.encode(full, true);
        if self.waiting > self.waiting_limit {
            let (kept, closed) = self.with_room(self.largest_waiting());
            self.encode(kept, false);
            self.encode(closed, true);
        }
        Ok(())
    }

    /// Of these partitions, those whose files may stay open, the first ones before the others; and the
    /// rest. A file that is open takes a megabyte or more whatever is in it.
    fn with_room(&self, keys: Vec<Key>) -> (Vec<Key>, Vec<Key>) {
        let is_begun = |key: &Key| self.open.get(key).is_some_and(|open| open.file.is_some());
        let begun = self.open.values().filter(|open| open.file.is_some()).count();
        let mut room = self.open_limit.saturating_sub(begun);
        keys.into_iter().partition(|key| {
            let stays = is_begun(key) || room > 0;
            room -= usize::from(stays && !is_begun(key));
            stays
        })
    }

    /// The largest partitions that wait, so many that half of the limit is free without them.
    fn largest_waiting(&self) -> Vec<Key> {
        let mut sizes: Vec<(usize, &Key)> =
            self.open.iter().map(|(key, open)| (open.waiting_bytes, key)).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let mut left = self.waiting;
        let is_needed = |(bytes, _): &(usize, &Key)| {
            let is_needed = left > self.waiting_limit / 2;
            left = left.saturating_sub(*bytes);
            is_needed
        };
        sizes.into_iter().take_while(is_needed).map(|(_, key)| key.clone()).collect()
    }

    /// The largest files that are begun, while all of them are too large or too many.
    fn largest_encoded(&self) -> Vec<Key> {
        let mut sizes: Vec<(usize, &Key)> = self
            .open
            .iter()
            .filter(|(_, open)| open.file.is_some())
            .map(|(key, open)| (open.encoded(), key))
            .collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let (mut bytes, mut files) = (sizes.iter().map(|(b, _)| b).sum::<usize>(), sizes.len());
        let is_over = |(size, _): &(usize, &Key)| {
            let is_over = bytes > self.encoded_limit || files > self.open_limit;
            bytes -= size;
            files -= 1;
            is_over
        };
        sizes.into_iter().take_while(is_over).map(|(_, key)| key.clone()).collect()
    }

    /// Closes every file; the rows are all in files then.
    pub(crate) async fn finish(
        mut self,
        sink: &mut FileSink,
    ) -> Result<Vec<NewFile>, CompactError> {
        self.await_jobs(sink).await?;
        let mut keys: Vec<Key> = self.open.keys().cloned().collect();
        keys.sort_unstable();
        self.encode(keys, true);
        self.await_jobs(sink).await?;
        while self.put_one().await? {}
        Ok(self.closed)
    }

    /// Begins to move the rows that wait into their files, and to close these if asked to.
    fn encode(&mut self, keys: Vec<Key>, close: bool) {
        for key in keys {
            let Some(open) = self.open.remove(&key) else { continue };
            self.waiting = self.waiting.saturating_sub(open.waiting_bytes);
            let (properties, cores) = (self.properties.clone(), self.cores.clone());
            let held = self.held.clone();
            self.jobs.spawn(async move {
                // It is never closed.
                let _core = cores.acquire_owned().await.ok();
                let encode = move || encoded(open, close, &properties, &held);
                let job = tokio::task::spawn_blocking(encode);
                job.await.map_err(died)?.map(|done| (key, done))
            });
        }
    }

    async fn await_jobs(&mut self, sink: &mut FileSink) -> Result<(), CompactError> {
        while self.await_one(sink).await? {}
        Ok(())
    }

    async fn take_back(
        &mut self,
        job: JobOutcome,
        sink: &mut FileSink,
    ) -> Result<(), CompactError> {
        let (key, (open, closed)) = job?;
        let Some(Closed { bytes, rows }) = closed else {
            self.reopen(key, open);
            return Ok(());
        };
        let file = sink.name(&open.partition, &bytes, rows, open.received);
        if !sink.dry_run {
            while self.puts.len() >= PUTS || self.put_bytes > PUT_BYTES {
                self.put_one().await?;
            }
            let (store, size) = (sink.store.clone(), bytes.len());
            let key = layout::table_key(&file.path);
            self.put_bytes += size;
            self.puts.spawn(async move {
                objects::put(store.as_ref(), &key, bytes.into()).await.map(|()| size)
            });
        }
        self.closed.push(file);
        Ok(())
    }

    /// Puts a file back that is not closed: more rows may have come for it by now.
    fn reopen(&mut self, key: Key, open: Open) {
        let Some(newer) = self.open.get_mut(&key) else {
            self.open.insert(key, open);
            return;
        };
        newer.file = open.file;
        newer.received =
            (newer.received.0.min(open.received.0), newer.received.1.max(open.received.1));
    }

    /// Waits for a file to be put; false where none is on its way.
    async fn put_one(&mut self) -> Result<bool, CompactError> {
        let Some(put) = self.puts.join_next().await else { return Ok(false) };
        let bytes = put.map_err(|error| CompactError::Task { what: "writing a file", error })??;
        self.put_bytes = self.put_bytes.saturating_sub(bytes);
        Ok(true)
    }
}

/// Bytes that several hold together.
#[derive(Debug, Clone, Default)]
struct Held(Arc<AtomicUsize>);

impl Held {
    fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    fn release(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

fn died(error: JoinError) -> CompactError {
    CompactError::Task { what: "encoding rows", error }
}

type JobOutcome = Result<(Key, (Open, Option<Closed>)), CompactError>;

/// Moves the rows that wait into the partition's file; `close` gives it as bytes.
fn encoded(
    mut open: Open,
    close: bool,
    properties: &WriterPropertiesPtr,
    held: &Held,
) -> Result<(Open, Option<Closed>), CompactError> {
    let folder = open.partition.folder();
    let failed = |e| CompactError::parquet("encode", &folder, e);
    for rows in open.waiting.drain(..) {
        let file = match &mut open.file {
            Some(file) => file,
            None => open.file.insert(FileWriter::new(rows.schema(), properties).map_err(failed)?),
        };
        file.write(&rows).map_err(failed)?;
        held.release(rows.get_array_memory_size());
    }
    open.waiting_bytes = 0;
    let closed = match open.file.take_if(|_| close) {
        Some(file) => Some(Closed { rows: file.rows(), bytes: file.finish().map_err(failed)? }),
        None => None,
    };
    Ok((open, closed))
}
