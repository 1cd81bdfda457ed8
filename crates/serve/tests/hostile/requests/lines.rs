//! Request lines: methods, paths and versions.

use super::cases::{Case, Outcome, one_of};
use crate::request::Request;

pub(crate) fn cases() -> Vec<Case> {
    [broken(), versions(), paths(), targets(), methods(), unfinished()].concat()
}

/// No request lines at all.
fn broken() -> Vec<Case> {
    [
        ("no method", " /webhook HTTP/1.1"),
        ("no path", "POST HTTP/1.1"),
        ("a method alone", "POST"),
        ("two spaces before the path", "POST  /webhook HTTP/1.1"),
        ("two spaces before the version", "POST /webhook  HTTP/1.1"),
        ("tabs for spaces", "POST\t/webhook\tHTTP/1.1"),
        ("something after the version", "POST /webhook HTTP/1.1 x"),
        ("a method that is no token", "PO(ST /webhook HTTP/1.1"),
        ("a method with a NUL", "PO\0ST /webhook HTTP/1.1"),
        ("a method in quotes", "\"POST\" /webhook HTTP/1.1"),
        ("a method of another script", "РOST /webhook HTTP/1.1"),
        ("a NUL in the path", "POST /web\0hook HTTP/1.1"),
        ("an escape in the path", "POST /web\x1b[31mhook HTTP/1.1"),
        ("DEL in the path", "POST /web\x7fhook HTTP/1.1"),
        ("markup in the path", "POST /<script> HTTP/1.1"),
        ("a space in the path", "POST /web hook HTTP/1.1"),
        ("a carriage return in the path", "POST /web\rhook HTTP/1.1"),
        ("TLS to a plain port", "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03"),
        ("SSH to an HTTP port", "SSH-2.0-OpenSSH_9.9"),
        ("a proxy's header", "PROXY TCP4 192.0.2.1 192.0.2.2 5 6"),
    ]
    .into_iter()
    .map(|(name, line)| Case::new(name, Request::push().line(line), 400))
    .collect()
}

fn versions() -> Vec<Case> {
    let mut cases: Vec<Case> = [
        "HTTP/1.2",
        "HTTP/2",
        "HTTP/2.0",
        "HTTP/9.9",
        "HTTP/1.10",
        "HTTP/1",
        "HTTP/11",
        "HTTP/ 1.1",
        "http/1.1",
        "HTTPS/1.1",
        "HTTP/0.9",
        "HTTP/-1.1",
        "HTTP/1.x",
        "ICY",
    ]
    .into_iter()
    .map(|version| {
        Case::new(version, Request::push().line(format!("POST /webhook {version}")), 400)
    })
    .collect();
    let old = |request: Request| request.line("POST /webhook HTTP/1.0");
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    cases.extend([
        Case::new("HTTP/1.0", old(Request::push()), 202),
        Case::new("HTTP/1.0 without a host", old(Request::push().without("Host")), 202),
        Case::new(
            "HTTP/1.0 that stays open",
            old(Request::push().with("Connection", "keep-alive")),
            202,
        ),
        Case::new("HTTP/0.9", b"GET /health\r\n".to_vec(), 400),
        Case::new("the preface of HTTP/2", preface, Outcome::OneOf(vec![vec![], vec![400]])),
    ]);
    cases
}

/// There are no other paths, and no other spellings of them.
fn paths() -> Vec<Case> {
    [
        "/webhook/",
        "//webhook",
        "//",
        "/./webhook",
        "/../webhook",
        "/webhook/..",
        "/x/../webhook",
        "/webhook/.",
        "/WEBHOOK",
        "/Webhook",
        "/webhook;x=1",
        "/webhook%20",
        "/webhook%00",
        "/%77ebhook",
        "/webhook%2f",
        "/webhook%2F..%2Fhealth",
        "/%2e%2e/webhook",
        "/%252e%252e/",
        "/webhook.json",
        "/webhooks",
        "/webhoo",
        "/health/../webhook",
        "/metrics",
        "/.env",
        "/wp-login.php",
        "/cgi-bin/sh",
        "/spool",
        "/raw/",
        "/..\\webhook",
        "/webhook\\",
        "/$(id)",
        "/';--",
    ]
    .into_iter()
    .map(|path| Case::new(path, Request::push().path(path), 404))
    .chain([
        Case::new("a path of 8,000", Request::push().path(&format!("/{}", "a".repeat(8_000))), 404),
        Case::new(
            "a path of 50,000",
            Request::push().path(&format!("/{}", "a/".repeat(25_000))),
            404,
        ),
        Case::new(
            "a path of 70,000",
            Request::push().path(&format!("/{}", "a".repeat(70_000))),
            one_of([414, 431]),
        ),
        Case::new(
            "a query of 70,000",
            Request::push().path(&format!("/webhook?{}", "a".repeat(70_000))),
            one_of([414, 431]),
        ),
        Case::new("a path that is no ASCII", Request::push().path("/wébhook"), one_of([400, 404])),
        Case::new(
            "a path that is no UTF-8",
            Request::push().line(b"POST /\xff\xfe HTTP/1.1"),
            one_of([400, 404]),
        ),
        Case::new("no slash", Request::push().path("webhook"), one_of([400, 404])),
        Case::new("a backslash", Request::push().path("\\webhook"), one_of([400, 404])),
        Case::new("a percent sign alone", Request::push().path("/webhook%"), one_of([400, 404])),
        Case::new("metrics, asked for at the door", Request::get("/metrics"), 404),
    ])
    .collect()
}

