//! The commit protocol of the lake as a model: small enough that a checker visits every state that
//! compactors, a foreign writer, crashes and lost answers can bring about together.
//!
//! ```text
//! begin ─ (write a file)* ─ commit ─▶ done                         an append: rows and progress
//!                             └ conflict ─ look ─▶ commit again, or throw the batch away
//! begin ─ write ─ commit ─▶ done, or give up at a conflict         a merge
//! begin ─ fence ─ (delete a file)* ─▶ end                          a vacuum
//! ```
//!
//! What is a step here is one request to the store that others can see, or the look at a version,
//! which never changes afterwards. Between any two steps of one writer the others may do anything, so
//! that each is as slow as it likes; and any of them may crash instead of its next step.
//!
//! What is left out, because nothing can come of it: a file that no version names and nobody is
//! about to commit, and the version's number: a writer knows whether its own is still the newest.
//! Equal states under other names of writers and files are one state ([`State::normal`]).
//!
//! Assumptions, which the model does not prove: the store puts a version only where there is none;
//! a foreign writer ends within the vacuum's grace, since it knows no fence; each delivery's
//! repetition comes within the days that are searched.

mod lake;
mod model;
mod mutation;
mod steps;
mod writer;

pub use lake::{Lake, State};
pub use model::{Action, Bounds, Protocol, property};
pub use mutation::Mutation;
pub use writer::{Batch, Foreign, Writer};
