//! When a pull request was a draft, as far as its deliveries tell.
//!
//! Each delivery with a draft flag is an observation. Two that follow one another and do not fit
//! together show a gap: a turn between them was lost, and when it was is not known.

use std::collections::BTreeMap;

use crate::delivery::Delivery;

/// One delivery's word on the draft state: what it was before and after. Times are milliseconds.
#[derive(Debug, Clone, PartialEq)]
struct Observation {
    updated: i64,
    is_opening: bool,
    arrival: i64,
    is_turn: bool,
    before: bool,
    after: bool,
}

/// The observations of one pull request in their order, and its merge.
#[derive(Debug)]
pub(crate) struct Drafts {
    observations: Vec<Observation>,
    merged: Option<i64>,
}

/// Two neighbours that do not fit together: the place of the second, and whether it is ready.
struct Gap {
    second: usize,
    lost_ready: bool,
}

/// When a delivery's pull request was updated, else when the delivery arrived.
pub(crate) fn updated(d: &Delivery) -> i64 {
    d.time("pull_request.updated_at").unwrap_or_else(|| d.arrival())
}

/// Whether the delivery turns a draft ready (`Some(false)`: a draft from now on, no).
fn turn(d: &Delivery) -> Option<bool> {
    match d.action()?.as_str() {
        "ready_for_review" if d.event_type == "pull_request" => Some(false),
        "converted_to_draft" if d.event_type == "pull_request" => Some(true),
        _ => None,
    }
}

/// The turns, each once however often it was told.
fn turns(told: &[&Delivery]) -> Vec<Observation> {
    let mut arrivals = BTreeMap::<(i64, bool), i64>::new();
    for d in told {
        if let Some(after) = turn(d) {
            let first = arrivals.entry((updated(d), after)).or_insert(d.arrival());
            *first = (*first).min(d.arrival());
        }
    }
    let observation = |((updated, after), arrival): ((i64, bool), i64)| Observation {
        updated,
        is_opening: false,
        arrival,
        is_turn: true,
        before: !after,
        after,
    };
    arrivals.into_iter().map(observation).collect()
}

/// What a delivery that is no turn says.
fn plain(d: &Delivery) -> Option<Observation> {
    let draft = d.boolean("pull_request.draft").filter(|_| turn(d).is_none())?;
    Some(Observation {
        updated: updated(d),
        is_opening: d.is("opened"),
        arrival: d.arrival(),
        is_turn: false,
        before: draft,
        after: draft,
    })
}

impl Drafts {
    pub(crate) fn of(told: &[&Delivery], merged: Option<i64>) -> Self {
        let mut observations = turns(told);
        let moments: Vec<i64> = observations.iter().map(|turn| turn.updated).collect();
        let evidence = told.iter().filter_map(|d| plain(d));
        observations.extend(evidence.filter(|plain| !moments.contains(&plain.updated)));
        observations.sort_by_key(|o| (o.updated, !o.is_opening, o.arrival));
        Self { observations, merged }
    }

    /// Whether it was opened as a draft.
    pub(crate) fn opened_as_draft(&self) -> bool {
        self.observations.first().is_some_and(|first| first.before)
    }

    fn is_in_time(&self, o: &Observation) -> bool {
        self.merged.is_none_or(|merged| o.updated <= merged)
    }

    /// The gaps that begin before the merge: what is known at the merge itself is known, and a turn
    /// that was lost after it changes nothing.
    fn gaps(&self) -> Vec<Gap> {
        let is_before_merge = |o: &Observation| self.merged.is_none_or(|merged| o.updated < merged);
        let mut gaps = vec![];
        for (place, pair) in self.observations.windows(2).enumerate() {
            let [first, second] = pair else { continue };
            if first.after != second.before && is_before_merge(first) {
                gaps.push(Gap { second: place + 1, lost_ready: !second.before });
            }
        }
        gaps
    }

    /// The turns not after the merge, and their places.
    fn turns(&self) -> impl DoubleEndedIterator<Item = (usize, &Observation)> {
        self.observations.iter().enumerate().filter(|(_, o)| o.is_turn && self.is_in_time(o))
    }

