//! What the archive holds, put on the bus once more.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use crate::client::Asked;
use crate::error::AwsError;
use crate::service::EVENTS;
use crate::stack::Stack;

/// The pause between two looks at a replay.
const PAUSE: Duration = Duration::from_secs(2);

/// The archive of a stack.
#[derive(Debug, Clone)]
pub struct Archive {
    /// Its name.
    pub name: String,
    /// Events in it.
    pub events: u64,
    /// Their size.
    pub bytes: u64,
    arn: String,
    bus_arn: String,
}

/// How far a replay is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct State {
    /// Its name, by which AWS knows it for 90 days.
    pub replay: String,
    /// AWS's word: `STARTING`, `RUNNING`, `COMPLETED`, `FAILED`, `CANCELLED`.
    pub state: String,
    /// The time of the newest event that was put on the bus.
    pub reached: Option<DateTime<Utc>>,
    /// Why it failed, where it did.
    pub reason: Option<String>,
}

impl State {
    /// Whether AWS still works on it.
    pub fn is_going_on(&self) -> bool {
        matches!(self.state.as_str(), "STARTING" | "RUNNING" | "CANCELLING")
    }

    /// Whether all of it was put on the bus.
    pub fn is_complete(&self) -> bool {
        self.state == "COMPLETED"
    }
}

/// A replay that is to be, or is.
#[derive(Debug, Clone)]
pub struct Replay {
    /// Its name.
    pub name: String,
    /// From this time of arrival on the bus.
    pub since: DateTime<Utc>,
    /// To this one.
    pub until: DateTime<Utc>,
    /// The one rule that gets the events; `None`: all of the bus.
    pub rule: Option<Rule>,
}

/// A rule of the stack's bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
}

/// The name of the bus.
///
/// # Errors
/// The ingest function does not name one.
pub fn bus_of<'s>(stack: &'s Stack<'_>) -> Result<&'s str, AwsError> {
    stack.bus()
}

/// The rules of the stack's bus, whoever made them.
///
/// # Errors
/// They may not be looked at.
pub async fn rules(stack: &Stack<'_>) -> Result<Vec<Rule>, AwsError> {
    let bus = stack.bus()?;
    let resource = format!("the rules of the bus {bus}");
    let asked = Asked { service: EVENTS, action: "ListRules", resource: &resource };
    let (mut found, mut next) = (Vec::new(), Value::Null);
    loop {
        let mut body = json!({ "EventBusName": bus });
        if !next.is_null() {
            body["NextToken"] = next;
        }
        let answer = stack.client.call(asked, body).await?;
        for rule in answer.get("Rules").and_then(Value::as_array).into_iter().flatten() {
            // The one that AWS makes to fill an archive takes no replays.
            if rule.get("ManagedBy").is_none_or(Value::is_null) {
                found.push(Rule { name: asked.text(rule, "Name")?, arn: asked.text(rule, "Arn")? });
            }
        }
        next = answer.get("NextToken").cloned().unwrap_or_default();
        if next.is_null() {
            return Ok(found);
        }
    }
}

impl Rule {
    /// The rule of a route, or a rule by its own name.
    ///
    /// # Errors
    /// There is neither: the error names what there is.
    pub fn of_route(rules: &[Self], stack: &Stack<'_>, route: &str) -> Result<Self, AwsError> {
        let prefix = format!("{}-route-", stack.name);
        let whole = format!("{prefix}{route}");
        let found = rules.iter().find(|rule| rule.name == whole);
        let found = found.or_else(|| rules.iter().find(|rule| rule.name == route));
        found.cloned().ok_or_else(|| {
            let short =
                |rule: &Self| rule.name.strip_prefix(&prefix).unwrap_or(&rule.name).to_owned();
            let names: Vec<String> = rules.iter().map(short).collect();
            AwsError::unfit(
                format!(
                    "the stack {} has no route {route:?}, and its bus no rule of that name",
                    stack.name
                ),
                format!("there are {}", names.join(", ")),
            )
        })
    }
}

