//! What of the projection is to be written, from nothing but lists of files.
//!
//! New rows of a month become a file, together with the month's files that are no larger than what
//! is new, or small: so a month has few files, each row is written as often as its file doubles, and
//! each run writes little that is old. A month that is over becomes one file. A month whose rows are
//! not what they were is made anew.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, TimeDelta};
use octolake_event::layout::{self, Partition};
use octolake_lake::{Following, LiveFile};

use super::facts::FULL_JOBS;

/// A file no larger than this is written again with whatever comes, in bytes.
const SMALL: u64 = 64 * 1024;
/// What a row of the archive takes in the projection, about, in bytes.
const ROW: u64 = 60;
/// A month's files that are larger than this together stay as they are, in bytes.
const SETTLED: u64 = 64 << 20;

/// Files that are to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    /// The month: its date is the first of it.
    pub(super) month: Partition,
    /// Files of `events` that go in.
    pub(super) archive: Vec<LiveFile>,
    /// Files of the projection that go in too, and stop being part of it.
    pub(super) folded: Vec<LiveFile>,
}

impl Job {
    /// Rows that it reads.
    pub(super) fn rows(&self) -> u64 {
        self.archive.iter().chain(&self.folded).map(|file| file.rows).sum()
    }
}

type Months<'f> = BTreeMap<&'f Partition, Vec<&'f LiveFile>>;

fn months(files: &[LiveFile]) -> Months<'_> {
    let mut months = Months::new();
    for file in files {
        months.entry(&file.partition).or_default().push(file);
    }
    months
}

/// What is new, month by month, but for those that are to be made anew; `is_whole`: months that are
/// not there are new ones, and else they are still to be made.
pub(super) fn appends(projected: &[LiveFile], following: &Following, is_whole: bool) -> Vec<Job> {
    let (there, changed) = (months(projected), following.changed_months());
    let mut new: BTreeMap<Partition, Vec<LiveFile>> = BTreeMap::new();
    for file in following.added.values() {
        let month = layout::projected_partition(&file.partition);
        if !changed.contains(&month) && (is_whole || there.contains_key(&month)) {
            new.entry(month).or_default().push(file.clone());
        }
    }
    let job = |(month, archive): (Partition, Vec<LiveFile>)| {
        let folded = folded(there.get(&month).map_or(&[], Vec::as_slice), &archive);
        Job { month, archive, folded }
    };
    new.into_iter().map(job).collect()
}

/// The files of a month that are written again with what is new.
fn folded(there: &[&LiveFile], new: &[LiveFile]) -> Vec<LiveFile> {
    let mut there = there.to_vec();
    there.sort_by(|a, b| a.bytes.cmp(&b.bytes).then_with(|| a.path.cmp(&b.path)));
    let mut bytes = new.iter().map(|file| file.rows * ROW).sum::<u64>();
    let mut folded = vec![];
    for file in there {
        if file.bytes > bytes.max(SMALL) || file.bytes + bytes > SETTLED {
            break;
        }
        bytes += file.bytes;
        folded.push(file.clone());
    }
    folded
}

/// Months that are over and have several files which fit into one, but for some: those that a job is
/// about already, and those whose rows are not what they were.
pub(super) fn settled(
    projected: &[LiveFile],
    busy: &BTreeSet<Partition>,
    settled_days: i64,
    today: NaiveDate,
) -> Vec<Job> {
    let this_month = layout::month_of(today - TimeDelta::days(settled_days));
    let is_over = |month: &Partition| month.date < this_month && !busy.contains(month);
    let over = months(projected).into_iter().filter(|(month, _)| is_over(month));
    over.filter_map(|(month, mut files)| {
        files.sort_by_key(|file| file.bytes);
        let (mut bytes, mut jobs) = (0, 0);
        let fits = |file: &&&LiveFile| {
            bytes += file.bytes;
            jobs += file.facts.as_ref().map_or(0, |facts| facts.rows);
            bytes <= SETTLED && jobs <= FULL_JOBS
        };
        let folded: Vec<LiveFile> = files.iter().take_while(fits).map(|f| (*f).clone()).collect();
        (folded.len() > 1).then(|| Job { month: month.clone(), archive: vec![], folded })
    })
    .collect()
}

/// Months of `events` of which nothing is there, the newest first.
pub(super) fn missing(projected: &[LiveFile], events: &[LiveFile]) -> Vec<Job> {
    let there: BTreeSet<&Partition> = projected.iter().map(|file| &file.partition).collect();
    let mut missing: BTreeMap<Partition, Vec<LiveFile>> = BTreeMap::new();
    for file in events.iter().filter(|file| file.rows > 0) {
        let month = layout::projected_partition(&file.partition);
        if !there.contains(&month) {
            missing.entry(month).or_default().push(file.clone());
        }
    }
    let job = |(month, archive)| Job { month, archive, folded: vec![] };
    let mut jobs: Vec<Job> = missing.into_iter().map(job).collect();
    jobs.sort_by(|a, b| b.month.date.cmp(&a.month.date).then_with(|| a.month.cmp(&b.month)));
    jobs
}

