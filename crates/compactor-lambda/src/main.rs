//! The compactor as a Lambda function: started by a schedule, or by hand.
//!
//! ```text
//! event {since, dry_run} ─▶ octolake-compactor, until shortly before Lambda ends it
//!                        ─▶ what was done and what is left: the answer, and metrics in the log
//! ```
//!
//! A thin shell: `octolake-compactor` does the work, as for the command line. Two invocations at
//! once are safe, and one that is ended in the middle of a run loses nothing.

mod function;
mod metrics;
mod request;
mod settings;

use std::io::Write as _;
use std::process::ExitCode;

use lambda_runtime::{LambdaEvent, Runtime, service_fn};

use crate::function::Function;
use crate::request::Request;
use crate::settings::Settings;

#[tokio::main]
async fn main() -> ExitCode {
    if let Err(error) = octolake_lambda::start(variable) {
        return failed(&error);
    }
    let function = match Settings::parse(variable) {
        Ok(settings) => Function::new(settings),
        Err(error) => return failed(&error),
    };
    let run = |event: LambdaEvent<Request>| function.run(event.payload, event.context, print);
    match Runtime::new(service_fn(run)).run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(error.as_ref()),
    }
}

fn failed(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    tracing::error!(%error, "cannot run");
    ExitCode::FAILURE
}

/// One line for CloudWatch, which takes metrics from what a function prints.
fn print(line: &str) {
    // Nobody reads stdout any more: there is nobody to tell either.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

#[expect(clippy::disallowed_methods, reason = "this is the shell that reads the settings")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
