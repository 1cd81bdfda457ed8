//! Many trials on all cores.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::trial::Faults;

/// How many failures are told: the first says most.
const TOLD: usize = 5;

/// A variable of the environment.
#[expect(clippy::disallowed_methods, reason = "a long run is asked for by its environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A number that the environment may set, for longer runs.
pub(crate) fn setting(name: &str, otherwise: u64) -> u64 {
    variable(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Makes every trial, on as many threads as there are cores.
///
/// # Panics
/// Some failed; the message names their faults, which are all that is needed to see them again.
pub(crate) fn each<F: Future<Output = ()>>(trials: &[Faults], one: impl Fn(Faults) -> F + Sync) {
    let stops_early = variable("OCTOLAKE_STOP_EARLY").is_some();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        while let Some(faults) = trials.get(next.fetch_add(1, Ordering::Relaxed)) {
            let run = || runtime.block_on(one(faults.clone()));
            if catch_unwind(AssertUnwindSafe(run)).is_err() {
                failures.lock().unwrap().push(faults.clone());
                if stops_early {
                    next.store(trials.len(), Ordering::Relaxed);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        (0..cores).for_each(|_| drop(scope.spawn(work)));
    });
    let failures = failures.into_inner().unwrap();
    tell(trials);
    let told = &failures[..failures.len().min(TOLD)];
    assert!(failures.is_empty(), "{} of {} trials failed: {told:?}", failures.len(), trials.len());
}

/// For those who ask (`--nocapture`).
#[expect(clippy::print_stderr, reason = "how much was tried is what a long run is for")]
fn tell(trials: &[Faults]) {
    let last = trials.iter().flatten().map(|(number, _)| number).max().unwrap_or(&0);
    eprintln!("{} trials, faults up to operation {last}", trials.len());
}
