//! `max_by(text, row(number, number, text))` and `min_by`, and `max` and `min` of texts.
//!
//! Trino has the first two and the engine does not: the text of the row whose key is the greatest,
//! or the least. The key is two whole numbers, such as when something happened and when it arrived,
//! and a text that decides between rows in which both are the same, since on Trino chance would. A
//! row whose key has a NULL is passed over; a NULL text is one like others.
//!
//! The engine has the other two. Ours answer the same and keep each different text once, where the
//! engine's own keep one for each group: of a million jobs it is a few hundred names.

mod held;
mod texts;

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, SetMonotonicity,
    Signature, StatisticsArgs, Volatility,
};

use self::held::{Held, Wanted};
use super::single::Single;

/// `max_by` or `min_by`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct TextBy {
    wanted: Wanted,
    signature: Signature,
}

impl TextBy {
    /// Both.
    pub(super) fn both() -> [AggregateUDF; 2] {
        [Wanted::Greatest, Wanted::Least].map(|wanted| {
            let signature = Signature::user_defined(Volatility::Immutable);
            AggregateUDF::from(Self { wanted, signature })
        })
    }
}

/// Whether the engine holds such values as texts.
fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// The type of a key: its names are of no matter, and keep those of the row that is given.
fn key_type(given: &DataType) -> Option<DataType> {
    let DataType::Struct(fields) = given else { return None };
    let [first, second, tie] = fields.as_ref() else { return None };
    if !first.data_type().is_integer()
        || !second.data_type().is_integer()
        || !is_text(tie.data_type())
    {
        return None;
    }
    let kinds = [DataType::Int64, DataType::Int64, DataType::Utf8View];
    let fields = fields.iter().zip(kinds);
    let fields = fields.map(|(field, kind)| Arc::new(field.as_ref().clone().with_data_type(kind)));
    Some(DataType::Struct(fields.collect()))
}

impl AggregateUDFImpl for TextBy {
    fn name(&self) -> &str {
        match self.wanted {
            Wanted::Greatest => "max_by",
            Wanted::Least => "min_by",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let name = self.name();
        match given {
            [text, key] if is_text(text) || text.is_null() => match key_type(key) {
                Some(key) => Ok(vec![DataType::Utf8View, key]),
                None => plan_err!("{name} orders by row(whole number, whole number, text)"),
            },
            _ => plan_err!("{name} takes a text and row(whole number, whole number, text)"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let parts = [
            ("text", DataType::Utf8View),
            ("first", DataType::Int64),
            ("second", DataType::Int64),
            ("tie", DataType::Utf8View),
        ];
        let name = |part| format_state_name(arguments.name, part);
        let fields = parts.map(|(part, kind)| Arc::new(Field::new(name(part), kind, true)));
        Ok(fields.into())
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Single(Held::by(self.wanted))))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Held::by(self.wanted)))
    }
}

/// `max` or `min`: the engine's own but for how it holds the texts of groups.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Extreme {
    wanted: Wanted,
    inner: Arc<AggregateUDF>,
}

impl Extreme {
    /// The engine's own function, `max` or `min`, with texts held as ours does.
    pub(super) fn of(inner: Arc<AggregateUDF>) -> AggregateUDF {
        let wanted = if inner.name() == "max" { Wanted::Greatest } else { Wanted::Least };
        AggregateUDF::from(Self { wanted, inner })
    }
}

impl AggregateUDFImpl for Extreme {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(given)
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        self.inner.return_type(given)
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.inner.accumulator(arguments)
    }

    fn create_sliding_accumulator(
        &self,
        arguments: AccumulatorArgs,
    ) -> Result<Box<dyn Accumulator>> {
        self.inner.inner().create_sliding_accumulator(arguments)
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs) -> bool {
        self.inner.groups_accumulator_supported(arguments)
    }

    fn create_groups_accumulator(
        &self,
        arguments: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        if *arguments.return_field.data_type() == DataType::Utf8View {
            return Ok(Box::new(Held::of(self.wanted)));
        }
        self.inner.create_groups_accumulator(arguments)
    }

    fn value_from_stats(&self, arguments: &StatisticsArgs) -> Option<ScalarValue> {
        self.inner.value_from_stats(arguments)
    }

    fn is_descending(&self) -> Option<bool> {
        self.inner.is_descending()
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.order_sensitivity()
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.inner.inner().set_monotonicity(data_type)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }
}
