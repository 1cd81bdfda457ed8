//! The `lakequery` command: parse, log, run, exit. What each command does is in its own module of
//! [`lakequery::commands`].

use std::process::ExitCode;

use lakequery::{cli, exit, logging, output};
use tikv_jemallocator::Jemalloc;

/// A compaction frees gigabytes in pieces of megabytes, on many threads: the system's allocator keeps
/// half as much again as is in use.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    let cli = cli::parse();
    output::start(&cli.globals);
    let _logging = logging::start(&cli.globals, cli.command.manner());
    let result = runtime().and_then(|runtime| {
        let result = runtime.block_on(cli.command.run(&cli.globals));
        // Work that was given up (a blocked read, say) must not hold up the exit.
        runtime.shutdown_background();
        result
    });
    if let Err(failure) = &result {
        output::report_failure(failure);
    }
    exit::code(&result)
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
