//! The records of the raw objects, held against the rows.

use std::collections::HashSet;

use octolake_event::{Envelope, Payload, layout};
use octolake_store::Lake;

use super::erased::Erased;
use super::rows::{Rows, key_number};
use super::{Depth, Findings, note};
use crate::error::CompactError;
use crate::large;
use crate::read::{Item, ObjectReader};
use crate::scan::RawObject;
use crate::settings::Settings;
use crate::shares::Share;

/// Counts the records of raw objects against the rows of one share.
pub(super) struct Recount<'a> {
    pub(super) lake: &'a Lake,
    pub(super) settings: &'a Settings,
    pub(super) depth: Depth,
    pub(super) share: Share,
    pub(super) quarantined: &'a HashSet<String>,
    pub(super) erased: Erased,
}

impl Recount<'_> {
    pub(super) async fn read(
        &mut self,
        object: &RawObject,
        rows: &mut Rows,
        findings: &mut Findings,
    ) -> Result<(), CompactError> {
        let store = self.lake.store();
        let mut reader = ObjectReader::new(store, object, self.settings.into());
        while reader.fill().await? {
            let (items, step) = reader.items();
            for item in items {
                match item {
                    Item::Record { offset, envelope, .. }
                        if self.share.holds(envelope.meta.id.as_u128()) =>
                    {
                        self.count(&object.key, offset, &envelope, rows, findings).await;
                    }
                    Item::Broken(broken) if self.share.is_first() => {
                        findings.counts.read += 1;
                        self.count_unstored(&object.key, broken.offset, findings);
                    }
                    _ => {}
                }
            }
            reader.advance(step);
        }
        Ok(())
    }

    async fn count(
        &self,
        raw_key: &str,
        offset: u64,
        envelope: &Envelope<'_>,
        rows: &mut Rows,
        findings: &mut Findings,
    ) {
        findings.counts.read += 1;
        let Some((row, mark)) = rows.find(envelope.meta.id.as_u128()) else {
            if self.is_erased(envelope).await {
                findings.counts.duplicates += 1;
                findings.counts.erased += 1;
                return;
            }
            return self.count_unstored(raw_key, offset, findings);
        };
        mark.is_seen = true;
        // For now every one; the first of each is taken off at the end.
        findings.counts.duplicates += 1;
        let is_source = row.raw_key == key_number(raw_key) && !mark.is_founded;
        if self.depth == Depth::Bytes && is_source {
            mark.is_founded = self.body(envelope).await == Some(row.body);
        }
    }

    /// Whether a record is of an erased delivery. Its body is looked at where nothing else tells.
    async fn is_erased(&self, envelope: &Envelope<'_>) -> bool {
        self.erased.holds(envelope)
            || (self.erased.knows_bodies()
                && self.body(envelope).await.is_some_and(|body| self.erased.holds_body(body)))
    }

    /// What the body of a record hashes to; `None` where it cannot be fetched.
    async fn body(&self, envelope: &Envelope<'_>) -> Option<i64> {
        let Some(large) = &envelope.meta.large else { return Some(envelope.payload.hash()) };
        let limit = self.settings.max_record_bytes;
        let body = large::fetch(self.lake.store().as_ref(), large, limit).await.ok()?;
        Some(Payload::whole(&body).hash())
    }

    fn count_unstored(&self, raw_key: &str, offset: u64, findings: &mut Findings) {
        if self.quarantined.contains(&layout::quarantine_key(raw_key, offset)) {
            findings.counts.quarantined += 1;
        } else {
            findings.lost += 1;
            note(&mut findings.examples_lost, || {
                format!(
                    "the record at offset {offset} of {raw_key} is neither a row nor in quarantine"
                )
            });
        }
    }
}
