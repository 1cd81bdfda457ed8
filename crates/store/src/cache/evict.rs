//! What goes from the cache's folder, and when.
//!
//! The folder is looked at once by a process that writes, and again whenever the bound would be
//! passed; an eighth of the bound is freed then, so that this is seldom. Others write at the same
//! time: the bound is kept about, each process adding to what it has seen.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The least that a file counts, in bytes: so the bound of bytes bounds the number of files too, and
/// with it the time that a look takes.
const LEAST: u64 = 16 << 10;

/// What was on its way for this long was left by a process that was killed.
const LEFT_BEHIND: Duration = Duration::from_secs(3_600);

/// One file of ours.
struct Found {
    used: SystemTime,
    bytes: u64,
    path: PathBuf,
}

/// What a file of so many bytes counts.
pub(crate) fn charge(bytes: u64) -> u64 {
    bytes.max(LEAST)
}

/// A new name for a file that is on its way to its own.
pub(crate) fn staging_name() -> String {
    format!(".{}", uuid::Uuid::new_v4().as_simple())
}

/// About how many bytes are in the folder.
///
/// # Errors
/// The folder can't be listed.
pub(crate) fn held(folder: &Path) -> io::Result<u64> {
    Ok(found(folder)?.iter().map(|file| file.bytes).sum())
}

/// Removes what was not used for longest until at most seven eighths of the bound are left, and
/// there is room for `bytes` more; gives how many bytes are left.
///
/// # Errors
/// The folder can't be listed, or what has to go can't be removed.
pub(crate) fn evict(folder: &Path, bound: u64, bytes: u64) -> io::Result<u64> {
    let mut files = found(folder)?;
    files.sort_unstable_by_key(|file| file.used);
    let mut held: u64 = files.iter().map(|file| file.bytes).sum();
    let mut oldest = files.into_iter();
    let most = (bound - bound / 8).min(bound.saturating_sub(bytes));
    while held > most {
        let Some(file) = oldest.next() else { break };
        removed(&file.path)?;
        held -= file.bytes;
    }
    Ok(held)
}

/// The entries in the folder; what was left behind on its way goes. What is not named as we name is
/// not ours to touch.
fn found(folder: &Path) -> io::Result<Vec<Found>> {
    let (mut entries, mut staged) = (vec![], vec![]);
    for item in fs::read_dir(folder)? {
        let item = item?;
        let name = item.file_name();
        let Some(name) = name.to_str() else { continue };
        let is_staged = name.starts_with('.');
        let digits = name.strip_prefix('.').unwrap_or(name);
        if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            continue;
        }
        // Another process may have removed it by now.
        let Ok(metadata) = item.metadata() else { continue };
        if let (true, Ok(used)) = (metadata.is_file(), metadata.modified()) {
            let file = Found { used, bytes: charge(metadata.len()), path: item.path() };
            if is_staged { &mut staged } else { &mut entries }.push(file);
        }
    }
    let newest = entries.iter().map(|file| file.used).max();
    for file in &staged {
        if newest.is_some_and(|newest| file.used + LEFT_BEHIND < newest) {
            removed(&file.path)?;
        }
    }
    Ok(entries)
}

fn removed(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
