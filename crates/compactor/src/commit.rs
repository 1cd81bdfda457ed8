//! The only way into the table: nothing else of this crate calls [`Table::commit`].
//!
//! A commit whose counts do not add up is refused here, before it is in the table for good. Who
//! comes second is told so, and has to look at the new version before the next attempt.

use octolake_lake::{Commit, Outcome, Table};

use crate::error::CompactError;
use crate::run::Run;

/// Makes one change of a table.
///
/// # Errors
/// Its counts do not balance; the table or the store fails.
pub(crate) async fn commit(table: &mut Table, commit: &Commit) -> Result<Outcome, CompactError> {
    if !commit.counts.balance() {
        return Err(CompactError::Unbalanced(Box::new(commit.counts)));
    }
    Ok(table.commit(commit).await?)
}

impl Run<'_> {
    /// Makes one change of the run's table, and counts it. Where there is no table nothing is
    /// changed.
    pub(crate) async fn publish(&mut self, change: &Commit) -> Result<Outcome, CompactError> {
        let Some(table) = &mut self.table else { return Ok(Outcome::Conflict) };
        let outcome = commit(table, change).await?;
        match outcome {
            Outcome::Committed(_) => self.report.commits += 1,
            Outcome::Conflict => self.report.conflicts += 1,
        }
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use octolake_lake::{CommitKind, Counts};
    use octolake_store::Lake;

    use super::*;
    use crate::error::Kind;

    #[tokio::test]
    async fn what_does_not_balance_is_never_in_the_table() {
        let lake = Lake::in_memory();
        let mut table = Table::open_or_create(&lake).await.unwrap();
        let version = table.version();
        let mut change = Commit::new(CommitKind::Append, 1, chrono::DateTime::UNIX_EPOCH);
        change.counts = Counts { read: 3, stored: 1, duplicates: 1, ..Counts::default() };
        let error = commit(&mut table, &change).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Bug);
        assert!(error.to_string().contains("3 records were read"), "{error}");
        assert_eq!(Table::open(&lake).await.unwrap().unwrap().version(), version);
        change.counts.quarantined = 1;
        assert_ne!(commit(&mut table, &change).await.unwrap(), Outcome::Conflict);
    }
}
