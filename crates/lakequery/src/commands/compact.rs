//! `lakequery compact`.

use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use octolake_compactor::{
    PlannedMerge, PlannedVacuum, Reason, Report, Settings, Surroundings, Unwanted, compact,
};
use octolake_event::layout;
use octolake_lake::is_lake;
use octolake_serve::ops::Ops;
use octolake_store::Lake;
use uuid::Uuid;

use self::figures::Figures;

use crate::cli::{Globals, duration, stop_signal};
use crate::exit::{Outcome, UsageError};
use crate::output::{self, Align, Format, Grid, size};
use octolake_reports::{Window, Zone, human};

mod figures;
mod projection;
mod rebuild;

/// Arguments of `compact`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Run again and again, so long after the start of the run before; until SIGTERM or SIGINT.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    every: Option<Duration>,
    /// With --every: tell figures at /metrics (OpenMetrics) and readiness at /ready on this address.
    #[arg(long, value_name = "ADDRESS:PORT", requires = "every")]
    metrics: Option<SocketAddr>,
    /// Read and count, but write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Make the table anew from all of raw/, compare it with the one in use, and swap them.
    #[arg(long, conflicts_with_all = ["every", "since"])]
    rebuild: bool,
    /// Make the projection anew: the rows without their payloads, which reports read.
    #[arg(long, conflicts_with_all = ["every", "since", "rebuild", "dry_run"])]
    rebuild_projection: bool,
    /// Take up only what arrived since: a date, a time, or how long ago (7d); to the hour.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Take up no new work after this time; the next run goes on.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    deadline: Option<Duration>,
    /// Merge small files towards this size.
    #[arg(long, value_name = "BYTES", default_value_t = Settings::default().target_file_bytes)]
    #[arg(value_parser = clap::value_parser!(u64).range(1 << 20..))]
    target_file_bytes: u64,
    /// Use this much memory at the most: 512M, 2G; 256M at the least.
    #[arg(long, value_name = "BYTES", value_parser = memory, default_value = "512M")]
    max_memory: u64,
    /// Use this many cores [default: all, as far as memory allows].
    #[arg(long, value_name = "NUMBER")]
    threads: Option<NonZero<usize>>,
}

/// A number of bytes, with K, M or G behind it (of 1,024 each); no less than a run needs.
fn memory(text: &str) -> Result<u64, String> {
    match crate::memory::bytes(text)? {
        Some(bytes) if bytes >= Settings::LEAST_MEMORY => Ok(bytes),
        _ => Err(format!("a run needs {} at the least", size(Settings::LEAST_MEMORY))),
    }
}

impl Args {
    /// Whether it runs until it is stopped.
    pub fn is_repeated(&self) -> bool {
        self.every.is_some()
    }
}

/// Takes what waits in `raw/` into the table.
///
/// # Errors
/// There is no lake, the store or the table fails, or an object cannot be read.
pub async fn run(args: Args, globals: &Globals) -> anyhow::Result<Outcome> {
    if args.dry_run && args.every.is_some() {
        return Err(UsageError::new("--dry-run and --every do not go together").into());
    }
    let lake = globals.open_lake()?;
    let utc = Zone(chrono_tz::Tz::UTC);
    let window = Window::parse(args.since.as_deref(), None, utc, globals.now())
        .map_err(|error| UsageError::new(error.to_string()))?;
    let settings = Settings {
        dry_run: args.dry_run,
        since: window.since,
        deadline: args.deadline,
        target_file_bytes: args.target_file_bytes,
        threads: args.threads.map_or(Settings::default().threads, NonZero::get),
        ..Settings::default()
    }
    .within(args.max_memory);
    match args.every {
        None if args.rebuild_projection => {
            ensure_lake(&lake).await?;
            return projection::run(&lake, &settings, globals).await;
        }
        None if args.rebuild => {
            ensure_lake(&lake).await?;
            return rebuild::run(&lake, &settings, globals).await;
        }
        None => {
            ensure_lake(&lake).await?;
            let report = once(&lake, &settings, globals).await?;
            report.check()?;
        }
        Some(every) => again_and_again(&lake, &settings, every, args.metrics, globals).await?,
    }
    Ok(Outcome::Fine)
}

