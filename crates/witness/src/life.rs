//! What becomes of the deliveries of one thing: a value or the reason why there is none.

use std::collections::BTreeMap;

use crate::names::{Names, Repository};

/// What a report measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// How long a job waited for a runner.
    QueueLatency,
    /// From a pull request's creation to its merge.
    LeadTime,
    /// From when it was last ready to its merge.
    ReadyToMerge,
    /// Lead time without the time as a draft.
    NonDraft,
    /// From when it was first ready to another person's first review.
    FirstReview,
}

impl Measure {
    /// Every measure of a pull request.
    pub const PULLS: [Self; 4] =
        [Self::LeadTime, Self::ReadyToMerge, Self::NonDraft, Self::FirstReview];

    /// The reasons that are told even where they count nothing, in their order.
    pub(crate) fn always(self) -> &'static [Reason] {
        use Reason::{
            Anomalous, ClosedUnmerged, Gated, NeverRan, NotReviewed, Open, Pending, Skipped,
        };
        match self {
            Self::QueueLatency => &[Skipped, NeverRan, Pending, Gated, Anomalous],
            Self::FirstReview => &[Open, ClosedUnmerged, NotReviewed],
            _ => &[Open, ClosedUnmerged],
        }
    }
}

/// Why a thing has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The job was skipped.
    Skipped,
    /// The job was completed and never started.
    NeverRan,
    /// The job has not started.
    Pending,
    /// The job waited for an approval.
    Gated,
    /// The job started too long before it was created.
    Anomalous,
    /// The pull request is open.
    Open,
    /// The pull request was closed without a merge.
    ClosedUnmerged,
    /// The pull request was merged without a review by another.
    NotReviewed,
    /// When it was a draft is not all known.
    UnknownDraft,
    /// A time that the value needs is in no delivery.
    Untimed,
    /// The delivery does not say which thing it tells of.
    Unidentified,
}

impl Reason {
    /// Those told only where they count something, in their order.
    pub(crate) const RARE: [Self; 3] = [Self::UnknownDraft, Self::Untimed, Self::Unidentified];

    /// As the reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::NeverRan => "never_ran",
            Self::Pending => "pending",
            Self::Gated => "gated",
            Self::Anomalous => "anomalous",
            Self::Open => "open",
            Self::ClosedUnmerged => "closed_unmerged",
            Self::NotReviewed => "not_reviewed",
            Self::UnknownDraft => "unknown_draft",
            Self::Untimed => "untimed",
            Self::Unidentified => "unidentified",
        }
    }
}

/// What a report can be split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// The repository's name.
    Repo,
    /// The source.
    Host,
    /// The normalised set of labels.
    Label,
    /// The workflow's name; jobs only.
    Workflow,
    /// The job's name; jobs only.
    Job,
    /// The runner's name; jobs only.
    Runner,
    /// The runner group's name; jobs only.
    Group,
    /// A job's head branch, a pull request's base branch.
    Branch,
    /// The organisation's login.
    Org,
    /// Who set off the job, who opened the pull request.
    Author,
    /// The local hour of the value's time.
    Hour,
    /// Its local day.
    Day,
    /// Its local week, from Monday.
    Week,
    /// Its local month.
    Month,
}

impl Dimension {
    /// Every dimension of a job.
    pub const JOBS: [Self; 14] = [
        Self::Repo,
        Self::Host,
        Self::Label,
        Self::Workflow,
        Self::Job,
        Self::Runner,
        Self::Group,
        Self::Branch,
        Self::Org,
        Self::Author,
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
    ];
    /// Every dimension of a pull request.
    pub const PULLS: [Self; 10] = [
        Self::Repo,
        Self::Host,
        Self::Label,
        Self::Branch,
        Self::Org,
        Self::Author,
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
    ];

    /// As `--by` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Repo => "repo",
            Self::Host => "host",
            Self::Label => "label",
            Self::Workflow => "workflow",
            Self::Job => "job",
            Self::Runner => "runner",
            Self::Group => "group",
            Self::Branch => "branch",
            Self::Org => "org",
            Self::Author => "author",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// What a measure makes of a thing. Times are milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A value.
    Value {
        /// Its length in milliseconds.
        ms: i64,
        /// Its time.
        at: i64,
        /// Whether it was below 0.
        clamped: bool,
    },
    /// Left out.
    Left {
        /// Why.
        reason: Reason,
        /// Under which time it is counted.
        at: i64,
        /// What the value is at least, in milliseconds, where that is known.
        at_least: Option<i64>,
    },
}

impl Verdict {
    pub(crate) fn left(reason: Reason, at: i64) -> Self {
        Self::Left { reason, at, at_least: None }
    }

    pub(crate) fn value(ms: i64, at: i64) -> Self {
        Self::Value { ms, at, clamped: false }
    }

    /// Its time, in milliseconds since the epoch.
    pub fn at(&self) -> i64 {
        match self {
            Self::Value { at, .. } | Self::Left { at, .. } => *at,
        }
    }
}

/// One job's attempt, one pull request, or a delivery that does not say of what it is.
#[derive(Debug, Clone)]
pub struct Life {
    pub(crate) repository: Repository,
    /// The job's id or the pull request's number, and the attempt (0 for pull requests).
    pub key: Option<(i64, i64)>,
    /// What it can be split by that is a text of its own; absent where no delivery says it.
    pub facts: BTreeMap<Dimension, String>,
    /// By measure.
    pub verdicts: BTreeMap<Measure, Verdict>,
}

impl Life {
    /// The host that it is of.
    pub fn source(&self) -> &str {
        &self.repository.source
    }

    /// Its repository's id.
    pub fn repository_id(&self) -> Option<i64> {
        self.repository.id
    }
}

/// All jobs, or all pull requests, of a lake.
#[derive(Debug, Clone)]
pub struct Lives {
    /// Each of them, in the order of their keys.
    pub lives: Vec<Life>,
    pub(crate) names: Names,
    /// The newest arrival, in milliseconds since the epoch.
    pub(crate) newest: Option<i64>,
}
