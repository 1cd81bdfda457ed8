//! Everything that happened: all lives of one simulation, as far as they can be known at its end.

use crate::activity::{
    self, CheckLife, DeploymentLife, IssueLife, PushKind, PushLife, ReleaseLife,
};
use crate::biography;
use crate::calendar::Calendar;
use crate::dice::{Dice, Sha};
use crate::jobs::{JobLife, RunLife};
use crate::organisation::{PEOPLE, REPOSITORIES, Trigger};
use crate::pull_requests::{PullLife, PullStory};
use crate::queueing::{self, RunSeed};

/// The lives. Pull requests, runs and jobs refer to each other by their index.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) start: i64,
    pub(crate) pulls: Vec<PullLife>,
    pub(crate) pushes: Vec<PushLife>,
    pub(crate) checks: Vec<CheckLife>,
    pub(crate) runs: Vec<RunLife>,
    pub(crate) jobs: Vec<JobLife>,
    pub(crate) deployments: Vec<DeploymentLife>,
    pub(crate) releases: Vec<ReleaseLife>,
    pub(crate) issues: Vec<IssueLife>,
}

/// Streams of chance, so that more of one kind of life leaves the others as they are.
mod stream {
    pub(super) const PULLS: u64 = 1;
    pub(super) const CHECKS: u64 = 2;
    pub(super) const RUNS: u64 = 3;
    pub(super) const REST: u64 = 4;
}

impl World {
    /// The world of `seed` with `pulls` pull requests and all that comes with them, from `start` to
    /// `end` (seconds since the epoch).
    pub(crate) fn new(seed: u64, pulls: u64, start: i64, end: i64) -> Self {
        let calendar = Calendar::new(start, end);
        let mut world = Self { start, ..Self::default() };
        world.open_pulls_and_issues(&calendar, pulls, &mut Dice::new(seed, stream::PULLS));
        let whole = std::mem::take(&mut world.pulls);
        world.pulls = whole.into_iter().map(|life| life.cut(end)).collect();
        world.push();
        world.check(&mut Dice::new(seed, stream::CHECKS));
        let mut dice = Dice::new(seed, stream::RUNS);
        let seeds = world.run_seeds(&calendar, pulls, &mut dice);
        let (runs, jobs) = queueing::play(seeds, end - start, &mut dice);
        world.runs = runs;
        let known = jobs.into_iter().filter(|job| job.created <= end);
        world.jobs = known.map(|job| job.cut(end)).collect();
        world.deploy_and_release(&calendar, pulls, &mut Dice::new(seed, stream::REST));
        world
    }

    /// Pull requests and issues share the numbers of their repository, in order of their opening.
    fn open_pulls_and_issues(&mut self, calendar: &Calendar, pulls: u64, dice: &mut Dice) {
        let mut openings: Vec<(i64, bool)> = vec![];
        openings.extend((0..pulls).map(|_| (calendar.working(dice), true)));
        openings.extend((0..pulls / 2).map(|_| (calendar.working(dice), false)));
        openings.sort_unstable();
        let mut numbers = [0; REPOSITORIES.len()];
        for (at, is_pull) in openings {
            let repo = busy_repository(dice);
            numbers[repo] += 1;
            if is_pull {
                let story = story(dice, self.pulls.len());
                self.pulls.push(biography::write(dice, story, at, repo, numbers[repo]));
            } else {
                self.issues.push(IssueLife::new(dice, at, repo, numbers[repo]));
            }
        }
    }

    fn push(&mut self) {
        let lives = self.pulls.iter().enumerate();
        self.pushes = lives.flat_map(|(pull, life)| activity::pushes(pull, life)).collect();
        self.pushes.sort_by_key(|push| push.at);
    }

    fn check(&mut self, dice: &mut Dice) {
        for push in &self.pushes {
            if matches!(push.kind, PushKind::Create | PushKind::Update) {
                let id = 51_000_000_000 + self.checks.len() as u64;
                let head = self.pulls[push.pull].head(push.at);
                self.checks.push(CheckLife::new(dice, id, push.pull, head, push.at));
            }
        }
    }

    /// What pushes and the clock start, in order of time.
    fn run_seeds(&self, calendar: &Calendar, pulls: u64, dice: &mut Dice) -> Vec<RunSeed> {
        let mut seeds: Vec<RunSeed> = vec![];
        for push in &self.pushes {
            let life = &self.pulls[push.pull];
            let (trigger, branch, head, pull) = match push.kind {
                PushKind::Delete => continue,
                PushKind::Merge => (Trigger::Push, "main", life.merge_commit(), None),
                _ => (Trigger::PullRequest, &*life.branch, life.head(push.at), Some(push.pull)),
            };
            for workflow in REPOSITORIES[life.repo].started_by(trigger) {
                let at = push.at + dice.between(2, 6);
                let (repo, branch, actor) = (life.repo, branch.to_owned(), life.author);
                seeds.push(RunSeed { at, repo, workflow, branch, head, actor, pull });
            }
        }
        for _ in 0..pulls / 5 + 1 {
            let repo = busy_repository(dice);
            for workflow in REPOSITORIES[repo].started_by(Trigger::Schedule) {
                let (at, head, actor) =
                    (calendar.night(dice), Sha(dice.bits()), dice.pick(&PEOPLE));
                let branch = "main".to_owned();
                seeds.push(RunSeed { at, repo, workflow, branch, head, actor, pull: None });
            }
        }
        seeds.sort_by_key(|seed| seed.at);
        seeds
    }

    fn deploy_and_release(&mut self, calendar: &Calendar, pulls: u64, dice: &mut Dice) {
        for life in self.pulls.iter().filter(|life| life.repository().deploys) {
            if let Some(merged) = life.merged() {
                let id = 2_900_000_000 + self.deployments.len() as u64;
                let head = life.merge_commit();
                self.deployments.push(DeploymentLife::new(dice, life.repo, id, head, merged));
            }
        }
        activity::supersede(&mut self.deployments);
        for nth in 0..pulls / 12 + 1 {
            let (repo, at) = (busy_repository(dice), calendar.working(dice));
            self.releases.push(ReleaseLife::new(dice, nth, repo, at));
        }
    }
}

fn busy_repository(dice: &mut Dice) -> usize {
    dice.weighted(REPOSITORIES.iter().map(|repository| repository.weight))
}

/// The story of the `nth` pull request: the first ones take each story once.
fn story(dice: &mut Dice, nth: usize) -> PullStory {
    let weights = PullStory::WEIGHTS;
    match weights.get(nth) {
        Some((story, _)) => *story,
        None => weights[dice.weighted(weights.iter().map(|(_, weight)| *weight))].0,
    }
}
