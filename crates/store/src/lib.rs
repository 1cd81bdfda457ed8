//! Where a lake is kept: the only place that knows whether that is a directory, S3 or memory.
//!
//! Everything above works on [`object_store::ObjectStore`] with keys from `octolake_event::layout`.
//! Every request that goes out is counted, and who only reads can have what never changes kept on
//! this machine.
//!
//! Invariants: an object of a directory lake is on the disk (fsynced, its name too) before a put
//! returns, is never seen half-written, and only its owner may read it; an answer that ends early is
//! an error; settings of S3 come from the environment as every AWS tool reads them, and never reach
//! a log.

mod cache;
mod counted;
mod directory;
mod lake;
mod link;
mod moved;
mod staging;
mod traffic;
mod url;
mod whole;

pub use cache::{CacheSettings, DiskSettings};
pub use directory::DirectoryStore;
pub use lake::{Lake, StoreError};
pub use link::Linked;
pub use traffic::Traffic;
pub use url::{LakeUrl, LakeUrlError};
