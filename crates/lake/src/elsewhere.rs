//! What other engines have done to the table's files since somebody looked: who deletes rows of a
//! Delta table writes the file anew without them, so that only the two files tell which rows went.
//!
//! `octolake.looked` is the version up to which the commits of others have been looked at. Each
//! commit of ours on top of a version that is looked at moves it on, so that a table that nobody
//! else writes costs no look at all. A commit is ours where it carries our mark.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use chrono::NaiveDate;
use deltalake::kernel::Transaction;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use octolake_event::layout;
use serde::Deserialize;

use crate::error::LakeError;
use crate::line::{Line, RemoveLine, decoded, lines};
use crate::log::{FETCHES, fault};
use crate::progress::{LOOKED, MARK};
use crate::table::Table;

/// Where nobody has ever looked, at most so many commits are: an older version's log is long.
const FIRST_LOOK: u64 = 1_000;

/// What others have changed of the rows, by files. Files that were only moved or joined (Delta's
/// `dataChange` is false) are none of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Files that they took out of the table: paths, with the date of their rows where it is told.
    pub removed: BTreeMap<String, Option<NaiveDate>>,
    /// Files that they put into it: paths, with their rows where the log tells.
    pub added: BTreeMap<String, Option<u64>>,
    /// Files that commits of ours took out with what they held, in between: what is lost is read
    /// from `raw/` again, and what is erased is listed.
    pub dropped: BTreeSet<String>,
    /// Commits that the log does not hold any more: what they did is not known.
    pub untold: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rows {
    num_records: Option<u64>,
}

/// The date of the rows that went with a file.
fn date(remove: &RemoveLine<'_>, path: &str) -> Option<NaiveDate> {
    let told = remove.partition_values.as_ref().and_then(|values| values.date.as_deref());
    let told = told.and_then(|date| NaiveDate::parse_from_str(date, "%Y-%m-%d").ok());
    told.or_else(|| layout::date_of_file(path))
}

impl Elsewhere {
    /// Takes in the next commit.
    fn note(&mut self, commit: &[u8]) -> Result<(), String> {
        let lines: Vec<Line<'_>> = lines(commit).collect::<Result<_, _>>()?;
        let is_ours = lines.iter().filter_map(|line| line.txn.as_ref()).any(|t| t.app_id == MARK);
        // A change of the rows, unless it is told that it is none.
        let is_change = |said: Option<bool>| said.unwrap_or(true);
        let adds = || lines.iter().filter_map(|line| line.add.as_ref());
        // Of ours, what is put in tells whether rows were only moved.
        let is_merge = is_ours && adds().any(|add| !is_change(add.data_change));
        let removes = lines.iter().filter_map(|line| line.remove.as_ref());
        for remove in removes.filter(|remove| !is_merge && is_change(remove.data_change)) {
            let path = decoded(&remove.path);
            match is_ours {
                true => drop(self.dropped.insert(path)),
                false => drop(self.removed.insert(path.clone(), date(remove, &path))),
            }
        }
        for add in adds().filter(|add| !is_ours && is_change(add.data_change)) {
            let path = decoded(&add.path);
            let rows = add.stats.as_deref().and_then(|stats| serde_json::from_str(stats).ok());
            // One that comes back, or that stays with other facts about it, has lost nothing.
            if self.removed.remove(&path).is_none() {
                self.added.insert(path, rows.and_then(|rows: Rows| rows.num_records));
            }
        }
        Ok(())
    }
}

impl Table {
    /// How many commits nobody has looked at for what others have done.
    pub fn unlooked(&self) -> u64 {
        match self.progress().looked {
            Some(looked) => self.version().saturating_sub(looked),
            None => self.version().min(FIRST_LOOK),
        }
    }

    /// Notes that all commits up to this version are looked at. The next commit tells it, if it is
    /// on top of this version.
    pub fn set_looked(&mut self) {
        self.progress.looked = Some(self.version());
    }

    /// Up to which version somebody has looked.
    pub fn looked(&self) -> Option<u64> {
        self.progress.looked
    }

    /// Takes back [`Table::set_looked`]: what came of the look is not committed.
    pub fn unset_looked(&mut self, before: Option<u64>) {
        self.progress.looked = before;
    }

