//! `draft_times(told_at, later, turn, draft, arrived_ms, created_at, merged_at)`: when a pull request
//! was a draft, by the columns of those names of the query `pull_deliveries`; what that means:
//! [`octolake_reports::drafts`]. Trino has no such function: there the queries `pull_turns` and
//! `pull_drafts` say the same.
//!
//! Its answer is a row of `opened_as_draft` (1 or 0), `first_ready_at`, `ready_at`, `draft_ms`,
//! `is_ready_told`, `is_draft_told` and `is_first_ready_told`. A delivery of which nothing says when
//! it was told is passed over.

mod held;

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDFImpl, GroupsAccumulator, Signature, Volatility,
};
use octolake_tables::schema::timestamp_type;

use self::held::Held;
use super::single::Single;

/// The function; see the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct DraftTimes {
    signature: Signature,
}

impl DraftTimes {
    pub(super) fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

/// The columns of an answer.
fn answer_fields() -> Fields {
    let columns = [
        ("opened_as_draft", DataType::Int64),
        ("first_ready_at", timestamp_type()),
        ("ready_at", timestamp_type()),
        ("draft_ms", DataType::Int64),
        ("is_ready_told", DataType::Boolean),
        ("is_draft_told", DataType::Boolean),
        ("is_first_ready_told", DataType::Boolean),
    ];
    columns.into_iter().map(|(name, kind)| Field::new(name, kind, true)).collect()
}

impl AggregateUDFImpl for DraftTimes {
    fn name(&self) -> &str {
        "draft_times"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let number = DataType::Int64;
        let time = timestamp_type();
        let wanted = [&time, &number, &number, &number, &number, &time, &time];
        let fits = |(given, wanted): (&DataType, &&DataType)| {
            given.is_null()
                || match wanted {
                    DataType::Int64 => given.is_integer(),
                    _ => matches!(given, DataType::Timestamp(..)),
                }
        };
        if given.len() != wanted.len() || !given.iter().zip(&wanted).all(fits) {
            return plan_err!(
                "draft_times takes a time, four whole numbers and two times: told_at, later, turn, \
                 draft, arrived_ms, created_at, merged_at"
            );
        }
        Ok(wanted.into_iter().cloned().collect())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(answer_fields()))
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let parts = [
            ("told", DataType::LargeBinary),
            ("created", DataType::Int64),
            ("merged", DataType::Int64),
        ];
        let name = |part| format_state_name(arguments.name, part);
        let fields = parts.map(|(part, kind)| Arc::new(Field::new(name(part), kind, true)));
        Ok(fields.into())
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
