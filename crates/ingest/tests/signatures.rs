//! Signatures that are nearly right: a hundred thousand of them, none of which may pass.
//!
//! Each is made from a valid pair of body and signature by one small step, the kind that a bug in a
//! comparison would let through: a bit, a digit, a length, a scheme, another body's signature. The
//! steps are drawn from a fixed seed, so a failure names a case that comes again. What is the same
//! signature in other letters (hex has two cases) is no mutation, and is checked to pass.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dice;

use std::collections::BTreeMap;

use octolake_ingest::{Rejection, Secret, Secrets, SignedBody};

use dice::Dice;

/// How many have to be refused.
const MUTATIONS: usize = 100_000;
const SCHEME: &str = "sha256=";

/// Bodies with their signatures by a secret that the endpoint knows, and by one that it does not.
struct Signed {
    body: Vec<u8>,
    signature: String,
    stranger: String,
}

fn secret(text: &str) -> Secret {
    Secret::from_text(text).unwrap()
}

fn signed(dice: &mut Dice) -> Vec<Signed> {
    let (known, unknown) = (secret("It's a Secret to Everybody"), secret("it's a secret"));
    (0..40)
        .map(|n| {
            let length = if n == 0 { 0 } else { 1 + dice.below(200) };
            let body: Vec<u8> = (0..length).map(|_| dice.roll().to_le_bytes()[0]).collect();
            Signed { signature: known.sign(&body), stranger: unknown.sign(&body), body }
        })
        .collect()
}

fn endpoint() -> Secrets {
    Secrets::new(vec![secret("the next one"), secret("It's a Secret to Everybody")]).unwrap()
}

/// One step away from a valid pair: what it is called, the body and the header.
type Step = fn(&mut Dice, &Signed, &Signed) -> (Vec<u8>, String);

const STEPS: &[(&str, Step)] = &[
    ("a bit of the digest", |dice, it, _| (it.body.clone(), flip_digest_bit(dice, it))),
    ("a bit of the header", |dice, it, _| (it.body.clone(), flip_text_bit(dice, &it.signature))),
    ("another character", |dice, it, _| (it.body.clone(), replace(dice, &it.signature))),
    ("two digits swapped", |dice, it, _| (it.body.clone(), swap(dice, &it.signature))),
    ("cut short", |dice, it, _| {
        let length = dice.below(it.signature.len());
        (it.body.clone(), it.signature[..length].to_owned())
    }),
    ("the beginning cut off", |dice, it, _| {
        let from = 1 + dice.below(it.signature.len());
        (it.body.clone(), it.signature[from..].to_owned())
    }),
    ("a character less", |dice, it, _| {
        let mut text = it.signature.clone();
        text.remove(dice.below(text.len()));
        (it.body.clone(), text)
    }),
    ("a text more", |dice, it, _| (it.body.clone(), insert(dice, &it.signature))),
    ("halves in the wrong order", |_, it, _| {
        let (left, right) = digest(&it.signature).split_at(32);
        (it.body.clone(), format!("{SCHEME}{right}{left}"))
    }),
    ("backwards", |_, it, _| {
        let digits: String = digest(&it.signature).chars().rev().collect();
        (it.body.clone(), format!("{SCHEME}{digits}"))
    }),
    ("another scheme", |dice, it, _| {
        let scheme = dice.pick(&[
            "",
            "sha1=",
            "SHA256=",
            "Sha256=",
            "sha256:",
            "sha256",
            "sha256==",
            "sha-256=",
            "sha512=",
            "hmac-sha256=",
            "sha256=sha256=",
            "sha256= ",
            " sha256=",
            "ѕha256=",
        ]);
        (it.body.clone(), format!("{scheme}{}", digest(&it.signature)))
    }),
    ("another secret's", |_, it, _| (it.body.clone(), it.stranger.clone())),
    ("another body's", |_, it, other| (it.body.clone(), other.signature.clone())),
    ("half of another's", |dice, it, other| {
        let at = 1 + dice.below(63);
        let (mine, theirs) = (digest(&it.signature), digest(&other.signature));
        (it.body.clone(), format!("{SCHEME}{}{}", &mine[..at], &theirs[at..]))
    }),
    ("digits of other scripts", |dice, it, _| (it.body.clone(), full_width(dice, it))),
    ("a bit of the body", |dice, it, _| {
        let mut body = it.body.clone();
        match body.len() {
            0 => body.push(0),
            length => body[dice.below(length)] ^= 1 << dice.below(8),
        }
        (body, it.signature.clone())
    }),
    ("a body cut short", |dice, it, _| {
        let length = dice.below(it.body.len().max(1));
        (it.body[..length].to_owned(), it.signature.clone())
    }),
    ("a longer body", |dice, it, _| {
        let more = dice.pick(&[&b" "[..], b"\n", b"\0", b"{}", b"&payload=%7B%7D"]);
        ([&it.body, more].concat(), it.signature.clone())
    }),
];

