//! What a case is: bytes, and the answers to them.

use std::fmt;

use crate::exchange::{Exchange, Reply};
use crate::request::Request;
use crate::scene::Landed;

/// One hostile exchange.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    part: &'static str,
    name: String,
    pub(crate) bytes: Vec<u8>,
    outcome: Outcome,
    /// Which of the answers (from 0) are to HEAD requests, and so have no body.
    pub(crate) heads: Vec<usize>,
    /// The `Allow` header of a 405.
    allow: Option<&'static str>,
    /// What the first answer's delivery leaves in the lake.
    pub(crate) lands: Option<Lands>,
}

/// The answers that will do.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// These statuses, in this order, and no more.
    Answers(Vec<u16>),
    /// One of these, where more than one reading is right.
    OneOf(Vec<Vec<u16>>),
    /// The connection is closed without an answer.
    Closed,
}

/// What is to be in the lake; `None` where it does not matter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lands {
    pub(crate) payload: Option<String>,
    pub(crate) event: Option<&'static str>,
    pub(crate) source: Option<String>,
}

impl Lands {
    pub(crate) fn matches(&self, line: &Landed) -> bool {
        self.payload.as_ref().is_none_or(|payload| *payload == line.payload)
            && self.event.is_none_or(|event| event == line.event)
            && self.source.as_ref().is_none_or(|source| *source == line.source)
    }
}

impl From<u16> for Outcome {
    fn from(status: u16) -> Self {
        Self::Answers(vec![status])
    }
}

impl<const N: usize> From<[u16; N]> for Outcome {
    fn from(statuses: [u16; N]) -> Self {
        Self::Answers(statuses.into())
    }
}

impl From<Vec<u16>> for Outcome {
    fn from(statuses: Vec<u16>) -> Self {
        Self::Answers(statuses)
    }
}

/// One answer, of one of these statuses.
pub(crate) fn one_of<const N: usize>(statuses: [u16; N]) -> Outcome {
    Outcome::OneOf(statuses.map(|status| vec![status]).into())
}

impl From<Request> for Vec<u8> {
    fn from(request: Request) -> Self {
        request.bytes()
    }
}

impl Case {
    pub(crate) fn new(
        name: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
        outcome: impl Into<Outcome>,
    ) -> Self {
        let (name, bytes, outcome) = (name.into(), bytes.into(), outcome.into());
        Self { part: "", name, bytes, outcome, heads: vec![], allow: None, lands: None }
    }

    pub(crate) fn of(self, part: &'static str) -> Self {
        Self { part, ..self }
    }

    pub(crate) fn heads(self, heads: &[usize]) -> Self {
        Self { heads: heads.into(), ..self }
    }

    pub(crate) fn allow(self, methods: &'static str) -> Self {
        Self { allow: Some(methods), ..self }
    }

    pub(crate) fn lands(self, lands: Lands) -> Self {
        Self { lands: Some(lands), ..self }
    }

    /// The payload that is to be in the lake.
    pub(crate) fn lands_payload(self, text: &str) -> Self {
        self.lands(Lands { payload: Some(text.to_owned()), ..Lands::default() })
    }

    /// How many answers to wait for.
    pub(crate) fn answers(&self) -> usize {
        match &self.outcome {
            Outcome::Answers(statuses) => statuses.len(),
            Outcome::OneOf(any) => any.iter().map(Vec::len).max().unwrap_or_default(),
            Outcome::Closed => 0,
        }
    }

    /// What is wrong with what it got.
    pub(crate) fn faults(&self, got: &Exchange) -> Vec<String> {
        let statuses = got.statuses();
        let right = match &self.outcome {
            Outcome::Answers(expected) => *expected == statuses,
            Outcome::OneOf(any) => any.contains(&statuses),
            Outcome::Closed => statuses.is_empty() && got.closed,
        };
        let mut faults = vec![];
        if !right {
            let after = if got.closed { "closed" } else { "open" };
            faults.push(format!("{self}: {:?}, not {statuses:?} ({after})", self.outcome));
        }
        let reply = got.replies.iter().enumerate();
        faults.extend(reply.filter_map(|(n, reply)| self.fault(n, reply)));
        faults
    }

    /// What is wrong with an answer, whatever its status.
    fn fault(&self, n: usize, reply: &Reply) -> Option<String> {
        let head = self.heads.contains(&n);
        // The HTTP library answers without a body where a request cannot be read.
        let bare = matches!(reply.status, 400 | 414 | 431) && reply.body.is_empty();
        let json = serde_json::from_str::<serde_json::Value>(&reply.body)
            .is_ok_and(|body| body["status"].is_string() || body["error"].is_string());
        let wrong = if reply.status == 405 && reply.header("allow") != self.allow {
            "the Allow header"
        } else if head && !reply.body.is_empty() {
            "a body after HEAD"
        } else if !(head || bare || json) {
            "the body"
        } else if !bare && reply.header("content-type") != Some("application/json") {
            "the content type"
        } else {
            return None;
        };
        Some(format!("{self}: {wrong} of {reply:?}"))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.name)
    }
}
