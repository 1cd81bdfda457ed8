//! The stack's functions: the environment that is live, and the address of what is.

use std::collections::BTreeMap;
use std::fmt;

use reqwest::Method;
use serde_json::Value;
use url::form_urlencoded;

use crate::client::{Asked, Client};
use crate::error::AwsError;
use crate::service::{API_GATEWAY, LAMBDA};
use crate::stack::Stack;

/// The alias that everything invokes; `terraform/modules/function` has this name too.
pub(crate) const ALIAS: &str = "live";

/// A function, as the configuration tells it that its alias points to: after a roll-back `$LATEST` may
/// name another bus or other secrets than what answers.
pub struct Function {
    /// Its name.
    pub name: String,
    environment: BTreeMap<String, String>,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the environment: an owner may have put anything there.
        f.debug_struct("Function").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Function {
    pub(crate) async fn find(client: &Client, name: &str) -> Result<Self, AwsError> {
        let answer = match configuration(client, name, Some(ALIAS)).await {
            Err(error) if error.is_missing() => {
                // Which of the two is missing: the answer does not say.
                configuration(client, name, None).await?;
                return Err(AwsError::unfit(
                    format!("the function {name} has no alias {ALIAS}"),
                    "an older version of octolake applied it: apply the stack again",
                ));
            }
            found => found?,
        };
        let variables = answer.pointer("/Environment/Variables").and_then(Value::as_object);
        let text =
            |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
        let environment = variables.into_iter().flatten().filter_map(text).collect();
        Ok(Self { name: name.to_owned(), environment })
    }

    /// A setting that the function has.
    ///
    /// # Errors
    /// It has none of this name.
    pub(crate) fn setting(&self, name: &str) -> Result<&str, AwsError> {
        self.optional_setting(name).ok_or_else(|| {
            AwsError::unfit(
                format!("the function {} has no variable {name}", self.name),
                "apply the stack again: Terraform sets it",
            )
        })
    }

    /// A setting that the function may have.
    pub(crate) fn optional_setting(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|text| !text.trim().is_empty())
    }
}

/// A function's configuration: of a version, of what an alias points to, or without a qualifier of
/// `$LATEST`.
pub(crate) async fn configuration(
    client: &Client,
    name: &str,
    qualifier: Option<&str>,
) -> Result<Value, AwsError> {
    let resource = format!("the function {name}");
    let asked = Asked { service: LAMBDA, action: "GetFunctionConfiguration", resource: &resource };
    let query = qualifier.map(|it| format!("?Qualifier={it}")).unwrap_or_default();
    let path = format!("/2015-03-31/functions/{name}/configuration{query}");
    client.rest(asked, Method::GET, &path, None).await
}

/// Where deliveries of the stack go: its function URL, or its HTTP API.
///
/// # Errors
/// It has neither, or they may not be looked at.
pub async fn webhook_url(stack: &Stack<'_>) -> Result<String, AwsError> {
    let url = match function_url(stack).await {
        Err(error) if error.is_missing() => api_url(stack).await?,
        found => found?,
    };
    Ok(format!("{}/webhook", url.trim_end_matches('/')))
}

async fn function_url(stack: &Stack<'_>) -> Result<String, AwsError> {
    let name = &stack.ingest.name;
    let resource = format!("the alias {ALIAS} of the function {name}");
    let asked = Asked { service: LAMBDA, action: "GetFunctionUrlConfig", resource: &resource };
    let path = format!("/2021-10-31/functions/{name}/url?Qualifier={ALIAS}");
    let answer = stack.client.rest(asked, Method::GET, &path, None).await?;
    asked.text(&answer, "FunctionUrl")
}

/// The address of the HTTP API that is named as the function is.
async fn api_url(stack: &Stack<'_>) -> Result<String, AwsError> {
    let asked =
        Asked { service: API_GATEWAY, action: "GET", resource: "the HTTP APIs of this region" };
    let mut next: Option<String> = None;
    loop {
        let token: String = next
            .iter()
            .flat_map(|token| form_urlencoded::byte_serialize(token.as_bytes()))
            .collect();
        let token = if token.is_empty() { token } else { format!("&nextToken={token}") };
        let path = format!("/v2/apis?maxResults=100{token}");
        let answer = stack.client.rest(asked, Method::GET, &path, None).await?;
        // AWS writes them in small letters, as its clients expect them.
        let items = answer.get("items").and_then(Value::as_array);
        let ours =
            |api: &&Value| api.get("name").and_then(Value::as_str) == Some(&stack.ingest.name);
        if let Some(api) = items.into_iter().flatten().find(ours) {
            return asked.text(api, "apiEndpoint");
        }
        next = answer.get("nextToken").and_then(Value::as_str).map(str::to_owned);
        if next.is_none() {
            let name = &stack.name;
            return Err(AwsError::unfit(
                format!("the stack {name} has neither a function URL nor an HTTP API"),
                "apply the stack again, or use `lakequery send --url`",
            ));
        }
    }
}
