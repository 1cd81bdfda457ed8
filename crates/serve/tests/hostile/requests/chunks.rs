//! `Transfer-Encoding`: chunks that are none, and bodies with two lengths.

use super::cases::{Case, Lands, Outcome, one_of};
use crate::request::Request;
use crate::scene::{SECRET, sign};

/// Ten bytes.
const TEN: &str = r#"{"a":"12"}"#;

pub(crate) fn cases() -> Vec<Case> {
    [good(), framing(), trailers(), codings(), two_lengths(), over_the_limit()].concat()
}

fn ten(chunks: impl AsRef<[u8]>) -> Request {
    Request::of(TEN).chunked(chunks)
}

fn good() -> Vec<Case> {
    let bytes: String = TEN.chars().map(|letter| format!("1\r\n{letter}\r\n")).collect();
    [
        ("one chunk", format!("a\r\n{TEN}\r\n0\r\n\r\n")),
        ("a chunk for each byte", format!("{bytes}0\r\n\r\n")),
        ("upper case", format!("A\r\n{TEN}\r\n0\r\n\r\n")),
        ("leading zeros", format!("0000000a\r\n{TEN}\r\n000\r\n\r\n")),
        ("an extension", format!("a;name=value\r\n{TEN}\r\n0;x\r\n\r\n")),
        ("an extension in quotes", format!("a;name=\"a b\"\r\n{TEN}\r\n0\r\n\r\n")),
        ("something after the end", format!("a\r\n{TEN}\r\n0\r\n\r\ngarbage")),
    ]
    .into_iter()
    .map(|(name, chunks)| Case::new(name, ten(chunks), 202).lands_payload(TEN))
    .chain([Case::new("no chunk, nothing signed", Request::of("").chunked("0\r\n\r\n"), 400)])
    .collect()
}

/// The body cannot be read to its end: it is refused, and what follows is no request.
fn framing() -> Vec<Case> {
    let refused = || one_of([400, 408, 413]);
    let mut cases: Vec<Case> = [
        "z",
        "-a",
        "+a",
        "0xa",
        " a",
        "",
        "a a",
        "a\0",
        "1.0",
        "\u{ff41}",
        "fffffffffffffffff",
        "ffffffffffffffff",
        "8000000000000000",
        "7fffffffffffffff",
        "ffffffff",
        "10",
    ]
    .into_iter()
    .map(|size| {
        let chunks = format!("{size}\r\n{TEN}\r\n0\r\n\r\n");
        Case::new(format!("a size of {size:?}"), ten(chunks), refused())
    })
    .collect();
    cases.extend(
        [
            ("a size that is too small", format!("9\r\n{TEN}\r\n0\r\n\r\n")),
            ("no end of a chunk", format!("a\r\n{TEN}0\r\n\r\n")),
            ("no last chunk", format!("a\r\n{TEN}\r\n")),
            ("no end of the last chunk", format!("a\r\n{TEN}\r\n0\r\n")),
            ("half a chunk", format!("a\r\n{}", &TEN[..5])),
            ("no chunk", String::new()),
            ("no chunks, but the body", TEN.to_owned()),
            ("a carriage return alone", format!("a\r{TEN}\r0\r\r")),
            ("an extension of 70 KB", format!("a;{}\r\n{TEN}\r\n0\r\n\r\n", "x".repeat(70_000))),
            ("extensions of 70 KB together", extended()),
        ]
        .into_iter()
        .map(|(name, chunks)| Case::new(name, ten(chunks), refused())),
    );
    let feeds = ten(format!("a\n{TEN}\n0\n\n"));
    cases.push(Case::new("line feeds alone", feeds, one_of([202, 400, 408])));
    cases
}

/// Chunks of one byte, each with a long extension.
fn extended() -> String {
    let extension = "x".repeat(7_000);
    let chunks = TEN.chars().map(|letter| format!("1;{extension}\r\n{letter}\r\n"));
    chunks.chain(["0\r\n\r\n".to_owned()]).collect()
}

/// A header behind the body is no header.
fn trailers() -> Vec<Case> {
    let with = |trailer: &str| format!("a\r\n{TEN}\r\n0\r\n{trailer}\r\n");
    let signature = sign(SECRET, TEN.as_bytes());
    let late = format!("X-Hub-Signature-256: {signature}\r\n");
    let many: String = (0..2_000).map(|n| format!("X-{n}: y\r\n")).collect();
    let push = Lands { event: Some("push"), ..Lands::default() };
    vec![
        Case::new(
            "the signature behind the body",
            ten(with(&late)).without("X-Hub-Signature-256"),
            401,
        ),
        Case::new(
            "a wrong signature behind the body",
            ten(with("X-Hub-Signature-256: sha256=00\r\n")),
            202,
        ),
        Case::new(
            "the event type behind the body",
            ten(with("X-GitHub-Event: push\r\n")).without("X-GitHub-Event"),
            400,
        ),
        Case::new("another event type behind the body", ten(with("X-GitHub-Event: star\r\n")), 202)
            .lands(push),
        Case::new("a length behind the body", ten(with("Content-Length: 999\r\n")), 202),
        Case::new(
            "a broken line behind the body",
            ten(with("no colon\r\n")),
            one_of([202, 400, 408]),
        ),
        Case::new("2,000 lines behind the body", ten(with(&many)), one_of([202, 400, 408])),
        Case::new(
            "70 KB behind the body",
            ten(with(&format!("X: {}\r\n", "a".repeat(70_000)))),
            one_of([202, 400, 408]),
        ),
    ]
}

