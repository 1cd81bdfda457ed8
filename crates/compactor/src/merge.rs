//! Small files become larger ones, within their partition, in commits of their own.
//!
//! Which files, [`plan`] says, from nothing but their sizes. Files of about one size are merged
//! when there are enough of them, so that a row is rewritten about once each time its file grows by
//! that factor; and a settled partition's last files are merged while each merge still makes the
//! largest of them grow by a quarter at least. Both bound how often a byte is written.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, TimeDelta};
use octolake_event::layout::Partition;
use octolake_lake::{CommitKind, LiveFile, NewFile, Outcome};

use crate::error::CompactError;
use crate::rewrite::Rewriter;
use crate::run::Run;
use crate::settings::Settings;

/// Files smaller than this count as being of one size, in bytes.
const SMALLEST_TIER: u64 = 64 * 1024;
/// How much larger each tier is than the one before.
const TIER_FACTOR: u64 = 4;
/// Bytes and files that one commit may replace: a commit that comes second has worked for nothing,
/// and each one costs another reading of the log.
const COMMIT_BYTES: u64 = 256 << 20;
const COMMIT_FILES: usize = 1_000;

/// Files of one partition that are to become one (or a few, at the target size).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merge {
    pub(crate) partition: Partition,
    pub(crate) files: Vec<LiveFile>,
}

/// What to merge today.
pub(crate) fn plan(files: &[LiveFile], settings: &Settings, today: NaiveDate) -> Vec<Merge> {
    let mut partitions: BTreeMap<&Partition, Vec<&LiveFile>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.bytes < settings.target_file_bytes / 2) {
        partitions.entry(&file.partition).or_default().push(file);
    }
    let settled_before = today - TimeDelta::days(settings.settled_days);
    partitions
        .into_iter()
        .filter_map(|(partition, mut small)| {
            small.sort_by(|a, b| (a.bytes, &a.path).cmp(&(b.bytes, &b.path)));
            let settled = partition.date < settled_before;
            let chosen =
                if settled { choose_settled(&small) } else { choose_tier(&small, settings) };
            let files: Vec<LiveFile> = chosen.iter().map(|file| (*file).clone()).collect();
            (files.len() > 1).then(|| Merge { partition: partition.clone(), files })
        })
        .collect()
}

