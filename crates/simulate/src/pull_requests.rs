//! The lives of pull requests. A life is a set of facts, decided before any delivery exists: the
//! deliveries are written from them ([`PullLife::actions`]), and so, separately, is the truth.
//!
//! Within one life no two moments are equal, so that order by time is order of happening.

use crate::dice::Sha;
use crate::organisation::{self, Account};

/// What becomes of a pull request. See the crate's documentation for what each is there to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PullStory {
    Merged,
    DraftThenMerged,
    BackToDraft,
    ReviewedByAuthorOnly,
    BotsOnly,
    ClosedUnmerged,
    ReopenedThenMerged,
    LostClosed,
    StillOpen,
    StillDraft,
}

impl PullStory {
    /// Every story, with its weight among all pull requests.
    pub(crate) const WEIGHTS: [(Self, u64); 10] = [
        (Self::Merged, 44),
        (Self::DraftThenMerged, 12),
        (Self::BackToDraft, 5),
        (Self::ReviewedByAuthorOnly, 4),
        (Self::BotsOnly, 12),
        (Self::ClosedUnmerged, 7),
        (Self::ReopenedThenMerged, 4),
        (Self::LostClosed, 4),
        (Self::StillOpen, 5),
        (Self::StillDraft, 3),
    ];

    /// Its name, for counting.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Merged => "merged",
            Self::DraftThenMerged => "draft_then_merged",
            Self::BackToDraft => "back_to_draft",
            Self::ReviewedByAuthorOnly => "reviewed_by_author_only",
            Self::BotsOnly => "bots_only",
            Self::ClosedUnmerged => "closed_unmerged",
            Self::ReopenedThenMerged => "reopened_then_merged",
            Self::LostClosed => "lost_closed",
            Self::StillOpen => "still_open",
            Self::StillDraft => "still_draft",
        }
    }

    /// Whether it begins as a draft.
    pub(crate) fn opens_as_draft(self) -> bool {
        matches!(self, Self::DraftThenMerged | Self::BackToDraft | Self::StillDraft)
    }
}

/// An interval in which the pull request was a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) from: i64,
    /// When it became ready for review; `None` while it is still a draft.
    pub(crate) ready: Option<i64>,
}

/// A submitted review.
#[derive(Debug, Clone)]
pub(crate) struct Review {
    pub(crate) at: i64,
    pub(crate) by: &'static Account,
    pub(crate) state: &'static str,
    pub(crate) id: u64,
}

/// How a pull request stands at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Open,
    ClosedUnmerged {
        at: i64,
    },
    /// `label` is when a label was added afterwards; where the `closed` delivery was lost, that is
    /// the first that anybody hears of the merge.
    Merged {
        at: i64,
        closed_lost: bool,
        label: Option<i64>,
    },
}

/// A pull request's life. All moments are seconds since the epoch.
#[derive(Debug, Clone)]
pub(crate) struct PullLife {
    pub(crate) story: PullStory,
    /// Index into [`organisation::REPOSITORIES`].
    pub(crate) repo: usize,
    pub(crate) number: u64,
    pub(crate) id: u64,
    pub(crate) author: &'static Account,
    pub(crate) merger: &'static Account,
    pub(crate) reviewer: &'static Account,
    pub(crate) title: String,
    pub(crate) branch: String,
    pub(crate) label: &'static str,
    pub(crate) seed: u64,
    pub(crate) opened: i64,
    pub(crate) requested: Option<i64>,
    /// Pushes after the one that it was opened with.
    pub(crate) pushes: Vec<i64>,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) reviews: Vec<Review>,
    /// Closed, and opened again.
    pub(crate) reopened: Option<(i64, i64)>,
    pub(crate) ending: Ending,
}

/// What a delivery tells of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PullAction {
    Opened,
    ReviewRequested,
    Synchronize,
    ConvertedToDraft,
    ReadyForReview,
    /// A submitted review: its index in [`PullLife::reviews`].
    Review(usize),
    Closed,
    Reopened,
    Labeled,
}

impl PullLife {
    /// What is left of the life for one who looks at `end`: nothing that happened later.
    pub(crate) fn cut(mut self, end: i64) -> Self {
        self.requested = self.requested.filter(|at| *at <= end);
        self.pushes.retain(|at| *at <= end);
        self.reviews.retain(|review| review.at <= end);
        self.drafts.retain(|draft| draft.from <= end);
        for draft in &mut self.drafts {
            draft.ready = draft.ready.filter(|at| *at <= end);
        }
        if let Some((closed, reopened)) = self.reopened
            && reopened > end
        {
            self.reopened = None;
            self.ending =
                if closed > end { Ending::Open } else { Ending::ClosedUnmerged { at: closed } };
        }
        self.ending = self.ending.cut(end);
        self
    }

