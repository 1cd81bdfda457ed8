//! Rows and records, parted by what they are compared by, so that each part fits in memory.
//!
//! What is pushed is held, and written into a file for each shard and kind once it is too much: a
//! small lake needs no disk. A file's bytes are hashed as they are written, and must be the same
//! when they are read: what a disk or somebody else has changed is no proof.

use std::fs::{self, File, OpenOptions};
use std::hash::Hasher;
use std::io::{self, Read, Write};

use twox_hash::XxHash64;

use super::records::Fixed;
use super::scratch::Scratch;
use crate::error::CompactError;

/// More shards than this are not made: some 130 GB then go through as many parts of 32 MB.
pub(super) const MAX_SHARDS: u32 = 4096;

/// What is sharded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Deliveries of raw objects, by id.
    Records,
    /// Broken records of raw objects, by place.
    Broken,
    /// Rows of live files, by id.
    Rows,
    /// Deliveries that are erased, by id.
    Erased,
    /// Entries of the quarantine, by place.
    Entries,
    /// Deliveries that are no row, by place.
    Unstored,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Records, Self::Broken, Self::Rows, Self::Erased, Self::Entries, Self::Unstored];
    /// What raw objects are read into: another verification may go on with it.
    pub(super) const RAW: [Self; 2] = [Self::Records, Self::Broken];

    fn name(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Broken => "broken",
            Self::Rows => "rows",
            Self::Erased => "erased",
            Self::Entries => "entries",
            Self::Unstored => "unstored",
        }
    }
}

/// Whether a file of this name holds a shard.
pub(super) fn is_name(name: &str) -> bool {
    kind_of(name).is_some()
}

/// Whether it holds what another verification cannot go on with.
pub(super) fn is_fleeting(name: &str) -> bool {
    kind_of(name).is_some_and(|kind| !Kind::RAW.contains(&kind))
}

fn kind_of(name: &str) -> Option<Kind> {
    let (kind, number) = name.split_once('-')?;
    let is_number = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    Kind::ALL.into_iter().find(|of| is_number && of.name() == kind)
}

/// One shard of one kind.
#[derive(Debug, Clone)]
struct Shard {
    held: Vec<u8>,
    written: u64,
    hash: XxHash64,
}

/// All shards.
#[derive(Debug)]
pub(super) struct Shards {
    pub(super) scratch: Scratch,
    /// Kind by kind.
    shards: Vec<Shard>,
    count: u32,
    seed: u64,
    held: usize,
    most: usize,
}

impl Shards {
    /// No shards yet, in this directory; at most so many bytes of them will be held.
    pub(super) fn new(scratch: Scratch, most: usize) -> Self {
        Self { scratch, shards: vec![], count: 1, seed: 0, held: 0, most }
    }

