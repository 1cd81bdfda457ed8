//! A second witness to the reports: what they must say of a lake, computed without any SQL.
//!
//! Everything here reads the payloads themselves and goes over sorted vectors, as a person would
//! who checks a figure by hand. It shares no code with the engine, the columns or the queries, so
//! that a mistake in those is not repeated here. It is slow, and meant for lakes of a few hundred
//! deliveries: [`random`] makes such ones, as adverse as deliveries come.
//!
//! ```
//! use octolake_witness::{Dimension, Measure, Question, jobs, random, report};
//!
//! let deliveries = random(7);
//! let question = Question { by: vec![Dimension::Repo], ..Question::default() };
//! let expected = report(&jobs(&deliveries), Measure::QueueLatency, &question);
//! assert_eq!(expected, report(&jobs(&random(7)), Measure::QueueLatency, &question));
//! ```

mod bucket;
mod delivery;
mod drafts;
mod jobs;
mod labels;
mod life;
mod names;
mod pulls;
mod random;
mod report;

pub use bucket::ZONES;
pub use delivery::Delivery;
pub use jobs::jobs;
pub use life::{Dimension, Life, Lives, Measure, Reason, Verdict};
pub use pulls::pulls;
pub use random::{random, random_question};
pub use report::{Cell, Expected, Question, Row, report};
