//! The rows of live files, written again: all of them, or all but some.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, RecordBatch, new_null_array};
use arrow_cast::CastOptions;
use arrow_cast::cast_with_options;
use arrow_schema::{ArrowError, Schema, SchemaRef};
use arrow_select::filter::filter_record_batch;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use futures::TryStreamExt;
use octolake_event::layout::Partition;
use octolake_lake::{LiveFile, NewFile};
use octolake_tables::schema;
use parquet::file::properties::WriterPropertiesPtr;

use crate::encode::{Effort, FileWriter, properties};
use crate::error::CompactError;
use crate::file_reader;
use crate::run::Run;

/// Files of one partition on their way into new ones of the target size.
pub(crate) struct Rewriter<'p> {
    partition: &'p Partition,
    schema: SchemaRef,
    properties: WriterPropertiesPtr,
    writer: Option<FileWriter>,
    received: (DateTime<Utc>, DateTime<Utc>),
    written: Vec<NewFile>,
    rows: u64,
}

impl<'p> Rewriter<'p> {
    /// For rows of these files.
    pub(crate) fn new(partition: &'p Partition, files: &[LiveFile], now: DateTime<Utc>) -> Self {
        Self {
            partition,
            schema: schema::file_schema(&partition.event_type),
            properties: properties(Effort::Small),
            writer: None,
            received: received(files, now),
            written: vec![],
            rows: 0,
        }
    }

    /// Copies the rows of a file, but for those of these numbers.
    pub(crate) async fn copy(
        &mut self,
        run: &mut Run<'_>,
        file: &LiveFile,
        gone: &BTreeSet<u64>,
    ) -> Result<(), CompactError> {
        let failed = |e| CompactError::parquet("read", &file.path, e);
        let batches = file_reader::whole(run.store.clone(), &file.key(), file.bytes).await;
        let mut batches = batches.map_err(failed)?;
        let mut number = 0;
        while let Some(batch) = batches.try_next().await.map_err(failed)? {
            let rows = number..number + batch.num_rows() as u64;
            number = rows.end;
            let mut batch = conform(&batch, &self.schema)?;
            if gone.range(rows.clone()).next().is_some() {
                let kept: BooleanArray = rows.map(|row| Some(!gone.contains(&row))).collect();
                batch = filter_record_batch(&batch, &kept)?;
            }
            if batch.num_rows() > 0 {
                self.write(run, &batch).await?;
            }
        }
        Ok(())
    }

    /// The files that were written.
    ///
    /// # Errors
    /// There are other rows in them than `expected`: nothing may be committed then.
    pub(crate) async fn finish(
        mut self,
        run: &mut Run<'_>,
        expected: u64,
    ) -> Result<Vec<NewFile>, CompactError> {
        self.close(run).await?;
        if self.rows != expected {
            let folder = self.partition.folder();
            return Err(CompactError::MergeLostRows { folder, expected, found: self.rows });
        }
        Ok(self.written)
    }

    async fn write(&mut self, run: &mut Run<'_>, batch: &RecordBatch) -> Result<(), CompactError> {
        let folder = self.partition.folder();
        let failed = |e| CompactError::parquet("merge", &folder, e);
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => self
                .writer
                .insert(FileWriter::new(self.schema.clone(), &self.properties).map_err(failed)?),
        };
        writer.write(batch).map_err(failed)?;
        if writer.size() >= run.settings.target_file_bytes {
            self.close(run).await?;
        }
        Ok(())
    }

    async fn close(&mut self, run: &mut Run<'_>) -> Result<(), CompactError> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let rows = writer.rows();
        let failed = |e| CompactError::parquet("merge", self.partition.folder(), e);
        let bytes = writer.finish().map_err(failed)?;
        self.rows += rows;
        self.written.push(run.sink.put(self.partition, bytes, rows, self.received).await?);
        Ok(())
    }
}

/// The span of arrivals in the files; that of the whole day where one of them doesn't say.
fn received(files: &[LiveFile], now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let first = files.iter().map(|file| file.received_min).min().flatten();
    let last = files.iter().map(|file| file.received_max).max().flatten();
    let complete = files.iter().all(|f| f.received_min.is_some() && f.received_max.is_some());
    match (first, last) {
        (Some(first), Some(last)) if complete => (first, last),
        _ => {
            let midnight = |file: &LiveFile| file.partition.date.and_time(NaiveTime::MIN).and_utc();
            let midnight = files.first().map_or(now, midnight);
            (midnight, midnight + TimeDelta::days(1))
        }
    }
}

/// The same rows with the columns of `schema`: those that a file lacks are NULL, and those that
/// another engine wrote as another type are cast, or the file stays as it is.
fn conform(batch: &RecordBatch, schema: &Arc<Schema>) -> Result<RecordBatch, ArrowError> {
    let strictly = CastOptions { safe: false, ..CastOptions::default() };
    let columns: Vec<ArrayRef> = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(column) if column.data_type() == field.data_type() => Ok(column.clone()),
            Some(column) => cast_with_options(column, field.data_type(), &strictly),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        })
        .collect::<Result<_, _>>()?;
    RecordBatch::try_new(schema.clone(), columns)
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_array::{Int64Array, StringViewArray};
    use arrow_schema::{DataType, Field};

    use super::*;

    #[test]
    fn a_column_of_another_type_is_cast_and_never_dropped() {
        let column: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a"), None]));
        let fields = vec![Field::new("x", DataType::Utf8View, true)];
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![column]).unwrap();
        let wanted = |kind| Arc::new(Schema::new(vec![Field::new("x", kind, true)]));
        let conformed = conform(&batch, &wanted(DataType::Utf8)).unwrap();
        let texts: Vec<_> = conformed.column(0).as_string::<i32>().iter().collect();
        assert_eq!(texts, [Some("a"), None]);
        assert!(conform(&batch, &wanted(DataType::Int64)).is_err(), "`a` is no number");
        let number: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let fields = vec![Field::new("y", DataType::Int64, true)];
        let other = RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![number]).unwrap();
        let conformed = conform(&other, &wanted(DataType::Utf8)).unwrap();
        assert_eq!(conformed.column(0).null_count(), 1, "a column that it lacks is NULL");
    }
}
