//! The queries that reports are made from, as texts over the table `events`.

use crate::reach::Reach;
use crate::{Abilities, Window, drafts, facts, shorthand};

/// What queries read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Scope {
    /// Which arrivals.
    pub(crate) reach: Reach,
    /// Which times.
    pub(crate) window: Window,
    /// What the engine has beside SQL.
    pub(crate) abilities: Abilities,
}

/// A name for a query.
#[derive(Debug)]
pub struct View {
    /// What it is called in SQL.
    pub name: &'static str,
    /// The query: what stands in its file, with shorthands, under a header if it is for users.
    text: &'static str,
    /// The event types that it reads, where its text leaves that open.
    event_types: &'static [&'static str],
    /// Whether it tells what repositories are called, for which no delivery is too old.
    is_of_names: bool,
    /// The views that it names itself; those that they name in turn follow from that.
    pub(crate) needs: &'static [&'static Self],
}

/// The event types that tell of jobs.
pub(crate) const JOB_EVENTS: &[&str] = &["workflow_job"];

/// The event types that tell of pull requests.
pub(crate) const PULL_EVENTS: &[&str] = &[
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_review_thread",
];

/// The names of the repositories that have jobs.
pub(crate) static JOB_REPOSITORIES: View = View {
    name: "repositories",
    text: include_str!("../queries/repositories.sql"),
    event_types: JOB_EVENTS,
    is_of_names: true,
    needs: &[],
};

/// The names of the repositories that have pull requests.
pub(crate) static PULL_REPOSITORIES: View = View {
    name: "repositories",
    text: include_str!("../queries/repositories.sql"),
    event_types: PULL_EVENTS,
    is_of_names: true,
    needs: &[],
};

/// Each delivery that tells of a job, as a row of the kind that they merge to.
static JOB_DELIVERIES: View = View {
    name: "job_deliveries",
    text: include_str!("../queries/jobs/job_deliveries.sql"),
    event_types: JOB_EVENTS,
    is_of_names: false,
    needs: &[],
};

/// One row per job and attempt: what its deliveries say, merged.
static JOB_STATES: View = View {
    name: "job_states",
    text: include_str!("../queries/jobs/job_states.sql"),
    event_types: JOB_EVENTS,
    is_of_names: false,
    needs: &[&JOB_DELIVERIES],
};

/// One row per job and attempt, without its repository's name.
pub(crate) static JOB_LIVES: View = View {
    name: "job_lives",
    text: include_str!("../queries/jobs/job_lives.sql"),
    event_types: JOB_EVENTS,
    is_of_names: false,
    needs: &[&JOB_STATES],
};

/// Each delivery that tells of a pull request.
static PULL_DELIVERIES: View = View {
    name: "pull_deliveries",
    text: include_str!("../queries/pulls/pull_deliveries.sql"),
    event_types: PULL_EVENTS,
    is_of_names: false,
    needs: &[],
};

/// One row per pull request: what its deliveries say, merged.
static PULL_STATES: View = View {
    name: "pull_states",
    text: include_str!("../queries/pulls/pull_states.sql"),
    event_types: PULL_EVENTS,
    is_of_names: false,
    needs: &[&PULL_DELIVERIES],
};

/// One row per pull request: what can be said by looking at each delivery alone.
pub(crate) static PULL_LIVES: View = View {
    name: "pull_lives",
    text: include_str!("../queries/pulls/pull_lives.sql"),
    event_types: PULL_EVENTS,
    is_of_names: false,
    needs: &[&PULL_STATES],
};

/// What is told of drafts, in order.
static PULL_TURNS: View = View {
    name: "pull_turns",
    text: include_str!("../queries/pulls/pull_turns.sql"),
    event_types: PULL_EVENTS,
    is_of_names: false,
    needs: &[&PULL_DELIVERIES],
};

/// One row per pull request, with when it was a draft.
static PULL_DRAFTS: View = View {
    name: "pull_drafts",
    text: include_str!("../queries/pulls/pull_drafts.sql"),
    event_types: PULL_EVENTS,
    is_of_names: false,
    needs: &[&PULL_LIVES, &PULL_TURNS],
};

/// The same, with what follows from that.
pub(crate) static PULL_READY: View = View {
    name: "pull_ready",
    text: include_str!("../queries/pulls/pull_ready.sql"),
    event_types: PULL_EVENTS,
    is_of_names: false,
    needs: &[&PULL_DRAFTS],
};

/// The same, with when it was reviewed.
pub(crate) static PULL_STAGES: View = View {
    name: "pull_stages",
    text: include_str!("../queries/pulls/pull_stages.sql"),
    event_types: PULL_EVENTS,
    is_of_names: false,
    needs: &[&PULL_READY],
};

