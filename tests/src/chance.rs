//! Chance that can be had again: one seed decides all of it.

use std::time::Duration;

/// The variable that sets the seed.
const SEED: &str = "OCTOLAKE_SEED";

/// A row of numbers that look random (SplitMix64).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// From the seed in `OCTOLAKE_SEED`, or from 1: how the system schedules is chance enough. It is
    /// printed, so that a test that fails says it.
    #[expect(clippy::disallowed_methods, reason = "the seed of the run before is set from outside")]
    #[expect(clippy::print_stdout, reason = "shown where a test fails, or by --nocapture")]
    pub fn of_this_run() -> Self {
        let given = std::env::var(SEED).ok().map(|text| text.parse().expect("a seed is a number"));
        let seed = given.unwrap_or(1);
        println!("{SEED}={seed}");
        Self::new(seed)
    }

    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another row, that this one decides.
    pub fn fork(&mut self) -> Self {
        Self(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of some.
    pub fn pick<'a, T>(&mut self, some: &'a [T]) -> &'a T {
        &some[self.below(some.len())]
    }

    /// A time up to `longest`, in microseconds.
    pub fn delay(&mut self, longest: Duration) -> Duration {
        let micros = usize::try_from(longest.as_micros()).unwrap();
        Duration::from_micros(self.below(micros + 1) as u64)
    }

    /// Puts them into another order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.below(last + 1));
        }
    }

    /// A text of hexadecimal digits, that does not compress well.
    pub fn noise(&mut self, digits: usize) -> String {
        let text: String =
            (0..digits.div_ceil(16)).map(|_| format!("{:016x}", self.next())).collect();
        text[..digits].to_owned()
    }
}
