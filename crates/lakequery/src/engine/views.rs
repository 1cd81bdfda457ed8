//! The views that stand beside `events`, from the texts in `queries/`.

/// A view: a name for a query.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// What it is called in SQL.
    pub name: &'static str,
    /// The query, with a header comment that says what it means.
    pub sql: &'static str,
}

/// One row per job and attempt.
pub const WORKFLOW_JOBS: View =
    View { name: "workflow_jobs", sql: include_str!("../../../../queries/jobs/workflow_jobs.sql") };

/// One row per pull request.
pub const PULL_REQUESTS: View = View {
    name: "pull_requests",
    sql: include_str!("../../../../queries/pulls/pull_requests.sql"),
};

/// Every view.
pub const ALL: &[View] = &[WORKFLOW_JOBS, PULL_REQUESTS];

impl View {
    /// The query without its header comment.
    pub fn body(&self) -> &'static str {
        let mut rest = self.sql;
        while rest.starts_with("--") || rest.starts_with('\n') {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        }
        rest.trim_end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_says_what_it_is() {
        for view in ALL {
            for part in ["-- Title: ", "-- Grain: ", "-- Time zone: ", "-- Columns:"] {
                assert!(view.sql.contains(part), "{}: {part}", view.name);
            }
            assert!(view.body().starts_with("with deliveries as ("), "{}", view.name);
        }
    }
}
