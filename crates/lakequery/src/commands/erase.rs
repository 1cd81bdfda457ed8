//! `lakequery erase`.

use chrono::NaiveDate;
use octolake_compactor::{Erasure, Selection, Settings, Surroundings, erase};
use octolake_event::DeliveryId;
use octolake_store::Lake;
use uuid::Uuid;

use super::compact;
use crate::cli::Globals;
use crate::exit::Outcome;
use crate::output::{self, Align, Format, Grid};
use octolake_reports::human;

/// How many objects of `raw/` are named on a terminal; JSON has all.
const NAMED: usize = 20;

/// Arguments of `erase`.
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub struct Args {
    #[command(flatten)]
    what: What,
    /// Tell what would be erased, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// What to erase: one of these.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct What {
    /// What this login did: deliveries that it is the sender of.
    #[arg(long, value_name = "LOGIN")]
    sender: Option<String>,
    /// One delivery.
    #[arg(long, value_name = "ID")]
    delivery: Option<DeliveryId>,
    /// A repository (owner/name), under all the names that it has had.
    #[arg(long, value_name = "REPO")]
    repo: Option<String>,
    /// What arrived before this date (UTC).
    #[arg(long, value_name = "DATE")]
    before: Option<NaiveDate>,
}

const NOTES: &str = "\
What waits in raw/ is compacted first. Erased deliveries stay erased: the lake keeps a list of their
ids, and what is sent again or read again from raw/ is dropped. raw/ itself is not changed: the
objects that hold the deliveries are named, and how to remove them. Payloads of other deliveries may
mention the same person; --sender erases what that person did.";

impl What {
    fn selection(self) -> Option<Selection> {
        let delivery = self.delivery.map(Selection::Delivery);
        let sender = self.sender.map(Selection::Sender);
        let repository = self.repo.map(Selection::Repository);
        delivery.or(sender).or(repository).or(self.before.map(Selection::Before))
    }
}

/// Takes deliveries out of the lake, for good.
///
/// # Errors
/// There is no lake, or it cannot be compacted first, read or written.
pub async fn run(args: Args, globals: &Globals) -> anyhow::Result<Outcome> {
    let lake = globals.open_lake()?;
    let settings = Settings { dry_run: args.dry_run, ..Settings::default() };
    // The arguments' group sees to it that there is one.
    let Some(selection) = args.what.selection() else { return Ok(Outcome::Fine) };
    if !args.dry_run {
        compact::run_with(&lake, &settings, globals, &mut |_, _| {}).await?.check()?;
    }
    let clock = globals.clock();
    let surroundings =
        Surroundings { run_id: Uuid::new_v4(), clock: &clock, on_progress: &mut |_, _| {} };
    let Some(erasure) = erase(&lake, &selection, &settings, surroundings).await? else {
        let name = lake.name();
        output::note(globals, &format!("{name} has no table yet: there is nothing to erase"));
        return Ok(Outcome::Fine);
    };
    print(&lake, &erasure, globals)?;
    Ok(Outcome::Fine)
}

fn print(lake: &Lake, erasure: &Erasure, globals: &Globals) -> anyhow::Result<()> {
    match globals.format {
        Format::Json | Format::Ndjson | Format::Parquet => output::print_json(erasure)?,
        Format::Csv => output::print_grid(&figures(erasure), Format::Csv)?,
        Format::Table | Format::Markdown => output::print_text(&words(erasure))?,
    }
    let left = leftovers(lake, erasure);
    if !left.is_empty() {
        output::note(globals, &left.join("\n"));
    }
    Ok(())
}

fn figures(erasure: &Erasure) -> Grid {
    let columns = [
        ("rows", erasure.rows),
        ("files_removed", erasure.files_removed),
        ("files_added", erasure.files_added),
        ("files_deleted", erasure.files_deleted),
        ("raw_objects", erasure.raw_objects.len() as u64),
        ("large_objects", erasure.large_objects.len() as u64),
    ];
    let mut grid = Grid::new(columns.iter().map(|(name, _)| (*name, Align::Right)));
    grid.push(columns.iter().map(|(_, number)| number.to_string()));
    grid
}

fn words(erasure: &Erasure) -> String {
    let Erasure { rows, files_removed, files_added, files_deleted, .. } = erasure;
    let took = human(erasure.seconds);
    match (rows, erasure.dry_run) {
        (0, _) => "nothing in the lake is of this kind\n".to_owned(),
        (_, true) => format!("{rows} rows in {files_removed} files would be erased\n"),
        (_, false) => format!(
            "{rows} rows erased: {files_removed} files replaced by {files_added}, {files_deleted} deleted\ntook {took}\n"
        ),
    }
}

/// What the lake holds of the erased deliveries beside the table, and how to remove it.
fn leftovers(lake: &Lake, erasure: &Erasure) -> Vec<String> {
    let keys: Vec<&String> = erasure.raw_objects.iter().chain(&erasure.large_objects).collect();
    if keys.is_empty() {
        return vec![];
    }
    let (raw, large) = (erasure.raw_objects.len(), erasure.large_objects.len());
    let mut lines = vec![format!(
        "raw/ still holds these deliveries, in {raw} objects (and {large} large bodies). Raw objects hold others too: without them `compact --rebuild` refuses and `verify --deep` complains. To remove them:"
    )];
    lines.extend(keys.iter().take(NAMED).map(|key| removal(lake, key)));
    if keys.len() > NAMED {
        let more = keys.len() - NAMED;
        lines.push(format!("… and {more} more: --format json names all"));
    }
    if erasure.rows > 0 {
        lines.push(
            "quarantine/ may hold the beginnings of broken records, and other raw objects repeats of the same deliveries: `lakequery verify` counts those"
                .to_owned(),
        );
    }
    lines
}

/// The command that removes an object.
fn removal(lake: &Lake, key: &str) -> String {
    match lake.directory() {
        Some(directory) => format!("  rm {}", quoted(&directory.join(key).display().to_string())),
        None => format!("  aws s3 rm {}", quoted(&format!("{}{key}", lake.url()))),
    }
}

/// As a shell takes it for one word.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_quote_is_one_word() {
        assert_eq!(quoted("a b'; rm -r x"), r"'a b'\''; rm -r x'");
    }
}
