//! Which deliveries are in the lake already.
//!
//! A redelivery comes within three days, so a row can only repeat one that was received up to
//! [`WINDOW_DAYS`] before or after it. Of the live files of those dates, the Bloom filter on
//! `delivery_id` is asked first; only where it says "perhaps", the column itself is read.
//!
//! The event type doesn't narrow the search: the header that names it isn't signed, and one id is
//! one delivery whatever it calls itself.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use chrono::NaiveDate;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use octolake_event::DeliveryId;
use octolake_lake::LiveFile;
use octolake_tables::schema::name;
use parquet::arrow::ProjectionMask;
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::bloom_filter::Sbbf;
use parquet::errors::ParquetError;

use crate::error::CompactError;
use crate::file_reader::FileReader;

/// Dates this far from a row's, both ways, are searched for its delivery id.
pub const WINDOW_DAYS: i64 = 4;

/// How many filters are fetched at once.
const FETCHES: usize = 16;
/// Exact ids held in memory, at most (16 bytes each, about 32 in their sets).
const MAX_EXACT_IDS: usize = 2_000_000;

/// The live files' ids, as far as they were asked for.
pub(crate) struct KnownIds {
    store: Arc<dyn ObjectStore>,
    files: HashMap<String, Known>,
    exact_ids: usize,
}

struct Known {
    file: LiveFile,
    /// `None` until asked for.
    filters: Option<Filters>,
    exact: Option<HashSet<u128>>,
}

/// One filter per row group; none where the file has a row group without one.
type Filters = Option<Vec<Sbbf>>;

impl KnownIds {
    pub(crate) fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, files: HashMap::new(), exact_ids: 0 }
    }

    /// Takes over the files of a version; returns those that are new.
    pub(crate) fn update(&mut self, live: &[LiveFile]) -> Vec<String> {
        let paths: HashSet<&str> = live.iter().map(|file| file.path.as_str()).collect();
        self.files.retain(|path, _| paths.contains(path.as_str()));
        self.exact_ids =
            self.files.values().filter_map(|k| k.exact.as_ref()).map(HashSet::len).sum();
        let mut new = Vec::new();
        for file in live {
            if !self.files.contains_key(&file.path) {
                let known = Known { file: file.clone(), filters: None, exact: None };
                self.files.insert(file.path.clone(), known);
                new.push(file.path.clone());
            }
        }
        new
    }

    /// Which of these deliveries are in the lake.
    pub(crate) async fn find(
        &mut self,
        ids: &[(DeliveryId, NaiveDate)],
    ) -> Result<HashSet<u128>, CompactError> {
        let paths: Vec<String> = self.files.keys().cloned().collect();
        self.find_in(ids, &paths).await
    }

    /// Which of these deliveries are in these files.
    pub(crate) async fn find_in(
        &mut self,
        ids: &[(DeliveryId, NaiveDate)],
        paths: &[String],
    ) -> Result<HashSet<u128>, CompactError> {
        let mut by_date: HashMap<NaiveDate, Vec<DeliveryId>> = HashMap::new();
        for (id, date) in ids {
            by_date.entry(*date).or_default().push(*id);
        }
        let mut found = HashSet::new();
        for (date, ids) in by_date {
            let near: Vec<String> =
                paths.iter().filter(|path| self.is_near(path, date)).cloned().collect();
            self.load_filters(&near).await?;
            let texts: Vec<_> = ids.iter().map(|id| (id.as_u128(), id.to_string())).collect();
            for path in near {
                let perhaps = self.perhaps(&path, &texts);
                if !perhaps.is_empty() {
                    found.extend(self.confirm(&path, perhaps).await?);
                }
            }
        }
        Ok(found)
    }

    fn is_near(&self, path: &str, date: NaiveDate) -> bool {
        self.files
            .get(path)
            .is_some_and(|known| (known.file.partition.date - date).num_days().abs() <= WINDOW_DAYS)
    }

    fn perhaps(&self, path: &str, ids: &[(u128, String)]) -> Vec<u128> {
        let filters = self.files.get(path).and_then(|known| known.filters.as_ref());
        let may_hold = |id: &str| match filters {
            Some(Some(filters)) => filters.iter().any(|filter| filter.check(id)),
            _ => true,
        };
        ids.iter().filter(|(_, text)| may_hold(text)).map(|(id, _)| *id).collect()
    }

    async fn load_filters(&mut self, paths: &[String]) -> Result<(), CompactError> {
        let missing: Vec<LiveFile> = paths
            .iter()
            .filter_map(|path| self.files.get(path))
            .filter(|known| known.filters.is_none())
            .map(|known| known.file.clone())
            .collect();
        let store = &self.store;
        let loaded: Vec<(String, Filters)> = stream::iter(missing)
            .map(|file| async move {
                let filters = read_filters(store.clone(), &file).await;
                filters
                    .map(|filters| (file.path.clone(), filters))
                    .map_err(|e| CompactError::parquet("read the Bloom filter of", file.path, e))
            })
            .buffer_unordered(FETCHES)
            .try_collect()
            .await?;
        for (path, filters) in loaded {
            if let Some(known) = self.files.get_mut(&path) {
                known.filters = Some(filters);
            }
        }
        Ok(())
    }

    /// Of the ids that may be in a file, those that are.
    async fn confirm(&mut self, path: &str, perhaps: Vec<u128>) -> Result<Vec<u128>, CompactError> {
        let Some(known) = self.files.get_mut(path) else { return Ok(vec![]) };
        if known.exact.is_none() {
            let mut ids = HashSet::with_capacity(known.file.rows as usize);
            read_ids(self.store.clone(), &known.file, |id| {
                ids.insert(id);
            })
            .await?;
            self.make_room(ids.len());
            if let Some(known) = self.files.get_mut(path) {
                known.exact = Some(ids);
            }
        }
        let exact = self.files.get(path).and_then(|known| known.exact.as_ref());
        Ok(perhaps.into_iter().filter(|id| exact.is_some_and(|ids| ids.contains(id))).collect())
    }

    /// Forgets all exact ids where these would be too many: what is still needed is read again.
    fn make_room(&mut self, ids: usize) {
        if self.exact_ids + ids > MAX_EXACT_IDS {
            self.files.values_mut().for_each(|known| known.exact = None);
            self.exact_ids = 0;
        }
        self.exact_ids += ids;
    }
}

