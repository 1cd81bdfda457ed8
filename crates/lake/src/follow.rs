//! What commits have done to the rows of `events` since a version, told from the commits alone: what
//! has to be added to a projection of that version, and what of it does not hold any more.
//!
//! | a commit that                                   | means                                        |
//! |-------------------------------------------------|----------------------------------------------|
//! | adds files, and removes none                    | new rows                                     |
//! | adds with `dataChange` false                    | the same rows in other files: nothing        |
//! | removes files, and adds none or with a change   | the rows of these partitions are not the same |
//!
//! An octolake merge says true of what it removes and false of what it adds (decision 28); those of
//! others, and of older versions, say false of both.

use std::collections::{BTreeMap, BTreeSet};

use octolake_event::layout::{self, Partition};

use crate::line::{AddLine, RemoveLine, Values, decoded, lines};
use crate::live::{Entry, LiveFile};

/// What commits have done, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Following {
    /// Files with rows that were not there before, by path.
    pub added: BTreeMap<String, LiveFile>,
    /// Of them, those that were merged away since: their rows are in other files too.
    pub moved: BTreeSet<String>,
    /// Partitions of `events` whose older rows are not all what they were.
    pub changed: BTreeSet<Partition>,
    /// Why nothing can be told of the rows; `None` where something can.
    pub unclear: Option<&'static str>,
}

/// The partition of the rows that went with a file.
fn partition(remove: &RemoveLine<'_>) -> Option<Partition> {
    let told = remove.partition_values.as_ref().and_then(Values::partition);
    told.or_else(|| Partition::of_file(&decoded(&remove.path)))
}

impl Following {
    /// Whether all that has happened is that rows came, in files that are there.
    pub fn is_only_added(&self) -> bool {
        self.unclear.is_none() && self.changed.is_empty() && self.moved.is_empty()
    }

    /// Takes in the next commit.
    pub(crate) fn note(&mut self, commit: &[u8]) -> Result<(), String> {
        let (mut adds, mut removes) = (vec![], vec![]);
        for line in lines(commit) {
            let line = line?;
            if line.protocol.is_some_and(|protocol| protocol.min_reader_version != 1) {
                self.unclear = Some("another engine has changed the protocol of the table");
            }
            adds.extend(line.add);
            removes.extend(line.remove);
        }
        let is_move = |said: Option<bool>| said == Some(false);
        if removes.iter().any(|remove| remove.deletion_vector.is_some()) {
            self.unclear = Some("another engine has deleted rows by deletion vectors");
        }
        match adds.iter().filter(|add| is_move(add.data_change)).count() {
            0 if removes.iter().all(|remove| is_move(remove.data_change)) && adds.is_empty() => {
                self.move_all(&removes);
            }
            moves if moves > 0 && moves == adds.len() => self.move_all(&removes),
            0 => self.change(removes, adds),
            _ => self.unclear = Some("another engine has moved and changed rows in one commit"),
        }
        Ok(())
    }

    /// Rows that are only in other files from now on.
    fn move_all(&mut self, removes: &[RemoveLine<'_>]) {
        let paths = removes.iter().map(|remove| decoded(&remove.path));
        self.moved.extend(paths.filter(|path| self.added.contains_key(path)));
    }

    fn change(&mut self, removes: Vec<RemoveLine<'_>>, adds: Vec<AddLine<'_>>) {
        let has_removed = !removes.is_empty();
        for remove in removes {
            match partition(&remove) {
                Some(partition) => drop(self.changed.insert(partition)),
                None => self.unclear = Some("a file was removed, and nothing tells of which rows"),
            }
        }
        for add in adds {
            match add.entry() {
                Entry::File(file) if has_removed => drop(self.changed.insert(file.partition)),
                Entry::File(file) => drop(self.added.insert(file.path.clone(), file)),
                Entry::Uncounted(file) => drop(self.changed.insert(file.partition)),
                Entry::Unusable(_) => self.unclear = Some("a file cannot be used"),
            }
        }
    }

    /// The months of the projection that have to be made anew.
    pub fn changed_months(&self) -> BTreeSet<Partition> {
        self.changed.iter().map(layout::projected_partition).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: &str = "event_type=push/date=2026-03-02";

    fn add(name: &str, more: &str) -> String {
        format!(
            r#"{{"add":{{"path":"{DAY}/{name}","partitionValues":{{"event_type":"push","date":"2026-03-02"}},"size":3,"modificationTime":0{more},"stats":"{{\"numRecords\":3}}"}}}}"#
        )
    }

    fn remove(name: &str, more: &str) -> String {
        format!(r#"{{"remove":{{"path":"{DAY}/{name}"{more}}}}}"#)
    }

    fn followed(commits: &[Vec<String>]) -> Following {
        let mut following = Following::default();
        for commit in commits {
            following.note(commit.join("\n").as_bytes()).unwrap();
        }
        following
    }

    fn names(following: &Following) -> [Vec<String>; 3] {
        let name = |path: &String| path.rsplit('/').next().unwrap().to_owned();
        [
            following.added.keys().map(name).collect(),
            following.moved.iter().map(name).collect(),
            following.changed.iter().map(Partition::folder).collect(),
        ]
    }

    const YES: &str = r#","dataChange":true"#;
    const NO: &str = r#","dataChange":false"#;

    #[test]
    fn new_rows_are_added_and_moved_ones_are_none() {
        let following = followed(&[
            vec![add("a", YES), add("b", "")],
            vec![remove("old", NO), add("older", NO)],
            vec![remove("older", YES), add("oldest", NO)],
            vec![r#"{"txn":{"appId":"x","version":1}}"#.to_owned()],
        ]);
        assert_eq!(names(&following), [vec!["a", "b"], vec![], vec![]]);
        assert!(following.is_only_added());
    }

    #[test]
    fn what_was_added_and_moved_is_told() {
        let following = followed(&[vec![add("a", YES)], vec![remove("a", YES), add("b", NO)]]);
        assert_eq!(names(&following), [vec!["a"], vec!["a"], vec![]]);
        assert!(!following.is_only_added());
    }

    #[test]
    fn what_is_removed_changes_its_partition() {
        let values = r#","partitionValues":{"event_type":"star","date":"2026-03-09"}"#;
        let following =
            followed(&[vec![remove("a", YES), add("b", YES)], vec![remove("%2e", values)]]);
        assert_eq!(names(&following)[2], [DAY, "event_type=star/date=2026-03-09"]);
        let months: Vec<String> =
            following.changed_months().iter().map(layout::projected_folder).collect();
        assert_eq!(months, ["event_type=push/month=2026-03", "event_type=star/month=2026-03"]);
    }

    #[test]
    fn what_cannot_be_told_is_unclear() {
        for commit in [
            vec![r#"{"protocol":{"minReaderVersion":3,"minWriterVersion":7}}"#.to_owned()],
            vec![r#"{"remove":{"path":"x/y"}}"#.to_owned()],
            vec![add("a", YES), add("b", NO)],
            vec![remove("a", r#","dataChange":true,"deletionVector":{}"#)],
            vec![add("a", r#","dataChange":true,"deletionVector":{}"#)],
        ] {
            assert!(followed(std::slice::from_ref(&commit)).unclear.is_some(), "{commit:?}");
        }
        assert!(Following::default().note(b"{\"add\":7}").is_err());
    }
}
