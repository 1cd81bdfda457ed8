//! Files on their way to their names: written beside them, and left there where a process was killed.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A name beside `target` that no listing shows: the library hides what ends in `#<digits>`.
pub(crate) fn path_beside(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(format!("#{}", uuid::Uuid::new_v4().as_u128()));
    name.into()
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
