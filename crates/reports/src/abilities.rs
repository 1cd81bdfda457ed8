//! What an engine has beside SQL. Texts that make use of it mean the same, and cost less.

/// What an engine has beside SQL: nothing, unless it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Abilities {
    /// The tables of [`crate::facts`] beside `events`.
    pub facts: bool,
    /// The aggregate function `draft_times`, which is [`crate::drafts`].
    pub draft_times: bool,
    /// The aggregate function `sorted_values`, which is [`crate::sorted`].
    pub sorted_values: bool,
}
