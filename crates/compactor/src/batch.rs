//! What a run has read since its last commit: rows, ids, done objects and counts, which the next
//! commit will hold together.
//!
//! Parts come decoded and in order. They wait until there are enough of them, are looked for in the
//! lake together, once, and are settled record by record in the order of their objects: what is new
//! becomes a row, what is known a duplicate.

mod large;
mod settle;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;
use std::sync::Arc;

use object_store::ObjectStore;
use octolake_lake::{Counts, Reached, Unusable};

use crate::append::{End, Part, PartBuilder, Plans};
use crate::erase::find::find_delivery;
use crate::error::CompactError;
use crate::fresh::FreshRows;
use crate::known::Known;
use crate::partitions::{FileSink, Partitions};
use crate::read::{Item, ObjectReader};
use crate::repeats::NewDeliveries;
use crate::report::FailedObject;
use crate::retry;
use crate::scan::RawObject;
use crate::settings::Settings;

/// Everything between two commits.
pub(crate) struct Batch {
    /// Parts that are not looked for yet.
    waiting: Vec<Part>,
    waiting_bytes: usize,
    partitions: Partitions,
    /// The deliveries that will be new.
    pub(crate) new: NewDeliveries,
    /// Raw objects that are done with the commit.
    pub(crate) done: Vec<Arc<RawObject>>,
    /// How far others are dealt with.
    pub(crate) reached: BTreeMap<String, Reached>,
    /// Objects that could not be read, or not to their end.
    pub(crate) failed: Vec<FailedObject>,
    failed_keys: HashSet<String>,
    /// Files of the table that could not be looked into, by their paths.
    pub(crate) unusable: BTreeMap<String, Unusable>,
    pub(crate) counts: Counts,
    pub(crate) parse_issues: u64,
    pub(crate) bytes_decoded: u64,
    /// Records, settled or not.
    records: usize,
    /// The last vacuum of the version that the batch is made on.
    pub(crate) fence: i64,
    plans: Plans,
    /// Whether what is broken has its entries already.
    is_again: bool,
}

/// What settling needs beside the batch.
pub(crate) struct Context<'a> {
    pub(crate) store: &'a Arc<dyn ObjectStore>,
    pub(crate) settings: &'a Settings,
    /// What is in the version that the batch is made on.
    pub(crate) known: Known<'a>,
    pub(crate) sink: &'a mut FileSink,
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
            waiting: vec![],
            waiting_bytes: 0,
            fence,
            partitions: Partitions::new(settings),
            new: NewDeliveries::default(),
            done: vec![],
            reached: BTreeMap::new(),
            failed: vec![],
            failed_keys: HashSet::new(),
            unusable: BTreeMap::new(),
            counts: Counts::default(),
            parse_issues: 0,
            bytes_decoded: 0,
            records: 0,
            plans: Plans::default(),
            is_again: false,
        }
    }

    /// Whether there is anything to commit.
    pub(crate) fn is_empty(&self) -> bool {
        self.done.is_empty() && self.new.is_empty() && self.reached.is_empty()
    }

    /// Records that were taken in, and objects that end in them.
    pub(crate) fn records(&self) -> usize {
        self.records
    }

    /// The rows, to be made files; none are left in the batch.
    pub(crate) fn take_partitions(&mut self, settings: &Settings) -> Partitions {
        std::mem::replace(&mut self.partitions, Partitions::new(settings))
    }

    /// Keeps rows as they are from now on, and refuses more bytes of them than these.
    pub(crate) fn hold_rows(&mut self, settings: &Settings, bytes: u64) {
        self.partitions = Partitions::held_within(settings, bytes);
    }

    /// The rows that were kept as they are; none are left in the batch.
    pub(crate) fn take_rows(&mut self, settings: &Settings) -> Vec<FreshRows> {
        self.take_partitions(settings).into_rows()
    }

    /// Takes in what was read.
    pub(crate) async fn take(
        &mut self,
        context: &mut Context<'_>,
        part: Part,
    ) -> Result<(), CompactError> {
        self.records += part.records.len() + part.broken.len();
        self.waiting_bytes += part.memory;
        self.waiting.push(part);
        let settings = context.settings;
        if self.waiting_bytes < settings.settle_bytes {
            return self.await_room(context).await;
        }
        // Each look reads what all rows near these dates are known by: the more at once, the better.
        match self.rows_bytes() < settings.rows_bytes() {
            true => Ok(()),
            false => self.settle(context).await,
        }
    }

    /// Bytes of rows in memory that are not encoded yet, whether they are looked for or not.
    fn rows_bytes(&self) -> usize {
        self.waiting_bytes + self.partitions.held()
    }

    /// Waits until rows are encoded, where those that are not leave no room for more to wait.
    async fn await_room(&mut self, context: &mut Context<'_>) -> Result<(), CompactError> {
        while self.rows_bytes() >= context.settings.rows_bytes() {
            if !self.partitions.await_one(context.sink).await? {
                break;
            }
        }
        Ok(())
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
        let mut reader = ObjectReader::new(&store, object, context.settings.into());
        let mut again = Again::default();
        let object = Arc::new(object.clone());
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
                let mut part = PartBuilder::new(self.plans.clone());
                part.begin(object.clone(), Reached::default());
                part.take(vec![item]);
                part.end(End::At(Reached::default()));
                self.waiting.push(part.finish()?);
                self.settle_again(context).await?;
                if self.counts.quarantined > before {
                    again.broken.insert(offset);
                }
            }
            reader.advance(step);
        }
        Ok(again)
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
    let of_day = context.known.live.iter().filter(|file| file.partition.date == date);
    let row = find_delivery(context.store.clone(), of_day, envelope.meta.id).await?;
    Ok(row.is_some_and(|row| *row.raw_key == *raw_key))
}
