//! What is told of many pull requests, taken in as it comes.

use super::{DraftTimes, Says, Told};

/// Bytes of what one delivery tells: when, when it arrived, and the rest.
const TOLD_BYTES: usize = 17;

/// What each delivery tells, with the number of its pull request, and when each of those was created
/// and merged, in microseconds since the epoch.
#[derive(Debug, Default)]
pub struct Grouped {
    told: Vec<(u32, Told)>,
    created: Vec<Option<i64>>,
    merged: Vec<Option<i64>>,
}

/// The lesser of two times, if there are any.
fn least(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    [one, other].into_iter().flatten().min()
}

impl Grouped {
    /// Makes room for pull requests of the numbers below `all`.
    pub fn grow(&mut self, all: usize) {
        self.created.resize(all, None);
        self.merged.resize(all, None);
    }

    /// How many pull requests there are.
    pub fn len(&self) -> usize {
        self.created.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.created.is_empty()
    }

    /// Takes in what a delivery tells of a pull request, for which there must be room.
    pub fn tell(&mut self, group: u32, told: Told) {
        self.told.push((group, told));
    }

    /// Takes in when one was created and merged, in microseconds since the epoch.
    pub fn tell_ends(&mut self, group: u32, created: Option<i64>, merged: Option<i64>) {
        for (known, now) in [(&mut self.created, created), (&mut self.merged, merged)] {
            if let Some(known) = known.get_mut(group as usize) {
                *known = least(*known, now);
            }
        }
    }

    /// Takes in what [`Grouped::bytes`] gave; whether it was that.
    pub fn tell_bytes(&mut self, group: u32, bytes: &[u8]) -> bool {
        let all = bytes.chunks(TOLD_BYTES).map(read);
        for told in all {
            let Some(told) = told else { return false };
            self.told.push((group, told));
        }
        true
    }

    /// The first `count` of them; the others stay, and their numbers begin at 0 again.
    pub fn split_first(&mut self, count: usize) -> Self {
        let count = count.min(self.len());
        let rest = Self {
            told: vec![],
            created: self.created.split_off(count),
            merged: self.merged.split_off(count),
        };
        let mut first = std::mem::replace(self, rest);
        first.told.sort_unstable();
        let end = first.told.partition_point(|(group, _)| (*group as usize) < count);
        let left = first.told.split_off(end);
        self.told = left.into_iter().map(|(group, told)| (group - count as u32, told)).collect();
        first
    }

    /// What is told of each, one after the other, after [`Grouped::split_first`].
    fn groups(&self) -> impl Iterator<Item = &[(u32, Told)]> {
        let mut rest = self.told.as_slice();
        (0..self.len()).map(move |group| {
            let is_of_it = |(of, _): &&(u32, Told)| *of as usize == group;
            let (told, others) = rest.split_at(rest.iter().take_while(is_of_it).count());
            rest = others;
            told
        })
    }

    /// When each was a draft, after [`Grouped::split_first`].
    pub fn times(&self) -> Vec<DraftTimes> {
        let mut told = vec![];
        let ends = self.created.iter().zip(&self.merged);
        self.groups()
            .zip(ends)
            .map(|(of_group, (created, merged))| {
                told.clear();
                told.extend(of_group.iter().map(|(_, told)| *told));
                DraftTimes::of(&mut told, *created, *merged)
            })
            .collect()
    }

    /// What is told of each as bytes, which [`Grouped::tell_bytes`] takes, given to `take`; after
    /// [`Grouped::split_first`].
    pub fn bytes(&self, mut take: impl FnMut(&[u8])) {
        let mut bytes = vec![];
        for of_group in self.groups() {
            bytes.clear();
            of_group.iter().for_each(|(_, told)| write(told, &mut bytes));
            take(&bytes);
        }
    }

    /// When each was created and merged, in microseconds since the epoch.
    pub fn into_ends(self) -> [Vec<Option<i64>>; 2] {
        [self.created, self.merged]
    }

    /// How much memory they take, in bytes.
    pub fn size(&self) -> usize {
        self.told.capacity() * size_of::<(u32, Told)>()
            + (self.created.capacity() + self.merged.capacity()) * size_of::<Option<i64>>()
    }
}

/// Appends what is told, as bytes.
fn write(told: &Told, out: &mut Vec<u8>) {
    out.extend(told.at.to_le_bytes());
    out.extend(told.arrived_ms.to_le_bytes());
    out.push(u8::from(told.is_later) | (told.says as u8) << 1);
}

/// What [`write`] wrote; `None` where it did not.
fn read(bytes: &[u8]) -> Option<Told> {
    let (at, rest) = bytes.split_first_chunk()?;
    let (arrived_ms, rest) = rest.split_first_chunk()?;
    let [flags] = rest else { return None };
    let says = [Says::BecameDraft, Says::BecameReady, Says::IsReady, Says::IsDraft];
    Some(Told {
        at: i64::from_le_bytes(*at),
        is_later: flags & 1 == 1,
        arrived_ms: i64::from_le_bytes(*arrived_ms),
        says: *says.get(usize::from(flags >> 1))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_say_what_was_told() {
        for says in [Says::BecameDraft, Says::BecameReady, Says::IsReady, Says::IsDraft] {
            for is_later in [false, true] {
                let told = Told { at: -7, is_later, arrived_ms: i64::MAX, says };
                let mut bytes = vec![];
                write(&told, &mut bytes);
                assert_eq!((bytes.len(), read(&bytes)), (TOLD_BYTES, Some(told)));
                assert_eq!(read(&bytes[1..]), None);
            }
        }
        assert!(!Grouped::default().tell_bytes(0, &[0; TOLD_BYTES + 1]));
        assert!(!Grouped::default().tell_bytes(0, &[0xff; TOLD_BYTES]));
    }
}
