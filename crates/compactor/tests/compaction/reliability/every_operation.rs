//! Every operation of the run × every fault.

use std::sync::Arc;

use octolake_testkit::{Fault, Kind, Operation};

use super::scenario::{Place, Scenario};
use super::trial::{Faults, trial};
use super::workers::{each, setting, variable};

async fn without_faults(place: Place) -> (Arc<Scenario>, Vec<Operation>) {
    let scenario = Arc::new(Scenario::new().await);
    let operations = trial(&scenario, place, &vec![]).await;
    (scenario, operations)
}

/// One of so many trials: which ones, the seed says; or those with one fault.
pub(crate) fn share(mut trials: Vec<Faults>) -> Vec<Faults> {
    if let Some(name) = variable("OCTOLAKE_FAULT") {
        trials.retain(|faults| faults.iter().all(|(_, fault)| format!("{fault:?}") == name));
    }
    let (share, seed) = (setting("OCTOLAKE_SHARE", 24), setting("OCTOLAKE_SEED", 1));
    let numbered = (seed..).zip(trials);
    numbered.filter(|(number, _)| number.is_multiple_of(share)).map(|(_, trial)| trial).collect()
}

pub(crate) fn all(operations: &[Operation]) -> Vec<Faults> {
    let numbers = 0..operations.len();
    numbers.flat_map(|number| Fault::ALL.map(|fault| vec![(number, fault)])).collect()
}

#[tokio::test]
async fn the_run_does_all_that_a_run_can_do() {
    let (_, operations) = without_faults(Place::Memory).await;
    let asked = |kind: Kind, part: &str| {
        operations.iter().any(|it| it.kind == kind && it.key.contains(part))
    };
    for (kind, part) in [
        (Kind::List, "raw"),
        (Kind::Get, "raw/"),
        (Kind::Get, "large/"),
        (Kind::Get, "_delta_log/"),
        (Kind::Get, ".parquet"),
        (Kind::Create, "quarantine/"),
        (Kind::Put, ".parquet"),
        (Kind::Put, "checkpoint"),
        (Kind::Create, "_delta_log/"),
        (Kind::Delete, ".parquet"),
    ] {
        assert!(asked(kind, part), "no {kind:?} of {part}: {operations:#?}");
    }
}

#[test]
fn in_memory() {
    run_all(Place::Memory);
}

#[test]
fn in_a_directory() {
    run_all(Place::Directory);
}

fn run_all(place: Place) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (scenario, operations) = runtime.block_on(without_faults(place));
    let trials = share(all(&operations));
    each(&trials, |faults| {
        let scenario = scenario.clone();
        async move { drop(trial(&scenario, place, &faults).await) }
    });
}
