//! Spool file → raw object. Never overwrites, never gives up, never blocks the writer; and a file
//! that can't land holds up no other.
//!
//! The order is: the object (only if there is none of that name), then remove the file. A crash
//! between the two lands the same bytes again under the same name, which changes nothing.
//!
//! On the file system of the lake the object is a second name of the file: nothing is copied, and a
//! disk that is full can still land what it holds. Elsewhere the file is put.
//!
//! One file is dealt with at a time, so memory holds one. A file that fails goes to the end of the
//! queue and waits for longer each time. While the lake takes nothing at all, one file tries for
//! all of them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutMode};
use octolake_store::{Lake, Linked};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::{JoinSet, spawn_blocking};

use super::file::ClosedFile;
use super::name::SpoolName;
use super::recovery::{self, Found, Recovered};
use super::usage::Usage;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// So many files keep their lock while they wait: each is an open file.
const LOCKED: usize = 16;

/// The lander is done.
pub(crate) struct Landed;

/// A file that is to land.
#[derive(Debug)]
pub(crate) enum Waiting {
    /// Not looked into since some process left it.
    Found(Found),
    /// Ours, and whole.
    Closed(ClosedFile),
}

impl Waiting {
    fn name(&self) -> SpoolName {
        match self {
            Self::Found(found) => found.name,
            Self::Closed(file) => file.name(),
        }
    }

    /// The same without the lock: it is taken over again when it is its turn.
    fn unlocked(self) -> Found {
        match self {
            Self::Found(found) => found,
            Self::Closed(file) => {
                let (name, path, bytes) = (file.name(), file.path().to_owned(), file.bytes());
                Found { name, path, bytes }
            }
        }
    }
}

