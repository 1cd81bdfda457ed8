//! What is asked of a lake.

use std::fmt;
use std::str::FromStr;

use chrono_tz::Tz;

use crate::engine::Engine;

use super::{Answer, AnswerError, Dimension, Report, Window, query};

/// The time zone of days, weeks and months.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(pub Tz);

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse()
            .map(Self)
            .map_err(|_| "no time zone: write one like UTC or Europe/Berlin".to_owned())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// One report, asked for.
#[derive(Debug, Clone)]
pub struct Question {
    /// Which report.
    pub report: Report,
    /// What rows are told apart by.
    pub by: Vec<Dimension>,
    /// Which values are taken.
    pub window: Window,
    /// Of which repositories (`owner/name`, in any case); of all where none is named.
    pub repos: Vec<String>,
    /// Where days begin.
    pub zone: Zone,
}

impl Question {
    /// The SQL that answers it: the view and all, as it runs on any engine.
    pub fn sql(&self) -> String {
        query::sql(self)
    }

    /// Asks it.
    ///
    /// # Errors
    /// The lake cannot be read, or the engine fails.
    pub async fn ask(&self, engine: &Engine) -> Result<Answer, AnswerError> {
        let batches = engine.collect(&self.sql()).await?;
        Answer::read(self, &batches)
    }

    /// The finest period among what rows are told apart by, as a place in `by`.
    pub(super) fn finest_period(&self) -> Option<usize> {
        let periods = self.by.iter().enumerate();
        periods.filter_map(|(at, by)| Some((by.fineness()?, at))).max().map(|(_, at)| at)
    }
}
