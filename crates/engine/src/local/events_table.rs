//! The live files of a lake as one table.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{Result, ScalarValue, Statistics, project_schema};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::prelude::SessionContext;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use octolake_lake::LiveFile;
use octolake_tables::schema::{self, PARTITION_COLUMNS};

use super::fresh_rows::FreshRows;
use super::pruning;

/// How the engine calls the lake's store; no real place.
const STORE: &str = "lake://events";

/// The end of a file that is read first, in bytes: it holds the footer of nearly every file.
const FOOTER_READ: usize = 64 << 10;

/// `events`: the rows of all live files, and those that stand beside them, with the partition columns.
#[derive(Debug)]
pub struct EventsTable {
    store: Arc<dyn ObjectStore>,
    files: Vec<LiveFile>,
    fresh: FreshRows,
    /// As users see it: the order of `octolake_tables::schema::table_schema`.
    schema: SchemaRef,
    /// As a scan sees it: the columns in files, then those of the partition.
    scan_schema: TableSchema,
    /// The place in `scan_schema` of each column of `schema`.
    places: Vec<usize>,
}

impl EventsTable {
    /// The table that consists of `files`, whose keys are relative to `store`.
    pub fn new(store: Arc<dyn ObjectStore>, files: Vec<LiveFile>) -> Self {
        let schema = with_views(&schema::table_schema());
        let is_partition = |field: &&FieldRef| PARTITION_COLUMNS.contains(&field.name().as_str());
        let in_files: Vec<FieldRef> =
            schema.fields().iter().filter(|f| !is_partition(f)).cloned().collect();
        let in_folders: Vec<FieldRef> =
            schema.fields().iter().filter(is_partition).cloned().collect();
        let scan_schema = TableSchema::builder(Arc::new(Schema::new(in_files)))
            .with_table_partition_cols(in_folders)
            .build();
        let whole = scan_schema.table_schema();
        let places = schema.fields().iter().filter_map(|f| whole.index_of(f.name()).ok()).collect();
        Self { store, files, fresh: FreshRows::default(), schema, scan_schema, places }
    }

    /// The same with rows that are in no file yet, each batch with the file that would hold it; its
    /// path and its size do not matter.
    #[must_use]
    pub fn with_rows(self, rows: Vec<(LiveFile, RecordBatch)>) -> Self {
        Self { fresh: FreshRows::new(rows), ..self }
    }

    /// The files that it consists of, and those that would hold the rows beside them.
    pub(super) fn files(&self) -> impl Iterator<Item = &LiveFile> {
        self.files.iter().chain(self.fresh.files())
    }

    /// Makes the table known to a session as `events`.
    pub(super) fn register(self, context: &SessionContext) -> Result<()> {
        let url = ObjectStoreUrl::parse(STORE)?;
        context.register_object_store(url.as_ref(), self.store.clone());
        context.register_table("events", Arc::new(self))?;
        Ok(())
    }

    fn source(&self, session: &dyn Session) -> ParquetSource {
        let cache = session.runtime_env().cache_manager.get_file_metadata_cache();
        let options = TableParquetOptions {
            global: session.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        ParquetSource::new(self.scan_schema.clone())
            .with_table_parquet_options(options)
            .with_metadata_size_hint(FOOTER_READ)
            .with_parquet_file_reader_factory(Arc::new(CachedParquetFileReaderFactory::new(
                self.store.clone(),
                cache,
            )))
    }

    /// What is known without opening a file. Columns have none: a statistic of each of 180 columns
    /// of each of thousands of files would cost more than it saves.
    fn statistics(&self, files: &[&LiveFile]) -> Statistics {
        let rows: u64 = files.iter().map(|file| file.rows).sum();
        let bytes: u64 = files.iter().map(|file| file.bytes).sum();
        let mut statistics = Statistics::new_unknown(self.scan_schema.table_schema());
        // A file without rows is one whose statistics say nothing: another's writer left them out.
        let known = files.iter().all(|file| file.rows > 0);
        statistics.num_rows =
            if known { Precision::Exact(rows as usize) } else { Precision::Absent };
        statistics.total_byte_size = Precision::Inexact(bytes as usize);
        statistics
    }

    /// The scan of the files that can hold rows; `None` where none can.
    fn scan_files(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let files = pruning::files_for(session, &self.schema, &self.files, filters)?;
        if files.is_empty() {
            return Ok(None);
        }
        let columns = match projection {
            Some(columns) => columns.iter().map(|&column| self.places[column]).collect(),
            None => self.places.clone(),
        };
        let groups = balanced(&files, session.config().target_partitions());
        let url = ObjectStoreUrl::parse(STORE)?;
        let config = FileScanConfigBuilder::new(url, Arc::new(self.source(session)))
            .with_file_groups(groups)
            .with_statistics(self.statistics(&files))
            .with_projection_indices(Some(columns))?
            .with_limit(limit)
            .build();
        Ok(Some(DataSourceExec::from_data_source(config)))
    }
}

#[async_trait]
impl TableProvider for EventsTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let stored = self.scan_files(session, projection, filters, limit)?;
        let fresh = self.fresh.scan(session, &self.schema, projection, filters)?;
        let both: Vec<_> = stored.into_iter().chain(fresh).collect();
        if both.is_empty() {
            let schema = project_schema(&self.schema, projection)?;
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        UnionExec::try_new(both)
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| match pruning::is_of_partition(filter) {
            true => TableProviderFilterPushDown::Exact,
            false => TableProviderFilterPushDown::Inexact,
        };
        Ok(filters.iter().map(support).collect())
    }
}

