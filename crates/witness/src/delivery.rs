//! A delivery, and its members as texts, numbers, times and labels.
//!
//! A member of another type than it should have is as good as absent: a number where a text
//! belongs, an id beyond 64 bits, a list with something else in it.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::Value;

/// One webhook as it was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The host that sent it: `github.com`, or an Enterprise Server's.
    pub source: String,
    /// `X-GitHub-Event`.
    pub event_type: String,
    /// When it arrived; milliseconds count.
    pub at: DateTime<Utc>,
    /// `X-GitHub-Delivery`, a UUID's bits. Deliveries with the same id are one.
    pub id: u128,
    /// The payload.
    pub payload: Value,
}

impl Delivery {
    /// Milliseconds since the epoch of its arrival.
    pub(crate) fn arrival(&self) -> i64 {
        self.at.timestamp_millis()
    }

    /// The value at a path with `.` between its parts.
    fn member(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(&self.payload, |value, key| value.as_object()?.get(key))
    }

    pub(crate) fn text(&self, path: &str) -> Option<String> {
        self.member(path)?.as_str().map(str::to_owned)
    }

    pub(crate) fn integer(&self, path: &str) -> Option<i64> {
        self.member(path)?.as_i64()
    }

    pub(crate) fn boolean(&self, path: &str) -> Option<bool> {
        self.member(path)?.as_bool()
    }

    /// Milliseconds since the epoch.
    pub(crate) fn time(&self, path: &str) -> Option<i64> {
        match self.member(path)? {
            Value::String(text) => millis(text),
            Value::Number(seconds) => seconds.as_i64()?.checked_mul(1000),
            _ => None,
        }
    }

    /// Texts, or the `name`s of objects; nothing if one element has neither.
    pub(crate) fn labels(&self, path: &str) -> Option<Vec<String>> {
        let name = |label: &Value| match label {
            Value::String(text) => Some(text.clone()),
            other => other.get("name")?.as_str().map(str::to_owned),
        };
        self.member(path)?.as_array()?.iter().map(name).collect()
    }

    /// Whether a step of the job has started: one has a time, and nothing in the list is broken.
    pub(crate) fn a_step_started(&self) -> bool {
        let Some(steps) = self.member("workflow_job.steps").and_then(Value::as_array) else {
            return false;
        };
        let steps: Vec<&Value> = steps.iter().filter(|step| !step.is_null()).collect();
        let told = steps.iter().filter_map(|step| step.get("started_at"));
        let started: Vec<&Value> = told.filter(|time| !time.is_null()).collect();
        !started.is_empty()
            && steps.iter().all(|step| step.is_object())
            && started.iter().all(|time| time.as_str().and_then(millis).is_some())
    }

    pub(crate) fn action(&self) -> Option<String> {
        self.text("action")
    }

    pub(crate) fn is(&self, action: &str) -> bool {
        self.action().as_deref() == Some(action)
    }

    pub(crate) fn repository_id(&self) -> Option<i64> {
        self.integer("repository.id")
    }

    /// When it happened by what it says itself, else when it arrived.
    pub(crate) fn own_time(&self) -> i64 {
        let told: &[&str] = match self.event_type.as_str() {
            "workflow_job" => {
                &["workflow_job.completed_at", "workflow_job.started_at", "workflow_job.created_at"]
            }
            "pull_request_review" => &["review.submitted_at", "pull_request.updated_at"],
            _ => &["pull_request.updated_at"],
        };
        told.iter().find_map(|path| self.time(path)).unwrap_or_else(|| self.arrival())
    }
}

fn millis(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp_millis())
}

/// Those of some event types, each id once: the first is kept.
pub(crate) fn taken<'a>(deliveries: &'a [Delivery], event_types: &[&str]) -> Vec<&'a Delivery> {
    let mut ids = HashSet::new();
    let wanted = |d: &&Delivery| event_types.contains(&d.event_type.as_str());
    deliveries.iter().filter(|d| ids.insert(d.id)).filter(wanted).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn delivery(payload: Value) -> Delivery {
        let at = DateTime::from_timestamp_millis(5).unwrap();
        Delivery { source: "h".into(), event_type: "workflow_job".into(), at, id: 1, payload }
    }

    #[test]
    fn members_of_another_type_are_absent() {
        let d = delivery(json!({"a": {"b": "7", "n": 7, "f": 7.0, "big": u64::MAX}, "t": true}));
        assert_eq!(d.text("a.b").as_deref(), Some("7"));
        assert_eq!((d.text("a.n"), d.integer("a.b")), (None, None));
        assert_eq!((d.integer("a.n"), d.integer("a.f"), d.integer("a.big")), (Some(7), None, None));
        assert_eq!((d.integer("t.x"), d.boolean("t"), d.boolean("a")), (None, Some(true), None));
    }

    #[test]
    fn times_are_texts_or_seconds() {
        let d = delivery(json!({"a": "1970-01-01T00:00:01.250Z", "b": 60, "c": "soon", "d": 1.5}));
        assert_eq!((d.time("a"), d.time("b")), (Some(1250), Some(60_000)));
        assert_eq!((d.time("c"), d.time("d"), d.time("e")), (None, None, None));
        assert_eq!(d.own_time(), 5);
    }

    #[test]
    fn labels_are_all_or_none() {
        let d = delivery(json!({"a": ["x", {"name": "y"}], "b": ["x", 1], "c": [], "d": [null]}));
        assert_eq!(d.labels("a"), Some(vec!["x".to_owned(), "y".to_owned()]));
        assert_eq!((d.labels("b"), d.labels("c"), d.labels("d")), (None, Some(vec![]), None));
    }

    #[test]
    fn a_step_tells_that_the_job_ran() {
        let steps = |steps: Value| delivery(json!({"workflow_job": {"steps": steps}}));
        assert!(
            steps(json!([{"started_at": null}, {"started_at": "1970-01-01T00:00:01Z"}]))
                .a_step_started()
        );
        assert!(!steps(json!([{"started_at": null}, {}])).a_step_started());
        assert!(
            !steps(json!([{"started_at": 1}, {"started_at": "1970-01-01T00:00:01Z"}]))
                .a_step_started()
        );
        assert!(!steps(json!(null)).a_step_started());
        assert!(!steps(json!([{"started_at": "1970-01-01T00:00:01Z"}, 7])).a_step_started());
    }

    #[test]
    fn an_id_counts_once() {
        let (a, mut b) = (delivery(json!({"n": 1})), delivery(json!({"n": 2})));
        b.event_type = "push".into();
        assert_eq!(taken(&[a.clone(), a.clone(), b.clone()], &["workflow_job"]), [&a]);
        assert!(taken(&[b, a], &["workflow_job"]).is_empty());
    }
}
