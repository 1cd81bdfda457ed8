//! A consumer of the bus, to copy: logs each delivery that its rule lets through.
//!
//! A rule calls it with an EventBridge event whose `detail` is GitHub's payload, with `_delivery`
//! in front. It is called at least once for each: work that must not be done twice remembers
//! `_delivery.id`. What it fails at is tried twice more, and then kept in its dead-letter queue.

use std::process::ExitCode;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};

/// What this consumer reads of a delivery. A payload has much more, and what is not named here is
/// not looked at; a member that may be absent is an `Option`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Delivery {
    #[serde(rename = "_delivery")]
    delivery: Identity,
    action: Option<String>,
    repository: Option<Repository>,
}

/// Which delivery it is: the same id each time that GitHub delivers it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Identity {
    id: String,
    received_at: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Repository {
    name: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().json().flatten_event(true).init();
    let run = |event: LambdaEvent<EventBridgeEvent<Delivery>>| echo(event.payload);
    match lambda_runtime::run(service_fn(run)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "cannot run");
            ExitCode::FAILURE
        }
    }
}

/// The work. An error would have it tried again.
async fn echo(event: EventBridgeEvent<Delivery>) -> Result<(), lambda_runtime::Error> {
    let Delivery { delivery, action, repository } = event.detail;
    tracing::info!(
        delivery = delivery.id,
        received_at = delivery.received_at,
        event = event.detail_type,
        action,
        repository = repository.map(|repository| repository.name),
        "a delivery"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read() {
        let event: EventBridgeEvent<Delivery> = serde_json::from_str(
            r#"{"version":"0","id":"e","detail-type":"pull_request","source":"github.com",
                "account":"1","time":"2026-03-02T10:00:00Z","region":"eu-central-1","resources":[],
                "detail":{"_delivery":{"id":"d","received_at":"2026-03-02T10:00:00.250Z","hook_id":"7"},
                          "action":"opened","number":7,"repository":{"id":1,"name":"web"}}}"#,
        )
        .unwrap();
        assert_eq!(event.detail_type, "pull_request");
        let delivery = Identity { id: "d".into(), received_at: "2026-03-02T10:00:00.250Z".into() };
        let repository = Some(Repository { name: "web".into() });
        assert_eq!(event.detail, Delivery { delivery, action: Some("opened".into()), repository });
    }
}
