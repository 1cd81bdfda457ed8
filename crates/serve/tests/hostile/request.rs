//! Requests, put together piece by piece: a good one, and what is changed in it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::scene::{SECRET, sign};

/// Each request has a delivery id of its own.
static IDS: AtomicU64 = AtomicU64::new(1);

/// One request. Starts out as a signed push that is taken.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    line: Vec<u8>,
    /// Whole header lines, without their ends.
    headers: Vec<Vec<u8>>,
    body: Vec<u8>,
}

impl Request {
    /// `body`, signed, as JSON.
    pub(crate) fn of(body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref().to_owned();
        Self { line: b"POST /webhook HTTP/1.1".into(), headers: vec![], body: vec![] }
            .with("Host", "hooks.example.com")
            .with("User-Agent", "GitHub-Hookshot/hostile")
            .with("Content-Type", "application/json")
            .with("X-GitHub-Event", "push")
            .with("X-GitHub-Delivery", new_id())
            .with("Connection", "close")
            .signed(body)
    }

    /// The smallest payload, signed.
    pub(crate) fn push() -> Self {
        Self::of("{}")
    }

    /// The smallest payload, signed, as a form.
    pub(crate) fn form(body: impl AsRef<[u8]>) -> Self {
        Self::of(body).with("Content-Type", "application/x-www-form-urlencoded")
    }

    /// `GET` of a path, without a body.
    pub(crate) fn get(path: &str) -> Self {
        Self { line: vec![], headers: vec![], body: vec![] }
            .line(format!("GET {path} HTTP/1.1"))
            .with("Host", "hooks.example.com")
            .with("Connection", "close")
    }

    /// The request line.
    pub(crate) fn line(mut self, line: impl AsRef<[u8]>) -> Self {
        self.line = line.as_ref().to_owned();
        self
    }

    /// Another method.
    pub(crate) fn method(self, method: &str) -> Self {
        self.line(format!("{method} /webhook HTTP/1.1"))
    }

    /// Another path.
    pub(crate) fn path(self, path: &str) -> Self {
        self.line(format!("POST {path} HTTP/1.1"))
    }

    /// Replaces a header, or adds it.
    pub(crate) fn with(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).and(name, value)
    }

    /// Adds a header, whether there is one of that name or not.
    pub(crate) fn and(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.raw([name.as_bytes(), b": ", value.as_ref()].concat())
    }

    /// Adds a header line as it is.
    pub(crate) fn raw(mut self, line: impl AsRef<[u8]>) -> Self {
        self.headers.push(line.as_ref().to_owned());
        self
    }

    /// Adds a header line in front of all others.
    pub(crate) fn first(mut self, line: impl AsRef<[u8]>) -> Self {
        self.headers.insert(0, line.as_ref().to_owned());
        self
    }

    /// Removes each header of that name.
    pub(crate) fn without(mut self, name: &str) -> Self {
        let prefix = format!("{name}:").to_ascii_lowercase();
        self.headers.retain(|line| !line.to_ascii_lowercase().starts_with(prefix.as_bytes()));
        self
    }

    /// Another body, with its length; the signature stays.
    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_owned();
        let length = self.body.len().to_string();
        self.with("Content-Length", length)
    }

    /// Another body, with its length and its signature.
    pub(crate) fn signed(self, body: impl AsRef<[u8]>) -> Self {
        let signature = sign(SECRET, body.as_ref());
        self.body(body).with("X-Hub-Signature-256", signature)
    }

    /// Bytes in place of the body, whatever the headers say of it.
    pub(crate) fn instead(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.body = bytes.as_ref().to_owned();
        self
    }

    /// `Transfer-Encoding: chunked`, with these bytes as they are.
    pub(crate) fn chunked(self, bytes: impl AsRef<[u8]>) -> Self {
        self.without("Content-Length").with("Transfer-Encoding", "chunked").instead(bytes)
    }

    /// Lets the connection stay open for more.
    pub(crate) fn open(self) -> Self {
        self.without("Connection")
    }

    /// Its delivery id.
    pub(crate) fn id(&self) -> String {
        let text = self.headers.iter().filter_map(|line| str::from_utf8(line).ok());
        text.filter_map(|line| line.strip_prefix("X-GitHub-Delivery: ")).next().unwrap().to_owned()
    }

    /// The bytes, with `end` at the end of each line.
    pub(crate) fn bytes_with(&self, end: &str) -> Vec<u8> {
        let mut bytes = self.line.clone();
        for line in &self.headers {
            bytes.extend_from_slice(end.as_bytes());
            bytes.extend_from_slice(line);
        }
        bytes.extend_from_slice(end.as_bytes());
        bytes.extend_from_slice(end.as_bytes());
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bytes_with("\r\n")
    }
}

/// A delivery id that no other request has.
pub(crate) fn new_id() -> String {
    format!("{:08x}-cc78-11e3-81ab-4c9367dc0958", IDS.fetch_add(1, Relaxed))
}
