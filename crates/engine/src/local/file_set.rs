//! Parquet files of one shape, and their scan: those of the archive, or those of the projection.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, Result, ScalarValue, Statistics};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use octolake_event::layout;
use octolake_lake::LiveFile;
use octolake_store::Lake;
use octolake_tables::schema::{self, PARTITION_COLUMNS, name};

use super::pruning;

/// How the engine calls the lake's store; no real place.
pub(super) const STORE: &str = "lake://events";

/// The end of a file that is read first, in bytes: it holds the footer of nearly every file.
const FOOTER_READ: usize = 64 << 10;

/// What the files of a set hold, and where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Of one event type and date each, with payloads.
    Archive,
    /// Of one event type and month each, with dates in place of payloads.
    Projection,
    /// Of one month's jobs each.
    Facts,
}

impl Shape {
    /// The columns that are told by a file's folder.
    pub(super) fn folder_columns(self) -> &'static [&'static str] {
        match self {
            Self::Archive => &PARTITION_COLUMNS,
            Self::Projection => &["event_type"],
            Self::Facts => &[],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Archive => "events",
            Self::Projection => "projection",
            Self::Facts => "facts",
        }
    }

    fn key(self, file: &LiveFile) -> String {
        match self {
            Self::Archive => file.key(),
            Self::Projection => layout::projected_key(&file.path),
            Self::Facts => layout::facts_key(&file.path),
        }
    }
}

/// How a scan reads files of a shape.
#[derive(Debug, Clone)]
pub(super) struct FileSet {
    pub(super) shape: Shape,
    store: Arc<dyn ObjectStore>,
    /// Where files are fetched before they are asked for, if they are far away.
    lake: Option<Lake>,
    /// As a scan sees it: the columns in files, then those of the folder.
    scan_schema: TableSchema,
    /// The place in `scan_schema` of each column of the table.
    places: Vec<Option<usize>>,
}

impl FileSet {
    /// Files of a table that users see with this schema.
    pub(super) fn new(
        shape: Shape,
        store: Arc<dyn ObjectStore>,
        lake: Option<Lake>,
        schema: &SchemaRef,
    ) -> Self {
        let in_folder = |field: &&FieldRef| shape.folder_columns().contains(&field.name().as_str());
        let is_there =
            |field: &&FieldRef| shape != Shape::Projection || field.name() != name::PAYLOAD;
        let fields = || schema.fields().iter().filter(is_there);
        let in_files: Vec<FieldRef> = fields().filter(|f| !in_folder(f)).cloned().collect();
        let in_folders: Vec<FieldRef> = fields().filter(in_folder).cloned().collect();
        let scan_schema = TableSchema::builder(Arc::new(Schema::new(in_files)))
            .with_table_partition_cols(in_folders)
            .build();
        let whole = scan_schema.table_schema();
        let places = schema.fields().iter().map(|f| whole.index_of(f.name()).ok()).collect();
        let lake = lake.filter(|lake| lake.directory().is_none());
        Self { shape, store, lake, scan_schema, places }
    }

    /// The scan of those of the files that can hold rows; `None` where none can.
    pub(super) fn scan(
        &self,
        session: &dyn Session,
        schema: &SchemaRef,
        files: &[LiveFile],
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let (folder_columns, all) = (self.shape.folder_columns(), files.len());
        let files = pruning::files_for(session, schema, files, filters, folder_columns)?;
        if all > 0 {
            let (read, left_out) = (files.len(), all - files.len());
            tracing::info!(of = self.shape.name(), read, left_out, "files");
        }
        if files.is_empty() {
            return Ok(None);
        }
        self.warm(&files);
        let columns: Vec<usize> = match projection {
            Some(columns) => columns.iter().filter_map(|&column| self.place(column)).collect(),
            None => self.places.iter().flatten().copied().collect(),
        };
        let groups = self.balanced(&files, session.config().target_partitions());
        let url = ObjectStoreUrl::parse(STORE)?;
        let config = FileScanConfigBuilder::new(url, Arc::new(self.source(session)))
            .with_file_groups(groups)
            .with_statistics(statistics(self.scan_schema.table_schema(), &files))
            .with_projection_indices(Some(columns))?
            .with_limit(limit)
            .build();
        Ok(Some(DataSourceExec::from_data_source(config)))
    }

