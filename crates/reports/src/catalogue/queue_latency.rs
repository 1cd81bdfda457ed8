//! How long jobs wait for a runner.

use super::{UNIDENTIFIED, UNTIMED};
use crate::Dimension::*;
use crate::definition::{Definition, Reason, Shape};
use crate::subject::JOBS;
use crate::view::JOB_LIVES;

pub(super) static DEFINITION: Definition = Definition {
    name: "queue-latency",
    measure: None,
    title: "Job queue latency",
    about: "How long jobs wait for a runner",
    words: "\
Job queue latency: how long a job of GitHub Actions waits for a runner.
One value per host, repository id, job id and run attempt: started - created. Created is the earliest
created_at of its deliveries. Started is the earliest started_at of those with action in_progress, else
of the completed one, if the job ran (it had a runner, or a step that started). Its time is that of the
start. Left out and counted, the first that applies: unidentified (a delivery without the id of a job or
a repository), gated (it waited for an approval), skipped, never_ran (cancelled in the queue), pending
(still queued), untimed (it began, and nothing says when, or when it was created), anomalous (it started
more than 5 s before it was created: a re-run that inherits old times). From -5 s to 0 the value is 0,
and counted as clamped.",
    subject: &JOBS,
    unit: "jobs",
    view: &JOB_LIVES,
    time: "v.counted_at",
    left_out: "case when v.outcome <> 'measured' then v.outcome end",
    reasons: &[
        Reason::always("skipped", "it never wanted a runner"),
        Reason::always("never_ran", "completed without ever starting: cancelled in the queue"),
        Reason::always("pending", "still queued, or the rest was not delivered"),
        Reason::always("gated", "it waited for a person's approval, not for a runner"),
        Reason::always("anomalous", "started more than 5 s before it was created: a re-run with old times"),
        UNTIMED,
        UNIDENTIFIED,
    ],
    shape: Shape::Durations {
        value: "v.queue_s",
        clamped: Some("v.clamped"),
        waited: Some(
            "case when v.outcome = 'never_ran' then v.wait_lower_bound_s \
             when v.outcome = 'pending' then (ms({as_of}) - ms(v.counted_at)) / 1e3 end",
        ),
    },
    dimensions: &[
        Repo, Host, Org, Label, Workflow, Job, Runner, Group, Branch, Author, Who, Team, Hour, Day, Week, Month,
    ],
    examples: &[
        "queue-latency --by repo,label --since 7d",
        "queue-latency --by day --since 2026-03-01 --until 2026-04-01 --tz Europe/Berlin",
        "queue-latency --by label --slo 'p95<=5m'",
        "queue-latency --since 7d --compare",
        "queue-latency --label gpu --drill",
    ],
};
