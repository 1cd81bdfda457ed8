//! Rows of which nothing is asked but what the folders of the archive tell: they come from the log,
//! and no file is opened.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics, project_schema};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
};
use futures::{StreamExt, TryStreamExt, stream};
use octolake_lake::LiveFile;

use super::events_table::Archive;
use super::file_set::{folder_value, statistics, table_schema};
use super::pruning;

/// Rows of a batch.
const BATCH: u64 = 8192;

/// The rows of the archive's files, with columns of their folders.
#[derive(Debug)]
pub(super) struct FolderRows {
    archive: Archive,
    /// The places of the files that are meant; all where it is not said.
    chosen: Option<Vec<LiveFile>>,
    schema: SchemaRef,
    statistics: Statistics,
    properties: Arc<PlanProperties>,
}

impl FolderRows {
    /// The rows of those files for which the filters are true. Where what is known of all rows is
    /// given, and nothing is filtered, the list of files is read only when rows are asked for.
    pub(super) async fn plan(
        archive: Archive,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        whole: Option<Statistics>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let table = table_schema();
        let (chosen, all) = match whole {
            Some(whole) => (None, whole),
            None => {
                let columns = super::file_set::Shape::Archive.folder_columns();
                let files = archive.files().await?;
                let files = pruning::files_for(session, &table, files, filters, columns)?;
                let all = statistics(&table, &files);
                (Some(files.into_iter().cloned().collect()), all)
            }
        };
        let schema = project_schema(&table, projection)?;
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema.clone()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let statistics = all.project(projection);
        Ok(Arc::new(Self { archive, chosen, schema, statistics, properties: Arc::new(properties) }))
    }
}

/// Rows of a file in batches: a file that the log tells no rows of was counted by its footer.
fn batches(schema: SchemaRef, file: LiveFile) -> impl Iterator<Item = Result<RecordBatch>> + Send {
    let sizes = (0..file.rows).step_by(BATCH as usize);
    let rows = file.rows;
    sizes.map(move |from| {
        let count = (rows - from).min(BATCH) as usize;
        let fields = schema.fields().iter();
        let column =
            |name: &str| -> Result<ArrayRef> { folder_value(&file, name).to_array_of_size(count) };
        let columns = fields.map(|field| column(field.name())).collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
    })
}

impl DisplayAs for FolderRows {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FolderRows: from the log")
    }
}

impl ExecutionPlan for FolderRows {
    fn name(&self) -> &'static str {
        "FolderRows"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![]
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, _: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (archive, chosen) = (self.archive.clone(), self.chosen.clone());
        let schema = self.schema.clone();
        let rows = async move {
            let files = match chosen {
                Some(chosen) => chosen,
                None => archive.files().await?.to_vec(),
            };
            let of_file = move |file| stream::iter(batches(schema.clone(), file));
            Ok::<_, datafusion::common::DataFusionError>(stream::iter(files).map(of_file).flatten())
        };
        let rows = stream::once(rows).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), rows)))
    }

    fn partition_statistics(&self, _: Option<usize>) -> Result<Arc<Statistics>> {
        Ok(Arc::new(self.statistics.clone()))
    }
}
