//! The endpoint over real HTTP, in front of a lake in a directory.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::io::Read;
use std::net::SocketAddr;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use octolake_ingest::{Endpoint, Filter, Filters, Secret, Secrets};
use octolake_serve::{Config, Limits, Server, Summary};
use octolake_store::{Lake, LakeUrl};
use reqwest::{Method, RequestBuilder, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const BODY: &str = r#"{"action":"opened","repository":{"full_name":"acme/web"}}"#;

struct Running {
    _dir: tempfile::TempDir,
    lake: Lake,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    done: JoinHandle<Summary>,
    client: reqwest::Client,
}

/// Starts a server on any port; `change` changes its settings.
async fn start(change: impl FnOnce(&mut Config)) -> Running {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open_or_create(&LakeUrl::Directory(dir.path().join("lake"))).unwrap();
    let secrets = Secrets::new(vec![secret("new"), secret("old")]).unwrap();
    let endpoint = Endpoint::new(secrets).with_body_limit(20_000);
    let listen = "127.0.0.1:0".parse().unwrap();
    let mut config = Config::new(listen, lake.clone(), None, endpoint).unwrap();
    change(&mut config);
    let server = Server::bind(config).await.unwrap();
    let address = server.address();
    let (stop, stopped) = oneshot::channel();
    let shutdown = async { stopped.await.unwrap() };
    let done = tokio::spawn(async move { server.run(shutdown).await.unwrap() });
    Running { _dir: dir, lake, address, stop, done, client: reqwest::Client::new() }
}

fn secret(text: &str) -> Secret {
    Secret::from_text(text).unwrap()
}

impl Running {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// A `POST /webhook` that `by` signed, as a push with the id of `number`.
    fn delivery(&self, by: &str, number: u128, body: impl Into<Vec<u8>>) -> RequestBuilder {
        let body = body.into();
        self.request(Method::POST, "/webhook")
            .header("Content-Type", "application/json")
            .header("X-Hub-Signature-256", secret(by).sign(&body))
            .header("X-GitHub-Event", "push")
            .header("X-GitHub-Delivery", uuid::Uuid::from_u128(number).to_string())
            .body(body)
    }

    /// Stops the server, and gives the `detail` of each envelope that landed.
    async fn finish(self) -> (Summary, Vec<serde_json::Value>) {
        self.stop.send(()).unwrap();
        let summary = self.done.await.unwrap();
        let prefix = "raw".into();
        let objects: Vec<_> = self.lake.store().list(Some(&prefix)).try_collect().await.unwrap();
        let mut details = vec![];
        for object in objects {
            let gzip =
                self.lake.store().get(&object.location).await.unwrap().bytes().await.unwrap();
            let mut text = String::new();
            MultiGzDecoder::new(&gzip[..]).read_to_string(&mut text).unwrap();
            details.extend(text.lines().map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap()["detail"].take()
            }));
        }
        (summary, details)
    }
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_delivery_lands_in_the_lake_as_it_was_sent() {
    let server = start(|_| {}).await;
    let answer = server.delivery("new", 1, BODY).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(
        answer.text().await.unwrap(),
        r#"{"status":"accepted","delivery":"00000000-0000-0000-0000-000000000001"}"#
    );
    let (summary, mut details) = server.finish().await;
    let delivery = details[0].as_object_mut().unwrap().remove("_delivery").unwrap();
    assert_eq!(delivery["id"], "00000000-0000-0000-0000-000000000001");
    let sent: serde_json::Value = serde_json::from_str(BODY).unwrap();
    assert_eq!(details, [sent]);
    assert_eq!((summary.deliveries, summary.objects, summary.left), (1, 1, 0));
}

