//! The directory that shards are written into: private, of one verification at a time, and removed
//! afterwards.
//!
//! Without a name it is made in the system's folder for temporary files, once it is needed, and
//! goes whatever happens but a kill. With a name it stays where the verification did not come to
//! its end, for the next one to go on.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use twox_hash::XxHash64;

use crate::error::CompactError;

const PREFIX: &str = "octolake-verify-";
const LOCK: &str = "lock";
/// How many names are tried for a directory that nobody else has.
const TRIES: u32 = 1000;

/// A directory for shards.
#[derive(Debug)]
pub(super) struct Scratch {
    /// `None` until one is needed.
    dir: Option<PathBuf>,
    is_kept: bool,
    /// Held as long as this is.
    _lock: Option<File>,
}

impl Scratch {
    /// One that goes with this.
    pub(super) fn temporary() -> Self {
        Self { dir: None, is_kept: false, _lock: None }
    }

    /// That of a lake in `parent`, where an earlier verification may have left something.
    pub(super) fn kept(parent: &Path, lake: &str) -> Result<Self, CompactError> {
        let failed = |source| CompactError::scratch("make", parent, source);
        fs::create_dir_all(parent).map_err(failed)?;
        let name = format!("{PREFIX}{:016x}", XxHash64::oneshot(0, lake.as_bytes()));
        let dir = parent.join(name);
        match make(&dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(|source| CompactError::scratch("make", &dir, source))?,
        }
        check_private(&dir)?;
        let path = dir.join(LOCK);
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(|source| CompactError::scratch("write", &path, source))?;
        if lock.try_lock().is_err() {
            let why = "another verification is using it";
            return Err(CompactError::ScratchRefused { path: dir.display().to_string(), why });
        }
        Ok(Self { dir: Some(dir), is_kept: true, _lock: Some(lock) })
    }

    /// Whether what is written is there for the next verification.
    pub(super) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// The directory, made if there is none yet.
    pub(super) fn dir(&mut self) -> Result<&Path, CompactError> {
        let dir = match self.dir.take() {
            Some(dir) => dir,
            None => make_temporary(&std::env::temp_dir())?,
        };
        Ok(self.dir.insert(dir))
    }

    /// Removes what `wanted` takes of the files in it, by their names.
    pub(super) fn remove(&self, wanted: impl Fn(&str) -> bool) -> Result<(), CompactError> {
        let Some(dir) = &self.dir else { return Ok(()) };
        let failed = |source| CompactError::scratch("clear", dir, source);
        for entry in fs::read_dir(dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_name().to_str().is_some_and(&wanted) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Nothing of it is needed any more.
    pub(super) fn finish(&mut self) {
        self.is_kept = false;
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        // Files of ours alone: whatever else is in it was not made here.
        let _ = self.remove(|name| name == LOCK || super::journal::is_name(name));
        let _ = self.remove(super::shards::is_name);
        if let Some(dir) = &self.dir {
            let _ = fs::remove_dir(dir);
        }
    }
}

fn make_temporary(parent: &Path) -> Result<PathBuf, CompactError> {
    let mut outcome = Err(io::Error::from(io::ErrorKind::AlreadyExists));
    for number in 0..TRIES {
        let dir = parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
        // A directory that is there is somebody else's, or was put there for us to fall into.
        outcome = make(&dir).map(|()| dir);
        if !matches!(&outcome, Err(error) if error.kind() == io::ErrorKind::AlreadyExists) {
            break;
        }
    }
    outcome.map_err(|source| CompactError::scratch("make a directory in", parent, source))
}

/// Makes a directory that only its owner may enter.
fn make(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(dir)
}

/// What others can write into proves nothing.
fn check_private(dir: &Path) -> Result<(), CompactError> {
    let refused = |why| CompactError::ScratchRefused { path: dir.display().to_string(), why };
    let found = fs::symlink_metadata(dir);
    let found = found.map_err(|source| CompactError::scratch("look at", dir, source))?;
    if !found.is_dir() {
        return Err(refused("it is no directory"));
    }
    if found.permissions().mode() & 0o077 != 0 {
        return Err(refused("others may read or write in it"));
    }
    Ok(())
}
