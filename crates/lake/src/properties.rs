//! What the table's properties say of its log, and those that an older table lacks.
//!
//! A log is read from its newest checkpoint on, and what is before that is history: a week of it is
//! kept. A table that an older version made gets what it lacks in a commit of its own; what somebody
//! has set to another value stays.

use std::collections::HashMap;

use deltalake::kernel::transaction::CommitProperties;

use crate::columns::ATTEMPTS;
use crate::commit::is_conflict;
use crate::error::LakeError;
use crate::table::Table;

/// A property of the table.
struct Property {
    name: &'static str,
    value: &'static str,
    /// What older versions of octolake set it to.
    older: Option<&'static str>,
}

/// Measured in `docs/decisions/0020`: a checkpoint names all live files again, and the commits
/// after it are fetched all at once.
const PROPERTIES: [Property; 3] = [
    Property { name: "delta.checkpointInterval", value: "100", older: Some("20") },
    Property { name: "delta.logRetentionDuration", value: "interval 7 days", older: None },
    Property { name: "delta.enableExpiredLogCleanup", value: "true", older: None },
];

/// The properties of a new table's log.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    PROPERTIES.iter().map(|property| (property.name, Some(property.value)))
}

impl Table {
    /// Sets the properties of the log that the table lacks; gives their names. Most tables lack
    /// none, and nothing is committed.
    ///
    /// # Errors
    /// The commit failed, and not because another was first.
    pub async fn set_missing_properties(&mut self) -> Result<Vec<&'static str>, LakeError> {
        let mut attempts = ATTEMPTS;
        loop {
            let missing = self.missing_properties()?;
            if missing.is_empty() {
                return Ok(vec![]);
            }
            let names = missing.iter().map(|property| property.name).collect();
            let values = missing.iter().map(|it| (it.name.to_owned(), it.value.to_owned()));
            let set = self
                .delta
                .clone()
                .set_tbl_properties()
                .with_properties(values.collect::<HashMap<_, _>>())
                .with_commit_properties(CommitProperties::default().with_max_retries(0))
                .await;
            self.refresh().await?;
            attempts -= 1;
            match set {
                Ok(_) => return Ok(names),
                Err(error) if !is_conflict(&error) || attempts == 0 => {
                    return Err(self.commit_error(error));
                }
                // Another was first, and may have set them itself.
                Err(_) => {}
            }
        }
    }

    fn missing_properties(&self) -> Result<Vec<&'static Property>, LakeError> {
        let state = self.delta.snapshot().map_err(|error| self.commit_error(error))?;
        let has = state.metadata().configuration();
        let is_missing = |property: &&Property| match has.get(property.name) {
            None => true,
            Some(value) => property.older == Some(value.as_str()),
        };
        Ok(PROPERTIES.iter().filter(is_missing).collect())
    }
}
