//! What can be typed behind `report`, and what it means.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::builder::PossibleValue;
use clap::builder::PossibleValuesParser;
use octolake_reports::{
    ALL, Abilities, Agents, Definition, Dimension, EmptyGate, Question, RepoName, Slo, Sort, Teams,
    Who, Window, Zone, find, names, nearest,
};

use super::filters::Filters;
use crate::exit::UsageError;

/// What asks for one report, and so not for the list of them.
const INSTEAD_OF_LIST: [&str; 12] = [
    "report", "measure", "by", "bucket", "since", "until", "team", "sort", "top", "slo", "explain",
    "drill",
];

/// Arguments of `report`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = examples())]
pub struct Args {
    /// Which report.
    #[arg(value_name = "REPORT", value_parser = reports(), required_unless_present = "list")]
    report: Option<String>,
    /// Print which reports and measures there are, and what each takes, in place of one.
    #[arg(long, conflicts_with_all = INSTEAD_OF_LIST)]
    pub(super) list: bool,
    /// What is measured, where a report has several measures.
    #[arg(long, value_parser = measures(), value_name = "MEASURE")]
    measure: Option<String>,
    /// What rows are told apart by.
    #[arg(long, value_delimiter = ',', value_name = "COLUMN", help = by())]
    by: Vec<String>,
    #[command(flatten)]
    pub(super) memory: crate::memory::MaxMemory,
    /// A row per period: the same as naming it in --by.
    #[arg(long, value_parser = ["hour", "day", "week", "month"], value_name = "PERIOD")]
    bucket: Option<String>,
    /// Only values at or after this: a month (2026-03), a date, a time, how long ago (7w, 7d, 24h),
    /// today or yesterday.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only values before this.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Where hours, days, weeks and months begin.
    #[arg(long, default_value = "UTC", value_name = "ZONE")]
    tz: Zone,
    #[command(flatten)]
    filters: Filters,
    /// Whose: human, bot, agent or all.
    #[arg(long, default_value = "all", value_name = "WHO", help_heading = "Filters")]
    who: Who,
    /// Logins of agents beside those that are known: a file with one a line.
    #[arg(long, value_name = "FILE", help_heading = "Filters")]
    agents: Option<PathBuf>,
    /// Only this team's; needs --teams.
    #[arg(long, value_name = "TEAM", requires = "teams", help_heading = "Filters")]
    team: Option<String>,
    /// Which repositories, labels and people are whose: a TOML file with [[team]] name, repositories,
    /// labels, people.
    #[arg(long, env = "LAKE_TEAMS", value_name = "FILE", help_heading = "Filters")]
    teams: Option<PathBuf>,
    /// Sort by a column, the largest first; COLUMN:asc the smallest.
    #[arg(long, value_name = "COLUMN")]
    sort: Option<Sort>,
    /// Only the first rows.
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..))]
    top: Option<u32>,
    /// Put the period of the same length right before beside it; needs --since.
    #[arg(long, requires = "since")]
    compare: bool,
    /// A bound on each row, such as p95<=5m: exit code 3 where one does not hold; may be repeated.
    #[arg(long, value_name = "BOUND")]
    slo: Vec<Slo>,
    /// What a bound says where there is no value.
    #[arg(long, default_value = "fail", value_parser = ["fail", "pass"], value_name = "RESULT")]
    slo_empty: String,
    /// Count what is not compacted yet too: reads those raw objects now, and writes nothing.
    #[arg(long)]
    fresh: bool,
    /// Print the definition, what is left out and why, and the SQL in place of the report.
    #[arg(long)]
    explain: bool,
    /// Print the things behind the figures in place of them, the largest first, with links.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "100", value_name = "ROWS", conflicts_with_all = ["slo", "compare"])]
    drill: Option<u32>,
}

/// What was typed as what it means.
pub(crate) struct Asked {
    /// What is asked of the engine.
    pub(crate) question: Question,
    /// Whether the period before stands beside it.
    pub(crate) compares: bool,
    /// What gates say where there is no value.
    pub(super) empty: EmptyGate,
    /// Whether what is not compacted yet counts too.
    pub(super) fresh: bool,
    /// Whether it is explained in place of being asked.
    pub(super) explain: bool,
    /// How many of the things behind it are shown in place of it.
    pub(super) drill: Option<usize>,
}

fn reports() -> PossibleValuesParser {
    let value = |name: &'static str| {
        let report = find(name, None);
        PossibleValue::new(name).help(report.map(|report| report.about).unwrap_or_default())
    };
    PossibleValuesParser::new(names().into_iter().map(value))
}

fn measures() -> PossibleValuesParser {
    let measures = ALL.iter().filter_map(|report| Some((report.measure?, report.about)));
    PossibleValuesParser::new(measures.map(|(name, about)| PossibleValue::new(name).help(about)))
}

fn by() -> String {
    let names: Vec<&str> = Dimension::ALL.iter().map(|by| by.name()).collect();
    format!("What rows are told apart by, several with commas: {}", names.join(", "))
}

fn examples() -> String {
    let mut text = "Examples:\n".to_owned();
    for report in ALL {
        for example in report.examples {
            text.push_str(&format!("  lakequery report {example}\n"));
        }
    }
    text
}

