//! The true answers to the reports, from the lives themselves. No delivery, JSON or SQL is
//! involved: where octolake's answers differ from these, octolake is wrong, or the definitions are
//! read in two ways.
//!
//! The truth is what can be known from the deliveries that were sent: a job of which only the
//! queueing was delivered is pending, and a merge that nobody was told of is none.

use std::collections::BTreeMap;

use crate::jobs::{JobLife, JobStory, RunLife};
use crate::pull_requests::{Ending, PullLife};
use crate::statistics::Statistics;

/// Starts up to this many seconds before the creation are taken for clocks that disagree.
const CLOCK_SKEW: i64 = 5;

/// All true answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// How many deliveries there are, redeliveries not counted.
    pub unique_deliveries: u64,
    /// How many deliveries are repetitions of others.
    pub redeliveries: u64,
    /// Deliveries per event type, redeliveries not counted.
    pub by_event: BTreeMap<&'static str, u64>,
    /// The queue latency of jobs.
    pub queue_latency: QueueLatency,
    /// The lead time of pull requests.
    pub lead_time: LeadTime,
    /// How many lives follow each story, `job/…` and `pull_request/…`.
    pub stories: BTreeMap<String, u64>,
}

/// One job's queue latency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobWait {
    /// Full name of the repository.
    pub repo: &'static str,
    /// The sorted labels, joined by commas.
    pub label: String,
    /// Name of the workflow.
    pub workflow: &'static str,
    /// The time of the value: when the job started, in seconds since the epoch.
    pub at: i64,
    /// From creation to start, in seconds; never below 0.
    pub seconds: i64,
}

/// Queue latency: the values, and how many jobs have none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueueLatency {
    /// One value for each repository id, job id and run attempt.
    pub values: Vec<JobWait>,
    /// Jobs that were skipped.
    pub skipped: u64,
    /// Jobs that completed without having run.
    pub never_ran: u64,
    /// Jobs of which no start is known.
    pub pending: u64,
    /// Jobs that waited for an approval.
    pub gated: u64,
    /// Jobs that started more than five seconds before they were created.
    pub anomalous: u64,
    /// Values that were up to five seconds below 0, and count as 0.
    pub clamped: u64,
}

impl QueueLatency {
    /// The statistics of all values; `None` where there are none.
    pub fn overall(&self) -> Option<Statistics> {
        Statistics::of(self.values.iter().map(|value| value.seconds).collect())
    }

    /// The statistics of each group of values that share a `key`.
    pub fn by<K: Ord>(&self, key: impl Fn(&JobWait) -> K) -> BTreeMap<K, Statistics> {
        group(self.values.iter().map(|value| (key(value), value.seconds)))
    }
}

/// One merged pull request's durations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullTimes {
    /// Full name of the repository.
    pub repo: &'static str,
    /// The author's login.
    pub author: &'static str,
    /// When it was merged, in seconds since the epoch.
    pub merged_at: i64,
    /// From creation to merge, in seconds.
    pub lead_time: i64,
    /// From the last time it became ready for review, else its creation, to merge, in seconds.
    pub ready_to_merge: i64,
    /// From creation to merge without the time as a draft, in seconds.
    pub non_draft: i64,
    /// From the first time it became ready for review, else its creation, to the first review by
    /// another who is no bot, in seconds, never below 0; `None` without such a review.
    pub first_review: Option<i64>,
}

/// Lead time: the values, and how many pull requests have none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LeadTime {
    /// One value for each merged pull request.
    pub values: Vec<PullTimes>,
    /// `first_review` of the pull requests that are not merged, with their repository and author.
    pub first_reviews_unmerged: Vec<(&'static str, &'static str, i64)>,
    /// Pull requests that are open.
    pub open: u64,
    /// Pull requests that are closed and not merged.
    pub closed_unmerged: u64,
}

impl LeadTime {
    /// The statistics of one measure over all values that have it: `overall(|v| Some(v.lead_time))`.
    pub fn overall(&self, measure: impl Fn(&PullTimes) -> Option<i64>) -> Option<Statistics> {
        Statistics::of(self.values.iter().filter_map(measure).collect())
    }

