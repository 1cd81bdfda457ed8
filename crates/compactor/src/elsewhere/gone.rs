//! Which rows other engines have deleted: those of the files that they took out that are in no live
//! file.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_event::DeliveryId;
use octolake_event::layout;
use octolake_lake::Elsewhere;

use crate::erase;
use crate::error::CompactError;
use crate::known::{self, IdFile, Sought, WINDOW_DAYS, Wanted};
use crate::objects;
use crate::run::Run;

/// Ids to have in memory at once.
const IDS: usize = 250_000;
/// Days that are looked for together: their neighbours are searched with them.
const DAYS: TimeDelta = TimeDelta::days(WINDOW_DAYS);

/// What other engines have deleted.
#[derive(Debug, Default)]
pub(super) struct Gone {
    /// Rows that are in the table no more.
    pub(super) deleted: u64,
    /// By how much the table has shrunk with what others did: repetitions of one id count too.
    pub(super) rows: i64,
    /// The lists of them, with their sizes in bytes.
    pub(super) lists: Vec<(String, u64)>,
    /// Files of which can't be told what was deleted, or why nothing can be.
    pub(super) untold: Vec<String>,
}

/// A file that may hold what is sought.
struct Source {
    path: String,
    date: NaiveDate,
    file: IdFile,
}

/// The search, as it goes through the files by date.
struct Search<'s, 'r> {
    run: &'s Run<'r>,
    elsewhere: &'s Elsewhere,
    /// What was read and is not looked for yet, each id with the date of its file.
    ids: HashMap<u128, NaiveDate>,
    gone: Gone,
}

/// Finds what is gone, and writes the lists of it.
pub(super) async fn find(run: &Run<'_>, elsewhere: &Elsewhere) -> Result<Gone, CompactError> {
    let mut search = Search { run, elsewhere, ids: HashMap::new(), gone: Gone::default() };
    if elsewhere.removed.is_empty() {
        return Ok(search.gone);
    }
    let (sources, lost) = sources(run, elsewhere).await?;
    search.gone.untold = lost;
    for source in &sources {
        search.take(source).await?;
    }
    search.settle().await?;
    search.count_added();
    Ok(search.gone)
}

/// The files that others took out, by date, and the paths of those that tell nothing.
async fn sources(
    run: &Run<'_>,
    elsewhere: &Elsewhere,
) -> Result<(Vec<Source>, Vec<String>), CompactError> {
    // Some engines leave a file in the table under the same path.
    let live: HashSet<&str> = run.files().iter().map(|file| file.path.as_str()).collect();
    let (mut sources, mut lost) = (Vec::new(), Vec::new());
    for (path, date) in &elsewhere.removed {
        if live.contains(path.as_str()) {
            continue;
        }
        match (id_file(&run.store, path).await?, date) {
            (Some(file), Some(date)) => {
                sources.push(Source { path: path.clone(), date: *date, file });
            }
            _ => lost.push(path.clone()),
        }
    }
    sources.sort_by_key(|source| source.date);
    Ok((sources, lost))
}

/// A file of the table's folder, by its path; `None` where it is not there.
async fn id_file(store: &Arc<dyn ObjectStore>, path: &str) -> Result<Option<IdFile>, CompactError> {
    let key = format!("{}/{path}", layout::EVENTS);
    let Ok(name) = Path::parse(&key) else { return Ok(None) };
    match store.head(&name).await {
        Ok(found) => Ok(Some(IdFile { key, bytes: found.size })),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(source) => Err(CompactError::unread(key, source)),
    }
}

/// Some of the ids in a file: [`IDS`] of them at most, behind the first `skipped`. `None`: the file
/// cannot be read, and never will be.
async fn ids(
    store: &Arc<dyn ObjectStore>,
    file: &IdFile,
    skipped: usize,
) -> Result<Option<Vec<u128>>, CompactError> {
    let (store, file) = (store.clone(), file.clone());
    let key = file.key.clone();
    // In a task of its own: of a damaged file the library may panic.
    let task = tokio::spawn(async move {
        let (mut ids, mut number) = (Vec::new(), 0_usize);
        known::read_ids(store, &file, |id| {
            if number >= skipped && ids.len() < IDS {
                ids.push(id);
            }
            number += 1;
        })
        .await
        .map(|()| ids)
    });
    match task.await {
        Ok(Ok(ids)) => Ok(Some(ids)),
        Ok(Err(CompactError::Parquet { source, .. })) if known::is_lost(&source) => Ok(None),
        Ok(Err(error)) => Err(error),
        Err(error) if error.is_panic() => {
            tracing::warn!(key, "a file that another engine took out is damaged");
            Ok(None)
        }
        Err(error) => Err(CompactError::Task { what: "reading ids", error }),
    }
}