impl Args {
    /// What was typed as what it means; ages are before `now`.
    ///
    /// # Errors
    /// Something that is asked for cannot be, or a file cannot be read.
    pub(crate) fn asked(&self, now: DateTime<Utc>) -> anyhow::Result<Asked> {
        let report = self.definition()?;
        let window = Window::parse(self.since.as_deref(), self.until.as_deref(), self.tz, now)
            .map_err(|error| UsageError::new(error.to_string()))?;
        let teams = self.teams()?;
        let mut question = Question {
            by: self.dimensions(report, teams.is_some())?,
            window,
            zone: self.tz,
            who: self.who,
            agents: self.agents()?,
            team: self.team(teams.as_ref())?,
            teams,
            slos: self.slo.clone(),
            sort: self.sort.clone(),
            top: self.top.map(|top| top as usize),
            abilities: Abilities::default(),
            interval: self.compare,
            ..Question::plain(report, Some(now))
        };
        self.filter(&mut question)?;
        self.check(&question)?;
        Ok(Asked {
            question,
            compares: self.compare,
            empty: if self.slo_empty == "pass" { EmptyGate::Pass } else { EmptyGate::Fail },
            fresh: self.fresh,
            explain: self.explain,
            drill: self.drill.map(|rows| rows as usize),
        })
    }

    fn definition(&self) -> Result<&'static Definition, UsageError> {
        // Only --list goes without a report, and asks no question.
        let name = self.report.as_deref().unwrap_or_default();
        find(name, self.measure.as_deref()).ok_or_else(|| {
            let all = ALL.iter().filter(|report| report.name == name);
            let measures: Vec<&str> = all.filter_map(|report| report.measure).collect();
            let measure = self.measure.as_deref().unwrap_or_default();
            let error = UsageError::new(format!("{name} has no measure {measure}"));
            let has = if measures.is_empty() { "none".to_owned() } else { measures.join(", ") };
            error.hint(format!("it has {has}"))
        })
    }

    fn dimensions(
        &self,
        report: &Definition,
        has_teams: bool,
    ) -> Result<Vec<Dimension>, UsageError> {
        let mut by = vec![];
        for name in self.by.iter().chain(&self.bucket).map(|name| name.trim()) {
            let dimension = Dimension::named(name, report.dimensions)
                .ok_or_else(|| no_dimension(report, name))?;
            if dimension == Dimension::Team && !has_teams {
                return Err(UsageError::new("--by team needs to know who is in which").hint(
                    "name a file with --teams: [[team]] name, repositories, labels, people",
                ));
            }
            if !by.contains(&dimension) {
                by.push(dimension);
            }
        }
        Ok(by)
    }

    fn filter(&self, question: &mut Question) -> Result<(), UsageError> {
        for filter in &self.filters.0 {
            let dimension = filter.dimension;
            if !question.report.dimensions.contains(&dimension) {
                return Err(no_dimension(question.report, dimension.name()));
            }
            if dimension == Dimension::Repo {
                let parse = |text: &String| {
                    text.parse::<RepoName>()
                        .map_err(|error| UsageError::new(format!("--repo {text}: {error}")))
                };
                question.repos = filter.values.iter().map(parse).collect::<Result<_, _>>()?;
            } else {
                question.filters.push(filter.clone());
            }
        }
        Ok(())
    }

    /// What can only be said of the whole.
    fn check(&self, question: &Question) -> Result<(), UsageError> {
        if let Some(sort) = &question.sort {
            let columns = question.sortable();
            if !columns.contains(&sort.column) {
                let error = UsageError::new(format!("rows cannot be sorted by `{}`", sort.column));
                return Err(error.hint(format!("--sort takes {}", columns.join(", "))));
            }
        }
        if !question.slos.is_empty() && !question.report.kinds().is_empty() {
            let name = question.report.name;
            return Err(UsageError::new(format!("{name} counts, and --slo bounds durations")));
        }
        if self.compare && question.finest_period().is_some() {
            return Err(UsageError::new("--compare compares whole windows, not their periods")
                .hint("leave hour, day, week and month out of --by"));
        }
        Ok(())
    }

    fn agents(&self) -> anyhow::Result<Agents> {
        let Some(path) = &self.agents else { return Ok(Agents::default()) };
        let text = read(path)?;
        Ok(Agents::default().extended(&text).map_err(|error| wrong(path, &error))?)
    }

    fn teams(&self) -> anyhow::Result<Option<Teams>> {
        let Some(path) = &self.teams else { return Ok(None) };
        Ok(Some(Teams::parse(&read(path)?).map_err(|error| wrong(path, &error))?))
    }

    fn team(&self, teams: Option<&Teams>) -> Result<Option<String>, UsageError> {
        let (Some(team), Some(teams)) = (&self.team, teams) else { return Ok(None) };
        let names: Vec<&str> = teams.names().collect();
        if names.contains(&team.as_str()) {
            return Ok(Some(team.clone()));
        }
        let error = UsageError::new(format!("there is no team {team}"));
        Err(error.hint(format!("{}there are {}", meant(team, &names), names.join(", "))))
    }
}

fn no_dimension(report: &Definition, name: &str) -> UsageError {
    let allowed: Vec<&str> = report.dimensions.iter().map(|by| by.name()).collect();
    UsageError::new(format!("{} cannot be split by `{name}`", report.name)).hint(format!(
        "{}it has {}",
        meant(name, &allowed),
        allowed.join(", ")
    ))
}

fn meant(typed: &str, names: &[&str]) -> String {
    let near = nearest(typed, names.iter().copied());
    near.map(|name| format!("did you mean {name}? ")).unwrap_or_default()
}

fn read(path: &Path) -> Result<String, UsageError> {
    fs::read_to_string(path)
        .map_err(|error| UsageError::new(format!("cannot read {}: {error}", path.display())))
}

fn wrong(path: &Path, error: &dyn std::error::Error) -> UsageError {
    UsageError::new(format!("{}: {error}", path.display()))
}
