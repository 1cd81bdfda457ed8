//! What is asked of a lake.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use crate::definition::Shape;
use crate::reach::{Cut, Reach};
use crate::{
    Abilities, Agents, Definition, Dimension, PERCENTILES, Slo, Table, Teams, Who, Window, Zone,
    statement,
};

/// One report, asked for.
#[derive(Debug, Clone)]
pub struct Question {
    /// Which report.
    pub report: &'static Definition,
    /// What rows are told apart by.
    pub by: Vec<Dimension>,
    /// Which values are taken.
    pub window: Window,
    /// Of which repositories; of all where none is named.
    pub repos: Vec<RepoName>,
    /// Of which others of its dimensions.
    pub filters: Vec<Filter>,
    /// Whose.
    pub who: Who,
    /// Who is an agent.
    pub agents: Agents,
    /// Of which team; needs `teams`.
    pub team: Option<String>,
    /// Which teams there are.
    pub teams: Option<Teams>,
    /// Where hours, days, weeks and months begin.
    pub zone: Zone,
    /// The time of asking: what is still waiting or open has done so until then. `None` in a text that
    /// is kept: there it is the time at which that runs.
    pub as_of: Option<DateTime<Utc>>,
    /// The bounds that its rows have to hold.
    pub slos: Vec<Slo>,
    /// In which order rows come, where not by their keys.
    pub sort: Option<Sort>,
    /// How many rows at most.
    pub top: Option<usize>,
    /// The arrivals that its window needs, where that had to be asked.
    pub reach: Option<Reach>,
    /// What the engine has beside SQL.
    pub abilities: Abilities,
    /// Whether an interval for the median is asked for, to compare it with another.
    pub interval: bool,
}

/// A repository as typed: `owner/name`, or `host/owner/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoName {
    /// Its host; any where none is named.
    pub host: Option<String>,
    /// Its full name, in any case.
    pub name: String,
}

/// Only things of which a dimension has one of some values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The dimension.
    pub dimension: Dimension,
    /// Its values, in any case.
    pub values: Vec<String>,
}

/// A column to sort by; of the largest first, if not said otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The column, as in JSON but without `_s`.
    pub column: String,
    /// Whether the smallest comes first.
    pub ascending: bool,
}

/// A text that names no order of rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rows cannot be sorted by `{0}`")]
pub struct SortError(pub String);

impl Question {
    /// A report of all time, not split and not filtered, in UTC.
    pub fn plain(report: &'static Definition, as_of: Option<DateTime<Utc>>) -> Self {
        Self {
            report,
            by: vec![],
            window: Window::default(),
            repos: vec![],
            filters: vec![],
            who: Who::All,
            agents: Agents::default(),
            team: None,
            teams: None,
            zone: Zone(chrono_tz::Tz::UTC),
            as_of,
            slos: vec![],
            sort: None,
            top: None,
            reach: None,
            abilities: Abilities::default(),
            interval: false,
        }
    }

    /// The SQL that tells how far back its window reaches, where an engine has to say: its answer
    /// goes to [`Question::within_reach`].
    pub fn reach_sql(&self) -> Option<String> {
        let since = self.window.since.filter(|_| self.report.subject.cut == Cut::Creation)?;
        crate::reach::question(&statement::types(self), since)
    }

    /// The same question, of no more deliveries than its window needs.
    #[must_use]
    pub fn within_reach(&self, answer: &Table) -> Self {
        Self { reach: Some(Reach::of_creation(self.window, answer)), ..self.clone() }
    }

    /// The arrivals that its window needs, as far as is known.
    pub fn reach(&self) -> Reach {
        match self.report.subject.cut {
            Cut::Life => Reach::of_life(self.window),
            Cut::Creation => self.reach.unwrap_or_default(),
        }
    }

    /// The SQL that answers it: the views and all, as it runs on any engine.
    pub fn sql(&self) -> String {
        statement::sql(self)
    }

    /// The SQL of the things behind its figures, those with the largest values first.
    pub fn drill_sql(&self, rows: usize) -> String {
        statement::drill(self, rows)
    }

    /// The SQL that says which of the named repositories there are: a column `name`, in small
    /// letters, and a column `host`.
    pub fn repositories_sql(&self) -> String {
        statement::repositories(self)
    }

    /// The SQL of all values that a dimension has: a column `name`.
    pub fn values_sql(&self, dimension: Dimension) -> String {
        statement::values(self, dimension)
    }

    /// The SQL of the newest arrival among the deliveries that the report reads, in milliseconds
    /// since the epoch: a column `newest_ms`.
    pub fn newest_sql(&self) -> String {
        statement::newest(self)
    }

    /// The finest period among what rows are told apart by, as a place in `by`.
    pub fn finest_period(&self) -> Option<usize> {
        let periods = self.by.iter().enumerate();
        periods.filter_map(|(at, by)| Some((by.fineness()?, at))).max().map(|(_, at)| at)
    }

    /// The columns that rows can be sorted by.
    pub fn sortable(&self) -> Vec<String> {
        let mut columns: Vec<String> = self.by.iter().map(|by| by.name().to_owned()).collect();
        let ages = match self.report.shape {
            Shape::Durations { .. } => {
                columns.push(self.report.unit.to_owned());
                String::new()
            }
            Shape::Counts { kinds, aging, .. } => {
                columns.extend(kinds.iter().map(|kind| (*kind).to_owned()));
                format!("{aging}_")
            }
        };
        columns.extend(PERCENTILES.iter().map(|p| format!("{ages}p{p}")));
        columns.extend(["max", "mean"].map(|name| format!("{ages}{name}")));
        columns
    }
}

impl FromStr for Sort {
    type Err = SortError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (column, order) = text.trim().split_once(':').unwrap_or((text.trim(), "desc"));
        let ascending = match order {
            "asc" => true,
            "desc" => false,
            _ => return Err(SortError(text.to_owned())),
        };
        let column = column.strip_suffix("_s").unwrap_or(column).to_owned();
        Ok(Self { column, ascending })
    }
}

impl FromStr for RepoName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            _ if parts.iter().any(|part| part.is_empty()) => {}
            [_, _] => return Ok(Self { host: None, name: text.to_owned() }),
            [host, owner, name] => {
                return Ok(Self {
                    host: Some((*host).to_owned()),
                    name: format!("{owner}/{name}"),
                });
            }
            _ => {}
        }
        Err("a repository is written owner/name, or host/owner/name".to_owned())
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(host) => write!(f, "{host}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}
