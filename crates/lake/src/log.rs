//! Reading the table's log: the newest checkpoint, then the commits after it, and later only those
//! that are new.
//!
//! The commits are fetched all at once: one after the other, each costs the store's latency.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_event::layout;
use octolake_store::Lake;

use crate::error::LakeError;
use crate::progress::Progress;
use crate::replay::{self, Changes};

/// How many files of the log are fetched at once.
pub(crate) const FETCHES: usize = 32;

/// Brings `changes` and `progress` from version `from` (`None`: from nothing) to version `to`, as
/// far as they are asked for.
pub(crate) async fn read(
    lake: &Lake,
    from: Option<u64>,
    to: u64,
    mut changes: Option<&mut Changes>,
    mut progress: Option<&mut Progress>,
) -> Result<(), LakeError> {
    let next = match from {
        Some(version) => version + 1,
        None => match newest_checkpoint(lake, to).await? {
            Some((version, keys)) => {
                for key in keys {
                    let bytes = get(lake.clone(), key.clone()).await?;
                    replay::read_checkpoint(bytes, changes.as_deref_mut(), progress.as_deref_mut())
                        .map_err(|reason| fault(lake, &key, reason))?;
                }
                version + 1
            }
            None => 0,
        },
    };
    let commits: Vec<_> =
        (next..=to).map(|version| get(lake.clone(), layout::commit_key(version))).collect();
    let mut commits = stream::iter(commits).buffered(FETCHES);
    let (mut unread, mut version) = (Changes::new(), next);
    let changes = changes.unwrap_or(&mut unread);
    while let Some(bytes) = commits.try_next().await? {
        replay::read_commit(&bytes, changes, progress.as_deref_mut())
            .map_err(|reason| fault(lake, &layout::commit_key(version), reason))?;
        version += 1;
    }
    Ok(())
}

pub(crate) fn fault(lake: &Lake, key: &str, reason: String) -> LakeError {
    LakeError::Log { lake: lake.name().to_owned(), key: key.to_owned(), reason }
}

async fn get(lake: Lake, key: String) -> Result<Bytes, LakeError> {
    let read = async { lake.store().get(&Path::from(key.as_str())).await?.bytes().await };
    read.await.map_err(|error: object_store::Error| fault(&lake, &key, error.to_string()))
}

/// The version and the Parquet files of the newest checkpoint not after `to`.
async fn newest_checkpoint(lake: &Lake, to: u64) -> Result<Option<(u64, Vec<String>)>, LakeError> {
    let mut checkpoints: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    let objects: Vec<_> = lake
        .store()
        .list(Some(&Path::from(layout::TABLE_LOG)))
        .try_collect()
        .await
        .map_err(|error| fault(lake, layout::TABLE_LOG, error.to_string()))?;
    for object in objects {
        let name = object.location.filename().unwrap_or_default();
        if let Some((version, rest)) = name.split_once(".checkpoint.")
            && rest.ends_with("parquet")
            && let Ok(version) = version.parse()
            && version <= to
        {
            checkpoints.entry(version).or_default().push(object.location.to_string());
        }
    }
    Ok(checkpoints.into_iter().rev().find(|(_, keys)| is_whole(keys)))
}

/// Whether all parts of a checkpoint are there: `….checkpoint.<part>.<parts>.parquet`.
fn is_whole(keys: &[String]) -> bool {
    let parts = |key: &String| key.rsplit('.').nth(1).and_then(|n| n.parse::<usize>().ok());
    keys.first().and_then(parts).is_none_or(|parts| keys.len() == parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_in_parts_counts_when_all_are_there() {
        let part = |n: u32| {
            format!("events/_delta_log/00000000000000000010.checkpoint.{n:010}.0000000002.parquet")
        };
        assert!(is_whole(&["events/_delta_log/00000000000000000010.checkpoint.parquet".into()]));
        assert!(is_whole(&[part(1), part(2)]));
        assert!(!is_whole(&[part(2)]));
    }
}
