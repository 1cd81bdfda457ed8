//! Deleting what a plan has named.

use chrono::{DateTime, Utc};
use object_store::path::Path;
use octolake_event::layout;

use super::plan::Doomed;
use crate::error::CompactError;
use crate::objects;
use crate::run::Run;

/// Files to delete between two looks at the clock: S3 takes a thousand in a request, several at once.
const BULK: usize = 4_000;

/// Deletes files as far as time allows; gives their number.
pub(crate) async fn delete(run: &Run<'_>, files: Vec<Doomed>) -> Result<u64, CompactError> {
    let keys: Vec<Path> = files.into_iter().map(|file| file.key).collect();
    let mut deleted = 0;
    for some in keys.chunks(BULK) {
        // What is left is for the next vacuum.
        if run.is_out_of_time() {
            break;
        }
        deleted += objects::delete_all(run.store.as_ref(), some).await?;
    }
    Ok(deleted)
}

/// Removes what killed processes left half-written before this time; gives how many files it was.
pub(crate) fn sweep(run: &Run<'_>, before: DateTime<Utc>) -> u64 {
    let folders = [layout::EVENTS, layout::QUARANTINE, layout::ERASED];
    run.lake.sweep(&folders, before.into()).unwrap_or_else(|error| {
        // They cost room and nothing else.
        tracing::warn!(%error, "half-written files cannot be removed");
        0
    })
}
