//! `lakequery send`: signs payloads as GitHub does, and delivers them.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use octolake_event::{DeliveryId, event_type};
use octolake_ingest::Secret;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde::Serialize;
use uuid::Uuid;

use crate::cli::Globals;
use crate::exit::{Outcome, UsageError};
use crate::output::{self, Align, Format, Grid};
use crate::secrets;

/// GitHub waits 10 s, an Enterprise Server 30.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much of an answer is shown, in characters.
const SHOWN: usize = 200;

/// Arguments of `send`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("secret").required(true))]
pub struct Args {
    /// The endpoint: http://127.0.0.1:8787/webhook, say.
    #[arg(long)]
    url: Url,
    /// The environment variable with the webhook's secret.
    #[arg(long, value_name = "NAME", group = "secret")]
    secret_env: Option<String>,
    /// The file with the webhook's secret.
    #[arg(long, value_name = "FILE", group = "secret")]
    secret_file: Option<PathBuf>,
    #[command(flatten)]
    payloads: Payloads,
}

/// What is delivered, wherever to.
#[derive(Debug, clap::Args)]
pub(super) struct Payloads {
    /// Files with one payload each; - reads standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The event type; without it, the file's name up to the first dot, as in
    /// pull_request.opened.json.
    #[arg(long, value_name = "TYPE")]
    event: Option<String>,
    /// The delivery id, for one file; without it, each file gets a new one. The same id again is a
    /// redelivery.
    #[arg(long, value_name = "GUID")]
    delivery: Option<DeliveryId>,
}

/// Delivers each file, in order, and prints each answer.
///
/// # Errors
/// A delivery is not answered with 2xx, a file cannot be read, or what was asked for cannot be (a
/// [`UsageError`]); the last two before anything is sent.
pub async fn run(args: Args, globals: &Globals) -> anyhow::Result<Outcome> {
    let secret = args.secret()?;
    deliver(args.payloads.deliveries()?, &args.url, &secret, globals).await
}

/// Signs and delivers, in order, and prints each answer.
///
/// # Errors
/// A delivery is not answered with 2xx.
pub(super) async fn deliver(
    deliveries: Vec<Delivery>,
    url: &Url,
    secret: &Secret,
    globals: &Globals,
) -> anyhow::Result<Outcome> {
    let client = Client::builder().timeout(PATIENCE).redirect(Policy::none()).build()?;
    let mut answers = Vec::new();
    for delivery in deliveries {
        let answer = delivery.send(&client, url, secret).await;
        if globals.format == Format::Json {
            print_line(&answer)?;
        }
        answers.push(answer);
    }
    if globals.format != Format::Json {
        output::print_grid(&grid(&answers), globals.format)?;
    }
    let refused = answers.iter().filter(|answer| !answer.is_success()).count();
    anyhow::ensure!(refused == 0, "{refused} of {} deliveries were not taken", answers.len());
    Ok(Outcome::Fine)
}

impl Args {
    fn secret(&self) -> Result<Secret, UsageError> {
        match (&self.secret_env, &self.secret_file) {
            (Some(name), _) => secrets::from_environment(name),
            (None, Some(path)) => secrets::from_file(path),
            (None, None) => Err(UsageError::new("no secret to sign with is given")
                .hint("name it with --secret-env NAME or --secret-file FILE")),
        }
    }
}

impl Payloads {
    pub(super) fn deliveries(&self) -> anyhow::Result<Vec<Delivery>> {
        if self.delivery.is_some() && self.files.len() > 1 {
            return Err(UsageError::new("--delivery gives one id, and there are several files")
                .hint("send them one by one, or leave --delivery out")
                .into());
        }
        let events: Result<Vec<String>, UsageError> =
            self.files.iter().map(|file| self.event_of(file)).collect();
        let delivery = |(file, event): (&PathBuf, String)| {
            let id =
                self.delivery.unwrap_or_else(|| DeliveryId::from_u128(Uuid::new_v4().as_u128()));
            let body = read(file).with_context(|| format!("cannot read {}", file.display()))?;
            Ok(Delivery { file: file.display().to_string(), event, id, body })
        };
        self.files.iter().zip(events?).map(delivery).collect()
    }

    /// As given, whatever it is (an endpoint's refusal can be tried), or as the file is named.
    fn event_of(&self, file: &Path) -> Result<String, UsageError> {
        if let Some(event) = &self.event {
            return Ok(event.clone());
        }
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let event = name.split('.').next().unwrap_or_default();
        if event_type::is_valid(event) {
            return Ok(event.to_owned());
        }
        let file = file.display();
        Err(UsageError::new(format!("the name of {file} does not begin with an event type"))
            .hint("name the event type with --event"))
    }
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    if file != Path::new("-") {
        return std::fs::read(file);
    }
    let mut body = Vec::new();
    io::stdin().lock().read_to_end(&mut body)?;
    Ok(body)
}

