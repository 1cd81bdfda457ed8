//! `lakequery demo`: a simulated organisation through everything, and its answers checked.

use std::time::Instant;

use anyhow::Context as _;
use indicatif::ProgressBar;
use octolake_compactor::{Report, Settings};
use octolake_simulate::{Settings as Organisation, Simulation, simulate};
use octolake_store::Lake;
use serde::Serialize;

use crate::ask::{Known, ask};
use crate::cli::Globals;
use crate::commands::compact;
use crate::demo::{self, Comparison, Delivered};
use crate::exit::{Outcome, UsageError};
use crate::output::{self, Format, size};
use octolake_engine::Engine;
use octolake_output::{Json, Sheet, notes};
use octolake_reports::{Answer, Question, human};

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// About how many deliveries to simulate.
    #[arg(long, default_value_t = Organisation::default().deliveries)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    deliveries: u64,
    /// The same seed gives the same organisation, and so the same numbers.
    #[arg(long, default_value_t = Organisation::default().seed)]
    seed: u64,
}

/// The outcome of a demo, as JSON.
#[derive(Serialize)]
struct Summary<'a> {
    lake: &'a str,
    seed: u64,
    delivered: &'a Delivered,
    compact: &'a Report,
    reports: Vec<Json<'a>>,
    checked: &'a Comparison,
}

/// Simulates, delivers, compacts, reports, and checks the reports.
///
/// # Errors
/// The lake is one that the demo did not make, or something on the way fails.
pub async fn run(args: Args, globals: &Globals) -> anyhow::Result<Outcome> {
    let lake = demo::prepare_lake(&globals.lake)?;
    let organisation =
        Organisation { seed: args.seed, deliveries: args.deliveries, ..Organisation::default() };
    let simulation = simulate(&organisation);
    output::note(globals, &introduction(&simulation, &lake, args.seed));
    let delivered = deliver(&simulation, &lake, globals).await?;
    let compacted = compacted(&lake, globals).await?;
    let engine = Engine::open(&lake).await?;
    let mut answers = vec![];
    for question in demo::questions(globals.now()) {
        let answer = ask(&question, &engine, Known::default(), false)
            .await
            .context("a report of the demo has no answer")?;
        answers.push((question, answer));
    }
    let comparison =
        demo::compare(&simulation, &delivered, &compacted, &engine, globals.now()).await?;
    if globals.format == Format::Json {
        output::print_json(&Summary {
            lake: lake.name(),
            seed: args.seed,
            delivered: &delivered,
            compact: &compacted,
            reports: answers.iter().map(|(question, answer)| Json(question, answer)).collect(),
            checked: &comparison,
        })?;
    } else {
        for (question, answer) in &answers {
            print(question, answer, globals.format)?;
        }
        output::note(globals, &conclusion(&comparison, &lake));
    }
    for difference in &comparison.differences {
        output::complain(&format!("wrong: {difference}"));
    }
    Ok(if comparison.differences.is_empty() { Outcome::Fine } else { Outcome::GateFailed })
}

async fn deliver(
    simulation: &Simulation,
    lake: &Lake,
    globals: &Globals,
) -> anyhow::Result<Delivered> {
    let started = Instant::now();
    let bar = bar(globals, simulation.len() as u64, "delivering");
    let delivered = demo::deliver(simulation, lake, &|count| bar.set_position(count)).await;
    bar.finish_and_clear();
    let delivered = delivered?;
    let Delivered { accepted, forged_refused, .. } = delivered;
    let (bytes, seconds) = (size(delivered.bytes), started.elapsed().as_secs_f64());
    let rate = accepted as f64 / seconds;
    output::note(
        globals,
        &format!(
            "delivered   {accepted} deliveries ({bytes}), signed, over HTTP, each on the disk before its answer, in {} ({rate:.0}/s); {forged_refused} forged ones refused",
            human(seconds)
        ),
    );
    Ok(delivered)
}

async fn compacted(lake: &Lake, globals: &Globals) -> anyhow::Result<Report> {
    let bar = bar(globals, 0, "compacting");
    let settings = Settings::default();
    let report = compact::run_with(lake, &settings, globals, &mut |report: &Report, pending| {
        bar.set_length(report.objects + pending);
        bar.set_position(report.objects);
    })
    .await;
    bar.finish_and_clear();
    let report = report?;
    let Report { read, stored, duplicates, quarantined, .. } = report;
    output::note(
        globals,
        &format!(
            "compacted   {read} records = {stored} stored + {duplicates} duplicates + {quarantined} quarantined, {} of JSON into {} of Parquet, in {}\n",
            size(report.bytes_decoded),
            size(report.bytes_after),
            human(report.seconds)
        ),
    );
    Ok(report)
}

fn bar(globals: &Globals, length: u64, what: &str) -> ProgressBar {
    let template = format!("{{spinner}} {what} {{bar:40}} {{pos}}/{{len}}, {{eta}} left");
    output::progress_bar(globals, length, &template)
}

fn introduction(simulation: &Simulation, lake: &Lake, seed: u64) -> String {
    let truth = simulation.truth();
    format!(
        "simulated   {} deliveries and {} redeliveries of an organisation (seed {seed}), into the lake {}",
        truth.unique_deliveries,
        truth.redeliveries,
        lake.name()
    )
}

fn print(question: &Question, answer: &Answer, format: Format) -> anyhow::Result<()> {
    let by: Vec<&str> = question.by.iter().map(|by| by.name()).collect();
    let by = if by.is_empty() { String::new() } else { format!(" --by {}", by.join(",")) };
    output::print_text(&format!("$ lakequery report {}{by}", question.report.name))?;
    let sheet = Sheet::of(question, answer, output::has_room_for_pictures());
    output::print_grid(&sheet.grid(format == Format::Csv), format)?;
    output::print_sentences(&notes(question, answer))?;
    Ok(output::print_text("\n")?)
}

fn conclusion(comparison: &Comparison, lake: &Lake) -> String {
    let name = lake.name();
    let flag = if name == "./lake" { String::new() } else { format!(" --lake {name}") };
    let checked = match comparison.differences.as_slice() {
        [] => format!(
            "checked     {} figures of {} reports: all equal to what the simulation itself knows",
            comparison.figures, comparison.reports
        ),
        wrong => format!("checked     {} figures: {} are WRONG", comparison.figures, wrong.len()),
    };
    format!(
        "{checked}

The lake is in {name}. What to try next:
  lakequery report queue-latency --by label,day{flag}
  lakequery report lead-time --by author --measure first_review{flag}
  lakequery sql \"select event_type, count(*) as n from events group by 1 order by n desc\"{flag}
  lakequery status{flag}
  lakequery verify{flag}
From the source tree, `cargo run --release --` stands for `lakequery`."
    )
}

impl From<demo::NotOurs> for UsageError {
    fn from(error: demo::NotOurs) -> Self {
        Self::new(error.to_string()).hint("name an empty place with --lake")
    }
}
