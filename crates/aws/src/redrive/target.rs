//! The target of a route, to which a dead letter can be given again without any other rule seeing it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::letters::envelope;
use crate::client::Asked;
use crate::error::AwsError;
use crate::service::{EVENTS, FIREHOSE, LAMBDA, SNS, SQS, STATES, Service};
use crate::stack::Stack;

/// What a rule hands its events to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) arn: String,
    /// Whether it gets something made of the event, and not the event.
    transforms: bool,
    /// The group of messages in a queue that keeps their order.
    group: Option<String>,
}

/// The way back for one dead letter.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// To the target, as it is.
    Target,
    /// On the bus, which every rule reads.
    Bus,
    /// None, and why.
    None(String),
}

impl Target {
    /// The target of the rule of this name.
    pub(super) async fn of(stack: &Stack<'_>, rule: &str) -> Result<Self, AwsError> {
        let resource = format!("the rule {rule}");
        let asked = Asked { service: EVENTS, action: "ListTargetsByRule", resource: &resource };
        let body = json!({ "Rule": rule, "EventBusName": stack.bus()? });
        let answer = stack.client.call(asked, body).await?;
        let targets = answer.get("Targets").and_then(Value::as_array);
        let target = targets.and_then(|targets| targets.first());
        Self::read(target.ok_or_else(|| asked.without("target"))?)
            .ok_or_else(|| asked.without("Arn"))
    }

    fn read(target: &Value) -> Option<Self> {
        let has = |name: &str| target.get(name).is_some_and(|value| !value.is_null());
        let group = target.pointer("/SqsParameters/MessageGroupId").and_then(Value::as_str);
        Some(Self {
            arn: target.get("Arn")?.as_str()?.to_owned(),
            transforms: ["Input", "InputPath", "InputTransformer"].into_iter().any(has),
            group: group.map(str::to_owned),
        })
    }

    /// `arn:aws:SERVICE:…`, where that can be given a letter directly.
    fn service(&self) -> Option<Service> {
        match self.arn.split(':').nth(2)? {
            "firehose" => Some(FIREHOSE),
            "lambda" => Some(LAMBDA),
            "sns" => Some(SNS),
            "sqs" => Some(SQS),
            "states" => Some(STATES),
            _ => None,
        }
    }

    /// A letter that is what the target is to get goes there; a whole event of which the target gets
    /// something else goes on the bus, where the rule makes that of it, and so does one to a target
    /// that only EventBridge can call.
    pub(super) fn way(&self, body: &str) -> Way {
        match (envelope(body), self.service(), self.transforms) {
            (Ok(_), Some(_), false) | (Err(_), Some(_), true) => Way::Target,
            (Ok(_), _, _) => Way::Bus,
            (Err(why), _, _) => Way::None(why),
        }
    }

    /// Gives it a letter.
    pub(super) async fn give(&self, stack: &Stack<'_>, body: &str) -> Result<(), AwsError> {
        let (client, name) = (stack.client, self.arn.rsplit([':', '/']).next().unwrap_or_default());
        let resource = self.arn.as_str();
        let Some(service) = self.service() else { return Ok(()) };
        let asked = |action| Asked { service, action, resource };
        let answered = match service.name {
            "firehose" => {
                let record = json!({ "Data": STANDARD.encode(body) });
                let request = json!({ "DeliveryStreamName": name, "Record": record });
                client.call(asked("PutRecord"), request).await
            }
            "lambda" => {
                // As EventBridge does: queued, and tried again by Lambda.
                let (path, headers) = (invocations(resource), [("x-amz-invocation-type", "Event")]);
                client.text(asked("InvokeFunction"), Method::POST, &path, &headers, body).await
            }
            "sns" => {
                let form = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs([("Action", "Publish"), ("Version", "2010-03-31")])
                    .extend_pairs([("TopicArn", resource), ("Message", body)])
                    .finish();
                client.text(asked("Publish"), Method::POST, "/", &[], &form).await
            }
            "states" => {
                let request = json!({ "stateMachineArn": resource, "input": body });
                client.call(asked("StartExecution"), request).await
            }
            _ => {
                let account = self.arn.split(':').nth(4).unwrap_or_default();
                let request = json!({ "QueueName": name, "QueueOwnerAWSAccountId": account });
                let url = client.call(asked("GetQueueUrl"), request).await?;
                let url = asked("GetQueueUrl").text(&url, "QueueUrl")?;
                let mut request = json!({ "QueueUrl": url, "MessageBody": body });
                if let Some(group) = &self.group {
                    request["MessageGroupId"] = group.as_str().into();
                }
                client.call(asked("SendMessage"), request).await
            }
        };
        answered.map(drop)
    }
}

/// Where a function is called by its ARN, which may name a version or an alias.
fn invocations(arn: &str) -> String {
    let safe = |part: &str| form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>();
    let mut named = arn.splitn(8, ':').skip(6).map(safe);
    let name = named.next().unwrap_or_default();
    let query = named.next().map(|qualifier| format!("?Qualifier={qualifier}")).unwrap_or_default();
    format!("/2015-03-31/functions/{name}/invocations{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_called_by_the_alias_that_its_arn_names() {
        let arn = "arn:aws:lambda:eu-central-1:123456789012:function:f";
        assert_eq!(invocations(arn), "/2015-03-31/functions/f/invocations");
        for (named, query) in [("live", "live"), ("7", "7"), ("$LATEST", "%24LATEST")] {
            assert_eq!(
                invocations(&format!("{arn}:{named}")),
                format!("/2015-03-31/functions/f/invocations?Qualifier={query}")
            );
        }
        assert_eq!(
            invocations(&format!("{arn}/../x?y")),
            "/2015-03-31/functions/f%2F..%2Fx%3Fy/invocations"
        );
    }

    const EVENT: &str = r#"{"source":"github.com","detail-type":"push","detail":{}}"#;
    const MADE: &str = r#"{"text":"made by the route"}"#;

    fn target(service: &str, more: Value) -> Target {
        let mut target = json!({ "Id": "t", "Arn": format!("arn:aws:{service}:eu-central-1:1:x") });
        target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Target::read(&target).unwrap()
    }

    #[test]
    fn a_letter_goes_where_it_is_what_is_wanted() {
        let made = json!({ "InputTransformer": { "InputTemplate": "{}" } });
        for service in ["firehose", "lambda", "sns", "sqs", "states"] {
            assert_eq!(target(service, json!({})).way(EVENT), Way::Target, "{service}");
            assert_eq!(target(service, made.clone()).way(MADE), Way::Target, "{service}");
            // The rule makes of it what the target is to get.
            assert_eq!(target(service, made.clone()).way(EVENT), Way::Bus, "{service}");
            assert!(matches!(target(service, json!({})).way(MADE), Way::None(_)), "{service}");
        }
        for service in ["ecs", "events", "logs"] {
            assert_eq!(target(service, json!({})).way(EVENT), Way::Bus, "{service}");
            assert!(matches!(target(service, made.clone()).way(MADE), Way::None(_)), "{service}");
        }
    }

    #[test]
    fn what_is_made_of_the_event_is_known_by_any_of_three() {
        for name in ["Input", "InputPath", "InputTransformer"] {
            assert!(target("sqs", json!({ name: "x" })).transforms, "{name}");
            assert!(!target("sqs", json!({ name: null })).transforms, "{name}");
        }
        let ordered = target("sqs", json!({ "SqsParameters": { "MessageGroupId": "g" } }));
        assert_eq!(ordered.group.as_deref(), Some("g"));
        assert_eq!(Target::read(&json!({ "Id": "t" })), None);
    }
}