/// Codings. Only `chunked` is one that can be read.
fn codings() -> Vec<Case> {
    let chunks = format!("a\r\n{TEN}\r\n0\r\n\r\n");
    let coded = |coding: &str| ten(&chunks).with("Transfer-Encoding", coding);
    let mut cases: Vec<Case> = [
        "gzip",
        "identity",
        "chunked, gzip",
        "chunked, identity",
        "xchunked",
        "chunkedx",
        "chunke",
        "chunked;x=y",
        "\"chunked\"",
        "",
        ",",
        "chunked,",
        "chunked gzip",
        "cow",
    ]
    .into_iter()
    .map(|coding| Case::new(format!("{coding:?}"), coded(coding), one_of([400, 501])))
    .collect();
    cases.extend([
        Case::new("in upper case", coded("CHUNKED"), 202),
        Case::new("a vertical tab before it", coded("\u{b}chunked"), 400),
        Case::new("a coding before it", coded("gzip, chunked"), one_of([202, 400, 501])),
        Case::new("twice in one", coded("chunked, chunked"), one_of([202, 400])),
        Case::new(
            "twice",
            coded("chunked").and("Transfer-Encoding", "chunked"),
            one_of([202, 400]),
        ),
        Case::new(
            "twice, the second another",
            coded("chunked").and("Transfer-Encoding", "identity"),
            400,
        ),
        Case::new("of HTTP/1.0", coded("chunked").line("POST /webhook HTTP/1.0"), 400),
        Case::new("an underscore", Request::of(TEN).with("Transfer_Encoding", "chunked"), 202),
        Case::new(
            "a space before the colon",
            Request::of(TEN).raw("Transfer-Encoding : chunked"),
            400,
        ),
        Case::new("folded", Request::of(TEN).raw("X: y\r\n\tTransfer-Encoding: chunked"), 400),
    ]);
    cases
}

/// A length and chunks: who believes the other one sees another request (smuggling).
fn two_lengths() -> Vec<Case> {
    let inner = Request::push().open().bytes();
    let chunked =
        format!("{:x}\r\n{}\r\n0\r\n\r\n", inner.len(), String::from_utf8(inner.clone()).unwrap());
    let behind = [b"0\r\n\r\n", &inner[..]].concat();
    let both = |body: &[u8], length: usize| {
        let request = Request::of("").open().with("Content-Length", length.to_string());
        request.with("Transfer-Encoding", "chunked").instead(body)
    };
    // What the chunks say, or nothing at all; and never a second request.
    let never = |status: u16| Outcome::OneOf(vec![vec![400], vec![status]]);
    let plain = Request::of(TEN)
        .with("Transfer-Encoding", "chunked")
        .instead(format!("a\r\n{TEN}\r\n0\r\n\r\n"));
    let first = Request::of(TEN)
        .first("Transfer-Encoding: chunked")
        .instead(format!("a\r\n{TEN}\r\n0\r\n\r\n"));
    vec![
        Case::new("a length, then chunks", plain, one_of([202, 400])),
        Case::new("chunks, then a length", first, one_of([202, 400])),
        Case::new(
            "a length, and no chunks come",
            Request::of(TEN).with("Transfer-Encoding", "chunked"),
            one_of([400, 408]),
        ),
        Case::new(
            "a request behind the chunks, within the length",
            both(&behind, behind.len()),
            never(400),
        ),
        Case::new(
            "a request within the chunks, behind the length",
            both(chunked.as_bytes(), 4),
            never(401),
        ),
        Case::new(
            "a request within the chunks, the length 0",
            both(chunked.as_bytes(), 0),
            never(401),
        ),
    ]
}

fn over_the_limit() -> Vec<Case> {
    let chunk = format!("186a0\r\n{}\r\n", " ".repeat(100_000));
    let large = || Request::push().chunked(chunk.repeat(4) + "0\r\n\r\n");
    vec![
        Case::new("400,000 bytes", large(), 413),
        Case::new("400,000 bytes without an end", Request::push().chunked(chunk.repeat(4)), 413),
        Case::new("400,000 bytes, unsigned", large().without("X-Hub-Signature-256"), 401),
        Case::new("4,000,000 bytes", Request::push().chunked(chunk.repeat(40) + "0\r\n\r\n"), 413),
    ]
}