    /// Whether a turn to ready was lost after the last known one.
    pub(crate) fn last_ready_is_unknown(&self) -> bool {
        let last = self.turns().rfind(|(_, turn)| !turn.after).map(|(place, _)| place);
        self.gaps().iter().any(|gap| gap.lost_ready && last.is_none_or(|last| gap.second > last))
    }

    /// When it last became ready, where a delivery tells it.
    pub(crate) fn last_ready(&self) -> Option<i64> {
        self.turns().rfind(|(_, turn)| !turn.after).map(|(_, turn)| turn.updated)
    }

    /// Whether a turn to ready was lost before the first known one.
    pub(crate) fn first_ready_is_unknown(&self) -> bool {
        let first = self.turns().find(|(_, turn)| !turn.after).map(|(place, _)| place);
        self.gaps().iter().any(|gap| gap.lost_ready && first.is_none_or(|first| gap.second < first))
    }

    /// When it first became ready, where a delivery tells it.
    pub(crate) fn first_ready(&self) -> Option<i64> {
        self.turns().find(|(_, turn)| !turn.after).map(|(_, turn)| turn.updated)
    }

    /// Whether any turn was lost.
    pub(crate) fn is_unknown(&self) -> bool {
        !self.gaps().is_empty()
    }

    /// How long it was a draft between its creation and its merge, if no turn was lost.
    pub(crate) fn draft_time(&self, created: i64, merged: i64) -> i64 {
        let mut since = self.opened_as_draft().then_some(created);
        let mut total = 0;
        for (_, turn) in self.turns() {
            if turn.after {
                since = since.or(Some(turn.updated));
            } else if let Some(begin) = since.take() {
                total += turn.updated - begin;
            }
        }
        total + since.map_or(0, |begin| merged - begin)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;

    /// Deliveries of `(action, draft, updated)` in seconds, in the order of their arrival.
    fn drafts(told: &[(&str, bool, i64)], merged: i64) -> Drafts {
        let delivery = |(id, (action, draft, updated)): (u32, &(&str, bool, i64))| Delivery {
            source: "github.com".into(),
            event_type: "pull_request".into(),
            at: DateTime::from_timestamp(100 + i64::from(id), 0).unwrap(),
            id: id.into(),
            payload: json!({
                "action": action,
                "pull_request": {"draft": draft, "updated_at": updated},
            }),
        };
        let deliveries: Vec<Delivery> = (0..).zip(told).map(delivery).collect();
        Drafts::of(&deliveries.iter().collect::<Vec<_>>(), Some(merged * 1000))
    }

    #[test]
    fn a_turn_lost_after_the_merge_is_no_gap() {
        let told = [("opened", false, 0), ("closed", false, 9), ("ready_for_review", false, 12)];
        assert!(!drafts(&told, 9).is_unknown());
        assert!(drafts(&told, 10).is_unknown());
    }

    #[test]
    fn a_turn_lost_before_the_merge_is_one() {
        let told = [("opened", true, 0), ("closed", false, 9)];
        let lost = drafts(&told, 9);
        assert!(lost.is_unknown() && lost.last_ready_is_unknown() && lost.first_ready_is_unknown());
        let told = [("opened", true, 0), ("ready_for_review", false, 3), ("closed", false, 9)];
        let known = drafts(&told, 9);
        assert_eq!((known.last_ready(), known.draft_time(0, 9000)), (Some(3000), 3000));
        assert!(!known.is_unknown());
    }

    #[test]
    fn an_opening_stands_before_what_came_in_its_second() {
        let told = [("synchronize", true, 0), ("opened", false, 0)];
        assert!(!drafts(&told, 9).opened_as_draft());
    }

    #[test]
    fn the_second_of_a_turn_is_no_evidence() {
        let told = [("opened", true, 0), ("edited", true, 3), ("ready_for_review", false, 3)];
        assert!(!drafts(&told, 9).is_unknown());
    }
}
