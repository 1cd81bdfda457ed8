//! What is held of each group, as the engine's arrays.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Int64Array, LargeBinaryArray,
    LargeBinaryBuilder, StructArray, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use octolake_reports::drafts::{DraftTimes, Grouped, Says, Told};

use super::super::grouped::{self, handed_out, passes};
use super::super::single::Begins;
use super::answer_fields;

/// What is told of each group.
#[derive(Debug, Default)]
pub(super) struct Held(Grouped);

/// The columns of the function's arguments, times in microseconds.
struct Columns([Int64Array; 7]);

impl Columns {
    fn of(arguments: &[ArrayRef]) -> Result<Self> {
        let numbers = |array: &ArrayRef| -> Result<Int64Array> {
            Ok(cast(array, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
        };
        let columns: Vec<Int64Array> = arguments.iter().map(numbers).collect::<Result<_>>()?;
        let columns: Result<[Int64Array; 7], _> = columns.try_into();
        columns.map(Self).map_err(|_| internal_datafusion_err!("{} arguments", arguments.len()))
    }

    fn number(&self, column: usize, row: usize) -> Option<i64> {
        number(&self.0[column], row)
    }

    fn told(&self, row: usize) -> Option<Told> {
        Some(Told {
            at: self.number(0, row)?,
            is_later: self.number(1, row) != Some(0),
            says: Says::of(self.number(2, row), self.number(3, row))?,
            arrived_ms: self.number(4, row).unwrap_or_default(),
        })
    }
}

fn number(numbers: &Int64Array, row: usize) -> Option<i64> {
    numbers.is_valid(row).then(|| numbers.value(row))
}

fn answers(times: &[DraftTimes]) -> StructArray {
    let at = |at: fn(&DraftTimes) -> Option<i64>| -> ArrayRef {
        let times: TimestampMicrosecondArray = times.iter().map(at).collect();
        Arc::new(times.with_timezone("UTC"))
    };
    let numbers = |number: fn(&DraftTimes) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(times.iter().map(number)))
    };
    let flags = |flag: fn(&DraftTimes) -> bool| -> ArrayRef {
        Arc::new(BooleanArray::from_iter(times.iter().map(|it| Some(flag(it)))))
    };
    let columns = vec![
        numbers(|it| it.opened_as_draft.into()),
        at(|it| it.first_ready_at),
        at(|it| it.ready_at),
        numbers(|it| it.draft_ms),
        flags(|it| it.is_ready_told),
        flags(|it| it.is_draft_told),
        flags(|it| it.is_first_ready_told),
    ];
    StructArray::new(answer_fields(), columns, None)
}

impl Held {
    fn taken(&mut self, emit: EmitTo) -> Grouped {
        self.0.split_first(handed_out(emit, self.0.len()))
    }
}

impl GroupsAccumulator for Held {
    fn update_batch(
        &mut self,
        arguments: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        all: usize,
    ) -> Result<()> {
        self.0.grow(all);
        let columns = Columns::of(arguments)?;
        for (row, group) in groups.iter().enumerate().filter(|(row, _)| passes(filter, *row)) {
            let group = grouped::number(*group)?;
            if let Some(told) = columns.told(row) {
                self.0.tell(group, told);
            }
            self.0.tell_ends(group, columns.number(5, row), columns.number(6, row));
        }
        Ok(())
    }

    fn merge_batch(&mut self, state: &[ArrayRef], groups: &[usize], all: usize) -> Result<()> {
        self.0.grow(all);
        let [told, created, merged] = state else {
            return Err(internal_datafusion_err!("{} columns of state", state.len()));
        };
        let told: &LargeBinaryArray = told.as_binary();
        let [created, merged] = [created, merged].map(|array| array.as_primitive::<Int64Type>());
        for (row, group) in groups.iter().enumerate() {
            let group = grouped::number(*group)?;
            if !self.0.tell_bytes(group, told.value(row)) {
                return Err(internal_datafusion_err!("the bytes of a state of draft_times"));
            }
            self.0.tell_ends(group, number(created, row), number(merged, row));
        }
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        Ok(Arc::new(answers(&self.taken(emit).times())))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let taken = self.taken(emit);
        let mut told = LargeBinaryBuilder::new();
        taken.bytes(|bytes| told.append_value(bytes));
        let [created, merged] = taken.into_ends().map(Int64Array::from);
        Ok(vec![Arc::new(told.finish()), Arc::new(created), Arc::new(merged)])
    }

