//! `kill -9` at any moment, again and again: what a killed process leaves behind harms nobody, and
//! the next one goes on where it stopped.
//!
//! The moments are spread over as long as a whole run takes, so that they fall into its start, its
//! reading, its writing, its commits and its merges. `OCTOLAKE_KILLS` sets how many there are (half
//! of them each), `OCTOLAKE_SEED` which.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::iter;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use octolake_tests::binary::Run;
use octolake_tests::framing::Framing;
use octolake_tests::github::{Delivery, SECRET, guid};
use octolake_tests::lake::envelope;
use octolake_tests::server::SECRET_ENV;
use octolake_tests::{Chance, Serve, TestLake};
use serde_json::json;

/// Threads that send deliveries.
const SENDERS: usize = 4;

/// How often each of the two tests kills.
#[expect(clippy::disallowed_methods, reason = "a long run is asked for from outside")]
fn kills() -> usize {
    std::env::var("OCTOLAKE_KILLS").map_or(100, |text| text.parse().unwrap()) / 2
}

/// How a run ended that was to be killed.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Killed,
    /// It was through before that, after this time.
    Done(Duration),
}

/// Lets a process run until something has begun and for so long, and kills it.
fn kill_after(mut child: Child, has_begun: impl Fn() -> bool, delay: Duration) -> End {
    let (started, mut begun) = (Instant::now(), None);
    while child.try_wait().unwrap().is_none() {
        if begun.is_none() && has_begun() {
            begun = Some(Instant::now());
        }
        if begun.is_some_and(|begun| begun.elapsed() >= delay) {
            break;
        }
        thread::sleep(Duration::from_micros(500));
    }
    let took = started.elapsed();
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.signal() == Some(9) {
        return End::Killed;
    }
    Run::from(output).fine();
    End::Done(took)
}

/// What was put into the raw objects.
#[derive(Debug, Default)]
struct Truth {
    deliveries: usize,
    objects: usize,
    broken: usize,
}

impl Truth {
    /// One to three raw objects more, in which a fifth of all records was there before.
    fn grow(&mut self, lake: &TestLake, chance: &mut Chance) {
        for _ in 0..=chance.below(3) {
            let mut records = Vec::new();
            for _ in 0..3 + chance.below(25) {
                let repeated = self.deliveries > 0 && chance.one_in(5);
                let n = if repeated { chance.below(self.deliveries) } else { self.deliveries };
                self.deliveries += usize::from(!repeated);
                records.push(record(n));
            }
            let mut framing = *chance.pick(&Framing::ALL);
            if chance.one_in(4) {
                // On lines: there a broken record has an end.
                framing = Framing::Lines;
                records.insert(chance.below(records.len()), "{\"detail-type\": half a re\n".into());
                self.broken += 1;
            }
            self.objects += 1;
            lake.put_raw(&format!("object-{:06}", self.objects), &framing.object(&records));
        }
    }
}

/// Delivery `n`: the same one whenever it is asked for.
fn record(n: usize) -> String {
    let mut chance = Chance::new(n as u64);
    let event = *chance.pick(&["push", "issues", "release"]);
    let size = chance.below(6_000);
    envelope(n, event, &json!({"action": "opened", "noise": chance.noise(size)}))
}

/// Where kills fell, by what a run had left when it was killed.
#[derive(Debug, Default)]
struct Fell {
    before_it_wrote: usize,
    between_files_and_commit: usize,
    after_a_commit: usize,
}

impl Fell {
    fn note(&mut self, before: (usize, usize), after: (usize, usize)) {
        match (after.0 > before.0, after.1 > before.1) {
            (true, _) => self.after_a_commit += 1,
            (false, true) => self.between_files_and_commit += 1,
            (false, false) => self.before_it_wrote += 1,
        }
    }
}

