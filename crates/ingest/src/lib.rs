//! From an HTTP request to a verified entry on a bus: everything that the endpoint on one machine
//! and the Lambda have in common.
//!
//! ```text
//! HttpRequest ── route ──▶ Route ── signature ──▶ SignedBody ── delivery ──▶ VerifiedDelivery
//!             ── filter ──▶ Verdict ── bus ──▶ Answer
//! ```
//!
//! Each stage has a type of its own, and only the stage before can make it: a [`VerifiedDelivery`]
//! is proof that its body was signed by one of the [`Secrets`]. All but the last arrow is pure
//! ([`Endpoint::judge`]); [`Verdict::carry_out`] adds the one call to the [`Bus`]. Where a bus takes
//! no entry of that size, a [`ClaimCheck`] makes two pieces of a delivery that fit.
//!
//! Invariants:
//! - the signature is over the bytes received, and is compared in constant time;
//! - an unsigned request learns nothing but that, whatever else is wrong with it;
//! - 2xx only after the bus took the delivery, or a filter left it out;
//! - no secret and no payload text gets into a log, an error or an answer.
//!
//! Absent on purpose: arrow, DataFusion, an HTTP library, the clock. Shells bring those.

mod answer;
mod bus;
mod claim_check;
mod delivery;
mod endpoint;
mod filter;
mod rejection;
mod request;
mod secret;
mod signature;

pub use answer::Answer;
pub use bus::{Bus, BusError};
pub use claim_check::ClaimCheck;
pub use delivery::VerifiedDelivery;
pub use endpoint::{DEFAULT_BODY_LIMIT, Endpoint, Verdict, refuse};
pub use filter::{Filter, FilterError, Filters};
pub use rejection::Rejection;
pub use request::{Headers, HttpRequest, Route};
pub use secret::{NoSecrets, Secret, SecretError, Secrets};
pub use signature::SignedBody;
