//! `lakequery aws queue-peek`: the stack's queues, and what waits in one of them.

use std::time::Duration;

use chrono::SecondsFormat;
use octolake_aws::{Held, Message, Queue, find_queue, list_queues};
use serde::Serialize;
use serde_json::Value;

use super::At;
use crate::cli::Globals;
use crate::exit::Outcome;
use crate::output::{self, Align, Format, Grid};

/// How long messages are kept from others while they are looked at: given back before that, unless
/// this process is killed.
const HOLD: Duration = Duration::from_secs(60);
/// The most of a body that a table shows, in characters.
const SHOWN: usize = 80;

/// What the command does not say by itself.
const HELP: &str = "\
SQS has no look without a receive: messages are received, shown and given back, which their count of \
receives shows. Meanwhile, for a minute at most, nobody else gets them.";

/// Arguments of `aws queue-peek`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(super) struct Args {
    /// The queue, with or without the stack's name in front; without it, the queues are listed.
    queue: Option<String>,
    /// The most messages that are shown.
    #[arg(short = 'n', long, default_value_t = 10, value_name = "MESSAGES", requires = "queue",
        value_parser = clap::value_parser!(u16).range(1..=10_000))]
    number: u16,
    /// Delete the messages that are shown, for good, after they are printed.
    #[arg(long, requires = "queue")]
    delete: bool,
}

/// A message as it is printed.
#[derive(Debug, Serialize)]
struct Shown {
    id: String,
    sent_at: Option<String>,
    received: u64,
    attributes: Value,
    /// The body: JSON where it is some, else text.
    body: Value,
}

/// Lists the queues, or shows messages of one.
///
/// # Errors
/// There is no such stack or queue, or it may not be read.
pub(super) async fn run(args: Args, at: &At, globals: &Globals) -> anyhow::Result<Outcome> {
    let name = at.stack()?;
    let client = at.client(globals).await?;
    let queues = list_queues(&client, name).await?;
    let Some(queue) = &args.queue else {
        print_queues(&queues, globals.format)?;
        return Ok(Outcome::Fine);
    };
    let queue = find_queue(&queues, queue)?;
    let mut held = Held::new(&client, queue, HOLD);
    let taken = held.take(args.number.into(), usize::MAX).await;
    let printed = taken
        .map_err(anyhow::Error::from)
        .and_then(|_| print_messages(&held.messages, globals.format));
    // Only what was seen is deleted; the rest is given back, whatever happened.
    if printed.is_ok() && args.delete {
        let deleted = held.delete(|_| true).await?;
        output::note(globals, &format!("{deleted} messages of {} are deleted", queue.name));
    } else {
        let given_back = held.give_back().await;
        printed?;
        given_back?;
    }
    Ok(Outcome::Fine)
}

fn print_queues(queues: &[Queue], format: Format) -> anyhow::Result<()> {
    if format == Format::Json {
        return Ok(output::print_json(&queues)?);
    }
    let mut grid =
        Grid::new([("queue", Align::Left), ("messages", Align::Right), ("held", Align::Right)]);
    for queue in queues {
        grid.push([queue.queue.clone(), queue.messages.to_string(), queue.held.to_string()]);
    }
    output::print_grid(&grid, format)
}

fn print_messages(messages: &[Message], format: Format) -> anyhow::Result<()> {
    let shown: Vec<Shown> = messages.iter().map(Shown::of).collect();
    if format == Format::Json {
        return Ok(output::print_json(&shown)?);
    }
    let mut grid = Grid::new([
        ("sent", Align::Left),
        ("message", Align::Left),
        ("received", Align::Right),
        ("what", Align::Left),
        ("error", Align::Left),
    ]);
    for message in &shown {
        let sent = message.sent_at.clone().unwrap_or_default();
        let received = message.received.to_string();
        grid.push([sent, message.id.clone(), received, message.what(), message.error()]);
    }
    output::print_grid(&grid, format)
}

impl Shown {
    fn of(message: &Message) -> Self {
        let body = serde_json::from_str(&message.body);
        Self {
            id: message.id.clone(),
            sent_at: message.sent_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            received: message.received,
            attributes: message.attributes.iter().map(|(k, v)| (k.clone(), v.as_str())).collect(),
            body: body.unwrap_or_else(|_| Value::from(message.body.as_str())),
        }
    }

    /// What it is about: of an event its type and delivery, of a notice its object.
    fn what(&self) -> String {
        let text = |path: &str| self.body.pointer(path).and_then(Value::as_str);
        let about = text("/detail/_delivery/id").or_else(|| text("/detail/object/key"));
        match (text("/detail-type"), about) {
            (Some(kind), Some(about)) => format!("{kind} {about}"),
            (Some(kind), None) => kind.to_owned(),
            _ => match &self.body {
                Value::String(text) => text.chars().take(SHOWN).collect(),
                other => other.to_string().chars().take(SHOWN).collect(),
            },
        }
    }

    /// What EventBridge says of a dead letter.
    fn error(&self) -> String {
        let text = |name: &str| self.attributes.get(name).and_then(Value::as_str);
        [text("ERROR_CODE"), text("ERROR_MESSAGE")]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(": ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(body: &str) -> Shown {
        let attributes = json!({ "ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "no" });
        let body = serde_json::from_str(body).unwrap_or_else(|_| Value::from(body));
        Shown { id: "m".into(), sent_at: None, received: 1, attributes, body }
    }

    #[test]
    fn a_message_is_told_by_what_it_is_about() {
        for (body, what) in [
            (r#"{"detail-type":"push","detail":{"_delivery":{"id":"d"}}}"#, "push d"),
            (
                r#"{"detail-type":"Object Created","detail":{"object":{"key":"k"}}}"#,
                "Object Created k",
            ),
            (r#"{"detail-type":"push"}"#, "push"),
            (r#"{"requestContext":{"a":1}}"#, r#"{"requestContext":{"a":1}}"#),
            ("no JSON", "no JSON"),
        ] {
            assert_eq!(shown(body).what(), what);
        }
        assert_eq!(shown(&"x".repeat(500)).what(), "x".repeat(80));
        assert_eq!(shown("{}").error(), "NO_PERMISSIONS: no");
    }
}
