//! Days of raw objects that are done as a whole.
//!
//! A day that is over and done needs no entry for each of its raw objects: how many they are, and
//! a hash of their keys that does not depend on their order, tell whether a listing shows the same
//! ones. Two `txn`s for a sealed day:
//!
//! | name                        | number                                                  |
//! |-----------------------------|---------------------------------------------------------|
//! | `sealed/<yyyy>/<mm>/<dd>`   | the wrapping sum of the XXH64 of each key, as an `i64`  |
//! | `sealed/<yyyy>/<mm>/<dd>/count` | how many keys; 0: the day is open                   |
//! | `sealed/<yyyy>/<mm>/<dd>/gone`  | of the objects that were done, those known to be gone |
//!
//! The sum grows with a key that comes late, so that one late object costs a reading of itself and
//! not of its day.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::NaiveDate;
use deltalake::kernel::Transaction;
use octolake_event::layout;

use crate::commit::Commit;
use crate::progress::{Progress, forget};

const COUNT: &str = "count";
const GONE: &str = "gone";

/// The raw keys of a day, as a few numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seal {
    /// How many.
    pub count: u64,
    /// The wrapping sum of [`layout::raw_key_hash`] of each.
    pub hash: u64,
}

impl Seal {
    /// The seal of the same keys and one more.
    #[must_use]
    pub fn with(self, key: &str) -> Self {
        let hash = self.hash.wrapping_add(layout::raw_key_hash(key));
        Self { count: self.count + 1, hash }
    }

    /// The seal of these keys, each of which must be named once.
    pub fn of<'a>(keys: impl IntoIterator<Item = &'a str>) -> Self {
        keys.into_iter().fold(Self::default(), Self::with)
    }
}

/// How the listing of a sealed day differs from its seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// The objects of the seal are there, and these, which came later.
    Late(HashSet<String>),
    /// Which objects are of the seal cannot be told: those that are done one by one are done, and
    /// all others are not. Of the seal's objects at least so many are gone.
    Differs {
        /// How many fewer there are.
        gone: u64,
    },
}

/// A day that a commit seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedDay {
    /// The day.
    pub day: NaiveDate,
    /// Its keys.
    pub seal: Seal,
    /// How many objects of it were done and are not there any more, as far as that is known.
    pub gone: u64,
}

/// The seals as the log has them, and what is doubted of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seals {
    days: BTreeMap<NaiveDate, Entry>,
    doubts: BTreeMap<NaiveDate, Doubt>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Entry {
    seal: Seal,
    gone: u64,
}

impl Seals {
    /// The seal of a day; `None` where it is open.
    pub(crate) fn get(&self, day: NaiveDate) -> Option<Seal> {
        self.days.get(&day).map(|entry| entry.seal).filter(|seal| seal.count > 0)
    }

    pub(crate) fn gone(&self, day: NaiveDate) -> u64 {
        self.days.get(&day).map_or(0, |entry| entry.gone)
    }

    /// The sealed days, in order.
    pub(crate) fn all(&self) -> impl Iterator<Item = SealedDay> {
        let sealed = self.days.iter().filter(|(_, entry)| entry.seal.count > 0);
        sealed.map(|(day, entry)| SealedDay { day: *day, seal: entry.seal, gone: entry.gone })
    }

    pub(crate) fn doubt(&self, day: NaiveDate) -> Option<&Doubt> {
        self.doubts.get(&day)
    }

    pub(crate) fn set_doubt(&mut self, day: NaiveDate, doubt: Doubt) {
        self.doubts.insert(day, doubt);
    }

    /// Takes a `txn` of this name in; false where it is of something else. What was doubted of the
    /// day was doubted of another seal.
    pub(crate) fn apply(&mut self, name: &str, number: i64) -> bool {
        let Some((day, part)) = layout::seal_of(name) else { return false };
        let entry = self.days.entry(day).or_default();
        let as_count = u64::try_from(number).unwrap_or_default();
        match part {
            "" => entry.seal.hash = number.cast_unsigned(),
            COUNT => entry.seal.count = as_count,
            GONE => entry.gone = as_count,
            _ => {}
        }
        if *entry == Entry::default() {
            self.days.remove(&day);
        }
        self.doubts.remove(&day);
        true
    }

