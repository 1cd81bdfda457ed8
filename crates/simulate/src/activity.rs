//! The shorter lives: pushes, checks, deployments, releases and issues. No report has a truth for
//! them yet; they fill the lake as a real organisation's do.

use crate::dice::{Dice, Sha};
use crate::hostile;
use crate::organisation::{Account, PEOPLE, REPOSITORIES, Repository};
use crate::pull_requests::{Ending, PullLife};

/// What a push did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PushKind {
    /// Made a pull request's branch.
    Create,
    /// Added a commit to it.
    Update,
    /// Squashed it into the default branch.
    Merge,
    /// Deleted it: there is no head commit.
    Delete,
}

/// A push; always for a pull request.
#[derive(Debug, Clone)]
pub(crate) struct PushLife {
    pub(crate) at: i64,
    pub(crate) kind: PushKind,
    /// Index of the pull request.
    pub(crate) pull: usize,
}

/// All pushes of the pull request `pull`, which is `life`, in order of time.
pub(crate) fn pushes(pull: usize, life: &PullLife) -> Vec<PushLife> {
    let mut pushes = vec![PushLife { at: life.opened - 20, kind: PushKind::Create, pull }];
    pushes.extend(life.pushes.iter().map(|at| PushLife { at: *at, kind: PushKind::Update, pull }));
    if let Ending::Merged { at, .. } = life.ending {
        pushes.push(PushLife { at: at + 1, kind: PushKind::Merge, pull });
        pushes.push(PushLife { at: at + 3, kind: PushKind::Delete, pull });
    }
    pushes
}

/// A check by another app than GitHub Actions, on one pushed commit.
#[derive(Debug, Clone)]
pub(crate) struct CheckLife {
    pub(crate) id: u64,
    pub(crate) pull: usize,
    pub(crate) head: Sha,
    pub(crate) created: i64,
    pub(crate) completed: i64,
    pub(crate) conclusion: &'static str,
}

impl CheckLife {
    /// The check of the commit that was pushed at `at`.
    pub(crate) fn new(dice: &mut Dice, id: u64, pull: usize, head: Sha, at: i64) -> Self {
        let created = at + dice.between(1, 5);
        let completed = created + 10 + dice.skewed(60);
        let conclusion = if dice.chance(120) { "failure" } else { "success" };
        Self { id, pull, head, created, completed, conclusion }
    }
}

/// A deployment of one commit, and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct DeploymentLife {
    /// Index into [`REPOSITORIES`].
    pub(crate) repo: usize,
    pub(crate) id: u64,
    pub(crate) head: Sha,
    pub(crate) created: i64,
    /// At most one is `success`; a later `inactive` means that the next one took its place.
    pub(crate) statuses: Vec<(i64, &'static str)>,
}

impl DeploymentLife {
    /// The deployment of `head`, merged at `at`.
    pub(crate) fn new(dice: &mut Dice, repo: usize, id: u64, head: Sha, at: i64) -> Self {
        let created = at + 30 + dice.skewed(300);
        let begun = created + dice.between(2, 20);
        let state = if dice.chance(90) { "failure" } else { "success" };
        let statuses = vec![(begun, "in_progress"), (begun + 20 + dice.skewed(120), state)];
        Self { repo, id, head, created, statuses }
    }

    fn succeeded(&self) -> Option<i64> {
        self.statuses.iter().find(|(_, state)| *state == "success").map(|(at, _)| *at)
    }

    /// Its repository.
    pub(crate) fn repository(&self) -> &'static Repository {
        &REPOSITORIES[self.repo]
    }
}

/// Makes each successful deployment inactive when the next of its repository succeeds.
pub(crate) fn supersede(deployments: &mut [DeploymentLife]) {
    for repo in 0..REPOSITORIES.len() {
        let mut live: Vec<(i64, usize)> = (0..deployments.len())
            .filter(|index| deployments[*index].repo == repo)
            .filter_map(|index| Some((deployments[index].succeeded()?, index)))
            .collect();
        live.sort_unstable();
        for pair in live.windows(2) {
            deployments[pair[0].1].statuses.push((pair[1].0 + 1, "inactive"));
        }
    }
}

/// A release: `created`, `published` and `released` come together.
#[derive(Debug, Clone)]
pub(crate) struct ReleaseLife {
    pub(crate) repo: usize,
    pub(crate) id: u64,
    pub(crate) tag: String,
    pub(crate) author: &'static Account,
    /// When its commit was made: GitHub's `created_at`.
    pub(crate) committed: i64,
    pub(crate) published: i64,
    pub(crate) notes: String,
}

impl ReleaseLife {
    /// What its three deliveries are called.
    pub(crate) const ACTIONS: [&'static str; 3] = ["created", "published", "released"];

    /// The `nth` release of all, published at `published`.
    pub(crate) fn new(dice: &mut Dice, nth: u64, repo: usize, published: i64) -> Self {
        Self {
            repo,
            id: 180_000_000 + nth,
            tag: format!("v1.{nth}.{}", dice.below(5)),
            author: dice.pick(&PEOPLE),
            committed: published - 300 - dice.skewed(40_000),
            published,
            notes: hostile::title(dice),
        }
    }
}

/// An issue.
#[derive(Debug, Clone)]
pub(crate) struct IssueLife {
    pub(crate) repo: usize,
    pub(crate) number: u64,
    pub(crate) author: &'static Account,
    pub(crate) title: String,
    pub(crate) label: &'static str,
    pub(crate) opened: i64,
    pub(crate) labeled: i64,
    pub(crate) closed: Option<i64>,
}

/// What a delivery tells of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IssueAction {
    Opened,
    Labeled,
    Closed,
}

impl IssueLife {
    /// An issue opened at `opened`.
    pub(crate) fn new(dice: &mut Dice, opened: i64, repo: usize, number: u64) -> Self {
        let labeled = opened + 5 + dice.skewed(600);
        let closed = dice.chance(600).then(|| labeled + 60 + dice.skewed(60_000));
        let (author, label) = (dice.pick(&PEOPLE), *dice.pick::<&str>(&hostile::LABELS));
        Self { repo, number, author, title: hostile::title(dice), label, opened, labeled, closed }
    }

    /// Its deliveries, in order of time.
    pub(crate) fn actions(&self) -> impl Iterator<Item = (i64, IssueAction)> {
        let first = [(self.opened, IssueAction::Opened), (self.labeled, IssueAction::Labeled)];
        first.into_iter().chain(self.closed.map(|at| (at, IssueAction::Closed)))
    }

    /// Its repository.
    pub(crate) fn repository(&self) -> &'static Repository {
        &REPOSITORIES[self.repo]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_is_inactive_once_the_next_of_its_repository_succeeded() {
        let life = |repo, id, at, state| DeploymentLife {
            repo,
            id,
            head: Sha(0),
            created: at,
            statuses: vec![(at, state)],
        };
        let mut lives = vec![
            life(0, 1, 100, "success"),
            life(0, 2, 200, "failure"),
            life(0, 3, 300, "success"),
            life(1, 4, 250, "success"),
        ];
        supersede(&mut lives);
        assert_eq!(lives[0].statuses, [(100, "success"), (301, "inactive")]);
        assert!(lives[1..].iter().all(|life| life.statuses.len() == 1));
    }
}
