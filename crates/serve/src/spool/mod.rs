//! Deliveries on this machine's disk, from the moment they are taken until they land in the lake.
//!
//! One writer, one lander, and between them files that are closed. The spool's own bus end is what
//! the endpoint gives deliveries to.

mod bus;
mod file;
mod gzip;
mod landing;
mod name;
mod recovery;
mod survey;
mod usage;
mod writer;

use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

pub(crate) use self::bus::SpoolBus;
pub use self::bus::SpoolError;
use self::landing::{Landed, Lander, Waiting};
#[cfg(test)]
pub(crate) use self::name::SpoolName;
pub use self::survey::{Survey, survey};
pub(crate) use self::usage::Usage;
use self::writer::Writer;
use crate::config::Config;

/// Deliveries that wait for the writer; more wait for a place in this queue.
const QUEUE: usize = 4096;

/// What a server did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Deliveries that were stored.
    pub deliveries: u64,
    /// Syncs of the disk that it took.
    pub syncs: u64,
    /// Raw objects that landed, those of earlier processes included.
    pub objects: u64,
    /// Spool files that could not land; the next start tries again.
    pub left: u64,
    /// Spool files with damage in them, which are kept aside.
    pub damaged: u64,
}

/// The running spool.
pub(crate) struct Spool {
    usage: Arc<Usage>,
    written: oneshot::Receiver<()>,
    lander: JoinHandle<Landed>,
    stop: watch::Sender<bool>,
}

impl Spool {
    /// Takes over what dead processes left, and starts the writer and the lander. Call it within a
    /// runtime. The spool goes on until the bus, and each clone of it, is dropped.
    pub(crate) fn start(config: &Config) -> io::Result<(Self, SpoolBus)> {
        make_directory(&config.spool)?;
        let usage = Arc::new(Usage::default());
        let (close, closed) = mpsc::unbounded_channel();
        for found in recovery::find(&config.spool)? {
            usage.add(found.bytes);
            usage.waits(found.name);
            // The receiver is still here.
            let _ = close.send(Waiting::Found(found));
        }
        let (stop, stopping) = watch::channel(false);
        let lander = Lander::new(config.lake.clone(), usage.clone(), stopping);
        let lander = tokio::spawn(lander.run(closed));
        let (queue, records) = mpsc::channel(QUEUE);
        let writer = Writer::new(config.spool.clone(), config.roll, usage.clone(), close);
        let (done, written) = oneshot::channel();
        let runtime = Handle::current();
        thread::Builder::new().name("spool-writer".into()).spawn(move || {
            writer.run(&runtime, records);
            let _ = done.send(());
        })?;
        let bus = SpoolBus::new(queue, usage.clone(), config.limits);
        Ok((Self { usage, written, lander, stop }, bus))
    }

    /// What it holds and has done.
    pub(crate) fn usage(&self) -> &Arc<Usage> {
        &self.usage
    }

    /// Waits until all is written and closed, and at most `patience` until it has landed.
    pub(crate) async fn finish(self, patience: Duration) -> Summary {
        // No more patience with a lake that cannot be reached: one try for each file.
        let _ = self.stop.send(true);
        let _ = self.written.await;
        if tokio::time::timeout(patience, self.lander).await.is_err() {
            tracing::warn!("stopped before all spool files have landed: the next start lands them");
        }
        self.usage.summary()
    }
}

/// Makes the spool's directory, for its owner alone: deliveries are private.
fn make_directory(directory: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let mode = std::fs::metadata(directory)?.permissions().mode();
    if mode & 0o077 != 0 {
        let path = directory.display();
        tracing::warn!(%path, "other users may read the spool: `chmod -R go= {path}` keeps deliveries private");
    }
    // Of a relative path of one part, the parent is the empty path.
    directory.canonicalize()?.parent().map_or(Ok(()), file::sync_directory)
}

#[cfg(test)]
mod tests;
