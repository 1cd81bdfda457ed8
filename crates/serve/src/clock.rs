//! The one place that reads the clock.

use chrono::{DateTime, Utc};

/// The time of arrival of what is there now.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the shell that says when a delivery arrived"
)]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}
