//! What waits in `raw/` as the rows that a run would make of it, with nothing written.
//!
//! The same readers, decoders and look-ups as a run's, on the version that the caller has: so a
//! delivery that repeats another, or is in the table already, or was erased, has no row, and a
//! claim-checked body is put back. What cannot be read is counted and left where it is. All rows are
//! in memory at once: there must be no more of them than [`FRESH_BYTES`].

use std::sync::Arc;

use arrow_array::RecordBatch;
use chrono::{DateTime, Utc};
use octolake_event::layout::Partition;
use octolake_lake::{Progress, Table};
use octolake_store::Lake;

use crate::append::{Plans, Readers, Reading, Start};
use crate::batch::{Batch, Context};
use crate::deadline::Deadline;
use crate::error::CompactError;
use crate::known::Known;
use crate::partitions::{FileSink, Span};
use crate::report::FailedObject;
use crate::scan::{self, Backlog, Days};
use crate::seal;
use crate::settings::Settings;

/// The most that may wait, in bytes: as it is stored, as it is decompressed, and as rows.
pub const FRESH_BYTES: u64 = 256 << 20;

/// What waits, as rows.
#[derive(Debug, Default)]
pub struct Fresh {
    /// The rows, ordered by partition.
    pub rows: Vec<FreshRows>,
    /// How many raw objects wait.
    pub waiting: u64,
    /// How many of them were read to their end.
    pub objects: u64,
    /// Records in them that cannot be read.
    pub broken: u64,
    /// Those that could not be read, or not to their end.
    pub failed: Vec<FailedObject>,
}

/// Rows of one partition.
#[derive(Debug)]
pub struct FreshRows {
    /// The partition that a file of them would belong to.
    pub partition: Partition,
    /// With the columns of such a file.
    pub rows: RecordBatch,
    /// The earliest and the latest arrival in the partition.
    pub received: Span,
}

/// The rows of the raw objects that are not done as of this version of the table (`None`: nothing
/// was ever compacted): those that a run at `now` would take up. What a listing has of sealed days is
/// noted in `table`, as it is by a run.
///
/// # Errors
/// More waits than [`FRESH_BYTES`], or the table or the store fails. An object that alone cannot be
/// read is in [`Fresh::failed`] instead.
pub async fn fresh(
    lake: &Lake,
    mut table: Option<&mut Table>,
    now: DateTime<Utc>,
) -> Result<Fresh, CompactError> {
    let progress = table.as_deref().map(Table::progress);
    let survey = scan::survey(lake, progress, Days::Audited(now)).await?;
    seal::note_doubts(table.as_deref_mut(), &survey.days);
    let (table, waiting) = (table.as_deref(), survey.backlog);
    bounded(waiting.bytes())?;
    let settings = Settings { dry_run: true, ..Settings::default() };
    // Rows are never encoded: there is always room for more, up to the bound.
    let settings = Settings { buffer_bytes: FRESH_BYTES as usize, ..settings };
    let store = lake.store();
    let mut sink =
        FileSink { store: store.clone(), dry_run: true, run_id: String::new(), number: 0 };
    let known = Known::of(store, table);
    let mut context = Context { store, settings: &settings, known, sink: &mut sink };
    let mut batch = Batch::new(&settings, 0);
    batch.hold_rows(&settings, FRESH_BYTES);
    let mut readers = readers(lake, table.map(Table::progress), &waiting, &settings);
    let (mut decoded, mut unsettled) = (0, 0);
    while let Some(part) = readers.next().await? {
        decoded += part.bytes_decoded;
        bounded(decoded)?;
        unsettled += part.memory;
        batch.take(&mut context, part).await?;
        if unsettled >= settings.settle_bytes {
            batch.settle(&mut context).await?;
            unsettled = 0;
        }
    }
    batch.settle(&mut context).await?;
    Ok(Fresh {
        waiting: waiting.pending.len() as u64,
        objects: batch.done.len() as u64,
        broken: batch.counts.quarantined,
        failed: std::mem::take(&mut batch.failed),
        rows: batch.take_rows(&settings),
    })
}

fn bounded(bytes: u64) -> Result<(), CompactError> {
    if bytes > FRESH_BYTES { Err(CompactError::TooFresh(FRESH_BYTES >> 20)) } else { Ok(()) }
}

fn readers(
    lake: &Lake,
    progress: Option<&Progress>,
    waiting: &Backlog,
    settings: &Settings,
) -> Readers {
    let reading = Reading {
        store: lake.store().clone(),
        limits: settings.into(),
        plans: Plans::default(),
        deadline: Deadline::default(),
        part_bytes: settings.part_bytes,
        threads: settings.threads.max(1),
    };
    let from = |key: &str| progress.map(|progress| progress.reached(key)).unwrap_or_default();
    let starts = waiting
        .pending
        .iter()
        .map(|object| Start { from: from(&object.key), object: Arc::new(object.clone()) });
    Readers::new(reading, starts)
}