    fn convert_to_state(
        &self,
        arguments: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let rows = arguments.first().map_or(0, |array| array.len());
        let mut each = Self::default();
        each.update_batch(arguments, &(0..rows).collect::<Vec<_>>(), filter, rows)?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}

impl Begins for Held {
    fn begin(&mut self) {
        self.0.grow(self.0.len().max(1));
    }
}

#[cfg(test)]
mod tests {
    use datafusion::common::ScalarValue;
    use datafusion::logical_expr::Accumulator as _;

    use super::super::super::single::Single;
    use super::*;

    /// `(told_at, turn, draft)`, the first in seconds.
    type Row = (i64, Option<i64>, Option<i64>);

    /// Rows of pull requests that were created at 10 s; one that is told after 90 s says that it was
    /// merged at 100 s.
    fn arguments(rows: &[Row]) -> Vec<ArrayRef> {
        let numbers = |number: &dyn Fn(&Row) -> Option<i64>| {
            Arc::new(rows.iter().map(number).collect::<Int64Array>()) as ArrayRef
        };
        let micros = |seconds: i64| Some(seconds * 1_000_000);
        vec![
            numbers(&|row| micros(row.0)),
            numbers(&|_| Some(1)),
            numbers(&|row| row.1),
            numbers(&|row| row.2),
            numbers(&|row| Some(row.0 * 1_000)),
            numbers(&|_| micros(10)),
            numbers(&|row| micros(100).filter(|_| row.0 > 90)),
        ]
    }

    fn draft_ms(answers: &ArrayRef) -> Vec<i64> {
        let column = answers.as_struct().column_by_name("draft_ms").unwrap().clone();
        column.as_primitive::<Int64Type>().values().to_vec()
    }

    #[test]
    fn groups_come_out_first_ones_first_and_by_way_of_states() {
        // Two pull requests and one that was never a draft, their rows mixed.
        let rows = arguments(&[
            (10, None, Some(1)),
            (10, None, Some(1)),
            (40, Some(1), Some(0)),
            (95, None, Some(0)),
            (95, None, Some(1)),
            (95, None, Some(0)),
        ]);
        let groups = [0, 2, 0, 0, 2, 1];
        let mut held = Held::default();
        held.update_batch(&rows, &groups, None, 3).unwrap();
        let first = GroupsAccumulator::evaluate(&mut held, EmitTo::First(1)).unwrap();
        let rest = GroupsAccumulator::evaluate(&mut held, EmitTo::All).unwrap();
        assert_eq!((draft_ms(&first), draft_ms(&rest)), (vec![30_000], vec![0, 90_000]));
        assert!(held.0.is_empty());

        let each = Held::default().convert_to_state(&rows, None).unwrap();
        let (mut one, mut other) = (Held::default(), Held::default());
        one.merge_batch(&each, &groups, 3).unwrap();
        let state = GroupsAccumulator::state(&mut one, EmitTo::All).unwrap();
        other.merge_batch(&state, &[0, 1, 2], 3).unwrap();
        let all = GroupsAccumulator::evaluate(&mut other, EmitTo::All).unwrap();
        assert_eq!(draft_ms(&all), [30_000, 0, 90_000]);
    }

    #[test]
    fn what_a_filter_leaves_out_is_not_told() {
        let rows = arguments(&[(10, None, Some(1)), (95, None, Some(0))]);
        let mut held = Held::default();
        let filter = BooleanArray::from(vec![Some(false), None]);
        held.update_batch(&rows, &[0, 0], Some(&filter), 1).unwrap();
        let none = GroupsAccumulator::evaluate(&mut held, EmitTo::All).unwrap();
        assert_eq!(draft_ms(&none), [0]);
        let mut single = Single(Held::default());
        single.update_batch(&rows).unwrap();
        let ScalarValue::Struct(answer) = single.evaluate().unwrap() else { panic!("no row") };
        assert_eq!(draft_ms(&(answer as ArrayRef)), [85_000]);
        assert!(Single(Held::default()).evaluate().is_ok());
    }
}