/// A directory with none of a lake's folders is some other directory, whose name was mistyped.
async fn ensure_lake(lake: &Lake) -> anyhow::Result<()> {
    if is_lake(lake).await? {
        return Ok(());
    }
    let (raw, events) = (layout::RAW, layout::EVENTS);
    Err(anyhow::anyhow!(
        "{} is no lake: it has neither {raw}/ nor {events}/; run `lakequery serve` to fill one, or name another with --lake",
        lake.name()
    ))
}

/// One run, with its report printed.
async fn once(lake: &Lake, settings: &Settings, globals: &Globals) -> anyhow::Result<Report> {
    let template = "{spinner} compacting {bar:30} {pos}/{len} raw objects, {msg}, {eta} left";
    let bar = output::progress_bar(globals, 0, template);
    let report = run_with(lake, settings, globals, &mut |report: &Report, pending| {
        bar.set_length(report.objects + pending);
        bar.set_position(report.objects);
        bar.set_message(format!("{} rows", report.stored));
    })
    .await;
    bar.finish_and_clear();
    let report = report?;
    print(&report, globals.format)?;
    for skipped in &report.skipped {
        output::complain(&format!("{} is not merged: {}", skipped.partition, skipped.error));
    }
    for what in &report.untold {
        output::complain(&format!(
            "another engine has taken rows out of the table, and which can't be told: {what}; they come back if their raw objects are read again (`lakequery erase` keeps them out)"
        ));
    }
    Ok(report)
}

/// One run; `on_progress` is told of it after each raw object.
///
/// # Errors
/// The store or the table fails.
pub async fn run_with(
    lake: &Lake,
    settings: &Settings,
    globals: &Globals,
    on_progress: &mut (dyn FnMut(&Report, u64) + Send),
) -> anyhow::Result<Report> {
    let clock = globals.clock();
    let surroundings = Surroundings { run_id: Uuid::new_v4(), clock: &clock, on_progress };
    let report = compact(lake, settings, surroundings).await;
    report.with_context(|| format!("compacting {} stopped", lake.name()))
}

async fn again_and_again(
    lake: &Lake,
    settings: &Settings,
    every: Duration,
    metrics: Option<SocketAddr>,
    globals: &Globals,
) -> anyhow::Result<()> {
    super::warn_if_open(lake);
    let figures = Arc::new(Figures::new(globals.clock()));
    if let Some(address) = metrics {
        let ops =
            Ops::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        output::note(globals, &format!("metrics at http://{}/metrics", ops.address()));
        tokio::spawn(ops.run(figures.clone()));
    }
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let stopped = stop_signal()?;
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => return Ok(()),
            _ = ticks.tick() => {}
        }
        // A run that is stopped leaves nothing half done: what is not committed is no part of the
        // table.
        tokio::select! {
            () = &mut stopped => return Ok(()),
            outcome = once(lake, settings, globals) => {
                figures.note(outcome.as_ref().ok());
                if let Err(error) = outcome.and_then(|report| Ok(report.check()?)) {
                    output::report_failure(&error);
                    output::complain(&format!("trying again in {}", human(every.as_secs_f64())));
                }
            }
        }
    }
}

fn print(report: &Report, format: Format) -> anyhow::Result<()> {
    match format {
        Format::Json | Format::Ndjson | Format::Parquet => output::print_json(report)?,
        Format::Csv => output::print_grid(&figures(report), Format::Csv)?,
        Format::Table | Format::Markdown => output::print_text(&words(report))?,
    }
    Ok(())
}

