//! Facts: what the rows of one file of the projection say of each job, as one row.
//!
//! ```text
//! rows ─▶ fold (a job's minima and maxima) ─▶ rows of `octolake_tables::facts::job_schema`
//! ```
//!
//! What is folded how stands twice, here and in `octolake-reports`' queries `job_deliveries` and
//! `job_states`, which are what it means; tests hold both equal.

mod fold;
mod interned;
mod rows;

use bytes::Bytes;
use octolake_event::layout::Partition;
use octolake_tables::facts;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

pub(crate) use self::fold::Fold;

/// A file that tells of more jobs is closed, and another begun. Files that have as many together are
/// not made one: that would never end.
pub(super) const FULL_JOBS: u64 = 128 * 1024;
/// Rows of a row group.
const GROUP_ROWS: usize = 64 * 1024;

/// Whether files of this partition have facts beside them.
pub(super) fn has_facts(partition: &Partition) -> bool {
    partition.event_type.as_str() == facts::JOB_EVENT
}

/// The facts of a file.
pub(super) struct Folded {
    /// A Parquet file.
    pub(super) bytes: Bytes,
    /// Its rows.
    pub(super) rows: u64,
    /// The ids of its jobs, in order.
    pub(super) ids: Vec<i64>,
}

impl Fold {
    /// What was folded, as a file.
    ///
    /// # Errors
    /// It cannot be encoded.
    pub(super) fn end(self) -> Result<Folded, ParquetError> {
        let ids = self.ids();
        let mut file = ArrowWriter::try_new(vec![], facts::job_schema(), Some(properties()))?;
        let mut rows = 0;
        for batch in self.batches() {
            let batch = batch?;
            rows += batch.num_rows() as u64;
            file.write(&batch)?;
        }
        Ok(Folded { bytes: file.into_inner()?.into(), rows, ids })
    }
}

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).unwrap_or_default()))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .build()
}