/// Other forms of a target that mean a path that is there.
fn targets() -> Vec<Case> {
    [
        ("a query", "/webhook?secret=x", 202),
        ("an empty query", "/webhook?", 202),
        ("a query alone", "/?x", 202),
        ("a path in the query", "/webhook?/../../etc/passwd", 202),
        ("a fragment", "/webhook#x", 202),
        ("the absolute form", "http://hooks.example.com/webhook", 202),
        ("the absolute form of another host", "https://elsewhere.example/webhook", 202),
        ("the absolute form of nothing", "http://hooks.example.com", 202),
        ("the absolute form, elsewhere", "http://hooks.example.com/other", 404),
        ("user and password", "http://user:password@hooks.example.com/webhook", 202),
        ("an asterisk", "*", 404),
    ]
    .into_iter()
    .map(|(name, target, status)| Case::new(name, Request::push().path(target), status))
    .chain([
        Case::new("a bad host in the absolute form", Request::push().path("http:///webhook"), 400),
        Case::new("OPTIONS *", Request::push().line("OPTIONS * HTTP/1.1"), 404),
        Case::new("a tunnel", Request::push().line("CONNECT example.com:443 HTTP/1.1"), 404),
        Case::new(
            "a tunnel to a path",
            Request::push().line("CONNECT /webhook HTTP/1.1"),
            one_of([400, 405]),
        )
        .allow("POST"),
    ])
    .collect()
}

/// Each method on each path: a 405 says what is allowed.
fn methods() -> Vec<Case> {
    let others =
        ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "BREW", "post", "Post", "PRI"];
    let long = "A".repeat(5_000);
    let mut cases = vec![];
    for path in ["/webhook", "/"] {
        for method in others.into_iter().chain(["GET", "HEAD", &long]) {
            let name = format!("{:.10} {path}", method);
            let request = Request::push().line(format!("{method} {path} HTTP/1.1"));
            let heads: &[usize] = if method == "HEAD" { &[0] } else { &[] };
            cases.push(Case::new(name, request, 405).allow("POST").heads(heads));
        }
    }
    for method in others.into_iter().chain(["POST"]) {
        let request = Request::push().line(format!("{method} /health HTTP/1.1"));
        cases.push(Case::new(format!("{method} /health"), request, 405).allow("GET, HEAD"));
    }
    cases.push(Case::new("GET /health", Request::get("/health"), 200));
    let head = Request::get("").line("HEAD /health HTTP/1.1");
    cases.push(Case::new("HEAD /health", head, 200).heads(&[0]));
    cases
}

/// Nobody waits for ever for what comes next.
fn unfinished() -> Vec<Case> {
    [
        ("nothing at all", ""),
        ("one letter", "P"),
        ("a line without its end", "POST /webhook HTTP/1.1"),
        ("a line, and nothing after it", "POST /webhook HTTP/1.1\r\n"),
        ("half a header", "POST /webhook HTTP/1.1\r\nHost"),
        (
            "headers without their end",
            "POST /webhook HTTP/1.1\r\nHost: x\r\nX-GitHub-Event: push\r\n",
        ),
        ("empty lines only", "\r\n\r\n\r\n\r\n"),
    ]
    .into_iter()
    .map(|(name, text)| Case::new(name, text, Outcome::Closed))
    .collect()
}
