//! Rows in memory that stand beside the files of a table.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::catalog::memory::MemorySourceConfig;
use datafusion::common::{Result, project_schema};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use octolake_lake::LiveFile;
use octolake_tables::schema::PARTITION_COLUMNS;

use super::file_set::folder_values;
use super::pruning;

/// Batches of rows, each with the file that would hold it: what is asked of files without opening
/// them is asked of these in the same way.
#[derive(Debug, Default)]
pub(super) struct FreshRows {
    files: Vec<LiveFile>,
    batches: Vec<RecordBatch>,
}

impl FreshRows {
    pub(super) fn new(rows: Vec<(LiveFile, RecordBatch)>) -> Self {
        let (mut files, batches): (Vec<LiveFile>, Vec<RecordBatch>) = rows.into_iter().unzip();
        for (number, file) in files.iter_mut().enumerate() {
            // No file of the table is called so, and no two of these.
            file.path = format!("{}/fresh-{number}", file.partition.folder());
        }
        Self { files, batches }
    }

    pub(super) fn files(&self) -> &[LiveFile] {
        &self.files
    }

    /// What gives the rows that can be asked for, under the columns of `projection`; `None` where
    /// there are none.
    pub(super) fn scan(
        &self,
        session: &dyn Session,
        schema: &SchemaRef,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let kept = pruning::files_for(session, schema, &self.files, filters, &PARTITION_COLUMNS)?;
        if kept.is_empty() {
            return Ok(None);
        }
        let kept: HashSet<&str> = kept.into_iter().map(|file| file.path.as_str()).collect();
        let schema = project_schema(schema, projection)?;
        let rows = self.files.iter().zip(&self.batches);
        let rows = rows.filter(|(file, _)| kept.contains(file.path.as_str()));
        let groups = session.config().target_partitions().max(1);
        let mut partitions = vec![vec![]; groups.min(kept.len())];
        for (number, (file, batch)) in rows.enumerate() {
            partitions[number % groups].push(as_of_table(&schema, file, batch)?);
        }
        Ok(Some(MemorySourceConfig::try_new_exec(&partitions, schema, None)?))
    }
}

/// The columns of `schema` of rows as they stand in a file: those of the folder are told by it, and
/// those that the file has not are NULL.
fn as_of_table(schema: &Arc<Schema>, file: &LiveFile, rows: &RecordBatch) -> Result<RecordBatch> {
    let count = rows.num_rows();
    let folder = PARTITION_COLUMNS.iter().zip(folder_values(file, &PARTITION_COLUMNS));
    let folder: Vec<_> = folder.collect();
    let column = |name: &str, kind| -> Result<ArrayRef> {
        if let Some((_, value)) = folder.iter().find(|(column, _)| **column == name) {
            return value.to_array_of_size(count);
        }
        match rows.column_by_name(name) {
            Some(column) => Ok(cast(column, kind)?),
            None => Ok(new_null_array(kind, count)),
        }
    };
    let fields = schema.fields().iter();
    let columns: Vec<ArrayRef> =
        fields.map(|field| column(field.name(), field.data_type())).collect::<Result<_>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
}
