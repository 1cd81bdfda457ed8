//! The folders under `raw/`, and what is in them.

use std::sync::Arc;

use chrono::NaiveDate;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ListResult, ObjectMeta, ObjectStore};
use octolake_event::layout::{self, RawFolder};

use super::{LISTINGS, RawObject};
use crate::error::CompactError;

/// How many keys of a folder of no day are named.
const FOREIGN: usize = 1000;
/// From how many objects on a day is listed hour by hour, all at once: a listing comes in pages of
/// a thousand, one after the other.
const BY_HOURS: u64 = 4000;

/// The days that have a folder, in order, and keys that are in none.
pub(super) async fn days(
    store: &Arc<dyn ObjectStore>,
) -> Result<(Vec<NaiveDate>, Vec<String>), CompactError> {
    let (mut days, mut foreign, mut odd) = (vec![], vec![], vec![]);
    let mut level = vec![Path::from(layout::RAW)];
    while !level.is_empty() {
        let listings: Vec<_> =
            level.drain(..).map(|folder| look_into(store.clone(), folder)).collect();
        let found: Vec<ListResult> =
            stream::iter(listings).buffer_unordered(LISTINGS).try_collect().await?;
        for listing in found {
            foreign.extend(listing.objects.iter().map(key));
            for folder in listing.common_prefixes {
                match layout::raw_folder_of(folder.as_ref()) {
                    Some(RawFolder::Day(day)) => days.push(day),
                    Some(RawFolder::Above) => level.push(folder),
                    None => odd.push(folder),
                }
            }
        }
    }
    for folder in odd {
        let some: Vec<ObjectMeta> =
            store.list(Some(&folder)).take(FOREIGN).try_collect().await.map_err(failed)?;
        foreign.extend(some.iter().map(key));
    }
    days.sort_unstable();
    Ok((days, foreign))
}

/// A day, its raw objects, and keys of other objects in its folder.
type Listing = (NaiveDate, Vec<RawObject>, Vec<String>);

/// The raw objects of a day that is thought to have so many, and what else is in its folder.
pub(super) async fn list(
    store: Arc<dyn ObjectStore>,
    day: NaiveDate,
    about: u64,
) -> Result<Listing, CompactError> {
    let folder = Path::from(layout::raw_folder(day));
    let objects: Vec<ObjectMeta> = if about < BY_HOURS {
        store.list(Some(&folder)).try_collect().await.map_err(failed)?
    } else {
        let hours = look_into(store.clone(), folder).await?;
        let listings: Vec<_> =
            hours.common_prefixes.iter().map(|hour| store.list(Some(hour))).collect();
        let below: Vec<ObjectMeta> = stream::iter(listings)
            .flatten_unordered(LISTINGS)
            .try_collect()
            .await
            .map_err(failed)?;
        hours.objects.into_iter().chain(below).collect()
    };
    let (raw, foreign): (Vec<_>, Vec<_>) =
        objects.into_iter().partition(|object| layout::raw_day(object.location.as_ref()).is_some());
    let raw = raw.into_iter().map(|object| RawObject {
        key: key(&object),
        bytes: object.size,
        modified: object.last_modified,
    });
    Ok((day, raw.collect(), foreign.iter().map(key).collect()))
}

async fn look_into(store: Arc<dyn ObjectStore>, folder: Path) -> Result<ListResult, CompactError> {
    store.list_with_delimiter(Some(&folder)).await.map_err(failed)
}

fn key(object: &ObjectMeta) -> String {
    object.location.to_string()
}

fn failed(source: object_store::Error) -> CompactError {
    CompactError::store("list", layout::RAW, source)
}
