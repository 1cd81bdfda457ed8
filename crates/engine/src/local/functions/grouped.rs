//! What our aggregates of groups have in common.

use datafusion::arrow::array::{Array as _, BooleanArray};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::logical_expr::EmitTo;

/// Whether a row is meant, by the filter of the call.
pub(super) fn passes(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

/// The number of a group: there are not four billion of them in memory.
pub(super) fn number(group: usize) -> Result<u32> {
    u32::try_from(group).map_err(|_| internal_datafusion_err!("group {group}"))
}

/// How many groups are handed out, of so many.
pub(super) fn handed_out(emit: EmitTo, all: usize) -> usize {
    match emit {
        EmitTo::First(count) => count,
        EmitTo::All => all,
    }
}
