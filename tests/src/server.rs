//! `lakequery serve` as a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use crate::binary::Run;
use crate::{TestLake, github};

/// The environment variable that holds the secret.
pub const SECRET_ENV: &str = "OCTOLAKE_TEST_SECRET";
/// How long a process may take to do what it was told.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running endpoint; killed when it is dropped.
#[derive(Debug)]
pub struct Serve {
    process: Process,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Serve {
    /// Starts it on a free port of this machine.
    pub fn start(lake: &TestLake, more: &[&str]) -> Self {
        let fixed = ["serve", "--listen", "127.0.0.1:0", "--secret-env", SECRET_ENV];
        Self::spawn(&mut lake.command(&[&fixed, more].concat()))
    }

    /// Starts it by a command that the caller made.
    pub fn spawn(command: &mut Command) -> Self {
        let mut process = Process::spawn(command.env(SECRET_ENV, github::SECRET));
        let mut said = String::new();
        let address = loop {
            let from = said.len();
            assert!(
                process.stderr.read_line(&mut said).unwrap() > 0,
                "serve did not start: {said}"
            );
            let url = said[from..].strip_prefix("listening on http://");
            if let Some(address) = url.and_then(|url| url.split('/').next()) {
                break address.parse().unwrap();
            }
        };
        Self { process, address }
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.process.child.id()
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}/webhook", self.address)
    }

    /// Asks it to stop (SIGTERM) and waits.
    pub fn stop(self) -> Run {
        self.process.stop()
    }

    /// Kills it (SIGKILL).
    pub fn kill(self) {
        self.process.kill();
    }
}

/// A process that works until it is told to stop; killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Process {
    /// Starts it.
    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr }
    }

    /// Asks it to stop (SIGTERM) and waits. What it said meanwhile must fit into a pipe.
    pub fn stop(mut self) -> Run {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let asked = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(asked.elapsed() < PATIENCE, "still running after SIGTERM");
            std::thread::sleep(Duration::from_millis(20));
        }
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        self.stderr.read_to_string(&mut stderr).unwrap();
        Run { code: self.child.wait().unwrap().code(), stdout, stderr }
    }

    /// Kills it (SIGKILL).
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A test that failed half-way must not leave it running; otherwise it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `what` holds.
///
/// # Panics
/// It does not for a minute.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
