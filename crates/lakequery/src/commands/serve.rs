//! `lakequery serve`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use octolake_ingest::{DEFAULT_BODY_LIMIT, Endpoint, Filter, Filters, Secret, Secrets};
use octolake_serve::{Config, Limits, LogDrops, RollPolicy, Server, Summary};
use octolake_store::Lake;

use crate::cli::{Globals, stop_signal};
use crate::exit::{Outcome, UsageError};
use crate::{logging, output, secrets};

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen. Deliveries go to /webhook there.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
    /// Environment variables with a webhook secret each; several while a secret is being replaced.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    secret_env: Vec<String>,
    /// Files with a webhook secret each.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    secret_file: Vec<PathBuf>,
    /// Keep these event types only.
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    events: Vec<String>,
    /// Leave these event types out.
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    ignore_events: Vec<String>,
    /// Keep these repositories only: owner/repo, or owner/* for all of an owner.
    #[arg(long, value_name = "REPO", value_delimiter = ',')]
    repos: Vec<String>,
    /// Leave these repositories out.
    #[arg(long, value_name = "REPO", value_delimiter = ',')]
    ignore_repos: Vec<String>,
    /// Land a raw object when it has so many bytes before compression.
    #[arg(long, value_name = "BYTES", default_value_t = RollPolicy::default().bytes)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    roll_bytes: u64,
    /// Land a raw object so long after its first delivery.
    #[arg(long, value_name = "SECONDS", default_value_t = RollPolicy::default().after.as_secs())]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3600))]
    roll_seconds: u64,
    /// Take bodies of at most so many bytes.
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_BODY_LIMIT)]
    max_body: usize,
    /// Tell figures at /metrics (OpenMetrics) and readiness at /ready on this address. Not for
    /// strangers: keep it on this machine or behind a firewall.
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics: Option<SocketAddr>,
    /// Proxies in front, by address or network: their X-Forwarded-For tells clients apart.
    #[arg(long, value_name = "ADDRESS", num_args = 1.., value_parser = network)]
    trusted_proxy: Vec<IpNet>,
    /// The most connections of one client; behind a trusted proxy, his requests under way.
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().connections_per_peer)]
    #[arg(value_parser = at_least_one)]
    connections_per_client: usize,
    /// Where deliveries are kept until they land; needed where the lake is no directory. The
    /// default is spool/ in the lake.
    #[arg(long, value_name = "DIR")]
    spool: Option<PathBuf>,
}

/// Takes deliveries until SIGTERM or SIGINT; then answers what is open and lands what it has.
///
/// # Errors
/// Settings are missing or wrong (a [`UsageError`]), or the address or the spool cannot be used.
pub async fn run(args: Args, globals: &Globals) -> anyhow::Result<Outcome> {
    let endpoint = args.endpoint()?;
    let lake = Lake::open_or_create(&globals.lake)?;
    let mut config = Config::new(args.listen, lake, args.spool, endpoint)
        .map_err(|error| UsageError::new(error.to_string()))?;
    config.roll =
        RollPolicy { bytes: args.roll_bytes, after: Duration::from_secs(args.roll_seconds) };
    config.metrics = args.metrics;
    config.trusted_proxies = args.trusted_proxy;
    config.limits.connections_per_peer = args.connections_per_client;
    config.log_drops = LogDrops::new(logging::dropped_lines);
    super::warn_if_open(&config.lake);
    let landing = format!("{}, by way of {}", config.lake.name(), config.spool.display());
    let stopped = stop_signal()?;
    let server = Server::bind(config).await?;
    let address = server.address();
    output::note(globals, &format!("listening on http://{address}/webhook, landing in {landing}"));
    if let Some(address) = server.metrics_address() {
        output::note(globals, &format!("metrics at http://{address}/metrics"));
    }
    let summary = server.run(stopped).await?;
    output::note(globals, &farewell(&summary));
    Ok(Outcome::Fine)
}

impl Args {
    fn endpoint(&self) -> Result<Endpoint, UsageError> {
        let filter = Filter::new(Filters {
            events: self.events.clone(),
            ignore_events: self.ignore_events.clone(),
            repositories: self.repos.clone(),
            ignore_repositories: self.ignore_repos.clone(),
        });
        let filter = filter.map_err(|error| UsageError::new(error.to_string()))?;
        let secrets = Secrets::new(self.secrets()?).map_err(|error| {
            UsageError::new(error.to_string())
                .hint("name the webhook's secret with --secret-env NAME or --secret-file FILE")
        })?;
        Ok(Endpoint::new(secrets).with_filter(filter).with_body_limit(self.max_body))
    }

    fn secrets(&self) -> Result<Vec<Secret>, UsageError> {
        let from_environment = self.secret_env.iter().map(|name| secrets::from_environment(name));
        let from_files = self.secret_file.iter().map(|path| secrets::from_file(path));
        from_environment.chain(from_files).collect()
    }
}

/// An address, or a network as `10.0.0.0/8`.
fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address
        .or_else(|_| text.parse())
        .map_err(|_| "no address or network: write one like 127.0.0.1 or 10.0.0.0/8".to_owned())
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| "not a count from 1".to_owned())
}

fn farewell(summary: &Summary) -> String {
    let Summary { deliveries, syncs, objects, left, damaged } = summary;
    let mut text =
        format!("stored {deliveries} deliveries in {syncs} syncs, landed {objects} raw objects");
    if *left > 0 {
        text.push_str(&format!("; {left} spool files could not land, and will at the next start"));
    }
    if *damaged > 0 {
        text.push_str(&format!("; {damaged} spool files are damaged, and kept as *.damaged"));
    }
    text
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

    fn parse(args: &[&str]) -> Args {
        Line::try_parse_from([&["serve"], args].concat()).unwrap().args
    }

    #[test]
    fn without_a_secret_it_does_not_start() {
        let error = parse(&[]).endpoint().unwrap_err();
        assert_eq!(
            error.to_string(),
            "no webhook secret is given: deliveries cannot be verified without one"
        );
        let unset = parse(&["--secret-env", "OCTOLAKE_NO_SUCH_VARIABLE"]).endpoint().unwrap_err();
        assert_eq!(
            unset.to_string(),
            "the environment variable OCTOLAKE_NO_SUCH_VARIABLE is not set"
        );
    }

    #[test]
    fn a_secret_that_is_empty_or_missing_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let (empty, good) = (dir.path().join("empty"), dir.path().join("good"));
        std::fs::write(&empty, "\n").unwrap();
        std::fs::write(&good, "s\n").unwrap();
        let path = |path: &PathBuf| path.to_str().unwrap().to_owned();
        let error = parse(&["--secret-file", &path(&good), &path(&empty)]).endpoint().unwrap_err();
        let start = format!("{}: the webhook secret is empty", empty.display());
        assert!(error.to_string().starts_with(&start), "{error}");
        assert!(parse(&["--secret-file", &path(&good)]).endpoint().is_ok());
    }

    #[test]
    fn a_filter_that_could_never_match_is_refused() {
        let error = parse(&["--repos", "acme/web,acme"]).endpoint().unwrap_err();
        assert!(error.to_string().starts_with("\"acme\" is no repository"), "{error}");
    }
}
