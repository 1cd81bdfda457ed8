//! Raw object → windows of decompressed bytes → records.
//!
//! An object is read in ranges and decompressed as it comes, so that neither a large object nor a
//! gzip bomb is ever in memory whole. What a window ends inside of begins the next one.
//!
//! ```text
//! while reader.fill().await? {
//!     let (items, step) = reader.items();
//!     …
//!     reader.advance(step);
//! }
//! ```

use std::io::Write;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use octolake_event::Envelope;
use octolake_event::framing::{self, Fault, Found, Resume};

use crate::error::CompactError;
use crate::scan::RawObject;

/// Bytes of an object to fetch at once.
const FETCH_BYTES: u64 = 4 * 1024 * 1024;
/// Compressed bytes to decompress before looking at the outcome: at gzip's best, 16 MiB come out.
const FEED_BYTES: usize = 16 * 1024;
/// How much of a broken record is kept beside the reason; the whole of it stays in `raw/`.
const EXCERPT_BYTES: usize = 16 * 1024;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Something found in a raw object.
#[derive(Debug)]
pub(crate) enum Item<'w> {
    Record {
        /// Where it begins, in decompressed bytes.
        offset: u64,
        envelope: Box<Envelope<'w>>,
    },
    Broken(Broken),
}

/// Bytes of a raw object that are no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Where they begin, in decompressed bytes.
    pub(crate) offset: u64,
    /// How many there are.
    pub(crate) length: u64,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    /// Their beginning.
    pub(crate) excerpt: Vec<u8>,
}

impl Broken {
    fn new(offset: u64, bytes: &[u8], fault: &Fault) -> Self {
        Self {
            offset,
            length: bytes.len() as u64,
            reason: fault.reason(),
            message: fault.to_string(),
            excerpt: bytes[..bytes.len().min(EXCERPT_BYTES)].to_vec(),
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        let room = EXCERPT_BYTES.saturating_sub(self.excerpt.len()).min(bytes.len());
        self.excerpt.extend_from_slice(&bytes[..room]);
    }
}

/// Limits of a reader, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) window: usize,
    pub(crate) record: usize,
}

/// What becomes of a window once its items are dealt with.
#[derive(Debug)]
pub(crate) struct Step {
    consumed: usize,
    /// Something broken whose end is not found yet.
    open: Option<Broken>,
}

enum Decoder {
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
}

/// Reads one raw object from its beginning to its end.
pub(crate) struct ObjectReader<'s> {
    store: &'s dyn ObjectStore,
    object: &'s RawObject,
    limits: Limits,
    decoder: Option<Decoder>,
    /// How many stored bytes were fetched so far.
    position: u64,
    /// Those of them that are not decompressed yet.
    fetched: Bytes,
    /// Decompressed bytes that are not yet dealt with.
    window: Vec<u8>,
    /// Where the window begins, in decompressed bytes.
    offset: u64,
    /// How long the window must be before it is worth another look.
    wanted: usize,
    open: Option<Broken>,
    /// Why the rest of the object cannot be decompressed.
    corrupt: Option<String>,
    ended: bool,
    finished: bool,
}

impl<'s> ObjectReader<'s> {
    pub(crate) fn new(store: &'s dyn ObjectStore, object: &'s RawObject, limits: Limits) -> Self {
        Self {
            store,
            object,
            limits,
            decoder: None,
            position: 0,
            fetched: Bytes::new(),
            window: Vec::new(),
            offset: 0,
            wanted: limits.window,
            open: None,
            corrupt: None,
            ended: false,
            finished: false,
        }
    }

    /// How many decompressed bytes were dealt with so far.
    pub(crate) fn bytes_decoded(&self) -> u64 {
        self.offset
    }

    /// Reads on until there is a window worth a look; false where all has been dealt with.
    pub(crate) async fn fill(&mut self) -> Result<bool, CompactError> {
        while !self.ended && self.window.len() < self.wanted {
            if self.fetched.is_empty() {
                self.fetch().await?;
            }
            let part = self.fetched.split_to(self.fetched.len().min(FEED_BYTES));
            if part.is_empty() {
                self.end();
            } else {
                self.decode(&part);
            }
        }
        Ok(!std::mem::replace(&mut self.finished, self.ended))
    }

    async fn fetch(&mut self) -> Result<(), CompactError> {
        let range = self.position..self.object.bytes.min(self.position + FETCH_BYTES);
        if !range.is_empty() {
            self.position = range.end;
            let key = Path::from(self.object.key.as_str());
            self.fetched = self
                .store
                .get_range(&key, range)
                .await
                .map_err(|source| CompactError::store("read", &self.object.key, source))?;
        }
        Ok(())
    }

