//! Closed file → raw object. Never overwrites, never gives up, never blocks the writer.
//!
//! The order is: put (only if there is no object of that name), then remove the file. A crash
//! between the two lands the same bytes again under the same name, which changes nothing.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode};
use tokio::sync::{mpsc, watch};

use super::file::ClosedFile;
use super::usage::Usage;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The lander is done.
pub(crate) struct Landed;

/// Why a file has not landed.
#[derive(Debug, thiserror::Error)]
enum LandingError {
    /// Something else is there. Nothing of ours makes that: names are random.
    #[error("the lake holds another object of that name")]
    Taken,
    #[error("the lake cannot be written: {0}")]
    Store(#[from] object_store::Error),
    #[error("the spool file cannot be read or removed: {0}")]
    File(#[from] io::Error),
}

/// Puts closed files into a lake.
pub(crate) struct Lander {
    store: Arc<dyn ObjectStore>,
    usage: Arc<Usage>,
    stopping: watch::Receiver<bool>,
}

impl Lander {
    pub(crate) fn new(
        store: Arc<dyn ObjectStore>,
        usage: Arc<Usage>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self { store, usage, stopping }
    }

    /// Lands each file, one after the other, until there will be no more.
    pub(crate) async fn run(mut self, mut closed: mpsc::UnboundedReceiver<ClosedFile>) -> Landed {
        while let Some(file) = closed.recv().await {
            self.land(file).await;
        }
        Landed
    }

    /// Tries until it works; once only when the server stops.
    async fn land(&mut self, file: ClosedFile) {
        let mut pause = FIRST_PAUSE;
        loop {
            let last = *self.stopping.borrow();
            let error = match self.put(&file).await {
                Ok(()) => return self.landed(file),
                Err(error) => error,
            };
            let path = file.path().display();
            if last || matches!(error, LandingError::Taken) {
                tracing::error!(%path, %error, "left a spool file to the next start");
                return self.usage.left();
            }
            tracing::warn!(%path, %error, retry_seconds = pause.as_secs(), "could not land a spool file");
            let _ = tokio::time::timeout(pause, self.stopping.wait_for(|stop| *stop)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The object is there, whole, when this returns.
    async fn put(&self, file: &ClosedFile) -> Result<(), LandingError> {
        let key = Path::from(file.raw_key());
        let content = read(file).await?;
        match self.store.put_opts(&key, content.clone().into(), PutMode::Create.into()).await {
            Err(object_store::Error::AlreadyExists { .. }) => {
                let there = self.store.get(&key).await?.bytes().await?;
                if there == content { Ok(()) } else { Err(LandingError::Taken) }
            }
            put => put.map(drop).map_err(LandingError::Store),
        }
    }

    fn landed(&self, file: ClosedFile) {
        let (key, bytes) = (file.raw_key(), file.bytes());
        self.usage.landed(bytes);
        match file.remove() {
            Ok(()) => tracing::info!(key, bytes, "landed a raw object"),
            Err(error) => {
                tracing::warn!(key, bytes, %error, "landed a raw object, but could not remove its spool file");
            }
        }
    }
}

/// What was accepted: whole gzip members, without what a crash left after them.
async fn read(file: &ClosedFile) -> io::Result<Bytes> {
    let mut content = tokio::fs::read(file.path()).await?;
    content.truncate(usize::try_from(file.bytes()).unwrap_or(usize::MAX));
    Ok(content.into())
}
