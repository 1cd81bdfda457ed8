//! `regexp_replace(text, pattern, by)`: replaces each match, as on Trino. With flags as a fourth
//! argument, which Trino does not know, it is the engine's own.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

/// The function; see the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct RegexpReplace {
    inner: Arc<ScalarUDF>,
}

impl RegexpReplace {
    pub(super) fn new(inner: Arc<ScalarUDF>) -> Self {
        Self { inner }
    }
}

impl ScalarUDFImpl for RegexpReplace {
    fn name(&self) -> &str {
        "regexp_replace"
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arguments)
    }

    fn invoke_with_args(&self, mut arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if arguments.args.len() == 3 {
            let every = ScalarValue::Utf8(Some("g".to_owned()));
            arguments.arg_fields.push(Arc::new(Field::new("flags", DataType::Utf8, false)));
            arguments.args.push(ColumnarValue::Scalar(every));
        }
        self.inner.invoke_with_args(arguments)
    }
}
