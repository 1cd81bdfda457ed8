//! When to stop taking up new work.

use std::time::{Duration, Instant};

/// A time to stop at, or none.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// So long after `started`; never where that is `None`, or too far away for a clock.
    pub(crate) fn after(started: Instant, time: Option<Duration>) -> Self {
        Self(time.and_then(|time| started.checked_add(time)))
    }

    /// The time, if there is one.
    pub(crate) fn at(self) -> Option<Instant> {
        self.0
    }

    /// How long it is until then, if there is such a time.
    pub(crate) fn left(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Whether it is over.
    pub(crate) fn is_over(self) -> bool {
        self.0.is_some_and(|at| Instant::now() >= at)
    }
}
