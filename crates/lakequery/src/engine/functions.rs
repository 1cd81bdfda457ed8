//! Functions that make a text mean here what it means on Trino, and those for JSON.
//!
//! | function | why |
//! |---|---|
//! | `to_unixtime(t)` | the engine's own cuts off the fraction of a second |
//! | `json_extract_scalar(json, '$.a.b[0]')` | Trino's way into a payload; the engine has none |
//! | `json_get…`, `->`, `->>` | of `datafusion-functions-json`; Trino has none of these |
//! | `repeat`, `lpad`, `array_repeat`, `range`, … | the engine's own, guarded: a few letters of SQL must not make gigabytes |

mod guarded;
mod json_extract_scalar;
mod to_unixtime;

use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::SessionContext;

/// Registers all of them; ours replace the engine's own of the same name.
pub(super) fn register(context: &mut SessionContext) -> Result<()> {
    datafusion_functions_json::register_all(context)?;
    context.register_udf(ScalarUDF::from(to_unixtime::ToUnixtime::new()));
    context.register_udf(ScalarUDF::from(json_extract_scalar::JsonExtractScalar::new()));
    guarded::register(context)
}
