//! `lakequery sql`.

use std::fs;
use std::io::{self, Read as _};
use std::path::PathBuf;

use anyhow::Context as _;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt as _;
use octolake_engine::{Engine, EngineError};
use octolake_store::Lake;

use crate::cli::Globals;
use crate::exit::{Outcome, UsageError};
use crate::output::rows;
use crate::{memory, output};

/// Arguments of `sql`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// The statement; `-` reads it from stdin.
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    statement: Option<String>,
    /// Read the statement from this file.
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The most rows that are printed as a table or in Markdown; csv and json have all.
    #[arg(long, default_value_t = 1_000, value_name = "ROWS")]
    max_rows: usize,
    #[command(flatten)]
    memory: memory::MaxMemory,
}

const EXAMPLES: &str = "\
The table is `events`, one row per delivery; the views are `workflow_jobs` (one row per job and
attempt) and `pull_requests`. `describe events` lists the columns. Whatever has no column is in
`payload`: json_extract_scalar(payload, '$.workflow_job.head_sha'). Only statements that read run.

Examples:
  lakequery sql \"select event_type, count(*) as n from events group by 1 order by 2 desc\"
  lakequery sql \"select repo, count(*) as jobs from workflow_jobs where outcome = 'pending' group by 1\"
  lakequery sql -f report.sql --format csv > report.csv
  echo \"show tables\" | lakequery sql -";

/// Prints the answer of a statement.
///
/// # Errors
/// The statement may not run, cannot be planned, or fails.
pub async fn run(args: Args, globals: &Globals) -> anyhow::Result<Outcome> {
    let sql = statement(&args)?;
    let (lake, _told) = globals.open_lake_to_read()?;
    let _watch = memory::Watch::start(args.memory);
    let engine = Engine::open(&lake).await?;
    if let Some(reason) = engine.archive_because() {
        output::note_archive(globals, reason);
    }
    let stream = begun(&engine, &lake, &sql, globals).await?;
    let width = output::terminal_width();
    let left = rows::print(stream, globals.format, args.max_rows, width).await?;
    if left {
        let text = format!(
            "only the first {} rows are shown: --max-rows shows more, --format csv and json all",
            args.max_rows
        );
        output::note(globals, &text);
    }
    if engine.version().is_none() {
        let text = format!("hint: {} has no table yet: run `lakequery compact`", lake.name());
        output::note(globals, &text);
    }
    Ok(Outcome::Fine)
}

/// The rows of the answer, of which the first are known to come: where files of the projection cannot
/// be read, those of the table are.
async fn begun(
    engine: &Engine,
    lake: &Lake,
    sql: &str,
    globals: &Globals,
) -> anyhow::Result<SendableRecordBatchStream> {
    let mut stream = engine.stream(sql).await.map_err(as_usage)?;
    let first = stream.next().await.transpose().map_err(EngineError::Run);
    match first {
        Err(error) if engine.is_projected() && error.is_of_files() => {
            output::note_damage(globals, &error);
            Ok(Engine::open_archive(lake).await?.stream(sql).await.map_err(as_usage)?)
        }
        first => {
            let schema = stream.schema();
            let first = futures::stream::iter(first?.map(Ok));
            Ok(Box::pin(RecordBatchStreamAdapter::new(schema, first.chain(stream))))
        }
    }
}

fn statement(args: &Args) -> anyhow::Result<String> {
    if let Some(file) = &args.file {
        return fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()));
    }
    match args.statement.as_deref() {
        Some("-") | None => {
            let mut text = String::new();
            io::stdin()
                .read_to_string(&mut text)
                .context("cannot read the statement from stdin")?;
            Ok(text)
        }
        Some(text) => Ok(text.to_owned()),
    }
}

/// What is wrong with the text is wrong usage; what fails while running is a failure.
fn as_usage(error: EngineError) -> anyhow::Error {
    match error {
        EngineError::ReadOnly(_) => UsageError::new(error.to_string()).into(),
        EngineError::Plan(_) => UsageError::new(error.to_string())
            .hint("`describe events` lists the columns, `show tables` the tables and views")
            .into(),
        _ => error.into(),
    }
}
