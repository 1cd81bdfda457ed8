//! The services of AWS that are asked, and how each wants its requests.

/// One service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Service {
    /// Its name in a signature and in IAM's actions.
    pub(crate) name: &'static str,
    /// How its host's name begins.
    pub(crate) host: &'static str,
    /// What stands before the action in `X-Amz-Target`; empty where paths tell the action.
    pub(crate) target: &'static str,
    /// The content type of its requests.
    pub(crate) content_type: &'static str,
}

const JSON_1_0: &str = "application/x-amz-json-1.0";
const JSON_1_1: &str = "application/x-amz-json-1.1";
/// Of the one service that takes no JSON.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

const fn json(name: &'static str, target: &'static str, content_type: &'static str) -> Service {
    Service { name, host: name, target, content_type }
}

const fn rest(name: &'static str) -> Service {
    Service { name, host: name, target: "", content_type: "application/json" }
}

pub(crate) const API_GATEWAY: Service = rest("apigateway");
pub(crate) const EVENTS: Service = json("events", "AWSEvents", JSON_1_1);
pub(crate) const FIREHOSE: Service = json("firehose", "Firehose_20150804", JSON_1_1);
pub(crate) const LAMBDA: Service = rest("lambda");
pub(crate) const LOGS: Service = json("logs", "Logs_20140328", JSON_1_1);
pub(crate) const SECRETS: Service = json("secretsmanager", "secretsmanager", JSON_1_1);
pub(crate) const SNS: Service = Service { content_type: FORM, ..rest("sns") };
pub(crate) const STATES: Service = json("states", "AWSStepFunctions", JSON_1_0);
pub(crate) const SQS: Service = json("sqs", "AmazonSQS", JSON_1_0);

impl Service {
    /// Where it answers in a region.
    pub(crate) fn url(self, region: &str) -> String {
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("https://{}.{region}.{suffix}", self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_those_of_the_region_and_its_partition() {
        assert_eq!(SQS.url("eu-central-1"), "https://sqs.eu-central-1.amazonaws.com");
        assert_eq!(LOGS.url("cn-north-1"), "https://logs.cn-north-1.amazonaws.com.cn");
        assert_eq!(
            SECRETS.url("us-gov-west-1"),
            "https://secretsmanager.us-gov-west-1.amazonaws.com"
        );
    }
}
