//! The built `lakequery`, and what a run of it gave.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// Where cargo puts the binary: beside the folder of the tests' own.
///
/// # Panics
/// It is not built; `cargo test --workspace` does.
pub fn path() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(|deps| deps.parent()).unwrap();
    let path = profile.join(format!("lakequery{}", std::env::consts::EXE_SUFFIX));
    assert!(path.is_file(), "lakequery is not built: run `cargo build --bin lakequery` first");
    path
}

/// The binary, with nothing of a user's settings in its environment.
pub fn command() -> Command {
    let mut command = Command::new(path());
    command.env_remove("LAKE_URL").stdin(Stdio::null());
    command
}

/// What the run said: its exit code, stdout and stderr.
#[derive(Debug)]
pub struct Run {
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// Results.
    pub stdout: String,
    /// Everything else.
    pub stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("lakequery prints UTF-8");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Run {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Self {
        command.output().unwrap().into()
    }

    /// The run, if it ended with 0.
    ///
    /// # Panics
    /// It did not.
    pub fn fine(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Its results as JSON.
    ///
    /// # Panics
    /// They are no JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
