//! `lakequery aws replay`: what the archive holds, put on the bus once more, and waited for.

use chrono::{DateTime, SecondsFormat, Utc};
use octolake_aws::{Archive, Replay, ReplayState, Rule, Stack, rules};
use octolake_reports::{Window, Zone};
use serde::Serialize;

use super::At;
use crate::cli::Globals;
use crate::exit::{Outcome, UsageError};
use crate::output::{self, Format};

/// What the command does not say by itself.
const HELP: &str = "\
The lake stores each delivery once, so a replay changes nothing there; other consumers get the events \
again and tell them by detail._delivery.id. AWS bills a replayed event like a new one: 1.00 dollar a \
million. An event is in the archive some ten minutes after it arrived.";

/// Arguments of `aws replay`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(super) struct Args {
    /// Events that arrived from this time on: 24h, 2026-03-02, 2026-03-02T10:00 (UTC), …
    #[arg(long, value_name = "TIME")]
    since: String,
    /// Events that arrived before this time.
    #[arg(long, value_name = "TIME", default_value = "now")]
    until: String,
    /// Only to this route, or to the rule of this name: the others do not see the events.
    #[arg(long, value_name = "NAME")]
    route: Option<String>,
    /// Do not wait for the end.
    #[arg(long)]
    no_wait: bool,
}

/// What is printed in the end.
#[derive(Debug, Serialize)]
struct Told {
    #[serde(flatten)]
    state: ReplayState,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    /// The one rule that got the events.
    rule: Option<String>,
}

/// Starts a replay, and waits for its end.
///
/// # Errors
/// There is no such stack, archive or route; AWS refuses the replay, or it fails.
pub(super) async fn run(args: Args, at: &At, globals: &Globals) -> anyhow::Result<Outcome> {
    let name = at.stack()?;
    let (since, until) = args.window(globals.now())?;
    let client = at.client(globals).await?;
    let stack = Stack::find(&client, name).await?;
    let archive = Archive::find(&stack).await?;
    let rule = match &args.route {
        Some(route) => Some(Rule::of_route(&rules(&stack).await?, &stack, route)?),
        None => None,
    };
    let replay = Replay {
        name: format!("{name}-{}", globals.now().format("%Y%m%d-%H%M%S-%3f")),
        since,
        until,
        rule,
    };
    say_what_it_costs(&archive, &replay, globals);
    archive.start(&stack, &replay).await?;
    let state = match args.no_wait {
        true => replay.look(&stack).await?,
        false => wait(&replay, &stack, globals).await?,
    };
    let failed = !state.is_going_on() && !state.is_complete();
    let why = state.reason.clone().unwrap_or_else(|| "no reason is given".to_owned());
    let word = state.state.clone();
    let rule = replay.rule.as_ref().map(|rule| rule.name.clone());
    print(&Told { state, since, until, rule }, globals.format)?;
    anyhow::ensure!(!failed, "the replay {} ended as {word}: {why}", replay.name);
    Ok(Outcome::Fine)
}

impl Args {
    fn window(&self, now: DateTime<Utc>) -> Result<(DateTime<Utc>, DateTime<Utc>), UsageError> {
        let utc = Zone(chrono_tz::UTC);
        let window = Window::parse(Some(&self.since), Some(&self.until), utc, now)
            .map_err(|error| UsageError::new(error.to_string()))?;
        // The archive takes no end in the future.
        let (since, until) = (window.since.unwrap_or(now), window.until.unwrap_or(now).min(now));
        match since < until {
            true => Ok((since, until)),
            false => Err(UsageError::new(format!("--since {since} is not in the past"))
                .hint("the archive holds what arrived before now")),
        }
    }
}

fn say_what_it_costs(archive: &Archive, replay: &Replay, globals: &Globals) {
    let to = match &replay.rule {
        Some(rule) => format!("the rule {}", rule.name),
        None => "every rule of the bus".to_owned(),
    };
    let Archive { name, events, bytes, .. } = archive;
    let text = format!(
        "the archive {name} holds {events} events in all ({}); those of the window go to {to}, at 1.00 dollar a million; the lake stores each delivery once",
        output::size(*bytes)
    );
    output::note(globals, &text);
    let text = format!("{} goes on at AWS if this is stopped", replay.name);
    output::note(globals, &text);
}

async fn wait(
    replay: &Replay,
    stack: &Stack<'_>,
    globals: &Globals,
) -> anyhow::Result<ReplayState> {
    let length = (replay.until - replay.since).num_seconds().unsigned_abs();
    let bar = output::progress_bar(globals, length, "{msg} [{bar:30}] {percent} % {elapsed}");
    let state = replay.wait(stack, |state| {
        bar.set_message(state.state.to_lowercase());
        if let Some(reached) = state.reached {
            bar.set_position((reached - replay.since).num_seconds().max(0).unsigned_abs());
        }
    });
    let state = state.await;
    bar.finish_and_clear();
    Ok(state?)
}

fn print(told: &Told, format: Format) -> anyhow::Result<()> {
    if format == Format::Json {
        return Ok(output::print_json(told)?);
    }
    let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut grid = output::Grid::new(
        ["replay", "state", "since", "until", "rule"].map(|name| (name, output::Align::Left)),
    );
    let rule = told.rule.clone().unwrap_or_else(|| "all".to_owned());
    let ReplayState { replay, state, .. } = &told.state;
    grid.push([replay.clone(), state.clone(), text(told.since), text(told.until), rule]);
    output::print_grid(&grid, format)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(since: &str, until: &str) -> Result<(DateTime<Utc>, DateTime<Utc>), UsageError> {
        let args = Args { since: since.into(), until: until.into(), route: None, no_wait: false };
        args.window("2026-03-02T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn the_window_ends_now_at_the_latest() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (since, until) = window("1h", "now").unwrap();
        assert_eq!((since, until), (at("2026-03-02T09:00:00Z"), at("2026-03-02T10:00:00Z")));
        assert_eq!(window("1h", "2026-03-05").unwrap().1, at("2026-03-02T10:00:00Z"));
        for (since, until) in [("2026-03-03", "now"), ("2026-03-03", "2026-03-05"), ("soon", "now")]
        {
            assert!(window(since, until).is_err(), "{since} {until}");
        }
    }
}
