//! `lakequery status`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt as _;
use object_store::path::Path;
use octolake_event::layout;
use octolake_lake::Table;
use octolake_store::Lake;
use serde::Serialize;

use crate::cli::Globals;
use crate::exit::Outcome;
use crate::output::{self, Align, Format, Grid, size};
use crate::reports::human;

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// The state of a lake.
#[derive(Debug, Default, Serialize)]
struct Status {
    lake: String,
    /// `None` where nothing was ever compacted.
    version: Option<u64>,
    files: u64,
    rows: u64,
    bytes: u64,
    newest_received_at: Option<DateTime<Utc>>,
    /// How long ago that was.
    age_s: Option<f64>,
    backlog: Backlog,
    quarantine: u64,
    ledger: Option<Ledger>,
    event_types: Vec<EventTypeStatus>,
}

/// Raw objects that are not compacted yet.
#[derive(Debug, Default, Serialize)]
struct Backlog {
    objects: u64,
    bytes: u64,
    oldest_at: Option<DateTime<Utc>>,
    age_s: Option<f64>,
    /// Objects under raw/ that lie where no arrival hour is told: they are left alone.
    foreign: u64,
}

/// What became of all records ever read.
#[derive(Debug, Serialize)]
struct Ledger {
    read: u64,
    stored: u64,
    duplicates: u64,
    quarantined: u64,
    write_amplification: Option<f64>,
}

#[derive(Debug, Default, Serialize)]
struct EventTypeStatus {
    event_type: String,
    files: u64,
    rows: u64,
    bytes: u64,
    newest_received_at: Option<DateTime<Utc>>,
}

/// Prints the state of the lake.
///
/// # Errors
/// The lake cannot be read.
pub async fn run(_args: Args, globals: &Globals) -> anyhow::Result<Outcome> {
    let lake = globals.open_lake()?;
    let now = globals.now();
    let table = Table::open(&lake).await?;
    let status = Status {
        lake: lake.name().to_owned(),
        backlog: backlog(&lake, table.as_ref(), now).await?,
        quarantine: count(&lake, layout::QUARANTINE).await?,
        ..table.as_ref().map(|table| of_table(table, now)).unwrap_or_default()
    };
    match globals.format {
        Format::Json => output::print_json(&status)?,
        Format::Csv => output::print_grid(&grid(&status, true), Format::Csv)?,
        format => {
            output::print_text(&words(&status))?;
            if !status.event_types.is_empty() {
                output::print_text("\n")?;
                output::print_grid(&grid(&status, false), format)?;
            }
        }
    }
    Ok(Outcome::Fine)
}

fn of_table(table: &Table, now: DateTime<Utc>) -> Status {
    let mut types: BTreeMap<&str, EventTypeStatus> = BTreeMap::new();
    for file in table.files() {
        let event_type = file.partition.event_type.as_str();
        let entry = types.entry(event_type).or_default();
        entry.event_type = event_type.to_owned();
        entry.files += 1;
        entry.rows += file.rows;
        entry.bytes += file.bytes;
        entry.newest_received_at = entry.newest_received_at.max(file.received_max);
    }
    let types: Vec<EventTypeStatus> = types.into_values().collect();
    let ledger = &table.progress().ledger;
    let newest = types.iter().filter_map(|entry| entry.newest_received_at).max();
    Status {
        version: Some(table.version()),
        files: types.iter().map(|entry| entry.files).sum(),
        rows: types.iter().map(|entry| entry.rows).sum(),
        bytes: types.iter().map(|entry| entry.bytes).sum(),
        newest_received_at: newest,
        age_s: newest.map(|at| seconds(now - at)),
        ledger: Some(Ledger {
            read: ledger.counts.read,
            stored: ledger.counts.stored,
            duplicates: ledger.counts.duplicates,
            quarantined: ledger.counts.quarantined,
            write_amplification: ledger.write_amplification(),
        }),
        event_types: types,
        ..Status::default()
    }
}

/// What waits to be compacted.
async fn backlog(
    lake: &Lake,
    table: Option<&Table>,
    now: DateTime<Utc>,
) -> anyhow::Result<Backlog> {
    let waiting = octolake_compactor::backlog(lake, table.map(Table::progress)).await?;
    Ok(Backlog {
        objects: waiting.pending.len() as u64,
        bytes: waiting.bytes(),
        oldest_at: waiting.oldest(),
        age_s: waiting.age(now).map(seconds),
        foreign: waiting.foreign.len() as u64,
    })
}

async fn count(lake: &Lake, folder: &str) -> anyhow::Result<u64> {
    let mut objects = lake.store().list(Some(&Path::from(folder)));
    let mut count = 0;
    let failed = || format!("cannot list {folder}/ of the lake {}", lake.name());
    while objects.try_next().await.with_context(failed)?.is_some() {
        count += 1;
    }
    Ok(count)
}

fn seconds(time: TimeDelta) -> f64 {
    time.num_milliseconds() as f64 / 1e3
}

fn words(status: &Status) -> String {
    let mut text = format!("Lake        {}\n", status.lake);
    match status.version {
        Some(version) => {
            let (files, rows) = (status.files, status.rows);
            let _ = writeln!(
                text,
                "Table       version {version}: {rows} rows in {files} files, {}",
                size(status.bytes)
            );
        }
        None => text
            .push_str("Table       none yet: `lakequery compact` makes it from the raw objects\n"),
    }
    if let (Some(at), Some(age)) = (status.newest_received_at, status.age_s) {
        let _ = writeln!(text, "Newest row  received {} ago, at {}", human(age), time(at));
    }
    let backlog = &status.backlog;
    match backlog.age_s {
        Some(age) => {
            let _ = writeln!(
                text,
                "Backlog     {} raw objects, {}, the oldest {} old: `lakequery compact` takes them",
                backlog.objects,
                size(backlog.bytes),
                human(age)
            );
        }
        None => text.push_str("Backlog     none: every raw object is compacted\n"),
    }
    if backlog.foreign > 0 {
        let count = backlog.foreign;
        let _ = writeln!(
            text,
            "Misplaced   {count} objects under raw/ lie in no raw/<yyyy>/<mm>/<dd>/<hh>/: nobody takes them"
        );
    }
    let _ = writeln!(text, "Quarantine  {} records that could not be read", status.quarantine);
    if let Some(ledger) = &status.ledger {
        let Ledger { read, stored, duplicates, quarantined, .. } = ledger;
        let _ = writeln!(
            text,
            "Records     {read} read = {stored} stored + {duplicates} duplicates + {quarantined} quarantined"
        );
    }
    text
}

fn grid(status: &Status, raw: bool) -> Grid {
    let mut grid = Grid::new([
        ("event_type", Align::Left),
        ("rows", Align::Right),
        ("files", Align::Right),
        ("bytes", Align::Right),
        ("newest_received_at", Align::Left),
    ]);
    for entry in &status.event_types {
        grid.push([
            entry.event_type.clone(),
            entry.rows.to_string(),
            entry.files.to_string(),
            if raw { entry.bytes.to_string() } else { size(entry.bytes) },
            entry.newest_received_at.map(time).unwrap_or_default(),
        ]);
    }
    grid
}

fn time(at: DateTime<Utc>) -> String {
    octolake_event::timestamp::format_millis(at)
}
