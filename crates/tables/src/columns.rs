//! Which columns the lake has: names, types, and where in a payload each is read.
//!
//! An entity's columns are named `<entity>_<member>` after GitHub's own names, `.` of a deeper
//! member becoming `_`. The few that are derived carry their own name and say how.

use crate::schema::name;

/// What a column holds, and how it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// 64-bit signed integer.
    Integer,
    /// True or false.
    Boolean,
    /// Microseconds since the epoch, UTC; read from RFC 3339 text or from seconds.
    Timestamp,
    /// A list of texts; read from an array of texts, or of objects with a `name`.
    Labels,
    /// The number of elements of an array.
    Count,
    /// The earliest `started_at` among an array's objects.
    EarliestStart,
}

/// A member of a payload that becomes a column.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// Path below the entity, with `.` between its parts.
    pub path: &'static str,
    /// What the column is called behind the entity's name, where that is not the path.
    pub alias: Option<&'static str>,
    /// What it holds.
    pub kind: Kind,
}

/// One of GitHub's objects that reports use.
#[derive(Debug)]
pub struct Entity {
    /// What its columns' names begin with.
    pub name: &'static str,
    /// The member of the payload that holds it; empty where the payload itself does.
    pub at: &'static str,
    /// Its columns.
    pub members: &'static [Member],
}

/// What the payload of one event type holds.
#[derive(Debug)]
pub struct Event {
    /// The event type.
    pub name: &'static str,
    /// The entities in it.
    pub entities: &'static [&'static Entity],
    /// The columns that tell when it happened; the first that has a value gives `occurred_at`.
    pub occurred: &'static [&'static str],
}

const fn member(path: &'static str, kind: Kind) -> Member {
    Member { path, alias: None, kind }
}

const fn text(path: &'static str) -> Member {
    member(path, Kind::Text)
}

const fn integer(path: &'static str) -> Member {
    member(path, Kind::Integer)
}

const fn boolean(path: &'static str) -> Member {
    member(path, Kind::Boolean)
}

const fn time(path: &'static str) -> Member {
    member(path, Kind::Timestamp)
}

const fn labels(path: &'static str) -> Member {
    member(path, Kind::Labels)
}

const fn derived(path: &'static str, alias: &'static str, kind: Kind) -> Member {
    Member { path, alias: Some(alias), kind }
}

/// Columns of every row that come from its payload: `(column, path, kind)`.
pub const COMMON: &[(&str, &str, Kind)] = &[
    ("action", "action", Kind::Text),
    ("org_login", "organization.login", Kind::Text),
    (name::REPO_ID, "repository.id", Kind::Integer),
    (name::REPO_FULL_NAME, "repository.full_name", Kind::Text),
    (name::SENDER_LOGIN, "sender.login", Kind::Text),
    ("sender_type", "sender.type", Kind::Text),
    ("installation_id", "installation.id", Kind::Integer),
];

static PULL_REQUEST: Entity = Entity {
    name: "pull_request",
    at: "pull_request",
    members: &[
        integer("id"),
        integer("number"),
        text("state"),
        text("title"),
        boolean("draft"),
        text("user.login"),
        text("user.type"),
        text("author_association"),
        labels("labels"),
        text("head.ref"),
        text("head.sha"),
        text("base.ref"),
        time("created_at"),
        time("updated_at"),
        time("closed_at"),
        time("merged_at"),
        boolean("merged"),
        text("merged_by.login"),
        text("merge_commit_sha"),
        integer("commits"),
        integer("additions"),
        integer("deletions"),
        integer("changed_files"),
        integer("comments"),
        integer("review_comments"),
    ],
};

static PULL_REQUEST_REVIEW: Entity = Entity {
    name: "pull_request_review",
    at: "review",
    members: &[
        integer("id"),
        text("state"),
        text("user.login"),
        text("user.type"),
        text("author_association"),
        text("commit_id"),
        time("submitted_at"),
    ],
};

