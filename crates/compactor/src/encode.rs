//! Rows → Parquet bytes, in memory.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use octolake_tables::schema::name;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::schema::types::ColumnPath;

use crate::known::{self, IndexBuilder};

/// Rows of a row group: enough for scans, few enough that one is never much in memory.
const ROW_GROUP_ROWS: usize = 64 * 1024;
/// Rows to look at a page's size after. A payload is kilobytes: a thousand would be a page of
/// tens of megabytes.
const WRITE_BATCH_ROWS: usize = 64;
/// Share of foreign ids and hashes that a Bloom filter may take for its own. They serve whoever looks
/// for a single delivery; a run looks for thousands, in the files' own blocks ([`crate::known`]).
const FALSE_POSITIVES: f64 = 0.01;

/// How hard to compress.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Effort {
    /// New rows: they will be merged soon.
    Fast,
    /// Merged rows: they stay.
    Small,
}

/// The properties of every file of a lake.
pub(crate) fn properties(effort: Effort) -> WriterPropertiesPtr {
    let level = match effort {
        Effort::Fast => 1,
        Effort::Small => 3,
    };
    let column = |name: &str| ColumnPath::from(name);
    let (id, payload) = (column(name::DELIVERY_ID), column(name::PAYLOAD));
    let hash = column(name::PAYLOAD_HASH);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(level).unwrap_or_default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_write_batch_size(WRITE_BATCH_ROWS)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        // Every id is another, and so is every payload: a dictionary would be a second copy.
        .set_column_dictionary_enabled(id.clone(), false)
        .set_column_dictionary_enabled(hash.clone(), false)
        .set_column_dictionary_enabled(payload.clone(), false)
        .set_column_statistics_enabled(payload, EnabledStatistics::None)
        .set_column_bloom_filter_enabled(id.clone(), true)
        .set_column_bloom_filter_fpp(id.clone(), FALSE_POSITIVES)
        .set_column_bloom_filter_max_ndv(id, ROW_GROUP_ROWS as u64)
        .set_column_bloom_filter_enabled(hash.clone(), true)
        .set_column_bloom_filter_fpp(hash.clone(), FALSE_POSITIVES)
        .set_column_bloom_filter_max_ndv(hash, ROW_GROUP_ROWS as u64)
        .build();
    Arc::new(properties)
}

/// A Parquet file that is being written into memory.
pub(crate) struct FileWriter {
    writer: ArrowWriter<Vec<u8>>,
    index: IndexBuilder,
    rows: u64,
}

impl FileWriter {
    pub(crate) fn new(
        schema: SchemaRef,
        properties: &WriterPropertiesPtr,
    ) -> Result<Self, ParquetError> {
        let writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties.as_ref().clone()))?;
        Ok(Self { writer, index: IndexBuilder::default(), rows: 0 })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        self.rows += batch.num_rows() as u64;
        known::each_delivery(batch, |id, body| self.index.push(id, body));
        self.writer.write(batch)
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes of memory that the file takes so far.
    pub(crate) fn memory(&self) -> usize {
        self.writer.bytes_written() + self.writer.memory_size() + self.index.memory()
    }

    /// Bytes that the file would have if it ended here, about.
    pub(crate) fn size(&self) -> u64 {
        (self.writer.bytes_written() + self.writer.in_progress_size()) as u64
    }

    pub(crate) fn finish(mut self) -> Result<Vec<u8>, ParquetError> {
        // The last rows go before the block.
        self.writer.flush()?;
        if let Some((block, place)) = self.index.finish(self.writer.bytes_written()) {
            self.writer.write_all(&block)?;
            self.writer.append_key_value_metadata(place);
        }
        self.writer.into_inner()
    }
}
