//! The deliveries that were erased: their records are neither lost nor rows.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use octolake_event::Envelope;
use octolake_lake::Progress;
use octolake_store::Lake;

use crate::error::CompactError;
use crate::known::{self, IdFile};
use crate::shares::Share;

/// The erased deliveries of one share, and all erased bodies: 16 and 8 bytes each.
#[derive(Debug, Default)]
pub(super) struct Erased {
    ids: HashSet<u128>,
    bodies: HashSet<i64>,
    before: Option<DateTime<Utc>>,
}

impl Erased {
    pub(super) async fn read(
        lake: &Lake,
        progress: &Progress,
        share: Share,
    ) -> Result<Self, CompactError> {
        let mut erased = Self { before: progress.erased_before, ..Self::default() };
        for (key, bytes) in progress.erased() {
            let list = IdFile { key: key.to_owned(), bytes };
            known::read_deliveries(lake.store().clone(), &list, |id, body| {
                erased.bodies.extend(body);
                if share.holds(id) {
                    erased.ids.insert(id);
                }
            })
            .await?;
        }
        Ok(erased)
    }

    /// Whether a record is of an erased delivery, by its id or its time.
    pub(super) fn holds(&self, envelope: &Envelope<'_>) -> bool {
        self.before.is_some_and(|before| envelope.meta.received_at < before)
            || self.ids.contains(&envelope.meta.id.as_u128())
    }

    /// Whether any body is erased.
    pub(super) fn knows_bodies(&self) -> bool {
        !self.bodies.is_empty()
    }

    /// Whether a body that hashes to this is erased.
    pub(super) fn holds_body(&self, body: i64) -> bool {
        self.bodies.contains(&body)
    }
}
