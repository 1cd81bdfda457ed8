//! What a run has read since its last commit: rows, ids, done objects and counts, which the next
//! commit will hold together.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use object_store::ObjectStore;
use octolake_event::{Envelope, Origin, Payload};
use octolake_lake::{Counts, LiveFile};
use octolake_tables::{Decoders, Plan, Row};

use crate::erase::find::find_delivery;
use crate::error::CompactError;
use crate::known::{Among, Found, KnownDeliveries, Sought};
use crate::large::{self, LargeError};
use crate::partitions::{FileSink, Partitions};
use crate::quarantine;
use crate::read::{Broken, Item, ObjectReader};
use crate::repeats::{self, NewDeliveries};
use crate::retry;
use crate::scan::RawObject;
use crate::settings::Settings;

/// Everything between two commits.
pub(crate) struct Batch {
    partitions: Partitions,
    /// The deliveries that will be new.
    pub(crate) new: NewDeliveries,
    /// Raw objects that are done with the commit.
    pub(crate) done: Vec<RawObject>,
    pub(crate) counts: Counts,
    pub(crate) parse_issues: u64,
    pub(crate) bytes_decoded: u64,
    /// The last vacuum of the version that the batch is made on.
    pub(crate) fence: i64,
    decoders: Decoders,
    /// Whether what is broken has its entries already.
    is_again: bool,
}

/// What reading needs beside the batch.
pub(crate) struct Context<'a> {
    /// The files of the version that the batch is made on.
    pub(crate) live: &'a [LiveFile],
    pub(crate) store: &'a Arc<dyn ObjectStore>,
    pub(crate) settings: &'a Settings,
    pub(crate) known: &'a mut KnownDeliveries,
    pub(crate) sink: &'a mut FileSink,
    /// Tells whether it is time to stop.
    pub(crate) out_of_time: &'a (dyn Fn() -> bool + Send + Sync),
}

/// How far an object was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Whole,
    /// The batch is full, or time is up; so many items of the object are in it or were before.
    Part(u64),
}

/// What became of records that were read once more, by where they begin.
#[derive(Debug, Default)]
pub(crate) struct Again {
    /// Those that were rows already, made from this very object.
    pub(crate) rows: BTreeSet<u64>,
    /// Those that cannot be read again.
    pub(crate) broken: BTreeSet<u64>,
}

impl Batch {
    pub(crate) fn new(settings: &Settings, fence: i64) -> Self {
        Self {
            fence,
            partitions: Partitions::new(settings),
            new: NewDeliveries::default(),
            done: vec![],
            counts: Counts::default(),
            parse_issues: 0,
            bytes_decoded: 0,
            decoders: Decoders::default(),
            is_again: false,
        }
    }

    /// Whether there is anything to commit.
    pub(crate) fn is_empty(&self) -> bool {
        self.done.is_empty() && self.new.is_empty()
    }

    /// The rows, to be made files; none are left in the batch.
    pub(crate) fn take_partitions(&mut self, settings: &Settings) -> Partitions {
        std::mem::replace(&mut self.partitions, Partitions::new(settings))
    }

    /// Reads an object into the batch, but for its first `skip` items, which are dealt with.
    ///
    /// Where it stops early, the rows so far are good: they are committed without the object being
    /// done. A later run that knows nothing of this one will find them known.
    pub(crate) async fn read(
        &mut self,
        context: &mut Context<'_>,
        object: &RawObject,
        skip: u64,
    ) -> Result<Reach, CompactError> {
        let settings = context.settings;
        let store = context.store.clone();
        let mut reader = ObjectReader::new(store.as_ref(), object, settings.into());
        let mut seen = 0;
        while reader.fill().await? {
            let (mut items, step) = reader.items();
            let dealt_with = skip.saturating_sub(seen).min(items.len() as u64);
            seen += items.len() as u64;
            items.drain(..dealt_with as usize);
            self.take(context, &object.key, items).await?;
            let before = reader.bytes_decoded();
            reader.advance(step);
            self.bytes_decoded += reader.bytes_decoded() - before;
            self.partitions.relieve(context.sink).await?;
            let is_full = self.new.len() >= settings.commit_rows && !settings.dry_run;
            if is_full || (context.out_of_time)() {
                return Ok(Reach::Part(seen));
            }
        }
        self.done.push(object.clone());
        Ok(Reach::Whole)
    }

