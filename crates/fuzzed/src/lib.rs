//! What must hold for any bytes at all, one function per thing that reads what others wrote.
//!
//! Each takes bytes and panics where something does not hold. Two callers: the targets in `fuzz/`,
//! which look for such bytes for hours, and this crate's own tests, which try mutated fixtures and
//! the fuzzers' corpus in seconds.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a check fails by panicking")]

mod delivery;
mod framing;
mod ingest;
mod keys;
mod raw;
mod row;

/// A check of some bytes.
pub type Check = fn(&[u8]);

/// Every check, by the name of its target in `fuzz/`.
pub const CHECKS: &[(&str, Check)] = &[
    ("framing", framing::check),
    ("raw_object", raw::check),
    ("row", row::check),
    ("ingest", ingest::check),
    ("form", ingest::check_form),
    ("keys", keys::check),
    ("claim_check", delivery::check),
];

/// Runs the check of this name.
///
/// # Panics
/// Something does not hold, or there is no such check.
pub fn check(name: &str, data: &[u8]) {
    let found = CHECKS.iter().find(|(known, _)| *known == name);
    let (_, check) = found.expect("a check of this name");
    check(data);
}
