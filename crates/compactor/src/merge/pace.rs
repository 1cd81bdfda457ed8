//! How much to merge at once where time is short: a merge that takes longer than every deadline
//! would be begun by each run, and never be done.
//!
//! The first merges of a run that has a deadline are so small that the slowest machine and store
//! have time for them; what they took tells how large the next may be.

use std::time::Duration;

use chrono::NaiveDate;
use octolake_lake::LiveFile;

use super::plan::{self, Merge};
use crate::settings::Settings;

/// What a run merges in a second at the least, in bytes, before it knows.
const SLOWEST: f64 = 1024.0 * 1024.0;

/// How fast a run merges.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Bytes in a second, by all threads together; `None` before anything was merged.
    measured: Option<f64>,
    threads: f64,
}

impl Pace {
    /// That of a run that uses so many cores and has merged nothing yet.
    pub(crate) fn new(threads: usize) -> Self {
        Self { measured: None, threads: threads.max(1) as f64 }
    }

    /// Notes that so many bytes were merged in this time.
    pub(crate) fn note(&mut self, bytes: u64, time: Duration) {
        self.measured = Some(bytes as f64 / time.as_secs_f64().max(0.001));
    }

    /// Bytes of one merge for which there is time, and as much time again; without bound where
    /// there is no deadline.
    fn most(&self, left: Option<Duration>) -> u64 {
        let Some(left) = left else { return u64::MAX };
        let pace = self.measured.unwrap_or(SLOWEST) / self.threads;
        // A number that is too large becomes the largest.
        (pace * left.as_secs_f64() / 2.0) as u64
    }

    /// What to merge next, of the files that were there before this run, with this much time left.
    pub(crate) fn choose(
        &self,
        files: &[LiveFile],
        settings: &Settings,
        today: NaiveDate,
        left: Option<Duration>,
        is_fresh: impl Fn(&LiveFile) -> bool,
    ) -> Vec<Merge> {
        let mut due = plan::plan(files, settings, today, self.most(left), &is_fresh);
        if left.is_none() {
            return due;
        }
        if due.is_empty() && self.measured.is_none() {
            // All are too large for the slowest: the smallest of them will tell.
            let all = plan::plan(files, settings, today, u64::MAX, &is_fresh);
            due =
                all.into_iter().map(Merge::smallest).min_by_key(Merge::bytes).into_iter().collect();
        }
        // The small ones first: what is done by the end is done for good.
        due.sort_by_key(Merge::bytes);
        due
    }
}

#[cfg(test)]
mod tests {
    use octolake_event::EventType;
    use octolake_event::layout::Partition;

    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn file(name: String, bytes: u64) -> LiveFile {
        let date = "2026-03-01".parse().unwrap();
        LiveFile {
            facts: None,
            path: name,
            partition: Partition { event_type: EventType::partition_of("push"), date },
            bytes,
            rows: 1,
            modified: chrono::DateTime::UNIX_EPOCH,
            received_min: None,
            received_max: None,
            dates: Default::default(),
        }
    }

    /// One run on a machine that merges so many bytes in a second on its one core, with this much
    /// time for it: the files after it, and how many merges it has made.
    fn run(files: &mut Vec<LiveFile>, number: u32, speed: f64, time: Duration) -> usize {
        let settings = Settings { threads: 1, ..Settings::default() };
        let today = "2026-03-10".parse().unwrap();
        let (mut pace, mut left, mut made) = (Pace::new(1), time, 0);
        let is_fresh = |file: &LiveFile| file.path.starts_with(&format!("{number}-"));
        loop {
            let due = pace.choose(files, &settings, today, Some(left), is_fresh);
            if due.is_empty() {
                return made;
            }
            let (before, mut merged) = (left, 0);
            for merge in due {
                let takes = Duration::from_secs_f64(merge.bytes() as f64 / speed);
                let Some(rest) = left.checked_sub(takes) else { return made };
                (left, made, merged) = (rest, made + 1, merged + merge.bytes());
                files.retain(|file| !merge.files.contains(file));
                files.push(file(format!("{number}-{made}"), merge.bytes()));
            }
            pace.note(merged, before - left);
        }
    }

    #[test]
    fn each_run_that_has_time_for_a_merge_makes_one() {
        // 128 MiB in one go take 2 s to 4 minutes; each run has one.
        for speed in [0.6, 4.0, 64.0] {
            let mut files: Vec<LiveFile> =
                (0..240).map(|number| file(format!("0-{number}"), MIB / 8)).collect();
            let second = Duration::from_secs(1);
            let mut runs = 0;
            for number in 1..500 {
                let before = files.len();
                if run(&mut files, number, speed * MIB as f64, second) == 0 {
                    break;
                }
                runs += 1;
                assert!(files.len() < before, "{speed}: {before} files");
            }
            assert_eq!(files.iter().map(|file| file.bytes).sum::<u64>(), 30 * MIB, "{speed}");
            // What is left would take half of a run's time or more to merge.
            assert!(files.len() as f64 <= 2.0 + 150.0 / speed, "{speed}: {} files", files.len());
            assert!(runs > 0 && runs < 200, "{speed}: {runs}");
        }
    }

    #[test]
    fn files_that_are_all_large_are_tried_once_two_at_a_time() {
        let mut files: Vec<LiveFile> =
            (0..6).map(|number| file(format!("0-{number}"), 20 * MIB)).collect();
        assert_eq!(run(&mut files.clone(), 1, 30.0 * MIB as f64, Duration::from_secs(1)), 0);
        assert_eq!(run(&mut files, 1, 50.0 * MIB as f64, Duration::from_secs(1)), 1);
        assert_eq!(files.len(), 5);
    }

    #[test]
    fn without_a_deadline_everything_is_due_at_once() {
        let files: Vec<LiveFile> =
            (0..6).map(|number| file(format!("0-{number}"), 20 * MIB)).collect();
        let today = "2026-03-10".parse().unwrap();
        let due = Pace::new(2).choose(&files, &Settings::default(), today, None, |_| false);
        assert_eq!(due.iter().map(|merge| merge.files.len()).collect::<Vec<_>>(), [6]);
    }
}
