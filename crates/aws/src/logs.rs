//! The lines that the stack's functions log, in the order of their times.

use std::collections::{HashSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::client::{Asked, Client};
use crate::error::AwsError;
use crate::service::LOGS;
use crate::stack::StackName;

/// How far back each further look goes: lines appear out of order, and some late.
const OVERLAP: TimeDelta = TimeDelta::seconds(30);
/// How many lines are remembered, so that none is told twice.
const REMEMBERED: usize = 20_000;

/// The log group of a stack's function.
pub fn log_group(stack: &StackName, function: &str) -> String {
    format!("/aws/lambda/{}", stack.function(function))
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// When it was logged.
    pub at: DateTime<Utc>,
    /// What it says: mostly JSON.
    pub message: String,
}

/// The lines of one log group, from one time on, page by page.
#[derive(Debug)]
pub struct Logs<'c> {
    client: &'c Client,
    stack: StackName,
    group: String,
    pattern: Option<String>,
    since: DateTime<Utc>,
    newest: DateTime<Utc>,
    page: VecDeque<LogLine>,
    next: Next,
    told: HashSet<String>,
    order: VecDeque<String>,
}

/// What comes after the page that is held.
#[derive(Debug)]
enum Next {
    Beginning,
    Page(Value),
    Nothing,
}

impl<'c> Logs<'c> {
    /// The lines of a function's log since a time, of which those that a pattern of CloudWatch's lets
    /// through.
    pub fn new(
        client: &'c Client,
        stack: &StackName,
        function: &str,
        pattern: Option<String>,
        since: DateTime<Utc>,
    ) -> Self {
        Self {
            client,
            stack: stack.clone(),
            group: log_group(stack, function),
            pattern,
            since,
            newest: since,
            page: VecDeque::new(),
            next: Next::Beginning,
            told: HashSet::new(),
            order: VecDeque::new(),
        }
    }

    /// When the next line was logged; `None` where there is no more, now.
    ///
    /// # Errors
    /// There is no such group, or it may not be read.
    pub async fn next_at(&mut self) -> Result<Option<DateTime<Utc>>, AwsError> {
        while self.page.is_empty() && !matches!(self.next, Next::Nothing) {
            self.turn().await?;
        }
        Ok(self.page.front().map(|line| line.at))
    }

    /// The next line of the page that is held.
    pub fn pop(&mut self) -> Option<LogLine> {
        self.page.pop_front()
    }

    /// Looks again from where it is, for what came meanwhile.
    pub fn look_again(&mut self) {
        self.since = self.since.max(self.newest - OVERLAP);
        self.next = Next::Beginning;
    }

    async fn turn(&mut self) -> Result<(), AwsError> {
        let resource = format!("the log group {}", self.group);
        let asked = Asked { service: LOGS, action: "FilterLogEvents", resource: &resource };
        let answer = self.client.call(asked, self.request()).await;
        let answer = answer.map_err(|error| match error.is_missing() {
            true => self.stack.absent(self.client, resource.clone()),
            false => error,
        })?;
        let events = answer.get("events").and_then(Value::as_array);
        for (id, line) in events.into_iter().flatten().filter_map(line_of) {
            self.newest = self.newest.max(line.at);
            if self.is_new(id) {
                self.page.push_back(line);
            }
        }
        self.next = match answer.get("nextToken") {
            Some(token) if !token.is_null() => Next::Page(token.clone()),
            _ => Next::Nothing,
        };
        Ok(())
    }

    fn request(&self) -> Value {
        let mut body = json!({
            "logGroupName": self.group,
            "startTime": self.since.timestamp_millis(),
            "interleaved": true,
        });
        if let Some(pattern) = &self.pattern {
            body["filterPattern"] = pattern.as_str().into();
        }
        if let Next::Page(token) = &self.next {
            body["nextToken"] = token.clone();
        }
        body
    }

    fn is_new(&mut self, id: String) -> bool {
        if !self.told.insert(id.clone()) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.told.remove(&oldest);
        }
        true
    }
}

fn line_of(event: &Value) -> Option<(String, LogLine)> {
    let at = DateTime::from_timestamp_millis(event.get("timestamp")?.as_i64()?)?;
    let message = event.get("message")?.as_str()?.to_owned();
    let id = event.get("eventId").and_then(Value::as_str).map(str::to_owned);
    Some((id.unwrap_or_else(|| format!("{at} {message}")), LogLine { at, message }))
}
