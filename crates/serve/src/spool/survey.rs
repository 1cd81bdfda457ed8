//! What lies in a spool, seen from outside: for whoever watches it, whether a server runs or not.

use std::fs;
use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};

use super::name::SpoolName;

/// The files of a spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Survey {
    /// Files that have not landed.
    pub files: u64,
    /// Their size, in bytes.
    pub bytes: u64,
    /// When the oldest delivery in them arrived.
    pub oldest_at: Option<DateTime<Utc>>,
    /// Files that are kept because they could not be read whole.
    pub damaged: u64,
}

/// Looks at the spool in `directory`; nothing is there where the directory isn't.
///
/// # Errors
/// The directory can't be read.
pub fn survey(directory: &Path) -> io::Result<Survey> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Survey::default()),
        entries => entries?,
    };
    let mut survey = Survey::default();
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if let Some(name) = SpoolName::of_open(&path) {
            survey.files += 1;
            // It may land at this very moment.
            survey.bytes += entry.metadata().map(|data| data.len()).unwrap_or_default();
            let oldest = survey.oldest_at.map_or(name.oldest(), |at| at.min(name.oldest()));
            survey.oldest_at = Some(oldest);
        } else if SpoolName::is_damaged(&path) {
            survey.damaged += 1;
        }
    }
    Ok(survey)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn it_counts_what_waits_and_what_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(survey(&dir.path().join("none")).unwrap(), Survey::default());
        let name = |at: &str| SpoolName::new(at.parse().unwrap(), Uuid::nil());
        let (old, new) = (name("2026-03-02T08:00:00Z"), name("2026-03-02T09:00:00Z"));
        fs::write(new.open_path(dir.path()), "12345").unwrap();
        fs::write(old.open_path(dir.path()), "123").unwrap();
        fs::write(old.damaged_path(dir.path()), "1").unwrap();
        fs::write(dir.path().join("README"), "1").unwrap();
        let expected = Survey { files: 2, bytes: 8, oldest_at: Some(old.oldest()), damaged: 1 };
        assert_eq!(survey(dir.path()).unwrap(), expected);
    }
}
