//! `Content-Length`: what is no number, and what is no length of this body.

use super::cases::{Case, Outcome, one_of};
use crate::request::Request;
use crate::scene::BODY_LIMIT;

pub(crate) fn cases() -> Vec<Case> {
    [numbers(), bodies(), announced()].concat()
}

fn numbers() -> Vec<Case> {
    let mut cases: Vec<Case> = [
        "-2",
        "+2",
        "0x2",
        "2a",
        "a2",
        "2.0",
        "2e0",
        "2 2",
        "2,2",
        "2, 2",
        "2;",
        "\"2\"",
        "",
        "NaN",
        "２",
        "18446744073709551616",
        "99999999999999999999999999",
        "-18446744073709551614",
    ]
    .into_iter()
    .map(|text| Case::new(format!("{text:?}"), Request::push().with("Content-Length", text), 400))
    .collect();
    let twice = |second: &str| Request::push().and("Content-Length", second);
    cases.extend([
        Case::new(
            "leading zeros",
            Request::push().with("Content-Length", "0000000002"),
            one_of([202, 400]),
        ),
        Case::new("spaces around it", Request::push().with("Content-Length", "  2\t"), 202),
        Case::new("twice the same", twice("2"), one_of([202, 400])),
        Case::new("twice, another", twice("3"), 400),
        Case::new("twice, first another", Request::push().first("Content-Length: 3"), 400),
        Case::new("twice, one of them no number", twice("x"), 400),
        Case::new("three times", twice("2").and("Content-Length", "1"), 400),
        Case::new(
            "a space before the colon",
            Request::push().without("Content-Length").raw("Content-Length : 2"),
            400,
        ),
        Case::new("an underscore", Request::push().with("Content_Length", "500"), 202),
    ]);
    cases
}

/// A length that is not that of the body which comes.
fn bodies() -> Vec<Case> {
    let timeless = Outcome::from(408);
    vec![
        Case::new("shorter than the body", Request::push().instead("{}{}{}"), 202)
            .lands_payload("{}"),
        Case::new("shorter than what is signed", Request::push().with("Content-Length", "1"), 401),
        Case::new("0, and a body", Request::push().with("Content-Length", "0"), 401),
        Case::new("0, signed", Request::of(""), 400),
        Case::new("0, signed, and a body", Request::of("").instead("{}"), 400),
        Case::new("absent, and a body", Request::push().without("Content-Length"), 401),
        Case::new("absent, and nothing signed", Request::of("").without("Content-Length"), 400),
        Case::new(
            "longer than the body",
            Request::push().with("Content-Length", "3"),
            timeless.clone(),
        ),
        Case::new(
            "much longer than the body",
            Request::push().with("Content-Length", "200000"),
            timeless.clone(),
        ),
        Case::new("a body that never comes", Request::push().instead(""), timeless),
        Case::new(
            "as long as may be",
            Request::of(format!("{{}}{}", " ".repeat(BODY_LIMIT - 2))),
            202,
        ),
    ]
}

/// What is announced is answered before it comes: here it never does.
fn announced() -> Vec<Case> {
    let over = BODY_LIMIT + 1;
    let announce = |request: Request, length: u64| {
        request.with("Content-Length", length.to_string()).instead("")
    };
    let mut cases = vec![];
    for length in [over as u64, 26_214_401, 1 << 31, (1 << 32) + 2, 1 << 40, 1 << 62] {
        cases.push(Case::new(format!("{length}, signed"), announce(Request::push(), length), 413));
        for (what, signature) in [
            ("sha1", "sha1=00"),
            ("short", "sha256=00"),
            ("no hex", &*format!("sha256={}", "z".repeat(64))),
        ] {
            let request = Request::push().with("X-Hub-Signature-256", signature);
            cases.push(Case::new(format!("{length}, {what}"), announce(request, length), 401));
        }
        let unsigned = Request::push().without("X-Hub-Signature-256");
        cases.push(Case::new(format!("{length}, unsigned"), announce(unsigned, length), 401));
    }
    // Too large for the library as well, which may say so in its own way.
    for length in [u64::MAX, u64::MAX - 1, 1 << 63] {
        let request = announce(Request::push(), length);
        cases.push(Case::new(length.to_string(), request, one_of([400, 413, 431])));
    }
    let waiting = |request: Request| announce(request, 1_000).with("Expect", "100-continue");
    let unsigned = Request::push().without("X-Hub-Signature-256");
    cases.extend([
        Case::new("1,000, unsigned", announce(unsigned.clone(), 1_000), 401),
        Case::new("1,000, unsigned, that waits to be told to go on", waiting(unsigned), 401),
        Case::new(
            "too many, signed, that waits to be told to go on",
            announce(Request::push(), over as u64).with("Expect", "100-continue"),
            413,
        ),
        Case::new("1,000, signed, that never comes", waiting(Request::push()), 408),
        Case::new(
            "a body of /health that never comes",
            Request::get("/health").with("Content-Length", "1000"),
            200,
        ),
        Case::new(
            "a body of nowhere that never comes",
            announce(Request::push().path("/x"), 1_000),
            404,
        ),
        Case::new(
            "a body of another method that never comes",
            announce(Request::push().method("PUT"), 1_000),
            405,
        )
        .allow("POST"),
    ]);
    cases
}
