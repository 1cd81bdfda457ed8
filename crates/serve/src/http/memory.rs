//! Room for bodies: reserved as they arrive, never by what they announce.
//!
//! Bodies to 1 MiB, which nearly all are, have a pool of their own, so that large ones never stand
//! in their way. Where a pool is used up, whoever needs room waits, and two things keep that short:
//!
//! - of those that are still arriving, the slowest gives way (a client that sends to hold memory
//!   is slow, a delivery isn't);
//! - one body at a time may go beyond the pool, so that of several that wait for each other one
//!   gets on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

/// Memory is reserved in units of so many bytes.
const UNIT: usize = 1024;
/// The largest body that counts as small, in bytes.
const SMALL: usize = 1 << 20;
/// How long room is waited for, before somebody gives way.
const WAIT: Duration = Duration::from_millis(250);
/// How old a body is at least that gives way: a delivery has arrived by then.
const GIVES_WAY_AFTER: Duration = Duration::from_secs(1);

/// Room for small and for large bodies.
#[derive(Debug)]
pub(crate) struct Memory {
    small: Pool,
    large: Pool,
}

#[derive(Debug)]
struct Pool {
    /// How many units there are.
    all: usize,
    units: Semaphore,
    /// For the one that may go beyond.
    beyond: Semaphore,
    arriving: Mutex<BTreeMap<u64, Arc<Arriving>>>,
    next: AtomicU64,
}

/// A body that is not whole yet.
#[derive(Debug)]
struct Arriving {
    since: Instant,
    bytes: AtomicUsize,
    /// Whether it is us who keep it waiting.
    waits: AtomicBool,
    give_way: Notify,
}

impl Memory {
    /// Room for so many bytes of small and of large bodies.
    pub(super) fn new(small: usize, large: usize) -> Self {
        Self { small: Pool::new(small), large: Pool::new(large) }
    }

    /// No room yet, for a body of which `announced` bytes are to come, where that is known.
    pub(super) fn hold(&self, announced: Option<u64>) -> Held<'_> {
        let is_large = announced.is_some_and(|bytes| bytes > SMALL as u64);
        let pool = if is_large { &self.large } else { &self.small };
        Held { memory: self, pool, units: None, beyond: None, arriving: None }
    }

    /// Bytes that are reserved.
    pub(crate) fn used(&self) -> usize {
        self.small.used() + self.large.used()
    }
}

impl Pool {
    fn new(bytes: usize) -> Self {
        let units = (bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            all: units,
            units: Semaphore::new(units),
            beyond: Semaphore::new(1),
            arriving: Mutex::default(),
            next: AtomicU64::new(0),
        }
    }

    fn used(&self) -> usize {
        (self.all - self.units.available_permits()) * UNIT
    }

    fn arriving(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Arc<Arriving>>> {
        self.arriving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the slowest of those that arrive, and whom we don't keep waiting, to give way.
    fn relieve(&self) {
        let now = Instant::now();
        let arriving = self.arriving();
        let grown = arriving.values().filter(|it| {
            !it.waits.load(Relaxed) && now.duration_since(it.since) >= GIVES_WAY_AFTER
        });
        let slowest = grown.min_by_key(|it| {
            let milliseconds = now.duration_since(it.since).as_millis().max(1);
            it.bytes.load(Relaxed) as u128 * 1_000 / milliseconds
        });
        if let Some(slowest) = slowest {
            slowest.give_way.notify_one();
        }
    }
}

/// The room that one body holds, until this is dropped.
#[derive(Debug)]
pub(super) struct Held<'m> {
    memory: &'m Memory,
    pool: &'m Pool,
    units: Option<SemaphorePermit<'m>>,
    beyond: Option<SemaphorePermit<'m>>,
    arriving: Option<(u64, Arc<Arriving>)>,
}

impl<'m> Held<'m> {
    /// Makes room for the body to be `bytes` long; waits for it.
    pub(super) async fn grow(&mut self, bytes: usize) {
        if bytes > SMALL && std::ptr::eq(self.pool, &self.memory.small) {
            // It announced no length. What it held is free before it waits for more.
            self.arrived();
            (self.units, self.beyond, self.pool) = (None, None, &self.memory.large);
        }
        if self.beyond.is_some() {
            return;
        }
        let held = self.units.as_ref().map_or(0, SemaphorePermit::num_permits);
        let missing = bytes.div_ceil(UNIT).saturating_sub(held);
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        match self.pool.units.try_acquire_many(missing) {
            Ok(permit) => self.add(permit),
            Err(_) => self.wait_for(missing, bytes).await,
        }
    }

