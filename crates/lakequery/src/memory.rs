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

/// The least that a query can be given, in bytes: below it not even its sorts spill.
const LEAST: u64 = 64 << 20;

/// The flag of what queries.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct MaxMemory {
    /// Count this much memory for the query before it spills to the disk: 512MB, 2GiB.
    #[arg(long, value_name = "SIZE", value_parser = limit, default_value_t = MEMORY_LIMIT as u64)]
    #[arg(
        hide_default_value = true,
        help = "Spill to the disk what takes more memory than this: 512MB, 2GiB [default: 1GiB]"
    )]
    max_memory: u64,
}

fn limit(text: &str) -> Result<u64, String> {
    bytes(text)?
        .filter(|bytes| *bytes >= LEAST)
        .ok_or_else(|| format!("a query needs {} at the least", size(LEAST)))
}

/// A number of bytes, with K, M or G behind it (of 1,024 each); `None` for one that is too large.
///
/// # Errors
/// It is none.
pub fn bytes(text: &str) -> Result<Option<u64>, String> {
    let end = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match text[end.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "K" | "KB" | "KIB" => 1 << 10,
        "M" | "MB" | "MIB" => 1 << 20,
        "G" | "GB" | "GIB" => 1 << 30,
        _ => return Err("write a number of bytes, such as 512M or 2G".to_owned()),
    };
    let number: u64 = end.parse().map_err(|_| "write a number of bytes, such as 512M or 2G")?;
    Ok(number.checked_mul(unit))
}

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
    /// Tells the engine how much it may count, and watches from now on: what the process may hold is
    /// that, and half of it for what is not counted.
    pub fn start(limit: MaxMemory) -> Self {
        octolake_engine::limit_memory(usize::try_from(limit.max_memory).unwrap_or(usize::MAX));
        let most = limit.max_memory.saturating_add(limit.max_memory / 2);
        let (alive, ended) = mpsc::channel();
        thread::spawn(move || {
            let Ok(mut status) = File::open("/proc/self/status") else { return };
            while ended.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                match held(&mut status) {
                    Some(bytes) if bytes > most => stop(bytes, most),
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
fn stop(bytes: u64, most: u64) -> ! {
    output::report_failure(&anyhow::anyhow!(
        "the query was stopped: it held {} of memory, and may hold {}; make fewer or shorter texts at once, or raise --max-memory",
        size(bytes),
        size(most),
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
    }

    #[test]
    fn a_limit_is_read() {
        for (text, expected) in [
            ("512MB", 536_870_912),
            ("2GiB", 2_147_483_648),
            ("64m", 67_108_864),
            ("67108864", 67_108_864),
        ] {
            assert_eq!(limit(text), Ok(expected));
        }
        for text in ["", "MB", "63MiB", "1.5G", "2T", "99999999999G", "-1G"] {
            assert!(limit(text).is_err(), "{text}");
        }
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
