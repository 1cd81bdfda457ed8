//! What people start now and then, under the same faults: an erasure, a rebuild, another try at the
//! quarantine. Whatever happens to one, the lake is what it was or what it was to become, and a second
//! call finishes it.

use std::sync::Arc;

use octolake_compactor::{
    CompactError, Depth, Selection, Settings, Surroundings, erase, prove, rebuild, retry,
};
use octolake_event::{DeliveryId, layout};
use octolake_store::Lake;
use octolake_testkit::Operation;
use uuid::Uuid;

use super::every_operation::{all, share};
use super::reader::look;
use super::scenario::{LARGE, Place, Scenario, now, settings};
use super::trial::{Faults, keys, nothing_is_left_behind, run, watch, with_faults};
use super::workers::each;

/// The delivery that is erased.
const GONE: u128 = 104;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Erase,
    Rebuild,
    Retry,
}

impl Action {
    async fn scenario(self) -> Arc<Scenario> {
        Arc::new(Scenario::new().await.after_a_run(self != Self::Retry).await)
    }

    async fn start(self, lake: &Lake, id: u128) -> Result<(), CompactError> {
        let run_id = Uuid::from_u128(id << 64 | id);
        let around = Surroundings { run_id, clock: &now, on_progress: &mut |_, _| {} };
        let settings = settings();
        match self {
            Self::Erase => {
                let selection = Selection::Delivery(DeliveryId::from_u128(GONE));
                erase(lake, &selection, &settings, around).await?.unwrap();
            }
            Self::Rebuild => drop(rebuild(lake, &settings, around).await?.unwrap()),
            Self::Retry => drop(retry(lake, |_| true, &settings, around).await?.unwrap()),
        }
        Ok(())
    }

    /// The row that is not there before it, or not after it.
    fn may_lack(self) -> Option<u128> {
        match self {
            Self::Erase => Some(GONE),
            Self::Rebuild => None,
            Self::Retry => Some(LARGE),
        }
    }
}

async fn trial(
    action: Action,
    scenario: &Arc<Scenario>,
    place: Place,
    faults: &Faults,
) -> Vec<Operation> {
    let copy = scenario.copy(place).await;
    let first = faults.iter().map(|(number, _)| *number).min().unwrap_or_default();
    let name = format!("{action:?} {place:?} {faults:?}");
    let watch = watch(scenario, &copy.lake, action.may_lack(), first, &name);
    let (faulty, script) = with_faults(&copy.lake, faults, watch);
    let _ = action.start(&faulty, 1).await;
    let again = action.start(&copy.lake, 2).await;
    again.unwrap_or_else(|error| panic!("{name}: the second call: {error}"));
    finish(action, scenario, &copy.lake, &name).await;
    script.operations()
}

async fn finish(action: Action, scenario: &Scenario, lake: &Lake, name: &str) {
    run(lake, 3).await.unwrap_or_else(|error| panic!("{name}: the next run: {error}"));
    let rows = look(lake, scenario, action.may_lack(), &format!("{name}: in the end")).await;
    // What was built before an object could not be read is built on.
    let rows = scenario.compared(rows, action == Action::Rebuild);
    let mut expected = scenario.expected.clone();
    if action == Action::Erase {
        expected.remove(&GONE);
    }
    assert_eq!(rows, expected, "{name}: in the end");
    let verdict = prove(lake, &Settings::default(), Depth::Bytes).await.unwrap().unwrap();
    assert!(verdict.holds, "{name}: {verdict:#?}");
    assert_eq!(keys(lake, layout::QUARANTINE).await.len(), 1, "{name}");
    assert_eq!(keys(lake, "rebuild").await, [""; 0], "{name}");
    nothing_is_left_behind(lake, name).await;
}

fn run_all(action: Action) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let scenario = runtime.block_on(action.scenario());
    let operations = runtime.block_on(trial(action, &scenario, Place::Memory, &vec![]));
    let trials = share(all(&operations));
    each(&trials, |faults| {
        let scenario = scenario.clone();
        async move { drop(trial(action, &scenario, Place::Memory, &faults).await) }
    });
}

#[test]
fn an_erasure() {
    run_all(Action::Erase);
}

#[test]
fn a_rebuild() {
    run_all(Action::Rebuild);
}

#[test]
fn another_try() {
    run_all(Action::Retry);
}
