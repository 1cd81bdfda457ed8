//! How many signed 10 KB deliveries a second the endpoint stores, and how long one waits.
//!
//! The real endpoint, over TCP, in front of a lake in a temporary directory, whose disk decides
//! what a sync costs (`TMPDIR` names another). Clients share the machine and the runtime with it;
//! each keeps one connection and sends its next delivery when the last is answered, as GitHub's
//! workers do. Signatures are made beforehand.
//!
//! ```text
//! cargo bench -p octolake-serve
//! ```
#![expect(clippy::print_stdout, reason = "the numbers are the output")]

use std::error::Error;
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use octolake_ingest::{Endpoint, Secret, Secrets};
use octolake_serve::{Config, Server, Summary};
use octolake_store::{Lake, LakeUrl};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use uuid::Uuid;

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The least that is wanted, in deliveries a second on two cores, clients included.
const TARGET: f64 = 2000.0;
const BODY_BYTES: usize = 10_000;
/// Different bodies, so that what is stored compresses as deliveries do.
const BODIES: usize = 64;
const DELIVERIES: usize = 20_000;
const SECRET: &str = "a benchmark's secret";

fn main() -> Fallible<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let requests = requests()?;
    println!("{DELIVERIES} deliveries of {BODY_BYTES} bytes, signed; target: {TARGET:.0}/s");
    println!("connections  deliveries/s  of target   p50 ms   p99 ms   syncs  deliveries/sync");
    for connections in [1, 8, 32, 128] {
        let run = runtime.block_on(run(connections, &requests))?;
        println!("{}", run.line(connections));
    }
    Ok(())
}

struct Run {
    seconds: f64,
    summary: Summary,
    /// Sorted.
    latencies: Vec<Duration>,
}

impl Run {
    fn line(&self, connections: usize) -> String {
        let count = self.latencies.len();
        let rate = count as f64 / self.seconds;
        let rank = |percent: usize| {
            self.latencies[(count * percent).div_ceil(100) - 1].as_secs_f64() * 1e3
        };
        let syncs = self.summary.syncs;
        format!(
            "{connections:11}  {rate:12.0}  {:8.0}%  {:7.2}  {:7.2}  {syncs:6}  {:15.1}",
            100.0 * rate / TARGET,
            rank(50),
            rank(99),
            self.summary.deliveries as f64 / syncs as f64,
        )
    }
}

/// One server, `connections` clients, and a lake that must have it all at the end.
async fn run(connections: usize, requests: &[Vec<u8>]) -> Fallible<Run> {
    let directory = tempfile::tempdir()?;
    let lake = Lake::open_or_create(&LakeUrl::Directory(directory.path().into()))?;
    let endpoint = Endpoint::new(Secrets::new(vec![Secret::from_text(SECRET)?])?);
    let server = Server::bind(Config::new("127.0.0.1:0".parse()?, lake, None, endpoint)?).await?;
    let address = server.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(server.run(async move { drop(stopped.await) }));

    // One connection alone shows the latency; it need not send as much.
    let each = if connections == 1 { DELIVERIES / 20 } else { DELIVERIES / connections };
    let started = Instant::now();
    let clients: Vec<_> = (0..connections)
        .map(|n| tokio::spawn(client(address, each, requests[n % BODIES..].to_vec())))
        .collect();
    let mut latencies = Vec::with_capacity(DELIVERIES);
    for client in clients {
        latencies.extend(client.await??);
    }
    let seconds = started.elapsed().as_secs_f64();
    latencies.sort();
    drop(stop);
    let summary = server.await??;
    assert_eq!(summary.deliveries, latencies.len() as u64, "everything answered is stored");
    assert_eq!(summary.left, 0, "everything stored has landed");
    Ok(Run { seconds, summary, latencies })
}

async fn client(
    address: SocketAddr,
    count: usize,
    requests: Vec<Vec<u8>>,
) -> Fallible<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut latencies = Vec::with_capacity(count);
    let mut answer = [0; 1024];
    for request in requests.iter().cycle().take(count) {
        let head = format!("POST /webhook HTTP/1.1\r\nX-GitHub-Delivery: {}\r\n", Uuid::new_v4());
        let message = [head.as_bytes(), request].concat();
        let started = Instant::now();
        stream.write_all(&message).await?;
        let read = read_answer(&mut stream, &mut answer).await?;
        latencies.push(started.elapsed());
        if !answer.starts_with(b"HTTP/1.1 202 ") {
            return Err(String::from_utf8_lossy(&answer[..read]).into());
        }
    }
    Ok(latencies)
}

/// Answers are one small JSON object, so they end with its brace.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Fallible<usize> {
    let mut read = 0;
    while read == 0 || buffer[read - 1] != b'}' {
        match stream.read(&mut buffer[read..]).await? {
            0 => return Err("the server closed the connection".into()),
            bytes => read += bytes,
        }
    }
    Ok(read)
}

/// All of each request that comes after its delivery id.
fn requests() -> Fallible<Vec<Vec<u8>>> {
    let secret = Secret::from_text(SECRET)?;
    let request = |n| {
        let body = body(n);
        let signature = secret.sign(body.as_bytes());
        format!(
            "Host: localhost\r\nContent-Type: application/json\r\nX-GitHub-Event: pull_request\r\n\
             X-Hub-Signature-256: {signature}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    };
    Ok((0..BODIES).map(request).collect())
}

/// A payload like GitHub's: mostly URLs that resemble each other, with numbers and hashes between.
fn body(n: usize) -> String {
    let mut text = format!(r#"{{"action":"opened","number":{n}"#);
    let mut state = n as u64 + 1;
    for member in 0.. {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let _ = write!(
            text,
            r#","member_{member}_url":"https://api.github.com/repos/acme/web-{n}/git/commits/{:x}""#,
            state >> 24
        );
        if text.len() > BODY_BYTES - 20 {
            break;
        }
    }
    let padding = (BODY_BYTES - 1).saturating_sub(text.len());
    text.push_str(&" ".repeat(padding));
    text.push('}');
    text
}
