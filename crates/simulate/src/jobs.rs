//! The lives of workflow runs and of their jobs: what was decided for each, and when it happened.
//! [`crate::queueing`] fills in the times; nothing here draws or simulates.

use crate::dice::Sha;
use crate::organisation::{
    Account, JobSpec, POOLS, Pool, REPOSITORIES, Repository, WORKFLOWS, Workflow,
};

/// What becomes of a job. See the crate's documentation for what each is there to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobStory {
    /// Waited, ran, completed.
    Ran,
    /// As `Ran`, but its `in_progress` delivery was lost.
    LostInProgress,
    /// Reported to have started some seconds before it was created.
    EarlyStart { seconds: i64 },
    /// A re-run that reports the start of the attempt before it.
    InheritsStart { at: i64 },
    /// Waited for an approval, then for a runner.
    Gated,
    /// Not run, because of a condition or of a failure before it.
    Skipped,
    /// Cancelled before any runner took it.
    CancelledInQueue,
    /// Taken by no runner to this day.
    StillQueued,
}

impl JobStory {
    /// Its name, for counting.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ran => "ran",
            Self::LostInProgress => "lost_in_progress",
            Self::EarlyStart { .. } => "early_start",
            Self::InheritsStart { .. } => "inherits_start",
            Self::Gated => "gated",
            Self::Skipped => "skipped",
            Self::CancelledInQueue => "cancelled_in_queue",
            Self::StillQueued => "still_queued",
        }
    }
}

/// A job's life within one run attempt. All moments are seconds since the epoch.
#[derive(Debug, Clone)]
pub(crate) struct JobLife {
    pub(crate) story: JobStory,
    /// Index of its run attempt.
    pub(crate) run: usize,
    pub(crate) spec: &'static JobSpec,
    pub(crate) id: u64,
    pub(crate) attempt: u64,
    pub(crate) created: i64,
    /// When its environment's reviewer said yes.
    pub(crate) approved: Option<i64>,
    /// When a runner took it.
    pub(crate) picked_up: Option<i64>,
    /// Which of its pool's runners took it, from 1.
    pub(crate) runner: u64,
    pub(crate) completed: Option<i64>,
    pub(crate) conclusion: &'static str,
}

/// What a delivery tells of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobAction {
    Queued,
    Waiting,
    InProgress,
    Completed,
}

impl JobLife {
    /// The runners that it asks for.
    pub(crate) fn pool(&self) -> &'static Pool {
        &POOLS[self.spec.pool]
    }

    /// The start that GitHub reports once a runner has the job.
    pub(crate) fn reported_start(&self) -> Option<i64> {
        match self.story {
            JobStory::EarlyStart { seconds } => self.picked_up.map(|_| self.created - seconds),
            JobStory::InheritsStart { at } => self.picked_up.map(|_| at),
            _ => self.picked_up,
        }
    }

    /// What is left of the life for one who looks at `end`; the job must have been created by then.
    pub(crate) fn cut(mut self, end: i64) -> Self {
        self.approved = self.approved.filter(|at| *at <= end);
        self.picked_up = self.picked_up.filter(|at| *at <= end);
        self.completed = self.completed.filter(|at| *at <= end);
        self
    }

    /// Its deliveries in order of time; the lost ones are not among them.
    pub(crate) fn actions(&self) -> Vec<(i64, JobAction)> {
        use JobAction as A;
        let completed = self.completed.map(|at| (at, A::Completed));
        if self.story == JobStory::Skipped {
            return completed.into_iter().collect();
        }
        let mut actions = vec![(self.created, A::Queued)];
        if self.story == JobStory::Gated {
            actions.push((self.created, A::Waiting));
            actions.extend(self.approved.map(|at| (at, A::Queued)));
        }
        if self.story != JobStory::LostInProgress {
            actions.extend(self.picked_up.map(|at| (at, A::InProgress)));
        }
        actions.extend(completed);
        actions
    }
}

/// A run attempt's life.
#[derive(Debug, Clone)]
pub(crate) struct RunLife {
    /// Index into [`REPOSITORIES`].
    pub(crate) repo: usize,
    /// Index into [`WORKFLOWS`].
    pub(crate) workflow: usize,
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) attempt: u64,
    pub(crate) branch: String,
    pub(crate) head: Sha,
    pub(crate) actor: &'static Account,
    /// Index of the pull request that it tests.
    pub(crate) pull: Option<usize>,
    /// When its first attempt was created: `created_at` of every attempt.
    pub(crate) created: i64,
    /// When this attempt began.
    pub(crate) begun: i64,
    /// When a runner took its first job.
    pub(crate) started: Option<i64>,
    pub(crate) completed: Option<i64>,
    pub(crate) conclusion: &'static str,
}

impl RunLife {
    /// Its repository.
    pub(crate) fn repository(&self) -> &'static Repository {
        &REPOSITORIES[self.repo]
    }

    /// Its workflow.
    pub(crate) fn workflow(&self) -> &'static Workflow {
        &WORKFLOWS[self.workflow]
    }
}

/// What a delivery tells of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunAction {
    Requested,
    InProgress,
    Completed,
}