    /// Begins to fetch the files, many at once: a scan asks for a few at a time, and each answer of a
    /// store that is far away takes its time.
    fn warm(&self, files: &[&LiveFile]) {
        let Some(lake) = self.lake.clone() else { return };
        let files = files.iter().map(|file| (self.shape.key(file), file.bytes)).collect();
        tokio::spawn(async move { lake.warm(files).await });
    }

    fn place(&self, column: usize) -> Option<usize> {
        self.places.get(column).copied().flatten()
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

    /// The files in at most `groups` groups of about the same number of bytes: the largest first,
    /// each into the group that has least.
    fn balanced(&self, files: &[&LiveFile], groups: usize) -> Vec<FileGroup> {
        let mut files = files.to_vec();
        files.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
        let mut filled = vec![(0u64, Vec::new()); groups.clamp(1, files.len().max(1))];
        for file in files {
            if let Some((bytes, group)) = filled.iter_mut().min_by_key(|(bytes, _)| *bytes) {
                // A file costs a reading of its footer, however few its rows are.
                *bytes += file.bytes + FOOTER_READ as u64;
                group.push(self.partitioned_file(file));
            }
        }
        filled.into_iter().map(|(_, group)| FileGroup::new(group)).collect()
    }

    fn partitioned_file(&self, file: &LiveFile) -> PartitionedFile {
        let meta = ObjectMeta {
            location: Path::from(self.shape.key(file)),
            last_modified: file.modified,
            size: file.bytes,
            e_tag: None,
            version: None,
        };
        let values = folder_values(file, self.shape.folder_columns());
        PartitionedFile::new_from_meta(meta).with_partition_values(values)
    }
}

/// What is known of the rows of files without opening one. Columns but those of the archive's folders
/// have none: a statistic of each of 180 columns of each of thousands of files would cost more than
/// it saves.
pub(super) fn statistics(schema: &SchemaRef, files: &[&LiveFile]) -> Statistics {
    let mut statistics = Statistics::new_unknown(schema);
    // A file without rows is one whose statistics say nothing: another's writer left them out.
    if files.iter().any(|file| file.rows == 0) {
        return statistics;
    }
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    statistics.num_rows = Precision::Exact(rows as usize);
    statistics.total_byte_size = Precision::Inexact(bytes as usize);
    let types = || files.iter().map(|file| &file.partition.event_type);
    let of_types = (types().min(), types().max());
    let first = files.iter().map(|file| file.dates.0).min();
    let last = files.iter().map(|file| file.dates.1).max();
    let exactly = |min: ScalarValue, max: ScalarValue| ColumnStatistics {
        null_count: Precision::Exact(0),
        min_value: Precision::Exact(min),
        max_value: Precision::Exact(max),
        ..ColumnStatistics::new_unknown()
    };
    for (field, column) in schema.fields().iter().zip(&mut statistics.column_statistics) {
        match (field.name().as_str(), of_types, first.zip(last)) {
            ("event_type", (Some(min), Some(max)), _) => {
                let text =
                    |of: &octolake_event::EventType| ScalarValue::Utf8View(Some(of.to_string()));
                *column = exactly(text(min), text(max));
            }
            (name::DATE, _, Some((first, last))) => *column = exactly(day(first), day(last)),
            _ => {}
        }
    }
    statistics
}

fn day(date: chrono::NaiveDate) -> ScalarValue {
    let days = date.signed_duration_since(chrono::NaiveDate::default()).num_days();
    ScalarValue::Date32(i32::try_from(days).ok())
}

/// The value of one of the columns of the archive's folders.
pub(super) fn folder_value(file: &LiveFile, column: &str) -> ScalarValue {
    match column {
        name::DATE => day(file.partition.date),
        _ => ScalarValue::Utf8View(Some(file.partition.event_type.to_string())),
    }
}

/// The values of columns that are told by a file's folder, in their order.
pub(super) fn folder_values(file: &LiveFile, columns: &[&str]) -> Vec<ScalarValue> {
    columns.iter().map(|column| folder_value(file, column)).collect()
}

/// The schema with texts as views, which the engine reads without copying them.
pub(super) fn with_views(schema: &SchemaRef) -> SchemaRef {
    let view = |field: &FieldRef| match field.data_type() {
        DataType::Utf8 => Arc::new(Field::new(field.name(), DataType::Utf8View, true)),
        _ => field.clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(view).collect::<Vec<_>>()))
}

