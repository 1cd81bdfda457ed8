//! How far a raw object is dealt with that is not done.

use deltalake::kernel::Transaction;
use octolake_event::layout;

use crate::commit::Commit;
use crate::progress::{Progress, forget};

/// How far a raw object is dealt with, in decompressed bytes. What is greater is farther.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reached {
    /// All that stands before this is.
    pub offset: u64,
    /// What stands there is broken: how far its end was looked for.
    pub search: Option<Search>,
}

impl Reached {
    /// All before `offset`, and nothing behind it.
    pub fn at(offset: u64) -> Self {
        Self { offset, search: None }
    }
}

/// How far the end of something broken was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Search {
    /// It does not end before this, in decompressed bytes of the object.
    pub at: u64,
    /// Whether a record may begin there.
    pub begun: bool,
}

impl Search {
    /// As one number, which is never 0 but at the beginning of an object.
    fn number(self) -> i64 {
        let number = self.at.checked_mul(2).map(|double| double | u64::from(self.begun));
        number.and_then(|number| i64::try_from(number).ok()).unwrap_or_default()
    }

    pub(crate) fn of_number(number: i64) -> Option<Self> {
        let number = u64::try_from(number).ok().filter(|number| *number > 0)?;
        Some(Self { at: number / 2, begun: number % 2 == 1 })
    }
}

/// What a commit says of objects that it reads in part, and of those that it ends.
pub(crate) fn transactions(progress: &Progress, commit: &Commit) -> Vec<Transaction> {
    let at = Some(commit.now.timestamp_millis());
    let mut txns = Vec::new();
    for (key, reached) in &commit.reached {
        let offset = i64::try_from(reached.offset).unwrap_or(i64::MAX);
        let name = layout::reached_name(key);
        txns.push(Transaction::new_with_last_update(name, offset, at));
        let name = layout::searched_name(key);
        match reached.search.map(Search::number) {
            Some(number) => txns.push(Transaction::new_with_last_update(name, number, at)),
            None if progress.searched.contains_key(key) => txns.push(forget(&name)),
            None => {}
        }
    }
    for key in &commit.done {
        if progress.reached.contains_key(key) {
            txns.push(forget(&layout::reached_name(key)));
        }
        if progress.searched.contains_key(key) {
            txns.push(forget(&layout::searched_name(key)));
        }
    }
    txns
}
