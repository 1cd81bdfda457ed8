//! The stack's functions: their environment, their address, and a new start for those that are warm.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::client::{Asked, Client};
use crate::error::AwsError;
use crate::service::{API_GATEWAY, LAMBDA};
use crate::stack::Stack;

/// Any change of the environment starts a function anew: this variable is there for nothing else.
const RESTARTED: &str = "OCTOLAKE_RESTARTED";
/// How often an update is looked at until it has to be done, and the pause between two looks.
const LOOKS: u32 = 60;
const PAUSE: Duration = Duration::from_secs(1);

/// A function, as its configuration tells it.
pub struct Function {
    /// Its name.
    pub name: String,
    environment: BTreeMap<String, String>,
    revision: Option<String>,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the environment: an owner may have put anything there.
        f.debug_struct("Function").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Function {
    pub(crate) async fn find(client: &Client, name: &str) -> Result<Self, AwsError> {
        let answer = configuration(client, name).await?;
        let variables = answer.pointer("/Environment/Variables").and_then(Value::as_object);
        let text =
            |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
        let environment = variables.into_iter().flatten().filter_map(text).collect();
        let revision = answer.get("RevisionId").and_then(Value::as_str).map(str::to_owned);
        Ok(Self { name: name.to_owned(), environment, revision })
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

/// Has a function started anew, which forgets what it kept, and waits until that is so.
///
/// # Errors
/// The function cannot be changed, or the change does not come to its end.
pub async fn restart(client: &Client, function: &Function) -> Result<(), AwsError> {
    let name = &function.name;
    let resource = format!("the function {name}");
    let asked =
        Asked { service: LAMBDA, action: "UpdateFunctionConfiguration", resource: &resource };
    let mut variables = function.environment.clone();
    variables.insert(RESTARTED.to_owned(), client.now().timestamp_millis().to_string());
    // With the revision, so that what somebody else changed meanwhile is not written over.
    let body = json!({
        "Environment": { "Variables": variables },
        "RevisionId": function.revision,
    });
    let path = format!("/2015-03-31/functions/{name}/configuration");
    client.rest(asked, Method::PUT, &path, Some(body)).await?;
    for _ in 0..LOOKS {
        let answer = configuration(client, name).await?;
        match answer.get("LastUpdateStatus").and_then(Value::as_str) {
            Some("InProgress") => tokio::time::sleep(PAUSE).await,
            Some("Failed") => {
                let reason = answer.get("LastUpdateStatusReason").and_then(Value::as_str);
                let reason = reason.unwrap_or("no reason is given");
                return Err(not_restarted(name, reason));
            }
            _ => return Ok(()),
        }
    }
    Err(not_restarted(name, "the update is still going on after a minute"))
}

fn not_restarted(name: &str, reason: &str) -> AwsError {
    AwsError::unfit(
        format!("the function {name} was not started anew: {reason}"),
        "until it is, warm functions keep their secrets for some minutes: run this again",
    )
}

async fn configuration(client: &Client, name: &str) -> Result<Value, AwsError> {
    let resource = format!("the function {name}");
    let asked = Asked { service: LAMBDA, action: "GetFunctionConfiguration", resource: &resource };
    let path = format!("/2015-03-31/functions/{name}/configuration");
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
    let resource = format!("the function {name}");
    let asked = Asked { service: LAMBDA, action: "GetFunctionUrlConfig", resource: &resource };
    let path = format!("/2021-10-31/functions/{name}/url");
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
