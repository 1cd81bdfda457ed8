//! Functions that make a text mean here what it means on Trino, and those for JSON.
//!
//! | function | why |
//! |---|---|
//! | `to_unixtime(t)` | the engine's own cuts off the fraction of a second |
//! | `json_extract_scalar(json, '$.a.b[0]')` | Trino's way into a payload; the engine has none |
//! | `split(text, delimiter)` | the engine calls it otherwise |
//! | `regexp_replace(text, pattern, by)` | the engine's own replaces the first match, and Trino's each |
//! | `lower(text)` | the engine's own looks at the letters around `Σ`, and makes two of `İ` |
//! | `max_by(x, row(a, b, x))`, `min_by` | the engine has neither |
//! | `max(text)`, `min(text)` | the engine's own hold a text for each group, and ours each text once |
//! | `draft_times(…)` | when a pull request was a draft, in one reading of what SQL reads three times |
//! | `sorted_values(x)` | numbers in their order, which Trino's `array_sort(array_agg(x))` costs more to say |
//! | `json_get…`, `->`, `->>` | of `datafusion-functions-json`; Trino has none of these |
//! | `repeat`, `lpad`, `array_repeat`, `range`, … | the engine's own, guarded: a few letters of SQL must not make gigabytes |

mod draft_times;
mod extreme;
mod grouped;
mod guarded;
mod json_extract_scalar;
mod lower;
mod regexp_replace;
mod single;
mod sorted_values;
mod to_unixtime;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::FunctionRegistry as _;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use datafusion::prelude::SessionContext;

/// Registers all of them; ours replace the engine's own of the same name.
pub(super) fn register(context: &mut SessionContext) -> Result<()> {
    datafusion_functions_json::register_all(context)?;
    let split = context.udf("string_to_array")?.as_ref().clone().with_aliases(["split"]);
    let regexp_replace = regexp_replace::RegexpReplace::new(context.udf("regexp_replace")?);
    let lower = lower::Lower::new(context.udf("lower")?);
    for function in [
        ScalarUDF::from(to_unixtime::ToUnixtime::new()),
        ScalarUDF::from(json_extract_scalar::JsonExtractScalar::new()),
        ScalarUDF::from(regexp_replace),
        ScalarUDF::from(lower),
        split,
    ] {
        context.register_udf(Arc::new(function))?;
    }
    for name in ["max", "min"] {
        let own = context.udaf(name)?;
        context.register_udaf(Arc::new(extreme::Extreme::of(own)))?;
    }
    for function in extreme::TextBy::both() {
        context.register_udaf(Arc::new(function))?;
    }
    context.register_udaf(Arc::new(AggregateUDF::from(draft_times::DraftTimes::new())))?;
    context.register_udaf(Arc::new(AggregateUDF::from(sorted_values::SortedValues::new())))?;
    guarded::register(context)
}
