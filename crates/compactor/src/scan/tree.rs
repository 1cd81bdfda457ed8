//! The folders under `raw/`, and what is in them.

use std::sync::Arc;

use chrono::{Datelike as _, NaiveDate};
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

/// The days that have a folder and are not sealed, in order; `None` where to find and to list them
/// takes more than so many listings, of a thousand names each.
pub(super) async fn open_days(
    store: &Arc<dyn ObjectStore>,
    is_sealed: impl Fn(NaiveDate) -> bool,
    listings: u64,
) -> Result<Option<Vec<NaiveDate>>, CompactError> {
    let (mut days, mut made) = (vec![], 0);
    let mut level = vec![Path::from(layout::RAW)];
    while !level.is_empty() {
        made += level.len() as u64;
        if made > listings {
            return Ok(None);
        }
        let looks: Vec<_> =
            level.drain(..).map(|folder| look_into(store.clone(), folder)).collect();
        let found: Vec<ListResult> =
            stream::iter(looks).buffer_unordered(LISTINGS).try_collect().await?;
        for folder in found.into_iter().flat_map(|listing| listing.common_prefixes) {
            match layout::raw_folder_of(folder.as_ref()) {
                Some(RawFolder::Day(day)) if !is_sealed(day) => days.push(day),
                Some(RawFolder::Above) if !is_month_of(&folder, &is_sealed) => level.push(folder),
                _ => {}
            }
        }
    }
    days.sort_unstable();
    Ok((made + days.len() as u64 <= listings).then_some(days))
}

/// Whether a folder is that of a month all of whose days are such.
fn is_month_of(folder: &Path, is_such: impl Fn(NaiveDate) -> bool) -> bool {
    let Some(RawFolder::Day(first)) = layout::raw_folder_of(&format!("{folder}/01")) else {
        return false;
    };
    first.iter_days().take_while(|day| day.month() == first.month()).all(is_such)
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

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt as _;
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn open_days_are_found_within_so_many_listings_or_not_at_all() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        for day in ["2026/02/27", "2026/02/28", "2026/03/01", "2026/03/02"] {
            let key = Path::from(format!("raw/{day}/10/x"));
            store.put(&key, "".into()).await.unwrap();
        }
        store.put(&Path::from("raw/notes/x"), "".into()).await.unwrap();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let until = |last: &'static str| move |one: NaiveDate| one <= last.parse().unwrap();
        let found = |last: &'static str, listings| open_days(&store, until(last), listings);
        // raw/, its year and two months, and three days that are open.
        let march = [day("2026-03-01"), day("2026-03-02")];
        assert_eq!(found("2026-02-27", 7).await.unwrap().unwrap().len(), 3);
        assert_eq!(found("2026-02-27", 6).await.unwrap(), None);
        // February is sealed to its last day: nobody looks into it.
        assert_eq!(found("2026-02-28", 5).await.unwrap().unwrap(), march);
        assert_eq!(found("2026-02-28", 4).await.unwrap(), None);
        assert_eq!(found("2026-03-01", 4).await.unwrap().unwrap(), march[1..]);
        assert_eq!(found("2026-03-02", 2).await.unwrap(), None);
        assert_eq!(found("2026-03-02", 3).await.unwrap().unwrap(), []);
    }
}