    /// Reads once more what stands at these places of an object, but for records that are rows
    /// by now.
    pub(crate) async fn read_again(
        &mut self,
        context: &mut Context<'_>,
        object: &RawObject,
        places: &[Range<u64>],
    ) -> Result<Again, CompactError> {
        let store = context.store.clone();
        let mut reader = ObjectReader::new(store.as_ref(), object, context.settings.into());
        let mut again = Again::default();
        self.is_again = true;
        while reader.fill().await? {
            let (items, step) = reader.items();
            for item in items {
                let offset = item.offset();
                if !retry::is_within(places, offset) {
                    continue;
                }
                if is_row_of(context, &object.key, &item).await? {
                    again.rows.insert(offset);
                    continue;
                }
                let before = self.counts.quarantined;
                self.take(context, &object.key, vec![item]).await?;
                if self.counts.quarantined > before {
                    again.broken.insert(offset);
                }
            }
            reader.advance(step);
            self.partitions.relieve(context.sink).await?;
        }
        Ok(again)
    }

    async fn take(
        &mut self,
        context: &mut Context<'_>,
        raw_key: &str,
        items: Vec<Item<'_>>,
    ) -> Result<(), CompactError> {
        let hashes: Vec<Option<i64>> = items.iter().map(hash).collect();
        let sought: Vec<Sought> =
            items.iter().zip(&hashes).filter_map(|(item, hash)| self.seek(item, *hash)).collect();
        let found = context.known.find(&sought, Among::All).await?;
        for (item, hash) in items.into_iter().zip(hashes) {
            match item {
                Item::Broken(broken) => self.quarantine(context, raw_key, &broken).await?,
                Item::Record { envelope, .. } if is_erased(context, &envelope, hash, &found) => {
                    self.count_erased();
                }
                Item::Record { offset, envelope } => {
                    let id = envelope.meta.id.as_u128();
                    let stored =
                        self.new.body_of(id).map(Some).or_else(|| found.ids.get(&id).copied());
                    match stored {
                        Some(body) => self.repeat(context, raw_key, &envelope, hash, body).await,
                        None => self.store(context, raw_key, offset, &envelope, &found).await?,
                    }
                }
            }
        }
        Ok(())
    }

    /// What has to be looked for in the lake: what is in the batch is known anyway.
    fn seek(&self, item: &Item<'_>, hash: Option<i64>) -> Option<Sought> {
        let Item::Record { envelope, .. } = item else { return None };
        let meta = &envelope.meta;
        self.new.body_of(meta.id.as_u128()).is_none().then(|| Sought {
            id: meta.id,
            body: hash.filter(|_| !repeats::is_ping(envelope, envelope.payload)),
            date: meta.received_at.date_naive(),
        })
    }

    /// Takes in a delivery that is known. `stored` is the hash of its row's payload.
    async fn repeat(
        &mut self,
        context: &Context<'_>,
        raw_key: &str,
        envelope: &Envelope<'_>,
        hash: Option<i64>,
        stored: Option<i64>,
    ) {
        self.counts.read += 1;
        self.counts.duplicates += 1;
        // A body that cannot be fetched is not compared: the row has one already.
        let hash = match (hash, stored) {
            (None, Some(_)) => large_body(context, envelope).await.ok().flatten().map(whole_hash),
            (hash, _) => hash,
        };
        if hash.zip(stored).is_some_and(|(hash, stored)| hash != stored) {
            self.counts.conflicting += 1;
            if self.counts.conflicting <= repeats::NAMED {
                repeats::tell_conflicting(envelope, raw_key);
            }
        }
    }

    async fn store(
        &mut self,
        context: &mut Context<'_>,
        raw_key: &str,
        offset: u64,
        envelope: &Envelope<'_>,
        found: &Found,
    ) -> Result<(), CompactError> {
        let plan = self.decoders.plan(&envelope.detail_type);
        let body = match large_body(context, envelope).await {
            Ok(body) => body,
            Err(LargeError::Store { key, source }) => {
                return Err(CompactError::store("read", key, source));
            }
            Err(error) => {
                let broken = rejected(offset, envelope, "bad_claim_check", error.to_string());
                return self.quarantine(context, raw_key, &broken).await;
            }
        };
        let row = match &body {
            Some(body) => Row::decode_large(&plan, envelope, body),
            None => Row::decode(&plan, envelope),
        };
        match row {
            Ok(row) => {
                let of_body = find_large(context, &row).await?;
                if !of_body.erased_bodies.is_empty() {
                    self.count_erased();
                    return Ok(());
                }
                let is_replayed = !repeats::is_ping(envelope, row.payload)
                    && (self.is_replayed(&row, found) || !of_body.bodies.is_empty());
                if is_replayed {
                    self.counts.replayed += 1;
                    if self.counts.replayed <= repeats::NAMED {
                        repeats::tell_replayed(envelope, raw_key, row.payload_hash);
                    }
                }
                self.keep(&plan, &row, raw_key);
                Ok(())
            }
            Err(error) => {
                let broken = rejected(offset, envelope, "bad_payload", error.to_string());
                self.quarantine(context, raw_key, &broken).await
            }
        }
    }

