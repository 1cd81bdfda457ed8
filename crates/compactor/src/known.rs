//! Which deliveries are in the lake already, by id and by body.
//!
//! A redelivery comes within three days, so a row can only repeat one that was received up to
//! [`WINDOW_DAYS`] before or after it. The live files of those dates are asked once for many new
//! deliveries: each carries its ids and hashes as a block of numbers (`index`), which is run past
//! those that are sought. A file without such a block, which an older version or another engine
//! wrote, is asked by its Bloom filters, and where they say "perhaps", by the columns themselves.
//!
//! What was erased is known too, by the lists that erasures leave (see [`crate::erase`]): whatever
//! its date, a delivery is looked for in them.
//!
//! The event type doesn't narrow the search: the header that names it isn't signed, and one id is
//! one delivery whatever it calls itself. Nothing is kept from one question to the next: memory is
//! bounded by what is sought.

mod file;
mod index;
mod wanted;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use octolake_event::{DeliveryId, layout};
use octolake_lake::{LiveFile, Progress, Table, Unusable};
use parquet::errors::ParquetError;

pub(crate) use self::file::{Filters, each_delivery, read_deliveries, read_ids};
pub(crate) use self::index::IndexBuilder;
pub(crate) use self::wanted::Wanted;
use crate::error::CompactError;

/// Dates this far from a row's, both ways, are searched for its delivery id and its body.
pub const WINDOW_DAYS: i64 = 4;

/// How many files are looked into at once. Of each, a few megabytes are in memory.
const FILES_AT_ONCE: usize = 8;

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
    /// Files that are not there, or no Parquet: nobody can read what they hold.
    pub(crate) unusable: Vec<Unusable>,
}

/// A file that deliveries are known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdFile {
    pub(crate) key: String,
    pub(crate) bytes: u64,
}

impl From<&LiveFile> for IdFile {
    fn from(file: &LiveFile) -> Self {
        Self { key: file.key(), bytes: file.bytes }
    }
}

/// The deliveries of one version of the table.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) store: &'a Arc<dyn ObjectStore>,
    pub(crate) live: &'a [LiveFile],
    /// `None` where there is no table.
    pub(crate) progress: Option<&'a Progress>,
}

impl<'a> Known<'a> {
    /// Those of the version that the table is at; none where there is no table.
    pub(crate) fn of(store: &'a Arc<dyn ObjectStore>, table: Option<&'a Table>) -> Self {
        let live = table.map_or(&[][..], Table::files);
        Self { store, live, progress: table.map(Table::progress) }
    }

    /// Whether a delivery of this time is erased, whatever it is.
    pub(crate) fn is_erased_at(&self, received_at: DateTime<Utc>) -> bool {
        let before = self.progress.and_then(|progress| progress.erased_before);
        before.is_some_and(|before| received_at < before)
    }

    /// What is in the lake of these deliveries.
    pub(crate) async fn find(&self, wanted: Wanted) -> Result<Found, CompactError> {
        let wanted = Arc::new(wanted);
        let mut found = Found::default();
        let Some((first, last)) = wanted.dates() else { return Ok(found) };
        let days = TimeDelta::days(WINDOW_DAYS);
        let (first, last) = (first - days, last + days);
        let near = self.live.iter().filter(|f| (first..=last).contains(&f.partition.date));
        let files = near.map(|file| (Some(file.partition.date), file.into()));
        let lists = self.progress.into_iter().flat_map(Progress::erased);
        let lists = lists.map(|(key, bytes)| (None, IdFile { key: key.to_owned(), bytes }));
        let asked: Vec<(Option<NaiveDate>, IdFile)> = lists.chain(files).collect();
        let mut answers = stream::iter(asked)
            .map(|(date, file)| ask(self.store.clone(), file, date, wanted.clone()))
            .buffer_unordered(FILES_AT_ONCE);
        while let Some(hits) = answers.try_next().await? {
            hits.note(&wanted, &mut found);
        }
        Ok(found)
    }
}

