//! What rows are, in a few numbers: so that what was written can be held against what was read.
//!
//! Of each column how many values it has and the sum of what they hash to, and the sum over the rows
//! of what all of their columns hash to together: a value that is lost, changed, or in another row
//! than it was, shows. The order of the rows doesn't matter.

use std::fmt;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, OffsetSizeTrait, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{ArrowError, DataType};
use twox_hash::XxHash64;

/// What NULL hashes to among the columns of a row.
const NULL: u64 = 0;
/// An odd number: spreads what is known of the columns before over what is known of a row.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Column {
    name: String,
    values: u64,
    hash: u64,
}

/// The numbers of some rows, all of the same columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Census {
    rows: u64,
    hash: u64,
    columns: Vec<Column>,
}

impl Census {
    /// The numbers of a batch.
    pub(crate) fn of(batch: &RecordBatch) -> Result<Self, ArrowError> {
        let mut rows = vec![0_u64; batch.num_rows()];
        let schema = batch.schema();
        let mut columns = Vec::with_capacity(batch.num_columns());
        for (field, array) in schema.fields().iter().zip(batch.columns()) {
            let hashes = hashes(array)?;
            for (row, hash) in rows.iter_mut().zip(&hashes) {
                *row = (row.rotate_left(5) ^ hash).wrapping_mul(SPREAD);
            }
            columns.push(Column {
                name: field.name().clone(),
                values: count(array),
                hash: sum(&hashes),
            });
        }
        Ok(Self { rows: rows.len() as u64, hash: sum(&rows), columns })
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds rows.
    pub(crate) fn add(&mut self, other: &Self) {
        self.combine(other, u64::wrapping_add);
    }

    /// Takes rows away that were added before.
    pub(crate) fn take(&mut self, other: &Self) {
        self.combine(other, u64::wrapping_sub);
    }

    fn combine(&mut self, other: &Self, with: fn(u64, u64) -> u64) {
        if self.columns.is_empty() {
            let nothing = |it: &Column| Column { name: it.name.clone(), ..Column::default() };
            self.columns = other.columns.iter().map(nothing).collect();
        }
        self.rows = with(self.rows, other.rows);
        self.hash = with(self.hash, other.hash);
        for (mine, other) in self.columns.iter_mut().zip(&other.columns) {
            mine.values = with(mine.values, other.values);
            mine.hash = with(mine.hash, other.hash);
        }
    }

    /// What differs between these rows and those that were written; `None`: nothing.
    pub(crate) fn difference(&self, written: &Self) -> Option<Difference> {
        if self.rows != written.rows {
            return Some(Difference::Rows(self.rows, written.rows));
        }
        if self.columns.len() != written.columns.len() {
            return Some(Difference::Columns(self.columns.len(), written.columns.len()));
        }
        for (mine, other) in self.columns.iter().zip(&written.columns) {
            let name = mine.name.clone();
            if mine.name != other.name || mine.values != other.values {
                return Some(Difference::Values(name, mine.values, other.values));
            }
            if mine.hash != other.hash {
                return Some(Difference::Changed(name));
            }
        }
        (self.hash != written.hash).then_some(Difference::Mixed)
    }
}

/// How written rows differ from those that were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Difference {
    Rows(u64, u64),
    Columns(usize, usize),
    Values(String, u64, u64),
    Changed(String),
    Mixed,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows(before, after) => write!(f, "{after} rows instead of {before}"),
            Self::Columns(before, after) => write!(f, "{after} columns instead of {before}"),
            Self::Values(column, before, after) => {
                write!(f, "column {column} has {after} values instead of {before}")
            }
            Self::Changed(column) => write!(f, "column {column} has other values"),
            Self::Mixed => f.write_str("values are in other rows"),
        }
    }
}

/// How many values a column has.
pub(crate) fn count(column: &ArrayRef) -> u64 {
    (column.len() - column.logical_null_count()) as u64
}

fn sum(hashes: &[u64]) -> u64 {
    hashes.iter().fold(0, |sum, hash| sum.wrapping_add(*hash))
}

/// What each value of an array hashes to.
fn hashes(array: &ArrayRef) -> Result<Vec<u64>, ArrowError> {
    let data_type = array.data_type();
    Ok(match data_type {
        DataType::Utf8 => of_bytes(array.as_string::<i32>().iter()),
        DataType::LargeUtf8 => of_bytes(array.as_string::<i64>().iter()),
        DataType::Utf8View => of_bytes(array.as_string_view().iter()),
        DataType::Binary => of_bytes(array.as_binary::<i32>().iter()),
        DataType::LargeBinary => of_bytes(array.as_binary::<i64>().iter()),
        DataType::BinaryView => of_bytes(array.as_binary_view().iter()),
        DataType::Boolean => of_bytes(array.as_boolean().iter().map(|it| it.map(|it| [it.into()]))),
        DataType::List(_) => {
            let lists = array.as_list::<i32>();
            of_lists(array, &hashes(lists.values())?, lists.value_offsets())
        }
        DataType::LargeList(_) => {
            let lists = array.as_list::<i64>();
            of_lists(array, &hashes(lists.values())?, lists.value_offsets())
        }
        _ => match data_type.primitive_width() {
            Some(width) => of_primitives(array, width),
            None => of_words(array)?,
        },
    })
}

fn hash(bytes: &[u8]) -> u64 {
    // Never that of NULL.
    XxHash64::oneshot(0, bytes) | 1
}

