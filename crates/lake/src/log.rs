//! Reading a Delta log: the newest checkpoint, then the commits after it, and later only those that
//! are new.
//!
//! The commits are fetched all at once: one after the other, each costs the store's latency.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use octolake_event::layout;
use octolake_store::Lake;

use crate::error::LakeError;
use crate::replay::{self, Changes, Names};

/// How many files of the log are fetched at once.
pub(crate) const FETCHES: usize = 64;

/// The log of one of a lake's tables.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    lake: Lake,
    folder: &'static str,
}

/// What a listing of a log has.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) commits: BTreeMap<u64, ObjectMeta>,
    /// Their Parquet files; of each those that are there.
    checkpoints: BTreeMap<u64, Vec<ObjectMeta>>,
}

impl Listing {
    /// The newest version.
    pub(crate) fn newest(&self) -> Option<u64> {
        self.commits.keys().next_back().copied()
    }
}

impl Log {
    /// That of `events`.
    pub(crate) fn of_events(lake: &Lake) -> Self {
        Self { lake: lake.clone(), folder: layout::TABLE_LOG }
    }

    /// That of the projection.
    pub(crate) fn of_projection(lake: &Lake) -> Self {
        Self { lake: lake.clone(), folder: layout::PROJECTION_LOG }
    }

    /// What there is, from this version on where one is said.
    pub(crate) async fn list(&self, from: Option<u64>) -> Result<Listing, LakeError> {
        let (store, folder) = (self.lake.store(), Path::from(self.folder));
        let objects = match from {
            // Names begin with 20 digits, and go on behind them.
            Some(from) => {
                store.list_with_offset(Some(&folder), &folder.clone().join(format!("{from:020}")))
            }
            None => store.list(Some(&folder)),
        };
        let objects: Vec<ObjectMeta> =
            objects.try_collect().await.map_err(|error| self.unread(self.folder, error))?;
        let mut listing = Listing::default();
        for object in objects {
            let name = object.location.filename().unwrap_or_default();
            let Some((version, rest)) = name.split_once('.') else { continue };
            let Some(version) = version.parse::<u64>().ok().filter(|_| version.len() == 20) else {
                continue;
            };
            if rest == "json" {
                listing.commits.insert(version, object);
            } else if rest.starts_with("checkpoint.") && rest.ends_with("parquet") {
                listing.checkpoints.entry(version).or_default().push(object);
            }
        }
        Ok(listing)
    }

    /// Brings `changes` and `names` from version `from` (`None`: from nothing) to version `to`, as
    /// far as they are asked for.
    pub(crate) async fn read(
        &self,
        from: Option<u64>,
        to: u64,
        changes: Option<&mut Changes>,
        names: Option<&mut dyn Names>,
    ) -> Result<(), LakeError> {
        match from {
            Some(version) => {
                self.read_commits(&Listing::default(), version + 1, to, changes, names).await
            }
            None => self.read_listed(&self.list(None).await?, to, changes, names).await,
        }
    }

    /// The same from nothing, by a listing of all of the log.
    pub(crate) async fn read_listed(
        &self,
        listing: &Listing,
        to: u64,
        mut changes: Option<&mut Changes>,
        mut names: Option<&mut dyn Names>,
    ) -> Result<(), LakeError> {
        let next = self.read_checkpoint(listing, to, changes.as_deref_mut(), &mut names).await?;
        self.read_commits(listing, next, to, changes, names).await
    }

    async fn read_commits(
        &self,
        listing: &Listing,
        next: u64,
        to: u64,
        mut changes: Option<&mut Changes>,
        mut names: Option<&mut dyn Names>,
    ) -> Result<(), LakeError> {
        let commits: Vec<_> = (next..=to)
            .map(|version| self.commit(version, listing.commits.get(&version)))
            .collect();
        let mut commits = stream::iter(commits).buffered(FETCHES);
        let mut version = next;
        while let Some(bytes) = commits.try_next().await? {
            let names = names.as_mut().map(|names| &mut **names as &mut dyn Names);
            replay::read_commit(&bytes, changes.as_deref_mut(), names)
                .map_err(|reason| self.fault(&self.key(version), reason))?;
            version += 1;
        }
        Ok(())
    }

