//! `lakequery aws send`: `lakequery send` to a stack, whose address and secret it looks up.

use anyhow::Context as _;
use octolake_aws::{Stack, WebhookSecret, webhook_url};
use octolake_ingest::Secret;
use reqwest::Url;

use super::At;
use crate::cli::Globals;
use crate::commands::send::{self, Payloads};
use crate::exit::Outcome;

/// Arguments of `aws send`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    payloads: Payloads,
    /// The secret to sign with, where the stack accepts several: its name or ARN.
    #[arg(long, value_name = "NAME")]
    secret: Option<String>,
}

/// Delivers each file, in order, and prints each answer.
///
/// # Errors
/// There is no such stack, its secret may not be read, or a delivery is not taken.
pub(super) async fn run(args: Args, at: &At, globals: &Globals) -> anyhow::Result<Outcome> {
    let name = at.stack()?;
    let deliveries = args.payloads.deliveries()?;
    let client = at.client(globals).await?;
    let stack = Stack::find(&client, name).await?;
    let secret = WebhookSecret::of(&stack, args.secret.as_deref())?;
    let secret = Secret::from_text(secret.current().await?)
        .with_context(|| format!("the secret {}", secret.arn))?;
    let url = webhook_url(&stack).await?;
    let url = Url::parse(&url).with_context(|| format!("the stack's address is {url}"))?;
    send::deliver(deliveries, &url, &secret, globals).await
}
