//! Saying when a query wrote to the disk what its memory did not hold.

use std::sync::Arc;

use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt as _, stream};

/// The rows of a plan; at their end it is told what was spilled.
pub(super) fn told(
    plan: Arc<dyn ExecutionPlan>,
    rows: SendableRecordBatchStream,
) -> SendableRecordBatchStream {
    let schema = rows.schema();
    let end = stream::once(async move {
        let spilled = spilled(plan.as_ref());
        if spilled.bytes > 0 {
            let (files, bytes) = (spilled.files, spilled.bytes);
            tracing::info!(files, bytes, "spilled to the disk: --max-memory gives it more");
        }
    });
    let rows = rows.chain(end.filter_map(|()| async { None }));
    Box::pin(RecordBatchStreamAdapter::new(schema, rows.boxed()))
}

/// What a plan has written to the disk while it ran.
#[derive(Debug, Default, PartialEq, Eq)]
struct Spilled {
    files: usize,
    bytes: usize,
}

fn spilled(plan: &dyn ExecutionPlan) -> Spilled {
    let own = plan.metrics().unwrap_or_default();
    let mut all = Spilled {
        files: own.spill_count().unwrap_or_default(),
        bytes: own.spilled_bytes().unwrap_or_default(),
    };
    for child in plan.children() {
        let of_child = spilled(child.as_ref());
        all.files += of_child.files;
        all.bytes += of_child.bytes;
    }
    all
}

#[cfg(test)]
mod tests {
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use datafusion::physical_plan::execute_stream;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    /// What is spilled, and how many rows come, of a sort of a million numbers.
    async fn sorted(memory: usize) -> (Spilled, usize) {
        let runtime = RuntimeEnvBuilder::new().with_memory_limit(memory, 1.0).build_arc().unwrap();
        let config = SessionConfig::new().with_target_partitions(1);
        let context = SessionContext::new_with_config_rt(config, runtime);
        let sql = "select value, cast(value as varchar) || repeat('x', 40) as text \
                   from generate_series(1, 1000000) order by value desc";
        let plan = context.sql(sql).await.unwrap().create_physical_plan().await.unwrap();
        let rows = execute_stream(plan.clone(), context.task_ctx()).unwrap();
        let batches: Vec<_> = told(plan.clone(), rows).collect().await;
        (spilled(plan.as_ref()), batches.iter().map(|it| it.as_ref().unwrap().num_rows()).sum())
    }

    #[tokio::test]
    async fn what_memory_does_not_hold_is_counted() {
        let (spilled, rows) = sorted(40 << 20).await;
        assert!(spilled.files > 0 && spilled.bytes > 1 << 20, "{spilled:?}");
        assert_eq!(rows, 1_000_000);
        assert_eq!(sorted(1 << 30).await, (Spilled::default(), 1_000_000));
    }
}
