//! A part of a raw object, or of several small ones, decoded: what readers make, each on a core of
//! its own, and a batch takes in, one after the other.
//!
//! Nothing here knows what is in the lake already. So the rows are Arrow by now, by partition, and
//! the batch strikes out those that repeat another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use chrono::{DateTime, NaiveDate, Utc};
use octolake_event::{Envelope, EventType, Origin, Reason};
use octolake_lake::Reached;
use octolake_tables::{BatchBuilder, Decoders, Plan, Row};

use crate::repeats;
use crate::scan::RawObject;
use crate::windows::{Broken, Item};

/// Bytes to count for a record that cannot be read, beside its excerpt.
const BROKEN_BYTES: usize = 512;
/// Bytes to count for any record, beside its row.
const RECORD_BYTES: usize = 160;

/// Plans by event type, shared by all readers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plans(Arc<Mutex<Decoders>>);

impl Plans {
    /// The plan of the deliveries whose event type was sent as `raw`.
    pub(crate) fn of(&self, raw: &str) -> Arc<Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).plan(raw)
    }
}

/// Rows of one partition.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) event_type: EventType,
    pub(crate) date: NaiveDate,
    pub(crate) rows: RecordBatch,
}

/// A record that is a delivery.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) id: u128,
    pub(crate) received_at: DateTime<Utc>,
    /// Of the numbers that the envelope tells, the one that says who sent it.
    pub(crate) hook_id: Option<i64>,
    /// Which of the part's objects it stands in, and where.
    pub(crate) object: usize,
    pub(crate) offset: u64,
    pub(crate) content: Content,
}

/// What there is of a delivery's payload.
#[derive(Debug)]
pub(crate) enum Content {
    /// A row in one of the part's tables.
    Row(RowPlace),
    /// Its body is claim-checked: the record as it stands, to be read once it is known to be new.
    Large(Box<[u8]>),
    /// It cannot be decoded.
    Undecodable(Box<Broken>),
}

/// A row that waits for its commit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowPlace {
    pub(crate) table: usize,
    pub(crate) row: usize,
    /// What its payload hashes to.
    pub(crate) body: i64,
    pub(crate) is_ping: bool,
    pub(crate) origin: Origin,
    /// Columns that are NULL because of an unexpected type.
    pub(crate) issues: u64,
}

/// How far an object was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    /// Up to here.
    At(Reached),
    /// Up to here, and not further: the store fails.
    Failed(Reached, String),
}

/// The part of an object that was read.
#[derive(Debug)]
pub(crate) struct Stretch {
    pub(crate) object: Arc<RawObject>,
    /// Where it begins.
    pub(crate) from: Reached,
    pub(crate) end: End,
}

/// Records that were read and decoded.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) stretches: Vec<Stretch>,
    pub(crate) tables: Vec<Table>,
    /// In the order that they stand in.
    pub(crate) records: Vec<Record>,
    /// What could not be read, by object.
    pub(crate) broken: Vec<(usize, Broken)>,
    pub(crate) bytes_decoded: u64,
    /// About how many bytes of memory it takes.
    pub(crate) memory: usize,
}

impl Part {
    /// The key of one of its objects.
    pub(crate) fn raw_key(&self, object: usize) -> &str {
        self.stretches.get(object).map_or("", |stretch| stretch.object.key.as_str())
    }
}

/// A part on its way.
pub(crate) struct PartBuilder {
    plans: Plans,
    part: Part,
    builders: Vec<(NaiveDate, BatchBuilder)>,
    places: HashMap<(EventType, NaiveDate), usize>,
    /// How many bytes of payload the last part had, by table: the next one will have about as many.
    rooms: HashMap<(EventType, NaiveDate), usize>,
    memory: usize,
}

impl PartBuilder {
    pub(crate) fn new(plans: Plans) -> Self {
        Self {
            plans,
            part: Part::default(),
            builders: vec![],
            places: HashMap::new(),
            rooms: HashMap::new(),
            memory: 0,
        }
    }

    /// About how many bytes of memory it takes so far.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    /// Whether there is nothing to hand on.
    pub(crate) fn is_empty(&self) -> bool {
        self.part.stretches.is_empty()
    }

    /// Goes on with an object, from this offset.
    pub(crate) fn begin(&mut self, object: Arc<RawObject>, from: Reached) {
        self.memory += object.key.len() + 128;
        self.part.stretches.push(Stretch { object, from, end: End::At(from) });
    }

