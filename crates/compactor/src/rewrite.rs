//! The rows of live files, written again: all of them, or all but some.
//!
//! ```text
//! files ─▶ batches of bounded bytes ─▶ our columns and theirs ─▶ Parquet, in memory
//!              │ census of what was read                            │ read back: census of what was written
//!              └──────────────── must be the same ──────────────────┘ ─▶ put
//! ```
//!
//! A [`Rewrite`] has everything by value: several go on at once, each on a thread of its own, since
//! of a damaged file the libraries may panic. Nothing of it is in the table before its commit.

pub(crate) mod census;
pub(crate) mod columns;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;
use bytes::Bytes;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use octolake_event::layout::{self, Partition};
use octolake_lake::{LiveFile, NewFile};
use parquet::file::properties::WriterPropertiesPtr;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::census::Census;
use self::columns::Columns;
use crate::encode::{Effort, FileWriter, properties};
use crate::error::CompactError;
use crate::file_reader::{self, Whole};
use crate::objects;

/// Footers to fetch at once.
const OPENINGS: usize = 16;

/// What rewritings have in common.
#[derive(Clone)]
pub(crate) struct Workshop {
    pub(crate) store: Arc<dyn ObjectStore>,
    /// What the names of the files begin with; unique in the life of the lake.
    pub(crate) run_id: Arc<str>,
    /// How many files this run has named.
    pub(crate) number: Arc<AtomicU32>,
    /// As many as may be at work at once; who waits for the store is not.
    pub(crate) threads: Arc<Semaphore>,
    /// A file that becomes larger is closed, and another begun.
    pub(crate) target_bytes: u64,
    pub(crate) limit: Limit,
    pub(crate) now: DateTime<Utc>,
}

/// When to give up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limit {
    pub(crate) at: Option<Instant>,
    /// Whether nobody waits for the outcome any more.
    pub(crate) is_dropped: Arc<AtomicBool>,
}

impl Limit {
    pub(crate) fn is_over(&self) -> bool {
        self.is_dropped.load(Ordering::Relaxed) || self.at.is_some_and(|at| Instant::now() >= at)
    }
}

/// Ends what goes on in threads when whoever waits for it does no more.
pub(crate) struct EndOnDrop(pub(crate) Limit);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.is_dropped.store(true, Ordering::Relaxed);
    }
}

/// Why a rewriting has no outcome.
enum Stop {
    TimeIsUp,
    Failed(CompactError),
}

impl From<CompactError> for Stop {
    fn from(error: CompactError) -> Self {
        Self::Failed(error)
    }
}

/// Files of one partition that are to be others, of the target size.
pub(crate) struct Rewrite {
    pub(crate) partition: Partition,
    /// Each with the numbers of the rows that are left out.
    pub(crate) files: Vec<(LiveFile, BTreeSet<u64>)>,
}

impl Rewrite {
    /// Writes the files, and puts them; `None` where time was up before.
    ///
    /// # Errors
    /// [`Kind::File`](crate::Kind::File) where a file cannot be read, or its rows cannot be the same
    /// in another; another kind where the store refuses.
    pub(crate) async fn run(self, shop: Workshop) -> Result<Option<Vec<NewFile>>, CompactError> {
        let (folder, runtime) = (self.partition.folder(), Handle::current());
        let work = move || runtime.block_on(Rewriter::new(&self, shop).work(&self.files));
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(written)) => Ok(Some(written)),
            Ok(Err(Stop::TimeIsUp)) => Ok(None),
            Ok(Err(Stop::Failed(error))) => Err(error),
            Err(_) => Err(CompactError::unusable(folder, "one of its files cannot be decoded")),
        }
    }
}

/// A rewriting that goes on.
struct Rewriter<'r> {
    shop: Workshop,
    partition: &'r Partition,
    properties: WriterPropertiesPtr,
    received: (DateTime<Utc>, DateTime<Utc>),
    /// Bytes of the inputs and a little: a file that outgrew this would be in memory three times
    /// while it is moved.
    room: usize,
    place: Option<OwnedSemaphorePermit>,
    open: Option<FileWriter>,
    /// What must be in the open file.
    expected: Census,
    written: Vec<NewFile>,
}

