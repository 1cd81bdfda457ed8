//! `lakequery report`.

use std::fmt::Write as _;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::cli::Globals;
use crate::engine::Engine;
use crate::exit::{Outcome, UsageError};
use crate::memory::Watch;
use crate::output::{self, Format};
use crate::reports::{Dimension, Json, Measure, Question, Report, Slo, Window, Zone, grid, notes};

/// Arguments of `report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which report.
    #[command(subcommand)]
    which: Which,
}

#[derive(Debug, clap::Subcommand)]
enum Which {
    /// How long jobs wait for a runner.
    ///
    /// One value per repository, job and run attempt; `--explain` gives the definition.
    #[command(after_long_help = QUEUE_EXAMPLES)]
    QueueLatency {
        #[command(flatten)]
        asked: Asked,
    },
    /// How long pull requests take from their creation to the merge.
    ///
    /// One value per repository and pull request; `--explain` gives the definition.
    #[command(after_long_help = LEAD_EXAMPLES)]
    LeadTime {
        /// What is measured.
        #[arg(long, value_enum, default_value_t = Measure::LeadTime)]
        measure: Measure,
        #[command(flatten)]
        asked: Asked,
    },
}

const QUEUE_EXAMPLES: &str = "\
Examples:
  lakequery report queue-latency --by repo,label --since 7d
  lakequery report queue-latency --by day --since 2026-03-01 --until 2026-04-01 --tz Europe/Berlin
  lakequery report queue-latency --by label --slo 'p95<=5m'
  lakequery report queue-latency --explain";

const LEAD_EXAMPLES: &str = "\
Examples:
  lakequery report lead-time --by repo --since 30d
  lakequery report lead-time --measure first_review --by author,week
  lakequery report lead-time --repo acme/api --repo acme/web --format json";

/// What every report takes.
#[derive(Debug, clap::Args)]
struct Asked {
    /// What rows are told apart by: repo, label, workflow (jobs only), author, day, week, month;
    /// several with commas.
    #[arg(long, value_delimiter = ',', value_name = "COLUMN")]
    by: Vec<String>,
    /// Only values at or after this: a date, an RFC 3339 time, or how long ago (7d, 24h).
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only values before this.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only this repository, as owner/name; may be repeated.
    #[arg(long, value_name = "OWNER/NAME")]
    repo: Vec<String>,
    /// Where days begin.
    #[arg(long, default_value = "UTC", value_name = "ZONE")]
    tz: Zone,
    /// A bound on each row, such as p95<=5m: exit code 3 where one does not hold; may be repeated.
    #[arg(long, value_name = "BOUND")]
    slo: Vec<Slo>,
    /// Print the definition and the SQL in place of the report.
    #[arg(long)]
    explain: bool,
}

/// Prints a report.
///
/// # Errors
/// Something that is asked for cannot be, or the lake cannot be read.
pub async fn run(args: Args, globals: &Globals) -> anyhow::Result<Outcome> {
    let question = args.question(globals.now())?;
    let (report, asked) = args.parts();
    if asked.explain {
        return explain(&question, globals.format);
    }
    let lake = globals.open_lake()?;
    let _watch = Watch::start();
    let engine = Engine::open(&lake).await?;
    let answer =
        question.ask(&engine).await.with_context(|| format!("no {} report", report.name()))?;
    if engine.table().is_none() {
        let text = format!("hint: {} has no table yet: run `lakequery compact`", lake.name());
        output::note(globals, &text);
    }
    print(&question, &answer, globals)?;
    let broken: Vec<String> =
        asked.slo.iter().flat_map(|slo| slo.broken(&question, &answer)).collect();
    for sentence in &broken {
        output::complain(&format!("slo: {sentence}"));
    }
    Ok(if broken.is_empty() { Outcome::Fine } else { Outcome::GateFailed })
}

impl Args {
    fn parts(&self) -> (Report, &Asked) {
        match &self.which {
            Which::QueueLatency { asked } => (Report::QueueLatency, asked),
            Which::LeadTime { measure, asked } => (Report::LeadTime(*measure), asked),
        }
    }

    /// What was typed as what it means; ages are before `now`.
    ///
    /// # Errors
    /// Something that is asked for cannot be.
    pub fn question(&self, now: DateTime<Utc>) -> Result<Question, UsageError> {
        let (report, asked) = self.parts();
        let window = Window::parse(asked.since.as_deref(), asked.until.as_deref(), asked.tz, now)
            .map_err(|error| UsageError::new(error.to_string()))?;
        if let Some(repo) = asked.repo.iter().find(|repo| !is_full_name(repo)) {
            return Err(UsageError::new(format!(
                "--repo {repo}: a repository is written owner/name"
            )));
        }
        let by = dimensions(report, &asked.by)?;
        Ok(Question { report, by, window, repos: asked.repo.clone(), zone: asked.tz })
    }
}

fn is_full_name(repo: &str) -> bool {
    repo.split_once('/')
        .is_some_and(|(owner, name)| !owner.is_empty() && !name.is_empty() && !name.contains('/'))
}

fn dimensions(report: Report, names: &[String]) -> Result<Vec<Dimension>, UsageError> {
    let mut by = vec![];
    for name in names.iter().map(|name| name.trim()) {
        let dimension = Dimension::named(name, report.dimensions()).ok_or_else(|| {
            let allowed: Vec<&str> = report.dimensions().iter().map(|by| by.name()).collect();
            UsageError::new(format!("{} cannot be split by `{name}`", report.name()))
                .hint(format!("--by takes {}", allowed.join(", ")))
        })?;
        if !by.contains(&dimension) {
            by.push(dimension);
        }
    }
    Ok(by)
}

fn explain(question: &Question, format: Format) -> anyhow::Result<Outcome> {
    #[derive(Serialize)]
    struct Explained<'a> {
        report: &'a str,
        definition: &'a str,
        sql: &'a str,
    }
    let (definition, sql) = (question.report.definition(), question.sql());
    match format {
        Format::Json => {
            let report = question.report.name();
            output::print_json(&Explained { report, definition, sql: &sql })?;
        }
        Format::Markdown => {
            let fence = output::fence(&sql, 3);
            output::print_text(&format!("{definition}\n\n{fence}sql\n{sql}{fence}\n"))?;
        }
        Format::Table | Format::Csv => output::print_text(&format!("{definition}\n\n{sql}"))?,
    }
    Ok(Outcome::Fine)
}

fn print(
    question: &Question,
    answer: &crate::reports::Answer,
    globals: &Globals,
) -> anyhow::Result<()> {
    let notes = notes(question, answer);
    match globals.format {
        Format::Json => output::print_json(&Json(question, answer))?,
        Format::Csv => {
            output::print_grid(&grid(question, answer, true), Format::Csv)?;
            notes.iter().for_each(|note| output::note(globals, note));
        }
        format @ (Format::Table | Format::Markdown) => {
            output::print_grid(&grid(question, answer, false), format)?;
            let (gap, end) = if format == Format::Markdown { ("\n", "  ") } else { ("", "") };
            let mut text = gap.to_owned();
            for note in notes {
                let _ = writeln!(text, "{note}{end}");
            }
            output::print_text(&text)?;
        }
    }
    Ok(())
}
