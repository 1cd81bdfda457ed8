//! Secrets from where AWS keeps them: Secrets Manager, and Systems Manager's parameters.

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::error::SdkError;
use aws_sdk_secretsmanager::operation::get_secret_value::{
    GetSecretValueError, GetSecretValueOutput,
};
use futures::future::try_join_all;
use octolake_ingest::{Secret, Secrets};

use crate::keys::{FetchError, SecretSource};
use crate::retry::reason;
use crate::settings::SecretPlace;

/// While a secret is being replaced, the one before is valid too: GitHub still signs with it.
const STAGES: [&str; 2] = ["AWSCURRENT", "AWSPREVIOUS"];

/// The two services, and which secrets of theirs count.
pub(crate) struct SecretStores {
    secrets: aws_sdk_secretsmanager::Client,
    parameters: aws_sdk_ssm::Client,
    places: Vec<SecretPlace>,
    json_key: Option<String>,
}

impl SecretStores {
    /// With a `json_key`, each secret is a JSON object, as the console makes them, and the text at
    /// that key is what signs.
    pub(crate) fn new(
        config: &SdkConfig,
        places: Vec<SecretPlace>,
        json_key: Option<String>,
    ) -> Self {
        Self {
            secrets: aws_sdk_secretsmanager::Client::new(config),
            parameters: aws_sdk_ssm::Client::new(config),
            places,
            json_key,
        }
    }

    /// The values of a secret of Secrets Manager: the current one, and the one before if there is.
    async fn versions(&self, arn: &str) -> Result<Vec<Secret>, FetchError> {
        let [current, previous] = STAGES.map(|stage| {
            self.secrets.get_secret_value().secret_id(arn).version_stage(stage).send()
        });
        let (current, previous) = tokio::join!(current, previous);
        let current = current.map_err(|error| FetchError(format!("{arn}: {}", reason(&error))))?;
        let mut secrets = vec![self.secret(arn, value(&current))?];
        match previous {
            // It may be from before the secret was a JSON object.
            Ok(previous) => secrets.push(
                self.secret(arn, value(&previous)).or_else(|_| whole(arn, value(&previous)))?,
            ),
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(FetchError(format!("{arn}: {}", reason(&error)))),
        }
        Ok(secrets)
    }

    async fn of_place(&self, place: &SecretPlace) -> Result<Vec<Secret>, FetchError> {
        match place {
            SecretPlace::SecretsManager(arn) => self.versions(arn).await,
            SecretPlace::Parameter(arn) => Ok(vec![self.parameter(arn).await?]),
        }
    }

    async fn parameter(&self, arn: &str) -> Result<Secret, FetchError> {
        let answer = self.parameters.get_parameter().name(arn).with_decryption(true).send().await;
        let answer = answer.map_err(|error| FetchError(format!("{arn}: {}", reason(&error))))?;
        let value = answer.parameter().and_then(|parameter| parameter.value());
        self.secret(arn, value.map(str::as_bytes))
    }

    fn secret(&self, arn: &str, value: Option<&[u8]>) -> Result<Secret, FetchError> {
        let Some(key) = &self.json_key else { return whole(arn, value) };
        let text = member(value.unwrap_or_default(), key).ok_or_else(|| {
            FetchError(format!("{arn}: the secret is no JSON object with a text at {key:?}"))
        })?;
        whole(arn, Some(text.as_bytes()))
    }
}

/// The text at `key` of a JSON object; says nothing of what else is there, which is secret.
fn member(object: &[u8], key: &str) -> Option<String> {
    let mut members: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(object).ok()?;
    match members.remove(key)? {
        serde_json::Value::String(text) => Some(text),
        _ => None,
    }
}

impl SecretSource for SecretStores {
    /// Asks for all places at once; one that fails fails all, or deliveries that are signed with
    /// its secret would be refused as forged.
    async fn fetch(&self) -> Result<Secrets, FetchError> {
        let secrets = try_join_all(self.places.iter().map(|place| self.of_place(place))).await?;
        Secrets::new(secrets.concat()).map_err(|error| FetchError(error.to_string()))
    }
}

fn value(answer: &GetSecretValueOutput) -> Option<&[u8]> {
    let binary = || answer.secret_binary().map(AsRef::as_ref);
    answer.secret_string().map(str::as_bytes).or_else(binary)
}

fn whole(arn: &str, value: Option<&[u8]>) -> Result<Secret, FetchError> {
    Secret::from_text(value.unwrap_or_default())
        .map_err(|error| FetchError(format!("{arn}: {error}")))
}

/// A secret that was never replaced has no previous version.
fn is_absent<R>(error: &SdkError<GetSecretValueError, R>) -> bool {
    error.as_service_error().is_some_and(GetSecretValueError::is_resource_not_found_exception)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_text_at_its_key() {
        let object = br#"{"webhook":"a\u0041","number":1,"empty":""}"#;
        assert_eq!(member(object, "webhook").as_deref(), Some("aA"));
        assert_eq!(member(object, "empty").as_deref(), Some(""));
        assert_eq!(member(object, "number"), None);
        assert_eq!(member(object, "absent"), None);
        for other in [&b"plain text"[..], b"[\"webhook\"]", b"\"webhook\"", b"", b"{\"webhook\":"] {
            assert_eq!(member(other, "webhook"), None);
        }
    }
}