/// Files of these months.
pub(super) fn of_months(projected: &[LiveFile], months: &BTreeSet<Partition>) -> Vec<LiveFile> {
    projected.iter().filter(|file| months.contains(&file.partition)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use octolake_event::EventType;

    use super::*;

    fn file(date: &str, name: &str, rows: u64, bytes: u64) -> LiveFile {
        let date: NaiveDate = date.parse().unwrap();
        LiveFile {
            facts: None,
            path: name.into(),
            partition: Partition { event_type: EventType::partition_of("push"), date },
            bytes,
            rows,
            modified: chrono::DateTime::UNIX_EPOCH,
            received_min: None,
            received_max: None,
            dates: (date, date),
        }
    }

    fn following(added: &[LiveFile], changed: &[&str]) -> Following {
        let partition = |date: &&str| Partition {
            event_type: EventType::partition_of("push"),
            date: date.parse().unwrap(),
        };
        Following {
            added: added.iter().map(|file| (file.path.clone(), file.clone())).collect(),
            changed: changed.iter().map(partition).collect(),
            ..Following::default()
        }
    }

    fn told(jobs: &[Job]) -> Vec<(String, Vec<&str>, Vec<&str>)> {
        jobs.iter()
            .map(|job| {
                (
                    layout::month_text(job.month.date),
                    job.archive.iter().map(|file| file.path.as_str()).collect(),
                    job.folded.iter().map(|file| file.path.as_str()).collect(),
                )
            })
            .collect()
    }

    #[test]
    fn new_rows_are_written_with_what_is_small_beside_them() {
        let there = [
            file("2026-03-01", "small", 10, 900),
            file("2026-03-01", "as large", 1, 90_000),
            file("2026-03-01", "larger", 1, 300_000),
            file("2026-02-01", "other month", 1, 10),
        ];
        let few = following(&[file("2026-03-05", "a", 10, 1), file("2026-03-06", "b", 1, 1)], &[]);
        assert_eq!(
            told(&appends(&there, &few, true)),
            [("2026-03".into(), vec!["a", "b"], vec!["small"])]
        );
        let many = following(&[file("2026-03-05", "a", 2_000, 1)], &[]);
        assert_eq!(told(&appends(&there, &many, true))[0].2, ["small", "as large"]);
    }

    #[test]
    fn a_month_that_is_to_be_made_gets_nothing_beforehand() {
        let new = following(
            &[file("2026-03-05", "a", 1, 1), file("2026-04-05", "b", 1, 1)],
            &["2026-03-09"],
        );
        assert_eq!(told(&appends(&[], &new, true)), [("2026-04".into(), vec!["b"], vec![])]);
        assert!(appends(&[], &new, false).is_empty());
        let there = [file("2026-03-01", "x", 1, 1), file("2026-04-01", "y", 1, 1)];
        assert_eq!(of_months(&there, &new.changed_months()), [there[0].clone()]);
    }

    #[test]
    fn a_month_that_is_over_becomes_one_file() {
        let there = [
            file("2026-02-01", "a", 1, 10),
            file("2026-02-01", "b", 1, 20_000_000),
            file("2026-02-01", "c", 1, 60_000_000),
            file("2026-03-01", "d", 1, 10),
            file("2026-03-01", "e", 1, 10),
            file("2026-01-01", "f", 1, 10),
        ];
        let settled_but = |busy: &BTreeSet<Partition>, today: &str| {
            settled(&there, busy, 4, today.parse().unwrap())
        };
        let settled = |today: &str| settled_but(&BTreeSet::new(), today);
        assert_eq!(told(&settled("2026-03-05")), [("2026-02".into(), vec![], vec!["a", "b"])]);
        assert!(settled("2026-03-04").is_empty());
        assert_eq!(settled("2026-04-05").len(), 2);
        // Its rows are not what they were.
        let changed = following(&[], &["2026-02-17"]).changed_months();
        assert!(settled_but(&changed, "2026-03-05").is_empty());
    }

    #[test]
    fn files_that_would_be_parted_again_stay_apart() {
        let of_jobs = |name: &str, jobs: u64| LiveFile {
            facts: Some(octolake_lake::Facts { bytes: 1, rows: jobs, ids: vec![] }),
            ..file("2026-02-01", name, 1, 10)
        };
        let settled_of =
            |files: &[LiveFile]| settled(files, &BTreeSet::new(), 4, "2026-04-05".parse().unwrap());
        let few = [of_jobs("a", 100_000), of_jobs("b", 31_072)];
        assert_eq!(told(&settled_of(&few)), [("2026-02".into(), vec![], vec!["a", "b"])]);
        assert!(settled_of(&[of_jobs("a", 100_000), of_jobs("b", 31_073)]).is_empty());
    }

    #[test]
    fn what_is_missing_is_made_from_the_newest_month_on() {
        let events = [
            file("2026-02-03", "a", 1, 1),
            file("2026-03-03", "b", 1, 1),
            file("2026-03-04", "c", 1, 1),
            file("2026-01-04", "d", 1, 1),
            file("2026-05-04", "empty", 0, 1),
        ];
        let there = [file("2026-01-01", "x", 1, 1)];
        assert_eq!(
            told(&missing(&there, &events)),
            [("2026-03".into(), vec!["b", "c"], vec![]), ("2026-02".into(), vec!["a"], vec![])]
        );
    }
}
