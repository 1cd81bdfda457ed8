//! Compactors that are stopped in the middle (SIGSTOP), until all the others are through and more
//! has been compacted since, and then continued: a process that sleeps for longer than anybody waits
//! does no harm when it wakes up. `OCTOLAKE_SEED` sets the moments.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use octolake_tests::binary::Run;
use octolake_tests::framing::Framing;
use octolake_tests::github::guid;
use octolake_tests::lake::envelope;
use octolake_tests::{Chance, TestLake};
use serde_json::{Value, json};

const COMPACTORS: usize = 8;
const ROUNDS: usize = 8;

/// Deliveries that were put into raw objects, and these objects.
#[derive(Debug, Default)]
struct Put {
    deliveries: usize,
    objects: usize,
}

impl Put {
    /// Objects more, each of which begins with the last deliveries of the one before.
    fn more(&mut self, lake: &TestLake, objects: usize, chance: &mut Chance) {
        for _ in 0..objects {
            let first = self.deliveries.saturating_sub(chance.below(10));
            self.deliveries += 1 + chance.below(30);
            let records: Vec<_> = (first..self.deliveries).map(record).collect();
            let object = chance.pick(&Framing::ALL).object(&records);
            self.objects += 1;
            lake.put_raw(&format!("object-{:05}", self.objects), &object);
        }
    }
}

/// Delivery `n`: the same one whenever it is asked for.
fn record(n: usize) -> String {
    let event = ["push", "issues", "release"][n % 3];
    envelope(n, event, &json!({"action": "opened", "noise": Chance::new(n as u64).noise(2_000)}))
}

fn start(lake: &TestLake) -> Child {
    let mut command = lake.command(&["compact", "--format", "json"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end(child: Child) -> Value {
    Run::from(child.wait_with_output().unwrap()).fine().json()
}

/// Sends a signal to one that was started here, unless it has ended.
fn signal(child: &mut Child, signal: &str) {
    if child.try_wait().unwrap().is_some() {
        return;
    }
    assert!(
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success()
    );
}

/// What the runs of a round told, and how many of them were stopped while they had work to do.
#[derive(Debug, Default)]
struct Told {
    reports: Vec<Value>,
    stopped: usize,
}

impl Told {
    fn sum(&self, name: &str) -> u64 {
        self.reports.iter().map(|report| report[name].as_u64().unwrap()).sum()
    }
}

/// Starts all, stops some of them, lets the others and one more run to their ends, and continues
/// those that were stopped.
fn round(lake: &TestLake, put: &mut Put, chance: &mut Chance, told: &mut Told) {
    put.more(lake, 12, chance);
    let mut running: Vec<Child> = (0..COMPACTORS).map(|_| start(lake)).collect();
    let mut stopped = Vec::new();
    for _ in 0..chance.below(COMPACTORS - 1) {
        thread::sleep(chance.delay(Duration::from_millis(150)));
        let mut child = running.remove(chance.below(running.len()));
        signal(&mut child, "-STOP");
        told.stopped += usize::from(child.try_wait().unwrap().is_none());
        stopped.push(child);
    }
    told.reports.extend(running.into_iter().map(end));
    put.more(lake, 2, chance);
    told.reports.push(end(start(lake)));
    lake.verify();
    stopped.iter_mut().for_each(|child| signal(child, "-CONT"));
    told.reports.extend(stopped.into_iter().map(end));
    lake.verify();
    assert_eq!(lake.ids(), (0..put.deliveries).map(guid).collect::<Vec<_>>());
}

#[test]
fn eight_compactors_of_which_some_are_stopped_for_long() {
    let (lake, mut chance) = (TestLake::new(), Chance::of_this_run());
    let (mut put, mut told) = (Put::default(), Told::default());
    for _ in 0..ROUNDS {
        round(&lake, &mut put, &mut chance, &mut told);
    }
    let [stored, conflicts, objects] =
        ["stored", "conflicts", "objects"].map(|name| told.sum(name));
    println!("{} runs, {} of them stopped on their way", told.reports.len(), told.stopped);
    println!("{stored} deliveries of {objects} raw objects stored, {conflicts} conflicts");
    assert_eq!((stored, objects), (put.deliveries as u64, put.objects as u64), "told by the runs");
    assert!(conflicts > 0 && told.stopped > 0, "they never met");
}

/// All that is there now is a month old, and the clock is a month ahead, as `faults/shim.c` makes it.
fn a_month_later(lake: &TestLake, beside: &Path, args: &[&str]) -> Run {
    for path in lake.paths("events") {
        let file = fs::File::options().write(true).open(path).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        file.set_modified(modified - Duration::from_secs(30 * 24 * 3600)).unwrap();
    }
    let (shim, control) = (beside.join("shim.so"), beside.join("control"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("faults/shim.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&shim).arg(source).arg("-ldl");
    assert!(compiler.status().unwrap().success(), "the shim does not compile");
    fs::write(&control, format!("round 1\nclock_s {}\n", 30 * 24 * 3600)).unwrap();
    Run::of(lake.command(args).env("LD_PRELOAD", shim).env("OCTOLAKE_FAULTS", control))
}

/// The files of rows that there are, whether a commit names them or not.
fn files(lake: &TestLake) -> BTreeSet<PathBuf> {
    // Half-written ones have another ending.
    let is_part = |path: &&PathBuf| {
        let path = path.to_str().unwrap();
        path.contains("/part-") && path.ends_with(".parquet")
    };
    lake.paths("events").iter().filter(is_part).cloned().collect()
}

/// A compactor that is stopped between its first file and its commit.
fn stopped_before_its_commit(lake: &TestLake, put: &mut Put, chance: &mut Chance) -> Child {
    loop {
        put.more(lake, 1, chance);
        let before = (files(lake), lake.commits().len());
        let mut child = start(lake);
        while files(lake) == before.0 && child.try_wait().unwrap().is_none() {}
        signal(&mut child, "-STOP");
        if child.try_wait().unwrap().is_none() && lake.commits().len() == before.1 {
            return child;
        }
        // Too late: it has committed.
        signal(&mut child, "-CONT");
        end(child);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_compactor_that_sleeps_through_a_vacuum_commits_no_deleted_file() {
    let (lake, mut chance) = (TestLake::new(), Chance::of_this_run());
    let (mut put, beside) = (Put::default(), tempfile::tempdir().unwrap());
    put.more(&lake, 3, &mut chance);
    lake.json(&["compact"]);
    let mut sleeper = stopped_before_its_commit(&lake, &mut put, &mut chance);
    let before = files(&lake);
    // It takes up no raw object, so that nothing but its vacuum comes between.
    a_month_later(&lake, beside.path(), &["compact", "--since", "1d"]).fine();
    // It may have merged, too: other files are there then.
    assert!(!files(&lake).is_superset(&before), "the vacuum deleted nothing");
    signal(&mut sleeper, "-CONT");
    end(sleeper);
    lake.verify();
    assert_eq!(lake.ids(), (0..put.deliveries).map(guid).collect::<Vec<_>>());
}
