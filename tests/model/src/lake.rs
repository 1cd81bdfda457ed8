//! What all writers share: the files, the newest version of the log, and what may still go wrong.

use crate::writer::{Foreign, Writer};

/// The most files that matter at once.
pub(crate) const FILES: usize = 16;
/// Deliveries of one event type, and those of the other: a file holds one type.
pub(crate) const PARTITIONS: [u8; 2] = [0b0101, 0b1010];

/// The lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Lake {
    /// The deliveries in each file; 0 where there is no such file.
    pub rows: [u8; FILES],
    /// The files that are there.
    pub there: u16,
    /// The files that the newest version names.
    pub live: u16,
    /// The raw objects that the newest version says are done.
    pub done: u8,
    /// The deliveries that some version had: what a reader has seen.
    pub ever: u8,
    /// The files and the progress of the version before: for whoever overwrites the newest.
    pub before: (u16, u8),
}

impl Lake {
    /// The deliveries in some files.
    pub fn ids(&self, files: u16) -> u8 {
        each(files).fold(0, |ids, file| ids | self.rows[file])
    }

    /// Writes a file; gives its bit.
    pub(crate) fn write(&mut self, ids: u8) -> u16 {
        let file = (0..FILES).find(|file| self.rows[*file] == 0).expect("room for a file");
        self.rows[file] = ids;
        self.there |= 1 << file;
        1 << file
    }

    /// Puts a version.
    pub(crate) fn commit(&mut self, adds: u16, removes: u16, done: u8) {
        self.before = (self.live, self.done);
        self.live = self.live & !removes | adds;
        self.done |= done;
        self.ever |= self.ids(self.live);
    }
}

/// The numbers of the files in a set.
pub(crate) fn each(files: u16) -> impl Iterator<Item = usize> {
    (0..FILES).filter(move |file| files >> file & 1 == 1)
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The lake.
    pub lake: Lake,
    /// The compactors.
    pub writers: Vec<Writer>,
    /// The writer that is not ours.
    pub foreign: Foreign,
    /// How many crashes may still come.
    pub crashes: u8,
    /// How many answers may still be lost.
    pub losses: u8,
    /// How many merges may still be begun.
    pub merges: u8,
    /// How many vacuums may still be begun.
    pub vacuums: u8,
    /// How many files may still be rewritten by the foreign writer.
    pub rewrites: u8,
}

impl State {
    /// The same state under the names that all states equal to it get: without files that are of no
    /// more use, writers and files in order.
    ///
    /// A file that is neither live nor about to be committed never is again: whether it is there,
    /// and who has seen it, is the same to everybody.
    pub fn normal(mut self, keeps_before: bool) -> Self {
        if !keeps_before {
            self.lake.before = (0, 0);
        }
        let owned = self
            .writers
            .iter()
            .fold(self.foreign.old | self.foreign.new, |all, writer| all | writer.owned());
        let used = self.lake.live | self.lake.before.0 | owned;
        let merged = |writer: &Writer| match writer {
            Writer::Merge { sources, .. } => *sources,
            _ => 0,
        };
        let used = self.writers.iter().fold(used, |all, writer| all | merged(writer));
        self.restrict(used);
        self.writers.sort_by_key(nameless);
        self.renumber()
    }

    /// Forgets all files but these; and of those that a batch has seen, all but the live ones.
    fn restrict(&mut self, used: u16) {
        let live = self.lake.live | self.lake.before.0;
        for file in each(!used) {
            self.lake.rows[file] = 0;
        }
        self.lake.there &= used;
        for writer in &mut self.writers {
            writer.sets().into_iter().flatten().for_each(|set| *set &= used);
            if let Writer::Append(batch) = writer {
                batch.seen &= live;
            }
        }
    }

    /// Gives the files their numbers by what is known of them. Those of which the same is known may
    /// change places without anybody noticing.
    fn renumber(mut self) -> Self {
        let mut files: Vec<usize> = (0..FILES).filter(|file| self.lake.rows[*file] != 0).collect();
        let marks: Vec<u64> = (0..FILES).map(|file| self.marks(file)).collect();
        files.sort_by_key(|file| std::cmp::Reverse(marks[*file]));
        let moved = |set: u16| {
            let places = files.iter().enumerate().filter(|(_, file)| set >> **file & 1 == 1);
            places.fold(0, |set, (place, _)| set | 1 << place)
        };
        let mut rows = [0; FILES];
        for (place, file) in files.iter().enumerate() {
            rows[place] = self.lake.rows[*file];
        }
        self.lake.rows = rows;
        self.each_set(|set| *set = moved(*set));
        self
    }

    /// All that is known of a file, as one number.
    fn marks(&mut self, file: usize) -> u64 {
        let mut marks = u64::from(self.lake.rows[file]);
        self.each_set(|set| marks = marks << 1 | u64::from(*set >> file & 1));
        marks
    }

    fn each_set(&mut self, mut visit: impl FnMut(&mut u16)) {
        let Self { lake, foreign, writers, .. } = self;
        let shared = [&mut lake.there, &mut lake.live, &mut lake.before.0];
        let own = [&mut foreign.old, &mut foreign.new];
        shared.into_iter().chain(own).for_each(&mut visit);
        writers.iter_mut().flat_map(Writer::sets).flatten().for_each(visit);
    }
}

/// What a writer is, whatever its files are called.
fn nameless(writer: &Writer) -> (Writer, u32) {
    let mut nameless = *writer;
    let mut count = 0;
    for set in nameless.sets().into_iter().flatten() {
        count = count * 32 + set.count_ones();
        *set = 0;
    }
    (nameless, count)
}
