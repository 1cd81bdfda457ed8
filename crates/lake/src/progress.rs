//! What compaction has done, as the table's log keeps it: `txn` actions, each a name and a number.
//!
//! | name                   | number                                                        |
//! |------------------------|---------------------------------------------------------------|
//! | `raw/…`                | 1: this raw object is done; 0: its day's seal says so         |
//! | `sealed/…`             | the raw objects of a day, all done: see `seals`               |
//! | `reached/raw/…`        | bytes of it, decompressed, that are dealt with; 0: nothing to say |
//! | `searched/raw/…`       | how far the end of something broken was looked for: see `reached` |
//! | `octolake.compactor`   | how many commits there were: what makes two compactors collide |
//! | `octolake.commit`      | a random mark, to know one's own commit again                 |
//! | `octolake.<count>`     | the running totals of [`Ledger`]                              |
//! | `octolake.vacuumed_at` | seconds since the epoch of the last vacuum                    |
//! | `octolake.fence`       | the sequence number of the last vacuum's commit               |
//!
//! | `erased/…`             | bytes of this list of deliveries that were erased             |
//! | `quarantine/…`         | 1: the record of this entry could be read after all           |
//! | `octolake.erased_before` | what arrived before this is erased: seconds since the epoch |
//! | `octolake.looked`      | up to this version, what others did to the table is looked at |
//!
//! A total that a log lacks, because an older version wrote it, is 0.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use deltalake::kernel::Transaction;
use octolake_event::layout;
use octolake_store::Lake;

use crate::commit::Commit;
use crate::error::LakeError;
use crate::ledger::Ledger;
use crate::log::Log;
use crate::reached::{self, Reached, Search};
use crate::replay::Names;
use crate::seals::{self, Doubt, Seal, SealedDay, Seals};

const SEQUENCE: &str = "octolake.compactor";
pub(crate) const MARK: &str = "octolake.commit";
const VACUUMED_AT: &str = "octolake.vacuumed_at";
const FENCE: &str = "octolake.fence";
const ERASED_BEFORE: &str = "octolake.erased_before";
pub(crate) const LOOKED: &str = "octolake.looked";
const DONE: i64 = 1;
/// The number of a name that means nothing any more.
const FORGOTTEN: i64 = 0;
/// When such a name was given, as far as its log is told: so long ago that the next checkpoint
/// drops it, by the table's retention of names with a time.
const LONG_AGO: i64 = 1;

/// What compaction has done up to a version of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    done: HashSet<String>,
    pub(crate) reached: BTreeMap<String, u64>,
    pub(crate) searched: BTreeMap<String, Search>,
    pub(crate) seals: Seals,
    /// The running totals.
    pub ledger: Ledger,
    pub(crate) sequence: i64,
    pub(crate) mark: i64,
    /// When files that no version names were last looked for.
    pub vacuumed_at: Option<DateTime<Utc>>,
    /// Another number after each vacuum and each erasure: what was written before one and is not
    /// committed yet may be gone after it, or hold what must not come back.
    pub fence: i64,
    erased: BTreeMap<String, u64>,
    released: HashSet<String>,
    /// What arrived before this is erased, and stays so.
    pub erased_before: Option<DateTime<Utc>>,
    /// Up to this version somebody has looked at what other engines did to the table.
    pub(crate) looked: Option<u64>,
}