/// What one file holds of what is sought.
#[derive(Debug)]
struct Hits {
    /// `None`: it is a list of what was erased.
    date: Option<NaiveDate>,
    ids: Vec<(u128, Option<i64>)>,
    bodies: Vec<i64>,
    unusable: Option<Unusable>,
}

impl Hits {
    fn note(self, wanted: &Wanted, found: &mut Found) {
        found.unusable.extend(self.unusable);
        let Some(date) = self.date else {
            found.erased_ids.extend(self.ids.iter().map(|(id, _)| id));
            found.erased_bodies.extend(self.bodies);
            return;
        };
        found.ids.extend(self.ids.into_iter().filter(|(id, _)| wanted.is_id_near(*id, date)));
        for body in self.bodies {
            found.bodies.extend(wanted.body_dates_near(body, date).map(|date| (body, date)));
        }
    }
}

/// Looks into one file, in a task of its own: there are as many cores as that.
async fn ask(
    store: Arc<dyn ObjectStore>,
    file: IdFile,
    date: Option<NaiveDate>,
    wanted: Arc<Wanted>,
) -> Result<Hits, CompactError> {
    let key = file.key.clone();
    let task = tokio::spawn(async move { look(&store, &file, date, &wanted).await });
    let hits = match task.await {
        Ok(hits) => hits,
        // Of a damaged file the library may panic.
        Err(error) if error.is_panic() => {
            let damaged = ParquetError::General("it is damaged".to_owned());
            Err(CompactError::parquet("read the ids of", key, damaged))
        }
        Err(error) => Err(CompactError::Task { what: "reading ids", error }),
    };
    match hits {
        Err(CompactError::Parquet { path, source, .. }) if date.is_some() && is_lost(&source) => {
            let path = layout::path_in_table(&path).unwrap_or(&path).to_owned();
            let unusable = Some(Unusable { path, reason: source.to_string() });
            Ok(Hits { date, ids: vec![], bodies: vec![], unusable })
        }
        hits => hits,
    }
}

/// Whether a file that cannot be read is lost: it is not there, or no Parquet. A store that fails for
/// now is another matter: what the file holds must not be stored again.
pub(crate) fn is_lost(error: &ParquetError) -> bool {
    match error {
        ParquetError::External(source) => source
            .downcast_ref::<object_store::Error>()
            .is_some_and(|error| matches!(error, object_store::Error::NotFound { .. })),
        _ => true,
    }
}

async fn look(
    store: &Arc<dyn ObjectStore>,
    file: &IdFile,
    date: Option<NaiveDate>,
    wanted: &Wanted,
) -> Result<Hits, CompactError> {
    let mut hits = Hits { date, ids: vec![], bodies: vec![], unusable: None };
    let failed = |e| CompactError::parquet("read the ids of", &file.key, e);
    let mut take = |rows: &[u8]| hits.take_all(wanted, rows);
    let is_indexed = index::scan(store, file, &mut take).await.map_err(failed)?;
    if is_indexed {
        return Ok(hits);
    }
    hits.ids.clear();
    hits.bodies.clear();
    let filters = Filters::read(store.clone(), file).await.map_err(failed)?;
    if wanted.may_be_in(&filters) {
        read_deliveries(store.clone(), file, |id, body| hits.take(wanted, id, body)).await?;
    }
    Ok(hits)
}

impl Hits {
    /// Not generic, and not in the future above: millions of rows go through here, and this is
    /// compiled in this crate, with its optimisation.
    #[inline(never)]
    fn take_all(&mut self, wanted: &Wanted, rows: &[u8]) {
        for (id, body) in index::deliveries(rows) {
            self.take(wanted, id, body);
        }
    }

    #[inline]
    fn take(&mut self, wanted: &Wanted, id: u128, body: Option<i64>) {
        if wanted.wants_id(id) {
            self.ids.push((id, body));
        }
        if let Some(body) = body.filter(|body| wanted.wants_body(*body)) {
            self.bodies.push(body);
        }
    }
}
