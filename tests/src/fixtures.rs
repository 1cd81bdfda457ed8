//! The files under `tests/fixtures`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use flate2::read::GzDecoder;
use serde_json::Value;

/// The folder of fixtures.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// One of GitHub's example payloads.
#[derive(Debug)]
pub struct Example {
    /// The event type.
    pub event: String,
    /// The payload.
    pub payload: Value,
}

/// Every example payload of `@octokit/webhooks-examples`, each once.
pub fn webhooks_examples() -> Vec<Example> {
    let file = File::open(folder().join("webhooks-examples.jsonl.gz")).unwrap();
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    let example = |line: String| {
        let mut value: Value = serde_json::from_str(&line).unwrap();
        let event = value["event"].as_str().unwrap().to_owned();
        Example { event, payload: value["payload"].take() }
    };
    lines.map(|line| example(line.unwrap())).collect()
}

/// What `compact` and the reports must say of the example lake.
pub fn example_answers() -> Value {
    let text = std::fs::read_to_string(folder().join("example/answers.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}
