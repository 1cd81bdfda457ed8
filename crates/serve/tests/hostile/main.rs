//! Whoever can reach the endpoint, and means it ill.
//!
//! - [`requests`]: some hundreds of requests by raw socket, each with what it must get;
//! - [`crowd`]: clients that are slow, silent or greedy, with signed deliveries beside them.
//!
//! Nothing here goes through an HTTP client: a library would mend what is broken on purpose.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "what was measured, for those who ask (--nocapture)")]

mod crowd;
mod exchange;
mod request;
mod requests;
mod scene;
