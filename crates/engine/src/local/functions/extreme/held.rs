//! What is held of each group: the key that is the greatest or the least so far, and its text.

use std::cmp::Ordering;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Int64Array, StringViewArray,
};
use datafusion::arrow::compute::{cast, nullif, or};
use datafusion::arrow::compute::{is_null, not};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::super::grouped::passes;
use super::super::single::Begins;
use super::texts::{NONE, Texts};

/// Which key is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Wanted {
    /// The greatest.
    Greatest,
    /// The least.
    Least,
}

/// The keys and texts of groups. Of `max` and `min` a text is its own key.
#[derive(Debug)]
pub(super) struct Held {
    wanted: Wanted,
    /// Whether there are keys beside the texts.
    is_by: bool,
    /// The numbers of each group's key; empty without keys beside the texts.
    times: Vec<(i64, i64)>,
    /// The text of each group's key; [`NONE`] where no row had a key yet.
    ties: Vec<u32>,
    /// The text of each group; empty without keys beside the texts.
    values: Vec<u32>,
    texts: Texts,
}

/// The columns that rows come in: of a function's arguments, or of another's state.
struct Columns {
    /// The texts; `None` where they are their own keys.
    values: Option<StringViewArray>,
    times: Option<(Int64Array, Int64Array)>,
    ties: StringViewArray,
}

fn texts(array: &ArrayRef) -> Result<StringViewArray> {
    Ok(cast(array, &DataType::Utf8View)?.as_string_view().clone())
}

impl Columns {
    /// Of a function's arguments: a text, and the row that is its key.
    fn of_arguments(arguments: &[ArrayRef]) -> Result<Self> {
        match arguments {
            [values] => Ok(Self { values: None, times: None, ties: texts(values)? }),
            [values, key] => {
                let key = key.as_struct();
                let state: Vec<ArrayRef> =
                    std::iter::once(values).chain(key.columns()).cloned().collect();
                let columns = Self::of_state(&state)?;
                let Some(nulls) = key.nulls().filter(|nulls| nulls.null_count() > 0) else {
                    return Ok(columns);
                };
                let missing = not(&BooleanArray::new(nulls.inner().clone(), None))?;
                columns.without(&missing)
            }
            _ => Err(internal_datafusion_err!("{} arguments", arguments.len())),
        }
    }

