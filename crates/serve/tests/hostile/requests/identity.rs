//! The headers that say what a delivery is: event type, id, and the host of an Enterprise Server.

use super::cases::{Case, Lands};
use crate::request::{Request, new_id};

pub(crate) fn cases() -> Vec<Case> {
    [events(), ids(), hosts()].concat()
}

fn events() -> Vec<Case> {
    let longest = "a".repeat(64);
    let taken = ["push", "a", "x2", "workflow_job", "a_", &longest];
    let too_long = "a".repeat(65);
    let refused = [
        "Push",
        "PUSH",
        "_other",
        "_delivery",
        "2fa",
        "work-flow",
        "push push",
        "push,star",
        "push;",
        "../push",
        "push/..",
        "/push",
        "push\\x",
        "push.x",
        ".",
        "..",
        "push%20",
        "push%2f",
        "push\u{430}",
        "ｐush",
        "'push'",
        "push\"",
        "{}",
        "*",
        "push=x",
        "event_type=push",
        "$push",
        "push\u{200b}",
        "<b>push</b>",
        &too_long,
    ];
    let event = |text: &str| Request::push().with("X-GitHub-Event", text);
    let mut cases: Vec<Case> = taken
        .into_iter()
        .map(|text| Case::new(format!("the event {text:.20}"), event(text), 202))
        .chain(
            refused
                .into_iter()
                .map(|text| Case::new(format!("the event {text:.20}"), event(text), 400)),
        )
        .collect();
    cases.push(Case::new("a ping", event("ping"), 200));
    cases
}

fn ids() -> Vec<Case> {
    let id = new_id();
    let tail = &id[8..];
    let taken = [
        new_id().to_uppercase(),
        format!("  {}  ", new_id()),
        "00000000-0000-0000-0000-000000000000".into(),
        "ffffffff-ffff-ffff-ffff-ffffffffffff".into(),
    ];
    let refused = [
        "1".into(),
        "12345678901".into(),
        id.replace('-', ""),
        format!("{{{id}}}"),
        format!("urn:uuid:{id}"),
        id.replace('-', "_"),
        id.replace('-', ":"),
        id.replace('-', " "),
        format!("g0000000{tail}"),
        format!("0000000{tail}"),
        format!("000000000{tail}"),
        format!("0x000000{tail}"),
        format!("-0000000{tail}"),
        format!("+0000000{tail}"),
        format!("0000 000{tail}"),
        format!("0000\t000{tail}"),
        "00000000cc78-11e3-81ab-4c9367dc09580-".into(),
        "0-0000000cc78-11e3-81ab-4c9367dc0958".into(),
        format!("{id}, {id}"),
        format!("{id};"),
        format!("\"{id}\""),
        format!("../{id}"),
        format!("{id}.json"),
        format!("{id}/.."),
        "../../../../../../etc/passwd-0000000".into(),
        "------------------------------------".into(),
        "000000000000000000000000000000000000".into(),
        "００００００００-cc78-11e3-81ab-4c9367dc0958".into(),
        "'; drop table events; --".into(),
        "null".into(),
        "latest".into(),
    ];
    let named = |text: &str| Request::push().with("X-GitHub-Delivery", text);
    taken
        .iter()
        .map(|text| Case::new(format!("the id {text}"), named(text), 202))
        .chain(
            refused
                .iter()
                .map(|text: &String| Case::new(format!("the id {text}"), named(text), 400)),
        )
        .collect()
}

fn hosts() -> Vec<Case> {
    let longest = format!("{}a", "a.".repeat(126));
    let too_long = format!("{}aa", "a.".repeat(126));
    let taken = [
        "ghe.example.org",
        "GHE.Example.ORG",
        "ghe",
        "10.0.0.1",
        "ghe:8443",
        "ghe.example.org:443",
        "xn--bcher-kva.example",
        "1-2.3",
        "github.com",
        "a--b",
        &longest,
    ];
    let refused = [
        ".",
        "..",
        "a..b",
        ".a",
        "a.",
        "-a",
        "a-",
        "a.-b",
        "a_b",
        "a b",
        "a/b",
        "a\\b",
        "a\"b",
        "a'b",
        "a;b",
        "a,b",
        "a%20b",
        "[::1]",
        "::1",
        "a:",
        ":443",
        "a:b",
        "a:-1",
        "a:+1",
        "a:65536",
        "a:1:2",
        "a:0x1",
        "a@b",
        "user@a",
        "https://a",
        "a?b",
        "a#b",
        "*",
        "*.example",
        "é.example",
        "а.example",
        "a\u{200b}",
        "$(id)",
        "<a>",
        "{}",
        &too_long,
    ];
    let host = |text: &str| Request::push().with("X-GitHub-Enterprise-Host", text);
    taken
        .into_iter()
        .map(|text| {
            let lands = Lands { source: Some(text.to_owned()), ..Lands::default() };
            Case::new(format!("the host {text:.40}"), host(text), 202).lands(lands)
        })
        .chain(
            refused
                .into_iter()
                .map(|text| Case::new(format!("the host {text:.40}"), host(text), 400)),
        )
        .collect()
}
