//! What a dead process left: its files are taken over, and land like any other.
//!
//! A lock tells a dead process's file from a living one's. Whole gzip members are what was accepted
//! (or was about to be); the torn tail after them was never answered, and is not landed. Members
//! that were accepted and are damaged now cost nothing but themselves: the file is kept as
//! `.damaged`, for ever, and what can be read of it lands.
//!
//! A crash during recovery changes nothing: each step can be done again. One file that can't be
//! read holds up no other; it is tried again later.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::file::{self, ClosedFile};
use super::gzip::{self, Content};
use super::name::SpoolName;
use super::usage::Usage;

/// A file that some process left.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) name: SpoolName,
    pub(crate) path: PathBuf,
    /// Its size when it was found.
    pub(crate) bytes: u64,
}

/// What became of a file that was found.
#[derive(Debug)]
pub(crate) enum Recovered {
    /// It has to land.
    Closed(ClosedFile),
    /// It held nothing that was ever answered.
    Empty,
    /// A living process holds it, and lands it.
    Held,
}

/// Each file in `directory`, the oldest first. Those without their final name go: they hold
/// nothing.
///
/// # Errors
/// The directory can't be read.
pub(crate) fn find(directory: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        if let Some(name) = SpoolName::of_open(&path) {
            let bytes = entry.metadata().map(|data| data.len()).unwrap_or_default();
            found.push(Found { name, path, bytes });
        } else if SpoolName::is_new(&path)
            && let Err(error) = remove_unfinished(&path)
        {
            let path = path.display();
            tracing::warn!(%path, %error, "cannot remove a spool file that holds nothing");
        }
    }
    found.sort();
    Ok(found)
}

/// A file without its final name holds nothing.
fn remove_unfinished(path: &Path) -> io::Result<()> {
    match file::lock_abandoned(path)? {
        Some(_locked) => fs::remove_file(path),
        None => Ok(()),
    }
}

/// Takes a file over, if no process holds it.
///
/// # Errors
/// It can't be read, or not be set right; what it holds is as it was.
pub(crate) fn take_over(found: &Found, usage: &Usage) -> io::Result<Recovered> {
    let Some(mut locked) = file::lock_abandoned(&found.path)? else {
        tracing::info!(path = %found.path.display(), "left a spool file to the process that holds it");
        return Ok(Recovered::Held);
    };
    let mut bytes = Vec::new();
    locked.read_to_end(&mut bytes)?;
    let content = gzip::content(&bytes);
    if !content.damaged.is_empty() {
        locked = set_aside(found, &bytes, &content, usage)?;
    } else if let Some(end) = content.torn {
        cut(found, &locked, end, bytes.len())?;
    }
    let whole: usize = content.whole.iter().map(ExactSizeIterator::len).sum();
    if whole == 0 {
        fs::remove_file(&found.path)?;
        return Ok(Recovered::Empty);
    }
    tracing::info!(path = %found.path.display(), bytes = whole, "took over a spool file");
    Ok(Recovered::Closed(ClosedFile::new(found.name, found.path.clone(), locked, whole as u64)))
}

/// Cuts off what was never answered.
fn cut(found: &Found, file: &File, end: usize, length: usize) -> io::Result<()> {
    file.set_len(end as u64)?;
    file.sync_all()?;
    let (path, cut_bytes) = (found.path.display(), length - end);
    tracing::warn!(%path, bytes = end, cut_bytes, "a write was cut short: its deliveries were not accepted");
    Ok(())
}

/// Keeps the file as it is under another name, and puts what can be read of it in its place.
fn set_aside(found: &Found, bytes: &[u8], content: &Content, usage: &Usage) -> io::Result<File> {
    let directory = found.path.parent().unwrap_or(Path::new("."));
    let aside = found.name.damaged_path(directory);
    match fs::hard_link(&found.path, &aside) {
        // From a recovery that did not come to its end; any other is not to be lost either.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if fs::metadata(&found.path)?.ino() != fs::metadata(&aside)?.ino() {
                let text =
                    format!("another is kept as {} already: move that away", aside.display());
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
            }
        }
        linked => linked?,
    }
    file::sync_directory(directory)?;
    let new = found.name.new_path(directory);
    let _ = fs::remove_file(&new);
    let mut file = file::create(&new)?;
    file.lock()?;
    for range in &content.whole {
        file.write_all(&bytes[range.clone()])?;
    }
    file.sync_all()?;
    fs::rename(&new, &found.path)?;
    file::sync_directory(directory)?;
    let damaged: usize = content.damaged.iter().map(ExactSizeIterator::len).sum();
    usage.damaged(damaged as u64);
    let whole: usize = content.whole.iter().map(ExactSizeIterator::len).sum();
    tracing::error!(
        path = %found.path.display(),
        kept_as = %aside.display(),
        damaged_bytes = damaged,
        bytes = whole,
        "a spool file is damaged: deliveries that were accepted can't be read; redeliver those of its time"
    );
    Ok(file)
}
