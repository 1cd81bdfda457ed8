//! Where a writer stands. Sets of deliveries, raw objects and files are bits.

/// A compactor. All of them are the same program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Writer {
    /// Just started, or through with what it did.
    Idle,
    /// Has read raw objects.
    Append(Batch),
    /// Makes one file of several. `new` is 0 until it is written.
    Merge {
        /// The files that it replaces.
        sources: u16,
        /// The file that it makes.
        new: u16,
        /// Whether there is a newer version than the one it read.
        stale: bool,
    },
    /// Has noted which files are old enough to be deleted.
    Vacuum {
        /// These files.
        old: u16,
    },
    /// Deletes, one after the other.
    Delete {
        /// What it may still delete.
        files: u16,
        /// Whether its fence is still to come: only where the protocol is wrong.
        fence_left: bool,
    },
}

/// What an append has in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Batch {
    /// The raw objects that it read.
    pub objects: u8,
    /// Their deliveries that were not in the lake.
    pub new: u8,
    /// Those of them that are not in a file yet.
    pub unwritten: u8,
    /// The files that it wrote.
    pub files: u16,
    /// The files that it has looked into.
    pub seen: u16,
    /// How many commits there were since: 0, 1, or 2 for more.
    pub stale: u8,
    /// Whether a fence was committed since the batch was begun.
    pub fenced: bool,
    /// Whether its commit had no answer.
    pub lost: bool,
    /// Whether that commit is the newest: how one without files knows itself again.
    pub is_newest: bool,
    /// Whether its objects are done already: only where the protocol is wrong.
    pub told: bool,
}

/// A writer that is not ours: it rewrites a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Foreign {
    /// The file that it replaces.
    pub old: u16,
    /// The file that it wrote for it.
    pub new: u16,
}

impl Writer {
    /// The files that it is about to commit.
    pub fn owned(&self) -> u16 {
        match self {
            Self::Append(batch) => batch.files,
            Self::Merge { new, .. } => *new,
            _ => 0,
        }
    }

    /// Every set of files that it holds.
    pub(crate) fn sets(&mut self) -> [Option<&mut u16>; 2] {
        match self {
            Self::Idle => [None, None],
            Self::Append(batch) => [Some(&mut batch.files), Some(&mut batch.seen)],
            Self::Merge { sources, new, .. } => [Some(sources), Some(new)],
            Self::Vacuum { old } => [Some(old), None],
            Self::Delete { files, .. } => [Some(files), None],
        }
    }

    /// Takes note of a commit of somebody else.
    pub(crate) fn hear(&mut self, is_fence: bool) {
        match self {
            Self::Append(batch) => {
                batch.stale = (batch.stale + 1).min(2);
                batch.fenced |= is_fence;
                batch.is_newest = false;
            }
            Self::Merge { stale, .. } => *stale = true,
            _ => {}
        }
    }
}
