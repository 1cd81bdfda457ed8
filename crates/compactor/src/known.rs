//! Which deliveries are in the lake already, by id and by body.
//!
//! A redelivery comes within three days, so a row can only repeat one that was received up to
//! [`WINDOW_DAYS`] before or after it. Of the live files of those dates, the Bloom filters on
//! `delivery_id` and `payload_hash` are asked first; only where one says "perhaps", the columns
//! themselves are read.
//!
//! What was erased is known too, by the lists that erasures leave (see [`crate::erase`]): they are
//! files of the same two columns, and whatever its date, a delivery is looked for in them.
//!
//! The event type doesn't narrow the search: the header that names it isn't signed, and one id is
//! one delivery whatever it calls itself.

mod file;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use octolake_event::DeliveryId;
use octolake_lake::{LiveFile, Progress};

use self::file::Rows;
pub(crate) use self::file::{Filters, read_deliveries, read_ids};
use crate::error::CompactError;

/// Dates this far from a row's, both ways, are searched for its delivery id and its body.
pub const WINDOW_DAYS: i64 = 4;

/// How many files' filters are fetched at once.
const FETCHES: usize = 16;
/// Rows of which ids and hashes are held in memory, at most: 40 bytes each.
const MAX_EXACT_ROWS: usize = 1_600_000;

/// A delivery to look for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sought {
    pub(crate) id: DeliveryId,
    /// The hash of its payload; `None` where nobody asks who else has it.
    pub(crate) body: Option<i64>,
    /// The date of its arrival.
    pub(crate) date: NaiveDate,
}

/// What is in the lake of the deliveries that were looked for.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The ids, each with the hash of the payload that is stored; `None` in rows of an older
    /// version.
    pub(crate) ids: HashMap<u128, Option<i64>>,
    /// The bodies, each with the date that it was looked for.
    pub(crate) bodies: HashSet<(i64, NaiveDate)>,
    /// The ids and the bodies that were erased.
    pub(crate) erased_ids: HashSet<u128>,
    pub(crate) erased_bodies: HashSet<i64>,
}

/// A file that deliveries are known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdFile {
    pub(crate) key: String,
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
}

impl From<&LiveFile> for IdFile {
    fn from(file: &LiveFile) -> Self {
        Self { key: file.key(), bytes: file.bytes, rows: file.rows }
    }
}

/// The live files' deliveries, as far as they were asked for.
pub(crate) struct KnownDeliveries {
    store: Arc<dyn ObjectStore>,
    /// By date; the lists of what was erased have none, and come first.
    files: Vec<KnownFile>,
    /// What arrived before this is erased.
    erased_before: Option<DateTime<Utc>>,
    /// How many versions of the table were taken over.
    updates: u64,
    exact_rows: usize,
}

struct KnownFile {
    file: IdFile,
    date: Option<NaiveDate>,
    /// The update that brought it.
    update: u64,
    /// `None` until asked for.
    filters: Option<Filters>,
    rows: Option<Rows>,
}

/// Which of the files to look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among {
    All,
    /// Those that the last update brought.
    New,
}