/// The same without the payload.
pub(super) fn without_payload(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().filter(|field| field.name() != name::PAYLOAD);
    Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()))
}

/// The schema that users see.
pub(super) fn table_schema() -> SchemaRef {
    with_views(&schema::table_schema())
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;
    use octolake_event::layout::Partition;

    use super::*;

    fn file(name: &str, bytes: u64) -> LiveFile {
        let path = format!("event_type=push/date=2026-03-02/{name}");
        let partition = Partition::of_file(&path).unwrap();
        LiveFile {
            facts: None,
            dates: (partition.date, partition.date),
            partition,
            path,
            bytes,
            rows: 1,
            modified: chrono::DateTime::UNIX_EPOCH,
            received_min: None,
            received_max: None,
        }
    }

    fn set(shape: Shape) -> FileSet {
        FileSet::new(shape, Arc::new(InMemory::new()), None, &table_schema())
    }

    #[test]
    fn groups_have_about_the_same_bytes() {
        let mega = 1 << 20;
        let files =
            [file("a", 9 * mega), file("b", 4 * mega), file("c", 3 * mega), file("d", 2 * mega)];
        let set = set(Shape::Archive);
        let groups = set.balanced(&files.iter().collect::<Vec<_>>(), 2);
        let sizes =
            |group: &FileGroup| group.iter().map(|f| f.object_meta.size / mega).collect::<Vec<_>>();
        assert_eq!(groups.iter().map(sizes).collect::<Vec<_>>(), [vec![9], vec![4, 3, 2]]);
        assert_eq!(set.balanced(&[&files[0]], 8).len(), 1);
    }

    #[test]
    fn a_folder_has_its_values() {
        // 2026-03-02 is day 20,514 since 1970-01-01.
        let values = folder_values(&file("a", 1), Shape::Archive.folder_columns());
        let push = ScalarValue::Utf8View(Some("push".into()));
        assert_eq!(values, [push.clone(), ScalarValue::Date32(Some(20_514))]);
        assert_eq!(folder_values(&file("a", 1), Shape::Projection.folder_columns()), [push]);
    }

    #[test]
    fn the_projection_has_every_column_but_the_payload() {
        let schema = table_schema();
        let has =
            |shape, column: &str| set(shape).place(schema.index_of(column).unwrap()).is_some();
        assert!(has(Shape::Archive, "payload") && !has(Shape::Projection, "payload"));
        assert!(has(Shape::Projection, "date") && has(Shape::Projection, "event_type"));
    }

    #[test]
    fn the_log_tells_how_many_rows_there_are_and_between_which_dates() {
        let (a, mut b) = (file("a", 1), file("b", 1));
        b.dates.1 = "2026-03-31".parse().unwrap();
        let schema = table_schema();
        let told = statistics(&schema, &[&a, &b]);
        assert_eq!(told.num_rows, Precision::Exact(2));
        let dates = &told.column_statistics[schema.index_of("date").unwrap()];
        assert_eq!(dates.max_value, Precision::Exact(ScalarValue::Date32(Some(20_543))));
        let unknown = LiveFile { rows: 0, ..a };
        assert_eq!(statistics(&schema, &[&unknown, &b]).num_rows, Precision::Absent);
    }
}
