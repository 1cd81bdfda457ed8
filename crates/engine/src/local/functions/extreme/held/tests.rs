//! What is held of each group, against a plain loop.

use datafusion::arrow::array::StructArray;
use datafusion::arrow::datatypes::Field;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Accumulator as _;

use super::super::super::single::Single;
use super::*;

fn key(rows: &[(Option<i64>, i64, Option<&str>)]) -> ArrayRef {
    let field = |name, kind| Arc::new(Field::new(name, kind, true));
    let first: Int64Array = rows.iter().map(|row| row.0).collect();
    let second: Int64Array = rows.iter().map(|row| Some(row.1)).collect();
    let tie: StringViewArray = rows.iter().map(|row| row.2).collect();
    Arc::new(StructArray::from(vec![
        (field("c0", DataType::Int64), Arc::new(first) as ArrayRef),
        (field("c1", DataType::Int64), Arc::new(second) as ArrayRef),
        (field("c2", DataType::Utf8View), Arc::new(tie) as ArrayRef),
    ]))
}

fn names(array: &ArrayRef) -> Vec<Option<&str>> {
    array.as_string_view().iter().collect()
}

fn values(texts: &[Option<&str>]) -> ArrayRef {
    Arc::new(texts.iter().copied().collect::<StringViewArray>())
}

const GROUPS: [usize; 6] = [0, 0, 1, 0, 1, 2];

fn arguments() -> [ArrayRef; 2] {
    let rows = [
        (Some(5), 1, Some("b")),
        (Some(5), 2, Some("a")),
        (Some(7), 1, Some("x")),
        (Some(5), 2, Some("c")),
        (Some(7), 1, Some("w")),
        (None, 1, Some("z")),
    ];
    let texts = [Some("B"), Some("A"), None, Some("C"), Some("W"), Some("Z")];
    [values(&texts), key(&rows)]
}

#[test]
fn the_key_decides_and_its_text_between_the_same_numbers() {
    let mut held = Held::by(Wanted::Greatest);
    held.update_batch(&arguments(), &GROUPS, None, 4).unwrap();
    // Of the second group it is the row that has no text; of the third none has a key.
    assert_eq!(names(&held.evaluate(EmitTo::All).unwrap()), [Some("C"), None, None, None]);
    let mut held = Held::by(Wanted::Least);
    held.update_batch(&arguments(), &GROUPS, None, 4).unwrap();
    assert_eq!(names(&held.evaluate(EmitTo::First(1)).unwrap()), [Some("B")]);
    assert_eq!(names(&held.evaluate(EmitTo::All).unwrap()), [Some("W"), None, None]);
}

#[test]
fn a_filter_leaves_rows_out_and_states_say_the_same() {
    let filter =
        BooleanArray::from(vec![Some(true), None, Some(true), Some(false), Some(true), Some(true)]);
    let mut held = Held::by(Wanted::Greatest);
    held.update_batch(&arguments(), &GROUPS, Some(&filter), 3).unwrap();
    let state = held.state(EmitTo::All).unwrap();
    let mut merged = Held::by(Wanted::Greatest);
    merged.merge_batch(&state, &[2, 1, 0], 3).unwrap();
    assert_eq!(names(&merged.evaluate(EmitTo::All).unwrap()), [None, None, Some("B")]);
    let state = held.convert_to_state(&arguments(), Some(&filter)).unwrap();
    let mut merged = Held::by(Wanted::Greatest);
    merged.merge_batch(&state, &GROUPS, 3).unwrap();
    assert_eq!(names(&merged.evaluate(EmitTo::All).unwrap()), [Some("B"), None, None]);
}

#[test]
fn a_text_can_be_its_own_key() {
    let texts = values(&[Some("b"), None, Some("ä"), Some("a"), None, None]);
    for (wanted, expected) in [
        (Wanted::Greatest, [Some("b"), Some("ä"), None]),
        (Wanted::Least, [Some("a"), Some("ä"), None]),
    ] {
        let mut held = Held::of(wanted);
        held.update_batch(std::slice::from_ref(&texts), &GROUPS, None, 3).unwrap();
        assert_eq!(names(&held.evaluate(EmitTo::All).unwrap()), expected);
    }
}

#[test]
fn all_rows_may_be_one_group() {
    let mut single = Single(Held::by(Wanted::Least));
    assert_eq!(single.evaluate().unwrap(), ScalarValue::Utf8View(None));
    single.update_batch(&arguments()).unwrap();
    assert_eq!(single.evaluate().unwrap(), ScalarValue::Utf8View(Some("B".into())));
}
