//! The names of spool files, built and parsed here only.
//!
//! ```text
//! <yyyymmdd>T<hhmmss>-<random uuid>.gz.new    being made; holds nothing yet
//! <yyyymmdd>T<hhmmss>-<random uuid>.gz.open   holds deliveries; the time is the oldest arrival
//! <yyyymmdd>T<hhmmss>-<random uuid>.gz.damaged   could not be read whole: as it was, for people
//! raw/<yyyy>/<mm>/<dd>/<hh>/<yyyymmdd>T<hhmmss>-<random uuid>.gz   where it lands
//! ```

use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, Utc};
use octolake_event::layout;
use uuid::Uuid;

const STAMP: &str = "%Y%m%dT%H%M%S";
const NEW: &str = ".gz.new";
const OPEN: &str = ".gz.open";
const DAMAGED: &str = ".gz.damaged";

/// What a spool file is called, but for its ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SpoolName {
    oldest: DateTime<Utc>,
    id: Uuid,
}

impl SpoolName {
    /// The name for deliveries of which the first arrived at `oldest`.
    pub(crate) fn new(oldest: DateTime<Utc>, id: Uuid) -> Self {
        Self { oldest, id }
    }

    /// The name in the path of a file that holds deliveries.
    pub(crate) fn of_open(path: &Path) -> Option<Self> {
        Self::parse(path, OPEN)
    }

    /// Whether the path is of a file that was being made.
    pub(crate) fn is_new(path: &Path) -> bool {
        Self::parse(path, NEW).is_some()
    }

    /// Whether the path is of a file that was kept because it could not be read whole.
    pub(crate) fn is_damaged(path: &Path) -> bool {
        Self::parse(path, DAMAGED).is_some()
    }

    pub(crate) fn new_path(&self, directory: &Path) -> PathBuf {
        directory.join(format!("{}{NEW}", self.stem()))
    }

    pub(crate) fn open_path(&self, directory: &Path) -> PathBuf {
        directory.join(format!("{}{OPEN}", self.stem()))
    }

    pub(crate) fn damaged_path(&self, directory: &Path) -> PathBuf {
        directory.join(format!("{}{DAMAGED}", self.stem()))
    }

    /// When the oldest of its deliveries arrived.
    pub(crate) fn oldest(&self) -> DateTime<Utc> {
        self.oldest
    }

    /// Where the file lands in the lake.
    pub(crate) fn raw_key(&self) -> String {
        layout::raw_key(self.oldest, &format!("{}.gz", self.stem()))
    }

    fn stem(&self) -> String {
        format!("{}-{}", self.oldest.format(STAMP), self.id)
    }

    fn parse(path: &Path, ending: &str) -> Option<Self> {
        let (stamp, id) = path.file_name()?.to_str()?.strip_suffix(ending)?.split_once('-')?;
        let oldest = NaiveDateTime::parse_from_str(stamp, STAMP).ok()?.and_utc();
        Some(Self { oldest, id: Uuid::try_parse(id).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_tells_where_it_lands() {
        let name = SpoolName::new("2026-03-02T08:09:10Z".parse().unwrap(), Uuid::from_u128(7));
        let path = name.open_path(Path::new("/s"));
        let expected = "/s/20260302T080910-00000000-0000-0000-0000-000000000007.gz.open";
        assert_eq!(path, Path::new(expected));
        assert_eq!(SpoolName::of_open(&path), Some(name));
        assert!(SpoolName::is_new(&name.new_path(Path::new("/s"))));
        assert_eq!(
            name.raw_key(),
            "raw/2026/03/02/08/20260302T080910-00000000-0000-0000-0000-000000000007.gz"
        );
    }

    #[test]
    fn other_files_are_left_alone() {
        for text in
            ["", "notes.txt", "20260302T080910.gz.open", "x-00.gz.open", "20260302T080910-1.gz"]
        {
            assert_eq!(SpoolName::of_open(Path::new(text)), None, "{text}");
        }
    }
}
