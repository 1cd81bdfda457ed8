//! Which files can hold a row that is asked for, told without opening any.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, RecordBatch, TimestampMicrosecondArray, UInt64Array,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::cast::as_boolean_array;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{Column, DFSchema, Result, ScalarValue};
use datafusion::datasource::listing::helpers::expr_applicable_for_cols;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use octolake_lake::LiveFile;
use octolake_tables::facts::job;
use octolake_tables::schema::name;

use super::file_set::folder_value;

/// Columns of moments at which deliveries arrived that a file's rows are made of.
const ARRIVALS: [&str; 3] = [name::RECEIVED_AT, "arrived_at", job::LAST_ARRIVED_AT];

/// Whether a filter asks for nothing but columns of folders: it is then settled by [`files_for`].
pub(super) fn is_of_folder(filter: &Expr, columns: &[&str]) -> bool {
    let asks_a_query = filter.exists(|part| {
        Ok(matches!(
            part,
            Expr::ScalarSubquery(_)
                | Expr::InSubquery(_)
                | Expr::Exists(_)
                | Expr::SetComparison(_)
                | Expr::OuterReferenceColumn(..)
        ))
    });
    expr_applicable_for_cols(columns, filter) && !asks_a_query.unwrap_or(true)
}

/// The files that can hold rows for which all filters are true. Filters of the columns that are told
/// by folders are applied exactly; others leave a file out where the range of its `received_at` or of
/// its dates proves that it has no such row.
pub(super) fn files_for<'a>(
    session: &dyn Session,
    schema: &SchemaRef,
    files: &'a [LiveFile],
    filters: &[Expr],
    folder_columns: &[&str],
) -> Result<Vec<&'a LiveFile>> {
    let (of_folder, others): (Vec<Expr>, Vec<Expr>) =
        filters.iter().cloned().partition(|filter| is_of_folder(filter, folder_columns));
    let mut files: Vec<&LiveFile> = files.iter().collect();
    if let Some(filter) = conjunction(of_folder) {
        files = by_folder(session, &files, filter, folder_columns)?;
    }
    if let Some(filter) = conjunction(others) {
        files = by_range(session, schema, files, filter)?;
    }
    Ok(files)
}

/// Evaluates the filter on the values of each file's folder.
fn by_folder<'a>(
    session: &dyn Session,
    files: &[&'a LiveFile],
    filter: Expr,
    columns: &[&str],
) -> Result<Vec<&'a LiveFile>> {
    if files.is_empty() {
        return Ok(vec![]);
    }
    let kind = |column: &str| match column {
        name::DATE => DataType::Date32,
        _ => DataType::Utf8View,
    };
    let fields = columns.iter().map(|name| Field::new(*name, kind(name), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let values = columns.iter().map(|column| {
        ScalarValue::iter_to_array(files.iter().map(|file| folder_value(file, column)))
    });
    let batch = RecordBatch::try_new(schema.clone(), values.collect::<Result<_>>()?)?;
    let filter = session.create_physical_expr(filter, &DFSchema::try_from(schema)?)?;
    let kept = filter.evaluate(&batch)?.into_array(batch.num_rows())?;
    let kept = as_boolean_array(&kept)?.iter();
    Ok(files
        .iter()
        .zip(kept)
        .filter_map(|(file, kept)| (kept == Some(true)).then_some(*file))
        .collect())
}

fn by_range<'a>(
    session: &dyn Session,
    schema: &SchemaRef,
    files: Vec<&'a LiveFile>,
    filter: Expr,
) -> Result<Vec<&'a LiveFile>> {
    let filter = session.create_physical_expr(filter, &DFSchema::try_from(schema.clone())?)?;
    // What cannot be turned into a question about ranges leaves out nothing.
    let builder = PruningPredicateBuilder::new().with_file_schema(schema.clone());
    let Ok(predicate) = builder.try_build(filter) else {
        return Ok(files);
    };
    let Ok(kept) = predicate.prune(&Ranges(&files)) else {
        return Ok(files);
    };
    Ok(files.into_iter().zip(kept).filter_map(|(file, kept)| kept.then_some(file)).collect())
}

