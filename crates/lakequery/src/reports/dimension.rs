//! What a report can be split by.

use super::Zone;

/// A column that rows are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// The repository's full name.
    Repo,
    /// The sorted label set, joined by `,`.
    Label,
    /// The workflow's name.
    Workflow,
    /// Who caused the job, or opened the pull request.
    Author,
    /// The day of the value's own time.
    Day,
    /// Its week, named by its Monday.
    Week,
    /// Its month, named by its first day.
    Month,
}

impl Dimension {
    /// Its name, as typed and as printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Repo => "repo",
            Self::Label => "label",
            Self::Workflow => "workflow",
            Self::Author => "author",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The one of `allowed` that is called `name`.
    pub fn named(name: &str, allowed: &[Self]) -> Option<Self> {
        allowed.iter().copied().find(|dimension| dimension.name() == name)
    }

    /// Whether it is a period of time; the larger, the finer.
    pub(super) fn fineness(self) -> Option<u8> {
        match self {
            Self::Month => Some(1),
            Self::Week => Some(2),
            Self::Day => Some(3),
            _ => None,
        }
    }

    /// Its expression over a view, for values whose time is `time`.
    pub(super) fn sql(self, time: &str, zone: Zone) -> String {
        if self.fineness().is_some() {
            let period = self.name();
            format!("cast(date_trunc('{period}', {time} at time zone '{zone}') as date)")
        } else {
            self.name().to_owned()
        }
    }
}
