//! `lakequery aws`: what the owner of a stack on AWS does from day to day.
//!
//! What is asked of AWS is in `octolake_aws`; here is what is typed, and how the answers are printed.

mod init;
mod logs;
mod peek;
mod redrive;
mod replay;
mod rotate;
mod send;

use std::sync::Arc;

use octolake_aws::{Client, Place, StackName};
use reqwest::Url;

use crate::cli::Globals;
use crate::exit::{Outcome, UsageError};

/// What the commands do not say by themselves.
const HELP: &str = "\
Region and credentials are those of every tool for AWS: AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID, \
~/.aws. Where a right is missing, the error names it. No secret is printed unless --show asks for it.";

/// Arguments of `aws`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    #[command(flatten)]
    at: At,
    #[command(subcommand)]
    what: What,
}

/// Which stack, and where.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Stack")]
struct At {
    /// The stack's name: what Terraform was given as `name`.
    #[arg(long, global = true, env = "OCTOLAKE_STACK", value_name = "NAME")]
    stack: Option<StackName>,
    /// The region that the stack is in; by default that of the environment or the profile.
    #[arg(long, global = true, value_name = "REGION")]
    region: Option<String>,
    /// One address for every service, in place of AWS's (or AWS_ENDPOINT_URL): for tests.
    #[arg(long, global = true, value_name = "URL")]
    endpoint_url: Option<Url>,
}

/// What to do with the stack.
#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print what the functions log, and go on with it.
    Logs(logs::Args),
    /// List the stack's queues, or look at the messages of one without taking them.
    QueuePeek(peek::Args),
    /// Put what the archive holds on the bus once more.
    Replay(replay::Args),
    /// Put back what could not be delivered: dead letters and Firehose's errors.
    Redrive(redrive::Args),
    /// Make a new webhook secret, or end the one before.
    RotateSecret(rotate::Args),
    /// Sign payloads and deliver them to the stack's endpoint.
    Send(send::Args),
    /// Write a commented octolake.yaml, which Terraform reads.
    Init(init::Args),
}

impl At {
    fn stack(&self) -> Result<&StackName, UsageError> {
        self.stack.as_ref().ok_or_else(|| {
            UsageError::new("no stack is named")
                .hint("name it with --stack NAME, or set OCTOLAKE_STACK: what Terraform was given as `name`")
        })
    }

    async fn client(&self, globals: &Globals) -> anyhow::Result<Client> {
        let endpoint = self.endpoint_url.as_ref().map(ToString::to_string);
        let place = Place { region: self.region.clone(), endpoint };
        Ok(Client::connect(place, Arc::new(globals.clock())).await?)
    }
}

/// Does it.
///
/// # Errors
/// There is no such stack, a right is missing, or AWS refuses something: each says what to do.
pub async fn run(args: Args, globals: &Globals) -> anyhow::Result<Outcome> {
    let Args { at, what } = args;
    match what {
        What::Logs(args) => logs::run(args, &at, globals).await,
        What::QueuePeek(args) => peek::run(args, &at, globals).await,
        What::Replay(args) => replay::run(args, &at, globals).await,
        What::Redrive(args) => redrive::run(args, &at, globals).await,
        What::RotateSecret(args) => rotate::run(args, &at, globals).await,
        What::Send(args) => send::run(args, &at, globals).await,
        What::Init(args) => init::run(&args, globals),
    }
}
