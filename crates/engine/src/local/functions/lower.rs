//! `lower(text)`: each letter by itself, as on Trino. The engine's own looks at the letters around `Σ`,
//! and makes two of `İ`: the same label would be two.

use std::sync::Arc;

use datafusion::arrow::array::StringArray;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::cast::as_string_array;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

/// The function; see the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Lower {
    inner: Arc<ScalarUDF>,
}

impl Lower {
    pub(super) fn new(inner: Arc<ScalarUDF>) -> Self {
        Self { inner }
    }
}

impl ScalarUDFImpl for Lower {
    fn name(&self) -> &str {
        "lower"
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arguments)
    }

    fn invoke_with_args(&self, mut arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let argument = arguments.args.remove(0);
        arguments.args.insert(0, by_itself(argument)?);
        self.inner.invoke_with_args(arguments)
    }
}

/// The texts with the two letters in small already of which the engine's own makes something else.
fn by_itself(texts: ColumnarValue) -> Result<ColumnarValue> {
    let is_scalar = matches!(texts, ColumnarValue::Scalar(_));
    let array = texts.to_array(1)?;
    let plain = cast(&array, &DataType::Utf8)?;
    let plain = as_string_array(&plain)?;
    if !plain.iter().flatten().any(|text| text.contains(['İ', 'Σ'])) {
        return Ok(texts);
    }
    let mapped: StringArray = plain
        .iter()
        .map(|text| text.map(|text| text.replace('İ', "i").replace('Σ', "σ")))
        .collect();
    let mapped = cast(&mapped, array.data_type())?;
    if is_scalar {
        let value = datafusion::common::ScalarValue::try_from_array(&mapped, 0)?;
        return Ok(ColumnarValue::Scalar(value));
    }
    Ok(ColumnarValue::Array(mapped))
}
