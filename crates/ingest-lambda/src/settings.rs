//! The function's settings, parsed once from its environment.

use octolake_ingest::{Filter, FilterError, Filters};

/// The most bytes of detail that may go through the bus whole: what fits in one record of Firehose
/// (1,000 KiB) with its envelope.
const LARGEST_INLINE_LIMIT: usize = 950_000;
/// The most that do where nothing is set: what every bus takes, and a dead-letter queue of 256 KiB.
const INLINE_LIMIT: usize = 240_000;

/// Everything that is set from outside.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) bus: BusSettings,
    /// Where the webhook secrets are; at least one.
    pub(crate) secrets: Vec<SecretPlace>,
    /// Where in each secret, a JSON object then, the text is that signs.
    pub(crate) secret_json_key: Option<String>,
    pub(crate) filter: Filter,
}

/// Where deliveries go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BusSettings {
    /// Name or ARN of the event bus.
    pub(crate) name: String,
    /// The largest `detail` that goes through the bus whole, in bytes.
    pub(crate) inline_limit: usize,
    /// The lake's bucket, and the beginning of its keys (with `/` at the end, or empty).
    pub(crate) bucket: String,
    pub(crate) prefix: String,
}

/// A secret's ARN, by the service that keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretPlace {
    /// AWS Secrets Manager: the current version and the one before count.
    SecretsManager(String),
    /// A parameter of Systems Manager: its current value counts.
    Parameter(String),
}

/// A setting that is missing or wrong.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    #[error("OCTOLAKE_INLINE_LIMIT is {0:?}: write a number of bytes from 1024 to 950000")]
    InlineLimit(String),
    #[error("OCTOLAKE_LARGE_URL is {0:?}: write s3://bucket or s3://bucket/prefix")]
    LargeUrl(String),
    #[error(
        "OCTOLAKE_SECRET_ARNS names {0:?}: write ARNs of Secrets Manager secrets or of Systems Manager parameters, separated by commas"
    )]
    Secret(String),
    #[error(transparent)]
    Filter(#[from] FilterError),
}

impl Settings {
    /// Reads each setting by `variable`, which answers `None` for what is not set.
    pub(crate) fn parse(
        variable: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let get = |name| variable(name).filter(|text| !text.trim().is_empty());
        let required = |name| get(name).ok_or(SettingsError::Missing(name));
        let list = |name| get(name).map(|text| parts(&text)).unwrap_or_default();
        let (bucket, prefix) = bucket_and_prefix(required("OCTOLAKE_LARGE_URL")?)?;
        let inline_limit = get("OCTOLAKE_INLINE_LIMIT").map(inline_limit).transpose()?;
        let secrets = parts(&required("OCTOLAKE_SECRET_ARNS")?);
        let filter = Filter::new(Filters {
            events: list("OCTOLAKE_EVENTS"),
            ignore_events: list("OCTOLAKE_IGNORE_EVENTS"),
            repositories: list("OCTOLAKE_REPOS"),
            ignore_repositories: list("OCTOLAKE_IGNORE_REPOS"),
        })?;
        Ok(Self {
            bus: BusSettings {
                name: required("OCTOLAKE_BUS_NAME")?,
                inline_limit: inline_limit.unwrap_or(INLINE_LIMIT),
                bucket,
                prefix,
            },
            secrets: secrets.into_iter().map(place).collect::<Result<_, _>>()?,
            secret_json_key: get("OCTOLAKE_SECRET_JSON_KEY"),
            filter,
        })
    }
}

fn parts(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn inline_limit(text: String) -> Result<usize, SettingsError> {
    let bytes =
        text.trim().parse().ok().filter(|bytes| (1024..=LARGEST_INLINE_LIMIT).contains(bytes));
    bytes.ok_or(SettingsError::InlineLimit(text))
}

fn bucket_and_prefix(url: String) -> Result<(String, String), SettingsError> {
    let Some(rest) = url.strip_prefix("s3://") else { return Err(SettingsError::LargeUrl(url)) };
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(SettingsError::LargeUrl(url));
    }
    let prefix = prefix.trim_matches('/');
    let slash = if prefix.is_empty() { "" } else { "/" };
    Ok((bucket.to_owned(), format!("{prefix}{slash}")))
}

