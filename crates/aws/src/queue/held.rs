//! Messages that are held while something is done about them, and then deleted or given back.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Message, Queue};
use crate::client::{Asked, Client};
use crate::error::AwsError;
use crate::service::SQS;

/// The most messages of one call, by SQS's rules.
const CALL: usize = 10;
/// How long an empty queue is waited for: so that all of SQS's servers are asked.
const WAIT_SECONDS: u64 = 1;

/// Messages taken out of a queue for a while: nobody else gets them until they are given back, or the
/// time is over. They are in the queue all the same until they are deleted, whatever happens here.
#[derive(Debug)]
pub struct Held<'a> {
    client: &'a Client,
    queue: &'a Queue,
    hold: Duration,
    /// What is held.
    pub messages: Vec<Message>,
}

impl<'a> Held<'a> {
    /// Nothing held yet, each message for so long.
    pub fn new(client: &'a Client, queue: &'a Queue, hold: Duration) -> Self {
        Self { client, queue, hold, messages: Vec::new() }
    }

    /// Takes up to so many more messages, up to so many bytes; whether there was one.
    ///
    /// # Errors
    /// The queue may not be read.
    pub async fn take(&mut self, count: usize, bytes: usize) -> Result<bool, AwsError> {
        let (mut taken, mut size) = (0, 0);
        while taken < count && size < bytes {
            let some = self.receive((count - taken).min(CALL)).await?;
            if some.is_empty() {
                break;
            }
            for message in some {
                // Given out twice: it is one message, and the newer receipt counts.
                match self.messages.iter_mut().find(|held| held.id == message.id) {
                    Some(held) => *held = message,
                    None => {
                        taken += 1;
                        size += message.body.len();
                        self.messages.push(message);
                    }
                }
            }
        }
        Ok(taken > 0)
    }

    async fn receive(&self, count: usize) -> Result<Vec<Message>, AwsError> {
        let resource = self.queue.resource();
        let asked = Asked { service: SQS, action: "ReceiveMessage", resource: &resource };
        let body = json!({
            "QueueUrl": self.queue.url,
            "MaxNumberOfMessages": count,
            "VisibilityTimeout": self.hold.as_secs().max(1),
            "WaitTimeSeconds": WAIT_SECONDS,
            "AttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        });
        let answer = self.client.call(asked, body).await?;
        let messages = answer.get("Messages").and_then(Value::as_array);
        messages.into_iter().flatten().map(|message| Message::read(&asked, message)).collect()
    }

    /// Deletes those of the messages that are held for which `is_done` holds, for good; gives their
    /// number.
    ///
    /// # Errors
    /// SQS does not delete one of them: it comes back when its time is over.
    pub async fn delete(&mut self, is_done: impl Fn(&Message) -> bool) -> Result<usize, AwsError> {
        let (done, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.messages).into_iter().partition(|it| is_done(it));
        self.messages = kept;
        self.batch("DeleteMessage", "DeleteMessageBatch", &done, None).await?;
        Ok(done.len())
    }

    /// Gives back what is still held: it is in the queue for everybody again.
    ///
    /// # Errors
    /// SQS does not take it: it comes back by itself when its time is over.
    pub async fn give_back(&mut self) -> Result<(), AwsError> {
        let all = std::mem::take(&mut self.messages);
        self.batch("ChangeMessageVisibility", "ChangeMessageVisibilityBatch", &all, Some(0)).await
    }

    /// One call for ten messages each. IAM knows the action by the name without `Batch`.
    async fn batch(
        &self,
        right: &str,
        action: &str,
        messages: &[Message],
        visibility: Option<u64>,
    ) -> Result<(), AwsError> {
        let resource = self.queue.resource();
        let asked = Asked { service: SQS, action, resource: &resource };
        for some in messages.chunks(CALL) {
            let entry = |(index, message): (usize, &Message)| {
                let mut entry =
                    json!({ "Id": index.to_string(), "ReceiptHandle": message.receipt });
                if let Some(seconds) = visibility {
                    entry["VisibilityTimeout"] = seconds.into();
                }
                entry
            };
            let entries: Vec<Value> = some.iter().enumerate().map(entry).collect();
            let body = json!({ "QueueUrl": self.queue.url, "Entries": entries });
            let answer = self.client.call(asked, body).await;
            let answer = answer.map_err(|error| renamed(error, right))?;
            let failed = answer.get("Failed").and_then(Value::as_array);
            if let Some(failed) = failed.and_then(|failed| failed.first()) {
                return Err(AwsError::Refused {
                    action: format!("sqs:{right}"),
                    resource: self.queue.resource(),
                    code: asked.text(failed, "Code").unwrap_or_default(),
                    message: asked.text(failed, "Message").unwrap_or_default(),
                });
            }
        }
        Ok(())
    }
}

/// The same error, with the right by the name that a policy has.
fn renamed(error: AwsError, right: &str) -> AwsError {
    match error {
        AwsError::Denied { resource, message, .. } => {
            AwsError::Denied { action: format!("sqs:{right}"), resource, message }
        }
        other => other,
    }
}
