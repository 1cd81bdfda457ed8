//! Webhook secrets from where a user keeps them: the environment or a file, never an argument,
//! which every user of the machine can read.

use std::path::Path;

use octolake_ingest::Secret;

use crate::exit::UsageError;

/// The secret in the environment variable `name`.
///
/// # Errors
/// It is not set, or empty.
#[expect(
    clippy::disallowed_methods,
    reason = "the name of the variable is an argument of the command"
)]
pub fn from_environment(name: &str) -> Result<Secret, UsageError> {
    let text = std::env::var_os(name).ok_or_else(|| {
        UsageError::new(format!("the environment variable {name} is not set"))
            .hint(format!("set it to the webhook's secret: export {name}=…"))
    })?;
    Secret::from_text(text.as_encoded_bytes())
        .map_err(|error| UsageError::new(format!("the environment variable {name}: {error}")))
}

/// The secret in a file; one line break at its end is no part of it.
///
/// # Errors
/// The file cannot be read, or is empty.
pub fn from_file(path: &Path) -> Result<Secret, UsageError> {
    let name = path.display();
    let text = std::fs::read(path)
        .map_err(|error| UsageError::new(format!("cannot read the secret in {name}: {error}")))?;
    Secret::from_text(text).map_err(|error| UsageError::new(format!("{name}: {error}")))
}
