//! What could not be delivered, back in. Each piece is first where it has to be, and only then
//! deleted where it was: a run that is killed leaves some of it in both places, and what comes twice
//! the lake stores once.

mod errors;
mod letters;
mod routes;
mod target;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::bucket::Bucket;
use crate::error::AwsError;
use crate::queue::Queue;
use crate::stack::Stack;

/// A place where something waits that could not be delivered.
#[derive(Debug, Clone)]
pub enum Source {
    /// Events that the raw zone's rule could not give to Firehose.
    RawDeadLetters(Queue),
    /// What Firehose left under `raw-errors/`, and the queue that has a notice of each object.
    RawErrors(Option<Queue>),
    /// Events that a route could not give to its target.
    Route {
        /// The route's name.
        route: String,
        /// Its dead letters.
        queue: Queue,
    },
}

/// What is left where it was, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// A message's id or an object's key.
    pub what: String,
    /// Why it could not be put back.
    pub why: String,
}

/// What became of one source.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Redriven {
    /// The source: `raw-dead-letters`, `raw-errors`, or a route's name.
    pub source: String,
    /// Messages, or objects, that were found there.
    pub found: u64,
    /// Events that were put back.
    pub events: u64,
    /// Where they are now: keys of raw objects, the target of a route, or the bus.
    pub into: Vec<String>,
    /// What is left, and why.
    pub left: Vec<Left>,
    /// Messages that another reader holds, a run that was killed among them: they come back.
    pub held: u64,
}

/// How a redrive is done.
#[derive(Debug)]
pub struct Redrive<'s> {
    /// The stack.
    pub stack: &'s Stack<'s>,
    /// The bucket of its lake.
    pub bucket: &'s Bucket,
    /// How long a message that was taken is kept from others, and from the next run.
    pub hold: Duration,
    /// Whether nothing is changed, and only counted.
    pub dry_run: bool,
}

impl Redriven {
    /// Names a place to which something went, once.
    fn went(&mut self, to: &str) {
        if !self.into.iter().any(|place| place == to) {
            self.into.push(to.to_owned());
        }
    }
}

impl Source {
    /// What of a stack's queues a redrive is about.
    pub fn of(stack: &Stack<'_>, queues: &[Queue]) -> Vec<Self> {
        let named = |name: &str| queues.iter().find(|queue| queue.queue == name).cloned();
        let mut sources: Vec<Self> =
            named("raw-dead-letters").map(Self::RawDeadLetters).into_iter().collect();
        sources.push(Self::RawErrors(named("raw-errors")));
        let prefix = format!("{}-route-", stack.name);
        sources.extend(queues.iter().filter_map(|queue| {
            let route = queue.name.strip_prefix(&prefix)?.strip_suffix("-dead-letters")?;
            Some(Self::Route { route: route.to_owned(), queue: queue.clone() })
        }));
        sources
    }

    /// Its name, as it is typed and printed.
    pub fn name(&self) -> &str {
        match self {
            Self::RawDeadLetters(_) => "raw-dead-letters",
            Self::RawErrors(_) => "raw-errors",
            Self::Route { route, .. } => route,
        }
    }
}

impl Redrive<'_> {
    /// Puts back what waits in one place.
    ///
    /// # Errors
    /// It cannot be read, or what was read cannot be put: then it is still where it was.
    pub async fn run(&self, source: &Source) -> Result<Redriven, AwsError> {
        let mut redriven = Redriven { source: source.name().to_owned(), ..Redriven::default() };
        if let Source::RawDeadLetters(queue) | Source::Route { queue, .. } = source {
            redriven.held = queue.held;
            if self.dry_run {
                redriven.found = queue.messages;
                return Ok(redriven);
            }
        }
        match source {
            Source::RawDeadLetters(queue) => self.letters(queue, &mut redriven).await?,
            Source::RawErrors(notices) => self.errors(notices.as_ref(), &mut redriven).await?,
            Source::Route { route, queue } => self.route(route, queue, &mut redriven).await?,
        }
        Ok(redriven)
    }

    fn now(&self) -> DateTime<Utc> {
        self.stack.client.now()
    }
}

/// A name for a raw object that is the same for the same content, whenever it is put.
fn name_of(what: &str, content: &[u8]) -> String {
    let hash = Sha256::digest(content);
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("redriven-{what}-{hex}.gz")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_object_is_named_after_what_it_holds() {
        // sha256sum of "abc", its first 16 bytes.
        assert_eq!(
            name_of("errors", b"abc"),
            "redriven-errors-ba7816bf8f01cfea414140de5dae2223.gz"
        );
    }
}