/// How many commits there are, and Parquet files, whether a commit names them or not.
fn written(lake: &TestLake) -> (usize, usize) {
    let paths = lake.paths("events");
    let count =
        |is: &dyn Fn(&str) -> bool| paths.iter().filter(|path| is(path.to_str().unwrap())).count();
    let is_commit = |path: &str| path.contains("_delta_log") && path.ends_with(".json");
    let is_data = |path: &str| path.contains("/part-") && path.ends_with(".parquet");
    (count(&is_commit), count(&is_data))
}

/// Whether a file is one that a put was writing when it was killed, as older versions left them: no
/// listing shows these.
fn is_half_written(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    name.rsplit_once('#').is_some_and(|(_, number)| number.bytes().all(|it| it.is_ascii_digit()))
}

/// A reader between two runs: each id once, none of those that were there is gone.
fn read(lake: &TestLake, rows_before: u64, truth: &Truth) -> u64 {
    let query = "select count(*) as n, count(distinct delivery_id) as ids from events";
    let row = lake.sql(query).remove(0);
    let rows = row["n"].as_u64().unwrap();
    assert_eq!(row["ids"], rows, "an id is there twice");
    assert!((rows_before..=truth.deliveries as u64).contains(&rows), "{rows} after {rows_before}");
    rows
}

/// A run that is killed within so long: some from when it begins to write, and some right then, since
/// what is between a run's files and their commit is a few milliseconds of it. Every eighth is let
/// through, which says how long a whole one takes.
fn compact_once(lake: &TestLake, chance: &mut Chance, longest: Duration) -> End {
    let kinds = [&["compact"][..], &["compact", "--target-file-bytes", "1048576"]];
    let mut command = lake.command(chance.pick::<&[_]>(&kinds));
    let files = written(lake).1;
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    match chance.below(8) {
        0 => kill_after(child, || false, Duration::ZERO),
        1 => kill_after(child, || written(lake).1 > files, chance.delay(longest / 2)),
        2..=3 => kill_after(child, || written(lake).1 > files, Duration::ZERO),
        _ => kill_after(child, || true, chance.delay(longest)),
    }
}

#[test]
fn a_compaction_that_is_killed_loses_nothing_and_doubles_nothing() {
    let (lake, mut chance) = (TestLake::new(), Chance::of_this_run());
    let (mut truth, mut fell) = (Truth::default(), Fell::default());
    let (mut killed, mut done, mut rows) = (0, 0, 0);
    let mut longest = Duration::from_millis(300);
    while killed < kills() {
        // Where nothing is new, it is merged the sooner.
        if truth.objects == 0 || chance.one_in(2) {
            truth.grow(&lake, &mut chance);
        }
        let before = written(&lake);
        match compact_once(&lake, &mut chance, longest) {
            End::Killed => {
                killed += 1;
                fell.note(before, written(&lake));
                // More is left for the next one.
                longest += longest / 50;
            }
            End::Done(took) => {
                done += 1;
                longest = took + took / 5;
            }
        }
        rows = read(&lake, rows, &truth);
    }
    let Truth { deliveries, objects, broken } = truth;
    println!(
        "{killed} kills and {done} whole runs over {deliveries} deliveries, {objects} objects"
    );
    println!("{fell:?}, last among the first {longest:?}");
    lake.run(&["compact"]).fine();
    lake.verify();
    assert_eq!(lake.ids(), (0..deliveries).map(guid).collect::<Vec<_>>());
    let quarantined = lake.paths("quarantine");
    assert_eq!(quarantined.len(), broken, "{quarantined:?}");
    assert!(!lake.paths("events").iter().any(|path| is_half_written(path)));
    println!("{} half-written files are left", lake.paths("staging").len());
    let merges =
        lake.commits().iter().filter(|it| it.iter().any(|it| it["remove"].is_object())).count();
    println!("{} commits, {merges} of them merges", lake.commits().len());
    if killed >= 50 {
        let Fell { before_it_wrote: read, between_files_and_commit: wrote, after_a_commit: end } =
            fell;
        assert!(read > 0 && wrote > 0 && end > 0 && merges > 0, "kills did not fall everywhere");
    }
}

