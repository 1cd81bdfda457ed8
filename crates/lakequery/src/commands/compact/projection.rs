//! `lakequery compact --rebuild-projection`, and what an ordinary run says of the projection.

use octolake_compactor::{Projecting, Settings, Surroundings, reproject};
use octolake_store::Lake;
use uuid::Uuid;

use crate::cli::Globals;
use crate::exit::Outcome;
use crate::output::{self, Align, Format, Grid, size};

/// Makes the projection anew, and tells what it is then.
///
/// # Errors
/// The table or the store fails.
pub(super) async fn run(
    lake: &Lake,
    settings: &Settings,
    globals: &Globals,
) -> anyhow::Result<Outcome> {
    let bar = output::progress_bar(globals, 0, "{spinner} making the projection");
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    let clock = globals.clock();
    let on_progress = &mut |_: &_, _| {};
    let surroundings = Surroundings { run_id: Uuid::new_v4(), clock: &clock, on_progress };
    let made = reproject(lake, settings, surroundings).await;
    bar.finish_and_clear();
    let Some(made) = made? else {
        let name = lake.name();
        let text = format!("{name} has no table yet: `lakequery compact` makes it from raw/");
        output::note(globals, &text);
        return Ok(Outcome::Fine);
    };
    match globals.format {
        Format::Json | Format::Ndjson | Format::Parquet => output::print_json(&made)?,
        Format::Csv => output::print_grid(&figures(&made), Format::Csv)?,
        Format::Table | Format::Markdown => {
            let lines: Vec<String> = words(&made).into_iter().collect();
            output::print_text(&(lines.join("\n") + "\n"))?;
        }
    }
    if let Some(reason) = made.failed {
        anyhow::bail!("the projection could not be made: {reason}");
    }
    if !made.whole {
        output::note(globals, "it is not whole yet: the next `lakequery compact` goes on");
    }
    Ok(Outcome::Fine)
}

fn figures(made: &Projecting) -> Grid {
    let mut grid = Grid::new(
        ["version", "whole", "files_added", "bytes_written"].map(|name| (name, Align::Right)),
    );
    grid.push([
        made.version.map(|version| version.to_string()).unwrap_or_default(),
        made.whole.to_string(),
        made.files_added.to_string(),
        made.bytes_written.to_string(),
    ]);
    grid
}

/// What was done to the projection; nothing where nothing was.
pub(super) fn words(made: &Projecting) -> Option<String> {
    if let Some(reason) = &made.failed {
        return Some(format!("the projection is behind, and reports are slower for it: {reason}"));
    }
    let Projecting { files_added, bytes_written, version, whole, .. } = made;
    let version = version.filter(|_| *files_added > 0)?;
    let state = if *whole { "" } else { ", not whole yet" };
    Some(format!(
        "projection: {files_added} files written ({}), up to version {version}{state}",
        size(*bytes_written)
    ))
}
