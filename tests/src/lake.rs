//! A lake in a directory that goes when the test ends.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::binary::{self, Run};
use crate::{fixtures, github};

/// A lake, and the binary to use on it.
#[derive(Debug)]
pub struct TestLake {
    folder: TempDir,
}

impl Default for TestLake {
    fn default() -> Self {
        Self::new()
    }
}

impl TestLake {
    /// A directory for a lake, with nothing in it.
    pub fn new() -> Self {
        // As `serve` makes one: a lake that is open to others is warned of.
        let private = fs::Permissions::from_mode(0o700);
        Self { folder: tempfile::Builder::new().permissions(private).tempdir().unwrap() }
    }

    /// The example lake's raw objects.
    pub fn example() -> Self {
        let lake = Self::new();
        copy(&fixtures::folder().join("example/raw"), &lake.path().join("raw"));
        lake
    }

    /// A copy of a lake.
    pub fn copy_of(folder: &Path) -> Self {
        let lake = Self::new();
        copy(folder, lake.path());
        lake
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The binary with `--lake`.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = binary::command();
        command.arg("--lake").arg(self.path()).args(args);
        command
    }

    /// A run on this lake, however it ends.
    pub fn run(&self, args: &[&str]) -> Run {
        Run::of(&mut self.command(args))
    }

    /// A run on this lake that ends with 0 and prints JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        self.run(&[args, &["--format", "json"]].concat()).fine().json()
    }

    /// The rows of a query.
    pub fn sql(&self, query: &str) -> Vec<Value> {
        self.json(&["sql", query]).as_array().unwrap().clone()
    }

    /// Proves that nothing is lost and nothing doubled.
    pub fn verify(&self) {
        assert_eq!(self.json(&["verify"])["holds"], true);
    }

    /// Puts a raw object there.
    pub fn put_raw(&self, name: &str, bytes: &[u8]) {
        let path = self.path().join("raw/2026/03/02/10").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// The ids in the table, in order; each must be there once.
    pub fn ids(&self) -> Vec<String> {
        let rows = self.sql("select delivery_id as id from events order by 1");
        let ids: Vec<_> = rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        let twice: Vec<_> = ids.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "stored twice: {twice:?}");
        ids
    }

    /// The commits of the table's log that are there as files, oldest first: their actions.
    pub fn commits(&self) -> Vec<Vec<Value>> {
        let log = self.files("events/_delta_log").into_iter();
        let commits = log.filter(|(path, _)| path.extension().is_some_and(|it| it == "json"));
        let actions = |bytes: Vec<u8>| {
            let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
        };
        commits.map(|(_, bytes)| actions(bytes)).collect()
    }

    /// Every file below a folder of the lake, with its bytes.
    pub fn files(&self, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let read = |path: PathBuf| (path.clone(), fs::read(&path).unwrap());
        self.paths(folder).into_iter().map(read).collect()
    }

    /// Every file below a folder of the lake.
    pub fn paths(&self, folder: &str) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        collect(&self.path().join(folder), &mut paths);
        paths
    }
}

/// The envelope of delivery `n`, received on 2 March 2026, as one line.
pub fn envelope(n: usize, event: &str, payload: &Value) -> String {
    envelope_at(n, event, "2026-03-02T10:00:00.250Z", payload)
}

/// The envelope of delivery `n`, received at this time, as one line.
pub fn envelope_at(n: usize, event: &str, received_at: &str, payload: &Value) -> String {
    let mut detail = serde_json::json!({
        "_delivery": {"id": github::guid(n), "received_at": received_at}
    });
    detail.as_object_mut().unwrap().extend(payload.as_object().unwrap().clone());
    let envelope = serde_json::json!({
        "version": "0", "id": github::guid(n), "detail-type": event, "source": "github.com",
        "account": "", "time": "2026-03-02T10:00:00Z", "region": "", "resources": [],
        "detail": detail,
    });
    format!("{envelope}\n")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (entry, to) = (entry.unwrap(), to.to_owned());
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        match path.is_dir() {
            true => collect(&path, files),
            false => files.push(path),
        }
    }
}
