//! `lakequery verify`.

use std::path::PathBuf;

use anyhow::bail;
use octolake_compactor::{CompactError, Depth, Proof, Reading, Settings, Verdict, prove_with};
use octolake_store::Lake;

use crate::cli::{Globals, stop_signal};
use crate::exit::Outcome;
use crate::output::{self, Align, Format, Grid};

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Read every byte of the table too, and hold each row against the record that it was made from.
    #[arg(long)]
    deep: bool,
    /// Keep what was read of raw/ in this directory until all is verified: a call that is stopped is
    /// gone on with by the next one.
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

/// Proves that nothing was lost and nothing doubled; exit code 3 where that cannot be proven.
///
/// # Errors
/// There is no lake, or it cannot be read.
pub async fn run(args: Args, globals: &Globals) -> anyhow::Result<Outcome> {
    let lake = globals.open_lake()?;
    let depth = if args.deep { Depth::Bytes } else { Depth::Ids };
    let proof = Proof { depth, scratch: args.scratch, ..Proof::default() };
    // What is waited for no longer goes, and its temporary directory with it.
    let verdict = tokio::select! {
        () = stop_signal()? => bail!("stopped{}", next_time(&proof)),
        verdict = with_progress(&lake, &proof, globals) => verdict?,
    };
    let Some(verdict) = verdict else {
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

fn next_time(proof: &Proof) -> &'static str {
    match proof.scratch {
        Some(_) => ": the same call goes on with what was read",
        None => ": with --scratch DIR, the next call would go on with what was read",
    }
}

async fn with_progress(
    lake: &Lake,
    proof: &Proof,
    globals: &Globals,
) -> Result<Option<Verdict>, CompactError> {
    let template =
        "{spinner} reading raw/ {bar:30} {bytes}/{total_bytes}, {msg} raw objects, {eta} left";
    let bar = output::progress_bar(globals, 0, template);
    let on_progress = &mut |reading: &Reading| {
        bar.set_length(reading.of_bytes);
        bar.set_position(reading.bytes);
        bar.set_message(format!("{}/{}", reading.objects, reading.of_objects));
    };
    let verdict = prove_with(lake, &Settings::default(), proof, on_progress).await;
    bar.finish_and_clear();
    verdict
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
