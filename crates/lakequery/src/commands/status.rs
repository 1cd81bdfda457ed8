//! `lakequery status`.
//!
//! Rows are counted by who brought them, as the rows themselves say. Whoever may put events on the
//! bus, or write into `raw/`, can write rows that say they were signed at our door, of any arrival:
//! the count tells honest producers apart, and no liar from them. That arrivals can be forged, or
//! stamped by a clock that is ahead, is why ages are taken from arrivals that are not in the future.

mod spool;
mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt as _;
use object_store::path::Path;
use octolake_event::layout;
use octolake_lake::{LiveFile, Projection, Table};
use octolake_store::Lake;
use serde::Serialize;

use self::spool::Spool;
use crate::cli::Globals;
use crate::exit::Outcome;
use crate::output::{self, Format};

/// How far ahead of ours the clock of whoever stamps arrivals may be.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// What the figures do not say by themselves.
const HELP: &str = "\
Origin counts rows by who brought them: our endpoint, which checks signatures, or another producer. \
Whoever may put events on the bus or write into raw/ can claim to be our endpoint, and can claim any \
time of arrival: keep those permissions narrow.";

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// Look at this spool, where `serve --spool` keeps it outside of the lake.
    #[arg(long, value_name = "DIR")]
    spool: Option<PathBuf>,
}

