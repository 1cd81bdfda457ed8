//! What a run has read since its last commit: rows, ids, done objects and counts, which the next
//! commit will hold together.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use object_store::ObjectStore;
use octolake_event::{DeliveryId, Envelope};
use octolake_lake::Counts;
use octolake_tables::{Decoders, Row};

use crate::error::CompactError;
use crate::known::KnownIds;
use crate::large::{self, LargeError};
use crate::partitions::{FileSink, Partitions};
use crate::quarantine;
use crate::read::{Broken, Item, Limits, ObjectReader};
use crate::scan::RawObject;
use crate::settings::Settings;

/// Everything between two commits.
pub(crate) struct Batch {
    partitions: Partitions,
    /// The deliveries that will be new, with their dates.
    pub(crate) new_ids: HashMap<u128, NaiveDate>,
    /// Raw objects that are done with the commit.
    pub(crate) done: Vec<RawObject>,
    pub(crate) counts: Counts,
    pub(crate) parse_issues: u64,
    pub(crate) bytes_decoded: u64,
    decoders: Decoders,
}

/// What reading needs beside the batch.
pub(crate) struct Context<'a> {
    pub(crate) store: &'a Arc<dyn ObjectStore>,
    pub(crate) settings: &'a Settings,
    pub(crate) known: &'a mut KnownIds,
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

impl Batch {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            partitions: Partitions::new(settings),
            new_ids: HashMap::new(),
            done: vec![],
            counts: Counts::default(),
            parse_issues: 0,
            bytes_decoded: 0,
            decoders: Decoders::default(),
        }
    }

    /// Whether there is anything to commit.
    pub(crate) fn is_empty(&self) -> bool {
        self.done.is_empty() && self.new_ids.is_empty()
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
        let limits = Limits { window: settings.window_bytes, record: settings.max_record_bytes };
        let store = context.store.clone();
        let mut reader = ObjectReader::new(store.as_ref(), object, limits);
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
            let is_full = self.new_ids.len() >= settings.commit_rows && !settings.dry_run;
            if is_full || (context.out_of_time)() {
                return Ok(Reach::Part(seen));
            }
        }
        self.done.push(object.clone());
        Ok(Reach::Whole)
    }

    async fn take(
        &mut self,
        context: &mut Context<'_>,
        raw_key: &str,
        items: Vec<Item<'_>>,
    ) -> Result<(), CompactError> {
        let ids: Vec<(DeliveryId, NaiveDate)> = items
            .iter()
            .filter_map(|item| match item {
                Item::Record { envelope, .. } => {
                    Some((envelope.meta.id, envelope.meta.received_at.date_naive()))
                }
                Item::Broken(_) => None,
            })
            .filter(|(id, _)| !self.new_ids.contains_key(&id.as_u128()))
            .collect();
        let known = context.known.find(&ids).await?;
        for item in items {
            match item {
                Item::Broken(broken) => self.quarantine(context, raw_key, &broken).await?,
                Item::Record { offset, envelope } => {
                    let id = envelope.meta.id.as_u128();
                    if known.contains(&id) || self.new_ids.contains_key(&id) {
                        self.counts.read += 1;
                        self.counts.duplicates += 1;
                    } else {
                        self.store(context, raw_key, offset, &envelope).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn store(
        &mut self,
        context: &mut Context<'_>,
        raw_key: &str,
        offset: u64,
        envelope: &Envelope<'_>,
    ) -> Result<(), CompactError> {
        let plan = self.decoders.plan(&envelope.detail_type);
        let body = match &envelope.meta.large {
            None => None,
            Some(large) => {
                let limit = context.settings.max_record_bytes;
                match large::fetch(context.store.as_ref(), large, limit).await {
                    Ok(body) => Some(body),
                    Err(LargeError::Store { key, source }) => {
                        return Err(CompactError::store("read", key, source));
                    }
                    Err(error) => {
                        let broken =
                            rejected(offset, envelope, "bad_claim_check", error.to_string());
                        return self.quarantine(context, raw_key, &broken).await;
                    }
                }
            }
        };
        let row = match &body {
            Some(body) => Row::decode_large(&plan, envelope, body),
            None => Row::decode(&plan, envelope),
        };
        match row {
            Ok(row) => {
                self.counts.read += 1;
                self.counts.stored += 1;
                self.parse_issues += row.issues() as u64;
                self.new_ids.insert(envelope.meta.id.as_u128(), row.date());
                self.partitions.push(&plan, &row, raw_key);
                Ok(())
            }
            Err(error) => {
                let broken = rejected(offset, envelope, "bad_payload", error.to_string());
                self.quarantine(context, raw_key, &broken).await
            }
        }
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
        if !context.settings.dry_run {
            quarantine::put(context.store.as_ref(), raw_key, broken).await?;
        }
        self.counts.read += 1;
        self.counts.quarantined += 1;
        Ok(())
    }
}

/// A record that is a delivery, but whose payload is not to be had.
fn rejected(offset: u64, envelope: &Envelope<'_>, reason: &'static str, message: String) -> Broken {
    let length = envelope.detail.len() as u64;
    let excerpt = envelope.detail.as_bytes()[..envelope.detail.len().min(4096)].to_vec();
    Broken { offset, length, reason, message, excerpt }
}
