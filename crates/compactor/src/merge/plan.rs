//! Which files are merged, from nothing but their sizes.
//!
//! Files of about one size are merged when there are enough of them, so that a row is rewritten about
//! once each time its file grows by that factor; and a settled partition's last files are merged
//! while each merge still makes the largest of them grow by a quarter at least. Both bound how often
//! a byte is written. What becomes one file is hardly larger than the target, so that the memory of a
//! merge is bounded whatever the size of the partition: a partition with more is merged in groups.

use chrono::{NaiveDate, TimeDelta};
use octolake_event::layout::Partition;
use octolake_lake::LiveFile;
use serde::Serialize;

use crate::settings::Settings;

/// Files smaller than this count as being of one size, in bytes.
const SMALLEST_TIER: u64 = 64 * 1024;
/// How much larger each tier is than the one before.
const TIER_FACTOR: u64 = 4;
/// Files of one merge at most: their footers are in memory at once.
const MERGE_FILES: usize = 256;
/// What it costs to open a file, in bytes that could be merged meanwhile.
const FILE_COST: u64 = 64 * 1024;

/// Why files are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// There are enough of about one size.
    Tier,
    /// No more are expected: the partition gets its last form.
    Settled,
}

/// Files of one partition that are to become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merge {
    pub(crate) partition: Partition,
    pub(crate) files: Vec<LiveFile>,
    pub(crate) reason: Reason,
}

impl Merge {
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Only its two smallest files.
    pub(crate) fn smallest(mut self) -> Self {
        self.files.truncate(2);
        self
    }
}

/// What to merge today, of the files that were there before this run; no merge costs more than
/// `most`, in bytes.
pub(crate) fn plan(
    files: &[LiveFile],
    settings: &Settings,
    today: NaiveDate,
    most: u64,
    is_fresh: impl Fn(&LiveFile) -> bool,
) -> Vec<Merge> {
    merges(files, settings, today, most, is_fresh).into_iter().map(Chosen::merge).collect()
}

/// Whether there is anything to merge.
pub(crate) fn is_due(
    files: &[LiveFile],
    settings: &Settings,
    today: NaiveDate,
    is_fresh: impl Fn(&LiveFile) -> bool,
) -> bool {
    !merges(files, settings, today, u64::MAX, is_fresh).is_empty()
}

/// A merge that nothing is copied for yet: there may be a hundred thousand files.
struct Chosen<'f> {
    partition: &'f Partition,
    files: Vec<&'f LiveFile>,
    reason: Reason,
}

impl Chosen<'_> {
    fn merge(self) -> Merge {
        let files = self.files.into_iter().cloned().collect();
        Merge { partition: self.partition.clone(), files, reason: self.reason }
    }
}

fn merges<'f>(
    files: &'f [LiveFile],
    settings: &Settings,
    today: NaiveDate,
    most: u64,
    is_fresh: impl Fn(&LiveFile) -> bool,
) -> Vec<Chosen<'f>> {
    // What this run has written was laid out with all that it knew: it waits for more.
    let is_small =
        |file: &&LiveFile| file.bytes < settings.target_file_bytes / 2 && !is_fresh(file);
    let mut small: Vec<&LiveFile> = files.iter().filter(is_small).collect();
    // By partition they are sorted nearly: paths begin with it.
    small.sort_by(|a, b| (&a.partition, a.bytes, &a.path).cmp(&(&b.partition, b.bytes, &b.path)));
    let settled_before = today - TimeDelta::days(settings.settled_days);
    let mut merges = Vec::new();
    for small in small.chunk_by(|a, b| a.partition == b.partition) {
        let Some(partition) = small.first().map(|file| &file.partition) else { continue };
        let (chosen, reason) = match partition.date < settled_before {
            true => (choose_settled(small), Reason::Settled),
            false => (choose_tier(small, settings), Reason::Tier),
        };
        let groups = groups(chosen, settings.target_file_bytes, most);
        merges.extend(groups.map(|files| Chosen { partition, files: files.to_vec(), reason }));
    }
    merges
}

/// The files in the order of their sizes, in groups of about the target size together; what is alone
/// stays as it is.
fn groups<'c, 'f>(
    chosen: &'c [&'f LiveFile],
    target: u64,
    most: u64,
) -> impl Iterator<Item = &'c [&'f LiveFile]> {
    let (mut bytes, mut files) = (0, 0);
    let goes_on = move |first: &&LiveFile, next: &&LiveFile| {
        (bytes, files) = if files == 0 { (first.bytes, 1) } else { (bytes, files) };
        let cost = (files as u64 + 1).saturating_mul(FILE_COST).saturating_add(bytes + next.bytes);
        let goes_on = bytes + next.bytes <= target && files < MERGE_FILES && cost <= most;
        (bytes, files) = if goes_on { (bytes + next.bytes, files + 1) } else { (next.bytes, 1) };
        goes_on
    };
    chosen.chunk_by(goes_on).filter(|group| group.len() > 1)
}

/// The smallest files, through the largest tier that has enough of them.
fn choose_tier<'c, 'f>(small: &'c [&'f LiveFile], settings: &Settings) -> &'c [&'f LiveFile] {
    let mut chosen = 0;
    let mut below = 0;
    for files in small.chunk_by(|a, b| tier(a.bytes) == tier(b.bytes)) {
        // A merge below carries its bytes up: it counts as one more file of the next tier.
        let carried = usize::from(chosen == below && chosen > 0);
        below += files.len();
        if files.len() + carried >= settings.merge_fan_in {
            chosen = below;
        }
    }
    small.get(..chosen).unwrap_or_default()
}

