//! What a report can be split and filtered by.

use crate::statement::literal;
use crate::{Question, Zone, shorthand};

/// A column that rows are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// The repository's newest name.
    Repo,
    /// The host: github.com, or an Enterprise Server.
    Host,
    /// The organisation.
    Org,
    /// The set of labels, joined by `,`.
    Label,
    /// The workflow's name.
    Workflow,
    /// The job's name.
    Job,
    /// The runner's name.
    Runner,
    /// The runner group's name.
    Group,
    /// The branch: of a job that which it ran for, of a pull request that into which it goes.
    Branch,
    /// Who caused the job, or opened the pull request.
    Author,
    /// Whether that is a human, a bot or an agent.
    Who,
    /// The team, by a file.
    Team,
    /// The hour of the value's own time.
    Hour,
    /// Its day.
    Day,
    /// Its week, named by its Monday.
    Week,
    /// Its month, named by its first day.
    Month,
}

impl Dimension {
    /// Every dimension, in the order of help texts.
    pub const ALL: &'static [Self] = &[
        Self::Repo,
        Self::Host,
        Self::Org,
        Self::Label,
        Self::Workflow,
        Self::Job,
        Self::Runner,
        Self::Group,
        Self::Branch,
        Self::Author,
        Self::Who,
        Self::Team,
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
    ];

    /// Its name, as typed and as printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Repo => "repo",
            Self::Host => "host",
            Self::Org => "org",
            Self::Label => "label",
            Self::Workflow => "workflow",
            Self::Job => "job",
            Self::Runner => "runner",
            Self::Group => "group",
            Self::Branch => "branch",
            Self::Author => "author",
            Self::Who => "who",
            Self::Team => "team",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// What its column is called in SQL, where `group` is a word of the language.
    pub(crate) fn column(self) -> &'static str {
        if self == Self::Group { "runner_group" } else { self.name() }
    }

    /// What it is, for help texts and the documentation.
    pub fn about(self) -> &'static str {
        match self {
            Self::Repo => "the repository, by its newest name",
            Self::Host => "github.com, or the host of an Enterprise Server",
            Self::Org => "the organisation",
            Self::Label => "the labels: in small letters, each once, sorted, joined by commas",
            Self::Workflow => "the workflow's name",
            Self::Job => "the job's name",
            Self::Runner => "the runner's name",
            Self::Group => "the runner group's name",
            Self::Branch => "the branch: a job's own, or into which a pull request goes",
            Self::Author => "who caused the job, or opened the pull request",
            Self::Who => "whether that is a human, a bot or an agent",
            Self::Team => "the team, by the file that --teams names",
            Self::Hour => "the hour of the value's own time",
            Self::Day => "its day",
            Self::Week => "its week, named by its Monday",
            Self::Month => "its month, named by its first day",
        }
    }

    /// The one of `allowed` that is called `name`.
    pub fn named(name: &str, allowed: &[Self]) -> Option<Self> {
        allowed.iter().copied().find(|dimension| dimension.name() == name)
    }

    /// Whether it is a period of time; the larger, the finer.
    pub fn fineness(self) -> Option<u8> {
        match self {
            Self::Month => Some(1),
            Self::Week => Some(2),
            Self::Day => Some(3),
            Self::Hour => Some(4),
            _ => None,
        }
    }

    /// Whether values of it can be asked for: periods are asked for by windows, `who` and `team` by
    /// flags of their own.
    pub fn filters(self) -> bool {
        self.fineness().is_none() && self != Self::Who && self != Self::Team
    }

    /// Its expression over the view `v` and the names of repositories `r`.
    pub(crate) fn sql(self, question: &Question) -> String {
        match self {
            Self::Repo => "coalesce(r.repo, v.told_repo)".to_owned(),
            Self::Host => "v.source".to_owned(),
            Self::Label => shorthand::written_out("label_text(v.labels)"),
            Self::Group => "v.runner_group".to_owned(),
            Self::Who => question.agents.sql(),
            Self::Team => question.teams.as_ref().map_or_else(
                || "cast(null as varchar)".to_owned(),
                |teams| teams.sql(question.report.dimensions),
            ),
            Self::Org | Self::Workflow | Self::Job | Self::Runner | Self::Branch | Self::Author => {
                format!("v.{}", self.name())
            }
            Self::Hour | Self::Day | Self::Week | Self::Month => {
                self.period_sql(question.report.time, question.zone)
            }
        }
    }

    fn period_sql(self, time: &str, zone: Zone) -> String {
        let local = format!("{time} at time zone {}", literal(zone.0.name()));
        if self != Self::Hour {
            return format!("cast(date_trunc('{}', {local}) as date)", self.name());
        }
        // An hour is an instant, in seconds: clocks that are set back show it twice.
        let second = format!("cast(floor(to_unixtime({time})) as bigint)");
        format!(
            "{second} - cast(extract(minute from {local}) as bigint) * 60 - ({second} % 60 + 60) % 60"
        )
    }

    /// Whether its expression needs the repositories' names.
    pub(crate) fn needs_names(self, question: &Question) -> bool {
        self == Self::Repo
            || self == Self::Team && question.teams.as_ref().is_some_and(|t| t.names_repositories())
    }
}
