//! The reports as data: what is asked → SQL text → typed rows → an answer. Pure: no engine, no
//! file, no clock.
//!
//! ```text
//! catalogue (one `Definition` each) ┐
//! Question { report, by, filters… } ┴─ statement ─▶ SQL text ─ an engine ─▶ Table ─ answer ─▶ Answer ─ a renderer
//! ```
//!
//! Invariants: SQL is put together from the texts of this crate; what a user typed stands in it only
//! as an escaped literal, or as a time or zone that was parsed. The same text runs on DataFusion and
//! on Trino. Percentiles are nearest rank, by integers. Nothing here is a sentence for a person but
//! definitions and errors: notes are data until they are rendered.

mod abilities;
mod answer;
mod catalogue;
mod compare;
mod definition;
mod dimension;
pub mod drafts;
mod duration;
pub mod facts;
mod fill;
mod nearest;
mod people;
mod question;
mod reach;
mod read;
mod shorthand;
mod slo;
pub mod sorted;
mod statement;
mod subject;
mod table;
mod teams;
mod view;
mod window;
mod zone;

pub use abilities::Abilities;
pub use answer::{Answer, Broken, Counted, Freshness, Gate, Row, Statistics, Unknown};
pub use catalogue::{ALL, find, names};
pub use compare::{Change, Direction, compare};
pub use definition::{Definition, Reason, Shape};
pub use dimension::Dimension;
pub use duration::{human, parse as parse_duration, write_human};
pub use nearest::nearest;
pub use people::{Agents, AgentsError, KNOWN_AGENTS, Who};
pub use question::{Filter, Question, RepoName, Sort, SortError};
pub use reach::Reach;
pub use read::{Reading, ShapeError};
pub use slo::{EmptyGate, Slo, SloError};
pub use statement::lower;
pub use subject::Subject;
pub use table::{Table, Value};
pub use teams::{Teams, TeamsError};
pub use view::{VIEWS, View};
pub use window::{Window, WindowError, rfc3339};
pub use zone::Zone;

/// The percentiles of every report.
pub const PERCENTILES: [u8; 5] = [50, 75, 90, 95, 99];
