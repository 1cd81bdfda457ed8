//! An aggregate of all rows: of one group.

use datafusion::arrow::array::{Array as _, ArrayRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

/// What holds groups, and can hold one of which no row came yet.
pub(super) trait Begins: GroupsAccumulator + Sync {
    /// Makes room for the first group, where there is none.
    fn begin(&mut self);
}

/// The same of all rows.
#[derive(Debug)]
pub(super) struct Single<G>(pub(super) G);

impl<G: Begins + std::fmt::Debug> Accumulator for Single<G> {
    fn update_batch(&mut self, arguments: &[ArrayRef]) -> Result<()> {
        let rows = arguments.first().map_or(0, |array| array.len());
        self.0.update_batch(arguments, &vec![0; rows], None, 1)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let rows = states.first().map_or(0, |array| array.len());
        self.0.merge_batch(states, &vec![0; rows], 1)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.0.begin();
        ScalarValue::try_from_array(&self.0.evaluate(EmitTo::All)?, 0)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.begin();
        let state = self.0.state(EmitTo::All)?;
        state.iter().map(|array| ScalarValue::try_from_array(array, 0)).collect()
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.0.size()
    }
}
