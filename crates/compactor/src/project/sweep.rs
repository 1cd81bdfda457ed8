//! Deleting files of the projection that it does not name.
//!
//! Whoever writes files of it and commits them stands on the version that was read: what is older
//! than the newest version, and not named by it, can never be committed any more.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt};
use octolake_event::layout;
use octolake_lake::Projection;
use octolake_store::Lake;

use crate::error::CompactError;
use crate::objects;

/// Deletes what no version names since `grace` before the newest; gives the number of files.
pub(super) async fn sweep(
    lake: &Lake,
    projection: &Projection,
    grace: TimeDelta,
) -> Result<u64, CompactError> {
    let key = format!("{}/{}", layout::PROJECTION_LOG, layout::commit_name(projection.version()));
    let commit = lake.store().head(&Path::from(key.as_str())).await;
    let commit = commit.map_err(|source| CompactError::unread(key, source))?.last_modified;
    let before = commit.checked_sub_signed(grace).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let live: HashSet<&str> = projection.files().iter().map(|file| file.path.as_str()).collect();
    let is_unwanted = |object: &ObjectMeta| {
        let path = layout::path_in_projection(object.location.as_ref()).unwrap_or_default();
        let path = layout::path_of_facts(path).unwrap_or(path);
        path.ends_with(".parquet")
            && layout::projected_partition_of(path).is_some()
            && !live.contains(path)
            && object.last_modified < before
    };
    let failed = |source| CompactError::store("list", layout::PROJECTION, source);
    let listed = lake.store().list(Some(&Path::from(layout::PROJECTION)));
    let objects: Vec<ObjectMeta> = listed.try_collect().await.map_err(failed)?;
    let doomed: Vec<Path> =
        objects.into_iter().filter(is_unwanted).map(|object| object.location).collect();
    objects::delete_all(lake.store().as_ref(), &doomed).await
}
