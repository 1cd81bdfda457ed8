//! Which jobs one file alone tells of.

use std::sync::Arc;

use datafusion::arrow::array::{Array, BooleanArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::cast::as_int64_array;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

/// A range of ids, both ends included.
pub(super) type Range = (i64, i64);

/// The ranges of ids that are in those of one file only, in their order; `beside` is a range of what
/// is in no file, where nothing is alone.
pub(super) fn alone(files: &[Vec<Range>], beside: Option<Range>) -> Vec<Range> {
    let mut steps: Vec<(i128, i32)> = vec![];
    let mut cover = |(from, to): Range, weight: i32| {
        steps.push((i128::from(from), weight));
        steps.push((i128::from(to) + 1, -weight));
    };
    files.iter().flatten().for_each(|range| cover(*range, 1));
    beside.into_iter().for_each(|range| cover(range, 2));
    steps.sort_unstable();
    let (mut covered, mut since, mut ranges) = (0, 0, Vec::<Range>::new());
    for (at, weight) in steps {
        if covered == 1
            && at > since
            && let (Ok(from), Ok(to)) = (i64::try_from(since), i64::try_from(at - 1))
        {
            ranges.push((from, to));
        }
        covered += weight;
        since = at;
    }
    ranges
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

    fn holds(&self, id: i64) -> bool {
        let next = self.ranges.partition_point(|(_, to)| *to < id);
        self.ranges.get(next).is_some_and(|(from, _)| *from <= id)
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
        let is_alone = |place: usize| ids.is_null(place) || self.holds(ids.value(place));
        let column: BooleanArray = (0..ids.len()).map(|place| Some(is_alone(place))).collect();
        Ok(ColumnarValue::Array(Arc::new(column)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_files_may_tell_of_is_alone_in_none() {
        let files = [vec![(1, 10), (50, 60)], vec![(9, 20)], vec![(40, 50), (61, 61)]];
        assert_eq!(alone(&files, None), [(1, 8), (11, 20), (40, 49), (51, 60), (61, 61)]);
        assert_eq!(alone(&files, Some((15, 55))), [(1, 8), (11, 14), (56, 60), (61, 61)]);
        let all = [vec![(i64::MIN, i64::MAX)], vec![(5, 5)]];
        assert_eq!(alone(&all, None), [(i64::MIN, 4), (6, i64::MAX)]);
        assert!(alone(&[vec![(1, 2)], vec![(1, 2)]], None).is_empty());
    }

    #[test]
    fn an_id_is_in_a_range_or_not() {
        let is_alone = IsAlone::new(vec![(1, 8), (11, 11)]);
        let held: Vec<i64> = (0..13).filter(|id| is_alone.holds(*id)).collect();
        assert_eq!(held, [1, 2, 3, 4, 5, 6, 7, 8, 11]);
    }
}
