//! `lakequery aws init`: the file from which Terraform reads a stack, with a comment at each key.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::Globals;
use crate::exit::{Outcome, UsageError};
use crate::output;

const TEXT: &str = include_str!("octolake.yaml");

/// Arguments of `aws init`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file to write; one that is there is left as it is. - writes to standard output.
    #[arg(value_name = "FILE", default_value = "octolake.yaml")]
    file: PathBuf,
}

/// Writes the file.
///
/// # Errors
/// It is there already, or cannot be written.
pub(super) fn run(args: &Args, globals: &Globals) -> anyhow::Result<Outcome> {
    let file = args.file.display();
    if args.file.as_os_str() == "-" {
        output::print_text(TEXT)?;
        return Ok(Outcome::Fine);
    }
    let made = OpenOptions::new().write(true).create_new(true).open(&args.file);
    let mut made = match made {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(UsageError::new(format!("{file} is there already"))
                .hint("name another file, or - to see what would be written")
                .into());
        }
        made => made.with_context(|| format!("cannot write {file}"))?,
    };
    let written = made.write_all(TEXT.as_bytes()).and_then(|()| made.sync_all());
    written.with_context(|| format!("cannot write {file}"))?;
    output::note(globals, &format!("{file} is written: every key in it says what it does"));
    Ok(Outcome::Fine)
}
