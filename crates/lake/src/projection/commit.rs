//! Changes of the projection, each on top of the version that was read, or not at all.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, StructType, Transaction};
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaTable, DeltaTableError};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use octolake_event::layout::{self, Partition};
use octolake_store::Lake;
use octolake_tables::schema::name::DATE;
use octolake_tables::schema::{self, PROJECTED_PARTITION_COLUMNS};

use super::source::{follow, mark_of};
use super::{COLUMNS, EVENTS, EVENTS_MARK, Projection, SAID_IN, Said, WHOLE, columns_mark};
use crate::actions::{Bounds, PartitionValues, add, remove};
use crate::commit::{NewFile, Outcome, is_conflict};
use crate::error::LakeError;
use crate::facts::{Facts, TAG};
use crate::follow::Following;
use crate::live::LiveFile;
use crate::open::{load_begun, log_store, open_error};

/// What the log of the projection is kept by: a reader fetches all commits after a checkpoint, and
/// one after the other costs nothing to write.
const PROPERTIES: [(&str, &str); 3] = [
    ("delta.checkpointInterval", "10"),
    ("delta.logRetentionDuration", "interval 1 days"),
    ("delta.enableExpiredLogCleanup", "true"),
];

/// A file of the projection that is written and waits for its commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProjected {
    /// Its path is relative to the projection; the date of its partition is the first of its month.
    pub file: NewFile,
    /// The first and the last date of its rows.
    pub dates: (NaiveDate, NaiveDate),
    /// What was put beside it.
    pub facts: Option<Facts>,
}

impl NewProjected {
    fn live(&self, now: DateTime<Utc>) -> LiveFile {
        LiveFile {
            path: self.file.path.clone(),
            partition: self.file.partition.clone(),
            bytes: self.file.bytes,
            rows: self.file.rows,
            modified: now,
            received_min: Some(self.file.received.0),
            received_max: Some(self.file.received.1),
            dates: self.dates,
            facts: self.facts.clone(),
        }
    }
}

/// One change of the projection.
#[derive(Debug, Clone)]
pub struct ProjectionCommit {
    /// Files that become part of it.
    pub adds: Vec<NewProjected>,
    /// Files that stop being part of it.
    pub removes: Vec<LiveFile>,
    /// Up to which version of `events` it goes with this.
    pub events: u64,
    /// Whether it has all rows of that version with this.
    pub is_whole: bool,
    /// The time of the commit.
    pub now: DateTime<Utc>,
}

impl Projection {
    /// What the commits of `events` up to version `to` have done since the version that the
    /// projection goes to; `Err(reason)` where that cannot be told.
    ///
    /// # Errors
    /// The store fails.
    pub async fn behind(
        &self,
        lake: &Lake,
        to: u64,
    ) -> Result<Result<Following, String>, LakeError> {
        match self.events() {
            Some(from) if from > to => Ok(Err("it goes to a later version".to_owned())),
            Some(from) => {
                let followed = follow(lake, from, Some(to), self.said.events_mark).await?;
                Ok(followed.map(|(_, following)| following))
            }
            None => Ok(Err("nothing of it is there yet".to_owned())),
        }
    }