    /// Its deliveries in order of time; the lost ones are not among them.
    pub(crate) fn actions(&self) -> Vec<(i64, PullAction)> {
        use PullAction as A;
        let mut actions = vec![(self.opened, A::Opened)];
        actions.extend(self.requested.map(|at| (at, A::ReviewRequested)));
        actions.extend(self.pushes.iter().map(|at| (*at, A::Synchronize)));
        actions.extend(self.reviews.iter().enumerate().map(|(i, r)| (r.at, A::Review(i))));
        for draft in &self.drafts {
            actions.extend((draft.from > self.opened).then_some((draft.from, A::ConvertedToDraft)));
            actions.extend(draft.ready.map(|at| (at, A::ReadyForReview)));
        }
        if let Some((closed, reopened)) = self.reopened {
            actions.extend([(closed, A::Closed), (reopened, A::Reopened)]);
        }
        match self.ending {
            Ending::Open => {}
            Ending::ClosedUnmerged { at } => actions.push((at, A::Closed)),
            Ending::Merged { at, closed_lost, label } => {
                actions.extend((!closed_lost).then_some((at, A::Closed)));
                actions.extend(label.map(|at| (at, A::Labeled)));
            }
        }
        actions.sort_unstable_by_key(|(at, _)| *at);
        actions
    }

    /// Whether it is a draft at `at`.
    pub(crate) fn is_draft(&self, at: i64) -> bool {
        self.drafts.iter().any(|d| d.from <= at && d.ready.is_none_or(|ready| at < ready))
    }

    /// When it was closed, as seen at `at`; `None` where it is open then.
    pub(crate) fn closed_at(&self, at: i64) -> Option<i64> {
        let before = self.reopened.filter(|(closed, again)| *closed <= at && at < *again);
        let last = match self.ending {
            Ending::ClosedUnmerged { at } | Ending::Merged { at, .. } => Some(at),
            Ending::Open => None,
        };
        before.map(|(closed, _)| closed).or(last.filter(|last| *last <= at))
    }

    /// When it was merged, whatever was delivered of that.
    pub(crate) fn merged(&self) -> Option<i64> {
        match self.ending {
            Ending::Merged { at, .. } => Some(at),
            _ => None,
        }
    }

    /// The commit at its branch's head at `at`.
    pub(crate) fn head(&self, at: i64) -> Sha {
        Sha(self.seed.wrapping_add(self.commits(at)))
    }

    /// How many commits it has at `at`.
    pub(crate) fn commits(&self, at: i64) -> u64 {
        1 + self.pushes.iter().filter(|push| **push <= at).count() as u64
    }

    /// The commit that its merge made.
    pub(crate) fn merge_commit(&self) -> Sha {
        Sha(!self.seed)
    }

    /// Its repository.
    pub(crate) fn repository(&self) -> &'static organisation::Repository {
        &organisation::REPOSITORIES[self.repo]
    }
}

impl Ending {
    fn cut(self, end: i64) -> Self {
        match self {
            Self::ClosedUnmerged { at } if at > end => Self::Open,
            Self::Merged { at, .. } if at > end => Self::Open,
            // The merge happened, but nothing that was delivered by then tells it.
            Self::Merged { closed_lost: true, label: Some(label), .. } if label > end => Self::Open,
            Self::Merged { at, closed_lost, label } => {
                Self::Merged { at, closed_lost, label: label.filter(|at| *at <= end) }
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::biography;
    use crate::dice::Dice;

    fn lives() -> Vec<PullLife> {
        let mut dice = Dice::new(5, 0);
        let stories = PullStory::WEIGHTS.iter().cycle().take(200).enumerate();
        stories
            .map(|(i, (story, _))| biography::write(&mut dice, *story, 1_000, 0, i as u64))
            .collect()
    }

    #[test]
    fn no_two_moments_of_a_life_are_equal() {
        for life in lives() {
            let actions = life.actions();
            assert!(actions.windows(2).all(|pair| pair[0].0 < pair[1].0), "{actions:?}");
        }
    }

    #[test]
    fn a_cut_life_tells_nothing_of_later() {
        for life in lives() {
            let whole = life.actions();
            for (end, _) in &whole {
                let cut = life.clone().cut(*end);
                let seen: Vec<_> = whole.iter().filter(|(at, _)| at <= end).copied().collect();
                assert_eq!(cut.actions(), seen);
                let told = seen.iter().any(|(at, action)| {
                    matches!(action, PullAction::Closed | PullAction::Labeled)
                        && life.merged().is_some_and(|merged| *at >= merged)
                });
                assert_eq!(cut.merged().is_some(), told);
            }
        }
    }

    #[test]
    fn a_state_is_that_of_its_moment() {
        let mut life = lives().remove(0);
        life.drafts = vec![Draft { from: 1_000, ready: Some(2_000) }];
        life.reopened = Some((3_000, 4_000));
        life.ending = Ending::Merged { at: 5_000, closed_lost: true, label: Some(6_000) };
        assert!(life.is_draft(1_999) && !life.is_draft(2_000));
        let closed = [2_500, 3_000, 4_000, 4_999, 5_000].map(|at| life.closed_at(at));
        assert_eq!(closed, [None, Some(3_000), None, None, Some(5_000)]);
    }
}