    /// Takes in what stands in the object that was begun last.
    pub(crate) fn take(&mut self, items: Vec<Item<'_>>) {
        let Some(object) = self.part.stretches.len().checked_sub(1) else { return };
        for item in items {
            match item {
                Item::Broken(broken) => {
                    self.memory += BROKEN_BYTES + broken.excerpt.len();
                    self.part.broken.push((object, broken));
                }
                Item::Record { offset, envelope, text } => {
                    let content = self.content(object, offset, &envelope, text);
                    self.note(object, offset, &envelope, content);
                }
            }
        }
    }

    /// Takes in a record of the object that was begun last, whose detail is not known to be JSON; false
    /// where it isn't, or there is more to do than to make it a row.
    pub(crate) fn take_plain(&mut self, offset: u64, envelope: &Envelope<'_>) -> bool {
        let Some(object) = self.part.stretches.len().checked_sub(1) else { return false };
        if envelope.meta.large.is_some() {
            return false;
        }
        let plan = self.plans.of(&envelope.detail_type);
        let Some(row) = Row::decode_plain(&plan, envelope) else { return false };
        let content = Content::Row(self.push(object, &plan, &row));
        self.note(object, offset, envelope, content);
        true
    }

    fn note(&mut self, object: usize, offset: u64, envelope: &Envelope<'_>, content: Content) {
        self.memory += RECORD_BYTES;
        let meta = &envelope.meta;
        self.part.records.push(Record {
            id: meta.id.as_u128(),
            received_at: meta.received_at,
            hook_id: repeats::hook_id(envelope),
            object,
            offset,
            content,
        });
    }

    /// Says how far the object was read that was begun last.
    pub(crate) fn end(&mut self, end: End) {
        if let Some(stretch) = self.part.stretches.last_mut() {
            stretch.end = end;
        }
    }

    /// Counts decompressed bytes.
    pub(crate) fn count_decoded(&mut self, bytes: u64) {
        self.part.bytes_decoded += bytes;
    }

    /// The part; the builder is empty again.
    pub(crate) fn finish(&mut self) -> Result<Part, ArrowError> {
        let mut part = std::mem::take(&mut self.part);
        self.places.clear();
        self.rooms.clear();
        self.memory = 0;
        for (date, mut builder) in self.builders.drain(..) {
            let event_type = builder.plan().event_type.clone();
            self.rooms.insert((event_type.clone(), date), builder.payload_bytes());
            let rows = builder.finish()?;
            part.memory += rows.get_array_memory_size();
            part.tables.push(Table { event_type, date, rows });
        }
        let broken = part.broken.iter().map(|(_, broken)| BROKEN_BYTES + broken.excerpt.len());
        part.memory += part.records.len() * RECORD_BYTES + broken.sum::<usize>();
        Ok(part)
    }

    fn content(
        &mut self,
        object: usize,
        offset: u64,
        envelope: &Envelope<'_>,
        text: &[u8],
    ) -> Content {
        if envelope.meta.large.is_some() {
            self.memory += text.len();
            return Content::Large(text.into());
        }
        let plan = self.plans.of(&envelope.detail_type);
        match Row::decode(&plan, envelope) {
            Ok(row) => Content::Row(self.push(object, &plan, &row)),
            Err(error) => Content::Undecodable(Box::new(rejected(
                offset,
                envelope,
                Reason::BadPayload,
                &error,
            ))),
        }
    }

    fn push(&mut self, object: usize, plan: &Arc<Plan>, row: &Row<'_>) -> RowPlace {
        let date = row.date();
        let next = self.builders.len();
        let key = (plan.event_type.clone(), date);
        let room = self.rooms.get(&key).map_or(0, |bytes| bytes + bytes / 8);
        let table = *self.places.entry(key).or_insert(next);
        if table == next {
            self.builders.push((date, BatchBuilder::with_room(plan.clone(), room)));
        }
        let raw_key = self.part.raw_key(object);
        let mut place = 0;
        if let Some((_, builder)) = self.builders.get_mut(table) {
            place = builder.rows();
            let before = builder.bytes();
            builder.push(row, raw_key);
            self.memory += builder.bytes() - before;
        }
        RowPlace {
            table,
            row: place,
            body: row.payload_hash,
            is_ping: repeats::is_ping(row.envelope, row.payload),
            origin: row.origin(),
            issues: row.issues() as u64,
        }
    }
}

/// A record that is a delivery, but whose payload is not to be had.
pub(crate) fn rejected(
    offset: u64,
    envelope: &Envelope<'_>,
    reason: Reason,
    error: &dyn std::error::Error,
) -> Broken {
    let length = envelope.detail.len() as u64;
    let excerpt = envelope.detail.as_bytes()[..envelope.detail.len().min(4096)].to_vec();
    Broken { offset, length, reason, message: error.to_string(), excerpt }
}
