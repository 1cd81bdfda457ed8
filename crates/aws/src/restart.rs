//! A new start for functions that are warm, which forget what they kept: a version that differs from
//! the one that is live in a variable, and the alias on it.
//!
//! What is live is never changed into anything else. Where `$LATEST` is not what the alias points to
//! (somebody rolled back, or an apply stopped between the two), nothing is published; what somebody
//! changes meanwhile is not either, for each step names the revision that was looked at.
//!
//! Run again after a failure, it goes through every step anew: a variable that is set already is set
//! again, and a version that nothing points to is left behind.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::client::{Asked, Client};
use crate::error::AwsError;
use crate::function::{ALIAS, Function, configuration};
use crate::service::LAMBDA;

/// A new version needs a change: this variable is there for nothing else, and Terraform leaves it alone.
const RESTARTED: &str = "OCTOLAKE_RESTARTED";
/// How often an update is looked at until it has to be done, and the pause between two looks.
const LOOKS: u32 = 60;
const PAUSE: Duration = Duration::from_secs(1);
/// What makes a version what it is; the rest of a configuration is about its state.
const MADE_OF: [&str; 14] = [
    "CodeSha256",
    "Environment",
    "Handler",
    "Runtime",
    "Role",
    "MemorySize",
    "Timeout",
    "Architectures",
    "VpcConfig",
    "TracingConfig",
    "LoggingConfig",
    "Layers",
    "EphemeralStorage",
    "KMSKeyArn",
];

/// What the alias points to.
struct Alias {
    version: String,
    revision: Option<String>,
}

/// Has a function started anew, and waits until that is so; the version that is live then.
///
/// # Errors
/// What is live is not `$LATEST`, a step is refused, or one does not come to its end: then what was live
/// before is live still, but for a last step that was not answered.
pub async fn restart(client: &Client, function: &Function) -> Result<String, AwsError> {
    let name = &function.name;
    let half_way = |so_far: String, error| AwsError::HalfWay { so_far, error: Box::new(error) };
    let warm = "keeps its secrets for some minutes";
    let alias = alias(client, name)
        .await
        .map_err(|error| half_way(format!("what is warm of {name} {warm}"), error))?;
    start_anew(client, name, &alias).await.map_err(|error| {
        let version = &alias.version;
        let so_far = format!(
            "{ALIAS} pointed to version {version} of {name} before this, and what is warm of it {warm}"
        );
        half_way(so_far, error)
    })
}

async fn start_anew(client: &Client, name: &str, alias: &Alias) -> Result<String, AwsError> {
    let live = configuration(client, name, Some(&alias.version)).await?;
    let latest = settled(client, name, None).await?;
    must_be_the_same(name, &alias.version, &live, &latest)?;
    let mark = client.now().timestamp_millis().to_string();
    set_variable(client, name, &latest, &mark).await?;
    let latest = settled(client, name, None).await?;
    must_be_the_same(name, &alias.version, &live, &latest)?;
    if variables(&latest).and_then(|all| all.get(RESTARTED)) != Some(&mark.into()) {
        return Err(not_alone(name));
    }
    let version = publish(client, name, &latest).await?;
    settled(client, name, Some(&version)).await?;
    move_alias(client, name, alias, &version).await?;
    Ok(version)
}

async fn alias(client: &Client, name: &str) -> Result<Alias, AwsError> {
    let resource = alias_of(name);
    let asked = Asked { service: LAMBDA, action: "GetAlias", resource: &resource };
    let path = format!("/2015-03-31/functions/{name}/aliases/{ALIAS}");
    let answer = client.rest(asked, Method::GET, &path, None).await?;
    let version = asked.text(&answer, "FunctionVersion")?;
    let others = answer.pointer("/RoutingConfig/AdditionalVersionWeights");
    if others.and_then(Value::as_object).is_some_and(|others| !others.is_empty()) {
        return Err(AwsError::unfit(
            format!("{resource} sends a part to another version, which would keep its secrets"),
            "end that, by an apply or aws lambda update-alias --routing-config, and run this again",
        ));
    }
    let revision = answer.get("RevisionId").and_then(Value::as_str).map(str::to_owned);
    Ok(Alias { version, revision })
}

