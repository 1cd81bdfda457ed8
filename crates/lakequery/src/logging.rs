//! Where log lines go: stderr, only as many as were asked for, and cleaned of what a terminal would
//! obey.
//!
//! A command that runs until it is stopped never waits for whoever reads its log: its lines go into
//! a queue of bounded length, and where that is full they are dropped and counted. Nothing that the
//! endpoint takes may hang on a pipe that nobody empties.

use std::io::{self, IsTerminal as _};
use std::sync::OnceLock;

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::cli::Globals;
use crate::output::clean::{Cleaner, Escapes};

/// Lines that may wait to be written: a few megabytes.
const QUEUE_LINES: usize = 10_000;

/// The queue of this process's lines, where it has one.
static QUEUE: OnceLock<(NonBlocking, ErrorCounter)> = OnceLock::new();

/// How much a command says of itself, and whether it waits for its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Does its work and ends.
    Command,
    /// The same, on deliveries that are odd on purpose: only errors are news.
    Demo,
    /// Does its work again and again until it is stopped.
    Service,
    /// The same, and its log is all that one sees of it.
    Server,
}

/// Writes what is in the queue, as far as somebody reads it, when it is dropped.
#[derive(Debug)]
pub struct Logging {
    _queue: Option<WorkerGuard>,
}

/// Starts logging for this process. Our own lines at warnings (`-q`: errors, `-v`: information,
/// `-vv`: debug), those of libraries at errors (`-vv`: information). A server begins at
/// information.
pub fn start(globals: &Globals, manner: Manner) -> Logging {
    let is_server = manner == Manner::Server;
    let (own, libraries) = match (globals.quiet, globals.verbose + u8::from(is_server)) {
        (true, _) => (LevelFilter::ERROR, LevelFilter::OFF),
        (_, 0) if manner == Manner::Demo => (LevelFilter::ERROR, LevelFilter::ERROR),
        (_, 0) => (LevelFilter::WARN, LevelFilter::ERROR),
        (_, 1) => (LevelFilter::INFO, LevelFilter::ERROR),
        (_, 2) => (LevelFilter::DEBUG, LevelFilter::INFO),
        (_, _) => (LevelFilter::TRACE, LevelFilter::DEBUG),
    };
    let filter = Targets::new()
        .with_default(libraries)
        .with_target("octolake", own)
        .with_target("lakequery", own);
    let queue = matches!(manner, Manner::Service | Manner::Server).then(queue);
    match &queue {
        Some((queue, _)) => subscribe(filter, queue.clone()),
        None => subscribe(filter, cleaned_stderr),
    }
    Logging { _queue: queue.map(|(_, guard)| guard) }
}

fn cleaned_stderr() -> Cleaner<io::Stderr> {
    Cleaner::new(io::stderr(), Escapes::Line)
}

fn queue() -> (NonBlocking, WorkerGuard) {
    let (queue, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(QUEUE_LINES)
        .thread_name("log-writer")
        .finish(cleaned_stderr());
    let _ = QUEUE.set((queue.clone(), queue.error_counter()));
    (queue, guard)
}

fn subscribe<W>(filter: Targets, writer: W)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false);
    // A second start (in a test, say) keeps the first: nothing is lost by it.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}

/// How many lines of this process were dropped, because nobody read the ones before.
pub fn dropped_lines() -> u64 {
    QUEUE.get().map_or(0, |(_, drops)| drops.dropped_lines() as u64)
}

/// The queue, for what else this process says on stderr; `None` where it waits for its reader.
pub(crate) fn line_queue() -> Option<NonBlocking> {
    QUEUE.get().map(|(queue, _)| queue.clone())
}