/// The schema with texts as views, which the engine reads without copying them.
fn with_views(schema: &SchemaRef) -> SchemaRef {
    let view = |field: &FieldRef| match field.data_type() {
        DataType::Utf8 => Arc::new(Field::new(field.name(), DataType::Utf8View, true)),
        _ => field.clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(view).collect::<Vec<_>>()))
}

/// The files in at most `groups` groups of about the same number of bytes: the largest first, each
/// into the group that has least.
fn balanced(files: &[&LiveFile], groups: usize) -> Vec<FileGroup> {
    let mut files = files.to_vec();
    files.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
    let mut filled = vec![(0u64, Vec::new()); groups.clamp(1, files.len().max(1))];
    for file in files {
        if let Some((bytes, group)) = filled.iter_mut().min_by_key(|(bytes, _)| *bytes) {
            // A file costs a reading of its footer, however few its rows are.
            *bytes += file.bytes + FOOTER_READ as u64;
            group.push(partitioned_file(file));
        }
    }
    filled.into_iter().map(|(_, group)| FileGroup::new(group)).collect()
}

fn partitioned_file(file: &LiveFile) -> PartitionedFile {
    let meta = ObjectMeta {
        location: Path::from(file.key()),
        last_modified: file.modified,
        size: file.bytes,
        e_tag: None,
        version: None,
    };
    PartitionedFile::new_from_meta(meta).with_partition_values(partition_values(file).to_vec())
}

/// The values of the partition columns, in their order.
pub(super) fn partition_values(file: &LiveFile) -> [ScalarValue; 2] {
    let days = file.partition.date.signed_duration_since(chrono::NaiveDate::default()).num_days();
    [
        ScalarValue::Utf8View(Some(file.partition.event_type.to_string())),
        ScalarValue::Date32(i32::try_from(days).ok()),
    ]
}

#[cfg(test)]
mod tests {
    use octolake_event::layout::Partition;

    use super::*;

    fn file(name: &str, bytes: u64) -> LiveFile {
        let path = format!("event_type=push/date=2026-03-02/{name}");
        LiveFile {
            partition: Partition::of_file(&path).unwrap(),
            path,
            bytes,
            rows: 1,
            modified: chrono::DateTime::UNIX_EPOCH,
            received_min: None,
            received_max: None,
        }
    }

    #[test]
    fn groups_have_about_the_same_bytes() {
        let mega = 1 << 20;
        let files =
            [file("a", 9 * mega), file("b", 4 * mega), file("c", 3 * mega), file("d", 2 * mega)];
        let groups = balanced(&files.iter().collect::<Vec<_>>(), 2);
        let sizes =
            |group: &FileGroup| group.iter().map(|f| f.object_meta.size / mega).collect::<Vec<_>>();
        assert_eq!(groups.iter().map(sizes).collect::<Vec<_>>(), [vec![9], vec![4, 3, 2]]);
        assert_eq!(balanced(&[&files[0]], 8).len(), 1);
    }

    #[test]
    fn a_partition_has_its_values() {
        // 2026-03-02 is day 20,514 since 1970-01-01.
        let [event_type, date] = partition_values(&file("a", 1));
        assert_eq!(event_type, ScalarValue::Utf8View(Some("push".into())));
        assert_eq!(date, ScalarValue::Date32(Some(20_514)));
    }
}