    async fn wait_for(&mut self, missing: u32, bytes: usize) {
        let pool = self.pool;
        let arriving = self.note(bytes);
        arriving.waits.store(true, Relaxed);
        let room = async {
            tokio::select! {
                biased;
                permit = pool.units.acquire_many(missing) => (permit.ok(), None),
                beyond = pool.beyond.acquire() => (None, beyond.ok()),
            }
        };
        tokio::pin!(room);
        let (units, beyond) = loop {
            match timeout(WAIT, &mut room).await {
                Ok(room) => break room,
                Err(_) => pool.relieve(),
            }
        };
        arriving.waits.store(false, Relaxed);
        self.beyond = beyond;
        if let Some(units) = units {
            self.add(units);
        }
    }

    fn add(&mut self, more: SemaphorePermit<'m>) {
        match &mut self.units {
            Some(units) => units.merge(more),
            None => self.units = Some(more),
        }
    }

    /// Notes that the body goes on, and has so many bytes so far.
    pub(super) fn note_bytes(&mut self, bytes: usize) {
        self.note(bytes);
    }

    fn note(&mut self, bytes: usize) -> Arc<Arriving> {
        let pool = self.pool;
        let (_, arriving) = self.arriving.get_or_insert_with(|| {
            let number = pool.next.fetch_add(1, Relaxed);
            let arriving = Arc::new(Arriving {
                since: Instant::now(),
                bytes: AtomicUsize::new(0),
                waits: AtomicBool::new(false),
                give_way: Notify::new(),
            });
            pool.arriving().insert(number, arriving.clone());
            (number, arriving)
        });
        arriving.bytes.fetch_max(bytes, Relaxed);
        arriving.clone()
    }

    /// Ends when another needs the room more.
    pub(super) async fn gives_way(&self) {
        match &self.arriving {
            Some((_, arriving)) => arriving.give_way.notified().await,
            None => std::future::pending().await,
        }
    }

    /// The body is whole: it keeps its room, and needs give way to nobody.
    pub(super) fn arrived(&mut self) {
        if let Some((number, _)) = self.arriving.take() {
            self.pool.arriving().remove(&number);
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.arrived();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;
    const SHORT: Duration = Duration::from_millis(50);

    fn is_there<T>(room: Result<T, tokio::time::error::Elapsed>) -> bool {
        room.is_ok()
    }

    #[tokio::test]
    async fn what_is_announced_reserves_nothing() {
        let memory = Memory::new(MIB, MIB);
        let silent: Vec<_> = (0..1000).map(|_| memory.hold(Some(25 << 20))).collect();
        let mut other = memory.hold(Some(25 << 20));
        assert!(is_there(timeout(Duration::ZERO, other.grow(MIB)).await));
        drop(silent);
    }

    #[tokio::test]
    async fn large_bodies_leave_the_small_ones_their_room() {
        let memory = Memory::new(MIB, MIB);
        let (mut large, mut beyond) = (memory.hold(Some(2 << 20)), memory.hold(Some(2 << 20)));
        large.grow(MIB).await;
        beyond.grow(2 * MIB).await;
        let mut third = memory.hold(Some(2 << 20));
        assert!(!is_there(timeout(SHORT, third.grow(1)).await));
        let mut small = memory.hold(Some(1 << 20));
        assert!(is_there(timeout(Duration::ZERO, small.grow(MIB)).await));
    }

    #[tokio::test]
    async fn of_those_that_wait_for_each_other_one_gets_on() {
        let memory = Memory::new(0, 4 * MIB);
        let (mut one, mut two) = (memory.hold(Some(9 << 20)), memory.hold(Some(9 << 20)));
        one.grow(2 * MIB).await;
        two.grow(2 * MIB).await;
        assert!(is_there(timeout(SHORT, one.grow(9 * MIB)).await));
        assert!(!is_there(timeout(SHORT, two.grow(9 * MIB)).await));
        drop(one);
        assert!(is_there(timeout(SHORT, two.grow(9 * MIB)).await));
    }

    #[tokio::test]
    async fn the_slowest_gives_way() {
        let memory = Memory::new(4 * MIB, 0);
        let mut beyond = memory.hold(None);
        let mut slow: Vec<_> = (0..4).map(|_| memory.hold(None)).collect();
        for (number, held) in slow.iter_mut().enumerate() {
            held.grow(MIB).await;
            held.note_bytes(MIB - 1000 * number);
        }
        beyond.grow(MIB).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut late = memory.hold(None);
        let last = slow.pop().unwrap();
        let gives_way = async move {
            last.gives_way().await;
            drop(last);
        };
        let room = async { tokio::join!(late.grow(MIB), gives_way) };
        assert!(is_there(timeout(Duration::from_secs(1), room).await));
        for held in &slow {
            assert!(!is_there(timeout(Duration::from_millis(1), held.gives_way()).await));
        }
    }

    #[tokio::test]
    async fn a_body_without_a_length_moves_when_it_is_large() {
        let memory = Memory::new(MIB, 2 * MIB);
        let mut held = memory.hold(None);
        held.grow(MIB).await;
        held.grow(MIB + 1).await;
        let mut small = memory.hold(None);
        assert!(is_there(timeout(Duration::ZERO, small.grow(MIB)).await));
    }
}
