//! What is known of jobs without reading their deliveries, where the projection keeps facts.
//!
//! Rows of the same job must be merged, which costs more than to read them. But most need not be:
//! GitHub numbers jobs in their order, so that two months have few numbers in common. Which those are
//! follows from the ranges of ids that the log tells of each file; a job that is in one file's range
//! only has one row, whatever else there is. Where numbers come in another way, more is merged, and
//! the answer is the same.

mod alone;
mod unlisted;

use std::sync::Arc;

use datafusion::catalog::SchemaProvider;
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::logical_expr::{ScalarUDF, col};
use datafusion::prelude::SessionContext;
use octolake_lake::{LiveFile, Projected};
use octolake_reports::facts::{ALONE, BESIDE, NAMES, REPOSITORIES, SCHEMA, SHARED};
use octolake_store::Lake;
use octolake_tables::facts::{self, job};

use self::alone::{IsAlone, Ranges, meet, parted};
use self::unlisted::Unlisted;
use super::file_set::{FileSet, Shape, table_schema, with_views, without_payload};
use super::files_table::FilesTable;

/// What the engine calls its catalog.
const DEFAULT_CATALOG: &str = "datafusion";

/// The facts of a lake's jobs, and the deliveries that none were made of.
#[derive(Debug)]
pub(super) struct JobFacts {
    facts: Arc<FilesTable>,
    beside: Arc<FilesTable>,
}

impl JobFacts {
    /// Those of a lake; `None` where it has no facts.
    pub(super) fn of(lake: &Lake, projected: &Projected) -> Option<Self> {
        let is_of_jobs = |file: &&LiveFile| file.partition.event_type.as_str() == facts::JOB_EVENT;
        let (with, without): (Vec<&LiveFile>, Vec<&LiveFile>) =
            projected.files.iter().filter(is_of_jobs).partition(|file| file.facts.is_some());
        let of_facts: Vec<LiveFile> = with.iter().filter_map(|file| of_facts(file)).collect();
        if of_facts.is_empty() {
            return None;
        }
        let set =
            |shape, schema| FileSet::new(shape, lake.store().clone(), Some(lake.clone()), schema);
        let jobs = with_views(&facts::job_schema());
        let rows = without_payload(&table_schema());
        let later = projected.later.iter().filter(is_of_jobs).cloned().collect();
        let without = without.into_iter().cloned().collect();
        Some(Self {
            facts: Arc::new(FilesTable::new(
                vec![(set(Shape::Facts, &jobs), of_facts)],
                jobs.clone(),
            )),
            beside: Arc::new(FilesTable::new(
                vec![(set(Shape::Projection, &rows), without), (set(Shape::Archive, &rows), later)],
                rows,
            )),
        })
    }

    /// Makes the tables known that queries over facts read.
    pub(super) async fn register(&self, context: &SessionContext) -> Result<()> {
        let unlisted = Arc::new(Unlisted::default());
        let catalog = context.catalog(DEFAULT_CATALOG);
        let catalog = catalog.ok_or_else(|| internal_datafusion_err!("there is no catalog"))?;
        catalog.register_schema(SCHEMA, unlisted.clone())?;
        unlisted.register_table(BESIDE.to_owned(), self.beside.clone())?;
        let beside = match self.beside.has_files() {
            true => range_beside(context).await?,
            false => None,
        };
        let ids = self.facts.files().filter_map(|file| file.facts.as_ref());
        let Ranges { alone, shared } = parted(ids.flat_map(|it| &it.ids), beside);
        let is_alone = ScalarUDF::from(IsAlone::new(alone)).call(vec![col(job::JOB_ID)]);
        let is_shared = |file: &LiveFile| file.facts.iter().any(|it| meet(&it.ids, &shared));
        let with_shared = Arc::new(self.facts.of_files(is_shared));
        let of_names = told_of_names();
        let of_names: Vec<&str> = of_names.iter().map(String::as_str).collect();
        for (name, files, condition) in
            [(ALONE, &self.facts, is_alone.clone()), (SHARED, &with_shared, is_alone.is_not_true())]
        {
            let jobs = context.read_table(files.clone())?;
            let jobs = jobs.filter(condition)?.drop_columns(&of_names)?;
            unlisted.register_table(name.to_owned(), jobs.into_view())?;
        }
        let names =
            context.read_table(self.facts.clone())?.filter(col(job::REPO_NAME).is_not_null())?;
        let told = of_names.iter().zip(NAMES).map(|(column, name)| col(*column).alias(name));
        let columns = [job::SOURCE, job::REPO_ID].into_iter().map(col).chain(told);
        unlisted.register_table(REPOSITORIES.to_owned(), names.select(columns)?.into_view())?;
        Ok(())
    }
}

/// The columns that tell the names of repositories.
fn told_of_names() -> [String; 3] {
    let name = job::REPO_NAME;
    [name.to_owned(), format!("{name}_told_ms"), format!("{name}_arrived_ms")]
}

/// The facts beside a file, as a file.
fn of_facts(file: &LiveFile) -> Option<LiveFile> {
    let facts = file.facts.as_ref()?;
    Some(LiveFile { bytes: facts.bytes, rows: facts.rows, ..file.clone() })
}

/// From which id to which the deliveries go that no facts were made of; `None` where they name none.
async fn range_beside(context: &SessionContext) -> Result<Option<(i64, i64)>> {
    let sql = format!("select min(workflow_job_id), max(workflow_job_id) from {SCHEMA}.{BESIDE}");
    let rows = context.sql(&sql).await?.collect().await?;
    let number = |column: usize| {
        let column = rows.first()?.column(column);
        let numbers = datafusion::common::cast::as_int64_array(column).ok()?;
        numbers.iter().next().flatten()
    };
    Ok(number(0).zip(number(1)))
}