    /// So many empty shards of each kind. What is pushed is dealt out by `seed`.
    pub(super) fn restart(&mut self, count: u32, seed: u64) {
        (self.count, self.seed, self.held) = (count.clamp(1, MAX_SHARDS), seed, 0);
        let shard = Shard { held: Vec::new(), written: 0, hash: XxHash64::with_seed(0) };
        self.shards = vec![shard; Kind::ALL.len() * self.count as usize];
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// The shard of what has this key.
    fn of(&self, key: &[u8]) -> u32 {
        (XxHash64::oneshot(self.seed, key) % u64::from(self.count)) as u32
    }

    /// Puts something into the shard of its id.
    pub(super) fn push_by_id(
        &mut self,
        kind: Kind,
        id: u128,
        value: &impl Fixed,
    ) -> Result<(), CompactError> {
        self.push(kind, self.of(&id.to_le_bytes()), value)
    }

    /// Puts something into the shard of its raw key's number and its offset.
    pub(super) fn push_by_place(
        &mut self,
        kind: Kind,
        (raw_key, offset): (u64, u64),
        value: &impl Fixed,
    ) -> Result<(), CompactError> {
        let key = u128::from(raw_key) << 64 | u128::from(offset);
        self.push(kind, self.of(&key.to_le_bytes()), value)
    }

    fn push(&mut self, kind: Kind, shard: u32, value: &impl Fixed) -> Result<(), CompactError> {
        let at = self.place(kind, shard);
        if let Some(shard) = self.shards.get_mut(at) {
            let before = shard.held.len();
            value.write(&mut shard.held);
            self.held += shard.held.len() - before;
        }
        if self.held > self.most { self.flush() } else { Ok(()) }
    }

    fn place(&self, kind: Kind, shard: u32) -> usize {
        kind as usize * self.count as usize + shard as usize
    }

    /// Writes what is held.
    pub(super) fn flush(&mut self) -> Result<(), CompactError> {
        let dir = self.scratch.dir()?;
        let count = self.count as usize;
        for (at, shard) in self.shards.iter_mut().enumerate().filter(|(_, it)| !it.held.is_empty())
        {
            let path = dir.join(file_name(at, count));
            let bytes = std::mem::take(&mut shard.held);
            let file = OpenOptions::new().create(true).append(true).open(&path);
            let written = file.and_then(|mut file| file.write_all(&bytes));
            written.map_err(|source| CompactError::scratch("write", &path, source))?;
            shard.written += bytes.len() as u64;
            shard.hash.write(&bytes);
        }
        self.held = 0;
        Ok(())
    }

    /// All of one shard. It is read once.
    pub(super) fn take(&mut self, kind: Kind, shard: u32) -> Result<Vec<u8>, CompactError> {
        let at = self.place(kind, shard);
        let Some(shard) = self.shards.get_mut(at) else { return Ok(vec![]) };
        let held = std::mem::take(&mut shard.held);
        self.held -= held.len();
        if shard.written == 0 {
            return Ok(held);
        }
        let path = self.scratch.dir()?.join(file_name(at, self.count as usize));
        let read = fs::read(&path);
        let mut bytes = read.map_err(|source| CompactError::scratch("read", &path, source))?;
        if bytes.len() as u64 != shard.written
            || XxHash64::oneshot(0, &bytes) != shard.hash.finish()
        {
            let source = io::Error::other("it is not as it was written");
            return Err(CompactError::scratch("read", &path, source));
        }
        bytes.extend(held);
        Ok(bytes)
    }

    /// How long the files of what raw objects are read into are, and one hash of them all.
    pub(super) fn written(&self) -> (Vec<u64>, u64) {
        let shards = self.shards.iter().take(Kind::RAW.len() * self.count as usize);
        let mut hash = XxHash64::with_seed(0);
        let note = |shard: &Shard| {
            hash.write_u64(shard.hash.finish());
            shard.written
        };
        (shards.map(note).collect(), hash.finish())
    }

    /// Takes over the files of an earlier verification, up to these lengths; false where they are
    /// not as it left them.
    pub(super) fn take_over(&mut self, lengths: &[u64], hash: u64) -> Result<bool, CompactError> {
        let count = self.count as usize;
        if lengths.len() != Kind::RAW.len() * count {
            return Ok(false);
        }
        let dir = self.scratch.dir()?;
        for ((at, shard), length) in self.shards.iter_mut().enumerate().zip(lengths) {
            let path = dir.join(file_name(at, count));
            let failed = |source| CompactError::scratch("read", &path, source);
            let Ok(mut file) = OpenOptions::new().read(true).write(true).open(&path) else {
                if *length == 0 {
                    continue;
                }
                return Ok(false);
            };
            shard.hash = hash_of(&mut file, *length).map_err(failed)?;
            // What was written behind the last mark belongs to objects that are read again.
            if file.metadata().map_err(failed)?.len() < *length {
                return Ok(false);
            }
            file.set_len(*length).map_err(failed)?;
            shard.written = *length;
        }
        Ok(self.written().1 == hash)
    }
}

fn file_name(at: usize, count: usize) -> String {
    let kind = Kind::ALL.get(at / count).map_or("none", |kind| kind.name());
    format!("{kind}-{:04}", at % count)
}

fn hash_of(file: &mut File, length: u64) -> io::Result<XxHash64> {
    let mut hash = XxHash64::with_seed(0);
    let mut bytes = vec![0; 64 * 1024];
    let mut file = file.take(length);
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(hash),
            read => hash.write(bytes.get(..read).unwrap_or_default()),
        }
    }
}