/// One row per pull request and what happened to it.
pub(crate) static PULL_MOMENTS: View = View {
    name: "pull_moments",
    text: include_str!("../queries/pulls/pull_moments.sql"),
    event_types: PULL_EVENTS,
    is_of_names: false,
    needs: &[&PULL_LIVES],
};

/// One row per job and attempt, for users.
static WORKFLOW_JOBS: View = View {
    name: "workflow_jobs",
    text: include_str!("../queries/jobs/workflow_jobs.sql"),
    event_types: JOB_EVENTS,
    is_of_names: false,
    needs: &[&JOB_LIVES, &JOB_REPOSITORIES],
};

/// One row per pull request, for users.
static PULL_REQUESTS: View = View {
    name: "pull_requests",
    text: include_str!("../queries/pulls/pull_requests.sql"),
    event_types: PULL_EVENTS,
    is_of_names: false,
    needs: &[&PULL_STAGES, &PULL_REPOSITORIES],
};

/// The views that stand beside `events`, by the folder of their subject.
pub static VIEWS: &[(&str, &View)] = &[("jobs", &WORKFLOW_JOBS), ("pulls", &PULL_REQUESTS)];

impl View {
    /// The header of comments that says what it means; empty where it is a part of others only.
    pub fn header(&self) -> String {
        self.text.split_inclusive('\n').take_while(|line| line.starts_with("--")).collect()
    }

    /// The query alone, which names the views that it needs, of what is in scope.
    pub(crate) fn body(&self, scope: Scope) -> String {
        let lines = self.text.lines().skip_while(|line| line.starts_with("--"));
        let mut body = lines.collect::<Vec<_>>().join("\n");
        if scope.abilities.facts {
            body = facts::over_facts(self, body, scope);
        }
        if scope.abilities.draft_times {
            body = drafts::by_function(self, body);
        }
        let types: Vec<String> = self.event_types.iter().map(|name| format!("'{name}'")).collect();
        let reach = if self.is_of_names { String::new() } else { scope.reach.sql() };
        let body = body.replace("(event_types)", &format!("({}){reach}", types.join(", ")));
        shorthand::written_out(&body.replace("(in_reach)", &reach))
    }

    /// The query as it runs anywhere: what it needs is in it.
    pub fn sql(&self) -> String {
        self.sql_of(Scope::default())
    }

    /// The same for an engine that has more than SQL.
    pub fn sql_with(&self, abilities: Abilities) -> String {
        self.sql_of(Scope { abilities, ..Scope::default() })
    }

    /// The views that its text names, of what is in scope.
    fn needs_in(&self, scope: Scope) -> &'static [&'static Self] {
        if scope.abilities.draft_times { drafts::needs(self) } else { self.needs }
    }

    fn sql_of(&self, scope: Scope) -> String {
        let body = self.body(scope);
        match (with(self.needs_in(scope), scope), body.strip_prefix("with ")) {
            (parts, _) if parts.is_empty() => format!("{body}\n"),
            (parts, Some(rest)) => format!("with {parts},\n{rest}\n"),
            (parts, None) => format!("with {parts}\n{body}\n"),
        }
    }
}

/// Views as the parts of a `with`, each once, behind those that it needs.
pub(crate) fn with(views: &[&View], scope: Scope) -> String {
    let mut parts = vec![];
    views.iter().for_each(|view| add(view, scope, &mut parts));
    parts.into_iter().map(|(_, part)| part).collect::<Vec<_>>().join(",\n")
}

fn add(view: &View, scope: Scope, parts: &mut Vec<(&'static str, String)>) {
    if parts.iter().any(|(name, _)| *name == view.name) {
        return;
    }
    view.needs_in(scope).iter().for_each(|needed| add(needed, scope, parts));
    let body = indented(&view.body(scope));
    parts.push((view.name, format!("{} as (\n{body}\n)", view.name)));
}

fn indented(sql: &str) -> String {
    sql.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_says_what_it_is() {
        for (_, view) in VIEWS {
            for part in ["-- Title: ", "-- Grain: ", "-- Time zone: ", "-- Columns:"] {
                assert!(view.header().contains(part), "{}: {part}", view.name);
            }
            assert!(view.sql().starts_with("with "), "{}", view.name);
        }
    }

    #[test]
    fn what_a_view_needs_stands_before_it() {
        let sql = VIEWS[1].1.sql();
        let at = |part: &str| sql.find(part).unwrap();
        assert!(at("pull_lives as (") < at("pull_stages as ("));
        assert!(at("pull_stages as (") < at("from pull_stages v"));
        assert!(!sql.contains("event_types"));
        // A function that puts drafts in order has no use for the query that does.
        let function = Abilities { draft_times: true, ..Abilities::default() };
        let sql = VIEWS[1].1.sql_with(function);
        assert!(sql.contains("draft_times(") && !sql.contains("pull_turns"));
    }
}
