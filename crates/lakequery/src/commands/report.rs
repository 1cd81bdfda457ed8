//! `lakequery report`.

mod asked;
mod explain;
mod filters;
mod list;
mod waiting;

use octolake_engine::{Engine, EngineError, SqlEngine as _};
use octolake_lake::Table;
use octolake_output::{Json, Sheet, gates, notes, write_json_lines};
use octolake_reports::{Answer, Question, Table as Rows};
use octolake_store::Lake;

use self::asked::Asked;
use crate::ask::{Known, ask, reached};
use crate::cli::Globals;
use crate::exit::Outcome;
use crate::memory::Watch;
use crate::output::{self, Format};

pub use asked::Args;

/// Prints a report.
///
/// # Errors
/// Something that is asked for cannot be, or the lake cannot be read.
pub async fn run(args: Args, globals: &Globals) -> anyhow::Result<Outcome> {
    if args.list {
        return list::print(globals.format);
    }
    let args_memory = args.memory;
    let asked = args.asked(globals.now())?;
    if asked.explain {
        return explain::print(&asked.question, globals.format);
    }
    let (lake, _told) = globals.open_lake_to_read()?;
    let _watch = Watch::start(args_memory);
    let (mut engine, known) = engine(&asked, &lake, globals).await?;
    if engine.version().is_none() {
        if !asked.question.slos.is_empty() && !octolake_lake::is_lake(&lake).await? {
            anyhow::bail!("{} is no lake: nothing ever arrived there", lake.name());
        }
        if !asked.fresh {
            let text = format!("hint: {} has no table yet: run `lakequery compact`", lake.name());
            output::note(globals, &text);
        }
    }
    if let Some(reason) = engine.archive_because() {
        output::note_archive(globals, reason);
    }
    if let Some(rows) = asked.drill {
        let mut drilled = things(&asked.question, rows, &engine).await;
        if is_damaged(&drilled, &engine, globals) {
            drilled = things(&asked.question, rows, &Engine::open_archive(&lake).await?).await;
        }
        return drill(&drilled?, rows, globals);
    }
    // With --fresh it is known by now what waits; else it is looked for beside the query.
    let told = async {
        match known {
            Some(known) => known.backlog_objects,
            None => waiting::count(&lake).await,
        }
    };
    let answer = ask(&asked.question, &engine, known.unwrap_or_default(), asked.compares);
    let (mut answer, told) = tokio::join!(answer, told);
    if is_damaged(&answer, &engine, globals) {
        engine = Engine::open_archive(&lake).await?;
        answer = ask(&asked.question, &engine, known.unwrap_or_default(), asked.compares).await;
    }
    let mut answer = answer?;
    answer.freshness.backlog_objects = told;
    answer.settle_gates(asked.empty);
    print(&asked, &answer, globals)?;
    for sentence in gates(&asked.question, &answer) {
        output::complain(&format!("slo: {sentence}"));
    }
    let holds = answer.gates.iter().all(octolake_reports::Gate::holds);
    Ok(if holds { Outcome::Fine } else { Outcome::GateFailed })
}

/// An engine over the lake; with `--fresh` over what waits too, as of the version of the table that
/// tells what waits, and what is known of that then.
async fn engine(
    asked: &Asked,
    lake: &Lake,
    globals: &Globals,
) -> anyhow::Result<(Engine, Option<Known>)> {
    if !asked.fresh {
        return Ok((Engine::open(lake).await?, None));
    }
    let mut table = Table::open(lake).await?;
    let view = table.as_ref().map(Table::view).transpose()?;
    let fresh = octolake_compactor::fresh(lake, table.as_mut(), globals.now()).await?;
    waiting::tell(&fresh, globals);
    let known = waiting::known(&fresh);
    Ok((Engine::of(lake, view, waiting::rows(fresh))?, Some(known)))
}

fn print(asked: &Asked, answer: &Answer, globals: &Globals) -> anyhow::Result<()> {
    let question = &asked.question;
    let sheet = Sheet::of(question, answer, output::has_room_for_pictures());
    let notes = notes(question, answer);
    if globals.format == Format::Json {
        return Ok(Json(question, answer).write(&mut output::stdout(Format::Json))?);
    }
    let beside = print_sheet(&sheet, globals.format)?;
    if beside {
        notes.iter().for_each(|note| output::note(globals, note));
        return Ok(());
    }
    if globals.format != Format::Markdown {
        return Ok(output::print_sentences(&notes)?);
    }
    // In Markdown a line ends where two blanks say so.
    let text = notes.iter().fold("\n".to_owned(), |text, note| text + note + "  \n");
    Ok(output::print_text(&text)?)
}

/// Prints rows; whether what is said of them has to stand elsewhere, since programs read the rows.
fn print_sheet(sheet: &Sheet<'_>, format: Format) -> anyhow::Result<bool> {
    match format {
        Format::Table | Format::Markdown => {
            if sheet.len() > output::LONG {
                output::print_long(sheet, format)?;
            } else {
                output::print_grid(&sheet.grid(false), format)?;
            }
            return Ok(false);
        }
        Format::Csv => output::print_csv(sheet)?,
        Format::Ndjson | Format::Json => write_json_lines(sheet, &mut output::stdout(format))?,
        Format::Parquet => output::write_parquet(sheet, output::binary_stdout()?)?,
    }
    Ok(true)
}

/// Whether there is no answer because files of the projection cannot be read: that is said then.
fn is_damaged<T>(answer: &anyhow::Result<T>, engine: &Engine, globals: &Globals) -> bool {
    let Err(error) = answer else { return false };
    let error = error.downcast_ref::<EngineError>();
    let error = error.filter(|error| engine.is_projected() && error.is_of_files());
    if let Some(error) = error {
        output::note_damage(globals, error);
    }
    error.is_some()
}

/// The things behind a report's figures.
async fn things(question: &Question, rows: usize, engine: &Engine) -> anyhow::Result<Rows> {
    let question = &reached(question, engine).await?;
    Ok(engine.run(&question.drill_sql(rows)).await?)
}

fn drill(table: &Rows, rows: usize, globals: &Globals) -> anyhow::Result<Outcome> {
    let sheet = Sheet::of_table(table);
    if globals.format == Format::Json {
        output::print_json(&sheet)?;
    } else {
        print_sheet(&sheet, globals.format)?;
    }
    if table.rows.len() == rows {
        let text = format!("the {rows} with the largest values: --drill=N shows more");
        output::note(globals, &text);
    }
    Ok(Outcome::Fine)
}
