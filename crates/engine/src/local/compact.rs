//! Rows that hold no more memory than they need.
//!
//! An aggregate hands out its groups in pieces, each of which is a window on the whole: the pool
//! that bounds a query would count the whole once for every piece that a sort or an exchange behind
//! it holds, and a query of a hundred megabytes ends at a gigabyte. So each piece is copied right
//! behind the aggregate, which costs a few milliseconds per million rows.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch, UInt32Array};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::tree_node::{
    Transformed, TransformedResult as _, TreeNode as _, TreeNodeRecursion,
};
use datafusion::config::ConfigOptions;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
};
use futures::StreamExt as _;

/// Puts a copy behind each aggregate of a plan.
#[derive(Debug)]
pub(super) struct CompactAggregates;

impl PhysicalOptimizerRule for CompactAggregates {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let compact = |plan: Arc<dyn ExecutionPlan>| match plan.downcast_ref::<AggregateExec>() {
            Some(aggregate) if !aggregate.group_expr().is_empty() => {
                Transformed::yes(Arc::new(Compact { input: plan }) as Arc<dyn ExecutionPlan>)
            }
            _ => Transformed::no(plan),
        };
        plan.transform_up(|plan| Ok(compact(plan))).data()
    }

    fn name(&self) -> &str {
        "compact_aggregates"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Gives its input's rows in batches of their own.
#[derive(Debug)]
struct Compact {
    input: Arc<dyn ExecutionPlan>,
}

impl DisplayAs for Compact {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Compact")
    }
}

impl ExecutionPlan for Compact {
    fn name(&self) -> &str {
        "Compact"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut children = children.into_iter();
        let input = children.next().unwrap_or_else(|| self.input.clone());
        Ok(Arc::new(Self { input }))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let rows = self.input.execute(partition, context)?;
        let schema = rows.schema();
        let rows = rows.map(|batch| batch.and_then(|batch| compacted(&batch)));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}

/// The same rows, which share nothing with others.
fn compacted(batch: &RecordBatch) -> Result<RecordBatch> {
    let rows: UInt32Array = (0..u32::try_from(batch.num_rows()).unwrap_or(u32::MAX)).collect();
    let copied = |column: &ArrayRef| -> Result<ArrayRef> {
        Ok(match column.data_type() {
            DataType::Utf8View => Arc::new(column.as_string_view().gc()),
            DataType::BinaryView => Arc::new(column.as_binary_view().gc()),
            _ => take(column, &rows, None)?,
        })
    };
    if batch.num_columns() == 0 {
        return Ok(batch.clone());
    }
    let columns = batch.columns().iter().map(copied).collect::<Result<_>>()?;
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Int64Array, StringViewArray};

    use super::*;

    #[test]
    fn a_piece_holds_what_it_shows() {
        let numbers: Int64Array = (0..100_000).collect();
        let texts: StringViewArray =
            (0..100_000).map(|n| Some(format!("a text that is longer {n}"))).collect();
        let whole = RecordBatch::try_from_iter([
            ("n", Arc::new(numbers) as ArrayRef),
            ("t", Arc::new(texts) as ArrayRef),
        ])
        .unwrap();
        let piece = whole.slice(50_000, 100);
        assert!(piece.get_array_memory_size() > 1_000_000);
        let copied = compacted(&piece).unwrap();
        assert_eq!(copied, piece);
        // 100 numbers of 8 bytes, views of 16, and texts of 27.
        assert!(copied.get_array_memory_size() < 20_000, "{}", copied.get_array_memory_size());
    }
}
