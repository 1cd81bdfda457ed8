//! `lakequery aws rotate-secret`: a new webhook secret, and the end of the one before.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use octolake_aws::{NewSecret, Stack, WebhookSecret, restart};
use serde::Serialize;

use super::At;
use crate::cli::Globals;
use crate::exit::{Outcome, UsageError};
use crate::output::{self, Format};

/// What the command does not say by itself.
const HELP: &str = "\
A rotation keeps the secret before as AWSPREVIOUS, and deliveries that are signed with it are taken \
until the next rotation or until --revoke: enter the new one at GitHub, see that its deliveries are \
taken, then revoke. --revoke makes no new secret: of a secret that leaked, rotate first, enter the new \
one at GitHub at once, and revoke.";

/// Arguments of `aws rotate-secret`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(super) struct Args {
    /// End the secret before the current one, now: warm functions are started anew.
    #[arg(long, conflicts_with_all = ["show", "out", "again"])]
    revoke: bool,
    /// Print the new secret on standard output.
    #[arg(long)]
    show: bool,
    /// Write the new secret into this new file, which only its owner may read.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Rotate though the last time is less than a day ago: the secret from before it ends at once.
    #[arg(long)]
    again: bool,
    /// The secret that is meant, where the stack accepts several: its name or ARN.
    #[arg(long, value_name = "NAME")]
    secret: Option<String>,
}

/// What was done.
#[derive(Debug, Default, Serialize)]
struct Told {
    secret: String,
    rotated: bool,
    revoked: bool,
    /// Functions that were started anew.
    restarted: Vec<String>,
    /// The version of it that is live since.
    version: Option<String>,
    /// The file with the new secret.
    file: Option<String>,
    /// The new secret, with `--show` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

/// Makes a new secret, or ends the one before.
///
/// # Errors
/// There is no such stack or secret, or AWS refuses it.
pub(super) async fn run(args: Args, at: &At, globals: &Globals) -> anyhow::Result<Outcome> {
    let name = at.stack()?;
    let client = at.client(globals).await?;
    let stack = Stack::find(&client, name).await?;
    let secret = WebhookSecret::of(&stack, args.secret.as_deref())?;
    let told = if args.revoke {
        let revoked = secret.revoke_previous().await?;
        // Also where there was none: an earlier run may have been killed before this.
        let version = Some(restart(&client, &stack.ingest).await?);
        let restarted = vec![stack.ingest.name.clone()];
        Told { secret: secret.arn.clone(), revoked, restarted, version, ..Told::default() }
    } else {
        rotate(&args, &secret).await?
    };
    if globals.format == Format::Json {
        output::print_json(&told)?;
    } else if let Some(value) = &told.value {
        output::print_text(value)?;
    }
    for sentence in told.sentences(&secret) {
        output::note(globals, &sentence);
    }
    Ok(Outcome::Fine)
}

async fn rotate(args: &Args, secret: &WebhookSecret<'_>) -> anyhow::Result<Told> {
    if !args.again {
        secret.check_age().await?;
    }
    let new = NewSecret::random();
    // In the file first: a secret that counts and that nobody has is worth nothing.
    if let Some(file) = &args.out {
        write(file, &new)?;
    }
    if let Err(error) = secret.replace(&new).await {
        if let Some(file) = &args.out {
            let _ = fs::remove_file(file);
        }
        return Err(error.into());
    }
    Ok(Told {
        secret: secret.arn.clone(),
        rotated: true,
        file: args.out.as_ref().map(|file| file.display().to_string()),
        value: args.show.then(|| new.reveal().to_owned()),
        ..Told::default()
    })
}

/// A file that only its owner may read, and that was not there before.
fn write(file: &Path, secret: &NewSecret) -> anyhow::Result<()> {
    let name = file.display();
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let mut made = match made {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(UsageError::new(format!("{name} is there already"))
                .hint("name another file: a secret is never written over")
                .into());
        }
        made => made.with_context(|| format!("cannot write {name}"))?,
    };
    let written = made.write_all(secret.reveal().as_bytes()).and_then(|()| made.sync_all());
    written.with_context(|| format!("cannot write {name}"))
}

impl Told {
    /// What was done, and what there is to do at GitHub.
    fn sentences(&self, secret: &WebhookSecret<'_>) -> Vec<String> {
        let name = secret.name();
        if !self.rotated {
            let ended = match self.revoked {
                true => format!("the value of {name} before the current one counts no more"),
                false => {
                    format!("{name} has no value before the current one: there was nothing to end")
                }
            };
            let version = self.version.as_deref().unwrap_or_default();
            let started = self.restarted.join(", ");
            return vec![ended, format!("started anew: {started}, live is version {version}")];
        }
        let here = match (&self.file, &self.value) {
            (Some(file), _) => format!("it is in {file}"),
            (None, Some(_)) => "it is on standard output".to_owned(),
            (None, None) => format!(
                "read it in Secrets Manager: aws secretsmanager get-secret-value --secret-id {name} --query SecretString --output text"
            ),
        };
        vec![
            format!("{name} has a new value: {here}"),
            "enter it at GitHub now: Settings > Webhooks > Edit > Secret, of each webhook (or the App's settings)".to_owned(),
            "the value before is accepted until the next rotation; when GitHub has the new one, `lakequery aws rotate-secret --revoke` ends it".to_owned(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_secret_is_for_its_owner_and_written_over_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let secret = NewSecret::random();
        write(&file, &secret).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&file).unwrap(), secret.reveal());
        let error = write(&file, &NewSecret::random()).unwrap_err();
        assert!(error.downcast_ref::<UsageError>().is_some(), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), secret.reveal());
    }
}
