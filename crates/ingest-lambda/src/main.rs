//! The ingest endpoint as a Lambda function, behind a function URL or an HTTP API.
//!
//! ```text
//! event ── http ──▶ HttpRequest ── octolake-ingest (secrets from `keys`) ──▶ Verdict
//!       ── event_bus (PutEvents; large bodies to S3 first) ──▶ Answer ── http ──▶ response
//! ```
//!
//! A thin shell: what is taken and what is answered, `octolake-ingest` says. Here is what AWS adds:
//! events and responses, secrets that are fetched and rotate, a bus that may fail for a moment, and
//! a time by which GitHub must have its answer.
//!
//! Starting does nothing that waits: secrets are read when the first delivery needs them.

mod event_bus;
mod function;
mod http;
mod keys;
mod retry;
mod secret_stores;
mod settings;

use std::process::ExitCode;

use aws_config::BehaviorVersion;
use aws_config::timeout::TimeoutConfig;
use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_runtime::{LambdaEvent, Runtime, service_fn};

use crate::event_bus::EventBus;
use crate::function::Function;
use crate::keys::Keys;
use crate::secret_stores::SecretStores;
use crate::settings::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    if let Err(error) = octolake_lambda::start(variable) {
        return failed(&error);
    }
    let settings = match Settings::parse(variable) {
        Ok(settings) => settings,
        Err(error) => return failed(&error),
    };
    let function = start(settings).await;
    let answer = |event: LambdaEvent<ApiGatewayV2httpRequest>| function.answer(event);
    match Runtime::new(service_fn(answer)).run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(error.as_ref()),
    }
}

/// Makes the clients; none of them connects yet.
async fn start(settings: Settings) -> Function<SecretStores> {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(event_bus::CONNECTED_WITHIN)
                .operation_attempt_timeout(event_bus::ATTEMPTED_WITHIN)
                .build(),
        )
        .load()
        .await;
    let bus = EventBus::new(&config, settings.bus);
    let keys = Keys::new(
        SecretStores::new(&config, settings.secrets, settings.secret_json_key),
        settings.filter,
    );
    Function::new(keys, bus)
}

fn failed(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    tracing::error!(%error, "cannot run");
    ExitCode::FAILURE
}

#[expect(clippy::disallowed_methods, reason = "this is the shell that reads the settings")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
