//! The checks, on mutated fixtures and on the fuzzers' corpus: the same cases each time.
#![expect(clippy::unwrap_used, reason = "a test stops at a surprise")]

use std::path::{Path, PathBuf};
use std::{fmt, fs};

use octolake_fuzzed::{CHECKS, check};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Tries of each check. In all they take some seconds.
const CASES: u32 = 3_000;
/// The longest seed: what is longer costs time and shows nothing else.
const LONGEST: usize = 4_096;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = root().join("fuzz/corpus").join(name);
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Bytes that a failure shows as text.
#[derive(Clone)]
struct Seed(Vec<u8>);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// One change to some bytes; places are parts of 65,536.
#[derive(Debug, Clone)]
enum Change {
    Set(u16, u8),
    Insert(u16, &'static [u8]),
    Remove(u16, u16),
    Repeat(u16, u16),
    Swap(u16, u16),
    Cut(u16),
}

const WORDS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b",",
    b":",
    b"\n",
    b"\0",
    b"null",
    b"1e999",
    b"-1",
    b"\\ud800",
    b"&",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\x1f\x8b\x08\0",
    b"{\"version\":\"0\",",
    b"\"_delivery\":{",
    b"payload=",
    b"%7B",
    b"..",
    b"/",
];

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        (any::<u16>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (any::<u16>(), prop::sample::select(WORDS)).prop_map(|(at, word)| Change::Insert(at, word)),
        (any::<u16>(), 0_u16..4_096).prop_map(|(at, part)| Change::Remove(at, part)),
        (any::<u16>(), 0_u16..4_096).prop_map(|(at, part)| Change::Repeat(at, part)),
        (any::<u16>(), any::<u16>()).prop_map(|(one, other)| Change::Swap(one, other)),
        any::<u16>().prop_map(Change::Cut),
    ];
    prop::collection::vec(change, 0..6)
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let place = |part: u16, length: usize| usize::from(part) * length / 65_536;
    let length = bytes.len();
    match change {
        Change::Insert(at, word) => {
            drop(bytes.splice(place(*at, length)..place(*at, length), word.iter().copied()))
        }
        Change::Cut(at) => bytes.truncate(place(*at, length)),
        _ if length == 0 => {}
        Change::Set(at, byte) => bytes[place(*at, length)] = *byte,
        Change::Swap(one, other) => bytes.swap(place(*one, length), place(*other, length)),
        Change::Remove(at, part) => {
            let start = place(*at, length);
            bytes.drain(start..(start + place(*part, length)).min(length));
        }
        Change::Repeat(at, part) => {
            let start = place(*at, length);
            let piece = bytes[start..(start + place(*part, length)).min(length)].to_vec();
            drop(bytes.splice(start..start, piece));
        }
    }
}

#[test]
fn mutated_seeds_hold() {
    for (name, _) in CHECKS {
        let seeds = corpus(name);
        assert!(!seeds.is_empty(), "{name} has no seeds");
        let seeds: Vec<_> =
            seeds.into_iter().filter(|seed| seed.len() <= LONGEST).map(Seed).collect();
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, rng);
        let cases = (prop::sample::select(seeds.clone()), prop::sample::select(seeds), changes());
        let outcome = runner.run(&cases, |(Seed(mut bytes), Seed(other), changes)| {
            if changes.len() > 4 {
                bytes.extend(other);
            }
            changes.iter().for_each(|change| apply(&mut bytes, change));
            check(name, &bytes);
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn the_corpus_holds() {
    for (name, _) in CHECKS {
        for bytes in corpus(name) {
            check(name, &bytes);
        }
    }
}

/// Every raw object of the example lake, and the beginning of each.
#[test]
fn the_example_lake_holds() {
    let hours = root().join("tests/fixtures/example/raw/2026/03/02");
    for name in ["08/lines", "10/concatenated", "12/two-members.gz"] {
        let bytes = fs::read(hours.join(name)).unwrap();
        check("framing", &bytes);
        check("row", &bytes);
        for limits in [[0, 255], [9, 40], [255, 255]] {
            check("raw_object", &[&limits, &bytes[..]].concat());
            for part in 1..20 {
                check("raw_object", &[&limits, &bytes[..bytes.len() * part / 20]].concat());
            }
        }
    }
}