    /// Whether the body of a new delivery came before under another id, by what is known so far.
    fn is_replayed(&self, row: &Row<'_>, found: &Found) -> bool {
        let (body, date) = (row.payload_hash, row.date());
        self.new.has_body_near(body, date) || found.bodies.contains(&(body, date))
    }

    fn keep(&mut self, plan: &Arc<Plan>, row: &Row<'_>, raw_key: &str) {
        self.counts.read += 1;
        self.counts.stored += 1;
        match row.origin() {
            Origin::Door => self.counts.signed += 1,
            Origin::Other => self.counts.unsigned += 1,
        }
        self.parse_issues += row.issues() as u64;
        self.new.insert(row.envelope.meta.id.as_u128(), row.date(), row.payload_hash);
        self.partitions.push(plan, row, raw_key);
    }

    fn count_erased(&mut self) {
        self.counts.read += 1;
        self.counts.duplicates += 1;
        self.counts.erased += 1;
    }

    async fn quarantine(
        &mut self,
        context: &Context<'_>,
        raw_key: &str,
        broken: &Broken,
    ) -> Result<(), CompactError> {
        tracing::warn!(
            raw_key,
            offset = broken.offset,
            bytes = broken.length,
            reason = broken.reason,
            "a record cannot be read"
        );
        if !context.settings.dry_run && !self.is_again {
            let broken = std::slice::from_ref(broken);
            quarantine::put_all(context.store.as_ref(), raw_key, broken).await?;
        }
        self.counts.read += 1;
        self.counts.quarantined += 1;
        Ok(())
    }
}

/// What the payload of a record hashes to, where the record holds it.
fn hash(item: &Item<'_>) -> Option<i64> {
    match item {
        Item::Record { envelope, .. } if envelope.meta.large.is_none() => {
            Some(envelope.payload.hash())
        }
        _ => None,
    }
}

fn whole_hash(body: String) -> i64 {
    Payload::whole(&body).hash()
}

/// The body of a claim-checked delivery; `None` where the record holds it.
async fn large_body(
    context: &Context<'_>,
    envelope: &Envelope<'_>,
) -> Result<Option<String>, LargeError> {
    match &envelope.meta.large {
        None => Ok(None),
        Some(large) => {
            let limit = context.settings.max_record_bytes;
            large::fetch(context.store.as_ref(), large, limit).await.map(Some)
        }
    }
}

/// Whether a record is a row already, made from this very object: a run that ended before its commit
/// had called it broken, and the next one has read it.
async fn is_row_of(
    context: &Context<'_>,
    raw_key: &str,
    item: &Item<'_>,
) -> Result<bool, CompactError> {
    let Item::Record { envelope, .. } = item else { return Ok(false) };
    let date = envelope.meta.received_at.date_naive();
    let of_day = context.live.iter().filter(|file| file.partition.date == date);
    let row = find_delivery(context.store.clone(), of_day, envelope.meta.id).await?;
    Ok(row.is_some_and(|row| *row.raw_key == *raw_key))
}

/// Whether a delivery was in the lake once and must not come back: under its id, or its body under
/// another.
fn is_erased(
    context: &Context<'_>,
    envelope: &Envelope<'_>,
    hash: Option<i64>,
    found: &Found,
) -> bool {
    found.erased_ids.contains(&envelope.meta.id.as_u128())
        || hash.is_some_and(|hash| found.erased_bodies.contains(&hash))
        || context.known.is_erased_at(envelope.meta.received_at)
}

/// What is known of a claim-checked body: what it hashes to was not known before it was fetched,
/// so nobody has asked.
async fn find_large(context: &mut Context<'_>, row: &Row<'_>) -> Result<Found, CompactError> {
    let (id, body, date) = (row.envelope.meta.id, row.payload_hash, row.date());
    if row.envelope.meta.large.is_none() {
        return Ok(Found::default());
    }
    context.known.find(&[Sought { id, body: Some(body), date }], Among::All).await
}

/// A record that is a delivery, but whose payload is not to be had.
fn rejected(offset: u64, envelope: &Envelope<'_>, reason: &'static str, message: String) -> Broken {
    let length = envelope.detail.len() as u64;
    let excerpt = envelope.detail.as_bytes()[..envelope.detail.len().min(4096)].to_vec();
    Broken { offset, length, reason, message, excerpt }
}
