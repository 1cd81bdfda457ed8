//! What becomes of records: a row, a duplicate, an entry in quarantine.

use std::collections::BTreeMap;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;
use chrono::TimeDelta;
use octolake_event::{DeliveryId, Origin, layout};
use octolake_lake::Reached;

use super::large::{self, Ahead, Claimed};
use super::{Batch, Context};
use crate::append::{Content, End, Part, Record, RowPlace};
use crate::error::CompactError;
use crate::known::{Found, Sought, Wanted};
use crate::partitions::Span;
use crate::quarantine;
use crate::repeats;
use crate::report::FailedObject;
use crate::windows::Broken;

/// A raw object may begin with records of the hour before its own.
const OVERLAP: TimeDelta = TimeDelta::hours(2);

/// A part while its records are settled.
struct Settling {
    /// By object: whether its records are still dealt with.
    is_taken: Vec<bool>,
    /// By table: its rows that stay, and when they arrived.
    kept: Vec<(Vec<bool>, Option<Span>)>,
    /// By object.
    broken: BTreeMap<usize, Vec<Broken>>,
    ahead: Ahead,
}

impl Batch {
    /// Looks for all records that wait, once, and settles them.
    pub(crate) async fn settle(&mut self, context: &mut Context<'_>) -> Result<(), CompactError> {
        let parts = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let found = context
            .known
            .find(Wanted::new(parts.iter().flat_map(|part| self.sought(part))))
            .await?;
        for file in &found.unusable {
            self.unusable.insert(file.path.clone(), file.clone());
        }
        let last = parts.iter().rev().find_map(|part| part.stretches.last());
        let hour = last.and_then(|stretch| layout::raw_hour(&stretch.object.key));
        for mut part in parts {
            let is_taken = self.begin_stretches(context, &part);
            self.settle_part(context, &mut part, is_taken, &found).await?;
            self.bytes_decoded += part.bytes_decoded;
        }
        let passed = hour.map(|hour| (hour - OVERLAP).date_naive());
        self.partitions.relieve(context.sink, passed).await
    }

