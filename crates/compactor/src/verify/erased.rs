//! The deliveries that were erased: their records are neither lost nor rows.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use octolake_lake::{Progress, Table};
use octolake_store::Lake;

use super::shards::{Kind, Shards};
use crate::error::CompactError;
use crate::known::{self, IdFile};

/// All erased bodies, 8 bytes each; the ids are in shards.
#[derive(Debug, Default)]
pub(super) struct Erased {
    bodies: HashSet<i64>,
}

impl Erased {
    /// Reads the lists of what was erased, the ids into shards.
    pub(super) async fn read(
        lake: &Lake,
        table: &Table,
        shards: &mut Shards,
    ) -> Result<Self, CompactError> {
        let mut erased = Self::default();
        for (key, bytes) in table.progress().erased() {
            let list = IdFile { key: key.to_owned(), bytes };
            let mut pushed = Ok(());
            known::read_deliveries(lake.store().clone(), &list, |id, body| {
                erased.bodies.extend(body);
                if pushed.is_ok() {
                    pushed = shards.push_by_id(Kind::Erased, id, &id);
                }
            })
            .await?;
            pushed?;
        }
        Ok(erased)
    }

    /// Whether a body that hashes to this is erased.
    pub(super) fn holds_body(&self, body: i64) -> bool {
        self.bodies.contains(&body)
    }
}

/// What has to be known of a record beside its id and its place, to tell whether it is erased.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// What its body hashes to.
    pub(super) bodies: bool,
    /// Whether it arrived before this.
    pub(super) before: Option<DateTime<Utc>>,
}

impl Asked {
    pub(super) fn by(progress: &Progress) -> Self {
        Self { bodies: progress.erased().len() > 0, before: progress.erased_before }
    }
}
