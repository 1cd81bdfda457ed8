//! `to_unixtime(t)`: seconds since the epoch as a double, with the fraction, as Trino has it.

use std::sync::Arc;

use datafusion::arrow::array::Float64Array;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::Result;
use datafusion::common::cast::as_timestamp_microsecond_array;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

/// The function; see the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ToUnixtime {
    signature: Signature,
}

impl ToUnixtime {
    pub(super) fn new() -> Self {
        Self { signature: Signature::new(TypeSignature::Any(1), Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for ToUnixtime {
    fn name(&self) -> &str {
        "to_unixtime"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let times = ColumnarValue::values_to_arrays(&arguments.args)?.remove(0);
        let zone = match times.data_type() {
            DataType::Timestamp(_, zone) => zone.clone(),
            _ => None,
        };
        let times = cast(&times, &DataType::Timestamp(TimeUnit::Microsecond, zone))?;
        let micros = as_timestamp_microsecond_array(&times)?;
        // Division is exact to the last bit of a double, multiplication by 1e-6 is not.
        let seconds: Float64Array = micros.unary(|micros| micros as f64 / 1e6);
        Ok(ColumnarValue::Array(Arc::new(seconds)))
    }
}
