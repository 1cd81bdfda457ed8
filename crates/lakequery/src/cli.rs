//! What can be typed: the flags that every command takes, and the list of commands.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::builder::FalseyValueParser;
use clap::{ArgAction, Parser};
use octolake_store::{CacheSettings, Lake, LakeUrl, StoreError};
use tokio::signal::unix::{SignalKind, signal};

use crate::commands::Command;
use crate::output::{self, Format, clean};
use crate::traffic::Told;

/// GitHub's webhooks as a data lake that is yours, and reports that can be trusted.
#[derive(Debug, Parser)]
#[command(name = "lakequery", version, long_about = None, after_help = EXAMPLES)]
#[command(propagate_version = true, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  lakequery report queue-latency --by repo,label --since 7d
  lakequery report lead-time --by week --format markdown
  lakequery sql \"select event_type, count(*) as n from events group by 1 order by 2 desc\"
  LAKE_URL=s3://bucket/prefix lakequery status

Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 a gate (--slo, verify) does not hold.";

/// The flags that every command takes, before its name or behind it.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// The lake: a directory, or s3://bucket/prefix.
    #[arg(long, global = true, env = "LAKE_URL", default_value = "./lake", value_name = "LAKE")]
    pub lake: LakeUrl,
    /// How results are printed.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// In csv, put ' before cells that a spreadsheet would run as formulas.
    #[arg(long, global = true)]
    pub csv_safe: bool,
    /// In report and sql, keep nothing of a lake on S3 on this machine, and read nothing that was
    /// kept.
    #[arg(long, global = true, env = "LAKE_NO_CACHE", value_parser = FalseyValueParser::new())]
    pub no_cache: bool,
    /// Say more about what is done, on stderr; twice for more.
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Say nothing on stderr but errors.
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

impl Globals {
    /// Opens the lake, which must be there.
    ///
    /// # Errors
    /// There is no lake at that place, or it cannot be used.
    pub fn open_lake(&self) -> Result<Lake, StoreError> {
        Lake::open(&self.lake)
    }

    /// Opens the lake, which must be there, for a command that only reads it: what never changes is
    /// kept on this machine, unless that is not wanted. Keep what tells the lake's traffic as long
    /// as the lake is used.
    ///
    /// # Errors
    /// There is no lake at that place, or it cannot be used.
    pub fn open_lake_to_read(&self) -> Result<(Lake, Told), StoreError> {
        let lake = self.open_lake()?;
        let lake = match self.no_cache {
            true => lake,
            false => lake.cached(CacheSettings::new(cache_folder())),
        };
        let told = Told::of(&lake);
        Ok((lake, told))
    }

    /// The time of day, read from the clock: below a command's `run`, time is an argument.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the shell's one place to read the clock"
    )]
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

impl Globals {
    /// The clock, for what runs long enough to look at it more than once.
    pub fn clock(&self) -> impl Fn() -> DateTime<Utc> + Send + Sync + 'static {
        let globals = self.clone();
        move || globals.now()
    }
}

/// Where this user's caches of lakes are; `None` where there is no home.
#[expect(clippy::disallowed_methods, reason = "this is the shell's one place to look for it")]
fn cache_folder() -> Option<PathBuf> {
    // The specification has a path that is not absolute ignored.
    let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let caches = named.filter(|path| path.is_absolute()).or_else(|| {
        let home = std::env::home_dir().filter(|path| path.is_absolute());
        home.map(|home| home.join(".cache"))
    });
    caches.map(|caches| caches.join("octolake/lakes"))
}

/// What was typed; ends the process where it is wrong, or asks for help.
pub fn parse() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| {
        let typed = |c: char| std::env::args_os().any(|arg| arg.to_string_lossy().contains(c));
        if clean::is_safe_but_for_colours(&error.render().ansi().to_string()) && !typed('\u{1b}') {
            error.exit();
        }
        // What is quoted would drive the terminal: cleaned, then, and without colours.
        output::say(error.to_string().trim_end());
        std::process::exit(error.exit_code())
    })
}

/// A span of time as it is typed: `90s`, `15m`, `6h`, `7d`.
///
/// # Errors
/// It is none, or it is zero.
pub fn duration(text: &str) -> Result<Duration, String> {
    octolake_reports::parse_duration(text)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "no span of time: write one like 90s, 15m or 6h".to_owned())
}

/// Ends at the first SIGTERM or SIGINT after this call.
///
/// # Errors
/// The system gives no signals.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_cache_is_used_unless_that_is_refused() {
        for (args, refused) in
            [(["lakequery", "status", "-q"], false), (["lakequery", "status", "--no-cache"], true)]
        {
            assert_eq!(Cli::try_parse_from(args).unwrap().globals.no_cache, refused);
        }
    }

    #[test]
    fn global_flags_stand_before_and_behind_the_command() {
        for args in [
            ["lakequery", "--lake", "s3://b/p", "--format", "json", "status"],
            ["lakequery", "status", "--format", "json", "--lake", "s3://b/p"],
        ] {
            let cli = Cli::try_parse_from(args).unwrap();
            assert_eq!(cli.globals.format, Format::Json);
            assert_eq!(cli.globals.lake, LakeUrl::S3 { bucket: "b".into(), prefix: "p".into() });
        }
    }
}