impl Archive {
    /// The stack's archive.
    ///
    /// # Errors
    /// It has none, or it may not be looked at.
    pub async fn find(stack: &Stack<'_>) -> Result<Self, AwsError> {
        let name = format!("{}-deliveries", stack.name);
        let resource = format!("the archive {name}");
        let asked = Asked { service: EVENTS, action: "DescribeArchive", resource: &resource };
        let answer = stack.client.call(asked, json!({ "ArchiveName": name })).await;
        let answer = answer.map_err(|error| match error.is_missing() {
            true => AwsError::unfit(
                format!("the stack {} has no archive: {name} is not there", stack.name),
                "set archive_days and apply; what arrived before that is in the lake's raw/ only",
            ),
            false => error,
        })?;
        let count = |member: &str| answer.get(member).and_then(Value::as_u64).unwrap_or(0);
        Ok(Self {
            arn: asked.text(&answer, "ArchiveArn")?,
            bus_arn: asked.text(&answer, "EventSourceArn")?,
            events: count("EventCount"),
            bytes: count("SizeBytes"),
            name,
        })
    }

    /// Starts a replay.
    ///
    /// # Errors
    /// AWS refuses it.
    pub async fn start(&self, stack: &Stack<'_>, replay: &Replay) -> Result<(), AwsError> {
        let resource = format!("the archive {}", self.name);
        let asked = Asked { service: EVENTS, action: "StartReplay", resource: &resource };
        let mut destination = json!({ "Arn": self.bus_arn });
        if let Some(rule) = &replay.rule {
            destination["FilterArns"] = json!([rule.arn]);
        }
        let body = json!({
            "ReplayName": replay.name,
            "EventSourceArn": self.arn,
            "EventStartTime": seconds(replay.since),
            "EventEndTime": seconds(replay.until),
            "Destination": destination,
        });
        stack.client.call(asked, body).await.map(drop)
    }
}

/// A time as AWS's JSON has it.
fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1e3
}

impl Replay {
    /// Waits for the end, and tells each look at it.
    ///
    /// # Errors
    /// It may not be looked at. The replay goes on all the same.
    pub async fn wait(
        &self,
        stack: &Stack<'_>,
        mut tell: impl FnMut(&State),
    ) -> Result<State, AwsError> {
        loop {
            let state = self.look(stack).await?;
            tell(&state);
            if !state.is_going_on() {
                return Ok(state);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// How far it is.
    ///
    /// # Errors
    /// It may not be looked at.
    pub async fn look(&self, stack: &Stack<'_>) -> Result<State, AwsError> {
        let resource = format!("the replay {}", self.name);
        let asked = Asked { service: EVENTS, action: "DescribeReplay", resource: &resource };
        let answer = stack.client.call(asked, json!({ "ReplayName": self.name })).await?;
        let reached = answer.get("EventLastReplayedTime").and_then(Value::as_f64);
        let reason = answer.get("StateReason").and_then(Value::as_str);
        Ok(State {
            replay: self.name.clone(),
            state: asked.text(&answer, "State")?,
            reached: reached.and_then(|at| DateTime::from_timestamp(at as i64, 0)),
            reason: reason.filter(|text| !text.is_empty()).map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(word: &str) -> State {
        State { replay: "r".into(), state: word.into(), reached: None, reason: None }
    }

    #[test]
    fn a_replay_ends_complete_or_not() {
        for word in ["STARTING", "RUNNING", "CANCELLING"] {
            assert!(state(word).is_going_on() && !state(word).is_complete(), "{word}");
        }
        for (word, is_complete) in [("COMPLETED", true), ("FAILED", false), ("CANCELLED", false)] {
            assert!(!state(word).is_going_on(), "{word}");
            assert_eq!(state(word).is_complete(), is_complete, "{word}");
        }
    }
}
