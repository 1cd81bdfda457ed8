//! Signatures. Whatever is wrong, the answer is the same.

use super::cases::Case;
use crate::request::Request;
use crate::scene::{SECRET, sign};

const BODY: &[u8] = b"{}";

pub(crate) fn cases() -> Vec<Case> {
    [good(), texts(), other_bodies(), other_faults()].concat()
}

fn signed(text: impl AsRef<[u8]>) -> Request {
    Request::push().with("X-Hub-Signature-256", text)
}

fn digits() -> String {
    sign(SECRET, BODY).trim_start_matches("sha256=").to_owned()
}

fn good() -> Vec<Case> {
    let digits = digits();
    let mixed: String = digits
        .chars()
        .enumerate()
        .map(|(n, it)| if n % 2 == 0 { it.to_ascii_uppercase() } else { it })
        .collect();
    vec![
        Case::new("in upper case", signed(format!("sha256={}", digits.to_uppercase())), 202),
        Case::new("in both cases", signed(format!("sha256={mixed}")), 202),
        Case::new("by the next secret", signed(sign("the next one", BODY)), 202),
        Case::new("with SHA-1 beside it", Request::push().with("X-Hub-Signature", "sha1=00"), 202),
        Case::new("spaces around it", signed(format!("   sha256={digits}\t ")), 202),
    ]
}

fn texts() -> Vec<Case> {
    let digits = digits();
    let with = |scheme: &str| format!("{scheme}{digits}");
    let zeros = "0".repeat(64);
    [
        ("SHA-1", format!("sha1={}", &digits[..40])),
        ("SHA-1 of full length", with("sha1=")),
        ("SHA-512", with("sha512=")),
        ("the scheme in upper case", with("SHA256=")),
        ("the scheme with a capital", with("Sha256=")),
        ("the scheme with a hyphen", with("sha-256=")),
        ("no scheme", with("")),
        ("an equals sign alone", with("=")),
        ("a colon for the equals sign", with("sha256:")),
        ("a space after the equals sign", with("sha256= ")),
        ("two equals signs", with("sha256==")),
        ("the scheme twice", with("sha256=sha256=")),
        ("in quotes", format!("\"sha256={digits}\"")),
        ("another field in front", with("x=y,sha256=")),
        ("another field behind", format!("sha256={digits},x=y")),
        ("a parameter behind", format!("sha256={digits};x")),
        ("two of them", format!("sha256={digits}, sha256={digits}")),
        ("a wrong one and a good one", format!("sha256={zeros}, sha256={digits}")),
        ("the scheme alone", "sha256=".into()),
        ("zeros", format!("sha256={zeros}")),
        ("a digit less", format!("sha256={}", &digits[..63])),
        ("two digits less", format!("sha256={}", &digits[..62])),
        ("a digit more", format!("sha256={digits}0")),
        ("two digits more", format!("sha256={digits}00")),
        ("twice the length", format!("sha256={digits}{digits}")),
        ("half", format!("sha256={}", &digits[..32])),
        ("one byte", format!("sha256={}", &digits[..2])),
        ("halves in the wrong order", format!("sha256={}{}", &digits[32..], &digits[..32])),
        ("backwards", format!("sha256={}", digits.chars().rev().collect::<String>())),
        ("a space inside", format!("sha256={} {}", &digits[..32], &digits[33..])),
        ("a space more inside", format!("sha256={} {}", &digits[..32], &digits[32..])),
        ("hex with a prefix", with("sha256=0x")),
        ("no hex", format!("sha256={}", "g".repeat(64))),
        ("Base64", "sha256=dXEH6g6yUJ/CESIczphLijdXC21lhscixG9DeYywQ+F=".into()),
        ("JSON", format!(r#"{{"sha256":"{digits}"}}"#)),
        ("another word", "true".into()),
        ("a wildcard", "*".into()),
        ("full-width digits", format!("sha256={}", "０".repeat(64))),
        ("full-width digits of the right length in bytes", format!("sha256={}0", "０".repeat(21))),
    ]
    .into_iter()
    .map(|(name, text)| Case::new(name, signed(text), 401))
    .collect()
}

/// A good signature, but not of this.
fn other_bodies() -> Vec<Case> {
    let body = |body: &str| Request::push().body(body);
    vec![
        Case::new("of another body", body(r#"{"a":1}"#), 401),
        Case::new("of the body without its last byte", Request::of("{} ").body("{}"), 401),
        Case::new("of the body, which is longer by a space", body("{} "), 401),
        Case::new("of the body, which is longer by a line", body("{}\n"), 401),
        Case::new("of the body, which is longer by a NUL", body("{}\0"), 401),
        Case::new(
            "of the body, which is cut short",
            Request::of(r#"{"a":1}"#).body(r#"{"a":1"#),
            401,
        ),
        Case::new(
            "of the body, written otherwise",
            Request::of(r#"{"a":1}"#).body(r#"{"a": 1}"#),
            401,
        ),
        Case::new(
            "of the payload, not of the form",
            Request::push()
                .body("payload=%7B%7D")
                .with("Content-Type", "application/x-www-form-urlencoded"),
            401,
        ),
        Case::new("of nothing", signed(sign(SECRET, b"")), 401),
        Case::new("by another secret", signed(sign("it's a secret to everybody", BODY)), 401),
        Case::new(
            "by a secret with a space",
            signed(sign("It's a Secret to Everybody ", BODY)),
            401,
        ),
        Case::new(
            "by the secrets together",
            signed(sign("the next oneIt's a Secret to Everybody", BODY)),
            401,
        ),
        Case::new("of the signature", signed(sign(SECRET, sign(SECRET, BODY).as_bytes())), 401),
    ]
}

/// Without a signature nobody learns what else is wrong.
fn other_faults() -> Vec<Case> {
    let unsigned = || Request::push().without("X-Hub-Signature-256");
    let wrong = || signed(sign("another", BODY));
    [("no", unsigned as fn() -> Request), ("a wrong", wrong)]
        .into_iter()
        .flat_map(|(what, request)| {
            [
                ("no event type", request().without("X-GitHub-Event")),
                ("a bad event type", request().with("X-GitHub-Event", "../x")),
                ("no id", request().without("X-GitHub-Delivery")),
                ("a bad host", request().with("X-GitHub-Enterprise-Host", "-")),
                ("another content type", request().with("Content-Type", "text/html")),
                ("no JSON", request().body("{")),
                ("no UTF-8", request().body(b"\xff")),
                ("no body", request().body("")),
                (
                    "a form",
                    request()
                        .body("payload=%7B%7D")
                        .with("Content-Type", "application/x-www-form-urlencoded"),
                ),
                ("a ping", request().with("X-GitHub-Event", "ping")),
            ]
            .map(|(fault, request)| {
                Case::new(format!("{what} signature, and {fault}"), request, 401)
            })
        })
        .collect()
}
