//! `sorted_values(x)`: the whole numbers of a group in their order, without NULLs, as a list; NULL
//! where there are none. Trino says it as `array_sort(array_agg(x) filter (where x is not null))`;
//! what that costs here, and this does not: [`octolake_reports::sorted`].

use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Int64Array, ListArray,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::{Result, exec_datafusion_err, internal_datafusion_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use octolake_reports::sorted::{Gathered, Lists};

use super::grouped::{handed_out, number, passes};
use super::single::{Begins, Single};

/// The function; see the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct SortedValues {
    signature: Signature,
}

impl SortedValues {
    pub(super) fn new() -> Self {
        Self { signature: Signature::exact(vec![DataType::Int64], Volatility::Immutable) }
    }
}

fn item() -> FieldRef {
    Arc::new(Field::new_list_field(DataType::Int64, true))
}

impl AggregateUDFImpl for SortedValues {
    fn name(&self) -> &str {
        "sorted_values"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(item()))
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let name = format_state_name(arguments.name, "values");
        Ok(vec![Arc::new(Field::new(name, DataType::List(item()), true))])
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Single(Held::default())))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Held::default()))
    }
}

/// The values of each group.
#[derive(Debug, Default)]
struct Held(Gathered);

impl Held {
    fn taken(&mut self, emit: EmitTo) -> Lists {
        self.0.take_first(handed_out(emit, self.0.len()))
    }
}

fn array(lists: Lists) -> Result<ArrayRef> {
    let lengths = lists.offsets.windows(2).map(|range| range[1] - range[0]);
    let is_there: NullBuffer = lengths.map(|length| length > 0).collect();
    let offset = |place: usize| {
        i32::try_from(place).map_err(|_| {
            exec_datafusion_err!("{} values in one piece: split by more", lists.values.len())
        })
    };
    let offsets = lists.offsets.iter().copied().map(offset).collect::<Result<Vec<i32>>>()?;
    let values = Arc::new(Int64Array::from(lists.values));
    let offsets = OffsetBuffer::new(offsets.into());
    Ok(Arc::new(ListArray::try_new(item(), offsets, values, Some(is_there))?))
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
        let [values] = arguments else {
            return Err(internal_datafusion_err!("{} arguments", arguments.len()));
        };
        let values = values.as_primitive::<Int64Type>();
        for (row, group) in groups.iter().enumerate() {
            if values.is_valid(row) && passes(filter, row) {
                self.0.add(number(*group)?, &[values.value(row)]);
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, state: &[ArrayRef], groups: &[usize], all: usize) -> Result<()> {
        self.0.grow(all);
        let [lists] = state else {
            return Err(internal_datafusion_err!("{} columns of state", state.len()));
        };
        let lists = lists.as_list::<i32>();
        let values = lists.values().as_primitive::<Int64Type>().values();
        for ((row, group), range) in groups.iter().enumerate().zip(lists.value_offsets().windows(2))
        {
            let range = range[0] as usize..range[1] as usize;
            if lists.is_valid(row) {
                self.0.add(number(*group)?, &values[range]);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let mut lists = self.taken(emit);
        lists.sort();
        array(lists)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![array(self.taken(emit))?])
    }

    fn convert_to_state(
        &self,
        arguments: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let rows = arguments.first().map_or(0, |array| array.len());
        let mut each = Self::default();
        each.update_batch(arguments, &(0..rows).collect::<Vec<_>>(), filter, rows)?;
        GroupsAccumulator::state(&mut each, EmitTo::All)
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}

impl Begins for Held {
    fn begin(&mut self) {
        self.0.grow(1);
    }
}

#[cfg(test)]
mod tests {
    use datafusion::common::ScalarValue;

    use super::*;

    fn numbers(values: &[Option<i64>]) -> [ArrayRef; 1] {
        [Arc::new(Int64Array::from(values.to_vec()))]
    }

    fn lists(array: &ArrayRef) -> Vec<Option<Vec<i64>>> {
        let list = |list: ArrayRef| list.as_primitive::<Int64Type>().values().to_vec();
        array.as_list::<i32>().iter().map(|it| it.map(list)).collect()
    }

    #[test]
    fn values_come_out_in_order_and_by_way_of_states() {
        let rows = numbers(&[Some(9), None, Some(-3), Some(4), Some(9), Some(7)]);
        let (groups, passes) = ([1, 1, 1, 0, 1, 2], [true, true, true, true, true, false]);
        let filter = BooleanArray::from(passes.to_vec());
        let mut held = Held::default();
        held.update_batch(&rows, &groups, Some(&filter), 4).unwrap();
        let first = GroupsAccumulator::evaluate(&mut held, EmitTo::First(2)).unwrap();
        assert_eq!(lists(&first), [Some(vec![4]), Some(vec![-3, 9, 9])]);
        let rest = GroupsAccumulator::evaluate(&mut held, EmitTo::All).unwrap();
        assert_eq!(lists(&rest), [None, None]);

        let each = Held::default().convert_to_state(&rows, Some(&filter)).unwrap();
        let (mut one, mut other) = (Held::default(), Held::default());
        one.merge_batch(&each, &groups, 3).unwrap();
        let state = GroupsAccumulator::state(&mut one, EmitTo::All).unwrap();
        // A window on a longer list, as pieces of what an aggregate hands out are.
        let state = [state[0].slice(1, 2)];
        other.merge_batch(&state, &[0, 0], 1).unwrap();
        let all = GroupsAccumulator::evaluate(&mut other, EmitTo::All).unwrap();
        assert_eq!(lists(&all), [Some(vec![-3, 9, 9])]);
    }

    #[test]
    fn of_no_rows_there_is_no_list() {
        let mut single = Single(Held::default());
        let ScalarValue::List(none) = single.evaluate().unwrap() else { panic!("a list") };
        assert!(none.is_null(0));
        single.update_batch(&numbers(&[Some(2), Some(1)])).unwrap();
        let ScalarValue::List(some) = single.evaluate().unwrap() else { panic!("a list") };
        assert_eq!(lists(&(some as ArrayRef)), [Some(vec![1, 2])]);
    }
}
