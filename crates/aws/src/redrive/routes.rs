//! Dead letters of a route.
//!
//! Each goes to the route's target itself, as EventBridge would have given it: no other rule sees it
//! again, and a target that fails still says so at once. Where that cannot be (the target gets something
//! that the rule makes of an event, or is one that only EventBridge can call) it goes back on the bus,
//! and every rule that it matches gets it: the lake stores a delivery once, and a consumer knows it by
//! `detail._delivery.id`, as it must anyway, since EventBridge delivers at least once.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::letters::envelope;
use super::target::{Target, Way};
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
        let target =
            Target::of(self.stack, &self.stack.name.function(&format!("route-{route}"))).await?;
        let mut held = Held::new(self.stack.client, queue, self.hold);
        // Only what waits now: one that fails again comes back at once, and would never end.
        let mut wanted = usize::try_from(queue.messages).unwrap_or(usize::MAX).max(ENTRIES);
        let mut kept = Vec::new();
        while wanted > 0 && held.take(wanted.min(ENTRIES), BYTES).await? {
            wanted = wanted.saturating_sub(held.messages.len());
            redriven.found += held.messages.len() as u64;
            let mut taken = HashSet::new();
            let put = self.put(&target, &held.messages, &mut taken, redriven).await;
            tracing::info!(route, events = taken.len(), "put back");
            redriven.events += taken.len() as u64;
            // What was taken before something went wrong is not to come twice.
            held.delete(|message| taken.contains(&message.id)).await?;
            put?;
            kept.append(&mut held.messages);
        }
        held.messages = kept;
        held.give_back().await
    }

    /// Puts each message where it has to be, and adds the ids of those that were taken.
    async fn put(
        &self,
        target: &Target,
        messages: &[Message],
        taken: &mut HashSet<String>,
        redriven: &mut Redriven,
    ) -> Result<(), AwsError> {
        let mut onto_bus = Vec::new();
        for message in messages {
            match target.way(&message.body) {
                Way::Bus => onto_bus.push(message),
                Way::None(why) => redriven.left.push(Left { what: message.id.clone(), why }),
                Way::Target => match target.give(self.stack, &message.body).await {
                    Ok(()) => {
                        taken.insert(message.id.clone());
                        redriven.went(&target.arn);
                    }
                    // It concerns them all, and says which right to ask for.
                    Err(error @ (AwsError::Denied { .. } | AwsError::NoAnswer { .. })) => {
                        return Err(error);
                    }
                    Err(error) => {
                        let (what, why) = (message.id.clone(), error.to_string());
                        redriven.left.push(Left { what, why });
                    }
                },
            }
        }
        let bus = self.stack.bus()?;
        let before = taken.len();
        let put = self.put_on_bus(bus, &onto_bus, taken, redriven).await;
        if taken.len() > before {
            redriven.went(&format!("the bus {bus}"));
        }
        put
    }

    /// Puts each on the bus, and adds the ids of those that it took.
    async fn put_on_bus(
        &self,
        bus: &str,
        messages: &[&Message],
        taken: &mut HashSet<String>,
        redriven: &mut Redriven,
    ) -> Result<(), AwsError> {
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
                self.put_entries(bus, std::mem::take(&mut entries), taken, redriven).await?;
                size = 0;
            }
            size += message.body.len();
            entries.push((message, entry));
        }
        self.put_entries(bus, entries, taken, redriven).await
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
        let answer = match self.stack.client.call(asked, json!({ "Entries": entries })).await {
            // Such as one that is larger than the bus takes: the others are not to wait for it.
            Err(error @ AwsError::Refused { .. }) => {
                let why = error.to_string();
                let left = |it: &Message| Left { what: it.id.clone(), why: why.clone() };
                redriven.left.extend(messages.into_iter().map(left));
                return Ok(());
            }
            answer => answer?,
        };
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
