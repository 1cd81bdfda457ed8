//! What the demo does: a lake of its own, deliveries over HTTP, and the comparison with the truth.

mod compare;
mod deliver;
mod place;

pub use compare::{Comparison, compare, questions};
pub use deliver::{Delivered, deliver};
pub use place::{NotOurs, prepare_lake};
