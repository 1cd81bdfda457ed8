//! Which raw objects there are, and which of them are not done.

use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt;
use object_store::ObjectStore;
use object_store::path::Path;
use octolake_event::layout;
use octolake_lake::Progress;
use octolake_store::Lake;

use crate::error::CompactError;

/// A raw object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawObject {
    /// Its key, relative to the lake.
    pub key: String,
    /// Its size as it is stored, in bytes.
    pub bytes: u64,
    /// When it was stored.
    pub modified: DateTime<Utc>,
}

/// What waits in `raw/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Raw objects that are not done, by key.
    pub pending: Vec<RawObject>,
    /// Keys under `raw/` that are of another form than `raw/<yyyy>/<mm>/<dd>/<hh>/<name>`. They
    /// are left alone.
    pub foreign: Vec<String>,
}

impl Backlog {
    /// Bytes that wait.
    pub fn bytes(&self) -> u64 {
        self.pending.iter().map(|object| object.bytes).sum()
    }

    /// For how long the oldest object has waited; `None` where nothing waits.
    pub fn age(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        self.oldest().map(|at| now - at)
    }

    /// When the object was stored that has waited longest.
    pub fn oldest(&self) -> Option<DateTime<Utc>> {
        self.pending.iter().map(|object| object.modified).min()
    }
}

/// Lists `raw/` against what is done (`None`: nothing is).
pub async fn backlog(lake: &Lake, progress: Option<&Progress>) -> Result<Backlog, CompactError> {
    let mut backlog = Backlog::default();
    let mut objects = lake.store().list(Some(&Path::from(layout::RAW)));
    let failed = |source| CompactError::store("list", layout::RAW, source);
    while let Some(object) = objects.try_next().await.map_err(failed)? {
        let key = object.location.to_string();
        if layout::raw_hour(&key).is_none() {
            backlog.foreign.push(key);
        } else if !progress.is_some_and(|progress| progress.is_done(&key)) {
            backlog.pending.push(RawObject {
                key,
                bytes: object.size,
                modified: object.last_modified,
            });
        }
    }
    backlog.pending.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(backlog)
}
