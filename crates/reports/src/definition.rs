//! What a report is, as data: everything that is said of it anywhere follows from this.

use crate::view::View;
use crate::{Dimension, Subject};

/// A report, or one of its measures.
#[derive(Debug)]
pub struct Definition {
    /// What it is called.
    pub name: &'static str,
    /// The measure, where a report has several; that which is meant without naming one comes first
    /// in the catalogue.
    pub measure: Option<&'static str>,
    /// A heading.
    pub title: &'static str,
    /// A sentence, for lists.
    pub about: &'static str,
    /// The definition in words, lines of up to 105 characters.
    pub words: &'static str,
    /// What it is about.
    pub subject: &'static Subject,
    /// What is counted: the name of the column that says how many values a row stands on.
    pub unit: &'static str,
    /// The view that it reads; its rows are `v` in the expressions below.
    pub(crate) view: &'static View,
    /// The time by which windows and buckets take a value, or what has none.
    pub(crate) time: &'static str,
    /// Why there is no value; NULL where there is one.
    pub(crate) left_out: &'static str,
    /// The reasons for which something is left out and counted, in the order they are printed.
    pub reasons: &'static [Reason],
    /// What its rows say.
    pub shape: Shape,
    /// What it can be split by.
    pub dimensions: &'static [Dimension],
    /// What to type, for help texts.
    pub examples: &'static [&'static str],
}

/// Why something has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
    /// Whether it is printed where nothing was left out for it, too.
    pub always: bool,
}

/// What the rows of a report say.
#[derive(Debug)]
pub enum Shape {
    /// Statistics of durations, in seconds.
    Durations {
        /// The value; NULL where there is none.
        value: &'static str,
        /// Whether a value is 0 in place of one below; `None` where none can be.
        clamped: Option<&'static str>,
        /// How long what has no value has waited at least, in seconds, with `{as_of}` for the time
        /// of asking: it counts against gates. `None` where nothing waits.
        waited: Option<&'static str>,
    },
    /// How often each of several things happened, and how old those of one kind are.
    Counts {
        /// What happened: one of `kinds`.
        happened: &'static str,
        /// Each is a column.
        kinds: &'static [&'static str],
        /// The kind whose age is told.
        aging: &'static str,
        /// Since when it is of that kind.
        since: &'static str,
    },
}

impl Reason {
    /// One that is always printed.
    pub(crate) const fn always(name: &'static str, about: &'static str) -> Self {
        Self { name, about, always: true }
    }

    /// One that is printed where it occurs.
    pub(crate) const fn rare(name: &'static str, about: &'static str) -> Self {
        Self { name, about, always: false }
    }
}

impl Definition {
    /// Its name, and its measure where that is not the plain one.
    pub fn full_name(&self) -> String {
        match self.variant() {
            Some(measure) => format!("{} --measure {measure}", self.name),
            None => self.name.to_owned(),
        }
    }

    /// The measure, where it is not the one that is meant without naming it.
    pub fn variant(&self) -> Option<&'static str> {
        let plain = crate::catalogue::find(self.name, None)?;
        self.measure.filter(|measure| plain.measure != Some(measure))
    }

    /// Whether values below zero are clamped and counted.
    pub fn counts_clamped(&self) -> bool {
        matches!(self.shape, Shape::Durations { clamped: Some(_), .. })
    }

    /// The kinds of what is counted; none where durations are told.
    pub fn kinds(&self) -> &'static [&'static str] {
        match self.shape {
            Shape::Durations { .. } => &[],
            Shape::Counts { kinds, .. } => kinds,
        }
    }
}
