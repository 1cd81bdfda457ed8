//! One applied stack: its name, and what its ingest function's environment says of it.

use std::fmt;
use std::str::FromStr;

use crate::client::Client;
use crate::error::AwsError;
use crate::function::Function;

/// The tag that every resource of a stack has.
pub(crate) const TAG: &str = "octolake:stack";

/// The name of a stack, as Terraform takes it: part of names, paths and ARNs, so nothing else passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackName(String);

impl FromStr for StackName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = (3..=28).contains(&text.len())
            && text.bytes().all(is_inner)
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && !text.ends_with('-');
        if fits {
            return Ok(Self(text.to_owned()));
        }
        Err("the name of a stack is 3 to 28 characters of a-z, 0-9 and '-', begins with a letter and does not end with '-': it is Terraform's input `name`".to_owned())
    }
}

impl fmt::Display for StackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StackName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of one of its functions.
    pub fn function(&self, which: &str) -> String {
        format!("{self}-{which}")
    }

    /// There is nothing of this name.
    pub(crate) fn absent(&self, client: &Client, looked_for: impl Into<String>) -> AwsError {
        AwsError::NoStack {
            stack: self.to_string(),
            region: client.region().to_owned(),
            looked_for: looked_for.into(),
        }
    }
}

/// A stack that is there.
#[derive(Debug)]
pub struct Stack<'c> {
    pub(crate) client: &'c Client,
    /// Its name.
    pub name: StackName,
    /// Its ingest function, whose environment names the rest.
    pub ingest: Function,
}

impl<'c> Stack<'c> {
    /// Finds the stack by its ingest function.
    ///
    /// # Errors
    /// There is none of this name, or the function may not be looked at.
    pub async fn find(client: &'c Client, name: &StackName) -> Result<Self, AwsError> {
        let ingest = Function::find(client, &name.function("ingest")).await;
        match ingest {
            Ok(ingest) => Ok(Self { client, name: name.clone(), ingest }),
            Err(error) if error.is_missing() => {
                Err(name.absent(client, format!("the function {}", name.function("ingest"))))
            }
            Err(error) => Err(error),
        }
    }

    /// The name of the bus that its deliveries are put on.
    pub(crate) fn bus(&self) -> Result<&str, AwsError> {
        // A name, or an ARN that ends in one.
        let bus = self.ingest.setting("OCTOLAKE_BUS_NAME")?;
        Ok(bus.rsplit('/').next().unwrap_or(bus))
    }

    /// The bucket of its lake, and what keys there begin with (with `/` at the end, or empty).
    pub(crate) fn lake(&self) -> Result<(&str, String), AwsError> {
        let url = self.ingest.setting("OCTOLAKE_LARGE_URL")?;
        let place = url.strip_prefix("s3://").unwrap_or(url);
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let prefix = prefix.trim_matches('/');
        Ok((bucket, if prefix.is_empty() { String::new() } else { format!("{prefix}/") }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_terraform_takes() {
        for name in ["acme", "a-1", "octolake-of-the-whole-compan"] {
            assert_eq!(name.parse::<StackName>().unwrap().as_str(), name);
        }
        for name in
            ["", "ab", "Acme", "1cme", "acme-", "a/../b", "acme\n", "octolake-of-the-whole-company"]
        {
            assert!(name.parse::<StackName>().is_err(), "{name:?}");
        }
    }
}
