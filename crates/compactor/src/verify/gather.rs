//! One pass over the raw objects: each record becomes a few numbers, in the shard of its id.
//!
//! Some objects are read at once, each by a task of its own; what they find comes together here. It
//! comes in any order, and no order decides anything.

use std::sync::Arc;

use object_store::ObjectStore;
use octolake_event::{Envelope, Payload};
use octolake_lake::Table;
use octolake_store::Lake;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::erased::Asked;
use super::journal::{self, Header, Left, Read};
use super::records::{Place, Record, key_number};
use super::shards::{Kind, MAX_SHARDS, Shards};
use super::{Depth, Proof, RawObjects, Reading};
use crate::error::CompactError;
use crate::large;
use crate::read::{Item, ObjectReader};
use crate::scan::RawObject;
use crate::settings::Settings;

/// How many finds go from a task at once, and how many such parts may wait.
const FINDS: usize = 4096;
const WAITING: usize = 4;
/// After so many objects, what was read is marked as such, however small they are.
const MARK_OBJECTS: usize = 2000;
/// What a shard of rows and records may have, in bytes, by what the table's totals say.
const SHARD_BYTES: u64 = 32 * 1024 * 1024;
/// Bytes of a row and its record, and how many compressed bytes of a raw object hold one at least.
const PAIR_BYTES: u64 = 70;
const DENSE_BYTES: u64 = 100;
const MIN_SHARDS: u64 = 16;

/// What was found in a raw object.
enum Find {
    Record(Record),
    Broken(Place),
}

type Finds = Vec<Find>;

/// What a task needs to read objects.
#[derive(Clone)]
struct Reader {
    store: Arc<dyn ObjectStore>,
    settings: Settings,
    asked: Asked,
    sender: mpsc::Sender<Finds>,
}

/// Which object has which number.
#[derive(Debug, Default)]
pub(super) struct Numbers(Vec<Option<usize>>);

impl Numbers {
    /// The place in the list of raw objects; `None` where the object was read again since.
    pub(super) fn place_of(&self, number: u32) -> Option<usize> {
        self.0.get(number as usize).copied().flatten()
    }

    fn set(&mut self, number: u32, place: usize) {
        let at = number as usize;
        self.0.resize(self.0.len().max(at + 1), None);
        if let Some(slot) = self.0.get_mut(at) {
            *slot = Some(place);
        }
    }
}

/// What the shards depend on.
pub(super) fn header(
    lake: &Lake,
    table: &Table,
    settings: &Settings,
    proof: &Proof,
    raw: &RawObjects,
) -> (Header, Asked) {
    let mut asked = Asked::by(table.progress());
    asked.bodies |= proof.depth == Depth::Bytes;
    let before = asked.before.map(|at| at.timestamp_micros());
    let limits = [settings.window_bytes, settings.max_record_bytes];
    let rows: u64 = table.files().iter().map(|file| file.rows).sum();
    let dense = raw.done.iter().map(|object| object.bytes).sum::<u64>() / DENSE_BYTES;
    let pairs = table.progress().ledger.counts.read.max(rows).max(dense);
    let shards = pairs.saturating_mul(PAIR_BYTES).div_ceil(SHARD_BYTES);
    let shards = shards.clamp(MIN_SHARDS, u64::from(MAX_SHARDS)) as u32;
    let shards = proof.shards.unwrap_or(shards).clamp(1, MAX_SHARDS);
    // Nobody can know which ids will be together.
    let seed = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0);
    (Header::new(lake.name(), (asked.bodies, before), limits, (shards, seed)), asked)
}

/// Reads the raw objects into shards, but for those that are there already.
pub(super) async fn read(
    lake: &Lake,
    settings: &Settings,
    asked: Asked,
    raw: &RawObjects,
    (shards, left): (&mut Shards, Left),
    (proof, on_progress): (&Proof, &mut (dyn FnMut(&Reading) + Send)),
) -> Result<Numbers, CompactError> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let reader = Reader { store: lake.store().clone(), settings: settings.clone(), asked, sender };
    let mut todo = Vec::new();
    let mut reading = Reading::default();
    let mut numbers = Numbers::default();
    let mut next = left.next;
    for (place, object) in raw.done.iter().enumerate() {
        reading.of_objects += 1;
        reading.of_bytes += object.bytes;
        if let Some(number) = left.number_of(object) {
            numbers.set(number, place);
            reading.known += 1;
            reading.objects += 1;
            reading.bytes += object.bytes;
        } else {
            numbers.set(next, place);
            todo.push((next, object.clone()));
            next = next.saturating_add(1);
        }
    }
    drop(left);
    on_progress(&reading);
    let keys = raw.done.iter().map(|object| key_number(&object.key)).collect();
    let gather = Gather { shards, numbers: &numbers, keys, next, receiver, unmarked: vec![] };
    gather.all(&reader, todo, proof, &mut reading, on_progress).await?;
    Ok(numbers)
}

