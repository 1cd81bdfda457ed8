//! Texts as numbers: the names of a month's jobs are few, and are told again and again.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

/// A text by its number; `None` where there is none.
pub(super) type Text = Option<NonZeroU32>;

/// Texts, each once.
#[derive(Debug, Default)]
pub(super) struct Interned {
    numbers: HashMap<Arc<str>, NonZeroU32>,
    texts: Vec<Arc<str>>,
    bytes: usize,
}

/// What a text takes beside its letters, about, in bytes.
const OVERHEAD: usize = 64;

impl Interned {
    /// The number of a text.
    pub(super) fn number(&mut self, text: Option<&str>) -> Text {
        let text = text?;
        if let Some(number) = self.numbers.get(text) {
            return Some(*number);
        }
        let text: Arc<str> = text.into();
        self.bytes += text.len() + OVERHEAD;
        self.texts.push(text.clone());
        let number = NonZeroU32::new(u32::try_from(self.texts.len()).ok()?)?;
        self.numbers.insert(text, number);
        Some(number)
    }

    /// The text of a number.
    pub(super) fn text(&self, number: Text) -> Option<&str> {
        self.texts.get(number?.get() as usize - 1).map(AsRef::as_ref)
    }

    /// The greater of two texts, as bytes; any is greater than none.
    pub(super) fn greater(&self, a: Text, b: Text) -> Text {
        if a == b || self.text(a) >= self.text(b) { a } else { b }
    }

    /// About how many bytes they take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number_and_comes_back() {
        let mut texts = Interned::default();
        let (b, a) = (texts.number(Some("b")), texts.number(Some("a")));
        assert_eq!(texts.number(Some("b")), b);
        assert_eq!((texts.text(b), texts.text(a), texts.text(None)), (Some("b"), Some("a"), None));
        assert_eq!(texts.number(None), None);
        assert_eq!((texts.greater(a, b), texts.greater(None, a)), (b, a));
        assert_eq!((texts.greater(b, None), texts.greater(None, None)), (b, None));
    }
}