fn digest(signature: &str) -> &str {
    signature.strip_prefix(SCHEME).unwrap()
}

fn flip_digest_bit(dice: &mut Dice, it: &Signed) -> String {
    let mut bytes = hex::decode(digest(&it.signature)).unwrap();
    bytes[dice.below(32)] ^= 1 << dice.below(8);
    format!("{SCHEME}{}", hex::encode(bytes))
}

/// A header's bytes have eight bits; what is no UTF-8 never gets as far as a text.
fn flip_text_bit(dice: &mut Dice, text: &str) -> String {
    let mut bytes = text.as_bytes().to_owned();
    let at = dice.below(bytes.len());
    bytes[at] ^= 1 << dice.below(8);
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn replace(dice: &mut Dice, text: &str) -> String {
    let at = dice.below(text.len());
    let new = dice.pick(&[
        "0", "f", "g", "F", " ", "\t", "=", ",", "\0", "\r\n", "é", "０", "\u{200b}", "\u{202e}",
    ]);
    format!("{}{new}{}", &text[..at], &text[at + 1..])
}

fn swap(dice: &mut Dice, text: &str) -> String {
    let mut bytes = text.as_bytes().to_owned();
    let last = bytes.len() - 1;
    let at = SCHEME.len() + dice.below(last - SCHEME.len());
    bytes.swap(at, at + 1);
    String::from_utf8(bytes).unwrap()
}

fn insert(dice: &mut Dice, text: &str) -> String {
    let more = dice.pick(&["0", "00", " ", "\t", "\n", "\0", ",", ";", "a", "sha256=", "\u{feff}"]);
    let at = [0, SCHEME.len(), SCHEME.len() + 32, text.len()][dice.below(4)];
    format!("{}{more}{}", &text[..at], &text[at..])
}

fn full_width(dice: &mut Dice, it: &Signed) -> String {
    let at = dice.below(64);
    let wide = |digit: char| char::from_u32(u32::from(digit) + 0xfee0).unwrap();
    let digits = digest(&it.signature).chars().enumerate();
    let digits = digits.map(|(n, digit)| if n == at { wide(digit) } else { digit });
    SCHEME.chars().chain(digits).collect()
}

#[test]
fn none_of_a_hundred_thousand_mutated_signatures_is_accepted() {
    let mut dice = Dice::new(14);
    let (pairs, secrets) = (signed(&mut dice), endpoint());
    let mut refused = BTreeMap::new();
    let mut same = 0;
    while refused.values().sum::<usize>() < MUTATIONS {
        let (name, step) = STEPS[dice.below(STEPS.len())];
        let (it, other) = (&pairs[dice.below(pairs.len())], &pairs[dice.below(pairs.len())]);
        let (body, header) = step(&mut dice, it, other);
        let verdict = SignedBody::verify(&body, Some(&header), &secrets);
        let scheme_and_digest = header.strip_prefix(SCHEME);
        let unchanged = body == it.body
            && scheme_and_digest.is_some_and(|hex| hex.eq_ignore_ascii_case(digest(&it.signature)));
        if unchanged {
            assert_eq!(verdict.unwrap().bytes(), body, "{name}: {header:?}");
            same += 1;
        } else {
            let refusal = verdict.err();
            assert_eq!(refusal, Some(Rejection::Unauthorized), "{name}: {header:?} on {body:?}");
            *refused.entry(name).or_insert(0) += 1;
        }
    }
    println!("{refused:#?}; {same} were the same signature");
    for (name, _) in STEPS {
        assert!(refused[name] > MUTATIONS / STEPS.len() / 2, "{name}: {refused:?}");
    }
    assert!(same < MUTATIONS / 20, "{same} steps changed nothing");
}

#[test]
fn what_they_were_made_from_is_accepted() {
    let secrets = endpoint();
    for it in signed(&mut Dice::new(14)) {
        let upper = format!("{SCHEME}{}", digest(&it.signature).to_uppercase());
        for header in [&it.signature, &upper] {
            assert!(SignedBody::verify(&it.body, Some(header), &secrets).is_ok(), "{header}");
        }
        assert!(SignedBody::verify(&it.body, None, &secrets).is_err());
    }
}