/// Where finds come together.
struct Gather<'g> {
    shards: &'g mut Shards,
    numbers: &'g Numbers,
    /// The numbers of the raw objects' keys.
    keys: Vec<u64>,
    next: u32,
    receiver: mpsc::Receiver<Finds>,
    /// Objects that are in the shards, and not in the journal yet.
    unmarked: Vec<Read>,
}

impl Gather<'_> {
    async fn all(
        mut self,
        reader: &Reader,
        todo: Vec<(u32, RawObject)>,
        proof: &Proof,
        reading: &mut Reading,
        on_progress: &mut (dyn FnMut(&Reading) + Send),
    ) -> Result<(), CompactError> {
        let (mut todo, mut tasks) = (todo.into_iter(), JoinSet::new());
        let mut unmarked_bytes = 0;
        loop {
            while tasks.len() < proof.threads.max(1)
                && let Some((number, object)) = todo.next()
            {
                let reader = reader.clone();
                tasks.spawn(async move { reader.read(number, object).await });
            }
            let done = tokio::select! {
                Some(finds) = self.receiver.recv() => {
                    self.take(finds)?;
                    continue;
                }
                done = tasks.join_next() => done,
            };
            let Some(done) = done else { break };
            let done = done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
            let (number, object) = done?;
            // All that it has sent is there by now.
            while let Ok(finds) = self.receiver.try_recv() {
                self.take(finds)?;
            }
            reading.objects += 1;
            reading.bytes += object.bytes;
            unmarked_bytes += object.bytes;
            self.unmarked.push(Read::new(number, &object));
            if unmarked_bytes >= proof.mark_bytes || self.unmarked.len() >= MARK_OBJECTS {
                self.mark()?;
                unmarked_bytes = 0;
            }
            on_progress(reading);
        }
        self.mark()
    }

    fn mark(&mut self) -> Result<(), CompactError> {
        match std::mem::take(&mut self.unmarked) {
            objects if objects.is_empty() => Ok(()),
            objects => journal::mark(self.shards, objects, self.next),
        }
    }

    fn take(&mut self, finds: Finds) -> Result<(), CompactError> {
        for find in finds {
            match find {
                Find::Record(record) => {
                    self.shards.push_by_id(Kind::Records, record.id, &record)?;
                }
                Find::Broken(place) => {
                    let of = self.numbers.place_of(place.object);
                    let key = of.and_then(|at| self.keys.get(at)).copied().unwrap_or_default();
                    self.shards.push_by_place(Kind::Broken, (key, place.offset), &place)?;
                }
            }
        }
        Ok(())
    }
}

impl Reader {
    async fn read(&self, number: u32, object: RawObject) -> Result<(u32, RawObject), CompactError> {
        let limits = (&self.settings).into();
        let mut reader = ObjectReader::new(&self.store, &object, limits);
        let mut finds = Finds::new();
        while reader.fill().await? {
            let (items, step) = reader.items();
            for item in items {
                let place = Place { object: number, offset: item.offset() };
                finds.push(match item {
                    Item::Broken(_) => Find::Broken(place),
                    Item::Record { envelope, .. } => {
                        Find::Record(self.record(place, &envelope).await)
                    }
                });
                if finds.len() >= FINDS {
                    self.send(std::mem::take(&mut finds)).await;
                }
            }
            reader.advance(step);
        }
        self.send(finds).await;
        Ok((number, object))
    }

    async fn send(&self, finds: Finds) {
        // Where nobody takes it, the verification has ended, and this task with it.
        let _ = self.sender.send(finds).await;
    }

    async fn record(&self, place: Place, envelope: &Envelope<'_>) -> Record {
        let meta = &envelope.meta;
        Record {
            id: meta.id.as_u128(),
            place,
            body: if self.asked.bodies { self.body(envelope).await } else { None },
            is_before: self.asked.before.is_some_and(|before| meta.received_at < before),
        }
    }

    /// What the body of a record hashes to; `None` where it cannot be fetched.
    async fn body(&self, envelope: &Envelope<'_>) -> Option<i64> {
        let Some(large) = &envelope.meta.large else { return Some(envelope.payload.hash()) };
        let limit = self.settings.max_record_bytes;
        let body = large::fetch(self.store.as_ref(), large, limit).await.ok()?;
        Some(Payload::whole(&body).hash())
    }
}
