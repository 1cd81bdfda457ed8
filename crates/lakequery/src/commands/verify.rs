//! `lakequery verify`.

use octolake_compactor::{Depth, Settings, Verdict, prove};

use crate::cli::Globals;
use crate::exit::Outcome;
use crate::output::{self, Align, Format, Grid};

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Read every byte of the table too, and hold each row against the record that it was made from.
    #[arg(long)]
    deep: bool,
}

/// Proves that nothing was lost and nothing doubled; exit code 3 where that cannot be proven.
///
/// # Errors
/// There is no lake, or it cannot be read.
pub async fn run(args: Args, globals: &Globals) -> anyhow::Result<Outcome> {
    let lake = globals.open_lake()?;
    let depth = if args.deep { Depth::Bytes } else { Depth::Ids };
    let Some(verdict) = prove(&lake, &Settings::default(), depth).await? else {
        let name = lake.name();
        output::note(globals, &format!("{name} has no table yet: run `lakequery compact` first"));
        return Ok(Outcome::GateFailed);
    };
    match globals.format {
        Format::Json => output::print_json(&verdict)?,
        format => {
            output::print_grid(&grid(&verdict), format)?;
            output::note(globals, &summary(&verdict));
        }
    }
    Ok(if verdict.holds { Outcome::Fine } else { Outcome::GateFailed })
}

fn grid(verdict: &Verdict) -> Grid {
    let mut grid =
        Grid::new([("holds", Align::Left), ("check", Align::Left), ("detail", Align::Left)]);
    for check in &verdict.checks {
        let holds = if check.holds { "yes" } else { "NO" };
        grid.push([holds, check.check, &check.detail]);
    }
    grid
}

fn summary(verdict: &Verdict) -> String {
    let Verdict { rows, objects, pending, .. } = verdict;
    let said = match verdict.holds {
        true => "nothing was lost and nothing doubled",
        false => "this lake is NOT to be trusted as it is",
    };
    format!("{said}: {rows} rows, {objects} raw objects read again, {pending} not compacted yet")
}
