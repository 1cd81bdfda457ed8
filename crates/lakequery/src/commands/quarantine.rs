//! `lakequery quarantine`: the records that could not be read.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{anyhow, bail};
use futures::TryStreamExt as _;
use octolake_compactor::quarantine::{self, Entry, Listed};
use octolake_compactor::{Retry, Settings, Surroundings};
use octolake_event::layout;
use octolake_store::Lake;
use serde::Serialize;
use uuid::Uuid;

use crate::cli::Globals;
use crate::exit::{Outcome, UsageError};
use crate::output::{self, Align, Format, Grid, clean};

/// Arguments of `quarantine`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

/// What the commands do not say by themselves.
const HELP: &str = "\
A record that cannot be read stays where it arrived, in raw/, and quarantine/ says where it stands \
and why. What is in such a record was written by anybody: it is shown with all that a terminal would \
obey made visible.";

/// What to do with the records in quarantine.
#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List them: why, where, and how large each is.
    List(ListArgs),
    /// Show one, with the record as it stands in raw/.
    Show(ShowArgs),
    /// Read them again: a later version may read what an earlier one could not.
    Retry(RetryArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Only those with this reason: not_json, truncated, no_identity, …
    #[arg(long)]
    reason: Option<String>,
    /// The most that are printed.
    #[arg(long, value_name = "ROWS")]
    limit: Option<usize>,
}

#[derive(Debug, clap::Args)]
struct RetryArgs {
    /// Only those with this reason.
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// The record: RAW_KEY:OFFSET as `list` prints them, or its key under quarantine/.
    #[arg(value_name = "RECORD")]
    record: String,
    /// Write the record's bytes and nothing else, as they are: into a file or a pipe.
    #[arg(long)]
    raw: bool,
}

/// A line of the list.
#[derive(Debug, Serialize)]
struct Line {
    reason: String,
    raw_key: String,
    offset: u64,
    bytes: u64,
    message: String,
}

/// An entry, and the record itself.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    reason: &'a str,
    raw_key: &'a str,
    offset: u64,
    bytes: u64,
    message: &'a str,
    /// The record, with what is no UTF-8 replaced; `None` where it is not in raw/ any more.
    record: Option<String>,
}

/// Lists the records in quarantine, or shows one.
///
/// # Errors
/// There is no lake or no such record, or it cannot be read.
pub async fn run(args: Args, globals: &Globals) -> anyhow::Result<Outcome> {
    let lake = globals.open_lake()?;
    match args.action {
        Action::List(args) => list(&lake, &args, globals).await?,
        Action::Show(args) => show(&lake, &args, globals).await?,
        Action::Retry(args) => retry(&lake, &args, globals).await?,
    }
    Ok(Outcome::Fine)
}

async fn list(lake: &Lake, args: &ListArgs, globals: &Globals) -> anyhow::Result<()> {
    let mut entries = std::pin::pin!(quarantine::list(lake).await?);
    let limit = args.limit.unwrap_or(usize::MAX);
    let (mut lines, mut reasons) = (Vec::new(), BTreeMap::new());
    let (mut wanted, mut foreign, mut first_foreign) = (0, 0_u64, None);
    while let Some(Listed { key, entry }) = entries.try_next().await? {
        let Some(entry) = entry else {
            foreign += 1;
            first_foreign.get_or_insert(key);
            continue;
        };
        *reasons.entry(entry.reason.clone()).or_insert(0_u64) += 1;
        if args.reason.as_ref().is_none_or(|reason| *reason == entry.reason) {
            wanted += 1;
            if lines.len() < limit {
                lines.push(Line::of(entry));
            }
        }
    }
    print(&lines, globals)?;
    output::note(globals, &summary(&reasons));
    if lines.len() < wanted {
        let text = format!("only the first {} of {wanted} are shown", lines.len());
        output::note(globals, &text);
    }
    if let Some(first) = first_foreign {
        let text = format!("{foreign} objects under quarantine/ hold what is no entry: {first}");
        output::note(globals, &text);
    }
    Ok(())
}

impl Line {
    fn of(entry: Entry) -> Self {
        let Entry { reason, message, raw_key, offset, length, .. } = entry;
        Self { reason, raw_key, offset, bytes: length, message }
    }
}

fn print(lines: &[Line], globals: &Globals) -> anyhow::Result<()> {
    if globals.format == Format::Json {
        return Ok(output::print_json(&lines)?);
    }
    let mut grid = Grid::new([
        ("reason", Align::Left),
        ("raw_key", Align::Left),
        ("offset", Align::Right),
        ("bytes", Align::Right),
        ("message", Align::Left),
    ]);
    for Line { reason, raw_key, offset, bytes, message } in lines {
        grid.push([reason, raw_key, &offset.to_string(), &bytes.to_string(), message]);
    }
    if grid.is_empty() && globals.format != Format::Csv {
        return Ok(());
    }
    output::print_grid(&grid, globals.format)
}

fn summary(reasons: &BTreeMap<String, u64>) -> String {
    let total: u64 = reasons.values().sum();
    let each: Vec<String> =
        reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    match total {
        0 => "nothing is in quarantine: every record could be read".to_owned(),
        _ => format!("{total} in quarantine: {}", each.join(", ")),
    }
}

