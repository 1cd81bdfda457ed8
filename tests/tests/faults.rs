//! A disk and a clock that fail while deliveries come in: nothing that was acknowledged is lost,
//! nothing is there twice, and the endpoint neither hangs nor stays broken.
//!
//! The built binary runs behind a shim (`faults/shim.c`, compiled here by `cc`) that fails the calls
//! a test names. Each fault is played twice on one lake: it is lifted again and the endpoint stops
//! in order; and the endpoint is killed while it lasts, and starts again on a good disk. In between
//! several threads send signed deliveries. What was answered 2xx must then be in the table, once.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "what was measured, for those who ask (--nocapture)")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use octolake_tests::github::{Delivery, guid};
use octolake_tests::server::SECRET_ENV;
use octolake_tests::{Serve, TestLake};
use serde_json::Value;

/// Threads that send, and what each sends at a time.
const SENDERS: usize = 4;
const EACH: usize = 12;
/// GitHub waits 10 s: an answer that comes later is none.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// The shim, compiled once for all tests.
fn shim() -> &'static Path {
    static SHIM: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = SHIM.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shim.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("faults/shim.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&path).arg(source).arg("-ldl");
        assert!(compiler.status().unwrap().success(), "the shim does not compile");
        (folder, path)
    });
    path
}

/// A lake on a disk that can fail.
struct Scene {
    lake: TestLake,
    /// Beside the lake: the shim's control file.
    beside: tempfile::TempDir,
    round: AtomicUsize,
    ids: AtomicUsize,
}

/// What was answered.
#[derive(Debug, Default)]
struct Answers {
    taken: BTreeSet<String>,
    refused: usize,
    slowest: Duration,
}

impl Answers {
    fn add(mut self, more: Self) -> Self {
        self.taken.extend(more.taken);
        self.refused += more.refused;
        self.slowest = self.slowest.max(more.slowest);
        self
    }
}

impl Scene {
    fn new() -> Self {
        let (lake, beside) = (TestLake::new(), tempfile::tempdir().unwrap());
        let scene = Self { lake, beside, round: 0.into(), ids: 0.into() };
        scene.lift();
        scene
    }

    fn control(&self) -> PathBuf {
        self.beside.path().join("control")
    }

    /// Sets the faults, in place of those before; the shim's counts begin anew.
    fn strike(&self, folder: &str, faults: &str) {
        let (round, folder) = (self.round.fetch_add(1, Relaxed) + 1, self.lake.path().join(folder));
        let new = self.beside.path().join("new");
        fs::write(&new, format!("round {round}\nfolder {}\n{faults}\n", folder.display())).unwrap();
        // By rename: the shim never reads half of it.
        fs::rename(new, self.control()).unwrap();
    }

    fn lift(&self) {
        self.strike("spool", "");
    }

    /// How many calls were struck.
    fn struck(&self) -> usize {
        fs::read(self.beside.path().join("control.struck")).unwrap_or_default().len()
    }

    fn serve(&self) -> Serve {
        let mut command =
            self.lake.command(&["serve", "--listen", "127.0.0.1:0", "--secret-env", SECRET_ENV]);
        command.env("LD_PRELOAD", shim()).env("OCTOLAKE_FAULTS", self.control());
        Serve::spawn(&mut command)
    }

    /// Deliveries by several threads, all at once.
    fn send(&self, to: SocketAddr) -> Answers {
        let senders = |_| (0..EACH).map(|_| guid(self.ids.fetch_add(1, Relaxed))).collect();
        let batches: Vec<Vec<String>> = (0..SENDERS).map(senders).collect();
        thread::scope(|scope| {
            let threads = batches.into_iter().map(|ids| scope.spawn(move || send_all(to, ids)));
            let threads: Vec<_> = threads.collect();
            threads.into_iter().map(|it| it.join().unwrap()).fold(Answers::default(), Answers::add)
        })
    }

    /// Sends until all of a batch is taken: the disk is good again, so that must be at once.
    fn send_until_good(&self, to: SocketAddr) -> Answers {
        let all = self.send(to);
        assert_eq!((all.taken.len(), all.refused), (SENDERS * EACH, 0), "on a good disk");
        all
    }

    /// Compacts, and finds each acknowledged delivery in the table, once.
    fn check(&self, acknowledged: &BTreeSet<String>) {
        let left: Vec<_> = self.lake.files("spool").into_keys().collect();
        assert_eq!(left, [] as [PathBuf; 0], "left in the spool");
        let report = self.lake.json(&["compact"]);
        assert_eq!(report["quarantined"], 0, "{report}");
        let query = "select delivery_id as id, count(*) as n from events group by 1";
        let rows = self.lake.sql(query);
        let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
        assert!(rows.iter().all(|row| row["n"] == 1), "stored twice: {rows:?}");
        let stored: BTreeSet<String> = rows.iter().map(id).collect();
        let lost: Vec<_> = acknowledged.difference(&stored).collect();
        assert_eq!(lost, [] as [&String; 0], "{} acknowledged", acknowledged.len());
        self.lake.verify();
    }
}

fn send_all(to: SocketAddr, ids: Vec<String>) -> Answers {
    let mut answers = Answers::default();
    for id in ids {
        let body = body(&id);
        let started = Instant::now();
        let answer = Delivery { event: "push", id: &id, body: body.as_bytes() }.send(to).unwrap();
        answers.slowest = answers.slowest.max(started.elapsed());
        match answer.status {
            202 => drop(answers.taken.insert(id)),
            503 => answers.refused += 1,
            status => panic!("{id}: {status} {}", answer.body),
        }
    }
    answers
}

