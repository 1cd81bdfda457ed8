//! A payload's text as it goes into the lake, and the hash that it is known again by.

use std::borrow::Cow;
use std::hash::Hasher;

use twox_hash::XxHash64;

/// A payload's text in two pieces, which together are the JSON object as received: cutting
/// `_delivery` out of a detail leaves what was before and what was after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload<'a> {
    /// What was before `_delivery`; `{` where that was the first member.
    pub head: &'a str,
    /// What was after it.
    pub tail: &'a str,
}

impl<'a> Payload<'a> {
    /// A payload that is in one piece.
    pub fn whole(text: &'a str) -> Self {
        Self { head: text, tail: "" }
    }

    /// Length of the payload, in bytes.
    pub fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    /// Whether there is no text at all (an object has two bytes at least).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The payload as one text; copies where it is in two pieces.
    pub fn to_text(&self) -> Cow<'a, str> {
        if self.tail.is_empty() {
            Cow::Borrowed(self.head)
        } else {
            Cow::Owned([self.head, self.tail].concat())
        }
    }

    /// XXH64 of the payload's bytes, with the seed 0, as a signed number.
    ///
    /// It finds the same body again, and proves nothing: two bodies of one hash can be made on
    /// purpose. Trino's `from_big_endian_64(xxhash64(to_utf8(payload)))` is the same number.
    pub fn hash(&self) -> i64 {
        let mut hasher = XxHash64::with_seed(0);
        hasher.write(self.head.as_bytes());
        hasher.write(self.tail.as_bytes());
        hasher.finish().cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_xxh64_whatever_the_pieces() {
        // The first two are published test values, the others from another implementation.
        for (text, expected) in [
            ("", 0xef46_db37_51d8_e999_u64),
            ("abc", 0x44bc_2cf5_ad77_0999),
            (r#"{"ref":"refs/heads/main"}"#, 0x978b_295d_3646_ac21),
            (
                r#"{"action":"opened","number":12,"text":"thirty-two bytes and more"}"#,
                0xde52_c311_2614_597b,
            ),
        ] {
            for cut in 0..=text.len() {
                let payload = Payload { head: &text[..cut], tail: &text[cut..] };
                assert_eq!(payload.hash(), expected.cast_signed(), "{text} at {cut}");
            }
        }
    }
}