/// As many files as can be merged with the largest of them growing by a quarter or more.
fn choose_settled<'c, 'f>(small: &'c [&'f LiveFile]) -> &'c [&'f LiveFile] {
    let mut below = 0;
    let mut chosen = 0;
    for (number, file) in small.iter().enumerate() {
        if file.bytes <= 4 * below {
            chosen = number + 1;
        }
        below += file.bytes;
    }
    small.get(..chosen).unwrap_or_default()
}

fn tier(bytes: u64) -> u32 {
    (bytes / SMALLEST_TIER).checked_ilog(TIER_FACTOR).map_or(0, |tier| tier + 1)
}

#[cfg(test)]
mod tests {
    use octolake_event::EventType;

    use super::*;

    const KIB: u64 = 1024;

    fn file(date: &str, name: &str, kib: u64) -> LiveFile {
        LiveFile {
            facts: None,
            path: name.into(),
            partition: Partition {
                event_type: EventType::partition_of("push"),
                date: date.parse().unwrap(),
            },
            bytes: kib * KIB,
            rows: 1,
            modified: chrono::DateTime::UNIX_EPOCH,
            received_min: None,
            received_max: None,
            dates: Default::default(),
        }
    }

    fn files(date: &str, sizes: &[u64]) -> Vec<LiveFile> {
        sizes.iter().enumerate().map(|(n, kib)| file(date, &n.to_string(), *kib)).collect()
    }

    fn plan_of(files: &[LiveFile], is_fresh: impl Fn(&LiveFile) -> bool) -> Vec<Merge> {
        plan(files, &Settings::default(), "2026-03-10".parse().unwrap(), u64::MAX, is_fresh)
    }

    /// The sizes of the files of each merge.
    fn planned(date: &str, sizes: &[u64]) -> Vec<Vec<u64>> {
        let merges = plan_of(&files(date, sizes), |_| false);
        merges.iter().map(|m| m.files.iter().map(|f| f.bytes / KIB).collect()).collect()
    }

    #[test]
    fn a_busy_partition_waits_for_enough_files_of_one_size() {
        assert!(planned("2026-03-10", &[10; 7]).is_empty());
        assert_eq!(planned("2026-03-10", &[10; 8]), [vec![10; 8]]);
        assert!(planned("2026-03-10", &[10, 10, 900, 900, 900]).is_empty());
    }

    #[test]
    fn a_settled_partition_ends_up_with_few_files() {
        assert_eq!(planned("2026-03-01", &[10, 30, 40]), [vec![10, 30, 40]]);
        assert!(planned("2026-03-01", &[1, 1000]).is_empty());
        assert_eq!(planned("2026-03-01", &[1, 2, 1000]), [vec![1, 2]]);
        assert!(planned("2026-03-01", &[1000]).is_empty());
    }

    #[test]
    fn a_large_file_is_left_alone() {
        assert!(planned("2026-03-01", &[100 * KIB, 100 * KIB]).is_empty());
    }

    #[test]
    fn a_large_partition_is_merged_in_groups_of_the_target_size() {
        let mib = |sizes: &[u64]| sizes.iter().map(|mib| mib * KIB).collect::<Vec<u64>>();
        // 1.4 GB in files of 60 MiB, at a target of 128 MiB.
        let merges = planned("2026-03-01", &mib(&[60; 23]));
        assert_eq!(merges, vec![mib(&[60, 60]); 11], "the last one has none to go with");
        assert_eq!(planned("2026-03-01", &mib(&[40, 50, 50])), [mib(&[40, 50])]);
        let merges = planned("2026-03-10", &vec![1; 1_000]);
        assert_eq!(merges.iter().map(Vec::len).collect::<Vec<_>>(), [256, 256, 256, 232]);
    }

    #[test]
    fn what_a_run_has_just_written_is_left_alone() {
        let files = files("2026-03-01", &[10, 10, 10]);
        let is_first = |file: &LiveFile| file.path == "0";
        let merges = plan_of(&files, is_first);
        assert_eq!(merges.iter().map(|m| m.files.len()).collect::<Vec<_>>(), [2]);
        assert_eq!(merges[0].reason, Reason::Settled);
        assert!(plan_of(&files, |file| file.path != "0").is_empty());
        let today = "2026-03-10".parse().unwrap();
        assert!(is_due(&files, &Settings::default(), today, is_first));
        assert!(!is_due(&files, &Settings::default(), today, |_| true));
    }

    #[test]
    fn a_year_of_small_files_is_rewritten_a_bounded_number_of_times() {
        let (mut files, mut added, mut merged) = (Vec::new(), 0, 0);
        for number in 0..4000 {
            let name = number.to_string();
            files.push(file("2026-03-10", &name, 20));
            added += 20 * KIB;
            for merge in plan_of(&files, |file| file.path == name) {
                let sum: u64 = merge.bytes();
                files.retain(|f| !merge.files.contains(f));
                files.push(file("2026-03-10", &format!("m{number}"), sum / KIB));
                merged += sum;
            }
        }
        let amplification = (added + merged) as f64 / added as f64;
        assert!(amplification < 6.0, "{amplification}");
        assert!(files.len() < 40, "{}", files.len());
    }
}
