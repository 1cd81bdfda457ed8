//! The same queries for an engine that keeps facts: rows that many deliveries were merged to.
//!
//! Such an engine has four tables beside `events`, in a schema of their own:
//!
//! | table | rows |
//! |---|---|
//! | `jobs_alone` | the jobs of which nothing else tells: they are what they are |
//! | `jobs_shared` | what else is known of jobs by facts: it has to be merged |
//! | `job_repositories` | names of the repositories of jobs: columns of the part `told` of that query |
//! | `events_beside` | the deliveries of jobs that no facts were made of |
//!
//! Columns of the first two, in their order, are those of the query `job_deliveries`, since rows merge
//! with each other whether they were made of one delivery or of many.

use chrono::{DateTime, Utc};

use crate::reach::{Reach, within};
use crate::statement::timestamp;
use crate::view::{JOB_REPOSITORIES, Scope, View};

/// The schema of the tables.
pub const SCHEMA: &str = "lake_facts";
/// The facts of jobs of which nothing else tells.
pub const ALONE: &str = "jobs_alone";
/// The other facts of jobs.
pub const SHARED: &str = "jobs_shared";
/// Names of the repositories of jobs.
pub const REPOSITORIES: &str = "job_repositories";
/// What that calls a name, when it was told and when that arrived, in milliseconds; its columns are
/// these behind `source` and `repo_id`.
pub const NAMES: [&str; 3] = ["name", "told_ms", "arrived_ms"];
/// The deliveries of which there are no facts.
pub const BESIDE: &str = "events_beside";

/// The times that facts tell of a job: its own, by which windows take it, is one of them.
const TIMES: [&str; 5] = ["created_at", "begun_at", "ran_at", "completed_at", "arrived_at"];

const FROM_EVENTS: &str = "from events\n";

/// The text of a query that is read from facts, if it is one of those that are.
pub(crate) fn over_facts(view: &View, body: String, scope: Scope) -> String {
    let beside = format!("from {SCHEMA}.{BESIDE}\n");
    match view.name {
        "job_deliveries" => body.replace(FROM_EVENTS, &beside),
        "job_states" => {
            let arrived = arrived(scope.reach);
            let alone = include_str!("../queries/jobs/job_states_of_facts.sql");
            let told = format!(
                "from (\n  select * from {SCHEMA}.{SHARED}{arrived}\n  union all\n  \
                 select * from job_deliveries\n) told\n"
            );
            let merged = body.replace("from job_deliveries\n", &told);
            let alone = alone.replace("(in_window)", &in_window(scope));
            format!("{alone}{merged}")
        }
        _ if std::ptr::eq(view, &JOB_REPOSITORIES) => {
            let known =
                format!("told as (\n  select * from {SCHEMA}.{REPOSITORIES}\n  union all\n");
            body.replace("told as (\n", &known).replace(FROM_EVENTS, &beside)
        }
        _ => body,
    }
}

/// The condition that some delivery of a job was in reach.
fn arrived(reach: Reach) -> String {
    all_of(of_arrivals(reach))
}

fn of_arrivals(reach: Reach) -> Vec<String> {
    let since = reach.since.map(|at| format!("last_arrived_at >= {}", timestamp(at)));
    let until = reach.until.map(|at| format!("arrived_at < {}", timestamp(at)));
    since.into_iter().chain(until).collect()
}

/// The same, and that the window can take the job. Its time is one of those that its facts tell, and
/// of a job that is alone these are all: rows of which none is in the window are not looked at, and
/// where a file's statistics say so of many rows, none of those is read.
fn in_window(scope: Scope) -> String {
    let one_of = |is: &str, at: DateTime<Utc>| {
        let is_so = TIMES.map(|time| format!("{time} {is} {}", timestamp(at)));
        format!("({})", is_so.join(" or "))
    };
    let since = within(scope.window.since).map(|at| one_of(">=", at));
    let until = within(scope.window.until).map(|at| one_of("<", at));
    all_of(of_arrivals(scope.reach).into_iter().chain(since).chain(until).collect())
}

fn all_of(conditions: Vec<String>) -> String {
    match conditions.as_slice() {
        [] => String::new(),
        _ => format!("\nwhere {}", conditions.join("\n  and ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::VIEWS;
    use crate::{Abilities, Window};

    #[test]
    fn only_what_is_told_of_jobs_is_read_from_facts() {
        let [(_, jobs), (_, pulls)] = VIEWS else { panic!("views") };
        let over_facts = Abilities { facts: true, ..Abilities::default() };
        let sql = jobs.sql_with(over_facts);
        let count = |text: &str| sql.matches(text).count();
        assert_eq!(count("from lake_facts.events_beside\n"), 2);
        for table in ["jobs_alone", "jobs_shared", "job_repositories"] {
            assert_eq!(count(&format!("from lake_facts.{table}\n")), 1, "{table}");
        }
        assert_eq!(count("from events\n"), 0);
        assert_eq!(pulls.sql_with(over_facts), pulls.sql());
        assert!(!jobs.sql().contains("facts"));
    }

    #[test]
    fn a_job_is_in_reach_by_any_of_its_deliveries() {
        let at = |text: &str| Some(text.parse().unwrap());
        let reach = Reach { since: at("2026-09-01T00:00:00Z"), until: at("2027-02-01T00:00:00Z") };
        assert_eq!(
            arrived(reach),
            "\nwhere last_arrived_at >= timestamp '2026-09-01 00:00:00.000 UTC'\n  \
             and arrived_at < timestamp '2027-02-01 00:00:00.000 UTC'"
        );
        assert_eq!(arrived(Reach::default()), "");
    }

    #[test]
    fn a_window_takes_no_job_of_which_every_time_is_before_it() {
        let window = Window { since: Some("2026-11-13T00:00:00Z".parse().unwrap()), until: None };
        let at = "timestamp '2026-11-13 00:00:00.000 UTC'";
        let times = TIMES.map(|time| format!("{time} >= {at}")).join(" or ");
        let scope = Scope { window, ..Scope::default() };
        assert_eq!(in_window(scope), format!("\nwhere ({times})"));
        assert_eq!(in_window(Scope::default()), "");
        // The time of a job is one of these.
        let lives = include_str!("../queries/jobs/job_lives.sql");
        for part in [
            "coalesce(begun_at, ran_at) as started_at",
            "when outcome = 'measured' then started_at",
            "else coalesce(completed_at, created_at, started_at, arrived_at)",
        ] {
            assert!(lives.contains(part), "{part}");
        }
    }
}
