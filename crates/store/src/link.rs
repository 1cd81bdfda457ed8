//! A file of this machine as an object, without a copy.

use std::fs;
use std::io;
use std::path::Path;

use crate::directory::{create_folder, sync_folder};
use crate::lake::Lake;

/// What became of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linked {
    /// The object is there, and its name is on the disk.
    Done,
    /// Another file has that name: nothing was changed.
    Taken,
    /// The lake is no directory, or on another file system than the file: it must be put.
    Impossible,
}

impl Lake {
    /// Makes `key` a second name of `file`, which must be whole and synced, and must not be written
    /// any more. Needs no room on the disk but for folders.
    ///
    /// # Errors
    /// The folder can't be made, or the disk doesn't take the name.
    pub fn link(&self, file: &Path, key: &str) -> io::Result<Linked> {
        let Some(directory) = self.directory() else { return Ok(Linked::Impossible) };
        let target = directory.join(key);
        let folder = target.parent().unwrap_or(directory);
        create_folder(folder)?;
        match fs::hard_link(file, &target) {
            Ok(()) => sync_folder(folder).map(|()| Linked::Done),
            Err(error) => match error.kind() {
                io::ErrorKind::AlreadyExists => Ok(Linked::Taken),
                // Not all file systems have links, and they say so in several ways.
                io::ErrorKind::CrossesDevices
                | io::ErrorKind::Unsupported
                | io::ErrorKind::PermissionDenied
                | io::ErrorKind::TooManyLinks => Ok(Linked::Impossible),
                _ => Err(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LakeUrl;

    #[test]
    fn a_file_gets_a_second_name_and_never_takes_anothers() {
        let dir = tempfile::tempdir().unwrap();
        let lake = Lake::open_or_create(&LakeUrl::Directory(dir.path().join("lake"))).unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "one").unwrap();
        assert_eq!(lake.link(&file, "raw/2026/x").unwrap(), Linked::Done);
        fs::remove_file(&file).unwrap();
        fs::write(&file, "two").unwrap();
        assert_eq!(lake.link(&file, "raw/2026/x").unwrap(), Linked::Taken);
        assert_eq!(fs::read_to_string(dir.path().join("lake/raw/2026/x")).unwrap(), "one");
        assert_eq!(Lake::in_memory().link(&file, "raw/x").unwrap(), Linked::Impossible);
    }
}