impl Progress {
    /// What has been done up to the newest version, without a look at its files; `None` where
    /// nothing was ever compacted.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn open(lake: &Lake) -> Result<Option<Self>, LakeError> {
        let log = Log::of_events(lake);
        let listing = log.list(None).await?;
        let Some(version) = listing.newest() else { return Ok(None) };
        let mut progress = Self::default();
        log.read_listed(&listing, version, None, Some(&mut progress)).await?;
        Ok(Some(progress))
    }

    /// Whether the raw object is done. Where its day is sealed, every object of it is, but for
    /// those that a listing showed to be none of the seal's ([`crate::Table::doubt`]).
    pub fn is_done(&self, raw_key: &str) -> bool {
        if let Some(day) = layout::raw_day(raw_key)
            && self.seals.get(day).is_some()
        {
            match self.seals.doubt(day) {
                None => return true,
                Some(Doubt::Late(late)) => return !late.contains(raw_key),
                Some(Doubt::Differs { .. }) => {}
            }
        }
        self.is_done_by_itself(raw_key)
    }

    /// How far a raw object that is not done is dealt with.
    pub fn reached(&self, raw_key: &str) -> Reached {
        let offset = self.reached.get(raw_key).copied().unwrap_or_default();
        // An older version leaves what it does not know: it has gone on from there.
        let search = self.searched.get(raw_key).copied().filter(|search| search.at > offset);
        Reached { offset, search }
    }

    /// The raw objects that are dealt with in part.
    pub fn begun(&self) -> impl Iterator<Item = &str> {
        let searched = self.searched.keys().filter(|key| !self.reached.contains_key(*key));
        self.reached.keys().chain(searched).map(String::as_str)
    }

    /// Whether the raw object is one of [`Progress::done`].
    pub fn is_done_by_itself(&self, raw_key: &str) -> bool {
        self.done.contains(raw_key)
    }

    /// The raw objects that are done one by one: those of days that are not sealed, and those of
    /// sealed days that are still to be forgotten.
    pub fn done(&self) -> impl ExactSizeIterator<Item = &str> {
        self.done.iter().map(String::as_str)
    }

    /// The seal of a day; `None` where it has none.
    pub fn seal(&self, day: NaiveDate) -> Option<Seal> {
        self.seals.get(day)
    }

    /// The days that are sealed, in order.
    pub fn sealed(&self) -> impl Iterator<Item = SealedDay> {
        self.seals.all()
    }

    /// What a listing was found to have of a sealed day.
    pub fn doubt(&self, day: NaiveDate) -> Option<&Doubt> {
        self.seals.doubt(day)
    }

    /// How many objects of a day were done and are known not to be there any more.
    pub fn known_gone(&self, day: NaiveDate) -> u64 {
        let missing = match self.seals.doubt(day) {
            Some(Doubt::Differs { gone }) => *gone,
            _ => 0,
        };
        self.seals.gone(day) + missing
    }

    /// The lists of erased deliveries: their keys, and their sizes in bytes.
    pub fn erased(&self) -> impl ExactSizeIterator<Item = (&str, u64)> {
        self.erased.iter().map(|(key, bytes)| (key.as_str(), *bytes))
    }

    /// Whether the record of this quarantine entry could be read after all: the entry may be
    /// there still, and means nothing any more.
    pub fn is_released(&self, entry_key: &str) -> bool {
        self.released.contains(entry_key)
    }
}

impl Names for Progress {
    fn apply(&mut self, name: &str, number: i64) {
        match name {
            SEQUENCE => self.sequence = number,
            MARK => self.mark = number,
            FENCE => self.fence = number,
            VACUUMED_AT => self.vacuumed_at = DateTime::from_timestamp(number, 0),
            ERASED_BEFORE => self.erased_before = DateTime::from_timestamp(number, 0),
            LOOKED => self.looked = self.looked.max(u64::try_from(number).ok()),
            _ if layout::is_under_raw(name) => {
                match number {
                    FORGOTTEN => self.done.remove(name),
                    _ => self.done.insert(name.to_owned()),
                };
            }
            _ if self.reach(name, number) => {}
            _ if self.seals.apply(name, number) => {}
            _ if layout::is_quarantine_key(name) => {
                self.released.insert(name.to_owned());
            }
            _ if layout::is_erased_key(name) => {
                self.erased.insert(name.to_owned(), u64::try_from(number).unwrap_or_default());
            }
            _ => {
                if let Some(entry) = self.ledger.entry_mut(name) {
                    *entry = u64::try_from(number).unwrap_or_default();
                }
            }
        }
    }
}

impl Progress {
    /// Takes in how far an object is dealt with; false where the name is about something else.
    fn reach(&mut self, name: &str, number: i64) -> bool {
        if let Some(key) = layout::reached_of(name) {
            match u64::try_from(number) {
                Ok(offset) if offset > 0 => self.reached.insert(key.to_owned(), offset),
                _ => self.reached.remove(key),
            };
        } else if let Some(key) = layout::searched_of(name) {
            match Search::of_number(number) {
                Some(search) => self.searched.insert(key.to_owned(), search),
                None => self.searched.remove(key),
            };
        } else {
            return false;
        }
        true
    }
}

