//! Which files may go, and why: from a listing, the table, and the removals that its log remembers.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use octolake_event::layout::{self, Partition};
use octolake_lake::Table;
use serde::Serialize;

use crate::error::CompactError;
use crate::run::Run;

/// Why files are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unwanted {
    /// The table has removed them so long ago that nobody reads them any more.
    Removed,
    /// The table's log does not name them: a run never came to commit them, or they were removed
    /// longer ago than it remembers.
    Unnamed,
}

/// Files that a vacuum is due to delete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedVacuum {
    /// Why.
    pub reason: Unwanted,
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A file that may go.
#[derive(Debug)]
pub(crate) struct Doomed {
    pub(crate) key: Path,
    bytes: u64,
    reason: Unwanted,
}

/// What is deleted: files from before this time that are not spared.
pub(crate) struct Plan {
    before: DateTime<Utc>,
    /// Removed lately: somebody may still read them.
    spared: HashSet<String>,
    removed: HashSet<String>,
}

impl Plan {
    /// Whatever the table does not name and is older than its newest version by this at least.
    pub(crate) async fn with_grace(table: &Table, grace: TimeDelta) -> Result<Self, CompactError> {
        let before = table.committed_at().await?.checked_sub_signed(grace);
        let before = before.unwrap_or(DateTime::<Utc>::MIN_UTC);
        let mut plan = Self { before, spared: HashSet::new(), removed: HashSet::new() };
        if !grace.is_zero() {
            plan.spared.extend(table.removed_since(before).await?);
        }
        Ok(plan)
    }

    /// The same, telling what was removed from what was never there.
    async fn with_reasons(mut self, table: &Table) -> Result<Self, CompactError> {
        self.removed.extend(table.removed_since(DateTime::<Utc>::MIN_UTC).await?);
        Ok(self)
    }

    /// What is older may go.
    pub(crate) fn before(&self) -> DateTime<Utc> {
        self.before
    }

    /// The files that may go, of these partitions, as far as there is time to look for them.
    pub(crate) async fn files(
        &self,
        run: &Run<'_>,
        among: impl Fn(&Partition) -> bool,
    ) -> Result<Vec<Doomed>, CompactError> {
        let live: HashSet<&str> = run.files().iter().map(|file| file.path.as_str()).collect();
        let failed = |source| CompactError::store("list", layout::EVENTS, source);
        let mut objects = run.store.list(Some(&Path::from(layout::EVENTS)));
        let mut doomed = Vec::new();
        while let Some(object) = objects.try_next().await.map_err(failed)? {
            doomed.extend(self.doomed(object, &live, &among));
            if run.is_out_of_time() {
                break;
            }
        }
        Ok(doomed)
    }

    fn doomed(
        &self,
        object: ObjectMeta,
        live: &HashSet<&str>,
        among: &impl Fn(&Partition) -> bool,
    ) -> Option<Doomed> {
        let path = layout::path_in_table(object.location.as_ref())?;
        let is_unwanted = object.last_modified < self.before
            && path.ends_with(".parquet")
            && !live.contains(path)
            && !self.spared.contains(path)
            && Partition::of_file(path).is_some_and(|partition| among(&partition));
        let reason = match self.removed.contains(path) {
            true => Unwanted::Removed,
            false => Unwanted::Unnamed,
        };
        is_unwanted.then_some(Doomed { bytes: object.size, key: object.location, reason })
    }
}

/// What a vacuum would delete now, as a dry run tells it.
pub(crate) async fn planned(run: &Run<'_>) -> Result<Vec<PlannedVacuum>, CompactError> {
    let Some(table) = run.table.as_ref().filter(|_| super::is_due(run)) else { return Ok(vec![]) };
    let plan = Plan::with_grace(table, super::grace(run)).await?.with_reasons(table).await?;
    let doomed = plan.files(run, |_| true).await?;
    let of = |reason| {
        let of_it = || doomed.iter().filter(move |file| file.reason == reason);
        let (files, bytes) = (of_it().count() as u64, of_it().map(|file| file.bytes).sum());
        PlannedVacuum { reason, files, bytes }
    };
    let all = [of(Unwanted::Removed), of(Unwanted::Unnamed)];
    Ok(all.into_iter().filter(|planned| planned.files > 0).collect())
}
