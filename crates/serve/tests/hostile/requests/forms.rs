//! Content types and forms. The content type is not signed, so nobody may gain by another one.

use super::cases::{Case, Lands, one_of};
use crate::request::Request;

pub(crate) fn cases() -> Vec<Case> {
    [types(), good(), bad(), forgeries()].concat()
}

fn types() -> Vec<Case> {
    let taken = [
        "application/json",
        "APPLICATION/JSON",
        "Application/Json",
        "application/json; charset=utf-8",
        "application/json;charset=\"utf-8\"",
        "application/json;",
        "application/json ; x",
        "\tapplication/json",
        "application/json; charset=utf-16",
        "application/json;boundary=x;;",
    ];
    let refused = [
        "application/json, text/html",
        "text/html, application/json",
        "text/json",
        "application/vnd.github+json",
        "application/json+x",
        "application / json",
        "application/jsonx",
        "application/json5",
        "json",
        "application",
        "/json",
        "*/*",
        "application/*",
        "text/plain",
        "text/html",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "application/x-json",
        "application/ld+json",
        "application/json/",
        "'application/json'",
        ";application/json",
        "application/x-www-form-urlencodedx",
        "x-www-form-urlencoded",
        "application/json\u{a0}",
        "application/cloudevents+json",
        "text/x-www-form-urlencoded",
    ];
    let typed = |text: &str| Request::push().with("Content-Type", text);
    taken
        .into_iter()
        .map(|text| Case::new(format!("the type {text:?}"), typed(text), 202))
        .chain(
            refused
                .into_iter()
                .map(|text| Case::new(format!("the type {text:?}"), typed(text), 415)),
        )
        .collect()
}

/// One field, and the payload that it gives.
fn good() -> Vec<Case> {
    [
        ("payload=%7B%7D", "{}"),
        ("payload=%7b%7d", "{}"),
        ("payload={}", "{}"),
        ("payload=+%7B+%22a%22%3A+1+%7D+", r#"{"a": 1 }"#),
        ("payload=%7B%7D%0A", "{}"),
        ("payload=%7B%7D\r\n", "{}"),
        ("payload=%7B%22a%22%3A%221%2B1%22%7D", r#"{"a":"1+1"}"#),
        ("payload=%7B%22a%22:%22%C3%A9%22%7D", r#"{"a":"é"}"#),
        ("payload=%7B%22a%22%3A%22x%26payload%3D%7B%7D%22%7D", r#"{"a":"x&payload={}"}"#),
        ("payload={\"a\":\"x=y;z\"}", r#"{"a":"x=y;z"}"#),
        ("payload=%7B%22a%22%3A%22%2500%22%7D", r#"{"a":"%00"}"#),
    ]
    .into_iter()
    .map(|(form, payload)| Case::new(form, Request::form(form), 202).lands_payload(payload))
    .chain(
        ["application/x-www-form-urlencoded; charset=utf-8", "APPLICATION/X-WWW-FORM-URLENCODED"]
            .map(|text| {
                Case::new(text, Request::form("payload=%7B%7D").with("Content-Type", text), 202)
            }),
    )
    .collect()
}

/// All else is refused, signed though it is.
fn bad() -> Vec<Case> {
    [
        "",
        "payload",
        "payload=",
        "payload=&",
        "&",
        "=",
        "payload==%7B%7D",
        "payload=%7B%7D&",
        "&payload=%7B%7D",
        "payload=%7B%7D&x=1",
        "x=1&payload=%7B%7D",
        "payload=%7B%7D&payload=%7B%7D",
        "payload=%7B%7D&&",
        "payload=%7B%7D&amp;",
        "Payload=%7B%7D",
        "PAYLOAD=%7B%7D",
        "payload%3D%7B%7D",
        "%70ayload=%7B%7D",
        "payload =%7B%7D",
        " payload=%7B%7D",
        "+payload=%7B%7D",
        "\npayload=%7B%7D",
        "payload[]=%7B%7D",
        "payload.x=%7B%7D",
        "?payload=%7B%7D",
        "\u{feff}payload=%7B%7D",
        "body=%7B%7D",
        "payload:%7B%7D",
        "payload=%7B%7D;x=1",
        "x=1;payload=%7B%7D",
        "payload=%7B%7D%26",
        "payload=%7B%7D%26x%3D1",
        "payload=%7B%7D%",
        "payload=%7B%7D%0",
        "payload=%zz",
        "payload=%u007B%u007D",
        "payload=%FF",
        "payload=%C0%80",
        "payload=%00%7B%7D",
        "payload=%7B%7D%00",
        "payload=%EF%BB%BF%7B%7D",
        "payload=%257B%257D",
        "payload=%5B%5D",
        "payload=%7B%7D%7B%7D",
        "payload=%7B%7D#x",
        "payload=%7B%7D?x",
        "payload=%7B",
        "payload=null",
        "payload=\"{}\"",
        "payload=%7B%7D\0",
        "payload={\"a\":\"x&y\"}",
        "{}",
        "[]",
        "payload=%7B%22a%22%3A%22\u{b}%22%7D",
        "--x\r\nContent-Disposition: form-data; name=\"payload\"\r\n\r\n{}\r\n--x--\r\n",
    ]
    .into_iter()
    .map(|form| Case::new(format!("{form:?}"), Request::form(form), 400))
    .chain([Case::new("bytes that are no UTF-8", Request::form(b"payload={\"a\":\"\xff\"}"), 400)])
    .collect()
}

/// A payload that GitHub has signed as JSON, sent again as a form: an author's text must never be
/// taken for a payload. And a form that is sent again as JSON.
fn forgeries() -> Vec<Case> {
    let forged = "%7B%22action%22%3A%22completed%22%2C%22workflow_job%22%3A%7B%22id%22%3A1%7D%7D";
    let mut cases = vec![];
    for text in [
        format!("x&payload={forged}&y"),
        format!("&payload={forged}&"),
        format!("payload={forged}&y"),
        format!("payload={forged}"),
        format!("x&payload={}&y", r"{\u0022action\u0022:1}"),
        format!("x&payload=+{forged}+&payload={forged}"),
        format!("x;payload={forged};y"),
        format!("x\\n&payload={forged}&\\n"),
        format!("x&payload={forged}&y&Payload={forged}"),
        format!("x%26payload={forged}%26y"),
    ] {
        for body in [
            format!(r#"{{"action":"opened","issue":{{"title":"{text}"}}}}"#),
            format!(r#"{{"{text}":1}}"#),
            format!(r#"  {{"a":["{text}"]}}"#),
        ] {
            let name = format!("a JSON body as a form: {body:.60}");
            let request = Request::of(&body).with("X-GitHub-Event", "workflow_job");
            let form = request.clone().with("Content-Type", "application/x-www-form-urlencoded");
            cases.push(Case::new(name, form, 400));
        }
    }
    let title = format!(r#"{{"action":"opened","issue":{{"title":"x&payload={forged}&y"}}}}"#);
    let lands = Lands {
        payload: Some(title.clone()),
        event: Some("push"),
        source: Some("github.com".into()),
    };
    cases.push(Case::new("the same body, as what it is", Request::of(&title), 202).lands(lands));
    let json = Request::of("payload=%7B%7D");
    cases.push(Case::new("a form as JSON", json, 400));
    let both = Request::of(&title).and("Content-Type", "application/x-www-form-urlencoded");
    cases.push(Case::new("both types", both, one_of([202, 400])).lands_payload(&title));
    let list = Request::of(&title)
        .with("Content-Type", "application/x-www-form-urlencoded, application/json");
    cases.push(Case::new("both types in one", list, 415));
    cases
}
