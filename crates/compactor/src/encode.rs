//! Rows → Parquet bytes, in memory.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, SchemaRef};
use octolake_tables::schema::name;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::schema::types::ColumnPath;

use crate::known::{self, IndexBuilder};

/// Rows of a row group at most: enough for scans.
const ROW_GROUP_ROWS: usize = 64 * 1024;
/// Encoded bytes of a row group at most, about: who reads a file has one in memory, and so has who
/// writes it.
const ROW_GROUP_BYTES: usize = 32 << 20;
/// Bytes of rows that are encoded between two looks at the size of the row group.
const SLICE_BYTES: usize = 8 << 20;
/// Rows to look at a page's size after. A payload is kilobytes: a thousand would be a page of
/// tens of megabytes.
const WRITE_BATCH_ROWS: usize = 64;
/// Bytes of a page of payloads, about. Pages of a megabyte, the default, outgrow a processor's cache
/// while they are gathered and compressed; small ones compress less: a quarter of a megabyte takes 6 %
/// more room.
const PAGE_BYTES: usize = 512 * 1024;
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
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .set_write_batch_size(WRITE_BATCH_ROWS)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        // Every id is another, and so is every payload: a dictionary would be a second copy.
        .set_column_dictionary_enabled(id.clone(), false)
        .set_column_dictionary_enabled(hash.clone(), false)
        .set_column_dictionary_enabled(payload.clone(), false)
        .set_column_data_page_size_limit(payload.clone(), PAGE_BYTES)
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
        Self::with_room(schema, properties, 0)
    }

    /// With room for a file of so many bytes: it need not be copied while it grows.
    pub(crate) fn with_room(
        schema: SchemaRef,
        properties: &WriterPropertiesPtr,
        bytes: usize,
    ) -> Result<Self, ParquetError> {
        let file = Vec::with_capacity(bytes);
        let writer = ArrowWriter::try_new(file, schema, Some(properties.as_ref().clone()))?;
        Ok(Self { writer, index: IndexBuilder::default(), rows: 0 })
    }

    /// Adds rows, few enough at once that no row group becomes much larger than it should.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        self.rows += batch.num_rows() as u64;
        known::each_delivery(batch, |id, body| self.index.push(id, body));
        let mut rest = vec![batch.clone()];
        while let Some(part) = rest.pop() {
            let half = part.num_rows() / 2;
            if half > 0 && bytes_of(&part) > SLICE_BYTES {
                rest.push(part.slice(half, part.num_rows() - half));
                rest.push(part.slice(0, half));
            } else {
                self.writer.write(&part)?;
            }
        }
        Ok(())
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

/// Bytes of the values in a batch, whatever else is in the buffers behind it.
pub(crate) fn bytes_of(batch: &RecordBatch) -> usize {
    let of_column = |column: &ArrayRef| match column.data_type() {
        // Views share what they show; their length is in their lowest 32 bits.
        DataType::Utf8View => lengths(column.as_string_view().views()),
        DataType::BinaryView => lengths(column.as_binary_view().views()),
        _ => column.to_data().get_slice_memory_size().unwrap_or_default(),
    };
    batch.columns().iter().map(of_column).sum()
}

fn lengths(views: &[u128]) -> usize {
    views.iter().map(|view| *view as u32 as usize).sum()
}

#[cfg(test)]
mod tests {
    use std::iter;

    use arrow_array::{Int64Array, StringArray, StringViewArray};
    use bytes::Bytes;
    use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
    use rand::{RngCore as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::file_reader;

    fn batch(payloads: ArrayRef) -> RecordBatch {
        let rows = payloads.len() as i64;
        let ids: StringArray = (0..rows).map(|row| Some(format!("{row:036}"))).collect();
        let hashes: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
        let ids: ArrayRef = Arc::new(ids);
        let columns =
            [(name::DELIVERY_ID, ids), (name::PAYLOAD_HASH, hashes), (name::PAYLOAD, payloads)];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn written(batch: &RecordBatch) -> (Bytes, ParquetMetaData) {
        let mut file = FileWriter::new(batch.schema(), &properties(Effort::Fast)).unwrap();
        file.write(batch).unwrap();
        let bytes = Bytes::from(file.finish().unwrap());
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&bytes).unwrap();
        (bytes, metadata)
    }

    /// Text that compresses to three quarters.
    fn noise(random: &mut ChaCha8Rng, bytes: usize) -> String {
        let mut text = vec![0; bytes];
        random.fill_bytes(&mut text);
        text.iter_mut().for_each(|byte| *byte = b'0' + (*byte & 63));
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_row_group_ends_by_its_bytes_and_its_filter_is_as_large_as_it_needs() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let payloads = iter::repeat_with(|| noise(&mut random, 1 << 16));
        let payloads: StringArray = payloads.take(2_000).map(Some).collect();
        let (_, metadata) = written(&batch(Arc::new(payloads)));
        // 2,000 rows of 64 KiB that compress to three quarters: some 95 MiB.
        let sizes: Vec<i64> = metadata.row_groups().iter().map(|it| it.compressed_size()).collect();
        assert!(sizes.len() >= 3 && sizes.iter().all(|size| *size < 42 << 20), "{sizes:?}");
        let filter = |group: usize| metadata.row_group(group).column(0).bloom_filter_length();
        // Of 700 ids at a false positive in ten thousand: two to four bytes each, and not of 65,536.
        assert!(filter(0).unwrap() <= 4_096, "{:?}", filter(0));
    }

    #[test]
    fn few_large_rows_among_many_small_ones_are_never_much_at_once() {
        let mut random = ChaCha8Rng::seed_from_u64(2);
        let mut text = |row: u32| match row % 500 {
            // Now one, now three in a row, that compress to nothing.
            7 | 20..23 => "x".repeat(20 << 20),
            _ => noise(&mut random, 1_000),
        };
        let payloads: StringViewArray = (0..1_500).map(|row| Some(text(row))).collect();
        let (bytes, _) = written(&batch(Arc::new(payloads)));
        let sizes: Vec<(usize, usize)> = file_reader::batches(&bytes)
            .unwrap()
            .map(|batch| batch.map(|batch| (batch.num_rows(), bytes_of(&batch))).unwrap())
            .collect();
        let largest = sizes.iter().map(|(_, bytes)| *bytes).max().unwrap();
        // Three pages at most, each of a megabyte and one row.
        assert!(largest < 66 << 20, "{largest}");
        assert_eq!(sizes.iter().map(|(rows, _)| rows).sum::<usize>(), 1_500);
    }
}