    /// Makes an empty one where there is none; gives it as it is at version 0.
    ///
    /// # Errors
    /// It cannot be made.
    pub async fn create(lake: &Lake) -> Result<Self, LakeError> {
        let failed =
            |source| LakeError::Create { lake: lake.name().to_owned(), source: Box::new(source) };
        let schema: StructType = schema::projection_schema()
            .as_ref()
            .try_into_kernel()
            .map_err(|error: arrow_schema::ArrowError| failed(DeltaTableError::generic(error)))?;
        let created = CreateBuilder::new()
            .with_log_store(log_store(lake, layout::PROJECTION)?)
            .with_table_name("projection")
            .with_comment("events without their payloads, by event type and month")
            .with_columns(schema.fields().cloned())
            .with_partition_columns(PROJECTED_PARTITION_COLUMNS)
            .with_configuration(PROPERTIES.map(|(name, value)| (name, Some(value))))
            .await;
        match created {
            Ok(_) | Err(DeltaTableError::VersionAlreadyExists(_)) => Ok(Self::default()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Makes one change, on top of this version; the projection is that of the commit then.
    ///
    /// # Errors
    /// The commit failed, and not because another was first.
    pub async fn commit(
        &mut self,
        lake: &Lake,
        commit: &ProjectionCommit,
    ) -> Result<Outcome, LakeError> {
        let Some(delta) = load_begun(lake, layout::PROJECTION).await? else {
            return Ok(Outcome::Conflict);
        };
        if delta.version() != Some(self.version) {
            return Ok(Outcome::Conflict);
        }
        let mark = self.mark_of_events(lake, commit.events).await?;
        match write(&delta, &actions(commit), self.transactions(commit, mark)).await {
            Ok(()) => {
                self.take_in(commit, mark);
                Ok(Outcome::Committed(self.version))
            }
            Err(error) if is_conflict(&error) => Ok(Outcome::Conflict),
            Err(error) => Err(open_error(lake, error)),
        }
    }

    /// What the commit has made of it.
    fn take_in(&mut self, commit: &ProjectionCommit, mark: i64) {
        let gone: HashSet<&str> = commit.removes.iter().map(|file| file.path.as_str()).collect();
        self.files.retain(|file| !gone.contains(file.path.as_str()));
        self.files.extend(commit.adds.iter().map(|new| new.live(commit.now)));
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.version += 1;
        self.said = Said {
            events: Some(commit.events),
            events_mark: mark,
            is_whole: commit.is_whole,
            columns: columns_mark(),
            said_in: Some(self.version),
        };
    }

    async fn mark_of_events(&self, lake: &Lake, version: u64) -> Result<i64, LakeError> {
        let key = Path::from(layout::commit_key(version));
        let head = lake.store().head(&key).await;
        let failed = |source| open_error(lake, DeltaTableError::ObjectStore { source });
        let bytes = head.map_err(failed)?.size;
        mark_of(lake, &key, bytes).await
    }

    fn transactions(&self, commit: &ProjectionCommit, mark: i64) -> Vec<Transaction> {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        vec![
            Transaction::new(EVENTS, number(commit.events)),
            Transaction::new(EVENTS_MARK, mark),
            Transaction::new(WHOLE, i64::from(commit.is_whole)),
            Transaction::new(COLUMNS, columns_mark()),
            Transaction::new(SAID_IN, number(self.version + 1)),
        ]
    }
}

async fn write(
    delta: &DeltaTable,
    actions: &[Action],
    txns: Vec<Transaction>,
) -> Result<(), DeltaTableError> {
    let properties =
        CommitProperties::default().with_max_retries(0).with_application_transactions(txns);
    let operation = DeltaOperation::Write {
        mode: SaveMode::Append,
        partition_by: Some(PROJECTED_PARTITION_COLUMNS.map(str::to_owned).to_vec()),
        predicate: None,
    };
    CommitBuilder::from(properties)
        .with_actions(actions.to_vec())
        .build(Some(delta.snapshot()?), delta.log_store(), operation)
        .await
        .map(|_| ())
}

fn actions(commit: &ProjectionCommit) -> Vec<Action> {
    let adds = commit.adds.iter().map(|NewProjected { file, dates: (first, last), facts }| {
        let bounds = Bounds::of(file).with(DATE, first.to_string(), last.to_string());
        let tags = facts.as_ref().map(|facts| HashMap::from([(TAG.to_owned(), Some(facts.tag()))]));
        let add = add(file, values(&file.partition), bounds, true, commit.now);
        Action::Add(Add { tags, ..add })
    });
    let removes =
        commit.removes.iter().map(|file| remove(file, values(&file.partition), commit.now));
    removes.chain(adds).collect()
}

fn values(partition: &Partition) -> PartitionValues {
    let [event_type, month] = PROJECTED_PARTITION_COLUMNS;
    HashMap::from([
        (event_type.to_owned(), Some(partition.event_type.to_string())),
        (month.to_owned(), Some(layout::month_text(partition.date))),
    ])
}