/// The report's figures in one row.
fn figures(report: &Report) -> Grid {
    let columns = [
        ("read", report.read),
        ("stored", report.stored),
        ("duplicates", report.duplicates),
        ("quarantined", report.quarantined),
        ("objects", report.objects),
        ("files_added", report.files_added),
        ("files_removed", report.files_removed),
        ("bytes_read", report.bytes_read),
        ("bytes_written", report.bytes_written),
    ];
    let mut grid = Grid::new(
        columns.iter().map(|(name, _)| (*name, Align::Right)).chain([("seconds", Align::Right)]),
    );
    let numbers = columns.iter().map(|(_, number)| number.to_string());
    grid.push(numbers.chain([format!("{:.3}", report.seconds)]));
    grid
}

fn words(report: &Report) -> String {
    let merges: String = report.merges.iter().map(merge_in_words).collect();
    let vacuum: String = report.vacuum.iter().map(vacuum_in_words).collect();
    run_in_words(report) + &merges + &vacuum
}

fn merge_in_words(merge: &PlannedMerge) -> String {
    let why = match merge.reason {
        Reason::Tier => "there are enough of about one size",
        Reason::Settled => "no more are expected",
    };
    let PlannedMerge { partition, files, bytes, .. } = merge;
    format!("would merge {files} files of {partition} ({}): {why}\n", size(*bytes))
}

fn vacuum_in_words(vacuum: &PlannedVacuum) -> String {
    let why = match vacuum.reason {
        Unwanted::Removed => "the table has removed them long ago",
        Unwanted::Unnamed => "the table does not name them",
    };
    let PlannedVacuum { files, bytes, .. } = vacuum;
    format!("would delete {files} files ({}): {why}\n", size(*bytes))
}

fn run_in_words(report: &Report) -> String {
    if report.read == 0 && report.objects == 0 && report.commits == 0 {
        let nothing = match report.objects_left {
            0 => "nothing to do: every raw object is compacted\n".to_owned(),
            left => format!("no time: {left} raw objects are left for the next run\n"),
        };
        return projection::words(&report.projection)
            .into_iter()
            .fold(nothing, |all, line| all + &line + "\n");
    }
    let Report { read, stored, duplicates, quarantined, objects, .. } = report;
    let mut lines = vec![format!(
        "{read} records in {objects} raw objects ({}): {stored} stored, {duplicates} duplicates, {quarantined} quarantined",
        size(report.bytes_read)
    )];
    if report.dry_run {
        lines.push("nothing was written: this was a dry run".to_owned());
    } else {
        lines.push(format!(
            "files: {} before, {} added, {} merged away, {} after; bytes: {} before, {} after",
            report.files_before,
            report.files_added,
            report.files_removed,
            report.files_after,
            size(report.bytes_before),
            size(report.bytes_after),
        ));
    }
    lines.extend(projection::words(&report.projection));
    if let Some(amplification) = report.write_amplification {
        lines.push(format!("each byte was written {amplification:.2} times so far"));
    }
    if report.parse_issues > 0 {
        let issues = report.parse_issues;
        lines.push(format!("{issues} columns are NULL for an unexpected type: see parse_issues"));
    }
    if *quarantined > 0 {
        lines.push(format!("{quarantined} records could not be read: see quarantine/ in the lake"));
    }
    if report.conflicting > 0 {
        let count = report.conflicting;
        lines.push(format!(
            "{count} of the duplicates came with another body: the log names the first"
        ));
    }
    if report.replayed > 0 {
        let count = report.replayed;
        lines.push(format!(
            "{count} of the rows repeat the body of another id: the log names the first"
        ));
    }
    if report.erased > 0 {
        let count = report.erased;
        lines.push(format!("{count} of the duplicates were erased once, and stay out"));
    }
    if report.deleted_elsewhere > 0 {
        let count = report.deleted_elsewhere;
        lines.push(format!("{count} rows were deleted by another engine, and stay out"));
    }
    if report.unsigned > 0 {
        let count = report.unsigned;
        lines.push(format!("{count} of the rows were brought by another producer, unsigned"));
    }
    if report.objects_left > 0 {
        lines.push(format!("{} raw objects are left for the next run", report.objects_left));
    }
    lines.push(format!("took {}", human(report.seconds)));
    lines.join("\n") + "\n"
}
