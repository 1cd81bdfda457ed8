//! How long pull requests wait for a review.

use super::lead_time::DIMENSIONS;
use super::{CLOSED, OPEN, UNIDENTIFIED, UNKNOWN_DRAFT, UNTIMED};
use crate::definition::{Definition, Reason, Shape};
use crate::subject::PULLS;
use crate::view::PULL_STAGES;

pub(super) static DEFINITION: Definition = Definition {
    name: "lead-time",
    measure: Some("first_review"),
    title: "Time to first review",
    about: "How long pull requests wait for the first review by somebody else",
    words: "\
Time to first review: how long a pull request waits for somebody to look at it.
One value per host, repository id and number: the earliest submitted review by another user who is no
bot, not after the merge, minus the time when it was first ready: its creation if it was opened ready,
else the first ready_for_review; 0 where the review came before. An author who is not known is another.
Its time is that of the review. Left out and counted: open, closed_unmerged and not_reviewed (merged)
where there is no such review; unknown_draft (it was opened as a draft, and nothing says when it was
first ready), untimed (nothing says when it was created), unidentified (a delivery without the id of a
repository or a number).",
    subject: &PULLS,
    unit: "prs",
    view: &PULL_STAGES,
    time: "coalesce(v.first_review_at, v.counted_at)",
    left_out: "case when v.outcome = 'unidentified' then v.outcome \
               when v.first_review_at is null then (case when v.outcome = 'merged' then 'not_reviewed' else v.outcome end) \
               when not v.is_first_ready_known then 'unknown_draft' \
               when v.first_review_s is null and v.opened_as_draft = 1 then v.outcome \
               when v.first_review_s is null then 'untimed' end",
    reasons: &[
        OPEN,
        CLOSED,
        Reason::always("not_reviewed", "merged without a review by another user who is no bot"),
        UNKNOWN_DRAFT,
        UNTIMED,
        UNIDENTIFIED,
    ],
    shape: Shape::Durations { value: "v.first_review_s", clamped: None, waited: None },
    dimensions: DIMENSIONS,
    examples: &["lead-time --measure first_review --by author,week --who human"],
};
