//! Bad records and odd ones as a table: what each is, and what must become of it, by hand.
//!
//! Every record of the table stands between good neighbours, in four framings; whole objects stand
//! for themselves. In every one the neighbours must survive.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at a surprise")]

mod case;
mod claim_check;
mod delivery;
mod envelope;
mod framings;
#[path = "../compaction/lake.rs"]
#[expect(dead_code, reason = "the other tests of compaction use the rest")]
mod lake;
mod names;
mod objects;
mod originals;
mod payload;
mod short;
mod syntax;
mod text;
