//! The rows of a lake as one table, wherever they are read.
//!
//! What asks for no payload is read from the projection and the files that came after it; else, and
//! where there is no projection that can be used, from the archive. The archive's list of files is
//! read only when a statement needs it: it has a file for each event type and day.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result, Statistics};
use datafusion::datasource::TableType;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use object_store::ObjectStore;
use octolake_lake::{LiveFile, Projected, View};
use octolake_store::Lake;
use octolake_tables::schema::name;
use tokio::sync::OnceCell;

use super::file_set::{FileSet, STORE, Shape, statistics, table_schema};
use super::files_table::together;
use super::folder_rows::FolderRows;
use super::fresh_rows::FreshRows;
use super::pruning;

/// The files of the archive, read when they are needed.
#[derive(Debug, Clone)]
pub(super) struct Archive {
    /// The lake, and the version that is meant.
    at: Option<(Lake, u64)>,
    files: Arc<OnceCell<Vec<LiveFile>>>,
}

impl Archive {
    /// These files, whatever holds them.
    fn of(files: Vec<LiveFile>) -> Self {
        Self { at: None, files: Arc::new(OnceCell::new_with(Some(files))) }
    }

    /// Its files.
    pub(super) async fn files(&self) -> Result<&[LiveFile]> {
        let read = || async {
            let Some((lake, version)) = &self.at else { return Ok(vec![]) };
            let view = View::open_at(lake, *version).await;
            view.map_err(|error| DataFusionError::External(error.into()))
        };
        self.files.get_or_try_init(read).await.map(Vec::as_slice)
    }
}

/// `events`: the rows of all live files, and those that stand beside them.
#[derive(Debug)]
pub struct EventsTable {
    store: Arc<dyn ObjectStore>,
    archive: Archive,
    projected: Option<Projected>,
    fresh: FreshRows,
    /// As users see it: the order of `octolake_tables::schema::table_schema`.
    schema: SchemaRef,
    of_archive: FileSet,
    of_projection: FileSet,
}

impl EventsTable {
    /// The table that consists of `files` of the archive, whose keys are relative to `store`.
    pub fn new(store: Arc<dyn ObjectStore>, files: Vec<LiveFile>) -> Self {
        Self::of(store, Archive::of(files), None)
    }

    /// The table of a lake by way of its projection.
    pub fn projected(lake: &Lake, projected: Projected) -> Self {
        let at = Some((lake.clone(), projected.version));
        let archive = Archive { at, files: Arc::default() };
        Self::of(lake.store().clone(), archive, Some(projected))
    }

    fn of(store: Arc<dyn ObjectStore>, archive: Archive, projected: Option<Projected>) -> Self {
        let schema = table_schema();
        let lake = archive.at.as_ref().map(|(lake, _)| lake.clone());
        Self {
            of_archive: FileSet::new(Shape::Archive, store.clone(), lake.clone(), &schema),
            of_projection: FileSet::new(Shape::Projection, store.clone(), lake, &schema),
            fresh: FreshRows::default(),
            store,
            archive,
            projected,
            schema,
        }
    }

    /// The same with rows that are in no file yet, each batch with the file that would hold it; its
    /// path and its size do not matter.
    #[must_use]
    pub fn with_rows(self, rows: Vec<(LiveFile, RecordBatch)>) -> Self {
        Self { fresh: FreshRows::new(rows), ..self }
    }

    /// The files that its rows are in, as far as they are known, and those that would hold the rows
    /// beside them.
    pub(super) fn files(&self) -> impl Iterator<Item = &LiveFile> {
        let stored: [&[LiveFile]; 2] = match &self.projected {
            Some(projected) => [&projected.files, &projected.later],
            None => [self.archive.files.get().map_or(&[][..], Vec::as_slice), &[]],
        };
        stored.into_iter().flatten().chain(self.fresh.files())
    }

    /// Makes the table known to a session as `events`.
    pub(super) fn register(self, context: &SessionContext) -> Result<()> {
        let url = ObjectStoreUrl::parse(STORE)?;
        context.register_object_store(url.as_ref(), self.store.clone());
        context.register_table("events", Arc::new(self))?;
        Ok(())
    }

    /// What a scan asks of a row.
    fn asked<'a>(&'a self, projection: Option<&'a Vec<usize>>, filters: &[Expr]) -> Asked {
        let all = || 0..self.schema.fields().len();
        let columns = projection.map_or_else(|| all().collect(), Clone::clone);
        let name = |column: &usize| self.schema.fields().get(*column).map(|it| it.name().clone());
        let of_filters = filters.iter().flat_map(Expr::column_refs).map(|it| it.name.clone());
        let names: Vec<String> = columns.iter().filter_map(name).chain(of_filters).collect();
        let of_folders = |shape: Shape| {
            names.iter().all(|column| shape.folder_columns().contains(&column.as_str()))
        };
        if names.iter().any(|column| column == name::PAYLOAD) {
            Asked::Payload
        } else if of_folders(Shape::Projection) {
            Asked::Type
        } else if of_folders(Shape::Archive) {
            Asked::Folder
        } else {
            Asked::Columns
        }
    }

    /// What is known of all rows without opening a file, by way of the projection.
    fn statistics_of(&self, projected: &Projected) -> Statistics {
        statistics(&self.schema, &projected.all().collect::<Vec<_>>())
    }
}

/// What a scan asks of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Nothing but its event type, which the files of the projection tell as well.
    Type,
    /// Nothing but what the folder of its file tells.
    Folder,
    /// Something that the projection has.
    Columns,
    /// What only the archive has.
    Payload,
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
        let scan = |set: &FileSet, files: &[LiveFile]| {
            set.scan(session, &self.schema, files, projection, filters, limit)
        };
        let asked = self.asked(projection, filters);
        let mut parts = vec![];
        match (asked, &self.projected) {
            (Asked::Type | Asked::Folder, projected) => {
                let projected = projected.as_ref();
                let whole = projected.filter(|_| filters.is_empty());
                let whole = whole.map(|projected| self.statistics_of(projected));
                let archive = match projected.filter(|_| asked == Asked::Type) {
                    Some(projected) => Archive::of(projected.all().cloned().collect()),
                    None => self.archive.clone(),
                };
                let rows = FolderRows::plan(archive, session, projection, filters, whole);
                parts.push(rows.await?);
            }
            (Asked::Columns, Some(projected)) => {
                parts.extend(scan(&self.of_projection, &projected.files)?);
                parts.extend(scan(&self.of_archive, &projected.later)?);
            }
            _ => parts.extend(scan(&self.of_archive, self.archive.files().await?)?),
        }
        parts.extend(self.fresh.scan(session, &self.schema, projection, filters)?);
        together(parts, &self.schema, projection)
    }

    /// What asks for folders alone is settled by choosing files, but for dates where a file has those
    /// of a month.
    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let columns = match self.projected {
            Some(_) => Shape::Projection.folder_columns(),
            None => Shape::Archive.folder_columns(),
        };
        let support = |filter: &&Expr| match pruning::is_of_folder(filter, columns) {
            true => TableProviderFilterPushDown::Exact,
            false => TableProviderFilterPushDown::Inexact,
        };
        Ok(filters.iter().map(support).collect())
    }
}