    /// Takes the newest checkpoint not after `to` in; gives the first version that it does not hold.
    async fn read_checkpoint(
        &self,
        listing: &Listing,
        to: u64,
        mut changes: Option<&mut Changes>,
        names: &mut Option<&mut dyn Names>,
    ) -> Result<u64, LakeError> {
        let whole =
            listing.checkpoints.iter().rev().find(|(v, files)| **v <= to && is_whole(files));
        let Some((version, files)) = whole else { return Ok(0) };
        for file in files {
            let bytes = self.get(file).await?;
            let names = names.as_mut().map(|names| &mut **names as &mut dyn Names);
            replay::read_checkpoint(bytes, changes.as_deref_mut(), names)
                .map_err(|reason| self.fault(file.location.as_ref(), reason))?;
        }
        Ok(version + 1)
    }

    /// A commit, which a listing may have shown.
    fn commit(
        &self,
        version: u64,
        listed: Option<&ObjectMeta>,
    ) -> impl Future<Output = Result<Bytes, LakeError>> + use<> {
        let (log, listed) = (self.clone(), listed.cloned());
        async move {
            match listed {
                Some(listed) => log.get(&listed).await,
                None => {
                    let key = log.key(version);
                    let read = async {
                        log.lake.store().get(&Path::from(key.as_str())).await?.bytes().await
                    };
                    read.await.map_err(|error| log.unread(&key, error))
                }
            }
        }
    }

    /// A file that a listing has shown.
    pub(crate) async fn get(&self, file: &ObjectMeta) -> Result<Bytes, LakeError> {
        let read = self.lake.get_listed(file).await;
        read.map_err(|error| self.unread(file.location.as_ref(), error))
    }

    fn key(&self, version: u64) -> String {
        format!("{}/{}", self.folder, layout::commit_name(version))
    }

    /// A file that is not what it should be.
    pub(crate) fn fault(&self, key: &str, reason: String) -> LakeError {
        fault(&self.lake, key, reason)
    }

    fn unread(&self, key: &str, source: object_store::Error) -> LakeError {
        unread(&self.lake, key, source)
    }
}

pub(crate) fn fault(lake: &Lake, key: &str, reason: String) -> LakeError {
    LakeError::Log { lake: lake.name().to_owned(), key: key.to_owned(), reason }
}

/// A file of a log that the store does not give.
pub(crate) fn unread(lake: &Lake, key: &str, source: object_store::Error) -> LakeError {
    let (lake, key) = (lake.name().to_owned(), key.to_owned());
    LakeError::LogUnread { lake, key, source: Box::new(source) }
}

/// Whether all parts of a checkpoint are there: `….checkpoint.<part>.<parts>.parquet`.
fn is_whole(files: &[ObjectMeta]) -> bool {
    let parts =
        |file: &ObjectMeta| file.location.as_ref().rsplit('.').nth(1)?.parse::<usize>().ok();
    files.first().and_then(parts).is_none_or(|parts| files.len() == parts)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_checkpoint_in_parts_counts_when_all_are_there() {
        let file = |name: &str| ObjectMeta {
            location: format!("events/_delta_log/00000000000000000010.checkpoint.{name}").into(),
            last_modified: DateTime::UNIX_EPOCH,
            size: 1,
            e_tag: None,
            version: None,
        };
        let part = |n: u32| file(&format!("{n:010}.0000000002.parquet"));
        assert!(is_whole(&[file("parquet")]));
        assert!(is_whole(&[part(1), part(2)]));
        assert!(!is_whole(&[part(2)]));
    }
}
