//! The bytes of a raw object, as they come → windows of decompressed bytes → records. Pure: whoever
//! has the bytes feeds them.
//!
//! What a window ends inside of begins the next one. [`items_in`] does it all for bytes that are in
//! memory.

#[cfg(test)]
mod both_ways;
mod gzip;

use octolake_event::framing::{self, Fault, Found, Resume};
use octolake_event::{DeliveryId, Envelope, Reason, plain_record};
use octolake_lake::{Reached, Search};

use self::gzip::Gzip;
use crate::settings::Settings;

/// Compressed bytes to decompress before looking at the outcome: at gzip's best, 16 MiB come out.
pub(crate) const FEED_BYTES: usize = 16 * 1024;
/// How much of a broken record is kept beside the reason; the whole of it stays in `raw/`.
const EXCERPT_BYTES: usize = 16 * 1024;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Items to find in one look: two bytes can be a broken record, which takes a hundred times as much
/// to tell of.
const LOOK_ITEMS: usize = 8 * 1024;

/// Something found in a raw object.
#[derive(Debug)]
pub(crate) enum Item<'w> {
    Record {
        /// Where it begins, in decompressed bytes.
        offset: u64,
        envelope: Box<Envelope<'w>>,
        /// The record as it stands.
        text: &'w [u8],
    },
    Broken(Broken),
}

impl Item<'_> {
    /// Where it begins, in decompressed bytes.
    pub(crate) fn offset(&self) -> u64 {
        match self {
            Self::Record { offset, .. } => *offset,
            Self::Broken(broken) => broken.offset,
        }
    }
}

/// Bytes of a raw object that are no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Where they begin, in decompressed bytes.
    pub(crate) offset: u64,
    /// How many there are.
    pub(crate) length: u64,
    pub(crate) reason: Reason,
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

impl From<&Settings> for Limits {
    fn from(settings: &Settings) -> Self {
        Self { window: settings.window_bytes, record: settings.max_record_bytes }
    }
}

/// What becomes of a window once its items are dealt with.
#[derive(Debug)]
pub(crate) struct Step {
    consumed: usize,
    /// Something broken whose end is not found yet.
    open: Option<Broken>,
    /// Whether, in that case, a record may begin where the next window does.
    begun: bool,
    /// Whether more stands in the window than was looked at.
    more: bool,
}

impl Step {
    /// Something broken whose end is not found yet.
    pub(crate) fn open(&self) -> Option<&Broken> {
        self.open.as_ref()
    }
}

enum Decoder {
    Plain,
    Gzip(Box<Gzip>),
}

/// One raw object, from its beginning to its end.
pub(crate) struct Windows {
    limits: Limits,
    decoder: Option<Decoder>,
    /// Decompressed bytes that are not yet dealt with.
    window: Vec<u8>,
    /// Where the window begins, in decompressed bytes.
    offset: u64,
    /// How long the window must be before it is worth another look.
    wanted: usize,
    open: Option<Broken>,
    begun: bool,
    /// Why the rest of the object cannot be decompressed.
    corrupt: Option<String>,
    ended: bool,
    finished: bool,
    /// Decompressed bytes to come that are not looked at: they are dealt with.
    skip: u64,
    /// Where another has stopped.
    from: Reached,
}

