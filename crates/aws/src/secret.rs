//! The webhook secret: a new one, and the end of the one before.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::client::{Asked, Client};
use crate::error::AwsError;
use crate::service::SECRETS;
use crate::stack::Stack;

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";
/// Within this time of a rotation, GitHub may still have the secret before, which the next one ends.
const FRESH: TimeDelta = TimeDelta::hours(24);

/// A secret that is known to nobody yet.
#[derive(Clone)]
pub struct NewSecret(String);

impl NewSecret {
    /// 244 random bits of the system's, in 64 characters that a form takes.
    pub fn random() -> Self {
        Self(format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()))
    }

    /// The text itself, for GitHub.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewSecret(redacted)")
    }
}

/// Where a stack's webhook secret is kept.
pub struct WebhookSecret<'s> {
    client: &'s Client,
    /// Its ARN.
    pub arn: String,
    json_key: Option<String>,
}

impl fmt::Debug for WebhookSecret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSecret").field("arn", &self.arn).finish_non_exhaustive()
    }
}

impl<'s> WebhookSecret<'s> {
    /// The one secret that the ingest function accepts, or the one of several that is named.
    ///
    /// # Errors
    /// There is none of that name, there are several and none is named, or it is a parameter of
    /// Systems Manager, which has no version before.
    pub fn of(stack: &'s Stack<'_>, named: Option<&str>) -> Result<Self, AwsError> {
        let arns = stack.ingest.setting("OCTOLAKE_SECRET_ARNS")?;
        let arn = chosen(arns, named)?;
        if arn.contains(":ssm:") {
            return Err(AwsError::unfit(
                format!(
                    "{arn} is a parameter of Systems Manager: only its current value counts, so there is none to keep until GitHub has the new one"
                ),
                "name a second parameter in existing_parameter_names, apply, enter its value at GitHub, and take the first one out",
            ));
        }
        let json_key = stack.ingest.optional_setting("OCTOLAKE_SECRET_JSON_KEY").map(str::to_owned);
        Ok(Self { client: stack.client, arn: arn.to_owned(), json_key })
    }

    /// Its name, without what AWS adds to it in the ARN.
    pub fn name(&self) -> &str {
        let name = self.arn.splitn(7, ':').last().unwrap_or(&self.arn);
        match name.rsplit_once('-') {
            Some((name, added)) if added.len() == 6 => name,
            _ => name,
        }
    }

    fn asked<'a>(action: &'a str, resource: &'a str) -> Asked<'a> {
        Asked { service: SECRETS, action, resource }
    }

    fn resource(&self) -> String {
        format!("the secret {}", self.arn)
    }

    /// The text that deliveries are signed with now.
    ///
    /// # Errors
    /// It may not be read, or is none.
    pub async fn current(&self) -> Result<String, AwsError> {
        let (text, _) = self.read().await?;
        let Some(key) = &self.json_key else { return Ok(text) };
        let member = object(&text).and_then(|mut object| object.remove(key));
        match member {
            Some(Value::String(text)) => Ok(text),
            _ => Err(self.no_member(key)),
        }
    }

    fn no_member(&self, key: &str) -> AwsError {
        AwsError::unfit(
            format!("the secret {} is no JSON object with a text at {key:?}", self.arn),
            "look at the stack's input secret_json_key",
        )
    }

    /// What Secrets Manager has, and since when.
    async fn read(&self) -> Result<(String, Option<DateTime<Utc>>), AwsError> {
        let resource = self.resource();
        let asked = Self::asked("GetSecretValue", &resource);
        let answer = self.client.call(asked, json!({ "SecretId": self.arn })).await?;
        let made = answer.get("CreatedDate").and_then(Value::as_f64);
        let made = made.and_then(|at| DateTime::from_timestamp(at as i64, 0));
        Ok((asked.text(&answer, "SecretString")?, made))
    }

    /// The version with this label.
    async fn version(&self, label: &str) -> Result<Option<String>, AwsError> {
        let resource = self.resource();
        let asked = Self::asked("DescribeSecret", &resource);
        let answer = self.client.call(asked, json!({ "SecretId": self.arn })).await?;
        let versions = answer.get("VersionIdsToStages").and_then(Value::as_object);
        let has = |labels: &Value| {
            labels.as_array().is_some_and(|all| all.iter().any(|it| it.as_str() == Some(label)))
        };
        let found = versions.into_iter().flatten().find(|(_, labels)| has(labels));
        Ok(found.map(|(version, _)| version.clone()))
    }

    /// Refuses a second rotation while GitHub may still sign with the secret before the current one:
    /// that would be out at once, and its deliveries lost.
    ///
    /// # Errors
    /// The last rotation is too fresh, or the secret may not be looked at.
    pub async fn check_age(&self) -> Result<(), AwsError> {
        if self.version(PREVIOUS).await?.is_none() {
            return Ok(());
        }
        let (_, made) = self.read().await?;
        let age = made.map(|made| self.client.now() - made);
        match age.filter(|age| *age < FRESH) {
            None => Ok(()),
            Some(age) => Err(AwsError::unfit(
                format!(
                    "the secret {} was replaced {} minutes ago, and the one before still counts: another rotation would end it at once",
                    self.arn,
                    age.num_minutes()
                ),
                "make sure that GitHub has the current secret (its deliveries are answered 202), and add --again",
            )),
        }
    }