static WORKFLOW_JOB: Entity = Entity {
    name: "workflow_job",
    at: "workflow_job",
    members: &[
        integer("id"),
        integer("run_id"),
        integer("run_attempt"),
        text("name"),
        text("workflow_name"),
        text("head_branch"),
        text("head_sha"),
        text("status"),
        text("conclusion"),
        labels("labels"),
        integer("runner_id"),
        text("runner_name"),
        integer("runner_group_id"),
        text("runner_group_name"),
        time("created_at"),
        time("started_at"),
        time("completed_at"),
        // A job ran if one of its steps did: the steps themselves stay in `payload`.
        derived("steps", "steps_started_at", Kind::EarliestStart),
    ],
};

static WORKFLOW_RUN: Entity = Entity {
    name: "workflow_run",
    at: "workflow_run",
    members: &[
        integer("id"),
        text("name"),
        integer("run_number"),
        integer("run_attempt"),
        integer("workflow_id"),
        text("path"),
        text("event"),
        text("status"),
        text("conclusion"),
        text("head_branch"),
        text("head_sha"),
        text("actor.login"),
        text("triggering_actor.login"),
        time("created_at"),
        time("updated_at"),
        time("run_started_at"),
    ],
};

static DEPLOYMENT: Entity = Entity {
    name: "deployment",
    at: "deployment",
    members: &[
        integer("id"),
        text("sha"),
        text("ref"),
        text("task"),
        text("environment"),
        boolean("production_environment"),
        boolean("transient_environment"),
        text("creator.login"),
        time("created_at"),
        time("updated_at"),
    ],
};

static DEPLOYMENT_STATUS: Entity = Entity {
    name: "deployment_status",
    at: "deployment_status",
    members: &[
        integer("id"),
        text("state"),
        text("environment"),
        text("creator.login"),
        time("created_at"),
        time("updated_at"),
    ],
};

static RELEASE: Entity = Entity {
    name: "release",
    at: "release",
    members: &[
        integer("id"),
        text("tag_name"),
        text("target_commitish"),
        text("name"),
        boolean("draft"),
        boolean("prerelease"),
        text("author.login"),
        time("created_at"),
        time("published_at"),
    ],
};

static PUSH: Entity = Entity {
    name: "push",
    at: "",
    members: &[
        text("ref"),
        text("before"),
        text("after"),
        text("base_ref"),
        boolean("created"),
        boolean("deleted"),
        boolean("forced"),
        text("pusher.name"),
        text("head_commit.id"),
        time("head_commit.timestamp"),
        time("repository.pushed_at"),
        derived("commits", "commits_count", Kind::Count),
    ],
};

static ISSUE: Entity = Entity {
    name: "issue",
    at: "issue",
    members: &[
        integer("id"),
        integer("number"),
        text("state"),
        text("state_reason"),
        text("title"),
        text("user.login"),
        text("user.type"),
        text("author_association"),
        labels("labels"),
        integer("comments"),
        time("created_at"),
        time("updated_at"),
        time("closed_at"),
    ],
};

static CHECK_RUN: Entity = Entity {
    name: "check_run",
    at: "check_run",
    members: &[
        integer("id"),
        text("name"),
        text("status"),
        text("conclusion"),
        text("head_sha"),
        text("app.slug"),
        integer("check_suite.id"),
        time("started_at"),
        time("completed_at"),
    ],
};

/// Every entity, in the order of its columns in the table.
pub static ENTITIES: &[&Entity] = &[
    &PULL_REQUEST,
    &PULL_REQUEST_REVIEW,
    &WORKFLOW_JOB,
    &WORKFLOW_RUN,
    &DEPLOYMENT,
    &DEPLOYMENT_STATUS,
    &RELEASE,
    &PUSH,
    &ISSUE,
    &CHECK_RUN,
];

