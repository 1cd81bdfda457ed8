//! A Parquet file of the lake, as the Parquet library wants to read it: by ranges, its size known.
//!
//! Where a file is read whole, how many rows are in memory at once depends on the file: see
//! [`batch_rows`].

use std::ops::Range;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::async_reader::{
    AsyncFileReader, ParquetRecordBatchStream, ParquetRecordBatchStreamBuilder,
};
use parquet::basic::Type;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};

use crate::rewrite::columns;

/// Rows to have in memory at once where a file is read whole, at most.
const READ_ROWS: usize = 1024;
/// Columns of a row group that are no larger than this are never too much, decoded.
const SMALL_COLUMN: i64 = 4 << 20;
/// The same, of all of a row group whose file doesn't tell where its pages begin.
const SMALL_WITHOUT_INDEX: i64 = 64 << 20;
/// Pages of a large column to have in memory at once.
const PAGES: usize = 3;
/// The end of a file is fetched in one piece of this size: footers are smaller nearly always.
const FOOTER_BYTES: usize = 64 * 1024;

#[derive(Clone)]
pub(crate) struct FileReader {
    store: Arc<dyn ObjectStore>,
    key: Path,
    bytes: u64,
}

impl FileReader {
    fn new(store: Arc<dyn ObjectStore>, key: &str, bytes: u64) -> Self {
        // As it is: another engine's names are not encoded once more.
        let key = Path::parse(key).unwrap_or_else(|_| Path::from(key));
        Self { store, key, bytes }
    }
}

/// A file, its footer read.
pub(crate) type Opened = ParquetRecordBatchStreamBuilder<FileReader>;

/// Opens a file of so many bytes.
pub(crate) async fn open(store: Arc<dyn ObjectStore>, key: &str, bytes: u64) -> Result<Opened> {
    ParquetRecordBatchStreamBuilder::new(FileReader::new(store, key, bytes)).await
}

/// The columns of these names, as far as the file has them.
pub(crate) async fn columns(
    store: Arc<dyn ObjectStore>,
    key: &str,
    bytes: u64,
    names: &[&str],
) -> Result<ParquetRecordBatchStream<FileReader>> {
    let opened = open(store, key, bytes).await?;
    let mask = ProjectionMask::columns(opened.parquet_schema(), names.iter().copied());
    opened.with_projection(mask).build()
}

/// A file that is read whole, its footer and the places of its pages read. Texts come as views: a
/// text that many rows share is in memory once, and no batch is too long for its offsets.
pub(crate) struct Whole {
    reader: FileReader,
    metadata: ArrowReaderMetadata,
}

impl Whole {
    pub(crate) async fn open(store: Arc<dyn ObjectStore>, key: &str, bytes: u64) -> Result<Self> {
        Self::opened(FileReader::new(store, key, bytes), Some(&options())).await
    }

    async fn opened(mut reader: FileReader, options: Option<&ArrowReaderOptions>) -> Result<Self> {
        let metadata = reader.get_metadata(options).await?;
        Ok(Self { reader, metadata: with_views(metadata)? })
    }

    /// The columns as they are read.
    pub(crate) fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    pub(crate) fn metadata(&self) -> &ParquetMetaData {
        self.metadata.metadata()
    }

    /// The same of a file of which no pages will be looked for.
    pub(crate) async fn open_without_pages(
        store: Arc<dyn ObjectStore>,
        key: &str,
        bytes: u64,
    ) -> Result<Self> {
        Self::opened(FileReader::new(store, key, bytes), None).await
    }

    /// The numbers of the columns that hold something, but for one that is left out: a column costs
    /// its decompressor, whatever is in it.
    pub(crate) fn columns_without(&self, column: &str) -> Vec<usize> {
        let columns = self.schema().fields().iter().enumerate();
        let kept = columns.filter(|(number, field)| {
            field.name() != column && !columns::is_empty(self.metadata(), *number)
        });
        kept.map(|(number, _)| number).collect()
    }

    /// Fetches columns of a row group.
    pub(crate) async fn group_of(
        &self,
        group: usize,
        columns: &[usize],
    ) -> Result<ParquetRecordBatchReader> {
        let schema = self.metadata().file_metadata().schema_descr();
        let kept = ProjectionMask::roots(schema, columns.iter().copied());
        self.fetched(group, kept, READ_ROWS).await
    }

    /// Fetches a row group.
    pub(crate) async fn group(&self, group: usize) -> Result<ParquetRecordBatchReader> {
        self.fetched(group, ProjectionMask::all(), batch_rows(self.metadata(), group)).await
    }

    async fn fetched(
        &self,
        group: usize,
        columns: ProjectionMask,
        batch_rows: usize,
    ) -> Result<ParquetRecordBatchReader> {
        let opened = Opened::new_with_metadata(self.reader.clone(), self.metadata.clone())
            .with_row_groups(vec![group])
            .with_projection(columns)
            .with_batch_size(batch_rows);
        let fetched = opened.build()?.next_row_group().await?;
        fetched.ok_or_else(|| ParquetError::General(format!("there is no row group {group}")))
    }
}

