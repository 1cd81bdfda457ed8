//! Claim checks: `_delivery.large` and the body that it names.

use sha2::{Digest, Sha256};

use crate::case::{Case, Object, Verdict, broken, delivery, ours, overlong, stored};
use crate::lake::gzip;

const BAD: &str = "bad_delivery";
const CHECK: &str = "bad_claim_check";
const BODY: &[u8] = br#"{"action":"created","x":"0123456789"}"#;

fn key(n: usize) -> String {
    format!("large/2026/03/02/00000000-0000-0000-0000-0000000000{n:02x}.json.gz")
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A claim check of a body that lies at `key`.
fn large(key: &str, body: &[u8]) -> Object {
    let (bytes, sha256) = (body.len().to_string(), quoted(&sha256(body)));
    Object::new(&[("key", &quoted(key)), ("bytes", &bytes), ("sha256", &sha256)])
}

fn good() -> Object {
    large(&key(0), BODY)
}

fn checked(name: impl Into<String>, large: &str, verdict: Verdict) -> Case {
    Case::new(name, ours(&delivery().with("large", Some(large)).json()).json(), verdict)
}

fn member(member: &'static str, value: Option<&str>, verdict: Verdict) -> Case {
    let name = format!("large.{member} {:.60}", value.unwrap_or("missing"));
    checked(name, &good().with(member, value).json(), verdict)
}

/// The members of `large`.
pub(crate) fn members() -> Vec<Case> {
    let mut cases = vec![
        checked("large", &good().json(), stored()),
        checked("large null", "null", stored()),
        checked("large and more", &good().with("x", Some("[1]")).json(), stored()),
    ];
    let array = format!(r#"["{}",{},"{}"]"#, key(0), BODY.len(), sha256(BODY));
    for value in ["7", "true", "[]", "{}", r#""""#, r#""x""#, "1e999", &array] {
        cases.push(checked(format!("large {value:.40}"), value, broken(BAD)));
    }
    for name in ["key", "bytes", "sha256"] {
        cases.push(member(name, None, broken(BAD)));
        for value in ["null", "true", "[]", "{}", "1.5", "1e2", "1e999", "-1", r#""\ud800""#] {
            cases.push(member(name, Some(value), broken(BAD)));
        }
    }
    for name in ["key", "sha256"] {
        cases.push(member(name, Some("7"), broken(BAD)));
        for value in [r#""""#, r#""garbage""#, r#""\u0000""#, &overlong()] {
            cases.push(member(name, Some(value), broken(CHECK)));
        }
    }
    cases.extend(keys());
    for value in [r#""37""#, r#""""#, "18446744073709551616"] {
        cases.push(member("bytes", Some(value), broken(BAD)));
    }
    for value in ["0", "36", "38", "33554433", "9223372036854775808", "18446744073709551615"] {
        cases.push(member("bytes", Some(value), broken(CHECK)));
    }
    let sha = sha256(BODY);
    cases.push(member("sha256", Some(&quoted(&sha.to_uppercase())), stored()));
    for wrong in [
        &sha[1..],
        &format!("{sha}0"),
        &format!(" {sha}"),
        &format!("sha256={sha}"),
        &sha256(b""),
        &"0".repeat(64),
    ] {
        cases.push(member("sha256", Some(&quoted(wrong)), broken(CHECK)));
    }
    cases
}

/// An entry names its claim check itself, and must not be able to name anything else.
fn keys() -> Vec<Case> {
    let id = "00000000-0000-0000-0000-000000000000";
    [
        "raw/2026/03/02/10/1".to_owned(),
        "large".to_owned(),
        "large/".to_owned(),
        format!("/{}", key(0)),
        format!("./{}", key(0)),
        format!("{}/", key(0)),
        format!("{} ", key(0)),
        format!(r"{}\n", key(0)),
        format!(r"{}\u0000", key(0)),
        format!("large//2026/03/02/{id}.json.gz"),
        format!("large/2026/3/2/{id}.json.gz"),
        format!("large/2026/02/30/{id}.json.gz"),
        format!("large/2026/03/{id}.json.gz"),
        format!("large/2026/03/02/{id}.json"),
        format!("large/2026/03/02/{id}.JSON.GZ"),
        format!("large/2026/03/02/{id}"),
        "large/2026/03/02/x.json.gz".to_owned(),
        "large/2026/03/02/{00000000-0000-0000-0000-000000000000}.json.gz".to_owned(),
        format!("large/2026/03/02/../02/{id}.json.gz"),
        format!("large/2026/03/02/%2e%2e/{id}.json.gz"),
        format!("large/../large/2026/03/02/{id}.json.gz"),
        format!("LARGE/2026/03/02/{id}.json.gz"),
        format!("s3://bucket/large/2026/03/02/{id}.json.gz"),
        format!("large/2026/03/02/{}.json.gz", "0000000A-0000-0000-0000-000000000000"),
        format!("large/+2026/03/02/{id}.json.gz"),
        // Of the right form, and nothing there.
        format!("large/2026/03/01/{id}.json.gz"),
        "large/9999/12/31/ffffffff-ffff-ffff-ffff-ffffffffffff.json.gz".to_owned(),
    ]
    .iter()
    .map(|key| member("key", Some(&quoted(key)), broken(CHECK)))
    .collect()
}

/// A body, how it lies there, and what must become of a record that names it.
struct Body {
    name: &'static str,
    body: Vec<u8>,
    stored: Vec<u8>,
    verdict: Verdict,
}

fn bodies() -> Vec<Body> {
    let body = |name, body: &[u8], verdict| Body {
        name,
        body: body.to_vec(),
        stored: gzip(body),
        verdict,
    };
    let lies = |name, stored: Vec<u8>, verdict| Body { name, body: BODY.to_vec(), stored, verdict };
    let whole = gzip(BODY);
    let cut = |at: usize| whole[..at].to_vec();
    let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(50_000), "]".repeat(50_000));
    vec![
        lies("as it should be", whole.clone(), stored()),
        lies("two members", [gzip(&BODY[..9]), gzip(&BODY[9..])].concat(), stored()),
        lies("an empty member behind", [whole.clone(), gzip(b"")].concat(), stored()),
        lies("nothing", vec![], broken(CHECK)),
        lies("an empty gzip", gzip(b""), broken(CHECK)),
        lies("not packed", BODY.to_vec(), broken(CHECK)),
        lies("packed twice", gzip(&whole), broken(CHECK)),
        lies("cut in its header", cut(5), broken(CHECK)),
        lies("cut in its middle", cut(whole.len() / 2), broken(CHECK)),
        lies("without its check sum", cut(whole.len() - 8), broken(CHECK)),
        lies("garbage behind", [&whole, &b"garbage"[..]].concat(), broken(CHECK)),
        lies("another body", gzip(br#"{"action":"created","x":"0123456780"}"#), broken(CHECK)),
        lies("a bomb", gzip(&vec![b' '; 100_000_000]), broken(CHECK)),
        body("an object", b"{}", stored()),
        body("spaces around", b" {\"a\":1}\n", stored()),
        body("deep", deep.as_bytes(), stored()),
        body("half a pair", br#"{"x":"\ud800"}"#, stored()),
        body("not UTF-8", b"{\"a\":\"\xff\"}", broken(CHECK)),
        body("no JSON", b"hello", broken("bad_payload")),
        body("an array", b"[]", broken("bad_payload")),
        body("a number", b" 7", broken("bad_payload")),
        body("null", b"null", broken("bad_payload")),
        body("half of it", br#"{"a":"#, broken("bad_payload")),
        body("two objects", b"{}{}", broken("bad_payload")),
        body("a byte order mark", b"\xef\xbb\xbf{}", broken("bad_payload")),
        body("empty", b"", broken("bad_payload")),
        body("a control character", b"{\"a\":\"\x01\"}", broken("bad_payload")),
    ]
}

pub(crate) fn objects() -> Vec<Case> {
    let case = |(n, body): (usize, &Body)| {
        let large = large(&key(n), &body.body).json();
        checked(format!("a large body: {}", body.name), &large, body.verdict.clone())
    };
    bodies().iter().enumerate().map(case).collect()
}

/// What has to lie in the lake, by key.
pub(crate) fn in_the_lake() -> Vec<(String, Vec<u8>)> {
    bodies().into_iter().enumerate().map(|(n, body)| (key(n), body.stored)).collect()
}
