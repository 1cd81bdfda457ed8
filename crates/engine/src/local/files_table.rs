//! A table that consists of files of one or several sets, and of nothing else.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, project_schema};
use datafusion::datasource::TableType;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use octolake_lake::LiveFile;

use super::file_set::FileSet;

/// The rows of files.
#[derive(Debug)]
pub(super) struct FilesTable {
    sets: Vec<(FileSet, Vec<LiveFile>)>,
    schema: SchemaRef,
}

impl FilesTable {
    /// The rows of files whose sets have this schema.
    pub(super) fn new(sets: Vec<(FileSet, Vec<LiveFile>)>, schema: SchemaRef) -> Self {
        Self { sets, schema }
    }

    /// Its files.
    pub(super) fn files(&self) -> impl Iterator<Item = &LiveFile> {
        self.sets.iter().flat_map(|(_, files)| files)
    }

    /// The rows of some of its files.
    pub(super) fn of_files(&self, is_wanted: impl Fn(&LiveFile) -> bool) -> Self {
        let wanted =
            |files: &[LiveFile]| files.iter().filter(|it| is_wanted(it)).cloned().collect();
        let sets = self.sets.iter().map(|(set, files)| (set.clone(), wanted(files)));
        Self { sets: sets.collect(), schema: self.schema.clone() }
    }

    /// Whether there is any.
    pub(super) fn has_files(&self) -> bool {
        self.files().next().is_some()
    }
}

/// The rows of all parts of a table with this schema; there may be none.
pub(super) fn together(
    parts: Vec<Arc<dyn ExecutionPlan>>,
    schema: &SchemaRef,
    projection: Option<&Vec<usize>>,
) -> Result<Arc<dyn ExecutionPlan>> {
    if parts.is_empty() {
        return Ok(Arc::new(EmptyExec::new(project_schema(schema, projection)?)));
    }
    UnionExec::try_new(parts)
}

#[async_trait]
impl TableProvider for FilesTable {
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
        let mut parts = vec![];
        for (set, files) in &self.sets {
            parts.extend(set.scan(session, &self.schema, files, projection, filters, limit)?);
        }
        together(parts, &self.schema, projection)
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}
