//! All chance of a simulation: one seeded stream, and integers only, so that a seed gives the same
//! organisation on every machine. Never reads the clock or the operating system's randomness.

use std::fmt;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a duration is at each tenth of its distribution, in per cent of its median: long to the
/// right, as waiting, building and reviewing are.
const DECILES: [i64; 11] = [10, 25, 40, 60, 80, 100, 140, 200, 320, 600, 1_800];

/// A seeded stream of decisions.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of `seed` named `stream`: streams of one seed do not depend on each other.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high)
    }

    /// A number from 0 up to, but not including, `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0.random_range(0..bound)
    }

    /// True `per_mille` times in a thousand.
    pub(crate) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    /// The index of one of `weights`, each as likely as it is heavy; their sum must not be 0.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> usize {
        let mut left = self.below(weights.clone().sum());
        weights
            .take_while(|weight| {
                let here = left < *weight;
                left = left.saturating_sub(*weight);
                !here
            })
            .count()
    }

    /// A duration around `median`, in its unit: from a tenth of it to eighteen times it.
    pub(crate) fn skewed(&mut self, median: i64) -> i64 {
        let tenth = self.below(10) as usize;
        let within = self.between(0, 999);
        let (low, high) = (DECILES[tenth], DECILES[tenth + 1]);
        median * (low * 1_000 + (high - low) * within) / 100_000
    }

    /// 64 bits, for a [`Sha`].
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.random()
    }

    /// 128 bits in the form of a version 4 UUID.
    pub(crate) fn uuid(&mut self) -> u128 {
        uuid::Builder::from_random_bytes(self.0.random()).into_uuid().as_u128()
    }
}

/// A commit's name, kept as the 64 bits that its 40 digits are made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sha(pub(crate) u64);

impl fmt::Display for Sha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spread = |n: u64| (self.0 ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        write!(f, "{:016x}{:016x}{:08x}", spread(1), spread(2), spread(3) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_of_nothing_is_never_taken_and_all_others_are() {
        let mut dice = Dice::new(1, 0);
        let mut seen = [0; 4];
        for _ in 0..1_000 {
            seen[dice.weighted([0, 5, 0, 1].into_iter())] += 1;
        }
        assert_eq!((seen[0], seen[2]), (0, 0));
        assert!(seen[1] > seen[3] && seen[3] > 0, "{seen:?}");
    }

    #[test]
    fn half_of_all_durations_are_below_the_median() {
        let mut dice = Dice::new(2, 0);
        let below = (0..10_000).filter(|_| dice.skewed(1_000) < 1_000).count();
        assert!((4_700..5_300).contains(&below), "{below}");
    }

    #[test]
    fn a_sha_has_forty_digits() {
        assert_eq!(Sha(7).to_string().len(), 40);
        assert_ne!(Sha(7).to_string(), Sha(8).to_string());
    }
}
