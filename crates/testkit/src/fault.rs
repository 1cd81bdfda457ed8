//! What can befall an operation of a store.

use object_store::{Error, path::Path};

const STORE: &str = "FaultyStore";

/// What befalls one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// The store refuses (403): nothing happens.
    Refused,
    /// The store can't now (503), and the client has given up: nothing happens.
    Unavailable,
    /// Another request is at the object (409): nothing happens.
    Conflict,
    /// The store says that a condition does not hold, though it does (412, or "exists" where an
    /// object was to be created): nothing happens.
    SpuriousPrecondition,
    /// It is done, and the answer is lost.
    AnswerLost,
    /// It is done, its answer is lost, and the client asks again: to create an object a second
    /// time is refused, because it is there.
    AskedAgain,
    /// The process ends before it. Nothing is done any more.
    CrashBefore,
    /// The process ends when it is done. Nothing is done any more.
    CrashAfter,
    /// The body of the answer ends in its middle, as if that were its end.
    Truncated,
    /// It hangs before it is done, until the script's stall is over.
    StallBefore,
    /// It is done, and its answer hangs until the script's stall is over.
    StallAfter,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Refused,
        Self::Unavailable,
        Self::Conflict,
        Self::SpuriousPrecondition,
        Self::AnswerLost,
        Self::AskedAgain,
        Self::CrashBefore,
        Self::CrashAfter,
        Self::Truncated,
        Self::StallBefore,
        Self::StallAfter,
    ];

    /// The store's answer where the operation is not done for it.
    pub(crate) fn refusal(self, key: &Path, creates: bool) -> Option<Error> {
        match self {
            Self::Refused => {
                let (path, source) = (key.to_string(), text("403 Forbidden"));
                Some(Error::PermissionDenied { path, source })
            }
            Self::Unavailable => Some(generic("503 Slow Down, after 10 retries")),
            Self::Conflict => Some(generic("409 ConditionalRequestConflict, after 10 retries")),
            Self::SpuriousPrecondition if creates => Some(exists(key)),
            Self::SpuriousPrecondition => {
                let (path, source) = (key.to_string(), text("412 Precondition Failed"));
                Some(Error::Precondition { path, source })
            }
            Self::CrashBefore => Some(crashed()),
            _ => None,
        }
    }
}

/// What an operation is answered after the end of its process: nobody hears it.
pub(crate) fn crashed() -> Error {
    generic("the process has ended")
}

pub(crate) fn lost() -> Error {
    generic("connection closed before the answer came")
}

pub(crate) fn exists(key: &Path) -> Error {
    Error::AlreadyExists { path: key.to_string(), source: text("412 Precondition Failed") }
}

fn generic(said: &str) -> Error {
    Error::Generic { store: STORE, source: text(said) }
}

fn text(said: &str) -> Box<dyn std::error::Error + Send + Sync> {
    said.into()
}
