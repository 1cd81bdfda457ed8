//! Rows in memory, by partition, until they are files.
//!
//! Rows gather in Arrow builders. When all of them together hold more than the buffer's limit, the
//! largest is encoded into its file; when the files together hold more than theirs, the largest
//! file is closed and put; and so it is where too many are open. So the memory doesn't grow with the
//! number of partitions, and a partition of a few rows never costs a writer of its own until the
//! end.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_event::EventType;
use octolake_event::layout::{self, Partition};
use octolake_lake::NewFile;
use octolake_tables::{BatchBuilder, Plan, Row};
use parquet::file::properties::WriterPropertiesPtr;

use crate::encode::{Effort, FileWriter, properties};
use crate::error::CompactError;
use crate::settings::Settings;

/// The rows of one partition that are not in a closed file yet.
struct Open {
    partition: Partition,
    rows: BatchBuilder,
    file: Option<FileWriter>,
    received: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Open {
    fn encoded(&self) -> usize {
        self.file.as_ref().map_or(0, FileWriter::memory)
    }
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
    /// Writes a closed file, and gives what its commit will say of it.
    pub(crate) async fn put(
        &mut self,
        partition: &Partition,
        bytes: Vec<u8>,
        rows: u64,
        received: (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<NewFile, CompactError> {
        let path = layout::data_file(partition, &self.run_id, self.number, &bytes);
        self.number += 1;
        let size = bytes.len() as u64;
        if !self.dry_run {
            let key = Path::from(format!("{}/{path}", layout::EVENTS));
            self.store
                .put(&key, bytes.into())
                .await
                .map_err(|source| CompactError::store("write", key.to_string(), source))?;
        }
        Ok(NewFile { path, partition: partition.clone(), bytes: size, rows, received })
    }
}

/// The rows of a batch.
pub(crate) struct Partitions {
    open: HashMap<(EventType, NaiveDate), Open>,
    properties: WriterPropertiesPtr,
    buffer_limit: usize,
    encoded_limit: usize,
    open_limit: usize,
    buffered: usize,
    closed: Vec<NewFile>,
}

impl Partitions {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            open: HashMap::new(),
            properties: properties(Effort::Fast),
            buffer_limit: settings.buffer_bytes,
            encoded_limit: settings.encoded_bytes,
            open_limit: settings.open_files,
            buffered: 0,
            closed: vec![],
        }
    }

    pub(crate) fn push(&mut self, plan: &Arc<Plan>, row: &Row<'_>, raw_key: &str) {
        let key = (plan.event_type.clone(), row.date());
        let open = self.open.entry(key).or_insert_with(|| Open {
            partition: row.partition(plan),
            rows: BatchBuilder::new(plan.clone()),
            file: None,
            received: None,
        });
        let before = open.rows.bytes();
        open.rows.push(row, raw_key);
        self.buffered += open.rows.bytes() - before;
        let at = row.envelope.meta.received_at;
        let (first, last) = open.received.unwrap_or((at, at));
        open.received = Some((first.min(at), last.max(at)));
    }

    /// Brings the memory that the rows take below its limits.
    pub(crate) async fn relieve(&mut self, sink: &mut FileSink) -> Result<(), CompactError> {
        while self.buffered > self.buffer_limit {
            let Some(open) = self.open.values_mut().max_by_key(|open| open.rows.bytes()) else {
                break;
            };
            self.buffered = self.buffered.saturating_sub(open.rows.bytes());
            encode(open, &self.properties)?;
            self.close_largest(sink).await?;
        }
        Ok(())
    }

    /// Closes the largest files while all together are too large or too many.
    async fn close_largest(&mut self, sink: &mut FileSink) -> Result<(), CompactError> {
        let is_over = |open: &HashMap<_, Open>, bytes: usize, files: usize| {
            let encoded: usize = open.values().map(Open::encoded).sum();
            encoded > bytes || open.values().filter(|open| open.file.is_some()).count() > files
        };
        while is_over(&self.open, self.encoded_limit, self.open_limit) {
            let largest = self.open.iter().max_by_key(|(_, open)| open.encoded());
            let Some(key) = largest.map(|(key, _)| key.clone()) else { break };
            self.close(&key, sink).await?;
        }
        Ok(())
    }

    /// Closes every file; the rows are all in files then.
    pub(crate) async fn finish(
        mut self,
        sink: &mut FileSink,
    ) -> Result<Vec<NewFile>, CompactError> {
        let mut keys: Vec<_> = self.open.keys().cloned().collect();
        keys.sort();
        for key in keys {
            self.close(&key, sink).await?;
        }
        Ok(self.closed)
    }

    async fn close(
        &mut self,
        key: &(EventType, NaiveDate),
        sink: &mut FileSink,
    ) -> Result<(), CompactError> {
        let Some(mut open) = self.open.remove(key) else { return Ok(()) };
        self.buffered = self.buffered.saturating_sub(open.rows.bytes());
        encode(&mut open, &self.properties)?;
        if let (Some(file), Some(received)) = (open.file, open.received) {
            let rows = file.rows();
            let failed = |e| CompactError::parquet("encode", open.partition.folder(), e);
            let bytes = file.finish().map_err(failed)?;
            self.closed.push(sink.put(&open.partition, bytes, rows, received).await?);
        }
        Ok(())
    }
}

/// Moves the gathered rows of a partition into its file.
fn encode(open: &mut Open, properties: &WriterPropertiesPtr) -> Result<(), CompactError> {
    if open.rows.rows() == 0 {
        return Ok(());
    }
    let failed = |e| CompactError::parquet("encode", open.partition.folder(), e);
    let batch = open.rows.finish()?;
    let file = match &mut open.file {
        Some(file) => file,
        None => open.file.insert(FileWriter::new(batch.schema(), properties).map_err(failed)?),
    };
    file.write(&batch).map_err(failed)
}
