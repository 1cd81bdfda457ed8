//! Which jobs one file alone tells of.

use std::sync::Arc;

use datafusion::arrow::array::{Array, BooleanArray};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::cast::as_int64_array;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

/// A range of ids, both ends included.
pub(super) type Range = (i64, i64);

/// Ranges of ids, in their order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges {
    /// Of ids that are in the ranges of one file only.
    pub(super) alone: Vec<Range>,
    /// Of ids that are in those of several.
    pub(super) shared: Vec<Range>,
}

/// Parts the ids of files by the ranges of all of them, of which those of one file do not meet;
/// `beside` is a range of what is in no file, where nothing is alone.
pub(super) fn parted<'a>(
    of_files: impl Iterator<Item = &'a Range>,
    beside: Option<Range>,
) -> Ranges {
    let mut steps: Vec<(i128, i32)> = vec![];
    let mut cover = |(from, to): Range, weight: i32| {
        steps.push((i128::from(from), weight));
        steps.push((i128::from(to) + 1, -weight));
    };
    of_files.for_each(|range| cover(*range, 1));
    beside.into_iter().for_each(|range| cover(range, 2));
    steps.sort_unstable();
    let (mut covered, mut since, mut ranges) = (0, 0, Ranges::default());
    for (at, weight) in steps {
        if covered > 0
            && at > since
            && let (Ok(from), Ok(to)) = (i64::try_from(since), i64::try_from(at - 1))
        {
            let part = if covered == 1 { &mut ranges.alone } else { &mut ranges.shared };
            part.push((from, to));
        }
        covered += weight;
        since = at;
    }
    ranges
}

/// Whether any of these ranges meets one of those, both in their order.
pub(super) fn meet(some: &[Range], others: &[Range]) -> bool {
    some.iter().any(|(from, to)| {
        let next = others.partition_point(|(_, end)| end < from);
        others.get(next).is_some_and(|(start, _)| start <= to)
    })
}

/// `is_alone(id)`: whether an id is in one of the ranges; where it is NULL, what it would tell apart
/// is a delivery, which is in one file in any case.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct IsAlone {
    ranges: Vec<Range>,
    signature: Signature,
}

impl IsAlone {
    pub(super) fn new(ranges: Vec<Range>) -> Self {
        let signature = Signature::exact(vec![DataType::Int64], Volatility::Immutable);
        Self { ranges, signature }
    }

    /// Whether the id is in a range; `last` is where the one before it was: they come in order.
    fn holds(&self, id: i64, last: &mut usize) -> bool {
        let has = |place: usize| {
            self.ranges.get(place).is_some_and(|(from, to)| (*from..=*to).contains(&id))
        };
        if has(*last) {
            return true;
        }
        *last = self.ranges.partition_point(|(_, to)| *to < id);
        has(*last)
    }
}

impl ScalarUDFImpl for IsAlone {
    fn name(&self) -> &str {
        "is_alone"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let ids = ColumnarValue::values_to_arrays(&arguments.args)?.remove(0);
        let ids = as_int64_array(&ids)?;
        let mut last = 0;
        let held = ids.values().iter().map(|id| self.holds(*id, &mut last));
        let held: BooleanBuffer = held.collect();
        let held = match ids.nulls().filter(|nulls| nulls.null_count() > 0) {
            Some(nulls) => &held | &!nulls.inner(),
            None => held,
        };
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::new(held, None))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_files_may_tell_of_is_alone_in_none() {
        let files = [vec![(1, 10), (50, 60)], vec![(9, 20)], vec![(40, 50), (61, 61)]];
        let parts = |beside| {
            let Ranges { alone, shared } = parted(files.iter().flatten(), beside);
            (alone, shared)
        };
        let alone = vec![(1, 8), (11, 20), (40, 49), (51, 60), (61, 61)];
        assert_eq!(parts(None), (alone, vec![(9, 10), (50, 50)]));
        let (alone, shared) = parts(Some((15, 55)));
        assert_eq!(alone, [(1, 8), (11, 14), (56, 60), (61, 61)]);
        assert!(meet(&files[0], &shared) && meet(&files[2], &shared));
        assert!(!meet(&[(1, 8), (61, 70)], &shared) && !meet(&files[0], &[]));
        let all = [vec![(i64::MIN, i64::MAX)], vec![(5, 5)]];
        assert_eq!(parted(all.iter().flatten(), None).alone, [(i64::MIN, 4), (6, i64::MAX)]);
        assert!(parted([(1, 2), (1, 2)].iter(), None).alone.is_empty());
    }

    #[test]
    fn an_id_is_in_a_range_or_not() {
        let is_alone = IsAlone::new(vec![(1, 8), (11, 11)]);
        for ids in [(0..13).collect::<Vec<i64>>(), (0..13).rev().collect()] {
            let mut last = 0;
            let mut held: Vec<i64> =
                ids.into_iter().filter(|id| is_alone.holds(*id, &mut last)).collect();
            held.sort_unstable();
            assert_eq!(held, [1, 2, 3, 4, 5, 6, 7, 8, 11]);
        }
    }
}