async fn retry(lake: &Lake, args: &RetryArgs, globals: &Globals) -> anyhow::Result<()> {
    let settings = Settings::default();
    let clock = globals.clock();
    let surroundings =
        Surroundings { run_id: Uuid::new_v4(), clock: &clock, on_progress: &mut |_, _| {} };
    let is_wanted =
        |entry: &Entry| args.reason.as_ref().is_none_or(|reason| *reason == entry.reason);
    let outcome = octolake_compactor::retry(lake, is_wanted, &settings, surroundings).await?;
    let Some(outcome) = outcome else {
        output::note(globals, &format!("{} has no table yet: there is no quarantine", lake.name()));
        return Ok(());
    };
    match globals.format {
        Format::Json | Format::Ndjson | Format::Parquet => output::print_json(&outcome)?,
        Format::Csv => output::print_grid(&figures(&outcome), Format::Csv)?,
        Format::Table | Format::Markdown => output::print_text(&words(&outcome))?,
    }
    if let Some(first) = outcome.gone.first() {
        let text = format!("{} raw objects are not there any more: {first}", outcome.gone.len());
        output::note(globals, &text);
    }
    Ok(())
}

fn figures(outcome: &Retry) -> Grid {
    let columns = [
        ("entries", outcome.entries),
        ("released", outcome.released),
        ("kept", outcome.kept),
        ("stored", outcome.stored),
        ("duplicates", outcome.duplicates),
    ];
    let mut grid = Grid::new(columns.iter().map(|(name, _)| (*name, Align::Right)));
    grid.push(columns.iter().map(|(_, number)| number.to_string()));
    grid
}

fn words(outcome: &Retry) -> String {
    let Retry { entries, released, kept, stored, duplicates, .. } = outcome;
    match entries {
        0 => "nothing to try again\n".to_owned(),
        _ => format!(
            "{entries} entries read again: {released} could be read ({stored} stored, {duplicates} duplicates), {kept} stay\n"
        ),
    }
}

async fn show(lake: &Lake, args: &ShowArgs, globals: &Globals) -> anyhow::Result<()> {
    if args.raw && io::stdout().is_terminal() {
        return Err(UsageError::new("--raw would let the record drive this terminal")
            .hint("send it into a file or a pipe, or leave --raw out")
            .into());
    }
    let (raw_key, offset) = place(&args.record)?;
    let Some(entry) = quarantine::get(lake, &raw_key, offset).await? else {
        bail!(
            "there is no record of {raw_key} at offset {offset} in quarantine: \
             `lakequery quarantine list` shows what is there"
        );
    };
    let record = quarantine::original(lake, &Settings::default(), &raw_key, offset).await?;
    if args.raw {
        let gone = || anyhow!("the record at offset {offset} is not in {raw_key} any more");
        return Ok(print_exactly(&record.ok_or_else(gone)?)?);
    }
    if globals.format == Format::Json {
        let Entry { reason, message, raw_key, offset, length: bytes, .. } = &entry;
        let record = record.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let (offset, bytes) = (*offset, *bytes);
        return Ok(output::print_json(&Shown { reason, raw_key, offset, bytes, message, record })?);
    }
    if record.is_none() {
        output::note(globals, "the record is not in raw/ any more: this is how it began");
    }
    Ok(print_entry(&entry, record.as_deref().unwrap_or(entry.excerpt.as_bytes()))?)
}

/// The raw object and the offset that `text` names.
fn place(text: &str) -> Result<(String, u64), UsageError> {
    let typed = || {
        let (raw_key, offset) = text.rsplit_once(':')?;
        Some((raw_key.to_owned(), offset.parse().ok()?))
    };
    layout::quarantined(text).or_else(typed).ok_or_else(|| {
        UsageError::new(format!("`{text}` names no record"))
            .hint("write RAW_KEY:OFFSET, both as `lakequery quarantine list` prints them")
    })
}

fn print_entry(entry: &Entry, record: &[u8]) -> io::Result<()> {
    let Entry { reason, message, raw_key, offset, length, .. } = entry;
    let mut out = output::stdout(Format::Table);
    // A line each: a line break in one would make another of it.
    writeln!(out, "Reason   {}", clean::line(reason))?;
    writeln!(out, "Message  {}", clean::line(message))?;
    writeln!(out, "Raw key  {}", clean::line(raw_key))?;
    writeln!(out, "Offset   {offset}")?;
    writeln!(out, "Bytes    {length}")?;
    writeln!(out)?;
    out.write_all(record)?;
    if !record.ends_with(b"\n") {
        writeln!(out)?;
    }
    out.flush()
}

/// Writes bytes as they are, where no terminal obeys them.
fn print_exactly(bytes: &[u8]) -> io::Result<()> {
    // What a program reads as CSV is the one result that nothing is escaped in.
    let mut out = output::stdout(Format::Csv);
    out.write_all(bytes)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_named_in_two_ways() {
        let expected = ("raw/2026/03/02/10/a:b".to_owned(), 42);
        for text in ["raw/2026/03/02/10/a:b:42", "quarantine/2026/03/02/10/a:b/000000000042.json"] {
            assert_eq!(place(text).unwrap(), expected);
        }
        for text in ["", "raw/2026/03/02/10/a", "raw/2026/03/02/10/a:x", "quarantine/a.json"] {
            assert!(place(text).is_err(), "{text}");
        }
    }

    #[test]
    fn reasons_are_counted() {
        let reasons = [("truncated".to_owned(), 1), ("not_json".to_owned(), 2)].into();
        assert_eq!(summary(&reasons), "3 in quarantine: 2 not_json, 1 truncated");
    }
}
