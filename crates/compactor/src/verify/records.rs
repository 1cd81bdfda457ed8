//! What is kept of rows and records while they are laid beside each other: a few numbers each, of
//! a fixed length in bytes.

use twox_hash::XxHash64;

/// What a raw key is compared by.
pub(super) fn key_number(raw_key: &str) -> u64 {
    XxHash64::oneshot(0, raw_key.as_bytes())
}

/// Takes numbers off the front of a record's bytes; zeros where it is shorter than it may be.
struct Numbers<'b>(&'b [u8]);

impl Numbers<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (front, rest) = self.0.split_first_chunk::<N>().unwrap_or((&[0; N], &[]));
        self.0 = rest;
        *front
    }
}

/// Something of a fixed length in bytes.
pub(super) trait Fixed: Sized {
    const BYTES: usize;

    fn write(&self, to: &mut Vec<u8>);

    fn read(bytes: &[u8]) -> Self;

    /// All that stand behind each other.
    fn all(bytes: &[u8]) -> impl Iterator<Item = Self> {
        bytes.chunks_exact(Self::BYTES).map(Self::read)
    }
}

/// A row of a live file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowId {
    pub(super) id: u128,
    /// What its payload hashes to, and which raw object it is from; 0 where only ids are read.
    pub(super) body: i64,
    pub(super) raw_key: u64,
}

impl Fixed for RowId {
    const BYTES: usize = 32;

    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.id.to_le_bytes());
        to.extend(self.body.to_le_bytes());
        to.extend(self.raw_key.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Self {
        let mut numbers = Numbers(bytes);
        Self {
            id: u128::from_le_bytes(numbers.take()),
            body: i64::from_le_bytes(numbers.take()),
            raw_key: u64::from_le_bytes(numbers.take()),
        }
    }
}

/// A record of a raw object that is a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) id: u128,
    pub(super) place: Place,
    /// What its body hashes to, where that was asked for and the body is to be had.
    pub(super) body: Option<i64>,
    /// Whether all that arrived at its time is erased.
    pub(super) is_before: bool,
}

const HAS_BODY: u8 = 1;
const IS_BEFORE: u8 = 2;

impl Fixed for Record {
    const BYTES: usize = 16 + Place::BYTES + 8 + 1;

    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.id.to_le_bytes());
        self.place.write(to);
        to.extend(self.body.unwrap_or_default().to_le_bytes());
        let has_body = if self.body.is_some() { HAS_BODY } else { 0 };
        to.push(has_body | if self.is_before { IS_BEFORE } else { 0 });
    }

    fn read(bytes: &[u8]) -> Self {
        let mut numbers = Numbers(bytes);
        let id = u128::from_le_bytes(numbers.take());
        let place = Place::read(&numbers.take::<{ Place::BYTES }>());
        let body = i64::from_le_bytes(numbers.take());
        let [flags] = numbers.take();
        let body = (flags & HAS_BODY != 0).then_some(body);
        Self { id, place, body, is_before: flags & IS_BEFORE != 0 }
    }
}

/// Where something stands in a raw object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The number that the object was read under.
    pub(super) object: u32,
    /// In bytes after decompression.
    pub(super) offset: u64,
}

impl Fixed for Place {
    const BYTES: usize = 12;

    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.object.to_le_bytes());
        to.extend(self.offset.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Self {
        let mut numbers = Numbers(bytes);
        let object = u32::from_le_bytes(numbers.take());
        Self { object, offset: u64::from_le_bytes(numbers.take()) }
    }
}

/// The place of an entry of the quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Quarantined {
    /// The number of the raw key.
    pub(super) raw_key: u64,
    pub(super) offset: u64,
}

impl Fixed for Quarantined {
    const BYTES: usize = 16;

    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.raw_key.to_le_bytes());
        to.extend(self.offset.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Self {
        let mut numbers = Numbers(bytes);
        let raw_key = u64::from_le_bytes(numbers.take());
        Self { raw_key, offset: u64::from_le_bytes(numbers.take()) }
    }
}

/// The id of a delivery that is erased.
impl Fixed for u128 {
    const BYTES: usize = 16;

    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Self {
        Self::from_le_bytes(Numbers(bytes).take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<T: Fixed + Copy + PartialEq + std::fmt::Debug>(values: &[T]) {
        let mut bytes = Vec::new();
        values.iter().for_each(|value| value.write(&mut bytes));
        assert_eq!(bytes.len(), values.len() * T::BYTES);
        assert_eq!(T::all(&bytes).collect::<Vec<_>>(), values);
    }

    #[test]
    fn what_is_written_is_read_back() {
        round_trip(&[0, 1, u128::MAX, 1 << 100]);
        round_trip(&[RowId { id: 7, body: -1, raw_key: u64::MAX }; 2]);
        round_trip(&[Quarantined { raw_key: 1 << 63, offset: 5 }]);
        let place = Place { object: u32::MAX, offset: 1 << 40 };
        round_trip(&[place, Place { object: 0, offset: 0 }]);
        for body in [None, Some(0), Some(i64::MIN)] {
            for is_before in [false, true] {
                round_trip(&[Record { id: u128::MAX - 1, place, body, is_before }; 3]);
            }
        }
    }
}
