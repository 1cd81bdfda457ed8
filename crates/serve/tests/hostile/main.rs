//! Whoever can reach the endpoint, and means it ill.
//!
//! - [`requests`]: some hundreds of requests by raw socket, each with what it must get;
//! - [`crowd`]: clients that are slow, silent or greedy, with signed deliveries beside them.
//!
//! Nothing here goes through an HTTP client: a library would mend what is broken on purpose.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod crowd;
mod exchange;
mod request;
mod requests;
mod scene;
