//! Every answer of the contract, without HTTP.

use std::sync::Mutex;

use octolake_event::BusEntry;

use super::*;
use crate::bus::BusError;
use crate::filter::Filters;
use crate::secret::Secret;

const ID: &str = "72d3162e-cc78-11e3-81ab-4c9367dc0958";
const BODY: &str = r#"{"action":"opened","repository":{"full_name":"acme/web"}}"#;

#[derive(Default)]
struct Recorder {
    broken: bool,
    entries: Mutex<Vec<BusEntry>>,
}

impl Bus for Recorder {
    async fn put(&self, delivery: &VerifiedDelivery<'_>) -> Result<(), BusError> {
        if self.broken {
            return Err(BusError::new("disk /secret/path is full"));
        }
        self.entries.lock().unwrap().push(delivery.to_entry());
        Ok(())
    }
}

fn endpoint() -> Endpoint {
    let secret = |text| Secret::from_text(text).unwrap();
    Endpoint::new(Secrets::new(vec![secret("old"), secret("new")]).unwrap()).with_body_limit(1000)
}

/// Answers of a `POST /webhook` that is signed with `new`, its headers changed by `change`.
async fn deliver(
    endpoint: &Endpoint,
    bus: &Recorder,
    body: &[u8],
    change: &[(&str, &str)],
) -> Answer {
    let signature = Secret::from_text("new").unwrap().sign(body);
    let mut pairs = change.to_vec();
    pairs.extend([
        ("Content-Type", "application/json"),
        ("X-Hub-Signature-256", &signature),
        ("X-GitHub-Event", "pull_request"),
        ("X-GitHub-Delivery", ID),
        ("X-GitHub-Hook-ID", "77"),
    ]);
    let request = HttpRequest {
        method: "POST",
        path: "/webhook",
        headers: Headers::from_pairs(&pairs),
        body,
        received_at: "2026-03-02T10:00:00.25Z".parse().unwrap(),
    };
    endpoint.handle(&request, bus).await
}

async fn status(body: &[u8], change: &[(&str, &str)]) -> u16 {
    deliver(&endpoint(), &Recorder::default(), body, change).await.status
}

#[tokio::test]
async fn a_signed_delivery_is_taken() {
    let bus = Recorder::default();
    let answer = deliver(&endpoint(), &bus, BODY.as_bytes(), &[]).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.body, format!(r#"{{"status":"accepted","delivery":"{ID}"}}"#));
    let entries = bus.entries.into_inner().unwrap();
    let detail = format!(
        r#"{{"_delivery":{{"id":"{ID}","received_at":"2026-03-02T10:00:00.250Z","hook_id":"77"}},{}"#,
        &BODY[1..]
    );
    let expected =
        BusEntry { source: "github.com".into(), detail_type: "pull_request".into(), detail };
    assert_eq!(entries, [expected]);
}

#[tokio::test]
async fn a_ping_is_taken_and_answered_200() {
    let bus = Recorder::default();
    let answer = deliver(&endpoint(), &bus, b"{}", &[("x-github-event", "ping")]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(bus.entries.into_inner().unwrap().len(), 1);
}

#[tokio::test]
async fn an_enterprise_server_is_the_source() {
    let bus = Recorder::default();
    let host = [("X-GitHub-Enterprise-Host", "ghe.example.org")];
    assert_eq!(deliver(&endpoint(), &bus, b"{}", &host).await.status, 202);
    assert_eq!(bus.entries.into_inner().unwrap()[0].source, "ghe.example.org");
    assert_eq!(status(b"{}", &[("X-GitHub-Enterprise-Host", "a/../b")]).await, 400);
}

#[tokio::test]
async fn a_form_is_signed_as_a_whole() {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(status(b"payload=%7B%22a%22%3A1%7D", &form).await, 202);
    assert_eq!(status(b"{}", &form).await, 400);
    let signed_inside = Secret::from_text("new").unwrap().sign(br#"{"a":1}"#);
    let inside = [form[0], ("x-hub-signature-256", signed_inside.as_str())];
    assert_eq!(status(b"payload=%7B%22a%22%3A1%7D", &inside).await, 401);
}

#[tokio::test]
async fn whatever_is_wrong_with_a_signature_the_answer_is_the_same() {
    let other = Secret::from_text("other").unwrap().sign(BODY.as_bytes());
    let mut answers = vec![];
    for wrong in ["", "sha256=", "sha256=00", "x", other.as_str()] {
        // Nothing else that is wrong shows.
        for more in [("x-github-event", "../x"), ("content-type", "text/plain"), ("x", "y")] {
            let change = [("x-hub-signature-256", wrong), more];
            answers
                .push(deliver(&endpoint(), &Recorder::default(), BODY.as_bytes(), &change).await);
        }
    }
    assert!(answers.iter().all(|answer| answer == &answers[0]));
    assert_eq!(answers[0].status, 401);
    assert_eq!(answers[0].body, r#"{"error":"the signature is missing or wrong"}"#);
}

#[tokio::test]
async fn malformed_deliveries_are_400() {
    for event in ["", "../x", "Push", "a b"] {
        assert_eq!(status(BODY.as_bytes(), &[("x-github-event", event)]).await, 400, "{event}");
    }
    for id in ["", "x", "72d3162ecc7811e381ab4c9367dc0958"] {
        assert_eq!(status(BODY.as_bytes(), &[("x-github-delivery", id)]).await, 400, "{id}");
    }
    for body in [&b""[..], b"[]", b"{} {}", b"{", b"{\"a\":\"\xff\"}"] {
        assert_eq!(status(body, &[]).await, 400, "{body:?}");
    }
}

#[tokio::test]
async fn other_refusals() {
    assert_eq!(status(&[b' '; 1001], &[]).await, 413);
    assert_eq!(status(BODY.as_bytes(), &[("content-type", "text/plain")]).await, 415);
    let mut request = HttpRequest {
        method: "GET",
        path: "/health",
        headers: Headers::default(),
        body: b"",
        received_at: "2026-03-02T10:00:00Z".parse().unwrap(),
    };
    let bus = Recorder::default();
    let health = endpoint().handle(&request, &bus).await;
    assert_eq!((health.status, health.body.as_str()), (200, r#"{"status":"ok"}"#));
    request.path = "/webhook";
    let wrong_method = endpoint().handle(&request, &bus).await;
    assert_eq!(wrong_method.status, 405);
    assert!(wrong_method.headers.contains(&("allow", "POST")));
    request.path = "/admin";
    assert_eq!(endpoint().handle(&request, &bus).await.status, 404);
}

#[tokio::test]
async fn a_filtered_delivery_is_202_and_does_not_reach_the_bus() {
    let filters = Filters { events: vec!["push".into()], ..Filters::default() };
    let endpoint = endpoint().with_filter(Filter::new(filters).unwrap());
    let bus = Recorder::default();
    let answer = deliver(&endpoint, &bus, BODY.as_bytes(), &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (202, r#"{"status":"ignored"}"#));
    let ping = deliver(&endpoint, &bus, b"{}", &[("x-github-event", "ping")]).await;
    assert_eq!(ping.status, 200);
    assert!(bus.entries.into_inner().unwrap().is_empty());
}

#[tokio::test]
async fn a_bus_that_fails_is_503_and_says_nothing_internal() {
    let bus = Recorder { broken: true, ..Recorder::default() };
    let answer = deliver(&endpoint(), &bus, BODY.as_bytes(), &[]).await;
    assert_eq!(answer.status, 503);
    assert!(answer.headers.contains(&("retry-after", "5")));
    assert!(!answer.body.contains("disk"));
}