/// Some 10 KB that do not compress well.
fn body(id: &str) -> String {
    let mut state = id.bytes().fold(14_u64, |all, byte| all.wrapping_mul(31) + u64::from(byte));
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{:016x}", state ^ (state >> 29))
    };
    let noise: String = (0..625).map(|_| noise()).collect();
    format!(r#"{{"ref":"refs/heads/main","noise":"{noise}"}}"#)
}

/// What a fault must do to deliveries while it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// All are taken all the same.
    None,
    /// Some are refused.
    Some,
    /// All are refused.
    All,
}

impl Effect {
    fn is_of(self, answers: &Answers) -> bool {
        match self {
            Self::None => answers.refused == 0,
            Self::Some => answers.refused > 0 && !answers.taken.is_empty(),
            Self::All => answers.taken.is_empty(),
        }
    }
}

/// Plays a fault, lifted and killed, and checks what is left.
fn play(folder: &str, faults: &str, effect: Effect) {
    let scene = Scene::new();
    let mut all = Answers::default();
    for kill in [false, true] {
        let serve = scene.serve();
        all = all.add(scene.send_until_good(serve.address));
        let before = scene.struck();
        scene.strike(folder, faults);
        let during = scene.send(serve.address);
        assert!(scene.struck() > before, "{faults}: the fault was not there");
        assert!(during.slowest < ANSWERED_WITHIN, "{faults}: an answer after {:?}", during.slowest);
        assert!(
            effect.is_of(&during),
            "{faults}: {} taken, {} refused",
            during.taken.len(),
            during.refused
        );
        all = all.add(during);
        if kill {
            serve.kill();
            scene.lift();
        } else {
            scene.lift();
            all = all.add(scene.send_until_good(serve.address));
            serve.stop().fine();
        }
    }
    // What the killed one left lands with the next.
    let last = scene.serve();
    all = all.add(scene.send_until_good(last.address));
    last.stop().fine();
    println!(
        "{faults:?}: {} acknowledged, {} refused, the slowest {:?}",
        all.taken.len(),
        all.refused,
        all.slowest
    );
    scene.check(&all.taken);
}

macro_rules! faults {
    ($($name:ident: $folder:literal, $faults:literal, $effect:ident;)*) => {$(
        #[test]
        fn $name() {
            play($folder, $faults, Effect::$effect);
        }
    )*};
}

faults! {
    writes_that_fail: "spool", "write_error 3", Some;
    writes_that_break_off: "spool", "torn_write 3", Some;
    writes_that_are_short: "spool", "short_write 2", None;
    a_disk_that_fills_up: "spool", "space 100000", Some;
    a_disk_that_is_full: "", "create_error 1\nspace 1", All;
    syncs_that_fail: "spool", "sync_error 1", All;
    syncs_that_fail_now_and_then: "spool", "sync_error 3", Some;
    syncs_that_are_slow: "spool", "sync_ms 150", None;
    names_that_cannot_be_given: "", "write_error 3\nname_error 1", Some;
    a_clock_an_hour_ahead: "", "clock_s 3600", None;
    a_clock_an_hour_behind: "", "clock_s -3600", None;
    a_clock_a_day_ahead: "", "clock_s 86400", None;
    a_clock_a_day_behind: "", "clock_s -86400", None;
}

/// What has been taken lands by a new name for the same file: that needs no room.
#[test]
fn a_full_disk_can_still_land() {
    let scene = Scene::new();
    let serve = scene.serve();
    let all = scene.send_until_good(serve.address);
    scene.strike("", "create_error 1\nspace 1");
    let refused = scene.send(serve.address);
    assert_eq!((refused.taken.len(), refused.refused), (0, SENDERS * EACH));
    serve.stop().fine();
    assert_eq!(scene.lake.files("spool").len(), 0, "left in the spool of a full disk");
    assert_eq!(scene.lake.files("raw").len(), 1);
    scene.check(&all.taken);
}

#[test]
fn what_cannot_land_is_left_to_the_next_start() {
    let scene = Scene::new();
    let serve = scene.serve();
    let mut all = scene.send_until_good(serve.address);
    scene.strike("raw", "name_error 1\nwrite_error 1\ncreate_error 1");
    let left = serve.stop();
    assert!(left.stderr.contains("spool"), "{left:?}");
    assert_eq!(scene.lake.files("spool").len(), 1, "{left:?}");
    scene.lift();
    let serve = scene.serve();
    all = all.add(scene.send_until_good(serve.address));
    serve.stop().fine();
    scene.check(&all.taken);
}

/// A disk that hangs costs the deliveries of that time, and nothing else.
#[test]
fn a_disk_that_hangs_is_503_in_time_and_health_answers() {
    let scene = Scene::new();
    let serve = scene.serve();
    let mut all = scene.send_until_good(serve.address);
    scene.strike("spool", "sync_ms 11000");
    let address = serve.address;
    let waiting = thread::spawn(move || send_all(address, vec![guid(1_000_000)]));
    while scene.struck() == 0 {
        thread::sleep(Duration::from_millis(10));
    }
    scene.lift();
    let asked = Instant::now();
    assert!(health(address).starts_with("HTTP/1.1 200 "));
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    let hung = waiting.join().unwrap();
    assert_eq!((hung.taken.len(), hung.refused), (0, 1));
    assert!(hung.slowest < ANSWERED_WITHIN, "{:?}", hung.slowest);
    all = all.add(scene.send_until_good(address));
    serve.stop().fine();
    scene.check(&all.taken);
}

fn health(to: SocketAddr) -> String {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}
