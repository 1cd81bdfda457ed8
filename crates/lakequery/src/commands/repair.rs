//! `lakequery repair`.

use octolake_compactor::{Repair, Settings, Surroundings, repair};
use uuid::Uuid;

use crate::cli::Globals;
use crate::exit::Outcome;
use crate::output::{self, Align, Format, Grid};

/// What happens to the rows.
const HELP: &str = "\
With --drop the next `lakequery compact` reads the raw objects of the days around each dropped file \
again: the rows come back as far as raw/ holds them, and nothing doubles. A file that can be had from \
a copy is better put back.";

/// Arguments of `repair`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// Take the broken files out of the table, and have their raw objects read again.
    #[arg(long, conflicts_with = "dry_run")]
    drop: bool,
    /// Only name them; so it is without --drop.
    #[arg(long)]
    dry_run: bool,
}

/// Names the files of the table that are missing or cannot be used, and drops them if told so.
///
/// # Errors
/// The table or the store fails.
pub async fn run(args: Args, globals: &Globals) -> anyhow::Result<Outcome> {
    let lake = globals.open_lake()?;
    let clock = globals.clock();
    let surroundings =
        Surroundings { run_id: Uuid::new_v4(), clock: &clock, on_progress: &mut |_, _| {} };
    let settings = Settings { dry_run: !args.drop, ..Settings::default() };
    let Some(repair) = repair(&lake, &settings, surroundings).await? else {
        let name = lake.name();
        output::note(globals, &format!("{name} has no table yet: run `lakequery compact` first"));
        return Ok(Outcome::GateFailed);
    };
    match globals.format {
        Format::Json => output::print_json(&repair)?,
        format => output::print_grid(&grid(&repair), format)?,
    }
    output::note(globals, &summary(&repair));
    let is_whole = repair.broken.is_empty() || repair.dropped;
    Ok(if is_whole { Outcome::Fine } else { Outcome::GateFailed })
}

fn grid(repair: &Repair) -> Grid {
    let mut grid = Grid::new([("file", Align::Left), ("reason", Align::Left)]);
    for file in &repair.broken {
        grid.push([&file.path, &file.reason]);
    }
    grid
}

fn summary(repair: &Repair) -> String {
    let (files, rows) = (repair.broken.len(), repair.rows);
    match (files, repair.dropped) {
        (0, _) => "every file that the table names is there".to_owned(),
        (_, false) => format!(
            "{files} files with {rows} rows cannot be read: put them back from a copy, or run `lakequery repair --drop` and `lakequery compact`"
        ),
        (_, true) => format!(
            "{files} files with {rows} rows are out of the table: run `lakequery compact`, which reads the raw objects of {} days again",
            repair.days.len()
        ),
    }
}
