//! What holds of every form and every header, tried on many made from a fixed seed.
//!
//! - A payload comes out of a form as it went in, however it was encoded.
//! - No body is a payload both as JSON and as a form: the content type is not signed.
//! - Event types, ids and hosts are taken where they are of the form that is told here a second
//!   time, and nowhere else.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dice;

use octolake_ingest::{Headers, Rejection, Secret, Secrets, SignedBody, VerifiedDelivery};

use dice::Dice;

const ROUNDS: usize = 20_000;
const SECRET: &str = "It's a Secret to Everybody";
const ID: &str = "72d3162e-cc78-11e3-81ab-4c9367dc0958";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// A signed body with a content type: the payload that is taken, or why none is.
fn payload(body: &[u8], content_type: &str) -> Result<String, Rejection> {
    let secret = Secret::from_text(SECRET).unwrap();
    let signature = secret.sign(body);
    let secrets = Secrets::new(vec![secret]).unwrap();
    let signed = SignedBody::verify(body, Some(&signature), &secrets).unwrap();
    let headers =
        [("content-type", content_type), ("x-github-event", "push"), ("x-github-delivery", ID)];
    let headers = Headers::from_pairs(&headers);
    let delivery = VerifiedDelivery::check(&headers, signed, chrono::DateTime::UNIX_EPOCH)?;
    Ok(delivery.payload().to_owned())
}

/// Up to `most` of these, one after the other.
fn some(dice: &mut Dice, most: usize, of: &[&str]) -> String {
    (0..dice.below(most + 1)).map(|_| dice.pick(of)).collect()
}

/// Encodes as a form does: what must be, and of the rest what the dice say.
fn encode(dice: &mut Dice, text: &str) -> String {
    let encode = |byte: u8| {
        let must = matches!(byte, b'&' | b'+' | b'%') || !byte.is_ascii();
        match (must, dice.below(4)) {
            (false, 0 | 1) => char::from(byte).to_string(),
            (false, 2) if byte == b' ' => "+".to_owned(),
            (_, 3) => format!("%{byte:02x}"),
            _ => format!("%{byte:02X}"),
        }
    };
    text.bytes().map(encode).collect()
}

