//! When a pull request was a draft, by what its deliveries tell.
//!
//! What that is stands in SQL, in the queries `pull_turns` and `pull_drafts`, which run anywhere and
//! read the deliveries three times. This is the same as code: an engine that has it as an aggregate
//! function reads them once. A witness that shares nothing with either is held against both.

mod grouped;

use crate::view::{PULL_LIVES, View};

pub use grouped::Grouped;

/// How `draft_times` is called, over the columns of the query `pull_deliveries`.
const CALL: &str = "draft_times(told_at, later, turn, draft, arrived_ms, created_at, merged_at) \
                    filter (where unidentified is null) as drafts";

/// The text of a query with the function in it, if it is one of those that it is for.
pub(crate) fn by_function(view: &View, body: String) -> String {
    let from = "\nfrom pull_deliveries\n";
    match view.name {
        "pull_states" => body.replace(from, &format!(",\n  {CALL}{from}")),
        "pull_drafts" => include_str!("../queries/pulls/pull_drafts_by_function.sql").to_owned(),
        _ => body,
    }
}

/// The views that such a text names.
pub(crate) fn needs(view: &View) -> &'static [&'static View] {
    static OF_DRAFTS: &[&View] = &[&PULL_LIVES];
    if view.name == "pull_drafts" { OF_DRAFTS } else { view.needs }
}

/// Which of the two a delivery says, or that it changed. In the order in which they count where all
/// else is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Says {
    /// It became a draft: it was none before.
    BecameDraft,
    /// It became ready: it was a draft before.
    BecameReady,
    /// It is none.
    IsReady,
    /// It is one.
    IsDraft,
}

impl Says {
    /// By the columns `turn` and `draft` of the query `pull_deliveries`; `None` where it says nothing.
    pub fn of(turn: Option<i64>, draft: Option<i64>) -> Option<Self> {
        match (turn, draft) {
            (Some(0), _) => Some(Self::BecameDraft),
            (Some(_), _) => Some(Self::BecameReady),
            (None, Some(0)) => Some(Self::IsReady),
            (None, Some(_)) => Some(Self::IsDraft),
            (None, None) => None,
        }
    }

    fn is_turn(self) -> bool {
        matches!(self, Self::BecameDraft | Self::BecameReady)
    }

    fn was_draft(self) -> bool {
        matches!(self, Self::BecameReady | Self::IsDraft)
    }

    fn is_draft(self) -> bool {
        matches!(self, Self::BecameDraft | Self::IsDraft)
    }
}

/// What a delivery tells. They sort in the order in which it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// When, in microseconds since the epoch.
    pub at: i64,
    /// Whether it stands behind what else is of that time: all but `opened` does.
    pub is_later: bool,
    /// When the delivery arrived, in milliseconds since the epoch.
    pub arrived_ms: i64,
    /// What it says.
    pub says: Says,
}

/// When a pull request was a draft; what the query `pull_drafts` calls so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DraftTimes {
    /// Whether it was opened as one.
    pub opened_as_draft: bool,
    /// The first `ready_for_review` that is not after the merge, in microseconds since the epoch.
    pub first_ready_at: Option<i64>,
    /// The last one.
    pub ready_at: Option<i64>,
    /// For how long it was one before the merge, in milliseconds.
    pub draft_ms: i64,
    /// Whether it is told how it became ready for the last time.
    pub is_ready_told: bool,
    /// Whether each change is told.
    pub is_draft_told: bool,
    /// Whether it is told how it became ready for the first time.
    pub is_first_ready_told: bool,
}

impl DraftTimes {
    /// Of one that never was a draft.
    const NEVER: Self = Self {
        opened_as_draft: false,
        first_ready_at: None,
        ready_at: None,
        draft_ms: 0,
        is_ready_told: true,
        is_draft_told: true,
        is_first_ready_told: true,
    };

    /// By what is told of a pull request, in any order, and when it was created and merged, in
    /// microseconds since the epoch. Puts `told` in order.
    pub fn of(told: &mut Vec<Told>, created: Option<i64>, merged: Option<i64>) -> Self {
        // Of one that never was a draft there is nothing to put in order, and most never were.
        if told.iter().all(|told| told.says == Says::IsReady) {
            return Self::NEVER;
        }
        in_order(told);
        let capped = |at: i64| milliseconds(merged.map_or(at, |merged| at.min(merged)));
        let mut times = Self::NEVER;
        let (mut first_ready, mut last_ready) = (None, None);
        let (mut first_gap, mut last_gap) = (None, None);
        let mut draft_ms = 0i64;
        let mut prior: Option<Told> = None;
        for (place, now) in told.iter().enumerate() {
            let until = capped(now.at);
            match prior {
                None => {
                    times.opened_as_draft = now.says.was_draft();
                    if let Some(created) = created.filter(|_| now.says.was_draft()) {
                        draft_ms = draft_ms.wrapping_add(until.wrapping_sub(milliseconds(created)));
                    }
                }
                Some(prior) => {
                    let was_draft = prior.says.is_draft();
                    if was_draft {
                        draft_ms = draft_ms.wrapping_add(until.wrapping_sub(capped(prior.at)));
                    }
                    // Nothing told how it came from the one state to the other.
                    if was_draft != now.says.was_draft() && merged.is_none_or(|at| prior.at < at) {
                        times.is_draft_told = false;
                        if was_draft {
                            first_gap.get_or_insert(place);
                            last_gap = Some(place);
                        }
                    }
                }
            }
            if now.says == Says::BecameReady && merged.is_none_or(|at| now.at <= at) {
                first_ready.get_or_insert(place);
                last_ready = Some(place);
            }
            prior = Some(*now);
        }
        if let (Some(last), Some(merged)) = (prior.filter(|last| last.says.is_draft()), merged) {
            draft_ms = draft_ms.wrapping_add(milliseconds(merged).wrapping_sub(capped(last.at)));
        }
        let at = |place: Option<usize>| place.and_then(|place| Some(told.get(place)?.at));
        times.first_ready_at = at(first_ready);
        times.ready_at = at(last_ready);
        times.draft_ms = draft_ms;
        times.is_ready_told = last_gap.is_none_or(|gap| last_ready.is_some_and(|at| gap <= at));
        times.is_first_ready_told = !times.opened_as_draft
            || first_gap.is_none_or(|gap| first_ready.is_some_and(|at| gap > at));
        times
    }
}