    /// The same for records that were read once more: their objects are done.
    pub(super) async fn settle_again(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<(), CompactError> {
        for mut part in std::mem::take(&mut self.waiting) {
            let found = context.known.find(Wanted::new(self.sought(&part))).await?;
            let is_taken = vec![true; part.stretches.len()];
            self.settle_part(context, &mut part, is_taken, &found).await?;
        }
        if let Some(failed) = self.failed.pop() {
            return Err(CompactError::Unreadable { key: failed.key, reason: failed.error });
        }
        self.partitions.relieve(context.sink, None).await
    }

    /// What has to be looked for in the lake: what is in the batch is known anyway.
    fn sought(&self, part: &Part) -> impl Iterator<Item = Sought> {
        part.records.iter().filter(|record| !self.new.holds(record.id)).map(|record| Sought {
            id: DeliveryId::from_u128(record.id),
            body: match &record.content {
                Content::Row(place) => (!place.is_ping).then_some(place.body),
                _ => None,
            },
            date: record.received_at.date_naive(),
        })
    }

    /// Goes on with the part's objects where the batch has left off; gives which of them are dealt
    /// with here. Another run may have been at one in the meantime: then it is left alone.
    fn begin_stretches(&mut self, context: &Context<'_>, part: &Part) -> Vec<bool> {
        let mut is_taken = Vec::with_capacity(part.stretches.len());
        for stretch in &part.stretches {
            let key = &stretch.object.key;
            let progress = context.known.progress;
            let committed = progress.map(|it| it.reached(key)).unwrap_or_default();
            let reached = self.reached.get(key).copied().unwrap_or(committed);
            let is_next = stretch.from == reached
                && !self.failed_keys.contains(key)
                && !progress.is_some_and(|progress| progress.is_done(key));
            is_taken.push(is_next);
            if !is_next {
                continue;
            }
            match &stretch.end {
                End::Whole => {
                    self.reached.remove(key);
                    self.done.push(stretch.object.clone());
                }
                End::At(reached) => self.reach(key, committed, *reached),
                End::Failed(reached, error) => {
                    self.reach(key, committed, *reached);
                    self.fail(key, error.clone());
                }
            }
        }
        is_taken
    }

    fn reach(&mut self, key: &str, committed: Reached, reached: Reached) {
        if reached > committed {
            self.reached.insert(key.to_owned(), reached);
        }
    }

    fn fail(&mut self, key: &str, error: String) {
        tracing::error!(raw_key = key, error, "a raw object cannot be read");
        self.failed_keys.insert(key.to_owned());
        self.failed.push(FailedObject { key: key.to_owned(), error });
    }

    async fn settle_part(
        &mut self,
        context: &mut Context<'_>,
        part: &mut Part,
        is_taken: Vec<bool>,
        found: &Found,
    ) -> Result<(), CompactError> {
        let kept = part.tables.iter().map(|table| (vec![false; table.rows.num_rows()], None));
        let mut settling = Settling {
            is_taken,
            kept: kept.collect(),
            broken: BTreeMap::new(),
            ahead: Ahead::default(),
        };
        for (object, broken) in std::mem::take(&mut part.broken) {
            if settling.is_taken.get(object) == Some(&true) {
                settling.broken.entry(object).or_default().push(broken);
            }
        }
        for number in 0..part.records.len() {
            self.settle_record(context, part, number, found, &mut settling).await?;
        }
        self.keep_tables(part, settling.kept)?;
        for (object, broken) in settling.broken {
            self.quarantine(context, part.raw_key(object), &broken).await?;
        }
        Ok(())
    }

    async fn settle_record(
        &mut self,
        context: &mut Context<'_>,
        part: &Part,
        number: usize,
        found: &Found,
        settling: &mut Settling,
    ) -> Result<(), CompactError> {
        let Some(record) = part.records.get(number) else { return Ok(()) };
        if settling.is_taken.get(record.object) != Some(&true) {
            return Ok(());
        }
        let raw_key = part.raw_key(record.object);
        if is_erased(context, record, found) {
            self.count_erased();
        } else if let Some(stored) = self.stored(record.id, found) {
            self.repeat(context, raw_key, record, stored).await;
        } else {
            match &record.content {
                Content::Row(place) => {
                    self.keep(record, *place, raw_key, &[found]);
                    settling.keep(record, *place);
                }
                Content::Undecodable(broken) => settling.quarantine(record.object, broken),
                Content::Large(_) => {
                    self.settle_large(context, part, number, found, settling).await?;
                }
            }
        }
        Ok(())
    }

    async fn settle_large(
        &mut self,
        context: &mut Context<'_>,
        part: &Part,
        number: usize,
        found: &Found,
        settling: &mut Settling,
    ) -> Result<(), CompactError> {
        if !settling.ahead.holds(number) {
            let due = large::due(part, number, |id| self.stored(id, found).is_some());
            settling.ahead.fetch(context, &self.plans, part, due).await?;
        }
        let claimed = settling.ahead.take(number);
        let (Some(record), Some(claimed)) = (part.records.get(number), claimed) else {
            return Ok(());
        };
        let raw_key = part.raw_key(record.object);
        match claimed {
            Claimed::Row { place, .. }
                if settling.ahead.found.erased_bodies.contains(&place.body) =>
            {
                self.count_erased();
            }
            Claimed::Row { event_type, rows, place } => {
                self.keep(record, place, raw_key, &[found, &settling.ahead.found]);
                let at = record.received_at;
                self.partitions.push((event_type, at.date_naive()), rows, (at, at));
                self.partitions.relieve(context.sink, None).await?;
            }
            Claimed::Broken(broken) => settling.quarantine(record.object, &broken),
            Claimed::Failed(error) => {
                self.leave(context, raw_key, record, error);
                if let Some(is_taken) = settling.is_taken.get_mut(record.object) {
                    *is_taken = false;
                }
                let at = record.offset;
                if let Some(broken) = settling.broken.get_mut(&record.object) {
                    broken.retain(|broken| broken.offset < at);
                }
            }
        }
        Ok(())
    }

    /// Goes no further in an object than up to this record: the store fails.
    fn leave(&mut self, context: &Context<'_>, key: &str, record: &Record, error: String) {
        let committed = context.known.progress.map(|it| it.reached(key)).unwrap_or_default();
        self.done.retain(|object| object.key != key);
        self.reached.remove(key);
        self.reach(key, committed, Reached::at(record.offset));
        self.fail(key, error);
    }

    /// The hash of a row's payload, where the delivery is a row: of the batch, or of the lake.
    fn stored(&self, id: u128, found: &Found) -> Option<Option<i64>> {
        self.new.body_of(id).map(Some).or_else(|| found.ids.get(&id).copied())
    }

    /// Takes in a delivery that is known. `stored` is the hash of its row's payload.
    async fn repeat(
        &mut self,
        context: &Context<'_>,
        raw_key: &str,
        record: &Record,
        stored: Option<i64>,
    ) {
        self.counts.read += 1;
        self.counts.duplicates += 1;
        let hash = match (&record.content, stored) {
            (Content::Row(place), _) => Some(place.body),
            // A body that cannot be fetched is not compared: the row has one already.
            (Content::Large(text), Some(_)) => large::hash(context, text).await,
            _ => None,
        };
        if hash.zip(stored).is_some_and(|(hash, stored)| hash != stored) {
            self.counts.conflicting += 1;
            if self.counts.conflicting <= repeats::NAMED {
                let id = DeliveryId::from_u128(record.id);
                repeats::tell_conflicting(id, record.hook_id, raw_key);
            }
        }
    }

    /// Counts a new row, and notes what it is known by.
    fn keep(&mut self, record: &Record, place: RowPlace, raw_key: &str, found: &[&Found]) {
        let (body, date) = (place.body, record.received_at.date_naive());
        let is_replayed = !place.is_ping
            && (self.new.has_body_near(body, date)
                || found.iter().any(|found| found.bodies.contains(&(body, date))));
        if is_replayed {
            self.counts.replayed += 1;
            if self.counts.replayed <= repeats::NAMED {
                let id = DeliveryId::from_u128(record.id);
                repeats::tell_replayed(id, record.hook_id, raw_key, body);
            }
        }
        self.counts.read += 1;
        self.counts.stored += 1;
        match place.origin {
            Origin::Door => self.counts.signed += 1,
            Origin::Other => self.counts.unsigned += 1,
        }
        self.parse_issues += place.issues;
        self.new.insert(record.id, date, body);
    }

    fn count_erased(&mut self) {
        self.counts.read += 1;
        self.counts.duplicates += 1;
        self.counts.erased += 1;
    }

    fn keep_tables(
        &mut self,
        part: &mut Part,
        kept: Vec<(Vec<bool>, Option<Span>)>,
    ) -> Result<(), CompactError> {
        for (table, (kept, received)) in part.tables.drain(..).zip(kept) {
            let Some(received) = received else { continue };
            let rows: RecordBatch = match kept.iter().all(|kept| *kept) {
                true => table.rows,
                false => filter_record_batch(&table.rows, &BooleanArray::from(kept))?,
            };
            self.partitions.push((table.event_type, table.date), rows, received);
        }
        Ok(())
    }

    async fn quarantine(
        &mut self,
        context: &Context<'_>,
        raw_key: &str,
        broken: &[Broken],
    ) -> Result<(), CompactError> {
        for one in broken.iter().take(repeats::NAMED as usize) {
            tracing::warn!(
                raw_key,
                offset = one.offset,
                bytes = one.length,
                reason = one.reason.word(),
                "a record cannot be read"
            );
        }
        if !context.settings.dry_run && !self.is_again {
            quarantine::put_all(context.store.as_ref(), raw_key, broken).await?;
        }
        self.counts.read += broken.len() as u64;
        self.counts.quarantined += broken.len() as u64;
        Ok(())
    }
}

impl Settling {
    fn keep(&mut self, record: &Record, place: RowPlace) {
        let Some((kept, received)) = self.kept.get_mut(place.table) else { return };
        if let Some(kept) = kept.get_mut(place.row) {
            *kept = true;
        }
        let at = record.received_at;
        let (first, last) = received.unwrap_or((at, at));
        *received = Some((first.min(at), last.max(at)));
    }

    fn quarantine(&mut self, object: usize, broken: &Broken) {
        self.broken.entry(object).or_default().push(broken.clone());
    }
}

/// Whether a delivery was in the lake once and must not come back: under its id, or its body under
/// another.
fn is_erased(context: &Context<'_>, record: &Record, found: &Found) -> bool {
    let body = match &record.content {
        Content::Row(place) => Some(place.body),
        _ => None,
    };
    found.erased_ids.contains(&record.id)
        || body.is_some_and(|body| found.erased_bodies.contains(&body))
        || context.known.is_erased_at(record.received_at)
}