/// Every event type that has columns of its own. Any other has the common ones and its payload.
pub static EVENTS: &[Event] = &[
    Event {
        name: "pull_request",
        entities: &[&PULL_REQUEST],
        occurred: &["pull_request_updated_at"],
    },
    Event {
        name: "pull_request_review",
        entities: &[&PULL_REQUEST, &PULL_REQUEST_REVIEW],
        occurred: &["pull_request_review_submitted_at", "pull_request_updated_at"],
    },
    Event {
        name: "pull_request_review_comment",
        entities: &[&PULL_REQUEST],
        occurred: &["pull_request_updated_at"],
    },
    Event {
        name: "pull_request_review_thread",
        entities: &[&PULL_REQUEST],
        occurred: &["pull_request_updated_at"],
    },
    Event {
        name: "workflow_job",
        entities: &[&WORKFLOW_JOB, &DEPLOYMENT],
        occurred: &[
            "workflow_job_completed_at",
            "workflow_job_started_at",
            "workflow_job_created_at",
        ],
    },
    Event {
        name: "workflow_run",
        entities: &[&WORKFLOW_RUN],
        occurred: &["workflow_run_updated_at", "workflow_run_created_at"],
    },
    Event {
        name: "deployment",
        entities: &[&DEPLOYMENT],
        occurred: &["deployment_updated_at", "deployment_created_at"],
    },
    Event {
        name: "deployment_status",
        entities: &[&DEPLOYMENT_STATUS, &DEPLOYMENT],
        occurred: &["deployment_status_updated_at", "deployment_status_created_at"],
    },
    // A release's `created_at` is that of its commit: it says nothing of the release.
    Event { name: "release", entities: &[&RELEASE], occurred: &["release_published_at"] },
    // A commit's own time is what its author wrote; the server's is that of the push.
    Event { name: "push", entities: &[&PUSH], occurred: &["push_repository_pushed_at"] },
    Event {
        name: "issues",
        entities: &[&ISSUE],
        occurred: &["issue_updated_at", "issue_created_at"],
    },
    Event { name: "issue_comment", entities: &[&ISSUE], occurred: &["issue_updated_at"] },
    Event {
        name: "check_run",
        entities: &[&CHECK_RUN],
        occurred: &["check_run_completed_at", "check_run_started_at"],
    },
];

/// What is known of an event type's payload.
pub fn event(event_type: &str) -> Option<&'static Event> {
    EVENTS.iter().find(|event| event.name == event_type)
}

impl Entity {
    /// Its columns: `(column, path from the payload's root, kind)`.
    pub fn columns(&self) -> impl Iterator<Item = (String, String, Kind)> + '_ {
        self.members.iter().map(|member| {
            let suffix = member.alias.map_or_else(|| member.path.replace('.', "_"), str::to_owned);
            let path = if self.at.is_empty() {
                member.path.to_owned()
            } else {
                format!("{}.{}", self.at, member.path)
            };
            (format!("{}_{suffix}", self.name), path, member.kind)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_follow_github() {
        let names: Vec<String> =
            ENTITIES.iter().flat_map(|e| e.columns().map(|(name, ..)| name)).collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        for name in ["workflow_job_started_at", "pull_request_merged_at", "push_head_commit_id"] {
            assert!(names.iter().any(|n| n == name), "{name}");
        }
    }

    #[test]
    fn no_event_reads_a_member_into_two_columns() {
        for event in EVENTS {
            let entities = event.entities.iter().flat_map(|e| e.columns().map(|(_, path, _)| path));
            let common = COMMON.iter().map(|(_, path, _)| (*path).to_owned());
            let mut paths: Vec<String> = entities.chain(common).collect();
            paths.sort();
            for pair in paths.windows(2) {
                assert_ne!(pair[0], pair[1], "{}", event.name);
                assert!(!pair[1].starts_with(&format!("{}.", pair[0])), "{}: {pair:?}", event.name);
            }
        }
    }

    #[test]
    fn an_event_tells_its_time_by_columns_that_it_has() {
        for event in EVENTS {
            let own: HashSet<String> =
                event.entities.iter().flat_map(|e| e.columns().map(|(name, ..)| name)).collect();
            for column in event.occurred {
                assert!(own.contains(*column), "{}: {column}", event.name);
            }
        }
    }
}
