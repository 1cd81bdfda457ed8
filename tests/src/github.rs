//! GitHub's side of a webhook: signed requests over plain HTTP/1.1, written by hand.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The secret that the tests' endpoint knows.
pub const SECRET: &str = "It's a Secret to Everybody";

/// The header `X-Hub-Signature-256` for a body.
pub fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// The delivery id with number `n`.
pub fn guid(n: usize) -> String {
    format!("{n:08x}-cc78-11e3-81ab-4c9367dc0958")
}

/// What an endpoint said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// A delivery, as GitHub sends it.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The header `X-GitHub-Event`.
    pub event: &'a str,
    /// The header `X-GitHub-Delivery`.
    pub id: &'a str,
    /// The body.
    pub body: &'a [u8],
}

impl Delivery<'_> {
    /// Sends it, signed with [`SECRET`].
    ///
    /// # Errors
    /// There is no answer.
    pub fn send(&self, to: SocketAddr) -> std::io::Result<Answer> {
        self.send_signed(to, Some(&signature(SECRET, self.body)))
    }

    /// Sends it with whatever signature, or none.
    ///
    /// # Errors
    /// There is no answer.
    pub fn send_signed(&self, to: SocketAddr, signature: Option<&str>) -> std::io::Result<Answer> {
        let Self { event, id, body } = self;
        let signature =
            signature.map(|it| format!("X-Hub-Signature-256: {it}\r\n")).unwrap_or_default();
        let head = format!(
            "POST /webhook HTTP/1.1\r\nHost: {to}\r\nUser-Agent: GitHub-Hookshot/tests\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nX-GitHub-Event: {event}\r\n\
             X-GitHub-Delivery: {id}\r\nX-GitHub-Hook-ID: 77\r\n{signature}Connection: close\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(to)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        parse(&text).ok_or_else(|| std::io::Error::other(format!("no HTTP answer: {text}")))
    }
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, body: body.to_owned() })
}
