//! `lakequery aws logs`: what the functions log, a line for each record, in the order of their times.

use std::io::Write as _;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::ValueEnum;
use octolake_aws::{Client, LogLine, Logs, StackName};
use octolake_reports::{Window, Zone};
use serde_json::{Map, Value, json};

use super::At;
use crate::cli::{Globals, stop_signal};
use crate::exit::{Outcome, UsageError};
use crate::output::{self, Format, clean};

/// The pause between two looks with `--follow`.
const PAUSE: Duration = Duration::from_secs(2);
/// Members of a record that stand in front of the others, or say what the line says anyway.
const IN_FRONT: [&str; 4] = ["timestamp", "time", "level", "message"];

/// Which members of a record are metrics: for CloudWatch, whose values stand beside it.
const METRICS: &str = "_aws";

/// Arguments of `aws logs`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only this function's log.
    #[arg(long, value_enum)]
    function: Option<Function>,
    /// From this time on: 10m, 24h, 2026-03-02, 2026-03-02T10:00 (UTC), …
    #[arg(long, default_value = "10m", value_name = "TIME")]
    since: String,
    /// Only lines that this pattern of CloudWatch's lets through: ERROR, "not taken",
    /// { $.level = "WARN" }.
    #[arg(long, value_name = "PATTERN")]
    filter: Option<String>,
    /// Go on with what is logged from now on, until Ctrl-C.
    #[arg(short, long)]
    follow: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Function {
    Ingest,
    Compactor,
}

impl Function {
    fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Compactor => "compactor",
        }
    }
}

/// Prints the lines.
///
/// # Errors
/// There is no such stack, or its logs may not be read.
pub(super) async fn run(args: Args, at: &At, globals: &Globals) -> anyhow::Result<Outcome> {
    let name = at.stack()?;
    if !matches!(globals.format, Format::Table | Format::Json) {
        let error = UsageError::new("a log is lines, and no table");
        return Err(error.hint("--format json has an object on each line").into());
    }
    let since = args.since(globals)?;
    let client = at.client(globals).await?;
    let mut logs = args.logs(&client, name, since);
    let stopped = stop_signal()?;
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            told = tell(&mut logs, globals.format) => told?,
            () = &mut stopped => return Ok(Outcome::Fine),
        }
        if !args.follow {
            return Ok(Outcome::Fine);
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = &mut stopped => return Ok(Outcome::Fine),
        }
        for (_, log) in &mut logs {
            log.look_again();
        }
    }
}

impl Args {
    fn since(&self, globals: &Globals) -> Result<DateTime<Utc>, UsageError> {
        let utc = Zone(chrono_tz::UTC);
        let now = globals.now();
        let window = Window::parse(Some(&self.since), None, utc, now);
        let window = window.map_err(|error| UsageError::new(format!("--since: {error}")))?;
        Ok(window.since.unwrap_or(now))
    }

    fn logs<'c>(
        &self,
        client: &'c Client,
        stack: &StackName,
        since: DateTime<Utc>,
    ) -> Vec<(Function, Logs<'c>)> {
        let all = [Function::Ingest, Function::Compactor];
        let wanted = all.into_iter().filter(|it| self.function.is_none_or(|only| only == *it));
        let log = |it: Function| Logs::new(client, stack, it.name(), self.filter.clone(), since);
        wanted.map(|function| (function, log(function))).collect()
    }
}

