//! How long pull requests take from their creation to the merge, without the time as drafts.

use super::lead_time::DIMENSIONS;
use super::{CLOSED, OPEN, UNIDENTIFIED, UNKNOWN_DRAFT, UNTIMED};
use crate::definition::{Definition, Shape};
use crate::subject::PULLS;
use crate::view::PULL_READY;

pub(super) static DEFINITION: Definition = Definition {
    name: "lead-time",
    measure: Some("non_draft"),
    title: "Non-draft lead time",
    about: "How long pull requests take from their creation to the merge, without the time as drafts",
    words: "\
Non-draft lead time: merged_at - created_at without the time as a draft.
One value per host, repository id and number. It is a draft from its creation if it was opened as one,
and from each converted_to_draft, until the next ready_for_review (their updated_at), or else the merge.
Its time is merged_at. Left out and counted: open, closed_unmerged, unknown_draft (two deliveries differ
in whether it is a draft, and what changed it between them never came), untimed (merged, and nothing
says when it was created), unidentified (a delivery without the id of a repository or a number).",
    subject: &PULLS,
    unit: "prs",
    view: &PULL_READY,
    time: "v.counted_at",
    left_out: "case when v.outcome <> 'merged' then v.outcome when v.lead_s is null then 'untimed' \
               when not v.is_draft_known then 'unknown_draft' end",
    reasons: &[OPEN, CLOSED, UNKNOWN_DRAFT, UNTIMED, UNIDENTIFIED],
    shape: Shape::Durations { value: "v.non_draft_s", clamped: None, waited: None },
    dimensions: DIMENSIONS,
    examples: &["lead-time --measure non_draft --by week"],
};