/// One payload, ready to be sent.
#[derive(Debug)]
pub(super) struct Delivery {
    file: String,
    event: String,
    id: DeliveryId,
    body: Vec<u8>,
}

/// What came of one delivery.
#[derive(Debug, Serialize)]
struct Answer {
    file: String,
    event: String,
    delivery: String,
    /// The HTTP status; none if there was no answer.
    status: Option<u16>,
    ms: u64,
    /// The body of the answer, or why there is none.
    answer: String,
}

impl Delivery {
    async fn send(self, client: &Client, url: &Url, secret: &Secret) -> Answer {
        let request = client
            .post(url.clone())
            .header("User-Agent", concat!("lakequery/", env!("CARGO_PKG_VERSION")))
            .header("Content-Type", "application/json")
            .header("X-GitHub-Event", &self.event)
            .header("X-GitHub-Delivery", self.id.to_string())
            .header("X-Hub-Signature-256", secret.sign(&self.body))
            .body(self.body);
        let started = Instant::now();
        let (status, answer) = match request.send().await {
            Ok(response) => {
                (Some(response.status().as_u16()), response.text().await.unwrap_or_default())
            }
            Err(error) => (None, format!("{:#}", anyhow::Error::from(error))),
        };
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let answer = answer.chars().take(SHOWN).collect();
        Answer {
            file: self.file,
            event: self.event,
            delivery: self.id.to_string(),
            status,
            ms,
            answer,
        }
    }
}

impl Answer {
    fn is_success(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// One line of JSON, at once: each answer shows as it comes.
fn print_line(answer: &Answer) -> anyhow::Result<()> {
    let mut out = output::stdout(Format::Json);
    serde_json::to_writer(&mut out, answer)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

fn grid(answers: &[Answer]) -> Grid {
    let mut grid = Grid::new([
        ("file", Align::Left),
        ("event", Align::Left),
        ("delivery", Align::Left),
        ("status", Align::Right),
        ("ms", Align::Right),
        ("answer", Align::Left),
    ]);
    for Answer { file, event, delivery, status, ms, answer } in answers {
        let status = status.map_or("none".to_owned(), |status| status.to_string());
        let cells = [file, event, delivery, &status, &ms.to_string(), answer];
        grid.push(cells.map(String::clone));
    }
    grid
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn parse(args: &[&str]) -> Result<Args, clap::Error> {
        let fixed = ["send", "--url", "http://127.0.0.1:1/webhook"];
        Line::try_parse_from([&fixed, args].concat()).map(|line| line.args)
    }

    #[test]
    fn the_event_type_is_given_or_the_beginning_of_the_name() {
        let args = parse(&["-", "--secret-env", "S"]).unwrap();
        for (file, event) in
            [("push.json", "push"), ("/a.b/pull_request.opened.json", "pull_request")]
        {
            assert_eq!(args.payloads.event_of(Path::new(file)).unwrap(), event);
        }
        for file in ["-", "payload-1.json", ".json", "Push.json"] {
            assert!(args.payloads.event_of(Path::new(file)).is_err(), "{file}");
        }
        let given = parse(&["-", "--secret-env", "S", "--event", "star"]).unwrap();
        assert_eq!(given.payloads.event_of(Path::new("push.json")).unwrap(), "star");
    }

    #[test]
    fn one_secret_is_needed() {
        assert!(parse(&["push.json"]).is_err());
        assert!(parse(&["push.json", "--secret-env", "S", "--secret-file", "s"]).is_err());
    }

    #[test]
    fn one_id_is_for_one_file() {
        let id = "72d3162e-cc78-11e3-81ab-4c9367dc0958";
        let args =
            parse(&["push.json", "star.json", "--secret-env", "S", "--delivery", id]).unwrap();
        let error = args.payloads.deliveries().unwrap_err();
        assert!(error.downcast_ref::<UsageError>().is_some(), "{error}");
        assert!(parse(&["push.json", "--secret-env", "S", "--delivery", "1"]).is_err());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_before_anything_is_sent() {
        let args = parse(&["/no/such/push.json", "--secret-env", "S"]).unwrap();
        assert_eq!(
            args.payloads.deliveries().unwrap_err().to_string(),
            "cannot read /no/such/push.json"
        );
    }
}