/// Puts what is told in order, each turn once, and leaves out what else is told in the second of a
/// turn: that may be of before or of after it.
fn in_order(told: &mut Vec<Told>) {
    told.sort_unstable();
    let mut turns: Vec<i64> =
        told.iter().filter(|told| told.says.is_turn()).map(|told| told.at).collect();
    turns.dedup();
    let mut taken: Vec<(i64, Says)> = vec![];
    told.retain(|told| {
        if !told.says.is_turn() {
            return turns.binary_search(&told.at).is_err();
        }
        // Only turns are left at this time, and of those there are two kinds.
        taken.retain(|(at, _)| *at == told.at);
        let is_new = !taken.contains(&(told.at, told.says));
        taken.push((told.at, told.says));
        is_new
    });
    told.dedup();
}

/// Microseconds as whole milliseconds, as `ms(…)` has them in SQL: by way of seconds as a double.
fn milliseconds(micros: i64) -> i64 {
    (micros as f64 / 1e6 * 1e3).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn told(at: i64, says: Says) -> Told {
        Told { at: at * SECOND, is_later: true, arrived_ms: at * 1_000, says }
    }

    fn times(mut all: Vec<Told>, created: i64, merged: Option<i64>) -> DraftTimes {
        all.reverse();
        DraftTimes::of(&mut all, Some(created * SECOND), merged.map(|at| at * SECOND))
    }

    #[test]
    fn time_as_a_draft_is_summed_up_to_the_merge() {
        use Says::{BecameDraft, BecameReady, IsDraft, IsReady};
        let all = vec![
            told(10, IsDraft),
            told(40, BecameReady),
            told(50, IsReady),
            told(60, BecameDraft),
            told(80, BecameReady),
            told(100, IsReady),
        ];
        let wanted = DraftTimes {
            opened_as_draft: true,
            first_ready_at: Some(40 * SECOND),
            ready_at: Some(80 * SECOND),
            draft_ms: 50_000,
            is_ready_told: true,
            is_draft_told: true,
            is_first_ready_told: true,
        };
        assert_eq!(times(all.clone(), 10, Some(100)), wanted);
        // Of the second draft ten seconds were before the merge.
        let merged = DraftTimes { ready_at: Some(40 * SECOND), draft_ms: 40_000, ..wanted };
        assert_eq!(times(all, 10, Some(70)), merged);
        // It was merged as the draft that it became.
        let last = times(vec![told(10, IsReady), told(20, BecameDraft)], 10, Some(100));
        assert_eq!((last.draft_ms, last.ready_at, last.is_draft_told), (80_000, None, true));
    }

    #[test]
    fn a_turn_that_never_came_is_a_gap() {
        use Says::{BecameReady, IsDraft, IsReady};
        let gap = times(vec![told(10, IsDraft), told(50, IsReady)], 10, Some(90));
        assert!(!gap.is_draft_told && !gap.is_ready_told && !gap.is_first_ready_told);
        // What is told after the merge says nothing of before.
        let after = times(vec![told(10, IsDraft), told(95, IsReady)], 10, Some(9));
        assert!(after.is_draft_told);
        let told_later = vec![told(10, IsDraft), told(50, IsReady), told(60, BecameReady)];
        let later = times(told_later, 10, Some(90));
        assert!(later.is_ready_told && !later.is_draft_told && !later.is_first_ready_told);
    }

    #[test]
    fn a_turn_counts_once_and_hides_what_is_told_in_its_second() {
        use Says::{BecameReady, IsDraft, IsReady};
        let again = Told { arrived_ms: 99_000, ..told(40, BecameReady) };
        let all = vec![
            told(10, IsDraft),
            told(40, IsDraft),
            told(40, IsReady),
            told(40, BecameReady),
            again,
            told(50, IsReady),
        ];
        let mut ordered = all.clone();
        in_order(&mut ordered);
        assert_eq!(ordered, [told(10, IsDraft), told(40, BecameReady), told(50, IsReady)]);
        assert_eq!(times(all, 10, Some(60)).draft_ms, 30_000);
    }

    #[test]
    fn one_that_never_was_a_draft_has_no_times() {
        let never = times(vec![told(10, Says::IsReady), told(20, Says::IsReady)], 10, Some(90));
        assert_eq!(never, DraftTimes::NEVER);
        assert_eq!(times(vec![], 10, None), DraftTimes::NEVER);
    }
}
