//! The members of an envelope: missing, of another type, and of another form.

use crate::case::{
    Case, NEIGHBOUR, SELF, Verdict, broken, delivery, duplicate, envelope, ours, overlong, stored,
};

const NAE: &str = "not_an_envelope";

/// What each kind of value must give: missing, null, other types, any text.
struct Rule {
    member: &'static str,
    missing: Verdict,
    null: Verdict,
    other: Verdict,
    text: Verdict,
}

fn kinds(rule: &Rule, make: impl Fn(Option<&str>) -> String) -> Vec<Case> {
    let mut cases = vec![];
    let mut case = |name: &str, value: Option<&str>, verdict: &Verdict| {
        let name = format!("{} {name}", rule.member);
        cases.push(Case::new(name, make(value), verdict.clone()));
    };
    case("missing", None, &rule.missing);
    case("null", Some("null"), &rule.null);
    for other in ["7", "-1", "1.5", "1e999", "true", "[]", r#"["x"]"#, "{}", r#"{"a":1}"#] {
        case(other, Some(other), &rule.other);
    }
    for text in [r#""""#, r#""garbage""#, r#""\u0000""#, r#""\u001b[2J""#, &overlong()] {
        case(&format!("{text:.20}"), Some(text), &rule.text);
    }
    cases
}

/// Envelopes around a `_delivery`: `id` and `time` are not needed, but must be texts.
pub(crate) fn around_ours() -> Vec<Case> {
    let make = |member: &'static str| {
        move |value: Option<&str>| ours(&delivery().json()).with(member, value).json()
    };
    let mut cases = vec![];
    for member in ["version", "account", "region", "resources"] {
        let any = stored();
        let rule = Rule {
            member,
            missing: any.clone(),
            null: any.clone(),
            other: any.clone(),
            text: any.clone(),
        };
        cases.extend(kinds(&rule, make(member)));
    }
    for member in ["id", "time", "source"] {
        let (missing, null, text) = (stored(), stored(), stored());
        cases
            .extend(kinds(&Rule { member, missing, null, other: broken(NAE), text }, make(member)));
    }
    // Whatever an event is called: what cannot stand in a path goes to `_other`.
    let rule = Rule {
        member: "detail-type",
        missing: broken(NAE),
        null: broken(NAE),
        other: broken(NAE),
        text: stored(),
    };
    cases.extend(kinds(&rule, make("detail-type")));
    for event in ["../x", "Push", "_other", "a/b", "push ", "é", "event_type=push", "%2e%2e", "."]
    {
        let record = make("detail-type")(Some(&format!("\"{event}\"")));
        cases.push(Case::new(format!("event {event}"), record, stored()));
    }
    cases
}

pub(crate) fn details() -> Vec<Case> {
    let no_object = || broken("detail_not_an_object");
    let mut cases =
        vec![Case::new("no detail", envelope("").with("detail", None).json(), broken(NAE))];
    for detail in ["null", "7", "1e999", "true", "[]", "[{}]", r#""""#, r#""{}""#, r#""\ud800""#] {
        cases.push(Case::new(format!("detail {detail}"), envelope(detail).json(), no_object()));
    }
    for detail in ["{}", "{ }", r#"{"a":1}"#] {
        cases.push(Case::new(format!("detail {detail}"), envelope(detail).json(), stored()));
    }
    cases
}

/// Envelopes of other producers: `id` and `time` are all that there is.
pub(crate) fn foreign() -> Vec<Case> {
    let make =
        |member: &'static str| move |value: Option<&str>| envelope("{}").with(member, value).json();
    let rule = |member, reason| Rule {
        member,
        missing: broken(reason),
        null: broken(reason),
        other: broken(NAE),
        text: broken(reason),
    };
    let mut cases = kinds(&rule("id", "no_identity"), make("id"));
    cases.extend(kinds(&rule("time", "no_arrival"), make("time")));
    for (text, is_id) in ids() {
        let verdict = if is_id { stored() } else { broken("no_identity") };
        let record = make("id")(Some(&format!("\"{text}\"")));
        cases.push(Case::new(format!("foreign id {text}"), record, verdict));
    }
    for (text, is_time) in times() {
        let verdict = if is_time { stored() } else { broken("no_arrival") };
        let record = make("time")(Some(&format!("\"{text}\"")));
        cases.push(Case::new(format!("foreign time {text}"), record, verdict));
    }
    cases
}

/// Texts that are nearly ids, and whether they are.
pub(crate) fn ids() -> Vec<(String, bool)> {
    vec![
        (SELF.to_owned(), true),
        (SELF.replace('-', ""), false),
        (format!("{{{SELF}}}"), false),
        (format!("urn:uuid:{SELF}"), false),
        (format!(" {SELF}"), false),
        (format!("{SELF} "), false),
        (format!(r"{SELF}\n"), false),
        (format!("{SELF}0"), false),
        (format!("{SELF},{SELF}"), false),
        (SELF[1..].to_owned(), false),
        (SELF.replace('-', "_"), false),
        (SELF.replacen('5', "g", 1), false),
        (SELF.replacen('5', "+", 1), false),
        (SELF.replacen('5', "é", 1), false),
        (SELF.replacen('5', "５", 1), false),
        (SELF.replacen('5', r"\u0000", 1), false),
        (SELF.replacen("-0000", "0-000", 1), false),
        ("../../../../../../../../../etc/passwd".to_owned(), false),
        ("0".repeat(36), false),
        ("-".repeat(36), false),
    ]
}