fn alias_of(name: &str) -> String {
    format!("the alias {ALIAS} of the function {name}")
}

async fn set_variable(
    client: &Client,
    name: &str,
    latest: &Value,
    mark: &str,
) -> Result<(), AwsError> {
    let resource = format!("the function {name}");
    let asked =
        Asked { service: LAMBDA, action: "UpdateFunctionConfiguration", resource: &resource };
    // Those that may not be read would be lost.
    let mut variables = variables(latest).ok_or_else(|| asked.without("Environment"))?.clone();
    variables.insert(RESTARTED.to_owned(), mark.into());
    let body = json!({
        "Environment": { "Variables": variables },
        "RevisionId": latest.get("RevisionId"),
    });
    let path = format!("/2015-03-31/functions/{name}/configuration");
    client.rest(asked, Method::PUT, &path, Some(body)).await.map(drop)
}

async fn publish(client: &Client, name: &str, latest: &Value) -> Result<String, AwsError> {
    let resource = format!("the function {name}");
    let asked = Asked { service: LAMBDA, action: "PublishVersion", resource: &resource };
    let body = json!({
        "CodeSha256": latest.get("CodeSha256"),
        "RevisionId": latest.get("RevisionId"),
        "Description": format!("Started anew {}", client.now().format("%Y-%m-%dT%H:%M:%SZ")),
    });
    let path = format!("/2015-03-31/functions/{name}/versions");
    let answer = client.rest(asked, Method::POST, &path, Some(body)).await?;
    asked.text(&answer, "Version")
}

async fn move_alias(
    client: &Client,
    name: &str,
    before: &Alias,
    version: &str,
) -> Result<(), AwsError> {
    let resource = alias_of(name);
    let asked = Asked { service: LAMBDA, action: "UpdateAlias", resource: &resource };
    let body = json!({ "FunctionVersion": version, "RevisionId": before.revision });
    let path = format!("/2015-03-31/functions/{name}/aliases/{ALIAS}");
    let Err(error) = client.rest(asked, Method::PUT, &path, Some(body)).await else {
        return Ok(());
    };
    // An attempt whose answer was lost may have moved it, and a second one then met its revision.
    match alias(client, name).await {
        Ok(now) if now.version == version => Ok(()),
        _ => Err(error),
    }
}

/// The configuration, once no update of it is going on.
async fn settled(client: &Client, name: &str, version: Option<&str>) -> Result<Value, AwsError> {
    for _ in 0..LOOKS {
        let answer = configuration(client, name, version).await?;
        match progress(&answer, version.is_some()) {
            Progress::GoesOn => tokio::time::sleep(PAUSE).await,
            Progress::Failed(reason) => return Err(not_restarted(name, &reason)),
            Progress::Done => return Ok(answer),
        }
    }
    Err(not_restarted(name, "an update of it is still going on after a minute"))
}

#[derive(Debug, PartialEq, Eq)]
enum Progress {
    GoesOn,
    Done,
    Failed(String),
}

/// How far Lambda is: `$LATEST` tells it of its last update, a version of itself.
fn progress(configuration: &Value, is_version: bool) -> Progress {
    let member = if is_version { "State" } else { "LastUpdateStatus" };
    match configuration.get(member).and_then(Value::as_str) {
        Some("InProgress" | "Pending") => Progress::GoesOn,
        Some("Failed") => {
            let reason = configuration.get(format!("{member}Reason")).and_then(Value::as_str);
            Progress::Failed(reason.unwrap_or("no reason is given").to_owned())
        }
        _ => Progress::Done,
    }
}

fn variables(configuration: &Value) -> Option<&Map<String, Value>> {
    configuration.pointer("/Environment/Variables")?.as_object()
}

