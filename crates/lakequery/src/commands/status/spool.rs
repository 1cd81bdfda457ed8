//! What `serve` has taken and not landed, as far as this machine can see it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use octolake_event::layout;
use octolake_serve::survey;
use octolake_store::Lake;
use serde::Serialize;

/// The files of a spool.
#[derive(Debug, Serialize)]
pub(super) struct Spool {
    pub(super) path: PathBuf,
    pub(super) files: u64,
    pub(super) bytes: u64,
    pub(super) oldest_at: Option<DateTime<Utc>>,
    pub(super) age_s: Option<f64>,
    /// Files that could not be read whole: `*.damaged`.
    pub(super) damaged: u64,
}

/// The spool in `directory`, or in the lake; `None` for a lake on S3 where none is named.
///
/// # Errors
/// It can't be read.
pub(super) fn look(
    lake: &Lake,
    directory: Option<&Path>,
    now: DateTime<Utc>,
) -> anyhow::Result<Option<Spool>> {
    let in_lake = || lake.directory().map(|lake| lake.join(layout::SPOOL));
    let Some(path) = directory.map(Path::to_owned).or_else(in_lake) else { return Ok(None) };
    let found = survey(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let age = found.oldest_at.map(|at| (now - at).max(TimeDelta::zero()));
    Ok(Some(Spool {
        path,
        files: found.files,
        bytes: found.bytes,
        oldest_at: found.oldest_at,
        age_s: age.map(super::seconds),
        damaged: found.damaged,
    }))
}
