//! From lives to deliveries: which there are, in which order they arrive, and which come again.
//! A plan is small: the bodies are written when they are asked for.

use crate::activity::{IssueAction, ReleaseLife};
use crate::dice::Dice;
use crate::jobs::{JobAction, RunAction};
use crate::pull_requests::PullAction;
use crate::world::World;

/// What one delivery is about: a life's index in the [`World`], and what it tells of that life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Ping,
    Pull(usize, PullAction),
    Push(usize),
    CheckCreated(usize),
    CheckCompleted(usize),
    Run(usize, RunAction),
    Job(usize, JobAction),
    Deployment(usize),
    /// A deployment's status: its index in the life's statuses.
    Status(usize, usize),
    /// A release: index of the action in [`ReleaseLife::ACTIONS`].
    Release(usize, usize),
    Issue(usize, IssueAction),
}

impl Subject {
    /// The `X-GitHub-Event` header.
    pub(crate) fn event(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Pull(_, PullAction::Review(_)) => "pull_request_review",
            Self::Pull(..) => "pull_request",
            Self::Push(_) => "push",
            Self::CheckCreated(_) | Self::CheckCompleted(_) => "check_run",
            Self::Run(..) => "workflow_run",
            Self::Job(..) => "workflow_job",
            Self::Deployment(_) => "deployment",
            Self::Status(..) => "deployment_status",
            Self::Release(..) => "release",
            Self::Issue(..) => "issues",
        }
    }
}

/// A delivery, before its body is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// When it happened, in seconds since the epoch.
    pub(crate) at: i64,
    pub(crate) subject: Subject,
    pub(crate) id: u128,
}

/// One arrival of a delivery.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// Index of the delivery in [`Plan::steps`].
    pub(crate) step: usize,
    /// When GitHub sends it, in milliseconds since the epoch.
    pub(crate) sent_ms: i64,
    pub(crate) redelivery: bool,
}

/// All deliveries, and the order in which they arrive.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) arrivals: Vec<Arrival>,
}

/// Of a thousand deliveries, this many are sent again.
const REDELIVERED: u64 = 20;
/// GitHub redelivers for three days; an hour less leaves the arrival within them, too.
const REDELIVERY_MS: i64 = (3 * 24 - 1) * 3_600 * 1_000;

impl Plan {
    /// The deliveries of `world` up to `end`, with ids and order drawn from `dice`.
    pub(crate) fn new(world: &World, end: i64, dice: &mut Dice) -> Self {
        let mut events = events(world);
        events.retain(|(at, _)| *at <= end);
        events.sort_by_key(|(at, _)| *at);
        let steps: Vec<Step> =
            events.into_iter().map(|(at, subject)| Step { at, subject, id: dice.uuid() }).collect();
        let arrivals = arrivals(&steps, dice);
        Self { steps, arrivals }
    }
}

/// All that is told of all lives, and when.
fn events(world: &World) -> Vec<(i64, Subject)> {
    let mut events = vec![(world.start, Subject::Ping)];
    for (i, life) in world.pulls.iter().enumerate() {
        events
            .extend(life.actions().into_iter().map(|(at, action)| (at, Subject::Pull(i, action))));
    }
    events.extend(world.pushes.iter().enumerate().map(|(i, life)| (life.at, Subject::Push(i))));
    for (i, life) in world.checks.iter().enumerate() {
        events.push((life.created, Subject::CheckCreated(i)));
        events.push((life.completed, Subject::CheckCompleted(i)));
    }
    for (i, life) in world.runs.iter().enumerate() {
        events.push((life.begun, Subject::Run(i, RunAction::Requested)));
        events.extend(life.started.map(|at| (at, Subject::Run(i, RunAction::InProgress))));
        events.extend(life.completed.map(|at| (at, Subject::Run(i, RunAction::Completed))));
    }
    for (i, life) in world.jobs.iter().enumerate() {
        events.extend(life.actions().into_iter().map(|(at, action)| (at, Subject::Job(i, action))));
    }
    for (i, life) in world.deployments.iter().enumerate() {
        events.push((life.created, Subject::Deployment(i)));
        let statuses = life.statuses.iter().enumerate();
        events.extend(statuses.map(|(nth, (at, _))| (*at, Subject::Status(i, nth))));
    }
    for (i, life) in world.releases.iter().enumerate() {
        let actions = 0..ReleaseLife::ACTIONS.len();
        events.extend(actions.map(|nth| (life.published, Subject::Release(i, nth))));
    }
    for (i, life) in world.issues.iter().enumerate() {
        events.extend(life.actions().map(|(at, action)| (at, Subject::Issue(i, action))));
    }
    events
}

/// Every delivery once, some twice, in an order that is nearly, but not quite, that of sending.
fn arrivals(steps: &[Step], dice: &mut Dice) -> Vec<Arrival> {
    let mut arrivals: Vec<(i64, Arrival)> = vec![];
    for (index, step) in steps.iter().enumerate() {
        let sent_ms = step.at * 1_000 + dice.between(150, 1_800);
        let on_the_way = if dice.chance(20) { 600_000 } else { 4_000 };
        let once = Arrival { step: index, sent_ms, redelivery: false };
        arrivals.push((sent_ms + dice.between(0, on_the_way), once));
        if dice.chance(REDELIVERED) {
            let again = sent_ms + dice.between(60_000, REDELIVERY_MS);
            let twice = Arrival { step: index, sent_ms: again, redelivery: true };
            // Past the slowest first arrival: a redelivery never comes first.
            arrivals.push((again + 600_000, twice));
        }
    }
    arrivals.sort_by_key(|(arrived, _)| *arrived);
    arrivals.into_iter().map(|(_, arrival)| arrival).collect()
}
