//! Texts of which each is held once, and known by its number.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringViewArray, UInt32Array};
use datafusion::arrow::compute::take;
use datafusion::common::Result;

/// The number of no text.
pub(super) const NONE: u32 = u32::MAX;

/// What a text costs beside its letters, in bytes: two pointers to it with its length, its number,
/// and the counters in front of it.
const BESIDE: usize = 64;

/// Different texts in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Texts {
    all: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
    /// The one that was asked for last: many rows in a row say the same.
    last: u32,
    bytes: usize,
}

impl Texts {
    /// The number of a text, which is held from now on.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        if self.text(self.last) == Some(text) {
            return self.last;
        }
        if let Some(number) = self.numbers.get(text) {
            self.last = *number;
            return *number;
        }
        let text: Arc<str> = text.into();
        // Four billion different texts hold more memory than anything here may.
        let number = u32::try_from(self.all.len()).unwrap_or(NONE);
        self.bytes += text.len() + BESIDE;
        self.last = number;
        self.numbers.insert(text.clone(), number);
        self.all.push(text);
        number
    }

    /// The text of a number that [`Texts::number`] gave.
    pub(super) fn text(&self, number: u32) -> Option<&str> {
        self.all.get(number as usize).map(AsRef::as_ref)
    }

    /// The texts of many numbers; NULL for [`NONE`].
    pub(super) fn texts(&self, numbers: &[u32]) -> Result<ArrayRef> {
        let all: StringViewArray = self.all.iter().map(|text| Some(text.as_ref())).collect();
        let number = |number: &u32| (*number != NONE).then_some(*number);
        let places: UInt32Array = numbers.iter().map(number).collect();
        Ok(take(&all, &places, None)?)
    }

    /// How much memory they take, in bytes.
    pub(super) fn size(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::AsArray as _;

    use super::*;

    #[test]
    fn a_text_is_held_once() {
        let mut texts = Texts::default();
        let numbers = ["one", "a text that is longer", "one", ""].map(|text| texts.number(text));
        assert_eq!(numbers, [0, 1, 0, 2]);
        assert_eq!((texts.text(1), texts.text(3)), (Some("a text that is longer"), None));
        assert_eq!(texts.size(), 3 + 21 + 3 * 64);
        let array = texts.texts(&[1, NONE, 0, 2]).unwrap();
        let all: Vec<Option<&str>> = array.as_string_view().iter().collect();
        assert_eq!(all, [Some("a text that is longer"), None, Some("one"), Some("")]);
    }
}
