//! Bytes to a socket, and the answers that come back.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// No exchange takes longer than this.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long to listen for an answer too many, where the connection stays open.
const SILENCE: Duration = Duration::from_millis(100);

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Lines of the head after the first.
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

impl Reply {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// All that an answer tells, without what differs from one to the next by nature.
    pub(crate) fn told(&self) -> (u16, Vec<&str>, &str) {
        let by_nature = |line: &&String| {
            let name = line.split(':').next().unwrap().to_ascii_lowercase();
            !["date", "connection"].contains(&&*name)
        };
        let headers = self.headers.iter().filter(by_nature).map(String::as_str).collect();
        (self.status, headers, &self.body)
    }
}

/// What a connection gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub(crate) replies: Vec<Reply>,
    /// Whether the server closed the connection.
    pub(crate) closed: bool,
}

impl Exchange {
    pub(crate) fn statuses(&self) -> Vec<u16> {
        self.replies.iter().map(|reply| reply.status).collect()
    }
}

/// Sends `bytes` on a connection of their own, and reads until the server closes it or has
/// answered `expected` times. `heads` are the answers (from 0) to HEAD requests.
pub(crate) async fn exchange(
    to: SocketAddr,
    bytes: &[u8],
    expected: usize,
    heads: &[usize],
) -> Exchange {
    let stream = TcpStream::connect(to).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let mut text = Vec::new();
    let mut closed = false;
    // A server may answer before it has read all; then the rest cannot be written, and need not be.
    let write = async {
        let _ = writing.write_all(bytes).await;
        std::future::pending::<()>().await
    };
    let read = async {
        let mut buffer = [0; 16 << 10];
        loop {
            let whole = replies(&text, heads).0.len();
            let patience = if expected > 0 && whole >= expected { SILENCE } else { PATIENCE };
            match timeout(patience, reading.read(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => break closed = true,
                Ok(Ok(bytes)) => text.extend_from_slice(&buffer[..bytes]),
                Err(_) => break,
            }
        }
    };
    tokio::select! { () = write => {}, () = read => {} }
    let (replies, rest) = replies(&text, heads);
    assert!(rest.is_empty(), "half an answer: {:?}", String::from_utf8_lossy(rest));
    Exchange { replies, closed }
}

/// The whole answers in `text`, and what is left. `100 Continue` is none.
fn replies<'a>(text: &'a [u8], heads: &[usize]) -> (Vec<Reply>, &'a [u8]) {
    let (mut all, mut rest) = (vec![], text);
    while let Some((reply, after)) = reply(rest, heads.contains(&all.len())) {
        rest = after;
        if reply.status != 100 {
            all.push(reply);
        }
    }
    (all, rest)
}

fn reply(text: &[u8], head_only: bool) -> Option<(Reply, &[u8])> {
    let end = text.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = str::from_utf8(&text[..end]).unwrap();
    let mut lines = head.split("\r\n").map(str::to_owned);
    let first = lines.next().unwrap();
    let status = first.strip_prefix("HTTP/1.").unwrap()[2..5].parse().unwrap();
    let mut reply = Reply { status, headers: lines.collect(), body: String::new() };
    let length = reply.header("content-length").map_or(0, |length| length.parse().unwrap());
    let length = if head_only || status == 100 { 0 } else { length };
    let body = text[end + 4..].get(..length)?;
    str::from_utf8(body).unwrap().clone_into(&mut reply.body);
    Some((reply, &text[end + 4 + length..]))
}