/// The smallest files, through the largest tier that has enough of them.
fn choose_tier<'f>(small: &'f [&'f LiveFile], settings: &Settings) -> &'f [&'f LiveFile] {
    let mut chosen = 0;
    let mut start = 0;
    while start < small.len() {
        let tier = tier(small[start].bytes);
        let end = small.partition_point(|file| self::tier(file.bytes) <= tier);
        // A merge below carries its bytes up: it counts as one more file of the next tier.
        let carried = usize::from(chosen == start && chosen > 0);
        if end - start + carried >= settings.merge_fan_in {
            chosen = end;
        }
        start = end;
    }
    &small[..chosen]
}

/// As many files as can be merged with the largest of them growing by a quarter or more.
fn choose_settled<'f>(small: &'f [&'f LiveFile]) -> &'f [&'f LiveFile] {
    let mut below = 0;
    let mut chosen = 0;
    for (number, file) in small.iter().enumerate() {
        if file.bytes <= 4 * below {
            chosen = number + 1;
        }
        below += file.bytes;
    }
    &small[..chosen]
}

fn tier(bytes: u64) -> u32 {
    (bytes / SMALLEST_TIER).checked_ilog(TIER_FACTOR).map_or(0, |tier| tier + 1)
}

/// Makes the merges that are due, as far as time allows, some of them in each commit.
pub(crate) async fn merge(run: &mut Run<'_>) -> Result<(), CompactError> {
    let today = run.now().date_naive();
    let mut due = plan(run.files(), run.settings, today).into_iter().peekable();
    while due.peek().is_some() && !run.is_out_of_time() {
        let mut commit = run.commit_of(CommitKind::Merge);
        let mut bytes = 0;
        while bytes < COMMIT_BYTES && commit.removes.len() < COMMIT_FILES && !run.is_out_of_time() {
            let Some(merge) = due.next() else { break };
            commit.adds.extend(merged(run, &merge).await?);
            bytes += merge.files.iter().map(|file| file.bytes).sum::<u64>();
            commit.removes.extend(merge.files);
        }
        if commit.removes.is_empty() {
            break;
        }
        let Some(table) = &mut run.table else { break };
        match table.commit(&commit).await? {
            Outcome::Committed(version) => {
                let (added, removed) = (commit.adds.len(), commit.removes.len());
                tracing::info!(version, added, removed, "files merged");
                let bytes: u64 = commit.adds.iter().map(|file| file.bytes).sum();
                run.report.commits += 1;
                run.report.files_added += added as u64;
                run.report.files_removed += removed as u64;
                run.report.bytes_written += bytes;
                run.report.bytes_merged += bytes;
            }
            Outcome::Conflict => {
                // Another compactor is at work, and perhaps at the same files: next time.
                run.report.conflicts += 1;
                break;
            }
        }
    }
    Ok(())
}

/// Writes the rows of several files into as few as the target size allows.
async fn merged(run: &mut Run<'_>, merge: &Merge) -> Result<Vec<NewFile>, CompactError> {
    let mut rewriter = Rewriter::new(&merge.partition, &merge.files, run.now());
    for file in &merge.files {
        rewriter.copy(run, file, &BTreeSet::new()).await?;
    }
    rewriter.finish(run, merge.files.iter().map(|file| file.rows).sum()).await
}

#[cfg(test)]
mod tests {
    use octolake_event::EventType;

    use super::*;

    const KIB: u64 = 1024;

    fn file(date: &str, name: &str, kib: u64) -> LiveFile {
        LiveFile {
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
        }
    }

    fn planned(date: &str, sizes: &[u64]) -> Vec<u64> {
        let files: Vec<_> =
            sizes.iter().enumerate().map(|(n, kib)| file(date, &n.to_string(), *kib)).collect();
        let merges = plan(&files, &Settings::default(), "2026-03-10".parse().unwrap());
        merges.iter().flat_map(|m| m.files.iter().map(|f| f.bytes / KIB)).collect()
    }

    #[test]
    fn a_busy_partition_waits_for_enough_files_of_one_size() {
        assert_eq!(planned("2026-03-10", &[10; 7]), Vec::<u64>::new());
        assert_eq!(planned("2026-03-10", &[10; 8]), vec![10; 8]);
        assert_eq!(planned("2026-03-10", &[10, 10, 900, 900, 900]), Vec::<u64>::new());
    }

    #[test]
    fn a_settled_partition_ends_up_with_few_files() {
        assert_eq!(planned("2026-03-01", &[10, 30, 40]), vec![10, 30, 40]);
        assert_eq!(planned("2026-03-01", &[1, 1000]), Vec::<u64>::new());
        assert_eq!(planned("2026-03-01", &[1, 2, 1000]), vec![1, 2]);
        assert_eq!(planned("2026-03-01", &[1000]), Vec::<u64>::new());
    }

    #[test]
    fn a_large_file_is_left_alone() {
        assert_eq!(planned("2026-03-01", &[100 * KIB, 100 * KIB]), Vec::<u64>::new());
    }

    #[test]
    fn a_year_of_small_files_is_rewritten_a_bounded_number_of_times() {
        let (mut files, mut added, mut merged) = (Vec::new(), 0, 0);
        for number in 0..4000 {
            files.push(file("2026-03-10", &number.to_string(), 20));
            added += 20 * KIB;
            for merge in plan(&files, &Settings::default(), "2026-03-10".parse().unwrap()) {
                let sum: u64 = merge.files.iter().map(|f| f.bytes).sum();
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
