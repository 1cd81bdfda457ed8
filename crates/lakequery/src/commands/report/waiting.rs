//! The raw objects that are not compacted yet, beside a report: how many there are, and with
//! `--fresh` their rows.
//!
//! How many is told as `status` tells it: the days of `raw/` that are not sealed are listed while
//! the report is asked for. No report fails by it, and none waits for it for long: what takes more
//! than [`PATIENCE`], or where `raw/` may not be listed, the answer does not say. Nor does it in S3,
//! where what is done and each listing are requests, as many as the report's own: `status` tells it.
//!
//! `--fresh` decodes them as a compaction would and writes nothing. It reads the version of the table
//! that the report stands on, so that no delivery counts twice; and it refuses more than
//! `octolake_compactor::FRESH_BYTES` of them, which all are in memory.

use std::time::Duration;

use chrono::DateTime;
use datafusion::arrow::array::RecordBatch;
use octolake_compactor::{Fresh, FreshRows, backlog};
use octolake_lake::{LiveFile, Progress};
use octolake_store::Lake;

use crate::ask::Known;
use crate::cli::Globals;
use crate::output;

/// How long it may take to tell how many raw objects wait, counted from the start of the report.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many raw objects are not compacted; `None` where that takes too much.
pub(super) async fn count(lake: &Lake) -> Option<u64> {
    lake.directory()?;
    let look = async {
        let progress = Progress::open(lake).await?;
        anyhow::Ok(backlog(lake, progress.as_ref()).await?)
    };
    let waiting = tokio::time::timeout(PATIENCE, look).await.ok()?;
    let told = waiting.inspect_err(|error| tracing::debug!(%error, "raw/ cannot be listed"));
    told.ok().map(|waiting| waiting.pending.len() as u64)
}

/// What is known of the lake where these are in the answer.
pub(super) fn known(fresh: &Fresh) -> Known {
    Known { backlog_objects: Some(fresh.waiting), fresh_objects: fresh.objects }
}

/// Says what of them is not in the answer.
pub(super) fn tell(fresh: &Fresh, globals: &Globals) {
    if fresh.broken > 0 {
        let text = format!(
            "{} records of raw objects that are not compacted yet cannot be read and are left out",
            fresh.broken
        );
        output::note(globals, &text);
    }
    if let Some(failed) = fresh.failed.first() {
        let count = fresh.failed.len();
        let text =
            format!("{count} raw objects could not be read; {}: {}", failed.key, failed.error);
        output::note(globals, &text);
    }
}

/// Their rows, each batch with the file that would hold it.
pub(super) fn rows(fresh: Fresh) -> Vec<(LiveFile, RecordBatch)> {
    fresh.rows.into_iter().map(|rows| (file(&rows), rows.rows)).collect()
}

fn file(rows: &FreshRows) -> LiveFile {
    // The log keeps milliseconds, cut off: an answer must not change when its rows are compacted.
    let cut = |at: DateTime<_>| DateTime::from_timestamp_millis(at.timestamp_millis());
    LiveFile {
        facts: None,
        path: String::new(),
        partition: rows.partition.clone(),
        bytes: rows.rows.get_array_memory_size() as u64,
        rows: rows.rows.num_rows() as u64,
        modified: DateTime::UNIX_EPOCH,
        received_min: cut(rows.received.0),
        received_max: cut(rows.received.1),
        dates: (rows.partition.date, rows.partition.date),
    }
}
