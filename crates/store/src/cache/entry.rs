//! How a block or a log file stands on the disk.
//!
//! ```text
//! magic (8 bytes, with the version)   XXH64 of all that follows (8)
//! length of the identity (4)   the identity   size of the file (8)   its time in ms (8)   the data
//! ```
//!
//! Numbers are little endian. The identity says of which lake, object and block these are the bytes:
//! names on the disk are hashes, and whatever stands under a name is read as what it says itself to
//! be, or not at all.

use bytes::Bytes;
use twox_hash::XxHash64;

use super::blocks::{Block, FileFacts};

/// The number counts versions of the format: a file of another one is ignored.
const MAGIC: &[u8; 8] = b"OCTOLK\x00\x01";

/// What an entry is longer than its data and its identity, in bytes.
pub(crate) const OVERHEAD: u64 = 8 + 8 + 4 + 8 + 8;

/// The bytes of an entry.
pub(crate) fn encode(identity: &str, block: &Block) -> Vec<u8> {
    let identity = identity.as_bytes();
    let length = u32::try_from(identity.len()).unwrap_or(u32::MAX);
    let mut entry = Vec::with_capacity(identity.len() + block.data.len() + 64);
    entry.extend_from_slice(MAGIC);
    entry.extend_from_slice(&[0; 8]);
    entry.extend_from_slice(&length.to_le_bytes());
    entry.extend_from_slice(identity);
    entry.extend_from_slice(&block.file.size.to_le_bytes());
    entry.extend_from_slice(&block.file.modified_ms.to_le_bytes());
    entry.extend_from_slice(&block.data);
    let hash = entry.get(16..).map(|body| XxHash64::oneshot(0, body)).unwrap_or_default();
    if let Some(place) = entry.get_mut(8..16) {
        place.copy_from_slice(&hash.to_le_bytes());
    }
    entry
}

/// What an entry holds; `None` where it is damaged, or of another version, or something else than
/// `identity`.
pub(crate) fn decode(identity: &str, entry: Vec<u8>) -> Option<Block> {
    let mut entry = Bytes::from(entry);
    if taken::<8>(&mut entry)? != *MAGIC {
        return None;
    }
    let hash = u64::from_le_bytes(taken(&mut entry)?);
    if hash != XxHash64::oneshot(0, &entry) {
        return None;
    }
    let length = usize::try_from(u32::from_le_bytes(taken(&mut entry)?)).ok()?;
    if entry.len() < length || entry.split_to(length) != identity.as_bytes() {
        return None;
    }
    let size = u64::from_le_bytes(taken(&mut entry)?);
    let modified_ms = i64::from_le_bytes(taken(&mut entry)?);
    Some(Block { data: entry, file: FileFacts { size, modified_ms } })
}

fn taken<const N: usize>(entry: &mut Bytes) -> Option<[u8; N]> {
    if entry.len() < N {
        return None;
    }
    entry.split_to(N).as_ref().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> Block {
        let file = FileFacts { size: 77, modified_ms: -5 };
        Block { data: Bytes::from_static(b"the data"), file }
    }

    #[test]
    fn an_entry_gives_back_what_was_put_in() {
        let entry = encode("of a lake", &block());
        assert_eq!(entry.len() as u64, OVERHEAD + 9 + 8);
        let read = decode("of a lake", entry).unwrap();
        assert_eq!((read.data, read.file), (block().data, block().file));
        let nothing = Block { data: Bytes::new(), ..block() };
        assert!(decode("", encode("", &nothing)).unwrap().data.is_empty());
    }

    #[test]
    fn an_entry_with_any_byte_changed_or_gone_is_none() {
        let entry = encode("of a lake", &block());
        assert!(decode("of another", entry.clone()).is_none());
        for at in 0..entry.len() {
            let mut damaged = entry.clone();
            damaged[at] ^= 1;
            assert!(decode("of a lake", damaged).is_none(), "{at}");
            assert!(decode("of a lake", entry[..at].to_vec()).is_none(), "{at}");
        }
        let longer = [&entry[..], b"x"].concat();
        assert!(decode("of a lake", longer).is_none());
    }

    #[test]
    fn a_length_that_leads_nowhere_is_none() {
        let mut entry = encode("of a lake", &block());
        entry[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
        let hash = XxHash64::oneshot(0, &entry[16..]);
        entry[8..16].copy_from_slice(&hash.to_le_bytes());
        assert!(decode("of a lake", entry).is_none());
    }
}
