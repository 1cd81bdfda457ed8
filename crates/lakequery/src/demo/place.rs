//! Where the demo's lake is: somewhere empty, or where a demo was before. Never in a lake that
//! somebody fills.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use octolake_event::layout;
use octolake_store::{Lake, LakeUrl};

use crate::exit::UsageError;

/// What tells a demo's lake from any other.
const MARKER: &str = ".octolake-demo";

/// A place that the demo must not use.
#[derive(Debug, thiserror::Error)]
pub enum NotOurs {
    /// There is something there.
    #[error("{} is not empty, and no demo made it: the demo would mix its deliveries into it", .0.display())]
    Taken(PathBuf),
    /// It is no directory.
    #[error("{0} is no directory: the demo runs on this machine alone")]
    Remote(String),
}

/// Makes an empty lake at a place that is empty or holds the lake of an earlier demo.
///
/// # Errors
/// The place is somebody's, or cannot be written.
pub fn prepare_lake(url: &LakeUrl) -> anyhow::Result<Lake> {
    let LakeUrl::Directory(path) = url else {
        return Err(UsageError::from(NotOurs::Remote(url.to_string())).into());
    };
    let marker = path.join(MARKER);
    if marker.is_file() {
        clear(path).map_err(|error| failed(path, &error))?;
    } else if !is_empty(path) {
        return Err(UsageError::from(NotOurs::Taken(path.clone())).into());
    }
    let lake = Lake::open_or_create(url)?;
    fs::write(&marker, "The next `lakequery demo` replaces this lake.\n")
        .map_err(|error| failed(&marker, &error))?;
    Ok(lake)
}

fn failed(path: &Path, error: &io::Error) -> anyhow::Error {
    anyhow::anyhow!("cannot make the demo's lake at {}: {error}", path.display())
}

/// Whether nothing is there; a file is something.
fn is_empty(path: &Path) -> bool {
    match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Removes what a demo writes, and nothing else.
fn clear(path: &Path) -> io::Result<()> {
    for folder in [layout::RAW, layout::LARGE, layout::EVENTS, layout::QUARANTINE, layout::SPOOL] {
        match fs::remove_dir_all(path.join(folder)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lake_of_somebody_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let url = LakeUrl::Directory(dir.path().into());
        fs::create_dir(dir.path().join("raw")).unwrap();
        assert!(prepare_lake(&url).is_err());
        assert!(dir.path().join("raw").is_dir());
        assert!(prepare_lake(&"s3://bucket".parse().unwrap()).is_err());
    }

    #[test]
    fn a_demo_replaces_a_demo() {
        let dir = tempfile::tempdir().unwrap();
        let url = LakeUrl::Directory(dir.path().join("lake"));
        prepare_lake(&url).unwrap();
        let raw = dir.path().join("lake/raw");
        fs::create_dir(&raw).unwrap();
        prepare_lake(&url).unwrap();
        assert!(!raw.exists());
    }
}