/// The batches of a file that is in memory, as [`Whole`] reads them.
pub(crate) fn batches(file: &Bytes) -> Result<impl Iterator<Item = Result<RecordBatch>>> {
    let metadata = ParquetMetaDataReader::new()
        .with_arrow_reader_options(Some(&options()))
        .parse_and_finish(file)?;
    let metadata = with_views(Arc::new(metadata))?;
    let file = file.clone();
    let groups = 0..metadata.metadata().num_row_groups();
    let group = move |group| {
        let rows = batch_rows(metadata.metadata(), group);
        ParquetRecordBatchReaderBuilder::new_with_metadata(file.clone(), metadata.clone())
            .with_row_groups(vec![group])
            .with_batch_size(rows)
            .build()
    };
    Ok(groups.map(group).flat_map(|opened| {
        let (batches, error) = match opened {
            Ok(batches) => (Some(batches), None),
            Err(error) => (None, Some(Err(error))),
        };
        batches.into_iter().flatten().map(|batch| Ok(batch?)).chain(error)
    }))
}

fn options() -> ArrowReaderOptions {
    ArrowReaderOptions::new().with_offset_index_policy(PageIndexPolicy::Optional)
}

/// How many rows of a row group may be decoded at once.
///
/// The average says nothing: a few rows can be 20 MB among thousands of 1 KB. A page is decoded whole
/// in any case, and writers close one after about a megabyte: so no batch may lie on more than a few
/// pages of any large column. Where the file doesn't tell its pages, and is large, one row at a time.
fn batch_rows(metadata: &ParquetMetaData, group: usize) -> usize {
    let pages = metadata.offset_index().and_then(|index| index.get(group));
    let columns = metadata.row_group(group).columns();
    let Some(pages) = pages.filter(|pages| pages.len() == columns.len()) else {
        let bytes: i64 = columns.iter().map(|column| column.uncompressed_size()).sum();
        return if bytes <= SMALL_WITHOUT_INDEX { READ_ROWS } else { 1 };
    };
    let large = columns.iter().zip(pages).filter(|(it, _)| it.uncompressed_size() > SMALL_COLUMN);
    let rows = large.map(|(_, pages)| {
        let firsts: Vec<i64> = pages.page_locations().iter().map(|it| it.first_row_index).collect();
        rows_on_few_pages(&firsts)
    });
    rows.min().unwrap_or(READ_ROWS).clamp(1, READ_ROWS)
}

/// The most rows that lie on [`PAGES`] pages wherever they begin, by the first row of each page.
fn rows_on_few_pages(firsts: &[i64]) -> usize {
    // Rows on one page more have all rows of those between the first and the last.
    let between = firsts.windows(PAGES).map(|pages| match pages {
        [first, .., last] => last - first,
        _ => 0,
    });
    // Not those from the first page on: a batch can only begin on it.
    let fewest = between.skip(1).min();
    fewest.map_or(READ_ROWS, |rows| usize::try_from(rows + 1).unwrap_or(1))
}

/// How a file's columns are to be read: texts and bytes as views, Spark's old timestamps with the
/// resolution that holds every year.
fn with_views(metadata: Arc<ParquetMetaData>) -> Result<ArrowReaderMetadata> {
    let plain = ArrowReaderMetadata::try_new(metadata.clone(), options())?;
    let file = metadata.file_metadata().schema_descr_ptr();
    let fields: Vec<Field> = plain
        .schema()
        .fields()
        .iter()
        .zip(file.root_schema().get_fields())
        .map(|(field, written)| {
            let is_int96 = written.is_primitive() && written.get_physical_type() == Type::INT96;
            let as_read = match is_int96 {
                true => DataType::Timestamp(TimeUnit::Microsecond, None),
                false => as_read(field.data_type()),
            };
            field.as_ref().clone().with_data_type(as_read)
        })
        .collect();
    let schema = Schema::new_with_metadata(fields, plain.schema().metadata().clone());
    let viewed = ArrowReaderMetadata::try_new(metadata, options().with_schema(Arc::new(schema)));
    // A type that no view can be made of: as the library has it.
    Ok(viewed.unwrap_or(plain))
}

/// The type that a column is held as.
pub(crate) fn as_read(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        DataType::Dictionary(_, value) => as_read(value),
        other => other.clone(),
    }
}

pub(crate) fn external(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl AsyncFileReader for FileReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        async move { self.store.get_range(&self.key, range).await.map_err(external) }.boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        async move { self.store.get_ranges(&self.key, &ranges).await.map_err(external) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            let bytes = self.bytes;
            let metadata = ParquetMetaDataReader::new()
                .with_arrow_reader_options(options)
                .with_prefetch_hint(Some(FOOTER_BYTES))
                .load_and_finish(self, bytes)
                .await?;
            Ok(Arc::new(metadata))
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rows_lie_on_more_than_a_few_pages() {
        // 16 rows on each page: 33 rows lie on three pages, or they would begin before one.
        assert_eq!(rows_on_few_pages(&[0, 16, 32, 48, 64]), 33);
        // A few large rows among thousands, alone on their pages.
        assert_eq!(rows_on_few_pages(&[0, 1000, 2000, 2001, 2002, 2003, 3000]), 3);
        assert_eq!(rows_on_few_pages(&[0, 1000, 1001, 2000, 3000]), 1001);
        assert_eq!(rows_on_few_pages(&[0, 1]), READ_ROWS);
        assert_eq!(rows_on_few_pages(&[]), READ_ROWS);
    }
}