    /// What stands in the window.
    pub(crate) fn items(&self) -> (Vec<Item<'_>>, Step) {
        let mut items = Vec::new();
        let mut at = 0;
        let mut open = self.open.clone();
        if let Some(broken) = &mut open {
            let (end, resumed) = match framing::resume(&self.window, 0, self.ended) {
                Resume::Record(place) => (place, true),
                Resume::Nothing(place) => (place, self.ended),
            };
            broken.extend(&self.window[..end]);
            at = end;
            if !resumed {
                return (items, Step { consumed: at, open });
            }
            items.extend(open.take().map(Item::Broken));
        }
        loop {
            match framing::next_record(&self.window, at, self.ended) {
                Found::Record { range, envelope } => {
                    let offset = self.offset + range.start as u64;
                    at = range.end;
                    items.push(if range.len() > self.limits.record {
                        Item::Broken(Broken::new(offset, &self.window[range], &self.too_large()))
                    } else {
                        Item::Record { offset, envelope }
                    });
                }
                Found::Broken { range, fault, open: is_open } => {
                    let offset = self.offset + range.start as u64;
                    at = range.end;
                    let broken = Broken::new(offset, &self.window[range], &fault);
                    if is_open {
                        open = Some(broken);
                        break;
                    }
                    items.push(Item::Broken(broken));
                }
                Found::Incomplete(start) => {
                    at = start;
                    if self.window.len() - start > self.limits.record {
                        (at, open) = self.give_up_record(start);
                    }
                    break;
                }
                Found::End => {
                    at = self.window.len();
                    break;
                }
            }
        }
        if let Some(message) = &self.corrupt {
            self.note_corruption(&mut items, at, message);
        }
        (items, Step { consumed: at, open })
    }

    /// Leaves what was dealt with behind.
    pub(crate) fn advance(&mut self, step: Step) {
        self.offset += step.consumed as u64;
        self.window.drain(..step.consumed);
        self.open = step.open;
        // A record that is not whole yet is read again from its beginning: look only when there is
        // twice as much of it.
        self.wanted = self.limits.window.max(2 * self.window.len());
        if self.window.capacity() > 4 * self.wanted {
            self.window.shrink_to(self.wanted);
        }
    }

    fn too_large(&self) -> Fault {
        Fault::TooLarge { limit: self.limits.record }
    }

    /// A record that is too large before its end is in sight: what of it is in the window goes.
    fn give_up_record(&self, start: usize) -> (usize, Option<Broken>) {
        let end = match framing::resume(&self.window, start + 1, self.ended) {
            Resume::Record(place) | Resume::Nothing(place) => place,
        };
        let offset = self.offset + start as u64;
        (end, Some(Broken::new(offset, &self.window[start..end], &self.too_large())))
    }

    /// The object breaks off: the record that it breaks off in is broken for that reason.
    fn note_corruption(&self, items: &mut Vec<Item<'_>>, end: usize, message: &str) {
        let cut_off = match items.pop() {
            Some(Item::Broken(broken)) if broken.reason == Fault::Truncated.reason() => broken,
            other => {
                items.extend(other);
                Broken::new(self.offset + end as u64, &[], &Fault::Truncated)
            }
        };
        let message = message.to_owned();
        items.push(Item::Broken(Broken { reason: "corrupt_gzip", message, ..cut_off }));
    }

    fn decode(&mut self, bytes: &[u8]) {
        let decoder = self.decoder.get_or_insert_with(|| {
            if bytes.starts_with(&GZIP_MAGIC) {
                Decoder::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))
            } else {
                Decoder::Plain
            }
        });
        match decoder {
            Decoder::Plain => self.window.extend_from_slice(bytes),
            Decoder::Gzip(decoder) => {
                let outcome = decoder.write_all(bytes);
                self.window.append(decoder.get_mut());
                if let Err(error) = outcome {
                    self.give_up(&error);
                }
            }
        }
    }

    fn end(&mut self) {
        self.ended = true;
        if let Some(Decoder::Gzip(decoder)) = &mut self.decoder {
            let outcome = decoder.try_finish();
            self.window.append(decoder.get_mut());
            if let Err(error) = outcome {
                self.give_up(&error);
            }
        }
    }

    fn give_up(&mut self, error: &std::io::Error) {
        self.ended = true;
        self.corrupt = Some(format!("the object cannot be decompressed any further: {error}"));
    }
}