impl Windows {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            decoder: None,
            window: Vec::new(),
            offset: 0,
            wanted: limits.window,
            open: None,
            begun: false,
            corrupt: None,
            ended: false,
            finished: false,
            skip: 0,
            from: Reached::default(),
        }
    }

    /// The same, from where another has stopped: what stands before that is decompressed, and not
    /// looked at.
    pub(crate) fn going_on(self, from: Reached) -> Self {
        Self { skip: from.offset, from, ..self }
    }

    /// Where another can go on.
    pub(crate) fn reached(&self) -> Reached {
        let search = Search { at: self.offset, begun: self.begun };
        let reached = match &self.open {
            Some(broken) => Reached { offset: broken.offset, search: Some(search) },
            None => Reached::at(self.offset),
        };
        // What is known from before counts until this is past it.
        reached.max(self.from)
    }

    /// How many decompressed bytes there are to look at.
    pub(crate) fn held(&self) -> usize {
        self.window.len()
    }

    /// How many decompressed bytes were dealt with so far.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether there is too little for a look, and more to come.
    pub(crate) fn is_hungry(&self) -> bool {
        !self.ended && self.window.len() < self.wanted
    }

    /// Takes more of the object's bytes, [`FEED_BYTES`] at most; none at all is its end. The first
    /// two come together, where there are two: they tell what it is packed with.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.end();
        } else {
            self.decode(bytes);
        }
        self.leave_out();
    }

    fn leave_out(&mut self) {
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(self.window.len());
        if skipped > 0 {
            if let Some(broken) = &mut self.open {
                broken.extend(&self.window[..skipped]);
            }
            self.window.drain(..skipped);
            self.skip -= skipped as u64;
            self.offset += skipped as u64;
        }
    }

    /// What is broken is found again: its end is looked for from where another has stopped.
    fn search_on(&mut self) {
        let Some(broken) = &self.open else { return };
        let Some(search) = self.from.search.filter(|_| broken.offset == self.from.offset) else {
            return;
        };
        if search.at > self.offset {
            self.skip = search.at - self.offset;
            self.begun = search.begun;
            self.leave_out();
        }
    }

    /// Whether there is a window worth a look: false where all has been dealt with.
    pub(crate) fn is_due(&mut self) -> bool {
        !std::mem::replace(&mut self.finished, self.ended)
    }

    /// Whether all was dealt with: nothing will be due any more.
    pub(crate) fn is_done(&self) -> bool {
        self.finished
    }

    /// Leaves the records at the beginning of the window behind that are written as usual and that
    /// `take` takes, given each with where it begins. What it refuses, and what is behind that, is for
    /// [`Self::items`]. True where it was enough for one look and there may be more.
    pub(crate) fn take_plain(&mut self, take: &mut dyn FnMut(u64, &Envelope<'_>) -> bool) -> bool {
        if self.open.is_some() || self.corrupt.is_some() {
            return false;
        }
        let (mut at, mut taken) = (0, 0);
        while taken < LOOK_ITEMS {
            let Some((range, envelope)) = plain_record(&self.window, at, self.ended) else { break };
            let offset = self.offset + range.start as u64;
            if range.len() > self.limits.record || !take(offset, &envelope) {
                break;
            }
            (at, taken) = (range.end, taken + 1);
        }
        let more = taken == LOOK_ITEMS;
        if more {
            self.advance(Step { consumed: at, open: None, begun: false, more });
        } else {
            self.offset += at as u64;
            self.window.drain(..at);
        }
        more
    }

    /// What stands in the window.
    pub(crate) fn items(&self) -> (Vec<Item<'_>>, Step) {
        let mut items = Vec::new();
        let mut at = 0;
        let (mut open, mut begun) = (self.open.clone(), false);
        if let Some(broken) = &mut open {
            let next = self.look_on(0, self.begun);
            at = next.place();
            broken.extend(&self.window[..at]);
            if !self.ended && !matches!(next, Resume::Record(_)) {
                begun = matches!(next, Resume::Begun(_));
                return (items, Step { consumed: at, open, begun, more: false });
            }
            items.extend(open.take().map(Item::Broken));
        }
        loop {
            if items.len() >= LOOK_ITEMS {
                return (items, Step { consumed: at, open, begun, more: true });
            }
            match framing::next_record(&self.window, at, self.ended) {
                Found::Record { range, envelope } => {
                    let offset = self.offset + range.start as u64;
                    at = range.end;
                    let text = &self.window[range];
                    items.push(if text.len() > self.limits.record {
                        Item::Broken(Broken::new(offset, text, &self.too_large()))
                    } else {
                        Item::Record { offset, envelope, text }
                    });
                }
                Found::Broken { range, fault, open: is_open, begun: is_begun } => {
                    let offset = self.offset + range.start as u64;
                    at = range.end;
                    let broken = Broken::new(offset, &self.window[range], &fault);
                    if is_open {
                        (open, begun) = (Some(broken), is_begun);
                        break;
                    }
                    items.push(Item::Broken(broken));
                }
                Found::Incomplete(start) => {
                    at = start;
                    if self.window.len() - start > self.limits.record {
                        (at, open, begun) = self.give_up_record(start);
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
        (items, Step { consumed: at, open, begun, more: false })
    }

    /// What of the window is dealt with by `step`, and where it begins.
    pub(crate) fn dealt_with(&self, step: &Step) -> (u64, &[u8]) {
        (self.offset, &self.window[..step.consumed])
    }

    /// Leaves what was dealt with behind.
    pub(crate) fn advance(&mut self, step: Step) {
        self.offset += step.consumed as u64;
        self.window.drain(..step.consumed);
        (self.open, self.begun) = (step.open, step.begun);
        self.search_on();
        if step.more {
            self.wanted = 0;
            self.finished = false;
            return;
        }
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
    fn give_up_record(&self, start: usize) -> (usize, Option<Broken>, bool) {
        let next = self.look_on(start + 1, false);
        let (offset, end) = (self.offset + start as u64, next.place());
        let broken = Broken::new(offset, &self.window[start..end], &self.too_large());
        (end, Some(broken), matches!(next, Resume::Begun(_)))
    }

    /// The first place from `from` on where reading may go on behind something broken.
    fn look_on(&self, from: usize, begun: bool) -> Resume {
        // An object that is shorter than it was ends before the place.
        let begun = begun && from < self.window.len();
        let next = framing::resume(&self.window, from, begun, self.ended);
        match next {
            // What begins there is larger than a record may be: it would be waited for without end.
            Resume::Begun(place) if self.window.len() - place > self.limits.record => {
                let from = (self.window.len() - self.limits.record).max(place + 1);
                framing::resume(&self.window, from, false, self.ended)
            }
            next => next,
        }
    }

    /// The object breaks off: the record that it breaks off in is broken for that reason.
    fn note_corruption(&self, items: &mut Vec<Item<'_>>, end: usize, message: &str) {
        let cut_off = match items.pop() {
            Some(Item::Broken(broken)) if broken.reason == Reason::Truncated => broken,
            other => {
                items.extend(other);
                Broken::new(self.offset + end as u64, &[], &Fault::Truncated)
            }
        };
        let message = message.to_owned();
        items.push(Item::Broken(Broken { reason: Reason::CorruptGzip, message, ..cut_off }));
    }

    fn decode(&mut self, bytes: &[u8]) {
        let decoder = self.decoder.get_or_insert_with(|| {
            if bytes.starts_with(&GZIP_MAGIC) {
                Decoder::Gzip(Box::new(Gzip::new()))
            } else {
                Decoder::Plain
            }
        });
        match decoder {
            Decoder::Plain => self.window.extend_from_slice(bytes),
            Decoder::Gzip(gzip) => {
                if let Err(reason) = gzip.decode(bytes, &mut self.window) {
                    self.give_up(&reason);
                }
            }
        }
    }

    fn end(&mut self) {
        self.ended = true;
        if let Some(Decoder::Gzip(gzip)) = &self.decoder
            && let Err(reason) = gzip.end()
        {
            self.give_up(&reason);
        }
    }

    fn give_up(&mut self, reason: &str) {
        self.ended = true;
        self.corrupt = Some(format!("the object cannot be decompressed any further: {reason}"));
    }
}

/// Something found in an object's bytes, as a place in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where it begins, in decompressed bytes.
    pub offset: u64,
    /// What it is.
    pub what: What,
}

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A delivery, by its id.
    Record(DeliveryId),
    /// This many bytes that are none.
    Broken {
        /// How many bytes they are.
        length: u64,
        /// A stable word for the kind of fault.
        reason: &'static str,
    },
}

/// What is in the bytes of a whole raw object, read in windows of `window` bytes with records of at
/// most `record` bytes; and how many bytes it has when decompressed.
pub fn items_in(bytes: &[u8], window: usize, record: usize) -> (Vec<Place>, u64) {
    let mut windows = Windows::new(Limits { window, record });
    // What tells gzip apart is in the first part.
    let mut parts = bytes.chunks(window.clamp(GZIP_MAGIC.len(), FEED_BYTES));
    let mut places = Vec::new();
    loop {
        while windows.is_hungry() {
            windows.feed(parts.next().unwrap_or_default());
        }
        if !windows.is_due() {
            return (places, windows.offset());
        }
        let (items, step) = windows.items();
        places.extend(items.into_iter().map(|item| match item {
            Item::Record { offset, envelope, .. } => {
                Place { offset, what: What::Record(envelope.meta.id) }
            }
            Item::Broken(Broken { offset, length, reason, .. }) => {
                Place { offset, what: What::Broken { length, reason: reason.word() } }
            }
        }));
        windows.advance(step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long the window is at the most while `bytes` are read, and what is found.
    fn longest(bytes: &[u8], record: usize) -> (usize, usize) {
        let mut windows = Windows::new(Limits { window: 1_000, record });
        let mut parts = bytes.chunks(1_000);
        let (mut longest, mut found) = (0, 0);
        loop {
            while windows.is_hungry() {
                windows.feed(parts.next().unwrap_or_default());
            }
            if !windows.is_due() {
                return (longest, found);
            }
            longest = longest.max(windows.window.len());
            let (items, step) = windows.items();
            found += items.len();
            windows.advance(step);
        }
    }

    #[test]
    fn a_beginning_without_end_is_not_waited_for_without_end() {
        let begin = r#"{"version":"0","a":""#;
        let endless = "y".repeat(1_000_000);
        for text in [
            format!("{begin}{endless}"),
            format!("x{begin}{endless}"),
            format!("x{begin}{endless}\n{begin}{endless}"),
            format!("x{}", begin.repeat(50_000)),
            format!("x{}", r#"{"version":"0","a":"#.repeat(50_000)),
            "\n{\"a\":".repeat(100_000),
        ] {
            let (longest, found) = longest(text.as_bytes(), 10_000);
            assert!(longest <= 22_000, "{longest} of {:.40}", text);
            assert!(found > 0);
        }
    }

    /// What is found by readers of which each stops after `steps` looks, and how many they are.
    fn in_turns(bytes: &[u8], limits: Limits, steps: usize) -> (Vec<String>, usize) {
        let (mut found, mut from, mut readers) = (Vec::new(), Reached::default(), 0);
        loop {
            readers += 1;
            assert!(readers < 10_000, "it never ends: {from:?}");
            let mut windows = Windows::new(limits).going_on(from);
            let mut parts = bytes.chunks(500);
            for step in 0.. {
                while windows.is_hungry() {
                    windows.feed(parts.next().unwrap_or_default());
                }
                // As a run that is late: it takes one step forward at least.
                if step >= steps && windows.reached() > from {
                    break;
                }
                if !windows.is_due() {
                    return (found, readers);
                }
                let (items, step) = windows.items();
                found.extend(items.iter().map(|item| match item {
                    Item::Record { offset, text, .. } => format!("{offset} {}", text.len()),
                    Item::Broken(broken) => format!("{broken:?}"),
                }));
                windows.advance(step);
            }
            assert!(windows.reached() > from, "{from:?}");
            from = windows.reached();
        }
    }

    fn record(id: u128) -> String {
        let id = DeliveryId::from_u128(id);
        format!(
            r#"{{"version":"0","id":"{id}","detail-type":"push","source":"github.com","time":"2026-03-02T10:00:00Z","detail":{{}}}}"#
        )
    }

    #[test]
    fn readers_that_stop_anywhere_find_what_one_finds() {
        let begin = r#"{"version":"0","a":""#;
        let good = record(1);
        let long = "y".repeat(20_000);
        for text in [
            format!("{good}\n{begin}{long}\n{good}{good}"),
            format!("x{long}\n{good}\nx{long}{good}"),
            format!("{begin}{long}\n{begin}{long}\n{good}"),
            format!("x{}\n{good}", begin.repeat(900)),
            format!("x{good}y{}{good}", "\n{\"a\":".repeat(3_000)),
            format!("{good}{begin}{long}"),
            "1\n".repeat(5_000),
        ] {
            let limits = Limits { window: 1_000, record: 4_000 };
            let (at_once, readers) = in_turns(text.as_bytes(), limits, usize::MAX);
            assert_eq!(readers, 1);
            for steps in [1, 2, 3, 7] {
                let (found, readers) = in_turns(text.as_bytes(), limits, steps);
                assert_eq!(found, at_once, "{steps} steps, {:.40}", text);
                assert!(readers > 2 || steps > 3, "{readers}");
            }
        }
    }

    #[test]
    fn a_place_behind_the_end_of_an_object_does_no_harm() {
        let search = Some(Search { at: 1_000_000, begun: true });
        let mut windows = Windows::new(Limits { window: 1_000, record: 4_000 })
            .going_on(Reached { offset: 0, search });
        let text = format!("x{}", "y".repeat(3_000));
        let mut parts = text.as_bytes().chunks(1_000);
        let mut found = Vec::new();
        loop {
            while windows.is_hungry() {
                windows.feed(parts.next().unwrap_or_default());
            }
            if !windows.is_due() {
                break;
            }
            let (items, step) = windows.items();
            found.extend(items.into_iter().map(|item| match item {
                Item::Broken(broken) => broken.length,
                Item::Record { .. } => 0,
            }));
            windows.advance(step);
        }
        assert_eq!(found, [3_001]);
    }
}
