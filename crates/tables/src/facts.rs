//! Facts: what several deliveries say of a thing, as one row.
//!
//! Each column is a minimum, a maximum, or the value that stands beside a minimum: rows of the same
//! job merge in any order and any number of times, and the outcome is that of all deliveries. What a
//! report says of a job it says of such rows; which deliveries made them does not matter.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::schema::timestamp_type;

/// The event type that tells of jobs.
pub const JOB_EVENT: &str = "workflow_job";

/// Columns of [`job_schema`].
pub mod job {
    /// The host; one of the five columns that rows of the same job have in common.
    pub const SOURCE: &str = "source";
    /// The repository's number there.
    pub const REPO_ID: &str = "repo_id";
    /// The job.
    pub const JOB_ID: &str = "job_id";
    /// Its attempt: the first where a delivery names none.
    pub const RUN_ATTEMPT: &str = "run_attempt";
    /// The delivery, where it names no job or no repository.
    pub const UNIDENTIFIED: &str = "unidentified";
    /// Texts of which the greatest counts, as bytes. `told_repo`: the repository's name where it has
    /// no number; `told_labels`: the labels, sorted and joined by U+0001; `conclusion`: what
    /// `completed` says.
    pub const GREATEST: [&str; 9] = [
        "told_repo",
        "org",
        "workflow",
        "job",
        "told_labels",
        "runner",
        "runner_group",
        "branch",
        "conclusion",
    ];
    /// Who sent the delivery that was told first, and of which kind that is; each is followed by
    /// two numbers, `…_told_ms` and `…_arrived_ms`: by these, and then by the text itself, the least
    /// counts.
    pub const EARLIEST: [&str; 2] = ["author", "author_type"];
    /// The run; the greatest counts.
    pub const RUN_ID: &str = "run_id";
    /// Times of which the earliest counts: `started_at` as `in_progress` says it and as `completed`
    /// does, if the job ran.
    pub const FIRST: [&str; 5] = ["created_at", "begun_at", "ran_at", "completed_at", "arrived_at"];
    /// The last arrival.
    pub const LAST_ARRIVED_AT: &str = "last_arrived_at";
    /// What is true where one delivery says so: it waited for an approval, it began, it completed,
    /// it completed as skipped.
    pub const ANY: [&str; 4] = ["was_gated", "has_begun", "has_completed", "was_skipped"];
    /// The newest name of the repository, in one row of each repository of a file; it is followed by
    /// two numbers as [`EARLIEST`] is: by these, and then by the name itself, the greatest counts.
    pub const REPO_NAME: &str = "repo_name";
}

/// The columns of the rows of jobs.
pub fn job_schema() -> SchemaRef {
    let field = |name: &str, data_type| Field::new(name, data_type, true);
    let mut fields = vec![
        field(job::SOURCE, DataType::Utf8),
        field(job::REPO_ID, DataType::Int64),
        field(job::JOB_ID, DataType::Int64),
        field(job::RUN_ATTEMPT, DataType::Int64),
        field(job::UNIDENTIFIED, DataType::Utf8),
    ];
    fields.extend(job::GREATEST.map(|name| field(name, DataType::Utf8)));
    let told = |name: &str| {
        let at = |what: &str| field(&format!("{name}_{what}_ms"), DataType::Int64);
        [field(name, DataType::Utf8), at("told"), at("arrived")]
    };
    fields.extend(job::EARLIEST.into_iter().flat_map(told));
    fields.push(field(job::RUN_ID, DataType::Int64));
    fields.extend(job::FIRST.map(|name| field(name, timestamp_type())));
    fields.push(field(job::LAST_ARRIVED_AT, timestamp_type()));
    fields.extend(job::ANY.map(|name| field(name, DataType::Boolean)));
    fields.extend(told(job::REPO_NAME));
    Arc::new(Schema::new(fields))
}
