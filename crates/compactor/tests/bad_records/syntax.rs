//! Texts that are not JSON, or are JSON and nothing that belongs here; records with a fault in them.

use crate::case::{
    Case, SELF, broken, delivery, envelope, ours, pieces, record, stored, stored_and,
};

const NOT: &str = "not_json";
const NAE: &str = "not_an_envelope";

/// Texts between the records.
pub(crate) fn garbage() -> Vec<Case> {
    let case = |text: &str, reason| Case::new(format!("garbage {text:.30}"), text, broken(reason));
    let mut cases = vec![];
    for text in [
        "hello",
        "hello, world {\"a\":1}",
        "<html><body>503 Service Unavailable</body></html>",
        "<?xml version=\"1.0\"?><Error><Code>SlowDown</Code></Error>",
        "-----BEGIN CERTIFICATE-----",
        "eyJ2ZXJzaW9uIjoiMCJ9",
        "version: 0",
        "NaN",
        "Infinity",
        "-Infinity",
        "undefined",
        "None",
        "tru",
        "nul",
        "truefalse",
        "-",
        "+1",
        ".5",
        "0x10",
        "'x'",
        "{'version':'0'}",
        "{version:0}",
        "// comment",
        "# comment",
        "/* comment */",
        "{",
        "}",
        "]",
        "[",
        "[[",
        "[{",
        "{{",
        "}}",
        "{[",
        "{]",
        "[}",
        "{\"",
        "{\"a",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":\"",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":[",
        "{\"a\":[\"",
        "{\"version\":\"",
        "{\"version\":\"0\",",
        "[1,",
        "[\"a",
        "\"",
        "\"abc",
        "\"abc\\",
        "\"abc\\\"",
        "\"a{",
        "\"a{b",
        "\"{ ",
        ",",
        ":",
        "\\",
        "\\u0000",
        "%",
        "\u{7f}",
        "\u{0}",
        "\u{0}\u{0}\u{0}\u{0}",
        "\u{1b}[2J",
        "\u{b}",
        "\u{1e}",
        "\u{1a}",
        "\u{85}",
        "\u{a0}",
        "\u{200b}",
        "\u{2028}",
        "\u{3000}",
        "\u{feff}",
        "\u{fffd}",
    ] {
        cases.push(case(text, NOT));
    }
    for text in [
        "{}",
        "{ }",
        "[]",
        "[[]]",
        "null",
        "true",
        "0",
        "-1",
        "1e999",
        "123456789012345678901234567890",
        "\"\"",
        "\"x\"",
        "\"{\\\"version\\\":\\\"0\\\"}\"",
        "{\"a\":1}",
        "{\"version\":\"0\"}",
        "{\"detail\":{}}",
        "{\"detail-type\":\"push\"}",
        "{\"\":{}}",
        "[{\"version\":\"0\"},{\"version\":\"0\"}]",
        "{\"\\ud800\":1e999}",
    ] {
        cases.push(case(text, NAE));
    }
    cases
}

/// One record of ours with a fault in its payload.
pub(crate) fn faults() -> Vec<Case> {
    let mut cases = vec![];
    for fault in [
        r#""a":1,"#,
        r#","a":1"#,
        r#""a":1,,"b":2"#,
        r#""a" 1"#,
        r#""a":"#,
        r#""a":1 "b":2"#,
        r#"a:1"#,
        r#"'a':1"#,
        r#""a":'x'"#,
        r#""a":NaN"#,
        r#""a":Infinity"#,
        r#""a":undefined"#,
        r#""a":True"#,
        r#""a":01"#,
        r#""a":+1"#,
        r#""a":.5"#,
        r#""a":1."#,
        r#""a":1e"#,
        r#""a":0x10"#,
        r#""a":--1"#,
        r#""a":[1,]"#,
        r#""a":[1 2]"#,
        r#""a":[1}"#,
        r#""a":{"b":1]"#,
        r#""a":"\x41""#,
        r#""a":"\u12""#,
        r#""a":"\u12g4""#,
        r#""a":"\'""#,
        r#""a":"x"y"#,
        r#""a":"x"#,
        r#"1:2"#,
        r#"{}"#,
        r#"[]"#,
        r#"// comment"#,
        r#""a":1 /* comment */"#,
        "\"a\":\"x\ny\"",
        "\"a\":\"x\r\ny\"",
        "\"a\":\"x\ty\"",
        "\"a\":\u{feff}1",
        "\"a\":\u{a0}1",
        "\"a\u{0}\":1",
    ] {
        cases.push(Case::new(format!("fault {fault:?}"), record("star", fault), broken(NOT)));
    }
    for control in 0..0x20_u8 {
        let text = format!("\"a\":\"x{}y\"", char::from(control));
        cases.push(Case::new(format!("control {control}"), record("star", &text), broken(NOT)));
    }
    cases
}

