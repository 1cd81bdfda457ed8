//! Visits every state of the protocol within bounds; and shows that each fault that could be in it
//! is found.
#![expect(clippy::print_stdout, reason = "how many states there are")]

use std::time::Instant;

use octolake_model::{Bounds, Mutation, Protocol, property};
use stateright::{Checker, HasDiscoveries, Model};

const THREADS: usize = 2;

/// Visits all states, and prints how many.
fn check(name: &str, bounds: Bounds, hasty: bool) {
    let started = Instant::now();
    let model = Protocol { bounds, mutation: None, hasty };
    let checker = model.checker().threads(THREADS).finish_when(HasDiscoveries::AnyFailures);
    let checker = checker.spawn_bfs().join();
    println!(
        "{name}: {} states, {} steps deep, {:.1} s; {bounds:?}",
        checker.unique_state_count(),
        checker.max_depth(),
        started.elapsed().as_secs_f64(),
    );
    checker.assert_properties();
    assert!(checker.is_done());
}

const ONE_OF_EACH: Bounds = Bounds {
    compactors: 2,
    parts: true,
    crashes: 1,
    losses: 1,
    merges: 1,
    vacuums: 1,
    rewrites: 1,
};

#[test]
fn two_compactors() {
    let bounds = Bounds { crashes: 2, losses: 2, merges: 2, vacuums: 2, ..ONE_OF_EACH };
    check("two compactors", bounds, true);
}

#[test]
fn three_compactors() {
    let three = Bounds { compactors: 3, parts: false, ..ONE_OF_EACH };
    check("three compactors", Bounds { crashes: 2, losses: 2, merges: 2, ..three }, true);
}

/// That those give up at once who can do nothing else hides nothing.
#[test]
fn two_patient_compactors() {
    check("two patient compactors", ONE_OF_EACH, false);
}

/// The fault breaks a property, and this one of all.
fn breaks(mutation: Mutation, broken: &'static str) {
    let bounds = Bounds { merges: 2, ..ONE_OF_EACH };
    let model = Protocol { bounds, mutation: Some(mutation), hasty: false };
    let wanted = HasDiscoveries::AllOf([broken].into());
    // One thread finds the shortest way first.
    let checker = model.checker().finish_when(wanted).spawn_bfs().join();
    let path = checker.discovery(broken).unwrap_or_else(|| panic!("{mutation:?} breaks nothing"));
    println!("{mutation:?} is found: not {broken}, after {:?}", path.into_actions());
}

macro_rules! faults {
    ($($name:ident: $mutation:ident breaks $broken:ident;)*) => {$(
        #[test]
        fn $name() {
            breaks(Mutation::$mutation, property::$broken);
        }
    )*};
}

faults! {
    no_look_after_a_conflict: NoLookAfterConflict breaks ONCE;
    no_look_at_the_ids_after_a_conflict: NoIdsAfterConflict breaks ONCE;
    no_look_after_a_lost_answer: NoLookAfterLostAnswer breaks ONCE;
    progress_before_rows: ProgressBeforeRows breaks DONE;
    a_high_water_mark: HighWaterMark breaks DONE;
    overwriting_a_version: Overwrite breaks STAYS;
    a_merge_that_is_committed_again: MergeAgain breaks ONCE;
    deleting_before_the_fence: DeleteBeforeFence breaks THERE;
    noting_what_is_old_after_the_fence: OldAfterFence breaks THERE;
    no_look_for_a_fence: NoFenceCheck breaks THERE;
    a_foreign_writer_slower_than_the_grace: SlowForeigner breaks THERE;
}