/// A payload whose texts are full of what a form is made from.
fn odd_payload(dice: &mut Dice) -> String {
    let text = some(
        dice,
        8,
        &[
            "&",
            "payload=",
            "&payload=%7B%7D&",
            "=",
            "+",
            " ",
            "%",
            "%26",
            "%zz",
            ";",
            "é",
            "😀",
            "a",
            "{}",
            "\\u0026",
            "\u{202e}",
        ],
    );
    format!(r#"{{"{}":"{text}"}}"#, dice.pick(&["a", "payload", "&payload=", ""]))
}

#[test]
fn a_payload_comes_out_of_a_form_as_it_went_in() {
    let mut dice = Dice::new(1);
    for _ in 0..ROUNDS {
        let text = odd_payload(&mut dice);
        let form = format!("payload={}", encode(&mut dice, &text));
        assert_eq!(payload(form.as_bytes(), FORM).as_ref(), Ok(&text), "{form}");
    }
}

#[test]
fn another_ampersand_makes_it_no_form() {
    let mut dice = Dice::new(2);
    for _ in 0..ROUNDS {
        let text = odd_payload(&mut dice);
        let mut form = format!("payload={}", encode(&mut dice, &text));
        let at = dice.below(form.len() + 1);
        form.insert_str(at, dice.pick(&["&", "&&", "&payload=", "&a=b"]));
        assert_eq!(payload(form.as_bytes(), FORM), Err(Rejection::NotOneField), "{form}");
    }
}

#[test]
fn no_body_is_a_payload_both_ways() {
    let mut dice = Dice::new(3);
    let (mut json, mut forms) = (0, 0);
    for _ in 0..ROUNDS {
        let text = odd_payload(&mut dice);
        let mut body = match dice.below(3) {
            0 => text.into_bytes(),
            1 => format!("payload={}", encode(&mut dice, &text)).into_bytes(),
            _ => format!("{}payload={text}", dice.pick(&["", " ", "{", "&", "\u{feff}"]))
                .into_bytes(),
        };
        if dice.below(2) == 0 {
            let at = dice.below(body.len());
            body[at] = dice.pick(&[b' ', b'{', b'"', b'&', b'=', b'p', 0, 0xff]);
        }
        let (as_json, as_form) = (payload(&body, JSON), payload(&body, FORM));
        let shown = String::from_utf8_lossy(&body);
        assert!(as_json.is_err() || as_form.is_err(), "{shown}");
        assert!(as_form.is_err() || body.starts_with(b"payload="), "{shown}");
        json += usize::from(as_json.is_ok());
        forms += usize::from(as_form.is_ok());
    }
    // Both kinds were there to be confused.
    assert!(json > ROUNDS / 8 && forms > ROUNDS / 8, "{json} JSON, {forms} forms");
}

/// Which of the three headers is wrong.
fn judged(event: &str, id: &str, host: &str) -> Result<(), Rejection> {
    let secret = Secret::from_text(SECRET).unwrap();
    let signature = secret.sign(b"{}");
    let secrets = Secrets::new(vec![secret]).unwrap();
    let signed = SignedBody::verify(b"{}", Some(&signature), &secrets).unwrap();
    let headers = [
        ("content-type", JSON),
        ("x-github-event", event),
        ("x-github-delivery", id),
        ("x-github-enterprise-host", host),
    ];
    VerifiedDelivery::check(&Headers::from_pairs(&headers), signed, chrono::DateTime::UNIX_EPOCH)
        .map(drop)
}

/// `^[a-z][a-z0-9_]{0,63}$`
fn is_event(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let rest = |letter: &char| matches!(letter, 'a'..='z' | '0'..='9' | '_');
    matches!(letters.first(), Some('a'..='z')) && letters.len() <= 64 && letters.iter().all(rest)
}

/// Hex digits in groups of 8, 4, 4, 4 and 12.
fn is_id(text: &str) -> bool {
    let hex = |part: &str| part.chars().all(|it| it.is_ascii_hexdigit());
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(|part| hex(part))
}

/// Labels of letters, digits and hyphens within, parted by dots; and a port of digits.
fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').unwrap_or((text, "1"));
    let label = |label: &str| {
        let inner = |it: char| matches!(it, 'a'..='z' | 'A'..='Z' | '0'..='9' | '-');
        !label.is_empty() && label.chars().all(inner) && label.trim_matches('-') == label
    };
    let digits = !port.is_empty() && port.chars().all(|it| it.is_ascii_digit());
    name.len() <= 253
        && name.split('.').all(label)
        && digits
        && port.parse::<u64>().is_ok_and(|it| it < 65_536)
}

#[test]
fn headers_are_taken_where_they_are_of_their_form_and_nowhere_else() {
    let mut dice = Dice::new(4);
    let mut taken = [0; 3];
    let odd =
        ["", "", "", "", " ", "\t", "..", "/", "-", "+1", "é", "０", "\0", "A", "_", ":", "x"];
    for _ in 0..ROUNDS {
        let with = |dice: &mut Dice, text: String| {
            let at = dice.below(text.len() + 1);
            format!("{}{}{}", &text[..at], dice.pick(&odd), &text[at..])
        };
        let event = some(&mut dice, 70, &["a", "z", "0", "_", "m"]);
        let event = with(&mut dice, event);
        let mut id = ID.to_owned();
        if dice.below(2) == 0 {
            id.remove(dice.below(id.len()));
        }
        let id = with(&mut dice, id);
        let host = format!(
            "{}{}",
            some(&mut dice, 6, &["a", "b-c", "9", "."]),
            dice.pick(&["", ":1", ":", ":70000", ":08"])
        );
        let host = with(&mut dice, host);
        for (n, (verdict, right, wrong)) in [
            (judged(&event, ID, "a"), is_event(&event), Rejection::BadEvent),
            (judged("push", &id, "a"), is_id(&id), Rejection::BadDelivery),
            (judged("push", ID, &host), is_host(&host), Rejection::BadHost),
        ]
        .into_iter()
        .enumerate()
        {
            let expected = if right { Ok(()) } else { Err(wrong) };
            assert_eq!(verdict, expected, "{event:?} {id:?} {host:?}");
            taken[n] += usize::from(right);
        }
    }
    assert!(taken.iter().all(|taken| *taken > ROUNDS / 20), "{taken:?}");
}