    /// The statistics of one measure in each group of values that share a `key`.
    pub fn by<K: Ord>(
        &self,
        measure: impl Fn(&PullTimes) -> Option<i64>,
        key: impl Fn(&PullTimes) -> K,
    ) -> BTreeMap<K, Statistics> {
        let values = self.values.iter();
        group(values.filter_map(|value| Some((key(value), measure(value)?))))
    }
}

fn group<K: Ord>(values: impl Iterator<Item = (K, i64)>) -> BTreeMap<K, Statistics> {
    let mut groups: BTreeMap<K, Vec<i64>> = BTreeMap::new();
    for (key, value) in values {
        groups.entry(key).or_default().push(value);
    }
    let rows = groups.into_iter();
    rows.filter_map(|(key, values)| Some((key, Statistics::of(values)?))).collect()
}

/// The queue latency of `jobs`, which belong to `runs`.
pub(crate) fn queue_latency(jobs: &[JobLife], runs: &[RunLife]) -> QueueLatency {
    let mut truth = QueueLatency::default();
    for job in jobs {
        match job.story {
            JobStory::Gated => truth.gated += 1,
            // Nothing was delivered of a job whose skipping is still to come.
            JobStory::Skipped => truth.skipped += u64::from(job.completed.is_some()),
            JobStory::CancelledInQueue if job.completed.is_some() => truth.never_ran += 1,
            _ => match known_start(job) {
                None => truth.pending += 1,
                Some(started) if started < job.created - CLOCK_SKEW => truth.anomalous += 1,
                Some(started) => {
                    truth.clamped += u64::from(started < job.created);
                    truth.values.push(wait(job, &runs[job.run], started));
                }
            },
        }
    }
    truth
}

/// The start of a job, where a delivery tells it.
fn known_start(job: &JobLife) -> Option<i64> {
    let told = job.story != JobStory::LostInProgress || job.completed.is_some();
    job.reported_start().filter(|_| told)
}

fn wait(job: &JobLife, run: &RunLife, started: i64) -> JobWait {
    let mut labels = job.pool().labels.to_vec();
    labels.sort_unstable();
    JobWait {
        repo: run.repository().full_name,
        label: labels.join(","),
        workflow: run.workflow().name,
        at: started,
        seconds: (started - job.created).max(0),
    }
}

/// The lead time of `pulls`.
pub(crate) fn lead_time(pulls: &[PullLife]) -> LeadTime {
    let mut truth = LeadTime::default();
    for pull in pulls {
        match pull.ending {
            Ending::Merged { at, .. } => {
                truth.values.push(times(pull, at));
                continue;
            }
            Ending::Open => truth.open += 1,
            Ending::ClosedUnmerged { .. } => truth.closed_unmerged += 1,
        }
        let review =
            first_review(pull).map(|s| (pull.repository().full_name, pull.author.login, s));
        truth.first_reviews_unmerged.extend(review);
    }
    truth
}

fn times(pull: &PullLife, merged_at: i64) -> PullTimes {
    let ready = pull.drafts.iter().filter_map(|draft| draft.ready);
    let as_draft: i64 = pull.drafts.iter().map(|d| d.ready.unwrap_or(merged_at) - d.from).sum();
    PullTimes {
        repo: pull.repository().full_name,
        author: pull.author.login,
        merged_at,
        lead_time: merged_at - pull.opened,
        ready_to_merge: merged_at - ready.max().unwrap_or(pull.opened),
        non_draft: merged_at - pull.opened - as_draft,
        first_review: first_review(pull),
    }
}

fn first_review(pull: &PullLife) -> Option<i64> {
    let ready = pull.drafts.iter().filter_map(|draft| draft.ready).min().unwrap_or(pull.opened);
    let by_others = pull.reviews.iter().filter(|r| !r.by.is_bot() && r.by != pull.author);
    Some((by_others.map(|review| review.at).min()? - ready).max(0))
}

#[cfg(test)]
#[path = "truth_tests.rs"]
mod tests;
