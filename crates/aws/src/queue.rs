//! The stack's queues: which there are, and messages that are looked at, held, and deleted or given
//! back.

mod held;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

pub use self::held::Held;
use crate::client::{Asked, Client};
use crate::error::AwsError;
use crate::service::SQS;
use crate::stack::{StackName, TAG};

/// A queue of a stack.
#[derive(Debug, Clone, Serialize)]
pub struct Queue {
    /// Its name without the stack's: `raw-dead-letters`.
    pub queue: String,
    /// Messages that wait in it, as SQS counts them: nearly.
    pub messages: u64,
    /// Messages that somebody has taken and not deleted yet.
    pub held: u64,
    /// Its whole name.
    #[serde(skip)]
    pub name: String,
    #[serde(skip)]
    url: String,
}

/// A message, as far as somebody looks at it.
#[derive(Debug, Clone)]
pub struct Message {
    /// SQS's id of it.
    pub id: String,
    /// When it came into the queue.
    pub sent_at: Option<DateTime<Utc>>,
    /// How often it was taken out, this time included.
    pub received: u64,
    /// What its sender said of it: of a dead letter the rule, the target and the error.
    pub attributes: BTreeMap<String, String>,
    /// What it says.
    pub body: String,
    receipt: String,
}

/// The queues of a stack, by their names.
///
/// # Errors
/// There is none, which is to say no such stack; or they may not be looked at.
pub async fn list(client: &Client, stack: &StackName) -> Result<Vec<Queue>, AwsError> {
    let prefix = format!("{stack}-");
    let resource = format!("the queues {prefix}*");
    let asked = Asked { service: SQS, action: "ListQueues", resource: &resource };
    let mut queues = Vec::new();
    let mut next = Value::Null;
    loop {
        let mut body = json!({ "QueueNamePrefix": prefix, "MaxResults": 1000 });
        if !next.is_null() {
            body["NextToken"] = next;
        }
        let answer = client.call(asked, body).await?;
        let urls = answer.get("QueueUrls").and_then(Value::as_array);
        for url in urls.into_iter().flatten().filter_map(Value::as_str) {
            // A stack named acme-two has names that begin with acme- as well: the tag tells.
            if is_of(client, stack, url).await? {
                queues.push(Queue::at(client, url, &prefix).await?);
            }
        }
        next = answer.get("NextToken").cloned().unwrap_or_default();
        if next.is_null() {
            break;
        }
    }
    if queues.is_empty() {
        return Err(stack.absent(client, format!("a queue named {prefix}… with the tag {TAG}")));
    }
    queues.sort_by(|a, b| a.queue.cmp(&b.queue));
    Ok(queues)
}

/// The queue of this name, short or whole.
///
/// # Errors
/// There is none: the error names those that there are.
pub fn find<'q>(queues: &'q [Queue], name: &str) -> Result<&'q Queue, AwsError> {
    let is_meant = |queue: &&Queue| queue.queue == name || queue.name == name;
    queues.iter().find(is_meant).ok_or_else(|| {
        let names: Vec<&str> = queues.iter().map(|queue| queue.queue.as_str()).collect();
        AwsError::unfit(
            format!("the stack has no queue {name:?}"),
            format!("its queues are {}", names.join(", ")),
        )
    })
}

async fn is_of(client: &Client, stack: &StackName, url: &str) -> Result<bool, AwsError> {
    let resource = in_words(url);
    let asked = Asked { service: SQS, action: "ListQueueTags", resource: &resource };
    let answer = client.call(asked, json!({ "QueueUrl": url })).await?;
    let tag = answer.pointer("/Tags").and_then(|tags| tags.get(TAG)).and_then(Value::as_str);
    Ok(tag == Some(stack.as_str()))
}

fn in_words(url: &str) -> String {
    format!("the queue {}", url.rsplit('/').next().unwrap_or(url))
}

impl Queue {
    async fn at(client: &Client, url: &str, prefix: &str) -> Result<Self, AwsError> {
        let resource = in_words(url);
        let asked = Asked { service: SQS, action: "GetQueueAttributes", resource: &resource };
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let body = json!({ "QueueUrl": url, "AttributeNames": names });
        let answer = client.call(asked, body).await?;
        let count = |name: &str| {
            let text = answer.get("Attributes").and_then(|all| all.get(name));
            text.and_then(Value::as_str).and_then(|text| text.parse().ok()).unwrap_or(0)
        };
        let name = url.rsplit('/').next().unwrap_or(url).to_owned();
        Ok(Self {
            queue: name.strip_prefix(prefix).unwrap_or(&name).to_owned(),
            messages: count(names[0]),
            held: count(names[1]),
            name,
            url: url.to_owned(),
        })
    }

    fn resource(&self) -> String {
        format!("the queue {}", self.name)
    }
}

impl Message {
    fn read(asked: &Asked<'_>, message: &Value) -> Result<Self, AwsError> {
        let of_system = |name: &str| {
            let text = message.get("Attributes").and_then(|all| all.get(name));
            text.and_then(Value::as_str).and_then(|text| text.parse::<i64>().ok())
        };
        let own = message.get("MessageAttributes").and_then(Value::as_object);
        let text = |(name, value): (&String, &Value)| {
            Some((name.clone(), value.get("StringValue")?.as_str()?.to_owned()))
        };
        Ok(Self {
            id: asked.text(message, "MessageId")?,
            sent_at: of_system("SentTimestamp").and_then(DateTime::from_timestamp_millis),
            received: of_system("ApproximateReceiveCount").unwrap_or(1).unsigned_abs(),
            attributes: own.into_iter().flatten().filter_map(text).collect(),
            body: asked.text(message, "Body")?,
            receipt: asked.text(message, "ReceiptHandle")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked<'_> =
        Asked { service: SQS, action: "ReceiveMessage", resource: "the queue q" };

    #[test]
    fn a_message_is_read_with_what_its_sender_said() {
        let message = json!({
            "MessageId": "m", "ReceiptHandle": "r", "Body": "b",
            "Attributes": { "SentTimestamp": "1772438400123", "ApproximateReceiveCount": "3" },
            "MessageAttributes": { "ERROR_CODE": { "DataType": "String", "StringValue": "NO_PERMISSIONS" } },
        });
        let message = Message::read(&ASKED, &message).unwrap();
        assert_eq!(message.sent_at.unwrap().to_rfc3339(), "2026-03-02T08:00:00.123+00:00");
        assert_eq!((message.received, message.body.as_str()), (3, "b"));
        assert_eq!(message.attributes["ERROR_CODE"], "NO_PERMISSIONS");
        let error = Message::read(&ASKED, &json!({ "MessageId": "m", "Body": "b" })).unwrap_err();
        assert_eq!(
            error.to_string(),
            "sqs:ReceiveMessage of the queue q: the answer has no ReceiptHandle"
        );
    }

    #[test]
    fn a_queue_is_named_short_or_whole() {
        let queue = |short: &str| Queue {
            queue: short.into(),
            messages: 0,
            held: 0,
            name: format!("acme-{short}"),
            url: String::new(),
        };
        let queues = [queue("raw-dead-letters"), queue("raw-errors")];
        assert_eq!(find(&queues, "raw-errors").unwrap().name, "acme-raw-errors");
        assert_eq!(find(&queues, "acme-raw-errors").unwrap().name, "acme-raw-errors");
        let error = find(&queues, "raw").unwrap_err();
        assert_eq!(error.to_string(), "the stack has no queue \"raw\"");
        assert_eq!(error.hint(), "its queues are raw-dead-letters, raw-errors");
    }
}
