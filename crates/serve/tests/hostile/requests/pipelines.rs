//! Many requests in one write, and requests in the bodies of others.

use super::cases::{Case, Outcome};
use crate::request::Request;

pub(crate) fn cases() -> Vec<Case> {
    [in_order(), behind_a_bad_one(), within_a_body()].concat()
}

fn push() -> Request {
    Request::push().open()
}

fn health() -> Request {
    Request::get("/health").without("Connection")
}

fn joined(requests: &[Request]) -> Vec<u8> {
    requests.iter().flat_map(Request::bytes).collect()
}

fn in_order() -> Vec<Case> {
    let fifty: Vec<Request> = (0..50).map(|_| push()).collect();
    let two_hundred: Vec<Request> = (0..200).map(|_| health()).collect();
    let head = health().line("HEAD /health HTTP/1.1");
    let chunked = push().chunked("2\r\n{}\r\n0\r\n\r\n");
    let same = push();
    vec![
        Case::new("50 deliveries", joined(&fifty), vec![202; 50]),
        Case::new("200 questions", joined(&two_hundred), vec![200; 200]),
        Case::new("GET, HEAD, GET", joined(&[health(), head, health()]), [200, 200, 200])
            .heads(&[1]),
        Case::new("chunks between lengths", joined(&[push(), chunked, push()]), [202, 202, 202]),
        Case::new(
            "the same one three times",
            joined(&[same.clone(), same.clone(), same]),
            [202, 202, 202],
        ),
        Case::new(
            "empty lines between",
            [push().bytes(), b"\r\n\r\n".to_vec(), push().bytes()].concat(),
            [202, 202],
        ),
        Case::new("one behind the last", joined(&[Request::push(), push()]), [202]),
        Case::new(
            "half a request behind",
            [push().bytes(), b"POST /webhook HT".to_vec()].concat(),
            [202],
        ),
        Case::new(
            "no request behind",
            [push().bytes(), b"\x16\x03\x01garbage\r\n\r\n".to_vec()].concat(),
            [202, 400],
        ),
    ]
}

/// The connection may end with a refusal. If it goes on, then with the next request.
fn behind_a_bad_one() -> Vec<Case> {
    let either = |first: u16| Outcome::OneOf(vec![vec![first], vec![first, 202]]);
    [
        ("no signature", push().without("X-Hub-Signature-256"), 401),
        (
            "a wrong signature",
            push().with("X-Hub-Signature-256", format!("sha256={}", "0".repeat(64))),
            401,
        ),
        ("another path", push().path("/elsewhere"), 404),
        ("no JSON", push().signed("{"), 400),
        ("another type", push().with("Content-Type", "text/html"), 415),
    ]
    .into_iter()
    .map(|(name, bad, status)| {
        Case::new(format!("behind {name}"), joined(&[bad, push()]), either(status))
    })
    .chain([
        Case::new("behind another method", joined(&[push().method("PUT"), push()]), either(405))
            .allow("POST"),
        Case::new(
            "behind a broken line",
            joined(&[push().line("POST  / HTTP/1.1"), push()]),
            [400],
        ),
        Case::new("behind a broken header", joined(&[push().raw("x"), push()]), [400]),
        Case::new(
            "behind a broken length",
            joined(&[push().with("Content-Length", "+2"), push()]),
            [400],
        ),
        Case::new("behind a body that is too large", too_large(), [413]),
    ])
    .collect()
}

/// A length over the limit, and requests where the body should be.
fn too_large() -> Vec<u8> {
    let announced = push().with("Content-Length", "26214401").instead("");
    joined(&[announced, push(), push()])
}

/// A body that is a whole request must be read as a body, or not at all.
fn within_a_body() -> Vec<Case> {
    let inner = push().bytes();
    let around = |request: Request| request.body(&inner).bytes();
    let wrong = format!("sha256={}", "0".repeat(64));
    vec![
        Case::new("within a question", around(health()), [200]),
        Case::new("within nowhere", around(push().path("/elsewhere")), [404]),
        Case::new("within another method", around(push().method("PUT")), [405]).allow("POST"),
        Case::new("within what is unsigned", around(push().without("X-Hub-Signature-256")), [401]),
        Case::new(
            "within what has a malformed signature",
            around(push().with("X-Hub-Signature-256", "sha256=0")),
            [401],
        ),
        Case::new(
            "within what has a wrong signature",
            around(push().with("X-Hub-Signature-256", wrong)),
            [401],
        ),
        Case::new("within what is signed and no JSON", push().signed(&inner), [400]),
        Case::new(
            "within a question, and one behind it",
            [around(health()), health().bytes()].concat(),
            Outcome::OneOf(vec![vec![200], vec![200, 200]]),
        ),
    ]
}