#[tokio::test]
async fn each_answer_of_the_contract() {
    let filters = Filters { ignore_events: vec!["star".into()], ..Filters::default() };
    let filter = Filter::new(filters).unwrap();
    let server =
        start(|config| config.endpoint = config.endpoint.clone().with_filter(filter)).await;
    let push = || server.delivery("new", 1, BODY);
    let again = |name: &str, value: &str| {
        let mut request = push().build().unwrap();
        let name: reqwest::header::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        RequestBuilder::from_parts(server.client.clone(), request)
    };
    assert_eq!(status(push()).await, 202);
    assert_eq!(status(server.delivery("old", 2, BODY)).await, 202);
    assert_eq!(status(again("x-github-event", "ping")).await, 200);
    let ignored = again("x-github-event", "star").send().await.unwrap();
    assert_eq!(ignored.status(), 202);
    assert_eq!(ignored.text().await.unwrap(), r#"{"status":"ignored"}"#);
    assert_eq!(status(again("x-github-event", "../x")).await, 400);
    assert_eq!(status(again("x-github-delivery", "1")).await, 400);
    assert_eq!(status(server.delivery("new", 1, "[]")).await, 400);
    assert_eq!(status(server.delivery("other", 1, BODY)).await, 401);
    assert_eq!(status(server.request(Method::POST, "/").body(BODY)).await, 401);
    assert_eq!(status(again("content-type", "text/xml")).await, 415);
    assert_eq!(status(server.request(Method::POST, "/elsewhere").body(BODY)).await, 404);
    let wrong = server.request(Method::PUT, "/webhook").body(BODY).send().await.unwrap();
    assert_eq!(
        (wrong.status().as_u16(), &wrong.headers()["allow"]),
        (405, &"POST".parse().unwrap())
    );
    for method in [Method::GET, Method::HEAD] {
        assert_eq!(status(server.request(method, "/health")).await, 200);
    }
    assert_eq!(server.finish().await.1.len(), 3);
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_however_it_comes() {
    let server = start(|_| {}).await;
    let padded = |bytes: usize| format!("{:bytes$}", "{}").into_bytes();
    assert_eq!(status(server.delivery("new", 1, padded(20_000))).await, 202);
    assert_eq!(status(server.delivery("new", 2, padded(20_001))).await, 413);
    let chunked = |bytes: usize| {
        let request = server.delivery("new", 3, padded(bytes)).build().unwrap();
        let parts = padded(bytes)
            .chunks(1000)
            .map(|part| Ok::<_, std::io::Error>(part.to_vec()))
            .collect::<Vec<_>>();
        RequestBuilder::from_parts(server.client.clone(), request)
            .body(reqwest::Body::wrap_stream(futures::stream::iter(parts)))
    };
    assert_eq!(status(chunked(20_000)).await, 202);
    assert_eq!(status(chunked(20_001)).await, 413);
    assert_eq!(server.finish().await.0.deliveries, 2);
}

#[tokio::test]
async fn a_disk_that_fails_is_503() {
    let server = start(|config| config.limits.spool_bytes = 0).await;
    let answer = server.delivery("new", 1, BODY).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "5");
    assert!(!answer.text().await.unwrap().contains("spool"));
    assert_eq!(server.finish().await.0.deliveries, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_share_their_syncs() {
    let server = start(|config| {
        // Less memory than all of them together: some wait, none is refused.
        config.limits.bodies_in_flight = 4096;
    })
    .await;
    let sends = (1..=300).map(|number| status(server.delivery("new", number, BODY)));
    let answers = futures::future::join_all(sends).await;
    assert_eq!(answers, [202; 300]);
    let (summary, details) = server.finish().await;
    assert_eq!((summary.deliveries, details.len()), (300, 300));
    assert!(summary.syncs < 300, "{summary:?}");
}

#[tokio::test]
async fn slow_clients_are_not_waited_for() {
    let short = Duration::from_millis(100);
    let server = start(|config| {
        config.limits = Limits { headers_within: short, body_within: short, ..config.limits };
    })
    .await;
    let mut slow_body = TcpStream::connect(server.address).await.unwrap();
    slow_body
        .write_all(
            format!(
                "POST /webhook HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: sha256={:064}\r\n\
                 Content-Length: 10\r\n\r\n{{",
                0
            )
            .as_bytes(),
        )
        .await
        .unwrap();
    assert!(read_all(&mut slow_body).await.starts_with("HTTP/1.1 408 "));
    let mut unsigned = TcpStream::connect(server.address).await.unwrap();
    unsigned
        .write_all(b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 25000000\r\n\r\n{")
        .await
        .unwrap();
    assert!(read_all(&mut unsigned).await.starts_with("HTTP/1.1 401 "));
    let mut slow_headers = TcpStream::connect(server.address).await.unwrap();
    slow_headers.write_all(b"POST /webhook HTTP/1.1\r\nHost:").await.unwrap();
    read_all(&mut slow_headers).await;
    server.finish().await;
}

/// What comes until the server closes the connection.
async fn read_all(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let reading = stream.read_to_string(&mut text);
    tokio::time::timeout(Duration::from_secs(10), reading).await.expect("it is closed").unwrap();
    text
}

#[tokio::test]
async fn a_stop_answers_what_is_open() {
    let server = start(|_| {}).await;
    let signature = secret("new").sign(b"{}");
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-GitHub-Event: push\r\n\
         X-GitHub-Delivery: 00000000-0000-0000-0000-000000000001\r\nX-Hub-Signature-256: {signature}\r\n\
         Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    );
    let mut open = TcpStream::connect(server.address).await.unwrap();
    open.write_all(head.as_bytes()).await.unwrap();
    // The server says `continue` once it reads the body: the request is under way.
    let mut first = [0; 25];
    open.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
    let address = server.address;
    let finished = tokio::spawn(server.finish());
    while TcpStream::connect(address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    open.write_all(b"{}").await.unwrap();
    assert!(read_all(&mut open).await.starts_with("HTTP/1.1 202 "));
    let (summary, details) = finished.await.unwrap();
    assert_eq!((summary.objects, details.len()), (1, 1));
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let server = start(|_| {}).await;
    let address = server.address;
    let dir = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::new(Secrets::new(vec![secret("s")]).unwrap());
    let config =
        Config::new(address, Lake::in_memory(), Some(dir.path().into()), endpoint).unwrap();
    let error = Server::bind(config).await.err().unwrap().to_string();
    assert!(error.starts_with(&format!("cannot listen on {address}: ")), "{error}");
    server.finish().await;
}