async fn read_filters(
    store: Arc<dyn ObjectStore>,
    file: &LiveFile,
) -> Result<Filters, ParquetError> {
    let mut builder = ParquetRecordBatchStreamBuilder::new(FileReader::new(store, file)).await?;
    let schema = builder.parquet_schema();
    let column = schema.columns().iter().position(|c| c.name() == name::DELIVERY_ID);
    let Some(column) = column else { return Ok(None) };
    let mut filters = Vec::new();
    for group in 0..builder.metadata().num_row_groups() {
        match builder.get_row_group_column_bloom_filter(group, column).await? {
            Some(filter) => filters.push(filter),
            None => return Ok(None),
        }
    }
    Ok(Some(filters))
}

/// Reads the delivery ids of a file, each as a number.
pub(crate) async fn read_ids(
    store: Arc<dyn ObjectStore>,
    file: &LiveFile,
    mut each: impl FnMut(u128),
) -> Result<(), CompactError> {
    let failed = |e| CompactError::parquet("read the ids of", &file.path, e);
    let builder =
        ParquetRecordBatchStreamBuilder::new(FileReader::new(store, file)).await.map_err(failed)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), [name::DELIVERY_ID]);
    let mut batches = builder.with_projection(mask).build().map_err(failed)?;
    while let Some(batch) = batches.try_next().await.map_err(failed)? {
        let ids = batch.column_by_name(name::DELIVERY_ID).and_then(|c| c.as_string_opt::<i32>());
        for id in ids.iter().flat_map(|ids| ids.iter().flatten()) {
            if let Ok(id) = id.parse::<DeliveryId>() {
                each(id.as_u128());
            }
        }
    }
    Ok(())
}
