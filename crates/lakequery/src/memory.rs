//! How much memory a query may hold, whatever it does.
//!
//! The engine's pool counts what sorts, joins and groups hold, and has them spill to the disk. What a
//! function makes for a batch, what a batch is copied into, and what the planner computes is not in
//! its count, and no list of functions is complete: texts grow by `||`, by `replace`, by
//! `string_agg` over a window, or when a long one is joined to many rows. So a thread looks at what
//! the process really holds, and ends it with a sentence before the machine runs out of memory. It
//! looks every 10 ms, in which a core fills some 30 MB.
//!
//! The system tells this on Linux alone. Elsewhere nothing watches.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use crate::output::{self, size};
use octolake_engine::MEMORY_LIMIT;

/// What a query may hold in bytes: what the pool may count, and half of that for what it does not.
const MOST: u64 = MEMORY_LIMIT as u64 / 2 * 3;

/// How long between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Ends the process with exit code 1 when it holds more memory than a query may, for as long as this
/// lives.
#[derive(Debug)]
pub struct Watch {
    /// Dropped with this, which ends the thread.
    _alive: Sender<()>,
}

impl Watch {
    /// Watches from now on.
    pub fn start() -> Self {
        let (alive, ended) = mpsc::channel();
        thread::spawn(move || {
            let Ok(mut status) = File::open("/proc/self/status") else { return };
            while ended.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                match held(&mut status) {
                    Some(bytes) if bytes > MOST => stop(bytes),
                    Some(_) => {}
                    None => return,
                }
            }
        });
        Self { _alive: alive }
    }
}

/// The memory in bytes that the process has filled, without files that are mapped.
fn held(status: &mut File) -> Option<u64> {
    let mut text = String::new();
    status.rewind().ok()?;
    status.read_to_string(&mut text).ok()?;
    resident(&text)
}

/// `RssAnon:  1234 kB` of a process's status, in bytes.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok().map(|kilobytes: u64| kilobytes << 10)
}

/// The work cannot be asked to stop: it is inside a function that does not look up.
fn stop(bytes: u64) -> ! {
    output::report_failure(&anyhow::anyhow!(
        "the query was stopped: it held {} of memory, and may hold {}; make fewer or shorter texts at once",
        size(bytes),
        size(MOST),
    ));
    std::process::exit(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_read() {
        let status =
            "Name:\tlakequery\nVmRSS:\t  2048 kB\nRssAnon:\t    1024 kB\nRssFile:\t 7 kB\n";
        assert_eq!(resident(status), Some(1_048_576));
        assert_eq!(resident("VmRSS:\t  2048 kB\n"), None);
        assert_eq!(MOST, 1_610_612_736);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_this_process_holds_is_known() {
        let mut status = File::open("/proc/self/status").unwrap();
        let before = held(&mut status).unwrap();
        let filled = std::hint::black_box(vec![1_u8; 100_000_000]);
        let after = held(&mut status).unwrap();
        assert!(after >= before + 90_000_000, "{before} {after}");
        drop(filled);
    }
}
