//! Facts: a file beside one of the projection, with one row for each job that it tells of.
//!
//! They are made of that file and of nothing else, and the commit that puts it in names them, as a tag
//! of the file: they come and go together, and what stands in no commit is read by nobody.

use octolake_event::layout;

/// The tag of a file that has facts beside it.
pub(crate) const TAG: &str = "octolake.jobs";
/// How many ranges of ids are kept apart.
const MAX_RANGES: usize = 16;
/// Ranges are parted where a gap is so many times as wide as most are: narrower ones tell readers
/// little, and each range is compared with.
const WIDE: u64 = 100;

/// The facts beside a file of the projection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Size of the file, in bytes.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
    /// Ranges, both ends included and in their order, outside of which it has no job's id. Another
    /// file without an id of them tells nothing of these jobs.
    pub ids: Vec<(i64, i64)>,
}

impl Facts {
    /// The facts of jobs with these ids, which come in order: the widest gaps between them part the
    /// ranges, if they are far wider than most.
    pub fn new(bytes: u64, rows: u64, ids: &[i64]) -> Self {
        let gap = |place: &usize| match ids.get(*place - 1..=*place) {
            Some([before, after]) => after.abs_diff(*before),
            _ => 0,
        };
        let usual = usual(&mut (1..ids.len()).map(|place| gap(&place)).collect::<Vec<u64>>());
        let is_wide = |place: &usize| gap(place) / WIDE > usual;
        let mut cuts: Vec<usize> = (1..ids.len()).filter(is_wide).collect();
        cuts.sort_by_key(|place| std::cmp::Reverse(gap(place)));
        cuts.truncate(MAX_RANGES - 1);
        cuts.sort_unstable();
        let ends = cuts.iter().copied().chain([ids.len()]);
        let mut from = 0;
        let range = |to: usize| {
            let part = ids.get(from..to)?;
            from = to;
            Some((*part.first()?, *part.last()?))
        };
        Self { bytes, rows, ids: ends.filter_map(range).collect() }
    }

    /// The key of the facts beside the file of this path, relative to the lake.
    pub fn key(path: &str) -> String {
        layout::facts_key(path)
    }

    /// As the log has them: `bytes rows from..to,from..to`.
    pub(crate) fn tag(&self) -> String {
        let ids: Vec<String> = self.ids.iter().map(|(from, to)| format!("{from}..{to}")).collect();
        format!("{} {} {}", self.bytes, self.rows, ids.join(","))
    }

    /// What a tag says; `None` where it is none of ours: rows are read then.
    pub(crate) fn of_tag(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let (bytes, rows, ids) = (parts.next()?, parts.next()?, parts.next()?);
        let range = |text: &str| {
            let (from, to) = text.split_once("..")?;
            Some((from.parse().ok()?, to.parse().ok()?))
        };
        let ids = ids.split(',').filter(|text| !text.is_empty()).map(range);
        Some(Self {
            bytes: bytes.parse().ok()?,
            rows: rows.parse().ok()?,
            ids: ids.collect::<Option<_>>()?,
        })
    }
}

/// The width of the gap in the middle of all.
fn usual(gaps: &mut [u64]) -> u64 {
    let middle = gaps.len() / 2;
    if gaps.is_empty() { 0 } else { *gaps.select_nth_unstable(middle).1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_says_what_it_was_made_of() {
        for ids in [&[][..], &[7], &[-3, 5, 5, 6]] {
            let facts = Facts::new(4_711, 3, ids);
            assert_eq!(Facts::of_tag(&facts.tag()), Some(facts));
        }
        assert_eq!(Facts::new(4_711, 3, &[-300, 5, 5, 6, 7]).tag(), "4711 3 -300..-300,5..7");
        for text in ["", "1", "1 2", "1 2 3", "1 2 3..x", "-1 2 3..4"] {
            assert_eq!(Facts::of_tag(text), None, "{text}");
        }
    }

    #[test]
    fn the_widest_gaps_part_the_ranges() {
        // 20 pairs of numbers, each pair further from the last than that was.
        let ids: Vec<i64> = (0..20).flat_map(|n| [n * n * 1_000, n * n * 1_000 + 1]).collect();
        let ranges = Facts::new(0, 0, &ids).ids;
        assert_eq!((ranges.len(), ranges[0]), (MAX_RANGES, (0, 16_001)));
        assert_eq!(ranges[1..3], [(25_000, 25_001), (36_000, 36_001)]);
        let holds =
            |id: i64| ranges.iter().filter(|(from, to)| (*from..=*to).contains(&id)).count();
        assert!(ids.iter().all(|id| holds(*id) == 1));
        // Gaps of 7 and 50 are as wide as gaps are here.
        assert_eq!(Facts::new(0, 0, &[1, 8, 15, 22, 72, 79]).ids, [(1, 79)]);
        assert_eq!(Facts::new(0, 0, &[i64::MIN, i64::MAX]).ids, [(i64::MIN, i64::MAX)]);
    }
}
