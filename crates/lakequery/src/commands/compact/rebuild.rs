//! `lakequery compact --rebuild`.

use octolake_compactor::{Comparison, Rebuild, Report, Settings, Surroundings, rebuild};
use octolake_event::layout;
use octolake_store::Lake;
use uuid::Uuid;

use crate::cli::Globals;
use crate::exit::Outcome;
use crate::output::{self, Align, Format, Grid};
use octolake_reports::human;

/// Makes the table anew, and tells how it compares.
///
/// # Errors
/// A raw object, the table or the store fails, or `raw/` does not cover what the table holds.
pub(super) async fn run(
    lake: &Lake,
    settings: &Settings,
    globals: &Globals,
) -> anyhow::Result<Outcome> {
    let template =
        "{spinner} reading all of raw/ {bar:30} {pos}/{len} raw objects, {msg}, {eta} left";
    let bar = output::progress_bar(globals, 0, template);
    let on_progress = &mut |report: &Report, pending| {
        bar.set_length(report.objects + pending);
        bar.set_position(report.objects);
        bar.set_message(format!("{} rows", report.stored));
    };
    let clock = globals.clock();
    let surroundings = Surroundings { run_id: Uuid::new_v4(), clock: &clock, on_progress };
    let outcome = rebuild(lake, settings, surroundings).await;
    bar.finish_and_clear();
    let Some(outcome) = outcome? else {
        let name = lake.name();
        output::note(
            globals,
            &format!("{name} has no table yet: `lakequery compact` makes it from raw/"),
        );
        return Ok(Outcome::Fine);
    };
    print(&outcome, globals.format)?;
    outcome.compaction.check()?;
    Ok(Outcome::Fine)
}

fn print(outcome: &Rebuild, format: Format) -> anyhow::Result<()> {
    match format {
        Format::Json | Format::Ndjson | Format::Parquet => output::print_json(outcome)?,
        Format::Csv => output::print_grid(&figures(outcome), Format::Csv)?,
        Format::Table | Format::Markdown => output::print_text(&words(outcome))?,
    }
    Ok(())
}

fn figures(outcome: &Rebuild) -> Grid {
    let Comparison { same, changed, only_old, only_new, unreadable, .. } =
        outcome.comparison.clone().unwrap_or_default();
    let columns = [
        ("same", same.to_string()),
        ("changed", changed.to_string()),
        ("only_old", only_old.to_string()),
        ("only_new", only_new.to_string()),
        ("unreadable", unreadable.to_string()),
        ("swapped", outcome.swapped.to_string()),
    ];
    let mut grid = Grid::new(columns.iter().map(|(name, _)| (*name, Align::Right)));
    grid.push(columns.iter().map(|(_, value)| value.clone()));
    grid
}

fn words(outcome: &Rebuild) -> String {
    let Report { read, objects, objects_left, .. } = outcome.compaction;
    let mut lines = vec![format!("{read} records in {objects} raw objects read again")];
    match &outcome.comparison {
        None if objects_left > 0 => {
            lines.push(format!("{objects_left} raw objects are left: call it again to go on"));
        }
        None => lines.push("some raw objects could not be read: nothing was compared".to_owned()),
        Some(comparison) => lines.extend(compared(comparison)),
    }
    lines.push(match (outcome.comparison.is_some(), outcome.swapped) {
        (true, true) => format!("the new table is in use: {} files", outcome.files),
        (true, false) => format!(
            "nothing was changed: this was a dry run; what was built is in {}/, for the next call",
            layout::REBUILD
        ),
        (false, _) => "the table is as it was".to_owned(),
    });
    lines.push(format!("took {}", human(outcome.seconds)));
    lines.join("\n") + "\n"
}

fn compared(comparison: &Comparison) -> Vec<String> {
    let Comparison { same, changed, only_new, unreadable, examples, .. } = comparison;
    let mut lines =
        vec![format!("{same} rows are the same, {changed} changed, {only_new} are new")];
    if *unreadable > 0 {
        lines.push(format!("{unreadable} rows of the old table could not be read any more"));
    }
    if !examples.is_empty() {
        lines.push(format!("among those that differ: {}", examples.join(", ")));
    }
    lines
}
