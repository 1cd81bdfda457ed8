//! How long pull requests take from their creation to the merge.

use super::{CLOSED, OPEN, UNIDENTIFIED, UNTIMED};
use crate::Dimension::{self, *};
use crate::definition::{Definition, Reason, Shape};
use crate::subject::PULLS;
use crate::view::PULL_LIVES;

/// What every report about pull requests can be split by.
pub(super) const DIMENSIONS: &[Dimension] =
    &[Repo, Host, Org, Label, Branch, Author, Who, Team, Hour, Day, Week, Month];

pub(super) const REASONS: &[Reason] = &[OPEN, CLOSED, UNTIMED, UNIDENTIFIED];

pub(super) static DEFINITION: Definition = Definition {
    name: "lead-time",
    measure: Some("lead_time"),
    title: "Pull request lead time",
    about: "How long pull requests take from their creation to the merge",
    words: "\
Pull request lead time: how long a pull request takes from its creation to its merge.
One value per host, repository id and number: merged_at - created_at, from any delivery that carries
merged_at. Time as a draft and time closed are included. Its time is merged_at.
Left out and counted: open, closed_unmerged, untimed (merged, and nothing says when it was created),
unidentified (a delivery without the id of a repository or a number).",
    subject: &PULLS,
    unit: "prs",
    view: &PULL_LIVES,
    time: "v.counted_at",
    left_out: "case when v.outcome <> 'merged' then v.outcome when v.lead_s is null then 'untimed' end",
    reasons: REASONS,
    shape: Shape::Durations { value: "v.lead_s", clamped: None, waited: None },
    dimensions: DIMENSIONS,
    examples: &[
        "lead-time --by repo --since 30d",
        "lead-time --measure first_review --by author,week",
        "lead-time --repo acme/api --repo acme/web --format json",
    ],
};
