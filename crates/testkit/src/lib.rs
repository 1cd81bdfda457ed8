//! For tests: a store whose every operation can be made to go wrong.
//!
//! ```text
//! Script::new(fault at operation 17) ── FaultyStore::new(store, script) ── Lake::wrapped
//!        script.operations(): what was asked of the store, in order
//! ```
//!
//! Operations are counted from 0 over all users of a script, so that a run can be tried once
//! without faults, and then again for each operation and each [`Fault`]. Nothing here is random:
//! a test that draws faults by chance keeps its seed.

mod counting_store;
mod fault;
mod faulty_store;
mod script;

pub use counting_store::{CountingStore, Requests};
pub use fault::Fault;
pub use faulty_store::FaultyStore;
pub use script::{Hook, Kind, Operation, Script};
