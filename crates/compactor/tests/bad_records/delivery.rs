//! The members of `_delivery`: missing, of another type, and of another form.

use crate::case::{Case, SELF, Verdict, broken, delivery, envelope, ours, overlong, stored};
use crate::envelope::{ids, times};

const BAD: &str = "bad_delivery";

fn member(member: &'static str, value: Option<&str>, verdict: Verdict) -> Case {
    let name = format!("_delivery.{member} {:.40}", value.unwrap_or("missing"));
    Case::new(name, ours(&delivery().with(member, value).json()).json(), verdict)
}

/// `_delivery` itself.
pub(crate) fn itself() -> Vec<Case> {
    let mut cases = vec![];
    for value in ["null", "7", "1e999", "true", "[]", r#""""#, r#""x""#, r#"[{}]"#] {
        cases.push(Case::new(format!("_delivery {value}"), ours(value).json(), broken(BAD)));
    }
    let array = format!(r#"["{SELF}","2026-03-02T10:00:00Z",null,null,null,null]"#);
    cases.push(Case::new("_delivery as an array", ours(&array).json(), broken(BAD)));
    cases.push(Case::new("_delivery empty", ours("{}").json(), broken("no_identity")));
    let here = delivery().json();
    let detail = |text: &str| envelope(text).json();
    cases.extend([
        Case::new("_delivery last", detail(&format!(r#"{{"a":1,"_delivery":{here}}}"#)), stored()),
        Case::new("_delivery alone", detail(&format!(r#"{{ "_delivery" : {here} }}"#)), stored()),
        // The first is ingest's, which puts it in front; a second is part of the payload.
        Case::new(
            "_delivery twice",
            detail(&format!(r#"{{"_delivery":{here},"_delivery":{{"id":"x"}}}}"#)),
            stored(),
        ),
        Case::new(
            "_delivery with a bad one in front",
            detail(&format!(r#"{{"_delivery":7,"_delivery":{here}}}"#)),
            broken(BAD),
        ),
        // Another name, so an envelope without `_delivery`.
        Case::new("_delivery escaped", detail(r#"{"\u005fdelivery":{"id":"x"}}"#), stored()),
        Case::new("_delivery deeper", detail(r#"{"a":{"_delivery":7}}"#), stored()),
        Case::new("_delivery in a string", detail(r#"{"a":"\"_delivery\":7"}"#), stored()),
        Case::new("more members", ours(&here.replacen('{', r#"{"x":[1],"#, 1)).json(), stored()),
    ]);
    for name in ["id", "received_at", "hook_id", "target_type", "target_id"] {
        let twice = here.replacen('{', &format!(r#"{{"{name}":"77","#), 1);
        cases.push(Case::new(format!("{name} twice"), ours(&twice).json(), broken(BAD)));
    }
    cases
}

/// Who it is and when it came.
pub(crate) fn identity() -> Vec<Case> {
    let mut cases = vec![
        member("id", None, broken("no_identity")),
        member("id", Some("null"), broken("no_identity")),
        // The envelope's time stands in for it.
        member("received_at", None, stored()),
        member("received_at", Some("null"), stored()),
    ];
    for value in ["7", "1e999", "true", "[]", "{}", r#""\ud800""#] {
        cases.push(member("id", Some(value), broken(BAD)));
        cases.push(member("received_at", Some(value), broken(BAD)));
    }
    for value in [r#""""#, r#""garbage""#, r#""\u0000""#, r#""\u202e""#, &overlong()] {
        cases.push(member("id", Some(value), broken("no_identity")));
        cases.push(member("received_at", Some(value), broken("no_arrival")));
    }
    for (text, is_id) in ids() {
        let verdict = if is_id { stored() } else { broken("no_identity") };
        cases.push(member("id", Some(&format!("\"{text}\"")), verdict));
    }
    for (text, is_time) in times() {
        let verdict = if is_time { stored() } else { broken("no_arrival") };
        cases.push(member("received_at", Some(&format!("\"{text}\"")), verdict));
    }
    cases
}

/// What is told beside it: a text or a whole number.
pub(crate) fn told() -> Vec<Case> {
    let mut cases = vec![];
    for name in ["hook_id", "target_type", "target_id"] {
        cases.push(member(name, None, stored()));
        let fine =
            ["null", "7", "-1", "9223372036854775807", r#""""#, r#""garbage""#, r#""\u0000""#];
        for value in fine {
            cases.push(member(name, Some(value), stored()));
        }
        cases.push(member(name, Some(&overlong()), stored()));
        let wrong = ["true", "[]", "{}", "1.5", "1e999", "9223372036854775808", r#""\ud800""#];
        for value in wrong {
            cases.push(member(name, Some(value), broken(BAD)));
        }
    }
    cases
}
