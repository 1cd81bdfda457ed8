//! Claim-checked deliveries: their bodies are fetched once it is known that they are new.
//!
//! Several at once, and only as many as fit into a few megabytes: a thousand such records stand in a
//! raw object of one megabyte, and their bodies are gigabytes.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use octolake_event::framing::{self, Found as Framed};
use octolake_event::{DeliveryId, Envelope, EventType, Payload, Reason};
use octolake_tables::{BatchBuilder, Row};

use super::Context;
use crate::append::{Content, Part, Plans, Record, RowPlace, rejected};
use crate::error::CompactError;
use crate::known::{Found, Sought, Wanted};
use crate::large::{self, LargeError};
use crate::repeats;
use crate::windows::Broken;

/// Bytes of bodies to have in memory at once; more only for a single larger one.
const BODIES_BYTES: u64 = 24 * 1024 * 1024;
/// Bodies to fetch at once.
const BODIES: usize = 8;

/// What became of a claim-checked record.
pub(super) enum Claimed {
    /// A row of its own.
    Row {
        event_type: EventType,
        rows: RecordBatch,
        place: RowPlace,
    },
    Broken(Broken),
    /// The store fails: the record stays where it is, and the next run tries again.
    Failed(String),
}

/// Bodies that were fetched ahead, by the numbers of their records in the part.
#[derive(Default)]
pub(super) struct Ahead {
    claimed: HashMap<usize, Claimed>,
    /// What is known of these bodies.
    pub(super) found: Found,
}

impl Ahead {
    pub(super) fn holds(&self, number: usize) -> bool {
        self.claimed.contains_key(&number)
    }

    /// What became of a record.
    pub(super) fn take(&mut self, number: usize) -> Option<Claimed> {
        self.claimed.remove(&number)
    }

    /// Fetches the bodies of these records, and looks for them in the lake.
    pub(super) async fn fetch(
        &mut self,
        context: &Context<'_>,
        plans: &Plans,
        part: &Part,
        due: Vec<usize>,
    ) -> Result<(), CompactError> {
        let due = due.into_iter().filter_map(|number| Some((number, part.records.get(number)?)));
        let claims: Vec<BoxFuture<'_, (usize, Claimed)>> = due
            .map(|(number, record)| {
                let claim = claim(context, plans, part, record);
                claim.map(move |claimed| (number, claimed)).boxed()
            })
            .collect();
        let fetched: Vec<_> = stream::iter(claims).buffered(BODIES).collect().await;
        let sought = fetched.iter().filter_map(|(number, claimed)| {
            let (record, Claimed::Row { place, .. }) = (part.records.get(*number)?, claimed) else {
                return None;
            };
            let (id, date) = (DeliveryId::from_u128(record.id), record.received_at.date_naive());
            Some(Sought { id, body: Some(place.body), date })
        });
        self.found = context.known.find(Wanted::new(sought)).await?;
        self.claimed = fetched.into_iter().collect();
        Ok(())
    }
}

/// The claim-checked records from this one on whose bodies are fetched together.
pub(super) fn due(part: &Part, first: usize, is_known: impl Fn(u128) -> bool) -> Vec<usize> {
    let (mut bytes, mut due) = (0_u64, Vec::new());
    for (number, record) in part.records.iter().enumerate().skip(first) {
        let Content::Large(text) = &record.content else { continue };
        if number > first && is_known(record.id) {
            continue;
        }
        bytes = said_bytes(text).saturating_add(bytes);
        if number > first && bytes > BODIES_BYTES {
            break;
        }
        due.push(number);
    }
    due
}

/// How large a record says its body is.
fn said_bytes(text: &[u8]) -> u64 {
    let bytes = |envelope: &Envelope<'_>| envelope.meta.large.as_ref().map(|large| large.bytes);
    with_envelope(text, bytes).flatten().unwrap_or_default()
}

/// Reads a record once more, which was read before.
fn with_envelope<T>(text: &[u8], look: impl FnOnce(&Envelope<'_>) -> T) -> Option<T> {
    match framing::next_record(text, 0, true) {
        Framed::Record { envelope, .. } => Some(look(&envelope)),
        _ => None,
    }
}

async fn claim(context: &Context<'_>, plans: &Plans, part: &Part, record: &Record) -> Claimed {
    let Content::Large(text) = &record.content else {
        return Claimed::Failed("no body is claimed".to_owned());
    };
    let Framed::Record { envelope, .. } = framing::next_record(text, 0, true) else {
        return Claimed::Failed("the record cannot be read again".to_owned());
    };
    let broken = |reason, error: &dyn std::error::Error| {
        Claimed::Broken(rejected(record.offset, &envelope, reason, error))
    };
    let body = match body(context, &envelope).await {
        Ok(body) => body,
        Err(error @ LargeError::Store { .. }) => return Claimed::Failed(error.to_string()),
        Err(error) => return broken(Reason::BadClaimCheck, &error),
    };
    let plan = plans.of(&envelope.detail_type);
    let row = match Row::decode_large(&plan, &envelope, &body) {
        Ok(row) => row,
        Err(error) => return broken(Reason::BadPayload, &error),
    };
    let mut builder = BatchBuilder::new(plan.clone());
    builder.push(&row, part.raw_key(record.object));
    let place = RowPlace {
        table: 0,
        row: 0,
        body: row.payload_hash,
        is_ping: repeats::is_ping(&envelope, row.payload),
        origin: row.origin(),
        issues: row.issues() as u64,
    };
    match builder.finish() {
        Ok(rows) => Claimed::Row { event_type: plan.event_type.clone(), rows, place },
        Err(error) => broken(Reason::BadPayload, &error),
    }
}

async fn body(context: &Context<'_>, envelope: &Envelope<'_>) -> Result<String, LargeError> {
    let Some(large) = &envelope.meta.large else { return Err(LargeError::Key) };
    large::fetch(context.store.as_ref(), large, context.settings.max_record_bytes).await
}

/// What the body of a record hashes to; `None` where it cannot be fetched.
pub(super) async fn hash(context: &Context<'_>, text: &[u8]) -> Option<i64> {
    let Framed::Record { envelope, .. } = framing::next_record(text, 0, true) else { return None };
    let body = body(context, &envelope).await.ok()?;
    Some(Payload::whole(&body).hash())
}
