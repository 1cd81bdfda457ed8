//! How long pull requests take from when they are ready to the merge.

use super::lead_time::DIMENSIONS;
use super::{CLOSED, OPEN, UNIDENTIFIED, UNKNOWN_DRAFT, UNTIMED};
use crate::definition::{Definition, Shape};
use crate::subject::PULLS;
use crate::view::PULL_READY;

pub(super) static DEFINITION: Definition = Definition {
    name: "lead-time",
    measure: Some("ready_to_merge"),
    title: "Ready to merge",
    about: "How long pull requests take from the last time that they became ready to the merge",
    words: "\
Ready to merge: how long a pull request takes from the last time that it became ready to its merge.
One value per host, repository id and number: merged_at - the time of the last ready_for_review that is
not after the merge; without one, - created_at. No field says when it became ready: the time is that
delivery's updated_at. Its time is merged_at. Left out and counted: open, closed_unmerged, unknown_draft
(a delivery shows it as ready that was a draft, and the ready_for_review between them never came),
untimed (merged, and nothing says when it was created), unidentified (a delivery without the id of a
repository or a number).",
    subject: &PULLS,
    unit: "prs",
    view: &PULL_READY,
    time: "v.counted_at",
    left_out: "case when v.outcome <> 'merged' then v.outcome \
               when v.ready_at is null and v.created_at is null then 'untimed' \
               when not v.is_ready_known then 'unknown_draft' end",
    reasons: &[OPEN, CLOSED, UNKNOWN_DRAFT, UNTIMED, UNIDENTIFIED],
    shape: Shape::Durations { value: "v.ready_to_merge_s", clamped: None, waited: None },
    dimensions: DIMENSIONS,
    examples: &["lead-time --measure ready_to_merge --by repo --since 30d"],
};
