//! Dead letters of the raw zone: whole events, put into `raw/` as Firehose would have.

use std::collections::HashSet;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Left, Redrive, Redriven, name_of};
use crate::error::AwsError;
use crate::queue::{Held, Message, Queue};

/// The most messages, and bytes of them, that become one raw object.
const MESSAGES: usize = 500;
const BYTES: usize = 8 << 20;

/// What an event has to have for the compactor to read it.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<'a> {
    pub(super) source: String,
    #[serde(rename = "detail-type")]
    pub(super) detail_type: String,
    /// As it came: nothing on the way may write a payload anew.
    #[serde(borrow)]
    pub(super) detail: &'a RawValue,
    pub(super) time: Option<String>,
    #[serde(default)]
    pub(super) resources: Vec<String>,
}

/// The event that a message is; the reason where it is none.
pub(super) fn envelope(body: &str) -> Result<Envelope<'_>, String> {
    let envelope: Envelope<'_> = serde_json::from_str(body)
        .map_err(|error| format!("it is no event of EventBridge: {error}"))?;
    match envelope.detail.get().starts_with('{') {
        true => Ok(envelope),
        false => Err("it is no event of EventBridge: its detail is no object".to_owned()),
    }
}

impl Redrive<'_> {
    pub(super) async fn letters(
        &self,
        queue: &Queue,
        redriven: &mut Redriven,
    ) -> Result<(), AwsError> {
        // Held to the end, or they would be met again and again.
        let mut unfit = Vec::new();
        loop {
            let mut held = Held::new(self.stack.client, queue, self.hold);
            if !held.take(MESSAGES, BYTES).await? {
                break;
            }
            let is_new = |message: &Message| !unfit.iter().any(|it: &Message| it.id == message.id);
            held.messages.retain(is_new);
            let some = std::mem::take(&mut held.messages);
            if some.is_empty() {
                break;
            }
            redriven.found += some.len() as u64;
            let (fit, others) = sorted(some, redriven);
            unfit.extend(others);
            if fit.is_empty() {
                continue;
            }
            held.messages = fit;
            self.land(&mut held, redriven).await?;
        }
        let mut held = Held::new(self.stack.client, queue, self.hold);
        held.messages = unfit;
        held.give_back().await
    }

    /// One raw object of what is held; then, and only then, it is deleted from the queue.
    async fn land(&self, held: &mut Held<'_>, redriven: &mut Redriven) -> Result<(), AwsError> {
        let mut lines = Vec::new();
        for message in &held.messages {
            lines.extend_from_slice(message.body.as_bytes());
            lines.push(b'\n');
        }
        let name = name_of("letters", &lines);
        let key = self.bucket.put_raw(self.now(), &name, gzip(&lines)).await?;
        tracing::info!(key, messages = held.messages.len(), "put back");
        redriven.events += held.messages.len() as u64;
        redriven.into.push(key);
        held.delete(|_| true).await.map(drop)
    }
}

/// Those that are events, and the others.
fn sorted(messages: Vec<Message>, redriven: &mut Redriven) -> (Vec<Message>, Vec<Message>) {
    let known: HashSet<String> = redriven.left.iter().map(|left| left.what.clone()).collect();
    messages.into_iter().partition(|message| match envelope(&message.body) {
        Ok(_) => true,
        Err(why) => {
            if !known.contains(&message.id) {
                redriven.left.push(Left { what: message.id.clone(), why });
            }
            false
        }
    })
}

/// The bytes, compressed. Writing into memory cannot fail.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    // The compactor reads what is not compressed as well.
    written.unwrap_or_else(|_| bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_taken_and_its_detail_left_as_it_is() {
        let body = r#"{"version":"0","id":"i","detail-type":"push","source":"github.com","time":"2026-03-02T08:00:00Z","resources":["r"],"detail":{"b": 1.50, "a":1e3}}"#;
        let event = envelope(body).unwrap();
        assert_eq!((event.source.as_str(), event.detail_type.as_str()), ("github.com", "push"));
        assert_eq!(event.detail.get(), r#"{"b": 1.50, "a":1e3}"#);
        assert_eq!(event.resources, ["r"]);
    }

    #[test]
    fn what_is_no_event_stays_where_it_is() {
        for body in [
            "",
            "no JSON",
            "[]",
            "{}",
            r#"{"source":"s","detail-type":"push"}"#,
            r#"{"source":"s","detail-type":"push","detail":"text"}"#,
            r#"{"source":"s","detail-type":"push","detail":{}"#,
            r#"{"source":"s","detail-type":"push","detail":{}} {"more":1}"#,
        ] {
            let why = envelope(body).unwrap_err();
            assert!(why.starts_with("it is no event of EventBridge: "), "{body}: {why}");
        }
    }
}