/// Why a file has not landed.
#[derive(Debug, thiserror::Error)]
enum LandingError {
    /// Something else is there. Nothing of ours makes that: names are random.
    #[error("the lake holds another object of that name")]
    Taken,
    #[error("the lake cannot be written: {0}")]
    Store(#[from] object_store::Error),
    #[error("the lake cannot be written: {0}")]
    Link(#[source] io::Error),
    #[error("the spool file cannot be read or removed: {0}")]
    File(#[from] io::Error),
    #[error("it was not dealt with to its end")]
    Broken,
}

impl LandingError {
    /// Whether it is the lake that failed, and so would for other files.
    fn is_lake(&self) -> bool {
        matches!(self, Self::Store(_) | Self::Link(_))
    }
}

/// Puts files into a lake.
pub(crate) struct Lander {
    lake: Lake,
    usage: Arc<Usage>,
    stopping: watch::Receiver<bool>,
    /// Whose turn it is; and how long the lake is left alone before the next try.
    turn: Mutex<Duration>,
}

impl Lander {
    pub(crate) fn new(lake: Lake, usage: Arc<Usage>, stopping: watch::Receiver<bool>) -> Self {
        Self { lake, usage, stopping, turn: Mutex::default() }
    }

    /// Lands each file, until there will be no more.
    pub(crate) async fn run(self, mut files: mpsc::UnboundedReceiver<Waiting>) -> Landed {
        let (lander, mut tasks) = (Arc::new(self), JoinSet::new());
        while let Some(file) = files.recv().await {
            while tasks.try_join_next().is_some() {}
            let file = if tasks.len() < LOCKED { file } else { Waiting::Found(file.unlocked()) };
            tasks.spawn(lander.clone().land(file));
        }
        while tasks.join_next().await.is_some() {}
        Landed
    }

    /// Tries until it works; once only when the server stops.
    async fn land(self: Arc<Self>, mut file: Waiting) {
        let (name, mut pause) = (file.name(), FIRST_PAUSE);
        loop {
            let mut left_alone = self.turn.lock().await;
            self.pause(*left_alone).await;
            let last = *self.stopping.borrow();
            let (error, found) = match self.try_to_land(file).await {
                Ok(()) => {
                    *left_alone = Duration::ZERO;
                    return;
                }
                Err(failed) => failed,
            };
            *left_alone = match error.is_lake() {
                true => (*left_alone * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE),
                false => Duration::ZERO,
            };
            drop(left_alone);
            self.usage.could_not_land(name, error.is_lake());
            let path = found.path.display();
            if last || matches!(error, LandingError::Taken) {
                tracing::error!(%path, %error, "left a spool file to the next start");
                return self.usage.left();
            }
            let retry_seconds = pause.as_secs();
            tracing::warn!(%path, %error, retry_seconds, "could not land a spool file");
            self.pause(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            file = Waiting::Found(found);
        }
    }

    /// Waits, but not when the server stops.
    async fn pause(&self, time: Duration) {
        let mut stopping = self.stopping.clone();
        let _ = tokio::time::timeout(time, stopping.wait_for(|stop| *stop)).await;
    }

    async fn try_to_land(&self, file: Waiting) -> Result<(), (LandingError, Found)> {
        let closed = match file {
            Waiting::Closed(closed) => closed,
            Waiting::Found(found) => match self.take_over(found.clone()).await {
                Ok(Some(closed)) => closed,
                Ok(None) => {
                    self.usage.is_gone(found.name, found.bytes);
                    return Ok(());
                }
                Err(error) => return Err((error, found)),
            },
        };
        if let Err(error) = self.put(&closed).await {
            return Err((error, Waiting::Closed(closed).unlocked()));
        }
        self.landed(closed);
        Ok(())
    }

    /// The file, whole and locked; `None` where it needs not land, or another process lands it.
    async fn take_over(&self, found: Found) -> Result<Option<ClosedFile>, LandingError> {
        let (usage, bytes) = (self.usage.clone(), found.bytes);
        let recovered = spawn_blocking(move || recovery::take_over(&found, &usage)).await;
        match recovered.map_err(|_| LandingError::Broken)?? {
            Recovered::Closed(file) => {
                self.usage.sub(bytes);
                self.usage.add(file.bytes());
                Ok(Some(file))
            }
            Recovered::Empty | Recovered::Held => Ok(None),
        }
    }

    /// The object is there, whole, when this returns.
    async fn put(&self, file: &ClosedFile) -> Result<(), LandingError> {
        file.trim()?;
        let key = file.raw_key();
        let (lake, path, object) = (self.lake.clone(), file.path().to_owned(), key.clone());
        let linked = spawn_blocking(move || lake.link(&path, &object)).await;
        match linked.map_err(|_| LandingError::Broken)?.map_err(LandingError::Link)? {
            Linked::Done => Ok(()),
            Linked::Taken => self.compare(&key.into(), tokio::fs::read(file.path()).await?).await,
            Linked::Impossible => self.copy(&key.into(), file).await,
        }
    }

    async fn copy(&self, key: &Path, file: &ClosedFile) -> Result<(), LandingError> {
        let content = Bytes::from(tokio::fs::read(file.path()).await?);
        let put = self.lake.store().put_opts(key, content.clone().into(), PutMode::Create.into());
        match put.await {
            Err(object_store::Error::AlreadyExists { .. }) => self.compare(key, content).await,
            put => put.map(drop).map_err(LandingError::Store),
        }
    }

    /// An object of that name is there: it is ours if it holds the same.
    async fn compare(&self, key: &Path, content: impl AsRef<[u8]>) -> Result<(), LandingError> {
        let there = self.lake.store().get(key).await?.bytes().await?;
        if there == content.as_ref() { Ok(()) } else { Err(LandingError::Taken) }
    }

    fn landed(&self, file: ClosedFile) {
        let (key, bytes) = (file.raw_key(), file.bytes());
        self.usage.landed(file.name(), bytes);
        match file.remove() {
            Ok(()) => tracing::info!(key, bytes, "landed a raw object"),
            Err(error) => {
                tracing::warn!(key, bytes, %error, "landed a raw object, but could not remove its spool file");
            }
        }
    }
}