impl KnownDeliveries {
    pub(crate) fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, files: vec![], erased_before: None, updates: 0, exact_rows: 0 }
    }

    /// Takes over the files of a version, and what was erased up to it.
    pub(crate) fn update(&mut self, live: &[LiveFile], progress: &Progress) {
        self.updates += 1;
        self.erased_before = progress.erased_before;
        let mut known: HashMap<String, KnownFile> =
            self.files.drain(..).map(|known| (known.file.key.clone(), known)).collect();
        let update = self.updates;
        let new = |file, date| KnownFile { file, date, update, filters: None, rows: None };
        let list = |(key, bytes): (&str, u64)| {
            let file = IdFile { key: key.to_owned(), bytes, rows: 0 };
            known.remove(key).unwrap_or_else(|| new(file, None))
        };
        self.files.extend(progress.erased().map(list));
        for file in live {
            let file_known = known.remove(&file.key());
            let date = Some(file.partition.date);
            self.files.push(file_known.unwrap_or_else(|| new(file.into(), date)));
        }
        self.files.sort_by_key(|known| known.date);
        self.exact_rows = self.files.iter().filter_map(|k| k.rows.as_ref()).map(Rows::len).sum();
    }

    /// Whether a delivery of this time is erased, whatever it is.
    pub(crate) fn is_erased_at(&self, received_at: DateTime<Utc>) -> bool {
        self.erased_before.is_some_and(|before| received_at < before)
    }

    /// What is in the lake of these deliveries.
    pub(crate) async fn find(
        &mut self,
        sought: &[Sought],
        among: Among,
    ) -> Result<Found, CompactError> {
        let mut by_date: BTreeMap<NaiveDate, Vec<Question>> = BTreeMap::new();
        for one in sought {
            by_date.entry(one.date).or_default().push(Question::new(one));
        }
        let mut found = Found::default();
        for (date, questions) in by_date {
            let near = self.near(date);
            let lists = 0..self.files.partition_point(|known| known.date.is_none());
            self.load_filters(lists.clone(), among).await?;
            self.load_filters(near.clone(), among).await?;
            for place in lists.chain(near) {
                let perhaps = self.perhaps(place, among, &questions);
                if !perhaps.is_empty() {
                    self.load_rows(place).await?;
                    self.confirm(place, date, &perhaps, &mut found);
                }
            }
        }
        Ok(found)
    }

    /// The places of the files whose date is within the window of this one.
    fn near(&self, date: NaiveDate) -> Range<usize> {
        let days = TimeDelta::days(WINDOW_DAYS);
        let (first, last) = (Some(date - days), Some(date + days));
        let start = self.files.partition_point(|known| known.date < first);
        let end = self.files.partition_point(|known| known.date <= last);
        start..end
    }

    fn is_among(&self, known: &KnownFile, among: Among) -> bool {
        among == Among::All || known.update == self.updates
    }

    /// What may be in a file, by its filters.
    fn perhaps<'q>(
        &self,
        place: usize,
        among: Among,
        questions: &'q [Question],
    ) -> Vec<&'q Question> {
        let known = &self.files[place];
        match &known.filters {
            Some(filters) if self.is_among(known, among) => {
                questions.iter().filter(|question| question.may_be_in(filters)).collect()
            }
            _ => vec![],
        }
    }

    async fn load_filters(&mut self, near: Range<usize>, among: Among) -> Result<(), CompactError> {
        let missing: Vec<(usize, IdFile)> = near
            .map(|place| (place, &self.files[place]))
            .filter(|(_, known)| known.filters.is_none() && self.is_among(known, among))
            .map(|(place, known)| (place, known.file.clone()))
            .collect();
        let store = &self.store;
        let loaded: Vec<(usize, Filters)> = stream::iter(missing)
            .map(|(place, file)| async move {
                let filters = Filters::read(store.clone(), &file).await;
                filters
                    .map(|filters| (place, filters))
                    .map_err(|e| CompactError::parquet("read the Bloom filters of", file.key, e))
            })
            .buffer_unordered(FETCHES)
            .try_collect()
            .await?;
        for (place, filters) in loaded {
            self.files[place].filters = Some(filters);
        }
        Ok(())
    }

    async fn load_rows(&mut self, place: usize) -> Result<(), CompactError> {
        if self.files[place].rows.is_none() {
            let rows = Rows::read(self.store.clone(), &self.files[place].file).await?;
            self.make_room(rows.len());
            self.files[place].rows = Some(rows);
        }
        Ok(())
    }

    /// Of what may be in a file, notes what is.
    fn confirm(&self, place: usize, date: NaiveDate, perhaps: &[&Question], found: &mut Found) {
        let Some(rows) = &self.files[place].rows else { return };
        if self.files[place].date.is_none() {
            let ids = perhaps.iter().map(|question| question.id);
            found.erased_ids.extend(ids.filter(|id| rows.body_of(*id).is_some()));
            let bodies = perhaps.iter().filter_map(|question| question.body);
            found.erased_bodies.extend(bodies.filter(|body| rows.holds_body(*body)));
            return;
        }
        for question in perhaps {
            if let Some(body) = rows.body_of(question.id) {
                found.ids.insert(question.id, body);
            }
            if let Some(body) = question.body.filter(|body| rows.holds_body(*body)) {
                found.bodies.insert((body, date));
            }
        }
    }

    /// Forgets all exact rows where these would be too many: what is still needed is read again.
    fn make_room(&mut self, rows: usize) {
        if self.exact_rows + rows > MAX_EXACT_ROWS {
            self.files.iter_mut().for_each(|known| known.rows = None);
            self.exact_rows = 0;
        }
        self.exact_rows += rows;
    }
}

/// A delivery to look for, in the spellings that files have it in.
struct Question {
    id: u128,
    text: String,
    body: Option<i64>,
}

impl Question {
    fn new(sought: &Sought) -> Self {
        Self { id: sought.id.as_u128(), text: sought.id.to_string(), body: sought.body }
    }

    fn may_be_in(&self, filters: &Filters) -> bool {
        filters.may_hold_id(&self.text) || self.body.is_some_and(|hash| filters.may_hold_body(hash))
    }
}
