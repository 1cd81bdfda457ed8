//! One month of an event type, or what is new of it, as files of the projection.

use std::cmp::{max, min};
use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, ArrayRef, RecordBatch, UInt64Array};
use arrow_schema::{Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use bytes::Bytes;
use chrono::{DateTime, Months, NaiveDate, NaiveTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use octolake_event::layout::{self, Partition};
use octolake_lake::{Facts, LiveFile, NewFile, NewProjected};
use octolake_tables::schema::name;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use tokio::runtime::Handle;

use super::facts::{Fold, has_facts};
use super::plan::Job;
use crate::dates;
use crate::encode::bytes_of;
use crate::error::CompactError;
use crate::file_reader::Whole;
use crate::objects;
use crate::rewrite::Workshop;
use crate::rewrite::columns::Columns;

/// Rows of a row group: those of one are in memory at once, in the order of their arrival.
const GROUP_ROWS: usize = 64 * 1024;
/// Bytes of a row group at most, in memory: texts can be long.
const GROUP_BYTES: usize = 32 << 20;
/// A file that is as large is closed, and another begun, in bytes.
const FILE_BYTES: usize = 64 << 20;
/// Footers to fetch at once.
const OPENINGS: usize = 32;

/// What became of a job.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) job: Job,
    pub(super) files: Vec<NewProjected>,
}

/// Writes the files of a job, and puts them; `None` where time was up before.
///
/// # Errors
/// A file cannot be read, or the store refuses.
pub(super) async fn write(job: Job, shop: Workshop) -> Result<Option<Made>, CompactError> {
    let runtime = Handle::current();
    let folder = layout::projected_folder(&job.month);
    // Of a damaged file the libraries may panic.
    let work = move || {
        runtime.block_on(async {
            let files = Writer::new(&job, shop).work().await?;
            Ok(files.map(|files| Made { job, files }))
        })
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(CompactError::unusable(folder, "one of its files cannot be decoded")),
    }
}

/// A file of the archive or of the projection that goes in.
struct Input {
    file: LiveFile,
    opened: Whole,
    /// The numbers of the columns that are read.
    columns: Vec<usize>,
    is_projected: bool,
}

impl Input {
    /// The columns that hold something.
    fn used(&self) -> impl Iterator<Item = &str> {
        let schema = self.opened.schema();
        let name = |number: &usize| schema.fields().get(*number).map(|it| it.name().as_str());
        self.columns.iter().filter_map(name)
    }
}

struct Writer<'j> {
    job: &'j Job,
    shop: Workshop,
    /// Rows that wait for their row group.
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
    waiting_bytes: usize,
    open: Option<ArrowWriter<Vec<u8>>>,
    rows: u64,
    received: Option<(DateTime<Utc>, DateTime<Utc>)>,
    dates: Option<(NaiveDate, NaiveDate)>,
    /// What the rows of the open file say of jobs, where it is about such.
    facts: Option<Fold>,
    written: Vec<NewProjected>,
}

impl<'j> Writer<'j> {
    fn new(job: &'j Job, shop: Workshop) -> Self {
        Self {
            job,
            shop,
            waiting: vec![],
            waiting_rows: 0,
            waiting_bytes: 0,
            open: None,
            rows: 0,
            received: None,
            dates: None,
            facts: has_facts(&job.month).then(Fold::default),
            written: vec![],
        }
    }

    async fn work(mut self) -> Result<Option<Vec<NewProjected>>, CompactError> {
        let Some(inputs) = self.open_all().await? else { return Ok(None) };
        let of_all = Columns::of(&self.job.month.event_type, inputs.iter().map(|it| &it.opened));
        let used: BTreeSet<&str> = inputs.iter().flat_map(Input::used).collect();
        let columns = of_all.only(|name| used.contains(name));
        let schema = with_date(&columns.written);
        // It is never closed.
        let place = self.shop.threads.clone().acquire_owned().await.ok();
        for input in &inputs {
            if !self.copy(input, &columns, &schema).await? {
                return Ok(None);
            }
        }
        self.end_group(&schema)?;
        self.close().await?;
        drop(place);
        Ok(Some(self.written))
    }

