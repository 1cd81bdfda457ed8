//! Dead letters of a route.
//!
//! EventBridge has no way to give one event to one rule, so they go back on the bus: the route gets
//! them, and so does every other rule that they match. The lake stores a delivery once, and a consumer
//! knows it by `detail._delivery.id`, as it must anyway: EventBridge delivers at least once.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::letters::envelope;
use super::{Left, Redrive, Redriven};
use crate::client::Asked;
use crate::error::AwsError;
use crate::queue::{Held, Message, Queue};
use crate::service::EVENTS;

/// The most entries of one call, and the most bytes: what every bus takes (some 1 MB).
const ENTRIES: usize = 10;
const BYTES: usize = 240_000;

impl Redrive<'_> {
    pub(super) async fn route(
        &self,
        route: &str,
        queue: &Queue,
        redriven: &mut Redriven,
    ) -> Result<(), AwsError> {
        redriven.held = queue.held;
        if self.dry_run {
            redriven.found = queue.messages;
            return Ok(());
        }
        let bus = self.stack.bus()?;
        let mut held = Held::new(self.stack.client, queue, self.hold);
        // Only what waits now: one that fails again comes back at once, and would never end.
        let mut wanted = usize::try_from(queue.messages).unwrap_or(usize::MAX).max(ENTRIES);
        let mut kept = Vec::new();
        while wanted > 0 && held.take(wanted.min(ENTRIES), BYTES).await? {
            wanted = wanted.saturating_sub(held.messages.len());
            redriven.found += held.messages.len() as u64;
            let taken = self.put_on_bus(bus, &held.messages, redriven).await?;
            tracing::info!(route, events = taken.len(), "put back");
            redriven.events += taken.len() as u64;
            held.delete(|message| taken.contains(&message.id)).await?;
            kept.append(&mut held.messages);
        }
        if redriven.events > 0 {
            redriven.into.push(format!("the bus {bus}"));
        }
        held.messages = kept;
        held.give_back().await
    }

    /// Ids of the messages that the bus took.
    async fn put_on_bus(
        &self,
        bus: &str,
        messages: &[Message],
        redriven: &mut Redriven,
    ) -> Result<HashSet<String>, AwsError> {
        let mut taken = HashSet::new();
        let mut entries: Vec<(&Message, Value)> = Vec::new();
        let mut size = 0;
        for message in messages {
            let entry = match entry(bus, &message.body) {
                Ok(entry) => entry,
                Err(why) => {
                    redriven.left.push(Left { what: message.id.clone(), why });
                    continue;
                }
            };
            if size + message.body.len() > BYTES && !entries.is_empty() {
                self.put_entries(bus, std::mem::take(&mut entries), &mut taken, redriven).await?;
                size = 0;
            }
            size += message.body.len();
            entries.push((message, entry));
        }
        self.put_entries(bus, entries, &mut taken, redriven).await?;
        Ok(taken)
    }

    async fn put_entries(
        &self,
        bus: &str,
        entries: Vec<(&Message, Value)>,
        taken: &mut HashSet<String>,
        redriven: &mut Redriven,
    ) -> Result<(), AwsError> {
        if entries.is_empty() {
            return Ok(());
        }
        let resource = format!("the bus {bus}");
        let asked = Asked { service: EVENTS, action: "PutEvents", resource: &resource };
        let (messages, entries): (Vec<&Message>, Vec<Value>) = entries.into_iter().unzip();
        let answer = self.stack.client.call(asked, json!({ "Entries": entries })).await?;
        // Answered in order, each for itself, also where the call as a whole says 200.
        let answers = answer.get("Entries").and_then(Value::as_array);
        let answers = answers.ok_or_else(|| asked.without("Entries"))?;
        for (message, answer) in messages.into_iter().zip(answers) {
            if answer.get("EventId").is_some_and(|id| !id.is_null()) {
                taken.insert(message.id.clone());
                continue;
            }
            let why =
                ["ErrorCode", "ErrorMessage"].map(|it| asked.text(answer, it).unwrap_or_default());
            redriven.left.push(Left { what: message.id.clone(), why: why.join(": ") });
        }
        Ok(())
    }
}

/// The event as the bus takes it.
fn entry(bus: &str, body: &str) -> Result<Value, String> {
    let event = envelope(body)?;
    let mut entry = json!({
        "EventBusName": bus,
        "Source": event.source,
        "DetailType": event.detail_type,
        "Detail": event.detail.get(),
        "Resources": event.resources,
    });
    let time = event.time.and_then(|text| chrono::DateTime::parse_from_rfc3339(&text).ok());
    if let Some(time) = time {
        entry["Time"] = time.timestamp().into();
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_goes_back_as_it_was() {
        let body = r#"{"version":"0","id":"i","detail-type":"push","source":"github.com","time":"2026-03-02T08:00:00Z","resources":[],"detail":{"b": 1.50,"_delivery":{"id":"d"}}}"#;
        assert_eq!(
            entry("acme", body).unwrap(),
            json!({
                "EventBusName": "acme", "Source": "github.com", "DetailType": "push",
                "Detail": r#"{"b": 1.50,"_delivery":{"id":"d"}}"#,
                "Resources": [], "Time": 1_772_438_400,
            })
        );
        assert!(entry("acme", r#"{"transformed":"by the route"}"#).is_err());
    }
}