impl Search<'_, '_> {
    /// Reads the ids of a file, and looks for them wherever there are enough.
    async fn take(&mut self, source: &Source) -> Result<(), CompactError> {
        let mut skipped = 0;
        loop {
            if self.ids.values().min().is_some_and(|first| source.date - *first > DAYS) {
                self.settle().await?;
            }
            let Some(found) = ids(&self.run.store, &source.file, skipped).await? else {
                self.gone.untold.push(source.path.clone());
                return Ok(());
            };
            skipped += found.len();
            self.gone.rows += i64::try_from(found.len()).unwrap_or(i64::MAX);
            let is_last = found.len() < IDS;
            self.ids.extend(found.into_iter().map(|id| (id, source.date)));
            if self.ids.len() >= IDS {
                self.settle().await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Lists what of the ids is in the table no more.
    async fn settle(&mut self) -> Result<(), CompactError> {
        let mut ids = std::mem::take(&mut self.ids);
        let sought = |(id, date): (&u128, &NaiveDate)| Sought {
            id: DeliveryId::from_u128(*id),
            body: None,
            date: *date,
        };
        let found = self.run.known().find(Wanted::new(ids.iter().map(sought))).await?;
        ids.retain(|id, _| !found.ids.contains_key(id) && !found.erased_ids.contains(id));
        if let Some(unusable) = found.unusable.first() {
            // What it holds can't be told: some of these may be in it.
            self.give_up(&unusable.path);
            return Ok(());
        }
        self.take_out_others(&mut ids).await?;
        let mut ids: Vec<u128> = ids.into_keys().collect();
        if ids.is_empty() {
            return Ok(());
        }
        ids.sort_unstable();
        self.gone.deleted += ids.len() as u64;
        self.put_list(&ids).await
    }

    /// Takes out what stands in files that others have put in, wherever: rows may have moved far,
    /// and what we have dropped since is read from `raw/` again.
    async fn take_out_others(
        &mut self,
        ids: &mut HashMap<u128, NaiveDate>,
    ) -> Result<(), CompactError> {
        let (Some(first), Some(last)) = (ids.values().min(), ids.values().max()) else {
            return Ok(());
        };
        let searched = *last - DAYS..=*first + DAYS;
        let live: BTreeMap<&str, NaiveDate> =
            self.run.files().iter().map(|f| (f.path.as_str(), f.partition.date)).collect();
        // Not among those that were searched for each of the ids.
        let is_far =
            |path: &&String| live.get(path.as_str()).is_some_and(|date| !searched.contains(date));
        let far: BTreeSet<&String> = self.elsewhere.added.keys().filter(is_far).collect();
        for path in far.into_iter().chain(&self.elsewhere.dropped) {
            let Some(file) = id_file(&self.run.store, path).await? else {
                ids.clear();
                self.give_up(path);
                return Ok(());
            };
            let mut skipped = 0;
            loop {
                let Some(mut found) = self::ids(&self.run.store, &file, skipped).await? else {
                    ids.clear();
                    self.give_up(path);
                    return Ok(());
                };
                skipped += found.len();
                found.sort_unstable();
                ids.retain(|id, _| found.binary_search(id).is_err());
                if found.len() < IDS {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Lists nothing of what is looked for: where it is can't be told.
    fn give_up(&mut self, path: &str) {
        if !self.gone.untold.iter().any(|known| known == path) {
            self.gone.untold.push(path.to_owned());
        }
    }

    async fn put_list(&mut self, ids: &[u128]) -> Result<(), CompactError> {
        let number = self.run.table.as_ref().map_or(0, |table| table.version());
        let name = format!("{}-{number}-{}", self.run.sink.run_id, self.gone.lists.len());
        let key = layout::erased_key(&name);
        let bytes = erase::list_file(ids.iter().map(|id| (*id, None)));
        let bytes = bytes.map_err(|e| CompactError::parquet("encode", &key, e))?;
        let size = bytes.len() as u64;
        objects::put(self.run.store.as_ref(), &key, bytes.into()).await?;
        self.gone.lists.push((key, size));
        Ok(())
    }

    /// Counts what others have put in: by the log, or by the files.
    fn count_added(&mut self) {
        let live: HashMap<&str, u64> =
            self.run.files().iter().map(|file| (file.path.as_str(), file.rows)).collect();
        for (path, rows) in &self.elsewhere.added {
            let rows = rows.or_else(|| live.get(path.as_str()).copied()).unwrap_or_default();
            self.gone.rows -= i64::try_from(rows).unwrap_or(i64::MAX);
        }
        if !self.gone.untold.is_empty() {
            // What is left out of the count must not make it look as if rows had come.
            self.gone.rows = self.gone.rows.max(0);
        }
        let Some(table) = &self.run.table else { return };
        let ledger = table.progress().ledger;
        let counted: u64 = live.values().sum::<u64>() + ledger.rows_erased + self.gone.deleted;
        if ledger.counts.stored == counted {
            // The rest are rows that others put in themselves, which were never counted as stored.
            self.gone.rows = i64::try_from(self.gone.deleted).unwrap_or(i64::MAX);
        }
    }
}
