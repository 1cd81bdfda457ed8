//! The commands, one file each.
//!
//! A command's file `commands/<name>.rs` has two public items:
//!
//! ```text
//! /// One line that `lakequery --help` shows.
//! #[derive(Debug, clap::Args)]
//! pub struct Args { … }
//!
//! /// What it does. Results by `crate::output`, everything else by `output::note`.
//! pub async fn run(args: Args, globals: &Globals) -> anyhow::Result<Outcome>
//! ```
//!
//! It is an error's `exit::UsageError` that makes the exit code 2, and `Outcome::GateFailed` 3.
//! To add one: its `mod` line, its line in [`Command`], its line in [`Command::run`].

use octolake_store::Lake;

use crate::cli::Globals;
use crate::exit::{Outcome, UsageError};
use crate::logging::Manner;
use crate::output::Format;

pub mod aws;
pub mod compact;
pub mod demo;
pub mod erase;
pub mod quarantine;
pub mod repair;
pub mod report;
pub mod send;
pub mod serve;
pub mod sql;
pub mod status;
pub mod verify;

/// What `lakequery` can do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Simulate an organisation and show everything on it, from its webhooks to the reports.
    Demo(demo::Args),
    /// Take deliveries of GitHub's webhooks on this machine.
    Serve(serve::Args),
    /// Sign payloads and deliver them to an endpoint.
    Send(send::Args),
    /// Take what arrived into the table: each delivery once.
    Compact(compact::Args),
    /// Look at the records that could not be read.
    Quarantine(quarantine::Args),
    /// Print a report: how long jobs wait, how long pull requests take, how many there are.
    Report(report::Args),
    /// Run SQL over the lake; only what reads.
    Sql(sql::Args),
    /// Show how fresh and how large the lake is, and what is not compacted yet.
    Status(status::Args),
    /// Prove that nothing was lost and nothing doubled.
    Verify(verify::Args),
    /// Find files of the table that are missing or broken, and have their rows made again.
    Repair(repair::Args),
    /// Take a person's, a repository's or one delivery out of the lake, for good.
    Erase(erase::Args),
    /// Look after a stack on AWS: logs, queues, replays, redrives, the webhook secret.
    Aws(aws::Args),
}

impl Command {
    /// How it runs, and so how it logs.
    pub fn manner(&self) -> Manner {
        match self {
            Self::Serve(_) => Manner::Server,
            Self::Demo(_) => Manner::Demo,
            Self::Compact(args) if args.is_repeated() => Manner::Service,
            _ => Manner::Command,
        }
    }

    /// Runs the command.
    ///
    /// # Errors
    /// It cannot be done (exit code 1), or not as asked (a [`crate::exit::UsageError`], 2).
    pub async fn run(self, globals: &Globals) -> anyhow::Result<Outcome> {
        let gives_rows = matches!(self, Self::Report(_) | Self::Sql(_));
        if matches!(globals.format, Format::Ndjson | Format::Parquet) && !gives_rows {
            let error = UsageError::new("ndjson and parquet are formats of `report` and `sql`");
            return Err(error.hint("--format json is for every command").into());
        }
        match self {
            Self::Demo(args) => demo::run(args, globals).await,
            Self::Serve(args) => serve::run(args, globals).await,
            Self::Send(args) => send::run(args, globals).await,
            Self::Compact(args) => compact::run(args, globals).await,
            Self::Quarantine(args) => quarantine::run(args, globals).await,
            Self::Report(args) => report::run(args, globals).await,
            Self::Sql(args) => sql::run(args, globals).await,
            Self::Status(args) => status::run(args, globals).await,
            Self::Verify(args) => verify::run(args, globals).await,
            Self::Repair(args) => repair::run(args, globals).await,
            Self::Erase(args) => erase::run(args, globals).await,
            Self::Aws(args) => aws::run(args, globals).await,
        }
    }
}

/// What is made in a lake is for its owner alone; what was there before may be open to others.
pub(crate) fn warn_if_open(lake: &Lake) {
    if lake.is_open_to_others() {
        let lake = lake.name();
        tracing::warn!(
            lake,
            "other users of this machine may look into the lake: `chmod -R go= {lake}` keeps deliveries private"
        );
    }
}