impl<'r> Rewriter<'r> {
    fn new(rewrite: &'r Rewrite, shop: Workshop) -> Self {
        let bytes: u64 = rewrite.files.iter().map(|(file, _)| file.bytes).sum();
        Self {
            partition: &rewrite.partition,
            properties: properties(Effort::Small),
            received: received(&rewrite.files, shop.now),
            room: usize::try_from(bytes.min(shop.target_bytes) / 16 * 17).unwrap_or_default(),
            place: None,
            open: None,
            expected: Census::default(),
            written: vec![],
            shop,
        }
    }

    async fn work(mut self, files: &[(LiveFile, BTreeSet<u64>)]) -> Result<Vec<NewFile>, Stop> {
        let opened: Vec<Whole> = self.open_all(files).await?;
        let columns = Columns::of(&self.partition.event_type, opened.iter());
        self.take_place().await?;
        for ((file, gone), opened) in files.iter().zip(&opened) {
            self.copy(file, gone, opened, &columns).await?;
        }
        self.close().await?;
        Ok(self.written)
    }

    async fn open_all(&self, files: &[(LiveFile, BTreeSet<u64>)]) -> Result<Vec<Whole>, Stop> {
        let open = |(file, _): &(LiveFile, BTreeSet<u64>)| {
            let (store, file, limit) = (self.shop.store.clone(), file.clone(), &self.shop.limit);
            async move {
                if limit.is_over() {
                    return Err(Stop::TimeIsUp);
                }
                let opened = Whole::open(store, &file.key(), file.bytes).await;
                let opened = opened.map_err(|e| CompactError::parquet("read", &file.path, e))?;
                let (expected, found) = (file.rows, rows(&opened));
                let what = format!("{} has {found} rows where the log says {expected}", file.path);
                match found == expected {
                    true => Ok(opened),
                    false => Err(Stop::Failed(self.changed(what))),
                }
            }
        };
        stream::iter(files).map(open).buffered(OPENINGS).try_collect().await
    }

    async fn take_place(&mut self) -> Result<(), Stop> {
        if self.place.is_none() {
            // It is never closed.
            self.place = self.shop.threads.clone().acquire_owned().await.ok();
        }
        self.go_on()
    }

    fn go_on(&self) -> Result<(), Stop> {
        if self.shop.limit.is_over() { Err(Stop::TimeIsUp) } else { Ok(()) }
    }

    /// Copies the rows of a file, but for those of these numbers.
    async fn copy(
        &mut self,
        file: &LiveFile,
        gone: &BTreeSet<u64>,
        opened: &Whole,
        columns: &Columns,
    ) -> Result<(), Stop> {
        let failed = |e| CompactError::parquet("read", &file.path, e);
        let mut number = 0;
        for group in 0..opened.metadata().num_row_groups() {
            for batch in opened.group(group).await.map_err(failed)? {
                self.go_on()?;
                let batch = batch.map_err(|e| failed(e.into()))?;
                let rows = number..number + batch.num_rows() as u64;
                number = rows.end;
                let gone = gone.range(rows.clone()).map(|row| row - rows.start).collect();
                let kept = self.conform(&batch, &gone, columns, &file.path)?;
                self.write(&kept, columns).await?;
            }
        }
        Ok(())
    }

    /// The rows of a batch that are kept, with the columns that are written; what they must be is
    /// noted on the way.
    fn conform(
        &mut self,
        batch: &RecordBatch,
        gone: &BTreeSet<u64>,
        columns: &Columns,
        path: &str,
    ) -> Result<RecordBatch, CompactError> {
        let failed = |error: &dyn std::fmt::Display| CompactError::unusable(path, error);
        let all = columns.conform(batch).map_err(|reason| failed(&reason))?;
        for (field, column) in all.schema().fields().iter().zip(all.columns()) {
            let read = batch.column_by_name(field.name()).map_or(0, census::count);
            if census::count(column) != read {
                return Err(self.changed(format!("column {} would lose values", field.name())));
            }
        }
        self.expected.add(&Census::of(&all).map_err(|e| failed(&e))?);
        if gone.is_empty() {
            return Ok(all);
        }
        let is_gone = |row| gone.contains(&row);
        let chosen: BooleanArray =
            (0..all.num_rows() as u64).map(|row| Some(is_gone(row))).collect();
        let left_out = filter_record_batch(&all, &chosen).map_err(|e| failed(&e))?;
        self.expected.take(&Census::of(&left_out).map_err(|e| failed(&e))?);
        let kept: BooleanArray = chosen.iter().map(|is_gone| is_gone.map(|it| !it)).collect();
        filter_record_batch(&all, &kept).map_err(|e| failed(&e))
    }

