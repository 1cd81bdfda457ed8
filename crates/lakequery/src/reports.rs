//! The reports: what is asked → SQL text → rows → what is printed.
//!
//! ```text
//! Question { report, by, window, repos, zone } ─ query::sql ─▶ text ─ engine ─▶ Answer ─ render ─▶ JSON, grid
//! ```
//!
//! Pure but for [`Question::ask`]. The SQL is put together from fixed pieces that enums choose; what
//! a user typed stands in it only as an escaped literal or as a time that was parsed. Percentiles
//! are nearest rank, by integers: the value at rank `(p * n + 99) / 100`.

mod answer;
mod definition;
mod dimension;
mod duration;
mod query;
mod question;
mod render;
mod slo;
mod window;

pub use answer::{Answer, AnswerError, Row};
pub use definition::{Measure, Report};
pub use dimension::Dimension;
pub use duration::{human, parse as parse_duration};
pub use question::{Question, Zone};
pub use render::{Json, grid, notes};
pub use slo::{Slo, SloError};
pub use window::{Window, WindowError};

/// The percentiles of every report.
pub const PERCENTILES: [u8; 5] = [50, 75, 90, 95, 99];
