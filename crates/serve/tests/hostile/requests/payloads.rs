//! Signed bodies: what is one JSON object is kept to the byte, and nothing else is taken.

use super::cases::Case;
use crate::request::Request;

pub(crate) fn cases() -> Vec<Case> {
    [taken(), large(), spaced(), refused(), bytes()].concat()
}

/// Odd, but JSON.
fn taken() -> Vec<Case> {
    [
        "{}",
        r#"{"a":1e999}"#,
        r#"{"a":-1e-999}"#,
        r#"{"id":99999999999999999999999999999999}"#,
        r#"{"id":-0}"#,
        r#"{"a":"\ud800"}"#,
        r#"{"a":"\udc00\ud800"}"#,
        r#"{"a":"\ud83d\ude00"}"#,
        r#"{"a":"\u0000"}"#,
        r#"{"\u0000":1}"#,
        r#"{"":1}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"action":"opened","action":{"action":[]}}"#,
        r#"{"repository":[],"sender":1,"organization":null,"action":{}}"#,
        r#"{"a":"\"},{\"version\":\"0\",\"id\":\"x\""}"#,
        r#"{"version":"0","id":"x","detail-type":"star","detail":{"_delivery":{"id":"x"}}}"#,
        r#"{"a":"\u001b]0;x\u0007\u001b[2J"}"#,
        r#"{"a":"<script>alert(1)</script>","b":"=cmd|' /C calc'!A0","c":"@team","d":"![x](http://a)"}"#,
        r#"{"a":"'; drop table events; --"}"#,
        r#"{"a":"../../../../etc/passwd"}"#,
        r#"{"__proto__":{"a":1},"constructor":{}}"#,
        "{\"a\":\"\u{7f}\u{9b}\u{202e}\u{200b}\u{2028}\u{feff}\u{ffff}\u{10ffff}\"}",
        "{\"a\":\"x&payload=%7B%7D&y\"}",
    ]
    .into_iter()
    .map(|text| Case::new(format!("{text:.60}"), Request::of(text), 202).lands_payload(text))
    .chain([own_member()])
    .collect()
}

/// A payload with a `_delivery` of its own: the endpoint's stands in front of it.
fn own_member() -> Case {
    let own = r#"{"_delivery":{"id":"00000000-0000-0000-0000-00000000dead","received_at":"1999-01-01T00:00:00.000Z"}}"#;
    Case::new("a _delivery of its own", Request::of(own), 202).lands_payload(own)
}

fn large() -> Vec<Case> {
    let deep = |open: &str, middle: &str, close: &str| {
        format!("{{\"a\":{}{middle}{}}}", open.repeat(50_000), close.repeat(50_000))
    };
    let keys: String = (0..20_000).map(|n| format!("\"{n}\":1,")).collect();
    [
        ("50,000 arrays within each other", deep("[", "", "]")),
        ("25,000 objects within each other", {
            format!("{{\"a\":{}1{}}}", "{\"a\":".repeat(25_000), "}".repeat(25_000))
        }),
        ("the same key 20,000 times", format!("{{{}\"a\":1}}", "\"a\":1,".repeat(20_000))),
        ("20,000 keys", format!("{{{keys}\"a\":1}}")),
        ("a number of 200,000 digits", format!("{{\"a\":{}}}", "9".repeat(200_000))),
        ("a key of 200,000 letters", format!("{{\"{}\":1}}", "a".repeat(200_000))),
        ("30,000 escapes", format!("{{\"a\":\"{}\"}}", r"\u0041".repeat(30_000))),
        ("30,000 lone surrogates", format!("{{\"a\":\"{}\"}}", r"\ud800".repeat(30_000))),
    ]
    .into_iter()
    .map(|(name, text)| Case::new(name, Request::of(&text), 202).lands_payload(&text))
    .collect()
}

/// White space between tokens may become spaces: a record is one line.
fn spaced() -> Vec<Case> {
    [
        (" {} ", "{}"),
        ("\r\n\t{}\r\n\t", "{}"),
        ("{\n\"a\"\t:\r1}", "{\"a\" : 1}"),
        ("{\"a\":\"b\"}\n\n\n", "{\"a\":\"b\"}"),
    ]
    .into_iter()
    .map(|(sent, lands)| {
        Case::new(format!("{sent:?}"), Request::of(sent), 202).lands_payload(lands)
    })
    .collect()
}

/// Not one JSON object.
fn refused() -> Vec<Case> {
    [
        "",
        " ",
        "\n\n",
        "[]",
        "[{}]",
        "1",
        "null",
        "true",
        "\"{}\"",
        "{}{}",
        "{} {}",
        "{},",
        "{}x",
        "{}]",
        "{}//",
        "{",
        "}",
        "{{}}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":'b'}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":1.}",
        "{\"a\":1e}",
        "{\"a\":0x1}",
        "{\"a\":-}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":undefined}",
        "{\"a\":True}",
        "{\"a\":\"b}",
        "{\"a\":\"\\x41\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\'\"}",
        "{\"a\":1 \"b\":2}",
        "{1:1}",
        "{}/**/",
        "/**/{}",
        "#\n{}",
        "{\"a\":\"b\nc\"}",
        "{\"a\":\"b\tc\"}",
        "{\"a\":\"\u{1}\"}",
        "\u{feff}{}",
        "\u{a0}{}",
        "{}\u{2028}",
        "\u{b}{}",
        "{}\u{c}",
        "\0{}",
        "{}\0",
        "{\"a\":\"\0\"}",
        "{\0}",
        ")]}'\n{}",
        "<x/>",
        "payload={}",
        "data: {}\n\n",
        "{\"a\":1}\n{\"b\":2}",
        "{\"a\":(1)}",
    ]
    .into_iter()
    .map(|text| Case::new(format!("{text:?}"), Request::of(text), 400))
    .chain([
        Case::new(
            "arrays that are never closed",
            Request::of(format!("{{\"a\":{}", "[".repeat(100_000))),
            400,
        ),
        Case::new("objects that are never closed", Request::of("{\"a\":".repeat(50_000)), 400),
    ])
    .collect()
}

/// Bytes that are no UTF-8.
fn bytes() -> Vec<Case> {
    let wide = |unit: fn(u16) -> [u8; 2]| "{}".encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    [
        ("a byte that never occurs", b"{\"a\":\"\xff\"}".to_vec()),
        ("Latin-1", b"{\"a\":\"\xe9\"}".to_vec()),
        ("a NUL written too long", b"{\"a\":\"\xc0\x80\"}".to_vec()),
        ("a slash written too long", b"{\"a\":\"\xe0\x80\xaf\"}".to_vec()),
        ("a lone surrogate in bytes", b"{\"a\":\"\xed\xa0\x80\"}".to_vec()),
        ("beyond Unicode", b"{\"a\":\"\xf4\x90\x80\x80\"}".to_vec()),
        ("half a character", b"{\"a\":\"\xe2\x82\"}".to_vec()),
        ("a key", b"{\"\xff\":1}".to_vec()),
        ("behind the end", b"{}\xff".to_vec()),
        ("UTF-16", wide(u16::to_le_bytes)),
        ("UTF-16 the other way round", wide(u16::to_be_bytes)),
    ]
    .into_iter()
    .map(|(name, body)| Case::new(format!("no UTF-8: {name}"), Request::of(body), 400))
    .collect()
}