    /// What is still doubted after a commit of one's own made these objects done.
    pub(crate) fn doubts_after(&self, commit: &Commit) -> BTreeMap<NaiveDate, Doubt> {
        let mut doubts = self.doubts.clone();
        for key in &commit.done {
            if let Some(day) = layout::raw_day(key)
                && let Some(Doubt::Late(keys)) = doubts.get_mut(&day)
            {
                keys.remove(key);
            }
        }
        let is_open = |doubt: &Doubt| match doubt {
            Doubt::Late(keys) => !keys.is_empty(),
            // The commit has broken the seal, or set it anew.
            Doubt::Differs { .. } => false,
        };
        doubts.retain(|day, doubt| {
            is_open(doubt) && !commit.seals.iter().any(|sealed| sealed.day == *day)
        });
        doubts
    }

    pub(crate) fn restore_doubts(&mut self, doubts: BTreeMap<NaiveDate, Doubt>) {
        self.doubts = doubts;
    }
}

/// The seals that a commit changes, and which of its objects have to be remembered one by one.
///
/// An object of a sealed day goes into the day's seal; where the seal does not tell which objects
/// it is of, it is broken in the same commit.
pub(crate) fn transactions<'c>(
    progress: &Progress,
    commit: &'c Commit,
) -> (Vec<Transaction>, Vec<&'c str>) {
    let seals = &progress.seals;
    let (mut singles, mut grown) = (vec![], BTreeMap::new());
    let unsealed = commit.unsealed.iter().filter(|day| seals.get(**day).is_some());
    let mut broken: BTreeSet<NaiveDate> = unsealed.copied().collect();
    for key in &commit.done {
        let day = layout::raw_day(key);
        match day.and_then(|day| Some((day, seals.get(day)?))) {
            None => singles.push(key.as_str()),
            Some((day, seal)) => match seals.doubt(day) {
                // It is done already.
                None => {}
                Some(Doubt::Late(late)) if !late.contains(key) => {}
                Some(Doubt::Late(_)) => {
                    let grown = grown.entry(day).or_insert(seal);
                    *grown = grown.with(key);
                }
                Some(Doubt::Differs { .. }) => {
                    broken.insert(day);
                    singles.push(key.as_str());
                }
            },
        }
    }
    grown.extend(commit.seals.iter().map(|sealed| (sealed.day, sealed.seal)));
    let mut txns: Vec<_> = grown.into_iter().flat_map(|(day, seal)| sealing(day, seal)).collect();
    txns.extend(broken.iter().flat_map(|day| breaking(progress, *day)));
    let gone = commit.seals.iter().filter(|sealed| sealed.gone != seals.gone(sealed.day));
    txns.extend(gone.map(|sealed| gone_txn(sealed.day, sealed.gone)));
    (txns, singles)
}

fn part(day: NaiveDate, part: &str) -> String {
    format!("{}/{part}", layout::seal_name(day))
}

fn sealing(day: NaiveDate, seal: Seal) -> [Transaction; 2] {
    let count = i64::try_from(seal.count).unwrap_or(i64::MAX);
    [
        Transaction::new(layout::seal_name(day), seal.hash.cast_signed()),
        Transaction::new(part(day, COUNT), count),
    ]
}

fn breaking(progress: &Progress, day: NaiveDate) -> Vec<Transaction> {
    let mut txns = vec![forget(&layout::seal_name(day)), forget(&part(day, COUNT))];
    if let Some(Doubt::Differs { gone: 1.. }) = progress.seals.doubt(day) {
        txns.push(gone_txn(day, progress.known_gone(day)));
    }
    txns
}

fn gone_txn(day: NaiveDate, gone: u64) -> Transaction {
    Transaction::new(part(day, GONE), i64::try_from(gone).unwrap_or(i64::MAX))
}