fn of_bytes<T: AsRef<[u8]>>(values: impl Iterator<Item = Option<T>>) -> Vec<u64> {
    values.map(|value| value.map_or(NULL, |value| hash(value.as_ref()))).collect()
}

fn of_primitives(array: &ArrayRef, width: usize) -> Vec<u64> {
    let data = array.to_data();
    let bytes = data.buffers().first().map_or(&[][..], |buffer| buffer.as_slice());
    let values = bytes.chunks_exact(width).skip(data.offset()).take(array.len());
    let of_value = |(row, bytes)| if array.is_null(row) { NULL } else { hash(bytes) };
    values.enumerate().map(of_value).collect()
}

fn of_lists<O: OffsetSizeTrait>(array: &ArrayRef, elements: &[u64], offsets: &[O]) -> Vec<u64> {
    let of_list = |(row, ends): (usize, &[O])| {
        if array.is_null(row) {
            return NULL;
        }
        let end = |at: usize| ends.get(at).map_or(0, |end| end.as_usize());
        let elements = elements.get(end(0)..end(1)).unwrap_or_default();
        let all: Vec<u8> = elements.iter().flat_map(|element| element.to_le_bytes()).collect();
        hash(&all)
    };
    offsets.windows(2).enumerate().map(of_list).collect()
}

/// Of types that only others write: what they look like.
fn of_words(array: &ArrayRef) -> Result<Vec<u64>, ArrowError> {
    let options = FormatOptions::default().with_null("\u{0}");
    let words = ArrayFormatter::try_new(array, &options)?;
    let of_value = |row| match array.is_null(row) {
        true => Ok(NULL),
        false => Ok(hash(words.value(row).try_to_string()?.as_bytes())),
    };
    (0..array.len()).map(of_value).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::types::Int32Type;
    use arrow_array::{Int64Array, ListArray, StringArray, StringViewArray, StructArray};

    use super::*;

    fn batch(ids: Vec<Option<i64>>, texts: Vec<Option<&str>>) -> RecordBatch {
        let ids: ArrayRef = Arc::new(Int64Array::from(ids));
        let texts: ArrayRef = Arc::new(StringViewArray::from(texts));
        RecordBatch::try_from_iter_with_nullable([("id", ids, true), ("text", texts, true)])
            .unwrap()
    }

    fn difference(before: &RecordBatch, after: &RecordBatch) -> Option<String> {
        let (before, after) = (Census::of(before).unwrap(), Census::of(after).unwrap());
        before.difference(&after).map(|difference| difference.to_string())
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_everything_else_does() {
        let before = batch(vec![Some(1), Some(2), None], vec![Some("a"), None, Some("c")]);
        let same = batch(vec![None, Some(2), Some(1)], vec![Some("c"), None, Some("a")]);
        assert_eq!(difference(&before, &same), None);
        let expected = |ids, texts| difference(&before, &batch(ids, texts)).unwrap();
        assert_eq!(expected(vec![Some(1)], vec![Some("a")]), "1 rows instead of 3");
        assert_eq!(
            expected(vec![Some(1), Some(2), None], vec![Some("a"), None, None]),
            "column text has 1 values instead of 2"
        );
        assert_eq!(
            expected(vec![Some(1), Some(3), None], vec![Some("a"), None, Some("c")]),
            "column id has other values"
        );
        assert_eq!(
            expected(vec![Some(1), Some(2), None], vec![Some("c"), None, Some("a")]),
            "values are in other rows"
        );
    }

    #[test]
    fn what_is_added_can_be_taken_away() {
        let all = batch(vec![Some(1), None, Some(3)], vec![Some("a"), Some("b"), None]);
        let mut census = Census::default();
        census.add(&Census::of(&all).unwrap());
        census.take(&Census::of(&all.slice(1, 1)).unwrap());
        let rest = batch(vec![Some(3), Some(1)], vec![None, Some("a")]);
        assert_eq!(census.difference(&Census::of(&rest).unwrap()), None);
        assert_eq!(census.rows(), 2);
    }

    #[test]
    fn kinds_of_text_are_alike_and_lists_are_not_their_words() {
        let view: ArrayRef =
            Arc::new(StringViewArray::from(vec!["a", "of more than twelve bytes"]));
        let usual: ArrayRef = Arc::new(StringArray::from(vec!["a", "of more than twelve bytes"]));
        assert_eq!(hashes(&view).unwrap(), hashes(&usual).unwrap());
        let list = |lists: Vec<Option<Vec<Option<i32>>>>| -> ArrayRef {
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists))
        };
        let lists = list(vec![Some(vec![Some(1)]), None, Some(vec![]), Some(vec![Some(1), None])]);
        let [one, null, empty, two] = hashes(&lists).unwrap()[..] else { unreachable!() };
        assert!(null == 0 && one != empty && one != two && empty != 0);
        assert_eq!(hashes(&lists.slice(3, 1)).unwrap(), [two], "wherever it stands");
        let slice: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
        assert_eq!(hashes(&slice.slice(1, 1)).unwrap(), hashes(&slice).unwrap()[1..2]);
        let field = Arc::new(arrow_schema::Field::new("x", DataType::Utf8, true));
        let structs: ArrayRef = Arc::new(StructArray::from(vec![(field, usual)]));
        let [a, b] = hashes(&structs).unwrap()[..] else { unreachable!() };
        assert_ne!(a, b);
    }
}
