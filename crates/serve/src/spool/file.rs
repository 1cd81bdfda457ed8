//! One spool file: made, appended to, closed, removed. The lock is held for as long as the value
//! lives, and the kernel gives it back when the process dies.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::name::SpoolName;

/// A file that takes deliveries.
#[derive(Debug)]
pub(crate) struct OpenFile {
    name: SpoolName,
    path: PathBuf,
    file: File,
    /// Length that is synced: whole members.
    bytes: u64,
}

impl OpenFile {
    /// Makes an empty file, locked, whose name is on the disk.
    ///
    /// The file gets its final name only once it is locked: a recovery that runs in another process
    /// at this moment cannot take it for a dead one's.
    pub(crate) fn create(directory: &Path, name: SpoolName) -> io::Result<Self> {
        let (new, path) = (name.new_path(directory), name.open_path(directory));
        let file = create(&new)?;
        file.lock()?;
        fs::rename(&new, &path)?;
        sync_directory(directory)?;
        Ok(Self { name, path, file, bytes: 0 })
    }

    /// Appends one member, and returns when it is on the disk.
    ///
    /// After an error close the file: what it holds beyond its synced length is cut off.
    pub(crate) fn append(&mut self, member: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(member).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => self.bytes += member.len() as u64,
            // Recovery would cut it as well; this gives the disk its space back now.
            Err(_) => drop(self.file.set_len(self.bytes)),
        }
        written
    }

    /// No more deliveries; the lock stays.
    pub(crate) fn close(self) -> ClosedFile {
        ClosedFile { name: self.name, path: self.path, lock: self.file, bytes: self.bytes }
    }
}

/// A file that is to land in the lake.
#[derive(Debug)]
pub(crate) struct ClosedFile {
    name: SpoolName,
    path: PathBuf,
    lock: File,
    bytes: u64,
}

impl ClosedFile {
    /// A file that is whole, and locked by `lock`.
    pub(crate) fn new(name: SpoolName, path: PathBuf, lock: File, bytes: u64) -> Self {
        Self { name, path, lock, bytes }
    }

    /// What it is called.
    pub(crate) fn name(&self) -> SpoolName {
        self.name
    }

    /// Cuts off what was never answered, where that could not be done when it failed.
    pub(crate) fn trim(&self) -> io::Result<()> {
        if self.lock.metadata()?.len() > self.bytes {
            self.lock.set_len(self.bytes)?;
            self.lock.sync_all()?;
        }
        Ok(())
    }

    /// Length of what was accepted, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where the file lands.
    pub(crate) fn raw_key(&self) -> String {
        self.name.raw_key()
    }

    /// For the log.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file, and with it the lock. Only for a file that has landed, or holds nothing.
    pub(crate) fn remove(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

/// Makes a file that only its owner may read: deliveries are private.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// Opens and locks a file that nobody holds; `None` where somebody does, or has just removed it.
pub(crate) fn lock_abandoned(path: &Path) -> io::Result<Option<File>> {
    let file = match File::options().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    match file.try_lock() {
        Ok(()) => Ok(path.try_exists()?.then_some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Makes the names in a directory last.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn name() -> SpoolName {
        SpoolName::new("2026-03-02T08:09:10Z".parse().unwrap(), Uuid::from_u128(7))
    }

    #[test]
    fn a_file_of_a_living_process_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = OpenFile::create(dir.path(), name()).unwrap();
        let path = file.path.clone();
        assert!(lock_abandoned(&path).unwrap().is_none());
        let closed = file.close();
        assert!(lock_abandoned(&path).unwrap().is_none());
        drop(closed);
        assert!(lock_abandoned(&path).unwrap().is_some());
    }

    #[test]
    fn only_its_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let file = OpenFile::create(dir.path(), name()).unwrap();
        let mode = fs::metadata(&file.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_an_error_and_the_synced_length_stays() {
        let file = File::options().write(true).open("/dev/full").unwrap();
        let mut file = OpenFile { name: name(), path: "/dev/full".into(), file, bytes: 0 };
        let error = file.append(b"x").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(file.close().bytes(), 0);
    }
}
