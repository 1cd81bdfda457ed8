//! Where a lake is kept: the only place that knows whether that is a directory, S3 or memory.
//!
//! Everything above works on [`object_store::ObjectStore`] with keys from `octolake_event::layout`.
//! Two views of one store are given: rooted at the lake, and rooted at the whole store, beside the
//! table's URL, which is what the Delta library asks for.
//!
//! Invariants: an object of a directory lake is on the disk (fsynced, its name too) before a put
//! returns, is never seen half-written, and only its owner may read it; an answer that ends early is
//! an error; settings of S3 come from the environment as every AWS tool reads them, and never reach
//! a log.

mod directory;
mod lake;
mod link;
mod moved;
mod staging;
mod url;
mod whole;

pub use directory::DirectoryStore;
pub use lake::{Lake, StoreError};
pub use link::Linked;
pub use url::{LakeUrl, LakeUrlError};
