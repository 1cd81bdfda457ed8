//! Files on their way to their names: written in a folder of their own, and left there where a process
//! was killed. Older versions wrote them beside their names.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The folder for them in a lake that is a directory.
pub(crate) const FOLDER: &str = "staging";

/// A new name in the folder for them.
pub(crate) fn path_in(folder: &Path) -> PathBuf {
    folder.join(uuid::Uuid::new_v4().as_simple().to_string())
}

/// A name beside `target` that no listing shows: the library hides what ends in `#<digits>`.
pub(crate) fn path_beside(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(format!("#{}", uuid::Uuid::new_v4().as_u128()));
    name.into()
}

/// Removes what was left in the folder for it before that time, and nothing that is not named as
/// [`path_in`] does; gives how many there were.
pub(crate) fn clear(folder: &Path, before: SystemTime) -> io::Result<u64> {
    let is_ours = |name: &OsStr| {
        let name = name.to_str().filter(|name| name.len() == 32);
        name.is_some_and(|name| name.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let mut cleared = 0;
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if !is_ours(&entry.file_name()) {
            continue;
        }
        match entry.metadata().and_then(|metadata| metadata.modified()) {
            Ok(modified) if modified < before => fs::remove_file(entry.path())?,
            Ok(_) => continue,
            // It has got its name in the meantime.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        }
        cleared += 1;
    }
    Ok(cleared)
}

fn is_staging(name: &OsStr) -> bool {
    let number = name.to_str().and_then(|name| Some(name.rsplit_once('#')?.1));
    // A number as it is made here: others put names with a `#` into `raw/`.
    number.is_some_and(|it| it.len() > 30 && it.bytes().all(|b| b.is_ascii_digit()))
}

/// Removes what was left in a folder and those below it before that time; gives how many there were.
pub(crate) fn sweep(folder: &Path, before: SystemTime) -> io::Result<u64> {
    let mut swept = 0;
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            swept += sweep(&entry.path(), before)?;
        } else if is_staging(&entry.file_name()) && entry.metadata()?.modified()? < before {
            fs::remove_file(entry.path())?;
            swept += 1;
        }
    }
    Ok(swept)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_folder_is_cleared_of_what_is_old_and_named_like_ours() {
        let dir = tempfile::tempdir().unwrap();
        let left = path_in(dir.path());
        let others = ["x", "0123456789abcdef0123456789abcdeg"].map(|name| dir.path().join(name));
        others.iter().chain([&left]).for_each(|path| fs::write(path, "").unwrap());
        let now = left.metadata().unwrap().modified().unwrap();
        assert_eq!(clear(dir.path(), now).unwrap(), 0, "it may be on its way");
        assert_eq!(clear(dir.path(), now + Duration::from_secs(1)).unwrap(), 1);
        assert!(others.iter().all(|path| path.exists()) && !left.exists());
        assert_eq!(clear(&dir.path().join("nowhere"), now).unwrap(), 0);
    }

    #[test]
    fn what_was_left_is_removed_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let below = dir.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        let names = ["x.parquet", "x#1", "x#y", "#"].map(|name| below.join(name));
        names.iter().for_each(|name| fs::write(name, "").unwrap());
        let left = path_beside(&below.join("x.parquet"));
        fs::write(&left, "").unwrap();
        let now = left.metadata().unwrap().modified().unwrap();
        assert_eq!(sweep(dir.path(), now).unwrap(), 0, "it may be on its way");
        assert_eq!(sweep(dir.path(), now + Duration::from_secs(1)).unwrap(), 1);
        assert!(names.iter().all(|name| name.exists()) && !left.exists());
        assert_eq!(sweep(&dir.path().join("nowhere"), now).unwrap(), 0);
    }
}
