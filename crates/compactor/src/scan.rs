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

    /// When the object was stored that has waited longest.
    pub fn oldest(&self) -> Option<DateTime<Utc>> {
        self.pending.iter().map(|object| object.modified).min()
    }

    /// For how long the oldest has waited at `now`; `None` where nothing waits. Never below zero:
    /// the store tells when an object came, and its clock may be ahead.
    pub fn age(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        self.oldest().map(|at| (now - at).max(TimeDelta::zero()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_never_below_zero() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let object = |modified| RawObject { key: "raw/2026/03/02/10/x".into(), bytes: 1, modified };
        let pending = [at("2026-03-02T10:00:00Z"), at("2026-03-02T11:00:00Z")].map(object).to_vec();
        let backlog = Backlog { pending, foreign: vec![] };
        assert_eq!(backlog.age(at("2026-03-02T10:00:30Z")), Some(TimeDelta::seconds(30)));
        assert_eq!(backlog.age(at("2026-03-02T09:00:00Z")), Some(TimeDelta::zero()));
        assert_eq!(Backlog::default().age(at("2026-03-02T09:00:00Z")), None);
    }
}