    /// Of what [`Held::state`] gives.
    fn of_state(state: &[ArrayRef]) -> Result<Self> {
        match state {
            [ties] => Ok(Self { values: None, times: None, ties: texts(ties)? }),
            [values, first, second, ties] => {
                let number = |array: &ArrayRef| -> Result<Int64Array> {
                    Ok(cast(array, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
                };
                let times = (number(first)?, number(second)?);
                let ties = texts(ties)?;
                let is_known = times.0.null_count() + times.1.null_count() == 0;
                let missing = or(&is_null(&times.0)?, &is_null(&times.1)?)?;
                let columns = Self { values: Some(texts(values)?), times: Some(times), ties };
                if is_known { Ok(columns) } else { columns.without(&missing) }
            }
            _ => Err(internal_datafusion_err!("{} columns of state", state.len())),
        }
    }

    /// Without the keys of some rows.
    fn without(self, rows: &BooleanArray) -> Result<Self> {
        let ties = nullif(&self.ties, rows)?.as_string_view().clone();
        Ok(Self { ties, ..self })
    }

    fn into_state(self) -> Vec<ArrayRef> {
        let ties: ArrayRef = Arc::new(self.ties);
        match (self.values, self.times) {
            (Some(values), Some((first, second))) => {
                vec![Arc::new(values), Arc::new(first), Arc::new(second), ties]
            }
            _ => vec![ties],
        }
    }
}

impl Held {
    /// Of `max` and `min`.
    pub(super) fn of(wanted: Wanted) -> Self {
        Self {
            wanted,
            is_by: false,
            times: vec![],
            ties: vec![],
            values: vec![],
            texts: Texts::default(),
        }
    }

    /// Of `max_by` and `min_by`.
    pub(super) fn by(wanted: Wanted) -> Self {
        Self { is_by: true, ..Self::of(wanted) }
    }

    fn take(
        &mut self,
        columns: &Columns,
        groups: &[usize],
        filter: Option<&BooleanArray>,
        all: usize,
    ) {
        self.ties.resize(all, NONE);
        if self.is_by {
            self.times.resize(all, (0, 0));
            self.values.resize(all, NONE);
        }
        for (row, group) in groups.iter().enumerate() {
            if columns.ties.is_valid(row) && passes(filter, row) {
                self.offer(columns, row, *group);
            }
        }
    }

    /// Keeps the row's key where it is the better one.
    fn offer(&mut self, columns: &Columns, row: usize, group: usize) {
        let time = columns.times.as_ref().map(|(one, two)| (one.value(row), two.value(row)));
        let tie = columns.ties.value(row);
        let mut order = Ordering::Greater;
        let mut known = None;
        if let Some(held) = self.texts.text(self.ties[group]) {
            let first = time.map_or(Ordering::Equal, |time| time.cmp(&self.times[group]));
            let text = tie.cmp(held);
            // What a thing is called rarely changes: then there is no number to look for.
            known = text.is_eq().then_some(self.ties[group]);
            order = first.then(text);
            if self.wanted == Wanted::Least {
                order = order.reverse();
            }
        }
        if order != Ordering::Greater {
            return;
        }
        let number = known.unwrap_or_else(|| self.texts.number(tie));
        self.ties[group] = number;
        if let (Some(time), Some(values)) = (time, &columns.values) {
            self.times[group] = time;
            self.values[group] = match values.is_valid(row).then(|| values.value(row)) {
                Some(value) if value == tie => number,
                Some(value) => self.texts.number(value),
                None => NONE,
            };
        }
    }
}

/// The first of what is held, or all.
fn taken<T>(held: &mut Vec<T>, emit: EmitTo) -> Vec<T> {
    match emit {
        EmitTo::First(count) if count < held.len() => {
            let rest = held.split_off(count);
            std::mem::replace(held, rest)
        }
        _ => std::mem::take(held),
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
        self.take(&Columns::of_arguments(arguments)?, groups, filter, all);
        Ok(())
    }

    fn merge_batch(&mut self, state: &[ArrayRef], groups: &[usize], all: usize) -> Result<()> {
        self.take(&Columns::of_state(state)?, groups, None, all);
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let mut state = self.state(emit)?;
        Ok(state.swap_remove(0))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let ties = self.texts.texts(&taken(&mut self.ties, emit))?;
        let mut state = vec![ties];
        if self.is_by {
            let values = self.texts.texts(&taken(&mut self.values, emit))?;
            let (first, second): (Vec<i64>, Vec<i64>) =
                taken(&mut self.times, emit).into_iter().unzip();
            let [first, second]: [ArrayRef; 2] =
                [first, second].map(|numbers| Arc::new(Int64Array::from(numbers)) as ArrayRef);
            state.splice(0..0, [values, first, second]);
        }
        if self.ties.is_empty() {
            self.texts = Texts::default();
        }
        Ok(state)
    }

    fn convert_to_state(
        &self,
        arguments: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let mut columns = Columns::of_arguments(arguments)?;
        if let Some(filter) = filter {
            let fails = |row| !(filter.is_valid(row) && filter.value(row));
            let fails: Vec<bool> = (0..filter.len()).map(fails).collect();
            columns = columns.without(&BooleanArray::from(fails))?;
        }
        Ok(columns.into_state())
    }

    fn size(&self) -> usize {
        self.times.capacity() * size_of::<(i64, i64)>()
            + (self.ties.capacity() + self.values.capacity()) * size_of::<u32>()
            + self.texts.size()
    }
}

impl Begins for Held {
    fn begin(&mut self) {
        let none = Columns { values: None, times: None, ties: StringViewArray::from(vec![""; 0]) };
        self.take(&none, &[], None, self.ties.len().max(1));
    }
}

#[cfg(test)]
mod tests;
