//! The projection: the rows of `events` without their payloads, by event type and month, in few
//! files. A Delta table of its own, so that any engine reads it; made from the first one's commits,
//! so that it can be thrown away and made again.
//!
//! ```text
//! Projection::read ── what stands, and up to which version of `events`
//! Source::open     ── for a reader: the projection and the files that came later, or the archive
//! ```
//!
//! | `txn` of the projection     | number                                                        |
//! |-----------------------------|---------------------------------------------------------------|
//! | `octolake.events`           | up to this version of `events` it goes                        |
//! | `octolake.events_mark`      | hash of that version's commit: another lake's has another     |
//! | `octolake.whole`            | 1: it has all rows; 0: it is being made, some months are not there |
//! | `octolake.columns`          | hash of the columns: another version of octolake has others   |
//! | `octolake.projection`       | the version of the projection that this was said in           |
//!
//! Nobody has to trust it: where one of these does not fit, a reader takes the archive, and the next
//! run of the compactor makes the projection anew. Whoever else commits to it is found by the last
//! line.

mod commit;
mod source;

use octolake_event::layout;
use octolake_store::Lake;
use octolake_tables::{facts, schema};
use twox_hash::XxHash64;

use crate::error::LakeError;
use crate::live::{Live, LiveFile};
use crate::log::Log;
use crate::replay::{Changes, Names};

pub use self::commit::{NewProjected, ProjectionCommit};
pub use self::source::{Projected, Source};

const EVENTS: &str = "octolake.events";
const EVENTS_MARK: &str = "octolake.events_mark";
const WHOLE: &str = "octolake.whole";
const COLUMNS: &str = "octolake.columns";
const SAID_IN: &str = "octolake.projection";

/// Bytes of a commit that are hashed to know it again: its time, its mark, its totals.
const MARK_BYTES: u64 = 4096;

/// The projection as of its newest version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    version: u64,
    files: Vec<LiveFile>,
    said: Said,
}

/// Why there is no projection to read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unfit {
    /// In words.
    pub reason: String,
    /// Whether the store did not give it: it may be as good as ever.
    pub is_unread: bool,
}

impl From<String> for Unfit {
    fn from(reason: String) -> Self {
        Self { reason, is_unread: false }
    }
}

impl From<LakeError> for Unfit {
    fn from(error: LakeError) -> Self {
        let is_unread = matches!(error, LakeError::LogUnread { .. });
        Self { reason: error.to_string(), is_unread }
    }
}

/// What the log says beside the files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Said {
    events: Option<u64>,
    events_mark: i64,
    is_whole: bool,
    columns: i64,
    said_in: Option<u64>,
}

impl Names for Said {
    fn apply(&mut self, name: &str, number: i64) {
        match name {
            EVENTS => self.events = u64::try_from(number).ok(),
            EVENTS_MARK => self.events_mark = number,
            WHOLE => self.is_whole = number == 1,
            COLUMNS => self.columns = number,
            SAID_IN => self.said_in = u64::try_from(number).ok(),
            _ => {}
        }
    }
}

impl Projection {
    /// Reads the newest version.
    ///
    /// # Errors
    /// There is none that can be used, or the store does not say: who can do without goes on without.
    pub async fn read(lake: &Lake) -> Result<Self, Unfit> {
        let log = Log::of_projection(lake);
        let listing = log.list(None).await?;
        let Some(version) = listing.newest() else {
            return Err("there is none".to_owned().into());
        };
        let (mut changes, mut said) = (Changes::new(), Said::default());
        let read = log.read_listed(&listing, version, Some(&mut changes), Some(&mut said)).await;
        read?;
        let mut live = Live::default();
        live.apply(lake, changes).await;
        if let Some(file) = live.unusable.first() {
            return Err(format!("its file {}: {}", file.path, file.reason).into());
        }
        let projection = Self { version, files: live.files, said };
        projection.check()?;
        Ok(projection)
    }

    fn check(&self) -> Result<(), String> {
        if self.said.said_in != Some(self.version) {
            return Err("another engine has written to it".to_owned());
        }
        if self.said.columns != columns_mark() {
            return Err("another version of octolake has made it".to_owned());
        }
        let is_of_month = |file: &LiveFile| {
            layout::projected_partition_of(&file.path).as_ref() == Some(&file.partition)
        };
        match self.files.iter().find(|file| !is_of_month(file)) {
            Some(file) => Err(format!("its file {} is of no month", file.path)),
            None => Ok(()),
        }
    }

    /// The version of the projection that this is.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Its files, ordered by path. Their paths are relative to the projection, and the date of their
    /// partition is the first of their month.
    pub fn files(&self) -> &[LiveFile] {
        &self.files
    }

    /// Up to which version of `events` it goes; `None` where nothing of it is there yet.
    pub fn events(&self) -> Option<u64> {
        self.said.events
    }

    /// Whether it has all rows of that version; else only months that are there do.
    pub fn is_whole(&self) -> bool {
        self.said.is_whole
    }
}

/// What the columns hash to that this version of octolake gives a projection.
fn columns_mark() -> i64 {
    let (rows, jobs) = (schema::projection_schema(), facts::job_schema());
    let fields = rows.fields().iter().chain(jobs.fields());
    let text: Vec<String> = fields.map(|it| format!("{}:{}", it.name(), it.data_type())).collect();
    number_of(&[text.join(",").as_bytes()])
}

/// What a commit of this many bytes that begins so hashes to.
fn commit_mark(bytes: u64, head: &[u8]) -> i64 {
    number_of(&[&bytes.to_le_bytes(), head])
}

/// A hash that is no negative number.
fn number_of(parts: &[&[u8]]) -> i64 {
    (XxHash64::oneshot(0, &parts.concat()) >> 1) as i64
}