/// The ranges of arrivals and of the dates of files; nothing is known of other columns.
struct Ranges<'a>(&'a [&'a LiveFile]);

impl Ranges<'_> {
    fn dates(&self, column: &Column, date: impl Fn(&LiveFile) -> NaiveDate) -> Option<ArrayRef> {
        let days = |file: &&LiveFile| {
            let days = date(file).signed_duration_since(NaiveDate::default()).num_days();
            i32::try_from(days).ok()
        };
        let dates = || self.0.iter().map(days).collect::<Date32Array>();
        (column.name() == name::DATE).then(|| Arc::new(dates()) as Arc<dyn Array>)
    }

    fn times(
        &self,
        column: &Column,
        time: impl Fn(&LiveFile) -> Option<DateTime<Utc>>,
    ) -> Option<ArrayRef> {
        let micros = |file: &&LiveFile| time(file).map(|at| at.timestamp_micros());
        let times = || self.0.iter().map(micros).collect::<TimestampMicrosecondArray>();
        ARRIVALS
            .contains(&column.name())
            .then(|| Arc::new(times().with_timezone("UTC")) as Arc<dyn Array>)
    }
}

impl PruningStatistics for Ranges<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.times(column, |file| file.received_min)
            .or_else(|| self.dates(column, |file| file.dates.0))
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        // The log keeps milliseconds, cut off: the latest may be later by less than one.
        let last =
            |file: &LiveFile| file.received_max?.checked_add_signed(TimeDelta::milliseconds(1));
        self.times(column, last).or_else(|| self.dates(column, |file| file.dates.1))
    }

    fn num_containers(&self) -> usize {
        self.0.len()
    }

    fn null_counts(&self, _column: &Column) -> Option<ArrayRef> {
        None
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.0.iter().map(|file| Some(file.rows)).collect::<UInt64Array>()))
    }

    fn contained(&self, _column: &Column, _values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

#[cfg(test)]
mod tests {
    use datafusion::common::ScalarValue;
    use datafusion::logical_expr::{col, lit};
    use datafusion::prelude::SessionContext;
    use octolake_event::layout::Partition;
    use octolake_tables::schema::PARTITION_COLUMNS;

    use super::*;

    fn file(partition: &str, received: Option<(&str, &str)>) -> LiveFile {
        let path = format!("{partition}/x.parquet");
        let partition = Partition::of_file(&path).unwrap();
        LiveFile {
            facts: None,
            dates: (partition.date, partition.date),
            partition,
            path,
            bytes: 1,
            rows: 1,
            modified: DateTime::UNIX_EPOCH,
            received_min: received.map(|(min, _)| min.parse().unwrap()),
            received_max: received.map(|(_, max)| max.parse().unwrap()),
        }
    }

    /// The places of the files that are left.
    fn left(filters: &[Expr]) -> Vec<usize> {
        let files = [
            file(
                "event_type=push/date=2026-03-01",
                Some(("2026-03-01T08:00:00Z", "2026-03-01T09:00:00Z")),
            ),
            file(
                "event_type=push/date=2026-03-02",
                Some(("2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z")),
            ),
            file("event_type=star/date=2026-03-02", None),
        ];
        let schema = octolake_tables::schema::table_schema();
        let state = SessionContext::new().state();
        let left = files_for(&state, &schema, &files, filters, &PARTITION_COLUMNS).unwrap();
        left.iter().map(|left| files.iter().position(|file| file == *left).unwrap()).collect()
    }

    fn moment(text: &str) -> Expr {
        let micros = text.parse::<DateTime<Utc>>().unwrap().timestamp_micros();
        lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())))
    }

    #[test]
    fn filters_of_partitions_are_exact() {
        let push = col("event_type").eq(lit("push"));
        let second = col("date").eq(lit(ScalarValue::Date32(Some(20_514))));
        assert_eq!(left(&[]), [0, 1, 2]);
        assert_eq!(left(std::slice::from_ref(&push)), [0, 1]);
        assert_eq!(left(&[push.clone(), second.clone()]), [1]);
        assert_eq!(left(&[push.clone().or(second.clone())]), [0, 1, 2]);
        assert_eq!(left(&[push.and(lit(false))]), [0_usize; 0]);
        assert!(is_of_folder(&second, &PARTITION_COLUMNS));
    }

    #[test]
    fn ranges_of_arrival_leave_out_what_they_rule_out() {
        let since = |text: &str| col("received_at").gt_eq(moment(text));
        assert!(!is_of_folder(&since("2026-03-02T00:00:00Z"), &PARTITION_COLUMNS));
        // Where nothing is known of a file's arrivals, it stays.
        assert_eq!(left(&[since("2026-03-02T00:00:00Z")]), [1, 2]);
        assert_eq!(left(&[since("2026-03-02T09:00:00.001Z")]), [1, 2]);
        assert_eq!(left(&[since("2026-03-02T09:00:01Z")]), [2]);
        assert_eq!(left(&[col("received_at").lt(moment("2026-03-02T08:00:00Z"))]), [0, 2]);
        // A question about another column rules out nothing.
        assert_eq!(left(&[col("repo_id").eq(lit(7i64))]), [0, 1, 2]);
    }
}