/// The `txn` actions of a commit that follows `progress` and leaves the totals at `ledger`.
///
/// Those of raw objects carry the time, so that the table's retention can forget them; all others
/// must never be forgotten and carry none.
pub(crate) fn transactions(
    progress: &Progress,
    ledger: &Ledger,
    commit: &Commit,
) -> Vec<Transaction> {
    let sequence = progress.sequence + 1;
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let mut txns = vec![Transaction::new(SEQUENCE, sequence), Transaction::new(MARK, commit.mark)];
    txns.extend(ledger.entries().map(|(name, value)| Transaction::new(name, number(value))));
    if commit.vacuumed {
        txns.push(Transaction::new(VACUUMED_AT, commit.now.timestamp()));
    }
    if commit.vacuumed || commit.erased.is_some() {
        txns.push(Transaction::new(FENCE, sequence));
    }
    if let Some(erased) = &commit.erased {
        let lists = erased.lists.iter();
        txns.extend(lists.map(|(key, bytes)| Transaction::new(key, number(*bytes))));
        let before = erased.before.max(progress.erased_before);
        txns.extend(before.map(|at| Transaction::new(ERASED_BEFORE, at.timestamp())));
    }
    let released = commit.retried.iter().flat_map(|retried| &retried.released);
    txns.extend(released.map(|key| Transaction::new(key, DONE)));
    txns.extend(reached::transactions(progress, commit));
    let (sealed, singles) = seals::transactions(progress, commit);
    txns.extend(sealed);
    let at = Some(commit.now.timestamp_millis());
    txns.extend(singles.into_iter().map(|key| Transaction::new_with_last_update(key, DONE, at)));
    txns.extend(commit.forgotten.iter().map(|key| forget(key)));
    txns
}

/// Says that a name means nothing any more. Of names with a time the newest counts, however old it
/// says that it is, so that no older one comes back in its stead.
pub(crate) fn forget(name: &str) -> Transaction {
    Transaction::new_with_last_update(name, FORGOTTEN, Some(LONG_AGO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::{CommitKind, Erased};
    use crate::ledger::Counts;

    #[test]
    fn what_is_committed_is_read_back() {
        let now = "2026-03-02T10:00:00Z".parse().unwrap();
        let ledger = Ledger {
            counts: Counts {
                read: 10,
                stored: 7,
                duplicates: 2,
                quarantined: 1,
                signed: 4,
                unsigned: 3,
                conflicting: 12,
                replayed: 13,
                erased: 14,
            },
            bytes_added: 100,
            bytes_merged: 50,
            rows_erased: 6,
        };
        let before = Progress { sequence: 4, ..Progress::default() };
        let mut commit = Commit::new(CommitKind::Erase, 99, now);
        commit.done = vec!["raw/2026/03/02/10/x".to_owned()];
        commit.vacuumed = true;
        let lists = vec![("erased/1.parquet".to_owned(), 77)];
        commit.erased = Some(Erased { rows: 6, lists, before: Some(now) });
        let mut after = Progress::default();
        for txn in transactions(&before, &ledger, &commit) {
            after.apply(&txn.app_id, txn.version);
        }
        assert_eq!(after.ledger, ledger);
        assert_eq!((after.sequence, after.mark, after.vacuumed_at), (5, 99, Some(now)));
        assert_eq!(after.fence, 5);
        assert_eq!(after.erased().collect::<Vec<_>>(), [("erased/1.parquet", 77)]);
        assert_eq!(after.erased_before, Some(now));
        assert!(after.is_done("raw/2026/03/02/10/x") && after.done().len() == 1);
        assert!(after.ledger.counts.balance());
        assert_eq!(ledger.write_amplification(), Some(1.5));
    }

    #[test]
    fn what_is_erased_before_never_moves_back() {
        let early = "2026-03-02T00:00:00Z".parse().unwrap();
        let late = "2026-04-02T00:00:00Z".parse().unwrap();
        let before = Progress { erased_before: Some(late), ..Progress::default() };
        let mut commit = Commit::new(CommitKind::Erase, 1, late);
        commit.erased = Some(Erased { rows: 0, lists: vec![], before: Some(early) });
        let mut after = before.clone();
        for txn in transactions(&before, &Ledger::default(), &commit) {
            after.apply(&txn.app_id, txn.version);
        }
        assert_eq!(after.erased_before, Some(late));
    }

    #[test]
    fn names_of_others_are_left_alone() {
        let mut progress = Progress::default();
        progress.apply("spark-stream-7", 12);
        assert_eq!(progress, Progress::default());
    }
}