/// In what two configurations differ beside [`RESTARTED`], by the members' names: no values, which an
/// owner may not want to see on a screen.
fn differences(one: &Value, other: &Value) -> Vec<&'static str> {
    let part = |configuration: &Value, member: &str| {
        let mut part = configuration.get(member).cloned().unwrap_or_default();
        if let Some(variables) = part.get_mut("Variables").and_then(Value::as_object_mut) {
            variables.remove(RESTARTED);
        }
        part
    };
    MADE_OF.into_iter().filter(|member| part(one, member) != part(other, member)).collect()
}

fn must_be_the_same(
    name: &str,
    version: &str,
    live: &Value,
    latest: &Value,
) -> Result<(), AwsError> {
    let differences = differences(live, latest);
    if differences.is_empty() {
        return Ok(());
    }
    Err(AwsError::unfit(
        format!(
            "the function {name} was not started anew: {ALIAS} points to version {version}, and what would be published differs from it in {}",
            differences.join(", ")
        ),
        "after a roll-back, or beside an apply, that would put live what is not meant to be: wait until the secrets are forgotten (5 minutes, longer while Secrets Manager does not answer), or apply the stack",
    ))
}

fn not_alone(name: &str) -> AwsError {
    not_restarted(name, "somebody else changed it meanwhile")
}

fn not_restarted(name: &str, reason: &str) -> AwsError {
    AwsError::unfit(
        format!("the function {name} was not started anew: {reason}"),
        format!("look at it: aws lambda get-function-configuration --function-name {name}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configured(variables: Value, more: Value) -> Value {
        let mut made = json!({
            "CodeSha256": "c", "MemorySize": 256, "Environment": { "Variables": variables },
        });
        made.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        made
    }

    #[test]
    fn a_version_is_latest_but_for_its_state_and_the_mark() {
        let version = configured(
            json!({ "A": "1" }),
            json!({ "Version": "7", "State": "Active", "RevisionId": "r", "Description": "x" }),
        );
        let latest = configured(
            json!({ "A": "1", RESTARTED: "2" }),
            json!({ "Version": "$LATEST", "LastUpdateStatus": "Successful", "RevisionId": "s" }),
        );
        assert_eq!(differences(&version, &latest), Vec::<&str>::new());
        must_be_the_same("f", "7", &version, &latest).unwrap();
    }

    #[test]
    fn what_differs_is_named_without_its_value() {
        let live = configured(json!({ "A": "secret" }), json!({}));
        for (latest, differs) in [
            (configured(json!({ "A": "other" }), json!({})), "Environment"),
            (configured(json!({}), json!({})), "Environment"),
            (configured(json!({ "A": "secret" }), json!({ "CodeSha256": "d" })), "CodeSha256"),
            (configured(json!({ "A": "secret" }), json!({ "Timeout": 3 })), "Timeout"),
            (
                configured(json!({ "A": "other" }), json!({ "MemorySize": 1 })),
                "Environment, MemorySize",
            ),
        ] {
            let error = must_be_the_same("f", "7", &live, &latest).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "the function f was not started anew: live points to version 7, and what would be published differs from it in {differs}"
                )
            );
        }
    }

    #[test]
    fn latest_tells_of_its_update_and_a_version_of_itself() {
        for (configuration, is_version, expected) in [
            (
                json!({ "LastUpdateStatus": "InProgress", "State": "Active" }),
                false,
                Progress::GoesOn,
            ),
            (json!({ "LastUpdateStatus": "Successful", "State": "Active" }), false, Progress::Done),
            (json!({ "State": "Pending" }), true, Progress::GoesOn),
            (json!({ "State": "Active" }), true, Progress::Done),
            // One that has slept for weeks wakes up when it is called.
            (json!({ "State": "Inactive" }), true, Progress::Done),
            (
                json!({ "LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no subnet" }),
                false,
                Progress::Failed("no subnet".into()),
            ),
            (json!({ "State": "Failed" }), true, Progress::Failed("no reason is given".into())),
        ] {
            assert_eq!(progress(&configuration, is_version), expected, "{configuration}");
        }
    }
}
