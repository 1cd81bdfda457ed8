//! Two faults in one run, drawn by a seed.

use std::sync::Arc;

use octolake_testkit::Fault;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::scenario::{Place, Scenario};
use super::trial::{Faults, trial};
use super::workers::{each, setting};

#[test]
fn two_faults_in_one_run() {
    let (count, seed) = (setting("OCTOLAKE_PAIRS", 60), setting("OCTOLAKE_SEED", 1));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let scenario = Arc::new(runtime.block_on(Scenario::new()));
    let operations = runtime.block_on(trial(&scenario, Place::Memory, &vec![])).len();
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let pairs: Vec<Faults> = (0..count).map(|_| pair(&mut dice, operations)).collect();
    each(&pairs, |faults| {
        let scenario = scenario.clone();
        async move { drop(trial(&scenario, Place::Memory, &faults).await) }
    });
}

/// The second comes later, perhaps in what the run does because of the first.
fn pair(dice: &mut ChaCha8Rng, operations: usize) -> Faults {
    let mut fault = || Fault::ALL[dice.random_range(0..Fault::ALL.len())];
    let (first, second) = (fault(), fault());
    let at = dice.random_range(0..operations);
    vec![(at, first), (at + 1 + dice.random_range(0..operations / 2), second)]
}
