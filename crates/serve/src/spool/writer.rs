//! The one that writes: group commit.
//!
//! While the disk syncs a group, the next one gathers in the queue: the slower the disk, the larger
//! the groups, and no delivery waits for a timer. A group is one gzip member in one file, and all
//! of it is answered alike.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::bus::{Record, SpoolError};
use super::file::OpenFile;
use super::gzip;
use super::landing::Waiting;
use super::name::SpoolName;
use super::usage::Usage;
use crate::config::RollPolicy;

/// The most deliveries in a group.
const GROUP: usize = 1024;

/// Writes spool files in `directory`, and hands them on when they are closed.
pub(crate) struct Writer {
    directory: PathBuf,
    roll: RollPolicy,
    usage: Arc<Usage>,
    closed: mpsc::UnboundedSender<Waiting>,
    current: Option<Current>,
}

/// The file that is written now.
struct Current {
    file: OpenFile,
    hour: DateTime<Utc>,
    due: Instant,
    deliveries: usize,
    /// Before compression.
    bytes: u64,
}

impl Writer {
    pub(crate) fn new(
        directory: PathBuf,
        roll: RollPolicy,
        usage: Arc<Usage>,
        closed: mpsc::UnboundedSender<Waiting>,
    ) -> Self {
        Self { directory, roll, usage, closed, current: None }
    }

    /// Writes until every sender of `queue` is gone; then closes the file.
    pub(crate) fn run(mut self, runtime: &Handle, mut queue: mpsc::Receiver<Record>) {
        let mut waiting = Vec::with_capacity(GROUP);
        while runtime.block_on(self.wait(&mut queue, &mut waiting)) {
            // Requests overtake each other by microseconds, which matters at the end of an hour.
            waiting.sort_by_key(|record: &Record| record.received_at);
            while let Some(first) = waiting.first() {
                let hour = self.hour_for(first.received_at);
                let same = waiting.partition_point(|record| hour_of(record.received_at) <= hour);
                self.commit(waiting.drain(..same).collect());
            }
            if self.current.as_ref().is_some_and(|current| self.is_due(current)) {
                self.close();
            }
        }
        self.close();
    }

    /// Waits for deliveries, or until the file is due; false at the end.
    async fn wait(&self, queue: &mut mpsc::Receiver<Record>, waiting: &mut Vec<Record>) -> bool {
        let received = queue.recv_many(waiting, GROUP);
        match &self.current {
            Some(current) => timeout_at(current.due, received).await.map_or(true, |n| n > 0),
            None => received.await > 0,
        }
    }

    fn is_due(&self, current: &Current) -> bool {
        current.bytes >= self.roll.bytes || Instant::now() >= current.due
    }

    /// The hour of the file that a delivery of `arrival` goes to; closes the one of an hour before.
    fn hour_for(&mut self, arrival: DateTime<Utc>) -> DateTime<Utc> {
        let hour = hour_of(arrival);
        match &self.current {
            Some(current) if hour <= current.hour => current.hour,
            Some(_) => {
                self.close();
                hour
            }
            None => hour,
        }
    }

    /// Stores a group, and answers it.
    fn commit(&mut self, group: Vec<Record>) {
        let result = self.append(&group).map_err(|error| {
            tracing::error!(deliveries = group.len(), %error, "cannot write the spool");
            self.usage.could_not_write();
            // What the file holds is good; what comes next begins anew.
            self.close();
            SpoolError::Write(Arc::new(error))
        });
        for record in group {
            // Nobody waits where the client has gone away.
            let _ = record.stored.send(result.clone());
        }
    }

    fn append(&mut self, group: &[Record]) -> io::Result<()> {
        let began = Instant::now();
        let member = gzip::member(group.iter().map(|record| record.line.as_str()))?;
        let current = match &mut self.current {
            Some(current) => current,
            None => {
                let oldest = group.first().map(|record| record.received_at).unwrap_or_default();
                let name = SpoolName::new(oldest, Uuid::new_v4());
                let file = OpenFile::create(&self.directory, name)?;
                self.usage.waits(name);
                let due = Instant::now() + self.roll.after;
                let hour = hour_of(oldest);
                self.current.insert(Current { file, hour, due, deliveries: 0, bytes: 0 })
            }
        };
        current.file.append(&member)?;
        current.deliveries += group.len();
        current.bytes += group.iter().map(|record| record.line.len() as u64 + 1).sum::<u64>();
        self.usage.synced(group.len(), member.len() as u64, began.elapsed());
        Ok(())
    }

    /// Closes the file that is written now, and hands it on if it holds anything.
    fn close(&mut self) {
        let Some(Current { file, deliveries, bytes, .. }) = self.current.take() else {
            return;
        };
        let file = file.close();
        let path = file.path().display();
        if file.bytes() == 0 {
            self.usage.is_gone(file.name(), 0);
            if let Err(error) = std::fs::remove_file(file.path()) {
                tracing::warn!(%path, %error, "cannot remove an empty spool file");
            }
            return;
        }
        tracing::info!(%path, deliveries, bytes, gzip_bytes = file.bytes(), "closed a spool file");
        // The lander lives as long as this sender; if it is gone, the next start takes over.
        let _ = self.closed.send(Waiting::Closed(file));
    }
}

fn hour_of(arrival: DateTime<Utc>) -> DateTime<Utc> {
    // Fails for times before 1677 and after 2262 only.
    arrival.duration_trunc(TimeDelta::hours(1)).unwrap_or(arrival)
}
