//! Columns that came after a table was made.
//!
//! A table has in its log the columns that it was made with. A version of octolake that writes more
//! of them adds them first, in a commit of its own: the new schema is the old one with the missing
//! columns behind it, and everything else of the table's metadata stays as it is. Files are not
//! touched; what a file lacks, every reader reads as NULL.

use deltalake::DeltaTableError;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::transaction::CommitProperties;
use deltalake::kernel::{StructField, StructType};
use octolake_tables::schema;

use crate::commit::is_conflict;
use crate::error::LakeError;
use crate::table::Table;

/// How often another may be first, before the next run has to do it.
pub(crate) const ATTEMPTS: u32 = 10;

impl Table {
    /// Adds the columns that octolake writes and the table does not have; gives their names. Most
    /// tables lack none, and nothing is committed.
    ///
    /// # Errors
    /// The commit failed, and not because another was first.
    pub async fn add_missing_columns(&mut self) -> Result<Vec<String>, LakeError> {
        let mut attempts = ATTEMPTS;
        loop {
            let missing = self.missing_columns().map_err(|error| self.commit_error(error))?;
            if missing.is_empty() {
                return Ok(vec![]);
            }
            let names = missing.iter().map(|field| field.name().clone()).collect();
            let added = self
                .delta
                .clone()
                .add_columns()
                .with_fields(missing)
                .with_commit_properties(CommitProperties::default().with_max_retries(0))
                .await;
            self.refresh().await?;
            attempts -= 1;
            match added {
                Ok(_) => return Ok(names),
                Err(error) if !is_conflict(&error) || attempts == 0 => {
                    return Err(self.commit_error(error));
                }
                // Another was first, and may have added them itself.
                Err(_) => {}
            }
        }
    }

    fn missing_columns(&self) -> Result<Vec<StructField>, DeltaTableError> {
        let ours: StructType =
            schema::table_schema().as_ref().try_into_kernel().map_err(DeltaTableError::generic)?;
        let has = self.delta.snapshot()?.schema();
        Ok(ours.fields().filter(|field| has.field(field.name()).is_none()).cloned().collect())
    }

    pub(crate) fn commit_error(&self, error: DeltaTableError) -> LakeError {
        LakeError::Commit { lake: self.lake.name().to_owned(), source: Box::new(error) }
    }
}