/// Prints what there is now, of all functions by time: of each log only a page is held.
async fn tell(logs: &mut [(Function, Logs<'_>)], format: Format) -> anyhow::Result<()> {
    loop {
        let mut earliest: Option<(DateTime<Utc>, usize)> = None;
        for (index, (_, log)) in logs.iter_mut().enumerate() {
            if let Some(at) = log.next_at().await?
                && earliest.is_none_or(|(other, _)| at < other)
            {
                earliest = Some((at, index));
            }
        }
        let Some((function, log)) = earliest.and_then(|(_, index)| logs.get_mut(index)) else {
            return Ok(());
        };
        if let Some(line) = log.pop() {
            print(*function, &line, format)?;
        }
    }
}

/// One line, at once: with `--follow` somebody waits for it.
fn print(function: Function, line: &LogLine, format: Format) -> anyhow::Result<()> {
    let text = match format {
        Format::Json => as_json(function, line).to_string(),
        _ => clean::line(&pretty(function, line)).into_owned(),
    };
    let mut out = output::stdout(format);
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

fn record(line: &LogLine) -> Option<Map<String, Value>> {
    serde_json::from_str(&line.message).ok()
}

fn as_json(function: Function, line: &LogLine) -> Value {
    let at = line.at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let record = record(line).map_or_else(|| Value::from(line.message.as_str()), Value::Object);
    json!({ "at": at, "function": function.name(), "record": record })
}

/// `2026-03-02T08:00:00.123Z ingest INFO answered delivery=… status=202`; what is no JSON as it is.
fn pretty(function: Function, line: &LogLine) -> String {
    let at = line.at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let name = function.name();
    let Some(record) = record(line) else {
        return format!("{at} {name} {}", line.message.trim_end());
    };
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    // Lambda's own records have a type in place of a message.
    let level = text("level").unwrap_or("INFO");
    let mut pretty = format!("{at} {name} {level}");
    let in_place = if text("message").is_some() { "message" } else { "type" };
    if let Some(message) = text(in_place) {
        pretty.push(' ');
        pretty.push_str(message);
    }
    for (name, value) in &record {
        let is_told = IN_FRONT.contains(&name.as_str()) || name == in_place || name == METRICS;
        if !is_told {
            append(&mut pretty, name, value);
        }
    }
    pretty
}

/// `name=value`; of an object each of its members.
fn append(pretty: &mut String, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Object(members) => {
            for (member, value) in members.iter().filter(|(member, _)| *member != "name") {
                append(pretty, member, value);
            }
        }
        Value::String(text) if is_one_word(text) => pretty.push_str(&format!(" {name}={text}")),
        other => pretty.push_str(&format!(" {name}={other}")),
    }
}

fn is_one_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '"' || c == '=')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(message: &str) -> LogLine {
        LogLine { at: "2026-03-02T08:00:00.123Z".parse().unwrap(), message: message.into() }
    }

    #[test]
    fn a_record_is_one_line_of_names_and_values() {
        let logged = line(
            r#"{"timestamp":"2026-03-02T08:00:00.120Z","level":"WARN","message":"not taken","status":503,"reason":"a b\nc","delivery":"d-1","gone":null,"span":{"name":"request","requestId":"r-1"}}"#,
        );
        assert_eq!(
            pretty(Function::Ingest, &logged),
            r#"2026-03-02T08:00:00.123Z ingest WARN not taken delivery=d-1 reason="a b\nc" requestId=r-1 status=503"#
        );
    }

    #[test]
    fn a_record_of_lambdas_and_a_line_that_is_no_json_are_told() {
        let logged = line(r#"{"time":"t","type":"platform.start","record":{"version":"$LATEST"}}"#);
        assert_eq!(
            pretty(Function::Compactor, &logged),
            "2026-03-02T08:00:00.123Z compactor INFO platform.start version=$LATEST"
        );
        let metrics = line(r#"{"_aws":{"Timestamp":1},"function":"f","rows":2}"#);
        assert_eq!(
            pretty(Function::Compactor, &metrics),
            "2026-03-02T08:00:00.123Z compactor INFO function=f rows=2"
        );
        let plain = "2026-03-02T08:00:00.123Z compactor Runtime exited\n";
        assert_eq!(pretty(Function::Compactor, &line("Runtime exited\n")), plain.trim_end());
    }

    #[test]
    fn json_has_the_record_whole() {
        assert_eq!(
            as_json(Function::Ingest, &line(r#"{"level":"INFO","a":1}"#)),
            json!({ "at": "2026-03-02T08:00:00.123Z", "function": "ingest", "record": { "level": "INFO", "a": 1 } })
        );
        assert_eq!(as_json(Function::Ingest, &line("text"))["record"], "text");
    }
}
