//! Where a row of the lake comes from: how much its producer has vouched for.

use std::fmt;

/// Who brought a row into the lake.
///
/// The sign is the member `_delivery`: our ingest adds it, and only to what was signed. It tells
/// honest producers apart, and no liar from them: whoever may put events on the bus, or write into
/// `raw/`, can write that member too, and any `received_at` in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// Our ingest had its signature in hand.
    Door,
    /// Another producer put it on the bus or into `raw/`.
    Other,
}

impl Origin {
    /// The word for it in the column `origin`. Readers must expect words that are not here yet.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Door => "door",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