    /// All inputs, in the order of their rows' arrival, day by day; `None` where time is up.
    async fn open_all(&self) -> Result<Option<Vec<Input>>, CompactError> {
        let folded = self.job.folded.iter().map(|file| (file, true));
        let mut files: Vec<(&LiveFile, bool)> =
            folded.chain(self.job.archive.iter().map(|file| (file, false))).collect();
        files.sort_by(|(a, _), (b, _)| {
            (a.dates.0, a.received_min, &a.path).cmp(&(b.dates.0, b.received_min, &b.path))
        });
        let shop = &self.shop;
        let open = |(file, is_projected): (&LiveFile, bool)| {
            let (store, limit, file) = (shop.store.clone(), shop.limit.clone(), file.clone());
            async move {
                if limit.is_over() {
                    return Ok(None);
                }
                let key = match is_projected {
                    true => layout::projected_key(&file.path),
                    false => file.key(),
                };
                let opened = Whole::open_without_pages(store, &key, file.bytes).await;
                let opened = opened.map_err(|e| CompactError::parquet("read", &key, e))?;
                let columns = opened.columns_without(name::PAYLOAD);
                Ok::<_, CompactError>(Some(Input { file, opened, columns, is_projected }))
            }
        };
        let opened: Vec<_> = files.into_iter().map(open).collect();
        let opened: Vec<Option<Input>> =
            stream::iter(opened).buffered(OPENINGS).try_collect().await?;
        Ok(opened.into_iter().collect())
    }

    /// Takes the rows of a file in; false where time is up.
    async fn copy(
        &mut self,
        input: &Input,
        columns: &Columns,
        schema: &SchemaRef,
    ) -> Result<bool, CompactError> {
        let path = &input.file.path;
        let mut rows = 0;
        for group in 0..input.opened.metadata().num_row_groups() {
            let batches = input.opened.group_of(group, &input.columns).await;
            for batch in batches.map_err(|e| CompactError::parquet("read", path, e))? {
                if self.shop.limit.is_over() {
                    return Ok(false);
                }
                let batch = batch.map_err(|e| CompactError::parquet("read", path, e.into()))?;
                rows += batch.num_rows() as u64;
                let dates = dates_of(&batch, input)?;
                let batch = columns.conform(&batch).map_err(|e| CompactError::unusable(path, e))?;
                self.note_arrivals(&batch);
                self.push(dates::beside(&batch, dates)?, schema)?;
            }
        }
        self.note_dates(input.file.dates);
        if rows != input.file.rows {
            let told = input.file.rows;
            let what = format!("it has {rows} rows where the log says {told}");
            return Err(CompactError::unusable(path, what));
        }
        let is_full = self.facts.as_ref().is_some_and(Fold::is_full);
        if is_full || self.open.as_ref().is_some_and(|open| open.bytes_written() >= FILE_BYTES) {
            self.end_group(schema)?;
            self.close().await?;
        }
        Ok(true)
    }

    fn push(&mut self, batch: RecordBatch, schema: &SchemaRef) -> Result<(), CompactError> {
        self.waiting_rows += batch.num_rows();
        self.waiting_bytes += bytes_of(&batch);
        self.waiting.push(batch);
        match self.waiting_rows >= GROUP_ROWS || self.waiting_bytes >= GROUP_BYTES {
            true => self.end_group(schema),
            false => Ok(()),
        }
    }

    /// Writes the rows that wait, in the order of their arrival.
    fn end_group(&mut self, schema: &SchemaRef) -> Result<(), CompactError> {
        let waiting = std::mem::take(&mut self.waiting);
        (self.waiting_rows, self.waiting_bytes) = (0, 0);
        let Some(first) = waiting.first() else { return Ok(()) };
        let rows = concat_batches(&first.schema(), &waiting)?;
        drop(waiting);
        let rows = take_record_batch(&rows, &by_arrival(&rows))?;
        self.rows += rows.num_rows() as u64;
        if let Some(facts) = &mut self.facts {
            facts.take(&rows);
        }
        let failed = |e| {
            let folder = layout::projected_folder(&self.job.month);
            CompactError::parquet("encode", folder, e)
        };
        let writer = match &mut self.open {
            Some(writer) => writer,
            None => {
                let file = ArrowWriter::try_new(vec![], schema.clone(), Some(properties()));
                self.open.insert(file.map_err(failed)?)
            }
        };
        writer.write(&rows).map_err(failed)?;
        writer.flush().map_err(failed)
    }

