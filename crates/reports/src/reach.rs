//! Which deliveries a window can need, by the time of their arrival.
//!
//! A value has its time, and is made from deliveries that may have arrived long before or after it.
//! How long is bounded by what GitHub does, so that most of an old lake need not be read for the last
//! seven days:
//!
//! * **Jobs.** Every delivery of a job is sent while its run lives, and every time that a job has is
//!   within that, or within the run's attempt before where a re-run takes its times over.
//! * **Pull requests.** No delivery of one is sent before it was created; and a delivery that tells
//!   the time by which a window takes it arrives after that. So what arrived since the window began
//!   tells which pull requests it takes, and when the earliest of them was created.
//!
//! Names of repositories are found in all deliveries: the newest counts, whenever it came.

use chrono::{DateTime, Datelike, TimeDelta, Utc};

use crate::statement::timestamp;
use crate::{Table, Window};

/// A workflow run is ended after this, waiting and approvals included
/// (docs.github.com/actions/reference/limits).
const RUN: TimeDelta = TimeDelta::days(35);
/// A run can be run again for so long after it began; jobs that are not may take their times over
/// (docs.github.com/actions/how-tos/manage-workflow-runs/re-run-workflows-and-jobs).
const RERUN: TimeDelta = TimeDelta::days(30);
/// A delivery can be sent again for so long: three days by github.com, seven by an Enterprise Server
/// (docs.github.com/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks).
const SENT_AGAIN: TimeDelta = TimeDelta::days(7);
/// The clocks of GitHub and of whoever stamps arrivals differ by no more than this: ours.
const CLOCKS: TimeDelta = TimeDelta::days(1);

/// The arrivals that are read. Without a bound, all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// The earliest.
    pub since: Option<DateTime<Utc>>,
    /// The first that is not read any more.
    pub until: Option<DateTime<Utc>>,
}

/// How what a window needs is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// By how long things live.
    Life,
    /// By when they were created: that has to be asked.
    Creation,
}

impl Reach {
    /// What a window of jobs needs.
    pub(crate) fn of_life(window: Window) -> Self {
        let span = RUN + RERUN + SENT_AGAIN + CLOCKS;
        Self {
            since: window.since.and_then(|at| within(at.checked_sub_signed(span))),
            until: window.until.and_then(|at| within(at.checked_add_signed(span))),
        }
    }

    /// What a window of pull requests needs, by the answer to [`question`].
    pub(crate) fn of_creation(window: Window, answer: &Table) -> Self {
        let cell = |column: &str| {
            let place = answer.place(column)?;
            answer.rows.first()?.get(place)?.integer()
        };
        let Some(begin) = window.since.filter(|_| cell("unknown") == Some(0)) else {
            return Self::default();
        };
        let earliest = match cell("created_ms") {
            Some(created) => DateTime::from_timestamp_millis(created).map(|at| at.min(begin)),
            None => Some(begin),
        };
        let since = earliest.and_then(|at| within(at.checked_sub_signed(CLOCKS)));
        Self { since, until: None }
    }

    /// Conditions to follow that of an event type.
    pub(crate) fn sql(&self) -> String {
        let since = self.since.map(|at| format!("\n    and received_at >= {}", timestamp(at)));
        let until = self.until.map(|at| format!("\n    and received_at < {}", timestamp(at)));
        since.into_iter().chain(until).collect()
    }
}

/// A time that every engine can write as a literal.
pub(crate) fn within(at: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    at.filter(|at| (1700..2200).contains(&at.year()))
}

/// The earliest creation of the pull requests that a window from `since` on can take, in milliseconds
/// since the epoch, and of how many deliveries it cannot be told: columns `created_ms` and `unknown`.
pub(crate) fn question(types: &str, since: DateTime<Utc>) -> Option<String> {
    let arrived = within(since.checked_sub_signed(CLOCKS))?;
    let (arrived, since) = (timestamp(arrived), timestamp(within(Some(since))?));
    let text = format!(
        "select\n  min(ms(pull_request_created_at)) as created_ms,\n  \
         count(*) filter (where pull_request_created_at is null) as unknown\n\
         from events\nwhere event_type in ({types})\n  and received_at >= {arrived}\n  \
         and pull_request_number is not null\n  and (\n    pull_request_merged_at >= {since}\n    \
         or pull_request_closed_at >= {since}\n    or pull_request_created_at >= {since}\n    \
         or pull_request_created_at is null\n  )\n"
    );
    Some(crate::shorthand::written_out(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;

    fn window(since: Option<&str>, until: Option<&str>) -> Window {
        let at = |text: &str| text.parse().unwrap();
        Window { since: since.map(at), until: until.map(at) }
    }

    fn told(created_ms: Option<i64>, unknown: i64) -> Table {
        let created = created_ms.map_or(Value::Null, Value::Integer);
        Table {
            columns: vec!["created_ms".into(), "unknown".into()],
            rows: vec![vec![created, Value::Integer(unknown)]],
        }
    }

    #[test]
    fn a_window_of_jobs_reaches_as_far_as_a_run_can_live() {
        let window = window(Some("2026-11-13T00:00:00Z"), Some("2026-11-20T00:00:00Z"));
        let reach = Reach::of_life(window);
        // 73 days before and behind.
        assert_eq!(reach.since, Some("2026-09-01T00:00:00Z".parse().unwrap()));
        assert_eq!(reach.until, Some("2027-02-01T00:00:00Z".parse().unwrap()));
        assert_eq!(
            reach.sql(),
            "\n    and received_at >= timestamp '2026-09-01 00:00:00.000 UTC'\n    \
             and received_at < timestamp '2027-02-01 00:00:00.000 UTC'"
        );
        assert_eq!(Reach::of_life(Window::default()).sql(), "");
    }

    #[test]
    fn times_that_no_engine_writes_bound_nothing() {
        let early = window(Some("0001-01-01T00:00:00Z"), Some("9999-12-31T00:00:00Z"));
        assert_eq!(Reach::of_life(early), Reach::default());
        assert_eq!(question("'pull_request'", early.since.unwrap()), None);
    }

    #[test]
    fn a_window_of_pull_requests_reaches_back_to_the_earliest_creation() {
        let window = window(Some("2026-11-13T00:00:00Z"), None);
        let of = |created_ms, unknown| Reach::of_creation(window, &told(created_ms, unknown)).since;
        // 2026-10-01T12:00:00Z.
        assert_eq!(of(Some(1_790_856_000_000), 0), Some("2026-09-30T12:00:00Z".parse().unwrap()));
        // One that was created in the window, and none at all: what arrived since then.
        let begin = Some("2026-11-12T00:00:00Z".parse().unwrap());
        assert_eq!(of(Some(1_795_000_000_000), 0), begin);
        assert_eq!(of(None, 0), begin);
        assert_eq!(of(Some(1_790_856_000_000), 1), None);
    }
}
