//! What reports are about: jobs, or pull requests.

use crate::reach::Cut;
use crate::view::{JOB_EVENTS, JOB_REPOSITORIES, PULL_EVENTS, PULL_REPOSITORIES, View};

/// A kind of thing that GitHub tells of.
#[derive(Debug)]
pub struct Subject {
    /// Its plural, and the folder of its queries.
    pub name: &'static str,
    /// The event types that tell of it.
    pub event_types: &'static [&'static str],
    /// What the webhook has to be subscribed to, as GitHub's settings name it.
    pub subscription: &'static str,
    /// How what a window needs is bounded.
    pub(crate) cut: Cut,
    /// The names of its repositories.
    pub(crate) repositories: &'static View,
    /// What is shown of one thing: columns and their expressions over `v` and the name `repo`.
    pub(crate) detail: &'static [(&'static str, &'static str)],
    /// Where it stands on the web, as SQL over `v` and the names `r`.
    pub(crate) link: &'static str,
}

/// Jobs of GitHub Actions.
pub(crate) static JOBS: Subject = Subject {
    name: "jobs",
    event_types: JOB_EVENTS,
    subscription: "Workflow jobs",
    cut: Cut::Life,
    repositories: &JOB_REPOSITORIES,
    detail: &[
        ("repo", "coalesce(r.repo, v.told_repo)"),
        ("workflow", "v.workflow"),
        ("job", "v.job"),
        ("attempt", "v.run_attempt"),
        ("author", "v.author"),
        ("created_at", "v.created_at"),
        ("started_at", "v.started_at"),
    ],
    link: "'https://' || v.source || '/' || coalesce(r.name, v.told_repo) || '/actions/runs/' \
           || cast(v.run_id as varchar) || '/job/' || cast(v.job_id as varchar)",
};

/// Pull requests.
pub(crate) static PULLS: Subject = Subject {
    name: "pulls",
    event_types: PULL_EVENTS,
    subscription: "Pull requests, Pull request reviews and Pull request review comments",
    cut: Cut::Creation,
    repositories: &PULL_REPOSITORIES,
    detail: &[
        ("repo", "coalesce(r.repo, v.told_repo)"),
        ("number", "v.number"),
        ("title", "v.title"),
        ("author", "v.author"),
        ("created_at", "v.created_at"),
        ("merged_at", "v.merged_at"),
    ],
    link: "'https://' || v.source || '/' || coalesce(r.name, v.told_repo) || '/pull/' \
           || cast(v.number as varchar)",
};