    /// Ends the open file, and puts it.
    async fn close(&mut self) -> Result<(), CompactError> {
        let Some(writer) = self.open.take() else { return Ok(()) };
        let folder = layout::projected_folder(&self.job.month);
        let failed = |e| CompactError::parquet("encode", &folder, e);
        let bytes = Bytes::from(writer.into_inner().map_err(failed)?);
        let number = self.shop.number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let month = &self.job.month;
        let path = layout::projected_file(month, &self.shop.run_id, number, &bytes);
        let size = bytes.len() as u64;
        objects::put(self.shop.store.as_ref(), &layout::projected_key(&path), bytes).await?;
        let file = NewFile {
            path,
            partition: month.clone(),
            bytes: size,
            rows: std::mem::take(&mut self.rows),
            received: self.received.take().unwrap_or_else(|| all_of(month)),
        };
        let dates = self.dates.unwrap_or((month.date, month.date));
        let facts = self.put_facts(&file.path).await?;
        self.written.push(NewProjected { file, dates, facts });
        Ok(())
    }

    /// Puts what the rows of a file say of jobs beside it.
    async fn put_facts(&mut self, path: &str) -> Result<Option<Facts>, CompactError> {
        let Some(facts) = self.facts.as_mut().map(std::mem::take).filter(Fold::is_whole) else {
            return Ok(None);
        };
        let key = Facts::key(path);
        let folded = facts.end().map_err(|e| CompactError::parquet("encode", &key, e))?;
        let facts = Facts::new(folded.bytes.len() as u64, folded.rows, &folded.ids);
        objects::put(self.shop.store.as_ref(), &key, folded.bytes).await?;
        Ok(Some(facts))
    }

    fn note_arrivals(&mut self, batch: &RecordBatch) {
        let column = batch.column_by_name(name::RECEIVED_AT);
        let column = column.and_then(|it| it.as_primitive_opt::<TimestampMicrosecondType>());
        let range = column.filter(|column| column.null_count() == 0).and_then(|column| {
            let first = column.values().iter().min().copied()?;
            let last = column.values().iter().max().copied()?;
            Some((DateTime::from_timestamp_micros(first)?, DateTime::from_timestamp_micros(last)?))
        });
        // Where one is not known, neither is where the rows end.
        let (first, last) = range.unwrap_or_else(|| all_of(&self.job.month));
        self.received = Some(match self.received {
            Some((from, to)) => (min(from, first), max(to, last)),
            None => (first, last),
        });
    }

    fn note_dates(&mut self, (first, last): (NaiveDate, NaiveDate)) {
        self.dates = Some(match self.dates {
            Some((from, to)) => (min(from, first), max(to, last)),
            None => (first, last),
        });
    }
}

/// From the first moment of a month to the last.
fn all_of(month: &Partition) -> (DateTime<Utc>, DateTime<Utc>) {
    let first = month.date.and_time(NaiveTime::MIN).and_utc();
    (first, first.checked_add_months(Months::new(1)).unwrap_or(first))
}

fn with_date(schema: &SchemaRef) -> SchemaRef {
    let mut fields = schema.fields().to_vec();
    fields.push(Arc::new(dates::field()));
    Arc::new(Schema::new(fields))
}

/// The dates of the rows: that of the file's folder, or those that stand beside them.
fn dates_of(batch: &RecordBatch, input: &Input) -> Result<ArrayRef, CompactError> {
    if !input.is_projected {
        return Ok(dates::of_day(input.file.partition.date, batch.num_rows()));
    }
    let told = dates::told(batch);
    told.ok_or_else(|| CompactError::unusable(&input.file.path, "it has no column date"))
}

/// The places of the rows in the order of their arrival; those of the same moment stay as they are.
fn by_arrival(rows: &RecordBatch) -> UInt64Array {
    let mut places: Vec<u64> = (0..rows.num_rows() as u64).collect();
    let column = rows.column_by_name(name::RECEIVED_AT);
    if let Some(at) = column.and_then(|it| it.as_primitive_opt::<TimestampMicrosecondType>()) {
        let values = at.values();
        places.sort_by_key(|place| values.get(*place as usize).copied());
    }
    UInt64Array::from(places)
}

fn properties() -> WriterProperties {
    let column = |name: &str| ColumnPath::from(name);
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).unwrap_or_default()))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        // Each is another.
        .set_column_dictionary_enabled(column(name::DELIVERY_ID), false)
        .set_column_dictionary_enabled(column(name::PAYLOAD_HASH), false)
        .set_column_bloom_filter_enabled(column(name::DELIVERY_ID), true)
        .set_column_bloom_filter_fpp(column(name::DELIVERY_ID), 0.01)
        .set_column_bloom_filter_max_ndv(column(name::DELIVERY_ID), GROUP_ROWS as u64)
        .build()
}