/// Texts that are nearly times, and whether they are arrivals that a lake can have.
pub(crate) fn times() -> Vec<(&'static str, bool)> {
    vec![
        ("2026-03-02T10:00:00Z", true),
        ("2026-03-02T10:00:00.1Z", true),
        ("2026-03-02T10:00:00.123456789Z", true),
        ("2026-03-02T12:00:00+02:00", true),
        ("2026-03-02T10:00:00-00:00", true),
        ("1970-01-01T00:00:00Z", true),
        ("9999-12-31T23:59:59.999Z", true),
        ("1969-12-31T23:59:59Z", false),
        ("0000-01-01T00:00:00Z", false),
        ("10000-01-01T00:00:00Z", false),
        ("+10000-01-01T00:00:00Z", false),
        ("-2026-03-02T10:00:00Z", false),
        ("2026-03-02T10:00:00", false),
        ("2026-03-02T10:00Z", false),
        ("2026-03-02", false),
        ("2026-02-30T10:00:00Z", false),
        ("2025-02-29T10:00:00Z", false),
        ("2026-13-02T10:00:00Z", false),
        ("2026-03-02T24:00:00Z", false),
        ("2026-03-02T10:60:00Z", false),
        ("2026-03-02T10:00:61Z", false),
        ("2026-03-02T10:00:00+99:00", false),
        ("2026/03/02T10:00:00Z", false),
        ("20260302T100000Z", false),
        ("Mon, 02 Mar 2026 10:00:00 GMT", false),
        ("1772445600", false),
        (" 2026-03-02T10:00:00Z", false),
        ("2026-03-02T10:00:00Z ", false),
        ("2026-03-02T10:00:00ZZ", false),
        ("２026-03-02T10:00:00Z", false),
        ("now", false),
    ]
}

/// One delivery under its neighbour's id.
pub(crate) fn repeats() -> Vec<Case> {
    let again =
        |name: &str, record: String| Case::new(name, record.replace(SELF, NEIGHBOUR), duplicate());
    let ours = ours(&delivery().json());
    let capitals = ours.json().replace(SELF, &NEIGHBOUR.to_uppercase());
    vec![
        again("the neighbour's id", ours.json()),
        again("the neighbour's id, a foreign envelope", envelope("{}").json()),
        again("the neighbour's id, another event", ours.with("detail-type", Some(r#""x""#)).json()),
        Case::new("the neighbour's id in capitals", capitals, duplicate()),
        again(
            "the neighbour's id, another day",
            envelope("{}").with("time", Some(r#""2026-03-04T10:00:00Z""#)).json(),
        ),
    ]
}

/// An envelope's members twice, as an array, and in odd company.
pub(crate) fn shapes() -> Vec<Case> {
    let detail = format!(r#"{{"_delivery":{}}}"#, delivery().json());
    let line = envelope(&detail).json();
    let twice = |member: &str| line.replacen('{', &format!(r#"{{"{member}":"x","#), 1);
    let mut cases: Vec<Case> = ["id", "detail-type", "source", "time", "detail"]
        .into_iter()
        .map(|member| Case::new(format!("{member} twice"), twice(member), broken(NAE)))
        .collect();
    let values = format!(r#"["{SELF}","push","github.com","2026-03-02T10:00:00Z",{detail}]"#);
    cases.extend([
        Case::new("version twice", twice("version"), stored()),
        Case::new("an array of an envelope's values", values, broken(NAE)),
        Case::new("an array of an envelope", format!("[{line}]"), broken(NAE)),
        Case::new("an envelope in an envelope", format!(r#"{{"Records":[{line}]}}"#), broken(NAE)),
        Case::new("an envelope in a string", format!("{line:?}"), broken(NAE)),
        Case::new(
            "a member with an escaped name",
            line.replace("detail-type", r"detail\u002dtype"),
            stored(),
        ),
        Case::new("members in capitals", line.replace("detail-type", "Detail-Type"), broken(NAE)),
        Case::new("more members", line.replacen('{', r#"{"x":{"detail":[1]},"#, 1), stored()),
        Case::new("a member without a name", line.replacen('{', r#"{"":1,"#, 1), stored()),
        Case::new(
            "a member's name of half a pair",
            line.replacen('{', r#"{"\ud800":1,"#, 1),
            broken(NAE),
        ),
        Case::new(
            "half a pair that is not read",
            line.replace("eu-central-1", r"\ud800"),
            stored(),
        ),
        Case::new("half a pair that is", line.replace("github.com", r"\ud800"), broken(NAE)),
        Case::new(
            "spaces everywhere",
            line.replace(',', " ,\t\r ").replace(r#"":"#, r#"" : "#),
            stored(),
        ),
    ]);
    cases
}
