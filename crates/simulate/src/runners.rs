//! The runners of one pool: how many there are, and which one takes the next job.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::dice::Dice;
use crate::organisation::Pool;

/// A pool's runners: when each is free, and its number. Empty where there are always enough.
pub(crate) struct Runners(BinaryHeap<Reverse<(i64, u64)>>);

impl Runners {
    /// The runners of `pool` for `work` seconds of jobs within `span` seconds.
    pub(crate) fn new(pool: &Pool, work: i64, span: i64) -> Self {
        let count = pool.staffing.map_or(0, |staffing| count(work * 1_000 / span.max(1), staffing));
        Self((1..=count).map(|runner| Reverse((0, runner as u64))).collect())
    }

    /// When a job queued at `at`, which takes `seconds`, is taken, and by which runner.
    pub(crate) fn take(&mut self, dice: &mut Dice, at: i64, seconds: i64) -> (i64, u64) {
        let Some(Reverse((free, runner))) = self.0.pop() else {
            return (at + dice.between(2, 14), 1 + dice.below(900));
        };
        let picked_up = at.max(free) + dice.between(1, 6);
        self.0.push(Reverse((picked_up + seconds, runner)));
        (picked_up, runner)
    }
}

/// How many runners serve a load of `load` thousandths of a runner: a multiple of it for the busy
/// hours (`staffing`, per mille), and its square root for chance, which weighs less where much
/// runs.
fn count(load: i64, staffing: i64) -> i64 {
    let (for_hours, for_chance) = (load * staffing / 1_000, (load * 1_000).isqrt() / 2);
    1 + (for_hours + for_chance) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_runner_takes_jobs_one_after_the_other_in_order_of_their_queueing() {
        let mut runners = Runners(BinaryHeap::from([Reverse((0, 1))]));
        let mut dice = Dice::new(1, 0);
        let mut free = 0;
        for at in [100, 101, 900] {
            let (picked_up, runner) = runners.take(&mut dice, at, 300);
            assert_eq!(runner, 1);
            assert!((1..=6).contains(&(picked_up - at.max(free))), "{picked_up}");
            free = picked_up + 300;
        }
    }

    #[test]
    fn more_load_needs_more_runners_but_less_than_in_proportion() {
        assert_eq!(count(0, 2_000), 1);
        // 2 × 4 for the hours, √4 / 2 for chance, and one.
        assert_eq!(count(4_000, 2_000), 10);
        assert_eq!(count(400_000, 2_000), 811);
    }
}
