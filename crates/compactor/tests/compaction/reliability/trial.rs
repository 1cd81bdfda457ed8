//! One run with faults, watched; then the next one, and the proof.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use futures::future::{BoxFuture, FutureExt as _};
use object_store::ObjectStore;
use object_store::path::Path;
use octolake_compactor::{CompactError, Report, Settings, Surroundings, backlog, compact, verify};
use octolake_event::layout;
use octolake_lake::Table;
use octolake_store::Lake;
use octolake_testkit::{Fault, FaultyStore, Hook, Operation, Script};
use uuid::Uuid;

use super::reader::look;
use super::scenario::{FIRST, Place, Scenario, now, settings};

/// A fault at each of some operations.
pub(crate) type Faults = Vec<(usize, Fault)>;

/// Makes the run with faults, and then one without; gives what was asked of the store.
///
/// # Panics
/// Something was lost, doubled or half-seen at any moment.
pub(crate) async fn trial(
    scenario: &Arc<Scenario>,
    place: Place,
    faults: &Faults,
) -> Vec<Operation> {
    let copy = scenario.copy(place).await;
    let first = faults.iter().map(|(number, _)| *number).min().unwrap_or_default();
    let name = format!("{place:?} {faults:?}");
    let watch = watch(scenario, &copy.lake, None, first, &name);
    let (faulty, script) = with_faults(&copy.lake, faults, watch);
    let outcome = run(&faulty, 1).await;
    let skipped = outcome.as_ref().is_ok_and(|report| !report.failed.is_empty());
    finish(scenario, &copy.lake, &name, skipped).await;
    script.operations()
}

/// The lake as a run has it that meets these faults.
pub(crate) fn with_faults(lake: &Lake, faults: &Faults, watch: Hook) -> (Lake, Script) {
    let script = Script::new(faults.iter().copied())
        .with_on_change(watch)
        .with_stall(Fault::StallBefore, another(lake, settings()))
        .with_stall(Fault::StallAfter, another(lake, only_upkeep()));
    let faulty = lake.clone().wrapped(|store| Arc::new(FaultyStore::new(store, script.clone())));
    (faulty, script)
}

pub(crate) async fn run(lake: &Lake, id: u128) -> Result<Report, CompactError> {
    run_with(lake, &settings(), id).await
}

pub(crate) async fn run_with(
    lake: &Lake,
    settings: &Settings,
    id: u128,
) -> Result<Report, CompactError> {
    let run_id = Uuid::from_u128(id << 64 | id);
    let surroundings = Surroundings { run_id, clock: &now, on_progress: &mut |_, _| {} };
    compact(lake, settings, surroundings).await
}

/// Looks at the lake after each change of its table from the first fault on: before it, all trials
/// are alike.
pub(crate) fn watch(
    scenario: &Arc<Scenario>,
    lake: &Lake,
    may_lack: Option<u128>,
    first: usize,
    name: &str,
) -> Hook {
    let (scenario, lake, name) = (scenario.clone(), lake.clone(), name.to_owned());
    Arc::new(move |operation: Operation| -> BoxFuture<'static, ()> {
        let (scenario, lake) = (scenario.clone(), lake.clone());
        let when = format!("{name}: after {operation}");
        async move {
            if operation.number >= first && operation.key.contains(layout::EVENTS) {
                look(&lake, &scenario, may_lack, &when).await;
            }
        }
        .boxed()
    })
}

/// Takes up no raw object: only merges and vacuums.
fn only_upkeep() -> Settings {
    Settings { since: Some(DateTime::<Utc>::MAX_UTC), ..settings() }
}

/// While an operation hangs, another compactor makes a whole run.
fn another(lake: &Lake, settings: Settings) -> Hook {
    let (lake, settings) = (lake.clone(), Arc::new(settings));
    let runs = Arc::new(AtomicU64::new(100));
    Arc::new(move |_| -> BoxFuture<'static, ()> {
        let (lake, settings) = (lake.clone(), settings.clone());
        let id = runs.fetch_add(1, Ordering::Relaxed);
        async move {
            run_with(&lake, &settings, u128::from(id)).await.unwrap();
        }
        .boxed()
    })
}

/// The run after it; what it leaves is whole.
async fn finish(scenario: &Scenario, lake: &Lake, name: &str, skipped: bool) {
    let report = run(lake, 2).await;
    let report = report.unwrap_or_else(|error| panic!("{name}: the next run: {error}"));
    assert_eq!(report.objects_left, 0, "{name}: {report:?}");
    let rows = look(lake, scenario, None, &format!("{name}: in the end")).await;
    let rows = scenario.compared(rows, skipped);
    assert_eq!(rows, scenario.expected, "{name}: in the end");
    let verdict = verify(lake, &Settings::default()).await.unwrap().unwrap();
    assert!(verdict.holds && verdict.pending == 0, "{name}: {verdict:#?}");
    let entries = keys(lake, layout::QUARANTINE).await;
    assert_eq!(entries.len(), 1, "{name}: {entries:?}");
    assert!(entries[0].contains(&FIRST["raw/".len()..]), "{name}: {entries:?}");
    nothing_is_left_behind(lake, name).await;
}

/// Another vacuum leaves the files of the table, and no others.
pub(crate) async fn nothing_is_left_behind(lake: &Lake, name: &str) {
    run(lake, 3).await.unwrap();
    let table = Table::open(lake).await.unwrap().unwrap();
    let live: Vec<String> = table.files().iter().map(|file| file.key()).collect();
    let mut there = keys(lake, layout::EVENTS).await;
    there.retain(|key| key.ends_with(".parquet") && !key.contains("_delta_log"));
    assert_eq!(there, live, "{name}: other files than the table's are left");
    assert_eq!(backlog(lake, Some(table.progress())).await.unwrap().pending, []);
}

pub(crate) async fn keys(lake: &Lake, folder: &str) -> Vec<String> {
    let listed = lake.store().list(Some(&Path::from(folder)));
    let mut keys: Vec<String> =
        listed.map_ok(|object| object.location.to_string()).try_collect().await.unwrap();
    keys.sort();
    keys
}
