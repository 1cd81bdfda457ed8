//! What a verification has read of `raw/`, for the next one to go on with: a file of lines beside
//! the shards. The first says what was verified; each other one names raw objects that are in the
//! shards, and how long these are with them.
//!
//! A line is believed only together with shards that are as it says. Anything else is begun anew.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::shards::{MAX_SHARDS, Shards};
use crate::error::CompactError;
use crate::scan::RawObject;

const NAME: &str = "journal";
/// Changes where shards are written in another form.
const FORM: u32 = 1;

/// Whether a file of this name is a journal.
pub(super) fn is_name(name: &str) -> bool {
    name == NAME
}

/// What the shards depend on beside the raw objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) form: u32,
    pub(super) lake: String,
    /// Whether bodies are hashed.
    pub(super) bodies: bool,
    /// What arrived before this is erased, in microseconds since the epoch.
    pub(super) before: Option<i64>,
    /// Bytes of a window, and of the longest record.
    pub(super) limits: [usize; 2],
    pub(super) shards: u32,
    pub(super) seed: u64,
}

impl Header {
    pub(super) fn new(
        lake: &str,
        (bodies, before): (bool, Option<i64>),
        limits: [usize; 2],
        (shards, seed): (u32, u64),
    ) -> Self {
        Self { form: FORM, lake: lake.to_owned(), bodies, before, limits, shards, seed }
    }

    /// Whether its shards are good for a verification of this header.
    fn is_good_for(&self, wanted: &Self) -> bool {
        let same = Self { shards: wanted.shards, seed: wanted.seed, ..self.clone() };
        same == *wanted && (1..=MAX_SHARDS).contains(&self.shards)
    }
}

/// A raw object that is in the shards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Read {
    pub(super) number: u32,
    key: String,
    bytes: u64,
    /// When it was stored, in microseconds since the epoch.
    modified: i64,
}

impl Read {
    pub(super) fn new(number: u32, object: &RawObject) -> Self {
        let modified = object.modified.timestamp_micros();
        Self { number, key: object.key.clone(), bytes: object.bytes, modified }
    }

    /// Whether it is this object, and as it was.
    fn is(&self, object: &RawObject) -> bool {
        *self == Self::new(self.number, object)
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    objects: Vec<Read>,
    /// The first number that no object was read under.
    next: u32,
    lengths: Vec<u64>,
    hash: u64,
}

/// What an earlier verification has left.
#[derive(Debug, Default)]
pub(super) struct Left {
    read: HashMap<String, Read>,
    /// The first number that no object was read under.
    pub(super) next: u32,
}

impl Left {
    /// The number that an object was read under, if it is in the shards as it is now.
    pub(super) fn number_of(&self, object: &RawObject) -> Option<u32> {
        self.read.get(&object.key).filter(|read| read.is(object)).map(|read| read.number)
    }
}

/// Makes the shards ready for a verification; what is in them already.
///
/// # Errors
/// The directory cannot be read or written.
pub(super) fn open(shards: &mut Shards, wanted: &Header) -> Result<Left, CompactError> {
    shards.restart(wanted.shards, wanted.seed);
    if !shards.scratch.is_kept() {
        return Ok(Left::default());
    }
    shards.scratch.remove(super::shards::is_fleeting)?;
    let path = shards.scratch.dir()?.join(NAME);
    let text = fs::read(&path).unwrap_or_default();
    if let Some((header, marks, end)) = parse(&text).filter(|(of, ..)| of.is_good_for(wanted)) {
        shards.restart(header.shards, header.seed);
        let is_whole = match marks.last() {
            Some(mark) => shards.take_over(&mark.lengths, mark.hash)?,
            None => false,
        };
        if is_whole {
            cut(&path, end)?;
            return Ok(left(marks));
        }
        shards.restart(wanted.shards, wanted.seed);
    }
    if !text.is_empty() {
        let path = path.display().to_string();
        tracing::warn!(path, "what is there is of no use to this verification: it begins anew");
    }
    shards.scratch.remove(|name| is_name(name) || super::shards::is_name(name))?;
    append(&path, wanted)?;
    Ok(Left::default())
}

/// The header, the marks and where the last of them ends; `None` where there is no header.
fn parse(text: &[u8]) -> Option<(Header, Vec<Mark>, u64)> {
    // A line without its end was cut short.
    let mut lines = text.split_inclusive(|byte| *byte == b'\n').filter(|it| it.ends_with(b"\n"));
    let first = lines.next()?;
    let header = serde_json::from_slice(first).ok()?;
    let (mut marks, mut end) = (Vec::new(), first.len() as u64);
    for line in lines {
        let Ok(mark) = serde_json::from_slice(line) else { break };
        marks.push(mark);
        end += line.len() as u64;
    }
    Some((header, marks, end))
}

fn left(marks: Vec<Mark>) -> Left {
    let mut left = Left::default();
    for mark in marks {
        left.next = left.next.max(mark.next);
        let objects = mark.objects.into_iter().map(|read| (read.key.clone(), read));
        left.read.extend(objects);
    }
    left
}

/// Marks that these objects are in the shards, and that numbers below `next` are taken.
///
/// # Errors
/// The directory cannot be written.
pub(super) fn mark(shards: &mut Shards, objects: Vec<Read>, next: u32) -> Result<(), CompactError> {
    if !shards.scratch.is_kept() {
        return Ok(());
    }
    shards.flush()?;
    let (lengths, hash) = shards.written();
    let path = shards.scratch.dir()?.join(NAME);
    append(&path, &Mark { objects, next, lengths, hash })
}

fn append(path: &Path, line: &impl Serialize) -> Result<(), CompactError> {
    let failed = |source| CompactError::scratch("write", path, source);
    // Strings and numbers in a struct: serialisation has no way to fail.
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
    file.write_all(&text).map_err(failed)
}

fn cut(path: &Path, end: u64) -> Result<(), CompactError> {
    let cut = OpenOptions::new().write(true).open(path).and_then(|file| file.set_len(end));
    cut.map_err(|source| CompactError::scratch("write", path, source))
}
