//! What whole-system tests stand on: the built binary, a lake in a directory that goes with the
//! test, the endpoint as a process, and a client that signs as GitHub does.
//!
//! Nothing here uses octolake's own code: a signature, an envelope or a request is made a second
//! time, so that a fault cannot cancel itself out.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

pub mod binary;
pub mod chance;
pub mod fixtures;
pub mod framing;
pub mod github;
pub mod lake;
pub mod server;

pub use chance::Chance;
pub use lake::TestLake;
pub use server::Serve;
