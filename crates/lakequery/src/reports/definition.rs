//! What each report measures: its values, their time, and why something has none.

use crate::engine::views::{PULL_REQUESTS, View, WORKFLOW_JOBS};

use super::Dimension;

/// A report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// How long jobs wait for a runner.
    QueueLatency,
    /// How long pull requests take.
    LeadTime(Measure),
}

/// The variants of lead time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Measure {
    /// From the creation to the merge.
    LeadTime,
    /// From the last time that it became ready for review to the merge.
    ReadyToMerge,
    /// From the creation to the merge, without the time as a draft.
    NonDraft,
    /// From the first time that it was ready to the first review by somebody else.
    FirstReview,
}

impl Report {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::QueueLatency => "queue-latency",
            Self::LeadTime(_) => "lead-time",
        }
    }

    /// What is counted: the name of the column that says how many values a row stands on.
    pub fn unit(self) -> &'static str {
        match self {
            Self::QueueLatency => "jobs",
            Self::LeadTime(_) => "prs",
        }
    }

    /// The variant, where it is not the plain one.
    pub fn variant(self) -> Option<&'static str> {
        match self {
            Self::QueueLatency | Self::LeadTime(Measure::LeadTime) => None,
            Self::LeadTime(Measure::ReadyToMerge) => Some("ready_to_merge"),
            Self::LeadTime(Measure::NonDraft) => Some("non_draft"),
            Self::LeadTime(Measure::FirstReview) => Some("first_review"),
        }
    }

    /// What it can be split by.
    pub fn dimensions(self) -> &'static [Dimension] {
        use Dimension::{Author, Day, Label, Month, Repo, Week, Workflow};
        match self {
            Self::QueueLatency => &[Repo, Label, Workflow, Author, Day, Week, Month],
            Self::LeadTime(_) => &[Repo, Label, Author, Day, Week, Month],
        }
    }

    /// The reasons for which something is left out and counted, in the order they are printed.
    pub fn reasons(self) -> &'static [&'static str] {
        match self {
            Self::QueueLatency => &["skipped", "never_ran", "pending", "gated", "anomalous"],
            Self::LeadTime(Measure::FirstReview) => &["open", "closed_unmerged", "not_reviewed"],
            Self::LeadTime(_) => &["open", "closed_unmerged"],
        }
    }

    /// The view that it reads.
    pub(super) fn view(self) -> View {
        match self {
            Self::QueueLatency => WORKFLOW_JOBS,
            Self::LeadTime(_) => PULL_REQUESTS,
        }
    }

    /// The column that holds the value, in seconds.
    pub(super) fn value(self) -> &'static str {
        match self {
            Self::QueueLatency => "queue_s",
            Self::LeadTime(Measure::LeadTime) => "lead_s",
            Self::LeadTime(Measure::ReadyToMerge) => "ready_to_merge_s",
            Self::LeadTime(Measure::NonDraft) => "non_draft_s",
            Self::LeadTime(Measure::FirstReview) => "first_review_s",
        }
    }

    /// The time by which windows and buckets take a value, or what has none.
    pub(super) fn time(self) -> &'static str {
        match self {
            Self::LeadTime(Measure::FirstReview) => "coalesce(first_review_at, counted_at)",
            _ => "counted_at",
        }
    }

    /// Why there is no value; NULL where there is one.
    pub(super) fn left_out(self) -> &'static str {
        match self {
            Self::QueueLatency => "case when outcome <> 'measured' then outcome end",
            Self::LeadTime(Measure::FirstReview) => {
                "case when first_review_s is null then \
                 (case when outcome = 'merged' then 'not_reviewed' else outcome end) end"
            }
            Self::LeadTime(_) => "case when outcome <> 'merged' then outcome end",
        }
    }

    /// Whether values below zero are clamped and counted.
    pub fn counts_clamped(self) -> bool {
        self == Self::QueueLatency
    }

    /// The definition in words.
    pub fn definition(self) -> &'static str {
        match self {
            Self::QueueLatency => QUEUE_LATENCY,
            Self::LeadTime(Measure::LeadTime) => LEAD_TIME,
            Self::LeadTime(Measure::ReadyToMerge) => READY_TO_MERGE,
            Self::LeadTime(Measure::NonDraft) => NON_DRAFT,
            Self::LeadTime(Measure::FirstReview) => FIRST_REVIEW,
        }
    }
}

const QUEUE_LATENCY: &str = "\
Job queue latency: how long a job of GitHub Actions waits for a runner.
One value per repository, job and run attempt: started - created. Created is the earliest created_at
of its deliveries. Started is the earliest started_at of those with action in_progress, else of the
completed one, if the job ran (it had a runner, or a step that started). Its time is that of the start.
Left out and counted: gated (it waited for an approval), skipped, never_ran (cancelled in the queue),
pending (still queued), anomalous (it started more than 5 s before it was created: a re-run that
inherits old times). From -5 s to 0 the value is 0, and counted as clamped.";

const LEAD_TIME: &str = "\
Pull request lead time: how long a pull request takes from its creation to its merge.
One value per repository and number: merged_at - created_at, from any delivery that carries merged_at.
Time as a draft and time closed are included. Its time is merged_at.
Left out and counted: open, closed_unmerged.";

const READY_TO_MERGE: &str = "\
Ready to merge: how long a pull request takes from the last time that it became ready to its merge.
One value per repository and number: merged_at - the time of the last ready_for_review that is not
after the merge; without one, - created_at. No field says when it became ready: the time is that
delivery's updated_at. Its time is merged_at. Left out and counted: open, closed_unmerged.";

const NON_DRAFT: &str = "\
Non-draft lead time: merged_at - created_at without the time as a draft.
One value per repository and number. It is a draft from its creation if it was opened as one, and from
each converted_to_draft, until the next ready_for_review (their updated_at), or else the merge.
Its time is merged_at. Left out and counted: open, closed_unmerged.";

const FIRST_REVIEW: &str = "\
Time to first review: how long a pull request waits for somebody to look at it.
One value per repository and number: the earliest submitted review by another user who is no bot,
minus the first time that it became ready (ready_for_review), else its creation; 0 where the review
came before. Its time is that of the review. Left out and counted, where there is no such review:
open, closed_unmerged, not_reviewed (merged without one).";
