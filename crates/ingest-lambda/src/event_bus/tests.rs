//! The bus against a server of this machine that answers as EventBridge and S3 do.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Instant as Clock;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::config::Credentials;
use octolake_ingest::{Headers, Secret, Secrets, SignedBody};
use serde_json::Value;

use super::*;

const ID: &str = "72d3162e-cc78-11e3-81ab-4c9367dc0958";

/// What the server was asked: the request's line, and its body.
type Asked = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A server whose bus takes calls of at most `call_limit` bytes of body.
fn server(call_limit: usize) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), call_limit, &seen);
        }
    });
    (url, asked)
}

fn answer(mut stream: TcpStream, call_limit: usize, seen: &Asked) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.to_ascii_lowercase();
        if let Some(bytes) = line.strip_prefix("content-length:") {
            length = bytes.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let (status, text) = match first.starts_with("POST") {
        true if body.len() > call_limit => (
            "400 Bad Request",
            r#"{"__type":"ValidationException","message":"Total size of the entries in the request is over the limit."}"#,
        ),
        true => ("200 OK", r#"{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}"#),
        false => ("200 OK", ""),
    };
    seen.lock().unwrap().push((first.trim().to_owned(), body));
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n", text.len());
    stream.write_all(format!("{head}\r\n{text}").as_bytes()).unwrap();
}

async fn bus(endpoint: &str, inline_limit: usize) -> EventBus {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("k", "s", None, None, "test"))
        .endpoint_url(endpoint)
        .load()
        .await;
    let settings =
        BusSettings { name: "acme".into(), inline_limit, bucket: "lake".into(), prefix: "".into() };
    EventBus::new(&config, settings)
}

/// Puts a payload of some `bytes`; what the server was asked, in order, and how it ended.
async fn put(
    call_limit: usize,
    inline_limit: usize,
    bytes: usize,
) -> (Vec<String>, Vec<Value>, bool) {
    let (url, asked) = server(call_limit);
    let bus = bus(&url, inline_limit).await;
    let payload = format!(r#"{{"action":"opened","noise":"{}"}}"#, "x".repeat(bytes));
    let secret = Secret::from_text("s").unwrap();
    let signature = secret.sign(payload.as_bytes());
    let secrets = Secrets::new(vec![secret]).unwrap();
    let body = SignedBody::verify(payload.as_bytes(), Some(&signature), &secrets).unwrap();
    let headers = Headers::from_pairs(&[
        ("content-type", "application/json"),
        ("x-github-event", "push"),
        ("x-github-delivery", ID),
    ]);
    let at = "2026-03-02T10:00:00.25Z".parse().unwrap();
    let delivery = VerifiedDelivery::check(&headers, body, at).unwrap();
    let began = Clock::now();
    let done = bus.until(Instant::now() + Duration::from_secs(5)).put(&delivery).await;
    assert!(began.elapsed() < Duration::from_secs(4), "a refusal for size is not tried again");
    let asked = asked.lock().unwrap();
    let lines = asked.iter().map(|(line, _)| line.clone()).collect();
    let calls = asked.iter().filter(|(line, _)| line.starts_with("POST"));
    let details = calls.map(|(_, body)| {
        let call: Value = serde_json::from_slice(body).unwrap();
        serde_json::from_str(call["Entries"][0]["Detail"].as_str().unwrap()).unwrap()
    });
    (lines, details.collect(), done.is_ok())
}

const POST: &str = "POST / HTTP/1.1";

fn object() -> String {
    format!("PUT /lake/large/2026/03/02/{ID}.json.gz?x-id=PutObject HTTP/1.1")
}

#[tokio::test]
async fn what_fits_goes_whole() {
    let (lines, details, done) = put(262_144, 240_000, 200_000).await;
    assert_eq!((lines, done), (vec![POST.to_owned()], true));
    assert_eq!(details[0]["noise"].as_str().unwrap().len(), 200_000);
}

#[tokio::test]
async fn what_the_bus_refuses_for_its_size_goes_by_claim_check() {
    let (lines, details, done) = put(262_144, 950_000, 300_000).await;
    assert_eq!((lines, done), (vec![POST.to_owned(), object(), POST.to_owned()], true));
    assert!(details[1].get("noise").is_none());
    assert_eq!(details[1]["action"], "opened");
    assert_eq!(details[1]["_delivery"]["large"]["bytes"], 300_030);
    assert_eq!(details[1]["_delivery"]["id"], ID);
}

#[tokio::test]
async fn what_is_over_the_limit_is_not_offered_whole() {
    let (lines, _, done) = put(1_048_576, 240_000, 300_000).await;
    assert_eq!((lines, done), (vec![object(), POST.to_owned()], true));
}

#[tokio::test]
async fn a_bus_that_takes_not_even_the_claim_check_is_an_error() {
    let (lines, _, done) = put(10, 950_000, 300_000).await;
    assert_eq!((lines, done), (vec![POST.to_owned(), object(), POST.to_owned()], false));
}
