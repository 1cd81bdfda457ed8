//! Entries in a folder of this machine, shared by all processes of one user.
//!
//! One file per entry, written beside its name and renamed: whoever reads sees a whole one or none.
//! Nothing is synced: what a power cut damages, its hash shows. Whatever goes wrong with the folder
//! makes the cache smaller, never a command fail.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{Access, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use twox_hash::XxHash64;

use super::blocks::Block;
use super::evict;
use super::{DiskSettings, entry};
use crate::directory::FOLDER_MODE;

/// Payloads are private, whatever the user's mask.
const FILE_MODE: u32 = 0o600;

/// The folder of one user's cache.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    bound: u64,
    writing: Mutex<Writing>,
}

/// How far this process is with writing.
#[derive(Debug)]
enum Writing {
    /// It has written nothing, and has not looked what is there.
    NotBegun,
    /// About so many bytes are in the folder; others write too.
    Holds(u64),
    /// The folder can't be used, or not any more.
    Off,
}

impl Disk {
    pub(crate) fn new(settings: DiskSettings) -> Self {
        let DiskSettings { folder, bytes: bound } = settings;
        Self { folder, bound, writing: Mutex::new(Writing::NotBegun) }
    }

    /// The entry of this identity, of at most `most` bytes of data, if there is one that can be
    /// trusted. One that can't goes.
    pub(crate) fn get(&self, identity: &str, most: u64) -> Option<Block> {
        let path = self.path(identity);
        let most = most + entry::OVERHEAD + identity.len() as u64;
        match read(&self.folder, &path, most) {
            Ok(bytes) => {
                let block = entry::decode(identity, bytes);
                if block.is_none() {
                    tracing::debug!(path = %path.display(), "a damaged entry of the cache is ignored");
                    let _ = fs::remove_file(&path);
                }
                block
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::debug!(path = %path.display(), %error, "an entry of the cache is ignored");
                None
            }
        }
    }

    /// Keeps an entry, if it can be kept.
    pub(crate) fn put(&self, identity: &str, block: &Block) {
        let bytes = block.data.len() as u64 + entry::OVERHEAD + identity.len() as u64;
        if bytes > self.bound / 4 || !self.make_room(evict::charge(bytes)) {
            return;
        }
        if let Err(error) = self.write(identity, block) {
            tracing::debug!(folder = %self.folder.display(), %error, "the cache is not written any more");
            *self.writing() = Writing::Off;
        }
    }

    /// Removes an entry, if it is there and can be removed.
    pub(crate) fn remove(&self, identity: &str) {
        let _ = fs::remove_file(self.path(identity));
    }

    fn write(&self, identity: &str, block: &Block) -> io::Result<()> {
        let beside = self.folder.join(evict::staging_name());
        let written = (|| {
            let options = &mut File::options();
            let mut file = options.write(true).create_new(true).mode(FILE_MODE).open(&beside)?;
            file.write_all(&entry::encode(identity, block))?;
            drop(file);
            fs::rename(&beside, self.path(identity))
        })();
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        written
    }

    /// Whether so many bytes more may be written; what was not used for longest has gone for them.
    fn make_room(&self, bytes: u64) -> bool {
        let mut writing = self.writing();
        let held = match *writing {
            Writing::Off => return false,
            Writing::Holds(held) => Ok(held),
            Writing::NotBegun => self.begun(),
        };
        let held = held.and_then(|held| {
            if held + bytes <= self.bound {
                Ok(held)
            } else {
                evict::evict(&self.folder, self.bound, bytes)
            }
        });
        match held {
            Ok(held) => *writing = Writing::Holds(held + bytes),
            Err(error) => {
                tracing::debug!(folder = %self.folder.display(), %error, "the cache is not written");
                *writing = Writing::Off;
                return false;
            }
        }
        true
    }

    /// Makes the folder where there is none; gives how many bytes are in it.
    fn begun(&self) -> io::Result<u64> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&self.folder)?;
        trusted(&self.folder)?;
        evict::held(&self.folder)
    }

    fn writing(&self) -> std::sync::MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where an entry of this identity is.
    fn path(&self, identity: &str) -> PathBuf {
        let half = |seed| XxHash64::oneshot(seed, identity.as_bytes());
        self.folder.join(format!("{:016x}{:016x}", half(0), half(1)))
    }
}

/// The bytes of an entry; it counts as used now.
fn read(folder: &Path, path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // A name can stand for a pipe, whose opening waits for ever.
    let found = fs::symlink_metadata(path)?;
    if !found.is_file() || found.len() > most || found.uid() != trusted(folder)? {
        return Err(io::Error::other("it is no entry"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or_default());
    let file = File::open(path)?;
    (&file).take(most + 1).read_to_end(&mut bytes)?;
    let now = Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
    };
    // Where that can't be, it goes earlier than it could.
    let _ = rustix::fs::futimens(&file, &now);
    Ok(bytes)
}

/// The owner of the folder, where that is who runs this, and nobody else can write there: whoever
/// can, could make up answers.
fn trusted(folder: &Path) -> io::Result<u32> {
    let found = fs::metadata(folder)?;
    let is_ours = match fs::metadata("/proc/self") {
        Ok(process) => process.uid() == found.uid(),
        Err(_) => rustix::fs::access(folder, Access::WRITE_OK).is_ok(),
    };
    if found.is_dir() && found.mode() & 0o022 == 0 && is_ours {
        Ok(found.uid())
    } else {
        Err(io::Error::other("the folder is not its user's alone to write"))
    }
}

#[cfg(test)]
mod tests;
