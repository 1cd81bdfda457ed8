//! A seeded GitHub organisation: the deliveries that its webhook would send, and the true answers
//! to the reports, for the demo, the benchmarks and the tests.
//!
//! ```text
//! Settings ─▶ World (lives) ─┬─▶ Plan (what is delivered, in which order) ─▶ SimulatedDelivery
//!                            └─▶ Truth (from the lives alone)
//! ```
//!
//! A *life* is what became of one pull request, run, job, deployment, release or issue. All lives
//! are decided first, by chance and by a queue in front of each runner pool. Deliveries and truth
//! are then two readings of the same lives: the truth never looks at a delivery.
//!
//! ```
//! use octolake_simulate::{Settings, simulate};
//!
//! let simulation = simulate(&Settings { seed: 7, deliveries: 2_000, ..Settings::default() });
//! let bytes: usize = simulation.deliveries().map(|delivery| delivery.body.len()).sum();
//! assert!(bytes > 9_000 * simulation.len());
//! let truth = simulation.truth();
//! let overall = truth.queue_latency.overall();
//! let by_author = truth.lead_time.by(|pull| Some(pull.lead_time), |pull| pull.author);
//! assert!(overall.is_some_and(|row| row.p50 <= row.p99) && by_author.len() > 1);
//! ```
//!
//! # The stories
//! Each tells something that a report must get right. All of them happen in 2,000 deliveries.
//!
//! | pull request | what it is there to show |
//! |---|---|
//! | `merged` | the ordinary life, with reviews, further pushes and a squash merge |
//! | `draft_then_merged` | opened as a draft; sometimes reviewed as one, so a first review of 0 |
//! | `back_to_draft` | a draft, ready, a draft again, ready again: two intervals to take out |
//! | `reviewed_by_author_only` | the only review is the author's own comment: no first review |
//! | `bots_only` | opened by a bot, reviewed by a bot: no first review |
//! | `closed_unmerged` | closed and left so |
//! | `reopened_then_merged` | its first `closed` is not its end |
//! | `lost_closed` | the merge shows only in a later `labeled` |
//! | `still_open`, `still_draft` | no end yet |
//!
//! | job | what it is there to show |
//! |---|---|
//! | `ran` | the ordinary life: `queued`, `in_progress`, `completed` |
//! | `lost_in_progress` | the start shows only in `completed` (by its runner, or by its steps alone) |
//! | `early_start` | started 1 to 5 s before it was created: clamped |
//! | `inherits_start` | a second attempt with the first one's start: anomalous |
//! | `gated` | `waiting` for an approval, then queued again |
//! | `skipped` | by a condition, or because a job before it failed: only `completed` |
//! | `cancelled_in_queue` | completed and never ran |
//! | `still_queued` | only `queued` |
//!
//! Beside the stories: everything that is unfinished at the end of the period is cut off there, 2 %
//! of the deliveries come again within three days (the same id and body), arrival is shuffled
//! locally, and titles, branches, labels and notes hold hostile strings now and then.
//!
//! # Invariants
//! The same settings give the same bytes on every machine: no clock, no environment, no floating
//! point and no hash map has a say in a delivery. Times in lives are whole seconds, as GitHub's.

mod activity;
mod biography;
mod calendar;
mod dice;
mod hostile;
mod jobs;
mod json;
mod organisation;
mod payload;
mod plan;
mod pull_requests;
mod queueing;
mod runners;
mod simulation;
mod statistics;
mod truth;
mod world;

#[cfg(test)]
mod reading_tests;

pub use payload::Padding;
pub use simulation::{Settings, SimulatedDelivery, Simulation, simulate};
pub use statistics::Statistics;
pub use truth::{JobWait, LeadTime, PullTimes, QueueLatency, Truth};
