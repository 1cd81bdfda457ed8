//! `lakequery aws redrive`: what could not be delivered, put back.

use std::time::Duration;

use octolake_aws::{Bucket, Redrive, Redriven, Source, Stack, list_queues};

use super::At;
use crate::cli::{Globals, duration};
use crate::exit::{Outcome, UsageError};
use crate::output::{self, Align, Format, Grid};

/// What the command does not say by itself.
const HELP: &str = "\
raw-dead-letters and raw-errors become raw objects of this hour, which the next compaction takes. A \
route's dead letters go to its target, and to no other rule; where the rule makes something else of an \
event, or only EventBridge can call the target, they go back on the bus, and every rule that they \
match gets them: consumers tell them by detail._delivery.id. Each piece is put first and deleted after, \
so nothing is lost if this is killed; what comes twice the lake stores once. Of the compactor's dead \
letters there is nothing to put back: its next run does what the failed one did not.";

/// Arguments of `aws redrive`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(super) struct Args {
    /// Only from here: raw-dead-letters, raw-errors, or a route's name.
    #[arg(value_name = "FROM")]
    from: Vec<String>,
    /// Tell how many wait, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// How long messages that were taken are kept from others: if this is killed, they are back
    /// after that time.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    hold: Duration,
}

/// Puts back what waits.
///
/// # Errors
/// There is no such stack or source; something cannot be read or put, or is left because it is no
/// event.
pub(super) async fn run(args: Args, at: &At, globals: &Globals) -> anyhow::Result<Outcome> {
    let name = at.stack()?;
    let client = at.client(globals).await?;
    let stack = Stack::find(&client, name).await?;
    let sources = Source::of(&stack, &list_queues(&client, name).await?);
    let sources = args.chosen(sources)?;
    let bucket = Bucket::of(&stack).await?;
    let redrive =
        Redrive { stack: &stack, bucket: &bucket, hold: args.hold, dry_run: args.dry_run };
    let (mut all, mut failures) = (Vec::new(), Vec::new());
    for source in &sources {
        match redrive.run(source).await {
            Ok(redriven) => all.push(redriven),
            // The others may be put back all the same.
            Err(error) => {
                failures.push(anyhow::Error::from(error).context(source.name().to_owned()))
            }
        }
    }
    print(&all, globals.format)?;
    explain(&all, &args, globals);
    if failures.len() > 1 {
        for failure in failures.iter().skip(1) {
            output::complain(&format!("error: {failure:#}"));
        }
    }
    if let Some(failure) = failures.into_iter().next() {
        return Err(failure);
    }
    let left: usize = all.iter().map(|redriven| redriven.left.len()).sum();
    anyhow::ensure!(left == 0, "{left} could not be put back, and are where they were");
    Ok(Outcome::Fine)
}

impl Args {
    /// The sources that are meant; all of them where none is named.
    fn chosen(&self, sources: Vec<Source>) -> Result<Vec<Source>, UsageError> {
        let names: Vec<String> = sources.iter().map(|source| source.name().to_owned()).collect();
        if let Some(unknown) = self.from.iter().find(|from| !names.contains(from)) {
            return Err(UsageError::new(format!("there is nothing to put back from {unknown:?}"))
                .hint(format!("there are {}", names.join(", "))));
        }
        let is_meant = |source: &Source| {
            self.from.is_empty() || self.from.iter().any(|from| from == source.name())
        };
        Ok(sources.into_iter().filter(is_meant).collect())
    }
}

fn explain(all: &[Redriven], args: &Args, globals: &Globals) {
    for redriven in all {
        let source = &redriven.source;
        for left in &redriven.left {
            output::complain(&format!("{source}: {} is left: {}", left.what, left.why));
        }
        if redriven.held > 0 {
            let (held, after) = (redriven.held, args.hold.as_secs());
            output::note(
                globals,
                &format!(
                    "{source}: {held} messages were held by another reader, or a run that was killed: run this again in {after} s"
                ),
            );
        }
    }
    let into_raw = all.iter().flat_map(|it| &it.into).any(|place| place.contains("raw/"));
    if into_raw {
        output::note(globals, "the next compaction takes the new raw objects");
    }
}

fn print(all: &[Redriven], format: Format) -> anyhow::Result<()> {
    if format == Format::Json {
        return Ok(output::print_json(&all)?);
    }
    let mut grid = Grid::new([
        ("from", Align::Left),
        ("found", Align::Right),
        ("events put back", Align::Right),
        ("left", Align::Right),
        ("held", Align::Right),
    ]);
    for it in all {
        let numbers = [it.found, it.events, it.left.len() as u64, it.held];
        let cells = std::iter::once(it.source.clone());
        grid.push(cells.chain(numbers.map(|number| number.to_string())));
    }
    output::print_grid(&grid, format)
}
