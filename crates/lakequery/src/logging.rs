//! Where log lines go: stderr, and only as many as were asked for.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::cli::Globals;

/// Starts logging for this process. Our own lines at warnings (`-q`: errors, `-v`: information,
/// `-vv`: debug), those of libraries at errors (`-vv`: information). A server, of which its log is
/// all that one sees, begins at information.
pub fn start(globals: &Globals, is_server: bool) {
    let (own, libraries) = match (globals.quiet, globals.verbose + u8::from(is_server)) {
        (true, _) => (LevelFilter::ERROR, LevelFilter::OFF),
        (_, 0) => (LevelFilter::WARN, LevelFilter::ERROR),
        (_, 1) => (LevelFilter::INFO, LevelFilter::ERROR),
        (_, 2) => (LevelFilter::DEBUG, LevelFilter::INFO),
        (_, _) => (LevelFilter::TRACE, LevelFilter::DEBUG),
    };
    let filter = Targets::new()
        .with_default(libraries)
        .with_target("octolake", own)
        .with_target("lakequery", own);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false);
    // A second start (in a test, say) keeps the first: nothing is lost by it.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}