fn place(arn: String) -> Result<SecretPlace, SettingsError> {
    // arn:partition:service:region:account:resource
    let mut parts = arn.splitn(6, ':');
    match (parts.next(), parts.nth(1), parts.nth(2)) {
        (Some("arn"), Some("secretsmanager"), Some(_)) => Ok(SecretPlace::SecretsManager(arn)),
        (Some("arn"), Some("ssm"), Some(_)) => Ok(SecretPlace::Parameter(arn)),
        _ => Err(SettingsError::Secret(arn)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str =
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:acme/webhook-AbCdEf";
    const PARAMETER: &str = "arn:aws:ssm:eu-central-1:123456789012:parameter/acme/webhook";

    fn parse(changes: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::parse(|name| {
            let changed = changes.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
            let usual = match name {
                "OCTOLAKE_BUS_NAME" => Some("acme"),
                "OCTOLAKE_SECRET_ARNS" => Some(SECRET),
                "OCTOLAKE_LARGE_URL" => Some("s3://lake"),
                _ => None,
            };
            changed.or(usual).map(str::to_owned)
        })
    }

    #[test]
    fn what_is_not_set_has_a_default() {
        let settings = parse(&[]).unwrap();
        let bus = BusSettings {
            name: "acme".into(),
            inline_limit: 240_000,
            bucket: "lake".into(),
            prefix: String::new(),
        };
        assert_eq!((settings.bus, settings.secret_json_key), (bus, None));
        assert_eq!(settings.secrets, [SecretPlace::SecretsManager(SECRET.into())]);
    }

    #[test]
    fn several_secrets_and_a_prefix() {
        let both = format!(" {PARAMETER} ,{SECRET},");
        let settings = parse(&[
            ("OCTOLAKE_SECRET_ARNS", &both),
            ("OCTOLAKE_LARGE_URL", "s3://b/a/c/"),
            ("OCTOLAKE_SECRET_JSON_KEY", "hook"),
        ]);
        let settings = settings.unwrap();
        assert_eq!(settings.secret_json_key.as_deref(), Some("hook"));
        let (parameter, secret) =
            (SecretPlace::Parameter(PARAMETER.into()), SecretPlace::SecretsManager(SECRET.into()));
        assert_eq!(settings.secrets, [parameter, secret]);
        assert_eq!((settings.bus.bucket.as_str(), settings.bus.prefix.as_str()), ("b", "a/c/"));
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let error = |name: &str, value: &str| parse(&[(name, value)]).unwrap_err().to_string();
        for name in ["OCTOLAKE_BUS_NAME", "OCTOLAKE_SECRET_ARNS", "OCTOLAKE_LARGE_URL"] {
            assert_eq!(error(name, " "), format!("the environment variable {name} is not set"));
        }
        for (name, value) in [
            ("OCTOLAKE_INLINE_LIMIT", "1 MB"),
            ("OCTOLAKE_INLINE_LIMIT", "0"),
            ("OCTOLAKE_INLINE_LIMIT", "950001"),
            ("OCTOLAKE_LARGE_URL", "lake"),
            ("OCTOLAKE_LARGE_URL", "s3:///x"),
            ("OCTOLAKE_SECRET_ARNS", "hunter2"),
            ("OCTOLAKE_SECRET_ARNS", "arn:aws:s3:::lake"),
        ] {
            assert!(error(name, value).starts_with(name), "{name} {value}");
        }
        assert!(error("OCTOLAKE_EVENTS", "Push").contains("Push"));
        assert!(error("OCTOLAKE_IGNORE_REPOS", "web").contains("web"));
    }
}