    /// What others have done in the commits that nobody has looked at.
    ///
    /// # Errors
    /// The store fails, or a commit is none.
    pub async fn elsewhere(&self) -> Result<Elsewhere, LakeError> {
        let mut found = Elsewhere::default();
        let first = self.version().saturating_sub(self.unlooked()) + 1;
        let commits = (first..=self.version()).map(|version| async move {
            Ok::<_, LakeError>((version, self.commit_of(version).await?))
        });
        let mut commits = stream::iter(commits).buffered(FETCHES);
        while let Some((version, bytes)) = commits.try_next().await? {
            match bytes {
                Some(bytes) => found
                    .note(&bytes)
                    .map_err(|reason| fault(&self.lake, &layout::commit_key(version), reason))?,
                // Of a table that was never looked at, old commits are history.
                None if self.progress().looked.is_none() => {}
                None => found.untold += 1,
            }
        }
        Ok(found)
    }

    /// A commit; `None` where the log does not hold it any more.
    async fn commit_of(&self, version: u64) -> Result<Option<Bytes>, LakeError> {
        let key = layout::commit_key(version);
        let store = self.lake.store();
        let read = async { store.get(&Path::from(key.as_str())).await?.bytes().await };
        match read.await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(fault(&self.lake, &key, error.to_string())),
        }
    }

    /// What a commit on top of this version says of who has looked.
    pub(crate) fn looked_with_next(&self) -> Option<Transaction> {
        let next = i64::try_from(self.version() + 1).ok()?;
        (self.unlooked() == 0).then(|| Transaction::new(LOOKED, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = r#"{"txn":{"appId":"octolake.commit","version":7}}"#;

    fn remove(path: &str, data_change: &str) -> String {
        format!(
            r#"{{"remove":{{"path":"{path}"{data_change},"partitionValues":{{"event_type":"push","date":"2026-03-02"}}}}}}"#
        )
    }

    fn add(path: &str, data_change: &str) -> String {
        format!(r#"{{"add":{{"path":"{path}"{data_change},"stats":"{{\"numRecords\":3}}"}}}}"#)
    }

    fn noted(commits: &[Vec<String>]) -> Elsewhere {
        let mut found = Elsewhere::default();
        for commit in commits {
            found.note(commit.join("\n").as_bytes()).unwrap();
        }
        found
    }

    fn paths(found: &Elsewhere) -> [Vec<&str>; 3] {
        [
            found.removed.keys().map(String::as_str).collect(),
            found.added.keys().map(String::as_str).collect(),
            found.dropped.iter().map(String::as_str).collect(),
        ]
    }

    #[test]
    fn what_others_changed_is_told_and_what_they_moved_is_not() {
        let (yes, no) = (r#","dataChange":true"#, r#","dataChange":false"#);
        let found = noted(&[
            vec![remove("a", yes), add("b", yes)],
            vec![remove("c", no), add("d", no)],
            vec![OURS.to_owned(), remove("e", yes), add("f", yes)],
            // A writer that does not say has changed something.
            vec![remove("g", "")],
        ]);
        assert_eq!(paths(&found), [vec!["a", "g"], vec!["b"], vec!["e"]]);
        assert_eq!(found.removed["a"], Some("2026-03-02".parse().unwrap()));
        assert_eq!(found.added["b"], Some(3));
    }

    #[test]
    fn a_file_that_comes_back_is_not_gone() {
        let restored =
            noted(&[vec![remove("a", ""), add("b", "")], vec![remove("b", ""), add("a", "")]]);
        assert_eq!(paths(&restored), [vec!["b"], vec!["b"], vec![]]);
        // As with a deletion vector: the same file, with other facts.
        let same = noted(&[vec![remove("a", ""), add("a", "")]]);
        assert_eq!(same, Elsewhere::default());
    }

    #[test]
    fn a_file_that_we_drop_is_told() {
        let dropped = noted(&[vec![add("b", "")], vec![remove("b", ""), OURS.to_owned()]]);
        assert_eq!(paths(&dropped), [vec![], vec!["b"], vec!["b"]]);
    }

    #[test]
    fn what_we_merge_is_not_dropped() {
        let (yes, no) = (r#","dataChange":true"#, r#","dataChange":false"#);
        for of_merge in [yes, no] {
            let merged = noted(&[vec![OURS.to_owned(), remove("a", of_merge), add("b", no)]]);
            assert_eq!(merged, Elsewhere::default());
        }
    }

    #[test]
    fn what_is_no_commit_is_an_error() {
        assert!(Elsewhere::default().note(b"{\"add\":7}").is_err());
        assert!(Elsewhere::default().note(b"\n").is_ok());
    }
}