/// A good record with something around it that is not its own.
pub(crate) fn company() -> Vec<Case> {
    let good = ours(&delivery().json()).json();
    let mut cases = vec![];
    for space in [" ", "\t", "\r", "\n", "\r\n", "\n\n\n", " \t \r\n", "\u{c}"] {
        cases.push(Case::new(
            format!("{space:?} around"),
            format!("{space}{good}{space}"),
            stored(),
        ));
    }
    for before in ["\u{feff}", "\u{0}", "\u{1e}", ",", "x", "hello ", "\u{a0}", "]", "}", "data: "]
    {
        let text = format!("{before}{good}");
        cases.push(Case::new(format!("{before:?} before"), text, stored_and(&[NOT])));
    }
    for after in
        [",", ";", "}", "]", "x", "\u{0}", "\u{1a}", "\u{feff}", "\u{2028}", "\"", "{", "["]
    {
        let text = format!("{good}{after}");
        cases.push(Case::new(format!("{after:?} after"), text, stored_and(&[NOT])));
    }
    for value in ["7", "null", "[]", "{}", "\"x\""] {
        let text = format!("{value} {good}");
        cases.push(Case::new(format!("{value} before"), text, stored_and(&[NAE])));
        let text = format!("{good}{value}");
        cases.push(Case::new(format!("{value} after"), text, stored_and(&[NAE])));
    }
    // What else writes JSON in a stream.
    cases.push(Case::new("server-sent", format!("event: x\ndata: {good}"), stored_and(&[NOT])));
    cases.push(Case::new("log", format!("2026-03-02 INFO {good}"), stored_and(&[NOT])));
    cases
}

/// A record that breaks off, at every byte.
pub(crate) fn cut_short() -> Vec<Case> {
    let detail = format!(
        r#"{{"_delivery":{{"id":"{SELF}","received_at":"2026-03-02T10:00:00Z"}},"a":[1,{{"b":"}}{{\n\"é"}},null]}}"#
    );
    let whole = envelope(&detail).with("account", None).with("region", None).json().into_bytes();
    let cut = |at: usize| Case::new(format!("cut at {at}"), &whole[..at], broken(NOT));
    let mut cases: Vec<Case> = (1..whole.len()).map(cut).collect();
    cases.push(Case::new("not cut", whole, stored()));
    cases
}

/// A record whose beginning is missing, from where it goes on.
pub(crate) fn cut_off() -> Vec<Case> {
    let whole = ours(&delivery().json()).json();
    let from = |text: &str| whole[whole.find(text).unwrap()..].to_owned();
    [
        (r#""version""#, &[NAE, NOT][..]),
        (r#"version""#, &[NOT]),
        (r#":"0""#, &[NOT]),
        (r#""0","#, &[NAE, NOT]),
        (r#"0","#, &[NAE, NAE, NOT]),
        (r#"","id""#, &[NAE, NOT]),
        (r#"detail-type"#, &[NOT]),
        (r#"[],"detail""#, &[NAE, NOT]),
        (r#"],"detail""#, &[NOT]),
        (r#"{"_delivery""#, &[NAE, NOT]),
        (r#"{"id":"5e"#, &[NAE, NOT]),
        (r#""action":"created"}}"#, &[NAE, NOT]),
        (r#"created"}}"#, &[NOT]),
        (r#""}}"#, &[NOT]),
        (r#"}}"#, &[NOT]),
    ]
    .into_iter()
    .map(|(start, reasons)| Case::new(format!("from {start}"), from(start), pieces(reasons)))
    .collect()
}
