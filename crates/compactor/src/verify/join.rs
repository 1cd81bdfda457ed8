//! The shards, one after the other: rows and records of the same ids laid beside each other, then
//! what is no row beside the quarantine.

use std::collections::HashSet;

use octolake_event::DeliveryId;

use super::erased::Erased;
use super::gather::Numbers;
use super::records::{Fixed, Place, Quarantined, Record, RowId, key_number};
use super::shards::{Kind, Shards};
use super::{Depth, Findings, RawObjects};
use crate::error::CompactError;

/// What became of a row.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    /// A record has its id.
    is_seen: bool,
    /// The record that it was made from is there.
    is_founded: bool,
}

/// What shards are joined by.
pub(super) struct Join<'a> {
    pub(super) depth: Depth,
    pub(super) raw: &'a RawObjects,
    pub(super) numbers: &'a Numbers,
    pub(super) erased: &'a Erased,
    /// The numbers of the raw objects' keys.
    keys: Vec<u64>,
}

impl<'a> Join<'a> {
    pub(super) fn new(
        depth: Depth,
        raw: &'a RawObjects,
        numbers: &'a Numbers,
        erased: &'a Erased,
    ) -> Self {
        let keys = raw.done.iter().map(|object| key_number(&object.key)).collect();
        Self { depth, raw, numbers, erased, keys }
    }

    /// Joins all shards.
    pub(super) fn all(
        &self,
        shards: &mut Shards,
        findings: &mut Findings,
    ) -> Result<(), CompactError> {
        for shard in 0..shards.count() {
            self.ids(shards, shard, findings)?;
        }
        for shard in 0..shards.count() {
            self.places(shards, shard, findings)?;
        }
        Ok(())
    }

    /// Rows and records of one shard.
    fn ids(
        &self,
        shards: &mut Shards,
        shard: u32,
        findings: &mut Findings,
    ) -> Result<(), CompactError> {
        let rows = rows(&shards.take(Kind::Rows, shard)?, findings);
        let mut marks = vec![Mark::default(); rows.len()];
        let erased: HashSet<u128> = u128::all(&shards.take(Kind::Erased, shard)?).collect();
        let records = shards.take(Kind::Records, shard)?;
        for record in Record::all(&records) {
            let Some(raw_key) = self.key_of(record.place) else { continue };
            findings.counts.read += 1;
            let found = rows.binary_search_by_key(&record.id, |row| row.id).ok();
            if let Some((row, mark)) =
                found.and_then(|at| Some((rows.get(at)?, marks.get_mut(at)?)))
            {
                mark.is_seen = true;
                // For now every one; the first of each is taken off at the end.
                findings.counts.duplicates += 1;
                mark.is_founded |= row.raw_key == raw_key && record.body == Some(row.body);
            } else if self.is_erased(&record, &erased) {
                findings.counts.duplicates += 1;
                findings.counts.erased += 1;
            } else {
                let place = (raw_key, record.place.offset);
                shards.push_by_place(Kind::Unstored, place, &record.place)?;
            }
        }
        self.conclude(&rows, &marks, findings);
        Ok(())
    }

    /// The number of the raw key of a place; `None` where its object was read again since.
    fn key_of(&self, place: Place) -> Option<u64> {
        self.numbers.place_of(place.object).and_then(|at| self.keys.get(at)).copied()
    }

    fn is_erased(&self, record: &Record, ids: &HashSet<u128>) -> bool {
        record.is_before
            || ids.contains(&record.id)
            || record.body.is_some_and(|body| self.erased.holds_body(body))
    }

    /// Counts what became of rows.
    fn conclude(&self, rows: &[RowId], marks: &[Mark], findings: &mut Findings) {
        findings.counts.stored += marks.iter().filter(|mark| mark.is_seen).count() as u64;
        if self.depth == Depth::Ids {
            return;
        }
        for (row, mark) in rows.iter().zip(marks).filter(|(_, mark)| !mark.is_founded) {
            findings.unfounded += 1;
            findings.examples_unfounded.note(row.id, || {
                let id = DeliveryId::from_u128(row.id);
                match mark.is_seen {
                    true => format!("{id} differs from its record in raw/"),
                    false => format!("{id} is in no raw object"),
                }
            });
        }
    }

    /// What is no row, and the quarantine, of one shard.
    fn places(
        &self,
        shards: &mut Shards,
        shard: u32,
        findings: &mut Findings,
    ) -> Result<(), CompactError> {
        let entries = shards.take(Kind::Entries, shard)?;
        let entries: HashSet<Quarantined> = Quarantined::all(&entries).collect();
        for kind in [Kind::Broken, Kind::Unstored] {
            let places = shards.take(kind, shard)?;
            for place in Place::all(&places) {
                let Some(raw_key) = self.key_of(place) else { continue };
                findings.counts.read += u64::from(kind == Kind::Broken);
                if entries.contains(&Quarantined { raw_key, offset: place.offset }) {
                    findings.counts.quarantined += 1;
                } else {
                    self.note_lost(place, findings);
                }
            }
        }
        Ok(())
    }

    fn note_lost(&self, place: Place, findings: &mut Findings) {
        findings.lost += 1;
        let at = self.numbers.place_of(place.object).unwrap_or_default();
        findings.examples_lost.note((at, place.offset), || {
            let key = self.raw.done.get(at).map_or("", |object| &object.key);
            let offset = place.offset;
            format!("the record at offset {offset} of {key} is neither a row nor in quarantine")
        });
    }
}

/// The rows of one shard, sorted, each id once.
fn rows(bytes: &[u8], findings: &mut Findings) -> Vec<RowId> {
    let mut rows: Vec<RowId> = RowId::all(bytes).collect();
    rows.sort_unstable();
    let all = rows.len();
    for (one, next) in rows.iter().zip(rows.iter().skip(1)).filter(|(one, next)| one.id == next.id)
    {
        let id = DeliveryId::from_u128(one.id);
        findings.examples_repeated.note(next.id, || format!("{id} is in the table twice"));
    }
    rows.dedup_by_key(|row| row.id);
    findings.repeated += (all - rows.len()) as u64;
    rows
}
