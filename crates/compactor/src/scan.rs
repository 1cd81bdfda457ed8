//! Which raw objects there are, and which of them are not done.
//!
//! ```text
//! tree: the days that have a folder ─▶ those that are not sealed, and some sealed ones to audit
//!       ─▶ their listings, many at once ─▶ against what is done ─▶ pending objects
//! ```
//!
//! What a sealed day holds is told by its seal; only where an audit finds another listing is there
//! something of it to read ([`audit`]).

mod audit;
mod tree;

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use octolake_event::layout;
use octolake_lake::{Doubt, Progress, Seal};
use octolake_store::Lake;

use crate::error::CompactError;

/// How many listings are under way at once.
const LISTINGS: usize = 32;

/// A raw object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawObject {
    /// Its key, relative to the lake.
    pub key: String,
    /// Its size as it is stored, in bytes.
    pub bytes: u64,
    /// When it was stored.
    pub modified: DateTime<Utc>,
}

/// What waits in `raw/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Raw objects that are not done, by key.
    pub pending: Vec<RawObject>,
    /// Keys under `raw/` that are of another form than `raw/<yyyy>/<mm>/<dd>/<hh>/<name>`, as far
    /// as the listing came across them: in a sealed day nobody looks, and of a folder that is of
    /// no day the first thousand are named. They are left alone.
    pub foreign: Vec<String>,
}

impl Backlog {
    /// Bytes that wait.
    pub fn bytes(&self) -> u64 {
        self.pending.iter().map(|object| object.bytes).sum()
    }

    /// When the object was stored that has waited longest.
    pub fn oldest(&self) -> Option<DateTime<Utc>> {
        self.pending.iter().map(|object| object.modified).min()
    }

    /// For how long the oldest has waited at `now`; `None` where nothing waits. Never below zero:
    /// the store tells when an object came, and its clock may be ahead.
    pub fn age(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        self.oldest().map(|at| (now - at).max(TimeDelta::zero()))
    }
}

/// Which days a survey lists.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Days<'a> {
    /// Those that are not sealed.
    Open,
    /// These too, and of the sealed ones those whose turn it is at this time.
    Audited(DateTime<Utc>),
    /// Those that are named, sealed or not.
    Named(&'a [NaiveDate]),
    /// All of them.
    All,
}

/// A day that was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedDay {
    pub(crate) day: NaiveDate,
    /// Its keys.
    pub(crate) listed: Seal,
    /// Objects that are done one by one and were not listed.
    pub(crate) unlisted: u64,
    /// How the listing differs from the day's seal.
    pub(crate) doubt: Option<Doubt>,
}

impl ListedDay {
    /// Whether the day has fewer objects than its seal.
    pub(crate) fn has_lost(&self) -> bool {
        matches!(self.doubt, Some(Doubt::Differs { gone: 1.. }))
    }
}

/// What was seen of `raw/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Survey {
    pub(crate) backlog: Backlog,
    /// Objects that were listed and are done.
    pub(crate) done: Vec<RawObject>,
    pub(crate) days: Vec<ListedDay>,
}

/// Lists the days of `raw/` that are not sealed against what is done (`None`: nothing is).
///
/// # Errors
/// The store cannot list it.
pub async fn backlog(lake: &Lake, progress: Option<&Progress>) -> Result<Backlog, CompactError> {
    Ok(survey(lake, progress, Days::Open).await?.backlog)
}

/// Lists these days of `raw/` against what is done (`None`: nothing is).
pub(crate) async fn survey(
    lake: &Lake,
    progress: Option<&Progress>,
    days: Days<'_>,
) -> Result<Survey, CompactError> {
    let nothing = Progress::default();
    let progress = progress.unwrap_or(&nothing);
    let (there, foreign) = match days {
        Days::Named(days) => (days.to_vec(), vec![]),
        _ => tree::days(lake.store()).await?,
    };
    let wanted = match days {
        Days::All | Days::Named(_) => there,
        Days::Open => there.into_iter().filter(|day| progress.seal(*day).is_none()).collect(),
        Days::Audited(now) => audit::due(&there, progress, now),
    };
    let singles = singles(progress);
    let mut survey = Survey { backlog: Backlog { pending: vec![], foreign }, ..Survey::default() };
    let mut listings = Vec::with_capacity(wanted.len());
    for day in wanted {
        let known = progress.seal(day).map_or(0, |seal| seal.count);
        let known = known.max(singles.get(&day).copied().unwrap_or_default());
        listings.push(tree::list(lake.store().clone(), day, known));
    }
    let mut listings = stream::iter(listings).buffer_unordered(LISTINGS);
    while let Some((day, objects, foreign)) = listings.try_next().await? {
        survey.backlog.foreign.extend(foreign);
        let singles = singles.get(&day).copied().unwrap_or_default();
        survey.take(day, objects, singles, progress);
    }
    survey.sort();
    Ok(survey)
}

/// How many objects are done one by one, by day.
pub(crate) fn singles(progress: &Progress) -> HashMap<NaiveDate, u64> {
    let mut days = HashMap::new();
    for day in progress.done().filter_map(layout::raw_day) {
        *days.entry(day).or_default() += 1;
    }
    days
}

impl Survey {
    fn take(&mut self, day: NaiveDate, objects: Vec<RawObject>, singles: u64, progress: &Progress) {
        let listed = Seal::of(objects.iter().map(|object| object.key.as_str()));
        let doubt = progress.seal(day).and_then(|seal| audit::compare(seal, listed, &objects));
        let is_single = |object: &RawObject| progress.is_done_by_itself(&object.key);
        let is_done = |object: &RawObject| match (&doubt, progress.seal(day)) {
            (None, Some(_)) => true,
            (Some(Doubt::Late(late)), _) => !late.contains(&object.key),
            (Some(Doubt::Differs { .. }), _) | (None, None) => is_single(object),
        };
        let unlisted = singles
            .saturating_sub(objects.iter().filter(|object| is_single(object)).count() as u64);
        let (done, pending): (Vec<_>, Vec<_>) = objects.into_iter().partition(is_done);
        self.done.extend(done);
        self.backlog.pending.extend(pending);
        self.days.push(ListedDay { day, listed, unlisted, doubt });
    }

    /// Listings end in any order.
    fn sort(&mut self) {
        let Self { backlog, done, days } = self;
        backlog.pending.sort_by(|a, b| a.key.cmp(&b.key));
        backlog.foreign.sort();
        done.sort_by(|a, b| a.key.cmp(&b.key));
        days.sort_by_key(|listed| listed.day);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_never_below_zero() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let object = |modified| RawObject { key: "raw/2026/03/02/10/x".into(), bytes: 1, modified };
        let pending = [at("2026-03-02T10:00:00Z"), at("2026-03-02T11:00:00Z")].map(object).to_vec();
        let backlog = Backlog { pending, foreign: vec![] };
        assert_eq!(backlog.age(at("2026-03-02T10:00:30Z")), Some(TimeDelta::seconds(30)));
        assert_eq!(backlog.age(at("2026-03-02T09:00:00Z")), Some(TimeDelta::zero()));
        assert_eq!(Backlog::default().age(at("2026-03-02T09:00:00Z")), None);
    }
}