    async fn write(&mut self, batch: &RecordBatch, columns: &Columns) -> Result<(), Stop> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let failed = |e| CompactError::parquet("merge", self.partition.folder(), e);
        let writer = match &mut self.open {
            Some(writer) => writer,
            None => {
                let (schema, properties) = (columns.written.clone(), &self.properties);
                let file = FileWriter::with_room(schema, properties, self.room).map_err(failed)?;
                self.open.insert(file)
            }
        };
        writer.write(batch).map_err(failed)?;
        if writer.size() >= self.shop.target_bytes {
            self.close().await?;
            self.take_place().await?;
        }
        Ok(())
    }

    /// Ends the open file: it is put if it is what was read.
    async fn close(&mut self) -> Result<(), Stop> {
        let expected = std::mem::take(&mut self.expected);
        let Some(writer) = self.open.take() else {
            return match expected.rows() {
                0 => Ok(()),
                rows => Err(Stop::Failed(self.changed(format!("{rows} rows would be lost")))),
            };
        };
        let failed = |e| CompactError::parquet("merge", self.partition.folder(), e);
        let bytes = Bytes::from(writer.finish().map_err(failed)?);
        self.check(&bytes, &expected)?;
        let number = self.shop.number.fetch_add(1, Ordering::Relaxed);
        let path = layout::data_file(self.partition, &self.shop.run_id, number, &bytes);
        let (size, partition) = (bytes.len() as u64, self.partition.clone());
        // Others may work while the store does.
        self.place = None;
        let key = layout::table_key(&path);
        objects::put(self.shop.store.as_ref(), &key, bytes).await?;
        let (rows, received) = (expected.rows(), self.received);
        self.written.push(NewFile { path, partition, bytes: size, rows, received });
        Ok(())
    }

    /// Reads back what was written.
    fn check(&self, bytes: &Bytes, expected: &Census) -> Result<(), Stop> {
        let failed = |e| CompactError::parquet("read back", self.partition.folder(), e);
        let mut found = Census::default();
        for batch in file_reader::batches(bytes).map_err(failed)? {
            self.go_on()?;
            let batch = batch.map_err(failed)?;
            found.add(&Census::of(&batch).map_err(|e| failed(e.into()))?);
        }
        match expected.difference(&found) {
            None => Ok(()),
            Some(difference) => Err(Stop::Failed(self.changed(difference.to_string()))),
        }
    }

    fn changed(&self, what: String) -> CompactError {
        CompactError::Changed { folder: self.partition.folder(), what }
    }
}

fn rows(opened: &Whole) -> u64 {
    let rows: i64 = opened.metadata().row_groups().iter().map(|group| group.num_rows()).sum();
    u64::try_from(rows).unwrap_or_default()
}

/// The span of arrivals in the files; that of the whole day where one of them doesn't say.
fn received(
    files: &[(LiveFile, BTreeSet<u64>)],
    now: DateTime<Utc>,
) -> (DateTime<Utc>, DateTime<Utc>) {
    let files = || files.iter().map(|(file, _)| file);
    let first = files().map(|file| file.received_min).min().flatten();
    let last = files().map(|file| file.received_max).max().flatten();
    let complete = files().all(|f| f.received_min.is_some() && f.received_max.is_some());
    match (first, last) {
        (Some(first), Some(last)) if complete => (first, last),
        _ => {
            let midnight = |file: &LiveFile| file.partition.date.and_time(NaiveTime::MIN).and_utc();
            let midnight = files().next().map_or(now, midnight);
            (midnight, midnight + TimeDelta::days(1))
        }
    }
}
