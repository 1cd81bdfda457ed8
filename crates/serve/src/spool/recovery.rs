//! What a dead process left: its files are taken over, and land like any other.
//!
//! A lock tells a dead process's file from a living one's. Whole gzip members are what was accepted
//! (or was about to be); the torn tail after them was never answered, and is not landed. A crash
//! during recovery changes nothing: it only reads, and removes what is empty.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::file::{self, ClosedFile};
use super::name::SpoolName;

/// Takes over each file in `directory` that no process holds; the oldest first.
pub(crate) fn recover(directory: &Path) -> io::Result<Vec<ClosedFile>> {
    let mut names: Vec<(SpoolName, PathBuf)> = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if let Some(name) = SpoolName::of_open(&path) {
            names.push((name, path));
        } else if SpoolName::is_new(&path) {
            remove_unfinished(&path)?;
        }
    }
    names.sort();
    let mut files = Vec::new();
    for (name, path) in names {
        files.extend(take_over(&path, name)?);
    }
    Ok(files)
}

fn take_over(path: &Path, name: SpoolName) -> io::Result<Option<ClosedFile>> {
    match ClosedFile::take_over(path, name)? {
        Some(empty) if empty.bytes() == 0 => empty.remove().map(|()| None),
        Some(file) => {
            tracing::info!(path = %path.display(), bytes = file.bytes(), "took over a spool file");
            Ok(Some(file))
        }
        None => {
            tracing::info!(path = %path.display(), "left a spool file to the process that holds it");
            Ok(None)
        }
    }
}

/// A file without its final name holds nothing.
fn remove_unfinished(path: &Path) -> io::Result<()> {
    match file::lock_abandoned(path)? {
        Some(_locked) => fs::remove_file(path),
        None => Ok(()),
    }
}