/// The state of a lake.
#[derive(Debug, Default, Serialize)]
struct Status {
    lake: String,
    /// `None` where nothing was ever compacted.
    version: Option<u64>,
    files: u64,
    rows: u64,
    bytes: u64,
    /// The newest arrival that is not in the future.
    newest_received_at: Option<DateTime<Utc>>,
    /// How long ago that was; 0 where every arrival is in the future.
    age_s: Option<f64>,
    /// Files with arrivals in the future.
    future_files: u64,
    origins: Option<Origins>,
    backlog: Backlog,
    /// `None` where it can't be seen from here: `serve` writes to S3 from another place.
    spool: Option<Spool>,
    quarantine: u64,
    ledger: Option<Ledger>,
    /// What reports read; `None` where nothing was ever compacted.
    projection: Option<Projected>,
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

/// The rows without their payloads, which reports read.
#[derive(Debug, Default, Serialize)]
struct Projected {
    /// Up to this version of the table it goes; `None` where it cannot be used at all.
    version: Option<u64>,
    /// Whether reports read it: else, and with every payload, they read the table.
    used: bool,
    /// Why not.
    reason: Option<String>,
    /// Commits of the table that came later.
    behind: u64,
    files: u64,
    bytes: u64,
}

/// What became of all records ever read.
#[derive(Debug, Serialize)]
struct Ledger {
    read: u64,
    stored: u64,
    duplicates: u64,
    quarantined: u64,
    /// Of the duplicates, those with another body than the row: one id with two bodies.
    conflicting: u64,
    /// Of the rows, those whose body came before under another id, within four days.
    replayed: u64,
    /// Of the rows, those that another producer brought.
    unsigned: u64,
    /// Of the rows, those that were erased since, and of the duplicates, those of erased deliveries.
    rows_erased: u64,
    erased: u64,
    write_amplification: Option<f64>,
}

/// Rows by who brought them, as they say themselves.
#[derive(Debug, Serialize)]
struct Origins {
    /// Our ingest, which had a signature.
    door: u64,
    /// Another producer.
    other: u64,
    /// Stored by a version of octolake that did not count this.
    unknown: u64,
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
pub async fn run(args: Args, globals: &Globals) -> anyhow::Result<Outcome> {
    let lake = globals.open_lake()?;
    let now = globals.now();
    let table = Table::open(&lake).await?;
    let status = Status {
        lake: lake.name().to_owned(),
        backlog: backlog(&lake, table.as_ref(), now).await?,
        spool: spool::look(&lake, args.spool.as_deref(), now)?,
        quarantine: count(&lake, layout::QUARANTINE).await?,
        projection: match &table {
            Some(table) => Some(projected(&lake, table.version()).await?),
            None => None,
        },
        ..table.as_ref().map(|table| of_table(table, now)).unwrap_or_default()
    };
    match globals.format {
        Format::Json => output::print_json(&status)?,
        Format::Csv => output::print_grid(&words::grid(&status, true), Format::Csv)?,
        format => {
            output::print_text(&words::words(&status))?;
            if !status.event_types.is_empty() {
                output::print_text("\n")?;
                output::print_grid(&words::grid(&status, false), format)?;
            }
        }
    }
    Ok(Outcome::Fine)
}

fn of_table(table: &Table, now: DateTime<Utc>) -> Status {
    let types = event_types(table.files(), now);
    let counts = table.progress().ledger.counts;
    let newest = types.iter().filter_map(|entry| entry.newest_received_at).max();
    let future_files = table.files().iter().filter(|file| is_ahead(file, now)).count() as u64;
    Status {
        version: Some(table.version()),
        files: types.iter().map(|entry| entry.files).sum(),
        rows: types.iter().map(|entry| entry.rows).sum(),
        bytes: types.iter().map(|entry| entry.bytes).sum(),
        newest_received_at: newest,
        age_s: newest.or((future_files > 0).then_some(now)).map(|at| seconds(now - at).max(0.0)),
        future_files,
        origins: Some(Origins {
            door: counts.signed,
            other: counts.unsigned,
            unknown: counts.stored.saturating_sub(counts.signed + counts.unsigned),
        }),
        ledger: Some(Ledger {
            read: counts.read,
            stored: counts.stored,
            duplicates: counts.duplicates,
            quarantined: counts.quarantined,
            conflicting: counts.conflicting,
            replayed: counts.replayed,
            unsigned: counts.unsigned,
            rows_erased: table.progress().ledger.rows_erased,
            erased: counts.erased,
            write_amplification: table.progress().ledger.write_amplification(),
        }),
        event_types: types,
        ..Status::default()
    }
}

fn event_types(files: &[LiveFile], now: DateTime<Utc>) -> Vec<EventTypeStatus> {
    let mut types: BTreeMap<&str, EventTypeStatus> = BTreeMap::new();
    for file in files {
        let event_type = file.partition.event_type.as_str();
        let entry = types.entry(event_type).or_default();
        entry.event_type = event_type.to_owned();
        entry.files += 1;
        entry.rows += file.rows;
        entry.bytes += file.bytes;
        entry.newest_received_at = entry.newest_received_at.max(newest_arrival(file, now));
    }
    types.into_values().collect()
}

/// Whether a file has arrivals that are still to come: of a clock that is ahead, or forged.
fn is_ahead(file: &LiveFile, now: DateTime<Utc>) -> bool {
    file.received_max.is_some_and(|at| at > now + CLOCK_TOLERANCE)
}

/// The newest arrival in a file that is not in the future. Where some of its rows are, the earliest
/// is all that is known of the others.
fn newest_arrival(file: &LiveFile, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match is_ahead(file, now) {
        false => file.received_max,
        true => file.received_min.filter(|at| *at <= now + CLOCK_TOLERANCE),
    }
}

/// How far the projection goes.
async fn projected(lake: &Lake, version: u64) -> anyhow::Result<Projected> {
    let projection = match Projection::read(lake).await {
        Ok(projection) => projection,
        Err(unfit) => {
            return Ok(Projected { reason: Some(unfit.reason), ..Projected::default() });
        }
    };
    let reason = match projection.behind(lake, version).await? {
        _ if !projection.is_whole() => Some("it is being made".to_owned()),
        Ok(following) if following.is_only_added() => None,
        Ok(following) => Some(following.unclear.unwrap_or("rows were changed since").to_owned()),
        Err(reason) => Some(reason),
    };
    let bytes = |file: &LiveFile| file.bytes + file.facts.as_ref().map_or(0, |facts| facts.bytes);
    Ok(Projected {
        version: projection.events(),
        used: reason.is_none(),
        reason,
        behind: version.saturating_sub(projection.events().unwrap_or_default()),
        files: projection.files().len() as u64,
        bytes: projection.files().iter().map(bytes).sum(),
    })
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

#[cfg(test)]
mod tests {
    use octolake_event::layout::Partition;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn file(received: Option<(&str, &str)>) -> LiveFile {
        let path = "event_type=push/date=2026-03-02/x.parquet";
        let partition = Partition::of_file(path).unwrap();
        LiveFile {
            facts: None,
            dates: (partition.date, partition.date),
            partition,
            path: path.into(),
            bytes: 1,
            rows: 1,
            modified: DateTime::UNIX_EPOCH,
            received_min: received.map(|(min, _)| at(min)),
            received_max: received.map(|(_, max)| at(max)),
        }
    }

    #[test]
    fn an_arrival_in_the_future_is_no_newest() {
        let now = at("2026-03-02T10:00:00Z");
        for (received, newest, ahead) in [
            (("2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z"), Some("2026-03-02T09:00:00Z"), false),
            // A clock may be ahead by some minutes.
            (("2026-03-02T08:00:00Z", "2026-03-02T10:05:00Z"), Some("2026-03-02T10:05:00Z"), false),
            (("2026-03-02T08:00:00Z", "2026-03-02T10:05:01Z"), Some("2026-03-02T08:00:00Z"), true),
            (("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z"), None, true),
        ] {
            let file = file(Some(received));
            assert_eq!(newest_arrival(&file, now), newest.map(at), "{received:?}");
            assert_eq!(is_ahead(&file, now), ahead, "{received:?}");
        }
        assert_eq!(newest_arrival(&file(None), now), None);
        assert!(!is_ahead(&file(None), now));
    }
}
