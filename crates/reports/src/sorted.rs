//! Values by group, each group's in their order.
//!
//! In SQL that is `array_sort(array_agg(x) filter (where x is not null))`, which runs anywhere. This
//! is the same as code, for an engine that has it as an aggregate function: 12 bytes a value, whatever
//! the number of groups, and no list is made until all values are there.

/// The function's name.
const NAME: &str = "sorted_values";

/// Values of a piece: what is held grows by pieces, and none of it is moved for that.
const PIECE: usize = 64 * 1024;

/// The expression that gives a column's values in their order.
pub(crate) fn expression(column: &str, by_function: bool) -> String {
    match by_function {
        true => format!("{NAME}({column})"),
        false => format!("array_sort(array_agg({column}) filter (where {column} is not null))"),
    }
}

/// Values, each with the number of its group, as they come.
#[derive(Debug, Default)]
pub struct Gathered {
    pieces: Vec<Piece>,
    groups: usize,
}

#[derive(Debug, Default)]
struct Piece {
    groups: Vec<u32>,
    values: Vec<i64>,
}

/// The values of groups, one group behind the other.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Lists {
    /// Where each group begins, and where the last one ends.
    pub offsets: Vec<usize>,
    /// All values.
    pub values: Vec<i64>,
}

impl Gathered {
    /// Makes room for groups of the numbers below `all`.
    pub fn grow(&mut self, all: usize) {
        self.groups = self.groups.max(all);
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.groups
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.groups == 0
    }

    /// Takes in values of a group, for which there must be room.
    pub fn add(&mut self, group: u32, values: &[i64]) {
        let mut left = values;
        while !left.is_empty() {
            let is_full = self.pieces.last().is_none_or(|piece| piece.values.len() >= PIECE);
            if is_full {
                self.pieces.push(Piece::default());
            }
            let Some(piece) = self.pieces.last_mut() else { return };
            let (now, later) = left.split_at(left.len().min(PIECE - piece.values.len()));
            piece.values.extend_from_slice(now);
            piece.groups.resize(piece.values.len(), group);
            left = later;
        }
    }

    /// The values of the first `count` groups, in the order in which they came; the others stay, and
    /// their numbers begin at 0 again.
    pub fn take_first(&mut self, count: usize) -> Lists {
        let count = count.min(self.groups);
        let mut places = self.starts(count);
        let offsets = places.clone();
        let mut values = vec![0; offsets.last().copied().unwrap_or_default()];
        let pieces = std::mem::take(&mut self.pieces);
        self.groups -= count;
        for piece in pieces {
            for (group, value) in piece.groups.into_iter().zip(piece.values) {
                let Some(place) =
                    places.get_mut(group as usize).filter(|_| (group as usize) < count)
                else {
                    self.add(group - count as u32, &[value]);
                    continue;
                };
                if let Some(slot) = values.get_mut(*place) {
                    *slot = value;
                }
                *place += 1;
            }
        }
        Lists { offsets, values }
    }

    /// Where each of the first groups begins among their values, and where the last one ends.
    fn starts(&self, count: usize) -> Vec<usize> {
        let mut starts = vec![0; count + 1];
        for group in self.pieces.iter().flat_map(|piece| &piece.groups) {
            if let Some(number) = starts.get_mut(*group as usize + 1) {
                *number += 1;
            }
        }
        let mut all = 0;
        for start in &mut starts {
            all += *start;
            *start = all;
        }
        starts
    }

    /// How much memory is held, in bytes.
    pub fn size(&self) -> usize {
        let of_piece = |piece: &Piece| {
            piece.groups.capacity() * size_of::<u32>() + piece.values.capacity() * size_of::<i64>()
        };
        self.pieces.iter().map(of_piece).sum()
    }
}

impl Lists {
    /// Puts the values of each group in their order.
    pub fn sort(&mut self) {
        for range in self.offsets.windows(2) {
            if let [from, to] = range
                && let Some(values) = self.values.get_mut(*from..*to)
            {
                values.sort_unstable();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_out_by_group_and_the_others_stay() {
        let mut gathered = Gathered::default();
        gathered.grow(4);
        for (group, value) in [(2, 7), (0, 5), (2, -1), (3, 9), (0, 5)] {
            gathered.add(group, &[value]);
        }
        let first = gathered.take_first(2);
        assert_eq!(first, Lists { offsets: vec![0, 2, 2], values: vec![5, 5] });
        gathered.add(0, &[3]);
        let mut rest = gathered.take_first(9);
        assert_eq!(rest, Lists { offsets: vec![0, 3, 4], values: vec![7, -1, 3, 9] });
        rest.sort();
        assert_eq!(rest.values, [-1, 3, 7, 9]);
        assert!(gathered.is_empty() && gathered.size() == 0);
    }

    #[test]
    fn more_values_than_a_piece_holds_are_all_there() {
        let mut gathered = Gathered::default();
        gathered.grow(2);
        let many: Vec<i64> = (0..150_000).rev().collect();
        gathered.add(1, &many[..10]);
        gathered.add(0, &[4]);
        gathered.add(1, &many[10..]);
        assert_eq!(gathered.pieces.len(), 3);
        assert!(gathered.pieces.iter().all(|piece| piece.values.len() == piece.groups.len()));
        let mut lists = gathered.take_first(2);
        assert_eq!(lists.offsets, [0, 1, 150_001]);
        lists.sort();
        assert!(lists.values[1..].iter().copied().eq(0..150_000));
    }
}
