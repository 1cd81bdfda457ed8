//! The function's settings, parsed once from its environment.

use octolake_store::{Lake, LakeUrl, LakeUrlError, StoreError};

/// Everything that is set from outside.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The lake, opened; nothing is read yet.
    pub(crate) lake: Lake,
    /// The size that files are merged towards, in bytes; `None`: the compactor's own.
    pub(crate) target_file_bytes: Option<u64>,
    /// The function's name, which its metrics are found by.
    pub(crate) function: String,
}

/// A setting that is missing or wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    #[error("LAKE_URL: {0}")]
    LakeUrl(#[from] LakeUrlError),
    #[error(transparent)]
    Lake(#[from] StoreError),
    #[error("OCTOLAKE_TARGET_FILE_BYTES is {0:?}: write a number of bytes, at least 1048576")]
    TargetFileBytes(String),
}

impl Settings {
    /// Reads each setting by `variable`, which answers `None` for what is not set.
    pub(crate) fn parse(
        variable: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let get = |name| variable(name).filter(|text| !text.trim().is_empty());
        let required = |name| get(name).ok_or(SettingsError::Missing(name));
        let url: LakeUrl = required("LAKE_URL")?.parse()?;
        Ok(Self {
            target_file_bytes: get("OCTOLAKE_TARGET_FILE_BYTES").map(file_bytes).transpose()?,
            function: required("AWS_LAMBDA_FUNCTION_NAME")?,
            lake: Lake::open(&url)?,
        })
    }
}

fn file_bytes(text: String) -> Result<u64, SettingsError> {
    let bytes = text.trim().parse().ok().filter(|bytes| *bytes >= 1 << 20);
    bytes.ok_or(SettingsError::TargetFileBytes(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(changes: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::parse(|name| {
            let changed = changes.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
            let usual = match name {
                "LAKE_URL" => Some("s3://lake/a"),
                "AWS_LAMBDA_FUNCTION_NAME" => Some("acme-compactor"),
                _ => None,
            };
            changed.or(usual).map(str::to_owned)
        })
    }

    #[test]
    fn settings_are_read() {
        let settings = parse(&[("OCTOLAKE_TARGET_FILE_BYTES", "2097152")]).unwrap();
        assert_eq!(settings.lake.name(), "s3://lake/a");
        assert_eq!(settings.target_file_bytes, Some(2_097_152));
        assert_eq!(parse(&[]).unwrap().target_file_bytes, None);
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let error = |name: &str, value: &str| parse(&[(name, value)]).unwrap_err().to_string();
        assert_eq!(error("LAKE_URL", ""), "the environment variable LAKE_URL is not set");
        assert!(error("LAKE_URL", "gs://lake").starts_with("LAKE_URL: "));
        for value in ["1000", "64 MB"] {
            let text = error("OCTOLAKE_TARGET_FILE_BYTES", value);
            assert!(text.starts_with("OCTOLAKE_TARGET_FILE_BYTES"), "{text}");
        }
    }
}
