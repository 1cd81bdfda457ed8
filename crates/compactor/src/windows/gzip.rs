//! Gzip, of one member or several, decompressed to where its bytes are wanted.
//!
//! `flate2`'s own reader of several members writes into a buffer, out of which it copies to whoever
//! takes it, who copies once more: of a gigabyte that is a tenth of all the work.

use flate2::{Decompress, FlushDecompress, Status};

/// Bytes to make room for at once: what is checked was written a moment ago, and is in the cache.
const STEP_BYTES: usize = 64 * 1024;
/// The largest window that deflate knows, as a power of two.
const WINDOW_BITS: u8 = 15;

/// A file of gzip members that is being decompressed.
pub(super) struct Gzip {
    member: Decompress,
    /// Whether the file may end here: behind a whole member.
    is_whole: bool,
}

impl Gzip {
    pub(super) fn new() -> Self {
        Self { member: Decompress::new_gzip(WINDOW_BITS), is_whole: false }
    }

    /// Decompresses `bytes`, which follow those of the last call, to the end of `window`. What comes
    /// out before a fault is there in any case.
    ///
    /// # Errors
    /// Why the bytes are no gzip.
    pub(super) fn decode(&mut self, mut bytes: &[u8], window: &mut Vec<u8>) -> Result<(), String> {
        let mut is_full = false;
        while is_full || !bytes.is_empty() {
            if self.is_whole {
                *self = Self::new();
            }
            let (read, written) = (self.member.total_in(), self.member.total_out());
            let end = window.len();
            window.resize(end + STEP_BYTES, 0);
            let room = window.get_mut(end..).unwrap_or_default();
            let status = self.member.decompress(bytes, room, FlushDecompress::None);
            let written = count(self.member.total_out() - written);
            let read = count(self.member.total_in() - read);
            window.truncate(end + written);
            bytes = bytes.get(read..).unwrap_or_default();
            match status {
                Ok(Status::StreamEnd) => (self.is_whole, is_full) = (true, false),
                Ok(_) if read + written > 0 => is_full = written == STEP_BYTES,
                // There was room: nothing more comes out, and nothing goes in.
                Ok(_) if bytes.is_empty() => is_full = false,
                Ok(_) => return Err("it goes no further".to_owned()),
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(())
    }

    /// # Errors
    /// The file ends inside a member.
    pub(super) fn end(&self) -> Result<(), String> {
        match self.is_whole {
            true => Ok(()),
            false => Err("it ends inside a member".to_owned()),
        }
    }
}

/// Of some bytes that are in memory.
fn count(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// What comes out of `file`, fed in pieces of so many bytes, and whether all of it is gzip.
    fn decoded(file: &[u8], piece: usize) -> (Vec<u8>, bool) {
        let (mut gzip, mut window) = (Gzip::new(), vec![]);
        let mut pieces = file.chunks(piece);
        let is_read = pieces.all(|piece| gzip.decode(piece, &mut window).is_ok());
        (window, is_read && gzip.end().is_ok())
    }

    #[test]
    fn members_come_one_after_the_other_however_they_are_cut() {
        let long = "abc".repeat(100_000);
        let exact = "x".repeat(STEP_BYTES);
        let texts = ["", "one", &long, "", &exact, "two"];
        let file: Vec<u8> = texts.iter().flat_map(|text| gzip(text.as_bytes())).collect();
        for piece in [1, 2, 7, 1_000, file.len()] {
            let (window, is_whole) = decoded(&file, piece);
            assert!(window == texts.concat().as_bytes() && is_whole, "{piece}");
        }
    }

    #[test]
    fn what_comes_before_a_fault_is_kept() {
        let whole = gzip(b"one");
        let text: Vec<u8> = (0..50_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut cut = whole.clone();
        cut.extend_from_slice(&gzip(&text)[..20_000]);
        let (window, is_whole) = decoded(&cut, 1_000);
        assert!(window.starts_with(b"one\0\0\0\0\x01\0\0\0") && !is_whole);

        for garbage in [&b"\0\0\0\0"[..], b"\x1f", b"\x1f\x8b", b"{\"version\":\"0\"}"] {
            let (window, is_whole) = decoded(&[&whole, garbage].concat(), 5);
            assert_eq!((window.as_slice(), is_whole), (&b"one"[..], false), "{garbage:?}");
        }
    }

    #[test]
    fn a_wrong_checksum_or_length_is_a_fault() {
        let whole = gzip(b"one");
        for at in whole.len() - 8..whole.len() {
            let mut wrong = whole.clone();
            wrong[at] ^= 1;
            let (window, is_whole) = decoded(&wrong, 5);
            assert_eq!((window.as_slice(), is_whole), (&b"one"[..], false), "{at}");
        }
    }
}
