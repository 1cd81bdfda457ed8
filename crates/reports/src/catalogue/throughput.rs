//! How many pull requests are opened, merged and closed, and how old the open ones are.

use super::UNIDENTIFIED;
use super::lead_time::DIMENSIONS;
use crate::definition::{Definition, Shape};
use crate::subject::PULLS;
use crate::view::PULL_MOMENTS;

pub(super) static DEFINITION: Definition = Definition {
    name: "throughput",
    measure: None,
    title: "Pull request throughput",
    about: "How many pull requests are opened, merged and closed, and how old the open ones are",
    words: "\
Pull request throughput: how many pull requests are opened, merged and closed, and how old the open
ones are. Each pull request (host, repository id and number) counts where it was opened (created_at),
and where it was merged (merged_at) or, by its latest update, closed without a merge (closed_at). One
that is still open counts as open where it was opened, and open_p50_s and so on say how long those have
been open: from created_at to the time of asking. Left out and counted: unidentified (a delivery without
the id of a repository or a number).",
    subject: &PULLS,
    unit: "events",
    view: &PULL_MOMENTS,
    time: "v.happened_at",
    left_out: "case when v.happened = 'unidentified' then v.happened end",
    reasons: &[UNIDENTIFIED],
    shape: Shape::Counts {
        happened: "v.happened",
        kinds: &["opened", "merged", "closed_unmerged", "open"],
        aging: "open",
        since: "v.created_at",
    },
    dimensions: DIMENSIONS,
    examples: &["throughput --by week --since 90d", "throughput --by repo --sort open --top 10"],
};
