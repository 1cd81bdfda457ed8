//! What the spool holds and has done, counted.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::Summary;
use super::name::SpoolName;
use crate::metrics;

/// How long a write that failed counts against the disk, where no other was tried since.
const FAILURE_COUNTS: Duration = Duration::from_secs(30);

/// Counters that the writer, the lander and the recovery share.
#[derive(Debug)]
pub(crate) struct Usage {
    /// Bytes on disk that have not landed.
    bytes: Gauge,
    files: Gauge,
    oldest: Gauge,
    deliveries: Counter,
    syncs: Counter,
    sync_seconds: Histogram,
    write_failures: Counter,
    objects: Counter,
    landed_bytes: Counter,
    landing_failures: Counter,
    skipped: Gauge,
    damaged: Counter,
    damaged_bytes: Counter,
    left: Counter,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The files that have not landed, the oldest first.
    waiting: BTreeSet<SpoolName>,
    /// Of them, those that could not be landed when it was last tried.
    skipped: BTreeSet<SpoolName>,
    write_failed: Option<Instant>,
    /// Since when the lake has taken nothing, though it was asked to.
    away_since: Option<Instant>,
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            bytes: Gauge::default(),
            files: Gauge::default(),
            oldest: Gauge::default(),
            deliveries: Counter::default(),
            syncs: Counter::default(),
            sync_seconds: metrics::seconds(),
            write_failures: Counter::default(),
            objects: Counter::default(),
            landed_bytes: Counter::default(),
            landing_failures: Counter::default(),
            skipped: Gauge::default(),
            damaged: Counter::default(),
            damaged_bytes: Counter::default(),
            left: Counter::default(),
            state: Mutex::default(),
        }
    }
}

impl Usage {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn bytes(&self) -> u64 {
        u64::try_from(self.bytes.get()).unwrap_or_default()
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.bytes.inc_by(signed(bytes));
    }

    pub(crate) fn sub(&self, bytes: u64) {
        self.bytes.dec_by(signed(bytes));
    }

    /// A file is there that has to land.
    pub(crate) fn waits(&self, name: SpoolName) {
        self.state().waiting.insert(name);
    }

    /// A group is on the disk; writing and syncing it `took` so long.
    pub(crate) fn synced(&self, deliveries: usize, bytes: u64, took: Duration) {
        self.add(bytes);
        self.deliveries.inc_by(deliveries as u64);
        self.syncs.inc();
        self.sync_seconds.observe(took.as_secs_f64());
        self.state().write_failed = None;
    }

    pub(crate) fn could_not_write(&self) {
        self.write_failures.inc();
        self.state().write_failed = Some(Instant::now());
    }

    /// Whether the last write failed, and lately.
    pub(crate) fn fails_to_write(&self) -> bool {
        self.state().write_failed.is_some_and(|at| at.elapsed() < FAILURE_COUNTS)
    }

    /// A file has landed, or holds nothing.
    pub(crate) fn is_gone(&self, name: SpoolName, bytes: u64) {
        self.sub(bytes);
        let mut state = self.state();
        state.waiting.remove(&name);
        state.skipped.remove(&name);
    }

    pub(crate) fn landed(&self, name: SpoolName, bytes: u64) {
        self.is_gone(name, bytes);
        self.objects.inc();
        self.landed_bytes.inc_by(bytes);
        self.state().away_since = None;
    }

    /// A file could not be landed now; `is_lake`: because the lake didn't take it.
    pub(crate) fn could_not_land(&self, name: SpoolName, is_lake: bool) {
        self.landing_failures.inc();
        let mut state = self.state();
        state.skipped.insert(name);
        if is_lake {
            state.away_since.get_or_insert_with(Instant::now);
        }
    }

    /// Whether there are files that could not land when it was last tried.
    #[cfg(test)]
    pub(crate) fn skips(&self) -> bool {
        !self.state().skipped.is_empty()
    }

    /// How long the lake has taken nothing, though it was asked to.
    pub(crate) fn away_for(&self) -> Duration {
        self.state().away_since.map(|since| since.elapsed()).unwrap_or_default()
    }

    pub(crate) fn damaged(&self, bytes: u64) {
        self.damaged.inc();
        self.damaged_bytes.inc_by(bytes);
    }

    pub(crate) fn left(&self) {
        self.left.inc();
    }

    pub(crate) fn summary(&self) -> Summary {
        Summary {
            deliveries: self.deliveries.get(),
            syncs: self.syncs.get(),
            objects: self.objects.get(),
            left: self.left.get(),
            damaged: self.damaged.get(),
        }
    }

    /// Brings those figures up to date that are asked for rather than counted.
    pub(crate) fn look(&self, now: DateTime<Utc>) {
        let state = self.state();
        self.files.set(state.waiting.len() as i64);
        self.skipped.set(state.skipped.len() as i64);
        let oldest = state.waiting.first().map(|name| (now - name.oldest()).num_seconds());
        // A clock that was set back makes no negative age.
        self.oldest.set(oldest.unwrap_or_default().max(0));
    }

    /// Names each figure in `registry`.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let mut counter = |name: &str, help: &str, counter: &Counter| {
            registry.register(name, help, counter.clone());
        };
        counter("stored_deliveries", "Deliveries that are on the disk", &self.deliveries);
        counter("syncs", "Syncs of the spool's disk", &self.syncs);
        counter("spool_write_failures", "Groups that the disk didn't take", &self.write_failures);
        counter("landed_objects", "Raw objects that landed in the lake", &self.objects);
        counter("landing_failures", "Tries to land a file that failed", &self.landing_failures);
        counter("spool_damaged_files", "Spool files with damage, kept aside", &self.damaged);
        let bytes = Unit::Bytes;
        registry.register_with_unit(
            "landed",
            "Bytes of raw objects that landed",
            bytes,
            self.landed_bytes.clone(),
        );
        registry.register_with_unit(
            "spool_damaged",
            "Bytes in spool files that can't be read",
            Unit::Bytes,
            self.damaged_bytes.clone(),
        );
        registry.register_with_unit(
            "sync",
            "Writing a group of deliveries, and its sync",
            Unit::Seconds,
            self.sync_seconds.clone(),
        );
        registry.register_with_unit(
            "spool",
            "What has not landed",
            Unit::Bytes,
            self.bytes.clone(),
        );
        registry.register("spool_files", "Files that have not landed", self.files.clone());
        registry.register(
            "spool_skipped_files",
            "Files that could not land when it was last tried",
            self.skipped.clone(),
        );
        registry.register_with_unit(
            "spool_oldest",
            "Age of the oldest delivery that has not landed",
            Unit::Seconds,
            self.oldest.clone(),
        );
    }
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