/// Deliveries that are on their way, over all lives of the endpoint.
#[derive(Debug, Default)]
struct Traffic {
    next: AtomicUsize,
    accepted: Mutex<BTreeSet<String>>,
    /// Those without an answer: they are sent again, as GitHub's users do it.
    unanswered: Mutex<Vec<String>>,
}

impl Traffic {
    /// Sends until the endpoint is gone.
    fn flow(&self, to: SocketAddr, mut chance: Chance) {
        loop {
            let again = self.unanswered.lock().unwrap().pop();
            let id = again.unwrap_or_else(|| guid(self.next.fetch_add(1, Relaxed)));
            let noise = Chance::new(u64::from_str_radix(&id[..8], 16).unwrap()).noise(500);
            let body = format!(r#"{{"ref":"refs/heads/main","noise":"{noise}"}}"#);
            match (Delivery { event: "push", id: &id, body: body.as_bytes() }).send(to) {
                Ok(answer) => {
                    assert_eq!(answer.status, 202, "{}", answer.body);
                    self.accepted.lock().unwrap().insert(id);
                }
                Err(_) => return self.unanswered.lock().unwrap().push(id),
            }
            thread::sleep(chance.delay(Duration::from_millis(20)));
        }
    }

    /// Starts an endpoint, sends it deliveries once it listens, and kills it after so long; says
    /// whether it got to listen.
    fn through_a_life(&self, lake: &TestLake, delay: Duration, chance: &mut Chance) -> bool {
        let mut command =
            lake.command(&["serve", "--listen", "127.0.0.1:0", "--roll-seconds", "1"]);
        command.args(["--secret-env", SECRET_ENV]).env(SECRET_ENV, SECRET);
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        thread::scope(|scope| {
            let killer = scope.spawn(move || kill_after(child, || true, delay));
            let address = said.find_map(|line| {
                let url = line.strip_prefix("listening on http://")?.to_owned();
                url.split('/').next()?.parse::<SocketAddr>().ok()
            });
            for to in iter::repeat_n(address, SENDERS).flatten() {
                let chance = chance.fork();
                scope.spawn(move || self.flow(to, chance));
            }
            // Nobody holds up the endpoint by not reading what it says.
            said.for_each(drop);
            assert_eq!(killer.join().unwrap(), End::Killed, "it ended by itself");
            address.is_some()
        })
    }
}

#[test]
fn an_endpoint_that_is_killed_keeps_what_it_acknowledged() {
    let (lake, mut chance) = (TestLake::new(), Chance::of_this_run());
    let traffic = Traffic::default();
    let mut listened = 0;
    for number in 0..kills() {
        // A third of the lives end about when they begin to listen.
        let longest = if number % 3 == 0 { 40 } else { 1_200 };
        let delay = chance.delay(Duration::from_millis(longest));
        listened += usize::from(traffic.through_a_life(&lake, delay, &mut chance));
        if chance.one_in(10) {
            lake.run(&["compact"]).fine();
        }
    }
    // What is in the spool still lands with the next life, which ends in order.
    Serve::start(&lake, &[]).stop().fine();
    assert_eq!(lake.files("spool").len(), 0, "left in the spool");
    lake.run(&["compact"]).fine();
    lake.verify();
    let stored: BTreeSet<String> = lake.ids().into_iter().collect();
    let accepted = traffic.accepted.into_inner().unwrap();
    let lost: Vec<_> = accepted.difference(&stored).collect();
    let sent: BTreeSet<String> = (0..traffic.next.into_inner()).map(guid).collect();
    println!("{} kills, {listened} of them while it listened", kills());
    println!("{} sent, {} acknowledged, {} stored", sent.len(), accepted.len(), stored.len());
    assert!(lost.is_empty(), "acknowledged and not stored: {lost:?}");
    assert!(stored.is_subset(&sent), "stored and never sent");
    assert!(accepted.len() > 5 * listened, "only {} were acknowledged", accepted.len());
}
