//! Which sealed days are looked at, and what a listing says of a seal.
//!
//! An object that comes into a day after its seal is late: `serve` was down for days, Firehose
//! retried, somebody copied it in, or the clock of the run that sealed was ahead. No request tells
//! of it but a listing of its day, so each sealed day is listed in its turn.

use chrono::{DateTime, NaiveDate, Utc};
use octolake_lake::{Doubt, Progress, Seal};

use super::RawObject;

/// How many of the youngest sealed days are listed in each run: what is late is so by little.
const YOUNGEST: usize = 2;
/// How many others, at the least.
const OTHERS: usize = 6;
/// In how many seconds each of the others has its turn where runs are 15 minutes apart. About a
/// week, and no multiple of a day or an hour: runs that are always at the same hour must not
/// always meet the same days.
const ROUND: u64 = 601_001;
const RUN: u64 = 900;

/// The days to list at `now`: those that are not sealed, and some that are. What they are depends
/// on the time alone, so that nothing has to be remembered.
pub(super) fn due(there: &[NaiveDate], progress: &Progress, now: DateTime<Utc>) -> Vec<NaiveDate> {
    let (sealed, mut due): (Vec<_>, Vec<_>) =
        there.iter().copied().partition(|day| progress.seal(*day).is_some());
    let (others, youngest) = sealed.split_at(sealed.len().saturating_sub(YOUNGEST));
    due.extend(youngest);
    due.extend(turn(others, now));
    due
}

/// The days whose turn it is: so many in a row, from a place that goes through all of them in a
/// round.
fn turn(days: &[NaiveDate], now: DateTime<Utc>) -> Vec<NaiveDate> {
    let at = u64::try_from(now.timestamp()).unwrap_or_default() % ROUND;
    let all = days.len() as u64;
    let first = usize::try_from(at * all / ROUND).unwrap_or_default();
    let per_run = usize::try_from((all * RUN).div_ceil(ROUND) + 1).unwrap_or(usize::MAX);
    days.iter().cycle().skip(first).take(per_run.max(OTHERS).min(days.len())).copied().collect()
}

/// How the listing of a sealed day differs from its seal; `None` where it does not, or where
/// nothing is there that could be read.
pub(super) fn compare(seal: Seal, listed: Seal, objects: &[RawObject]) -> Option<Doubt> {
    if listed == seal || objects.is_empty() {
        return None;
    }
    let late = the_late_one(seal, listed, objects).or_else(|| late(seal, objects));
    Some(late.unwrap_or(Doubt::Differs { gone: seal.count.saturating_sub(listed.count) }))
}

/// The object that came later, where it is one: it is what the hashes differ by.
fn the_late_one(seal: Seal, listed: Seal, objects: &[RawObject]) -> Option<Doubt> {
    (listed.count == seal.count + 1).then_some(())?;
    let late = objects.iter().find(|object| seal.with(&object.key) == listed)?;
    Some(Doubt::Late([late.key.clone()].into()))
}

/// The objects that came later, where those before them are exactly the seal's.
fn late(seal: Seal, objects: &[RawObject]) -> Option<Doubt> {
    let count = usize::try_from(seal.count).ok().filter(|count| *count < objects.len())?;
    let mut by_time: Vec<&RawObject> = objects.iter().collect();
    by_time.sort_by_key(|object| (object.modified, &object.key));
    let (first, late) = by_time.split_at_checked(count)?;
    (Seal::of(first.iter().map(|object| object.key.as_str())) == seal)
        .then(|| Doubt::Late(late.iter().map(|object| object.key.clone()).collect()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::TimeDelta;

    use super::*;

    fn object(name: &str, second: i64) -> RawObject {
        let modified = DateTime::from_timestamp(second, 0).unwrap();
        RawObject { key: format!("raw/2026/03/02/10/{name}"), bytes: 1, modified }
    }

    fn seal(objects: &[RawObject]) -> Seal {
        Seal::of(objects.iter().map(|object| object.key.as_str()))
    }

    #[test]
    fn late_objects_are_told_from_those_of_the_seal() {
        let (a, b, c, d) = (object("a", 5), object("b", 1), object("c", 9), object("d", 7));
        let sealed = seal(&[a.clone(), b.clone()]);
        let differs = |objects: &[RawObject]| compare(sealed, seal(objects), objects);
        assert_eq!(differs(&[b.clone(), a.clone()]), None);
        let late = |keys: &[&RawObject]| {
            Some(Doubt::Late(keys.iter().map(|object| object.key.clone()).collect()))
        };
        assert_eq!(differs(&[a.clone(), b.clone(), c.clone()]), late(&[&c]));
        assert_eq!(differs(&[c.clone(), d.clone(), a.clone(), b.clone()]), late(&[&c, &d]));
        // One of the seal is gone: which of the others is of it, nobody can tell.
        assert_eq!(differs(&[a.clone(), c.clone()]), Some(Doubt::Differs { gone: 0 }));
        assert_eq!(differs(std::slice::from_ref(&a)), Some(Doubt::Differs { gone: 1 }));
        assert_eq!(differs(&[a, c, d]), Some(Doubt::Differs { gone: 0 }));
        // All were moved away: there is nothing to read.
        assert_eq!(differs(&[]), None);
        // One is known whatever the store's clock says of it; of several, only the latest are.
        let (copied, too) = (object("copied", 0), object("too", 0));
        let a = object("a", 5);
        assert_eq!(differs(&[a.clone(), b.clone(), copied.clone()]), late(&[&copied]));
        assert_eq!(differs(&[a, b, copied, too]), Some(Doubt::Differs { gone: 0 }));
    }

    /// How often each of so many days has its turn in this many runs, so far apart.
    fn turns(days: i64, runs: i64, apart: TimeDelta) -> BTreeMap<NaiveDate, u32> {
        let first: NaiveDate = "2020-01-01".parse().unwrap();
        let all: Vec<NaiveDate> = (0..days).map(|n| first + TimeDelta::days(n)).collect();
        let start: DateTime<Utc> = "2026-03-02T10:00:00Z".parse().unwrap();
        let mut turns: BTreeMap<_, _> = all.iter().map(|day| (*day, 0)).collect();
        for run in 0..runs {
            let due = turn(&all, start + apart * i32::try_from(run).unwrap());
            assert!(due.len() <= 8, "{} days in one run", due.len());
            for day in due {
                *turns.get_mut(&day).unwrap() += 1;
            }
        }
        turns
    }

    #[test]
    fn each_sealed_day_has_its_turn() {
        let quarters = |days, runs| turns(days, runs, TimeDelta::minutes(15));
        for days in [1, 5, 7, 400, 3650] {
            assert!(quarters(days, 672).values().all(|times| *times >= 1), "{days} in a week");
        }
        // A laptop that compacts once a day at the same time.
        assert!(turns(400, 400, TimeDelta::days(1)).values().all(|times| *times >= 1));
    }
}