    /// Makes the secret the current one; the one before stays as `AWSPREVIOUS`, and counts.
    ///
    /// # Errors
    /// Secrets Manager does not take it: then the old one is the current one still.
    pub async fn replace(&self, secret: &NewSecret) -> Result<(), AwsError> {
        let text = match &self.json_key {
            None => secret.reveal().to_owned(),
            Some(key) => {
                let (text, _) = self.read().await?;
                with_member(&text, key, secret).ok_or_else(|| self.no_member(key))?
            }
        };
        let resource = self.resource();
        let asked = Self::asked("PutSecretValue", &resource);
        // A token, so that a request that is tried again makes one version.
        let token = Uuid::new_v4().to_string();
        let body =
            json!({ "SecretId": self.arn, "SecretString": text, "ClientRequestToken": token });
        self.client.call(asked, body).await.map(drop)
    }

    /// Takes the label off the secret before, which counts no more; whether there was one.
    ///
    /// # Errors
    /// Secrets Manager does not take it off: then it counts still.
    pub async fn revoke_previous(&self) -> Result<bool, AwsError> {
        let Some(version) = self.version(PREVIOUS).await? else { return Ok(false) };
        let resource = self.resource();
        let asked = Self::asked("UpdateSecretVersionStage", &resource);
        let body = json!({
            "SecretId": self.arn, "VersionStage": PREVIOUS, "RemoveFromVersionId": version,
        });
        self.client.call(asked, body).await?;
        Ok(true)
    }

    /// Whether there is a current version at all.
    ///
    /// # Errors
    /// The secret may not be looked at.
    pub async fn is_set(&self) -> Result<bool, AwsError> {
        Ok(self.version(CURRENT).await?.is_some())
    }
}

/// The ARN of several that is meant.
fn chosen<'a>(arns: &'a str, named: Option<&str>) -> Result<&'a str, AwsError> {
    let arns: Vec<&str> = arns.split(',').map(str::trim).filter(|arn| !arn.is_empty()).collect();
    let is_meant = |arn: &&&str| {
        named.is_none_or(|name| {
            let last = arn.splitn(7, ':').last().unwrap_or_default();
            **arn == name
                || last == name
                || last
                    .strip_prefix(name)
                    .is_some_and(|added| added.len() == 7 && added.starts_with('-'))
        })
    };
    let found: Vec<&str> = arns.iter().filter(is_meant).copied().collect();
    match (found.as_slice(), named) {
        ([arn], _) => Ok(arn),
        (_, Some(name)) => Err(AwsError::unfit(
            format!("the stack accepts no secret {name:?}"),
            format!("it accepts {}", arns.join(", ")),
        )),
        (_, None) => Err(AwsError::unfit(
            format!("the stack accepts {} secrets", arns.len()),
            format!("name one with --secret: {}", arns.join(", ")),
        )),
    }
}

fn object(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(text).ok()
}

/// The JSON object with another text at `key`, which has one already.
fn with_member(text: &str, key: &str, secret: &NewSecret) -> Option<String> {
    let mut object = object(text)?;
    let member = object.get_mut(key).filter(|member| member.is_string())?;
    *member = secret.reveal().into();
    Some(Value::Object(object).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:acme/webhook-Ab12Cd";
    const OTHER: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:old-hook-Xy34Zw";

    #[test]
    fn one_secret_is_meant_and_of_several_one_is_named() {
        assert_eq!(chosen(OWN, None).unwrap(), OWN);
        let both = format!("{OWN}, {OTHER}");
        for name in ["old-hook", "old-hook-Xy34Zw", OTHER] {
            assert_eq!(chosen(&both, Some(name)).unwrap(), OTHER, "{name}");
        }
        let error = chosen(&both, None).unwrap_err();
        assert_eq!(error.to_string(), "the stack accepts 2 secrets");
        assert_eq!(error.hint(), format!("name one with --secret: {OWN}, {OTHER}"));
        for name in ["old", "acme/webhook-", "hook"] {
            let error = chosen(&both, Some(name)).unwrap_err();
            assert_eq!(error.to_string(), format!("the stack accepts no secret {name:?}"));
        }
    }

    #[test]
    fn new_secrets_differ_and_do_not_print() {
        let (one, other) = (NewSecret::random(), NewSecret::random());
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(one.reveal().len(), 64);
        assert_eq!(format!("{one:?}"), "NewSecret(redacted)");
    }

    #[test]
    fn a_json_secret_keeps_its_other_members() {
        let secret = NewSecret("new".into());
        let text = with_member(r#"{"webhook":"old","api":"x"}"#, "webhook", &secret).unwrap();
        let object = object(&text).unwrap();
        assert_eq!(object["webhook"], "new");
        assert_eq!(object["api"], "x");
        for text in ["plain", r#"{"api":"x"}"#, r#"{"webhook":1}"#, "[]"] {
            assert_eq!(with_member(text, "webhook", &secret), None, "{text}");
        }
    }
}
