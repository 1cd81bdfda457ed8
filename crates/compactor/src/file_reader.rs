//! A Parquet file of the lake, as the Parquet library wants to read it: by ranges, its size known.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::{
    AsyncFileReader, ParquetRecordBatchStream, ParquetRecordBatchStreamBuilder,
};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

/// Rows to have in memory at once where files are read whole: payloads are kilobytes each, and
/// sometimes megabytes.
pub(crate) const READ_ROWS: usize = 256;
/// The end of a file is fetched in one piece of this size: footers are smaller nearly always.
const FOOTER_BYTES: usize = 64 * 1024;

pub(crate) struct FileReader {
    store: Arc<dyn ObjectStore>,
    key: Path,
    bytes: u64,
}

impl FileReader {
    fn new(store: Arc<dyn ObjectStore>, key: &str, bytes: u64) -> Self {
        Self { store, key: Path::from(key), bytes }
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

/// All columns, [`READ_ROWS`] at a time.
pub(crate) async fn whole(
    store: Arc<dyn ObjectStore>,
    key: &str,
    bytes: u64,
) -> Result<ParquetRecordBatchStream<FileReader>> {
    open(store, key, bytes).await?.with_batch_size(READ_ROWS).build()
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
