//! Functions whose result can be larger than their arguments without bound, behind a check of how
//! large it would be.
//!
//! A function makes its result outside the engine's memory pool: `repeat('x', 2000000000)` would
//! have its gigabytes before anyone counts them. From the arguments of these functions the size of
//! the result is known, so it is computed first, and a call that would make more than [`MOST`] is
//! refused in a sentence. What grows by steps (`||`, `replace`, `string_agg`) is the business of
//! the caller's own watch.
//!
//! A guarded function is volatile to the planner, though its result depends on its arguments alone:
//! the planner would otherwise compute it once for one row, and then keep and copy the result for
//! each row of a batch, where no guard sees it.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, IntervalMonthDayNanoArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, FieldRef, IntervalUnit, TimeUnit};
use datafusion::common::{Result, exec_err};
use datafusion::execution::FunctionRegistry as _;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};
use datafusion::prelude::SessionContext;

use crate::size;

/// The most bytes that one call may make, for all rows of a batch.
const MOST: u64 = 64_000_000;

/// The most bytes of a result that the planner computes and keeps.
const MOST_CONSTANT: u64 = 1_000_000;

/// How many bytes a call makes for a row.
type Estimate = fn(&[Argument], usize) -> u64;

/// The functions, and how to tell the size of their results. Padding stays constant to the planner:
/// the views pad numbers to sort them, and their plans are to stay as good.
const GROWING: [(&str, Volatility, Estimate); 7] = [
    ("repeat", Volatility::Volatile, repeated_text),
    ("array_repeat", Volatility::Volatile, repeated_element),
    ("array_resize", Volatility::Volatile, resized),
    ("range", Volatility::Volatile, series),
    ("generate_series", Volatility::Volatile, series),
    ("lpad", Volatility::Immutable, padded),
    ("rpad", Volatility::Immutable, padded),
];

/// Puts the guarded functions in the place of the engine's own.
pub(super) fn register(context: &mut SessionContext) -> Result<()> {
    for (name, volatility, estimate) in GROWING {
        let inner = context.udf(name)?;
        let signature = Signature { volatility, ..inner.signature().clone() };
        let guarded = ScalarUDF::from(Guarded { inner, signature, estimate });
        context.register_udf(Arc::new(guarded))?;
    }
    Ok(())
}

/// A function behind a check of how large its result would be.
#[derive(Debug)]
struct Guarded {
    inner: Arc<ScalarUDF>,
    signature: Signature,
    estimate: Estimate,
}

impl PartialEq for Guarded {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for Guarded {}

impl Hash for Guarded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl ScalarUDFImpl for Guarded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arguments)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.return_field_from_args(arguments)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let bytes = bytes_made(&call.args, call.number_rows, self.estimate)?;
        let is_constant = call.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let most = match self.signature.volatility {
            Volatility::Immutable if is_constant => MOST_CONSTANT,
            _ => MOST,
        };
        if bytes > most {
            let (name, rows) = (self.name(), call.number_rows);
            let (bytes, most) = (size(bytes), size(most));
            return exec_err!("{name} would make {bytes} for {rows} rows, and may make {most}");
        }
        self.inner.invoke_with_args(call)
    }
}

/// How many bytes a call makes in all. What is constant counts for each row: whoever reads a column
/// of it copies it as often.
fn bytes_made(arguments: &[ColumnarValue], rows: usize, estimate: Estimate) -> Result<u64> {
    let arguments = arguments.iter().map(Argument::new).collect::<Result<Vec<_>>>()?;
    if arguments.iter().all(|argument| argument.is_constant) {
        return Ok(estimate(&arguments, 0).saturating_mul(rows as u64));
    }
    Ok((0..rows).fold(0, |sum: u64, row| sum.saturating_add(estimate(&arguments, row))))
}

/// An argument of a call; a constant is held once.
struct Argument {
    values: ArrayRef,
    /// Its values as numbers: integers, the days of dates, the nanoseconds of timestamps.
    numbers: Option<Int64Array>,
    /// Its values as steps of time.
    steps: Option<IntervalMonthDayNanoArray>,
    is_constant: bool,
}

impl Argument {
    fn new(value: &ColumnarValue) -> Result<Self> {
        let is_constant = matches!(value, ColumnarValue::Scalar(_));
        let values = value.to_array(1)?;
        let nanoseconds = DataType::Timestamp(TimeUnit::Nanosecond, None);
        let (mut numbers, mut steps) = (None, None);
        match values.data_type() {
            DataType::Date32 | DataType::Date64 => {
                let days = cast(&cast(&values, &DataType::Date32)?, &DataType::Int32)?;
                numbers = Some(cast(&days, &DataType::Int64)?.as_primitive().clone());
            }
            DataType::Timestamp(_, _) => {
                let times = cast(&values, &nanoseconds)?;
                numbers = Some(cast(&times, &DataType::Int64)?.as_primitive().clone());
            }
            DataType::Interval(_) => {
                let kind = DataType::Interval(IntervalUnit::MonthDayNano);
                steps = Some(cast(&values, &kind)?.as_primitive().clone());
            }
            kind if kind.is_integer() => {
                numbers = Some(cast(&values, &DataType::Int64)?.as_primitive().clone());
            }
            _ => {}
        }
        Ok(Self { values, numbers, steps, is_constant })
    }

    fn is_date(&self) -> bool {
        matches!(self.values.data_type(), DataType::Date32 | DataType::Date64)
    }

    /// Where the value of a row stands; `None` where it is NULL.
    fn place(&self, row: usize) -> Option<usize> {
        let place = if self.is_constant { 0 } else { row };
        (self.values.is_valid(place) && *self.values.data_type() != DataType::Null).then_some(place)
    }

    fn number(&self, row: usize) -> Option<i128> {
        let numbers = self.numbers.as_ref()?;
        self.place(row).map(|place| numbers.value(place).into())
    }

    /// How often, or how many: nothing where it is NULL or negative.
    fn count(&self, row: usize) -> u64 {
        let number = self.number(row).unwrap_or_default().max(0);
        u64::try_from(number).unwrap_or(u64::MAX)
    }

    fn text(&self, row: usize) -> &str {
        let Some(place) = self.place(row) else { return "" };
        match self.values.data_type() {
            DataType::Utf8 => self.values.as_string::<i32>().value(place),
            DataType::LargeUtf8 => self.values.as_string::<i64>().value(place),
            DataType::Utf8View => self.values.as_string_view().value(place),
            _ => "",
        }
    }

    /// The bytes of a value when it is copied into another array. Of a text view only the view is.
    fn bytes(&self, row: usize) -> u64 {
        let Some(place) = self.place(row) else { return 1 };
        match self.values.data_type() {
            DataType::Utf8View | DataType::BinaryView => 16,
            DataType::Utf8 | DataType::LargeUtf8 => self.text(row).len() as u64 + 8,
            _ => {
                let bytes = self.values.slice(place, 1).to_data().get_slice_memory_size();
                bytes.map_or(8, |bytes| bytes as u64).max(8)
            }
        }
    }
}

fn repeated_text(arguments: &[Argument], row: usize) -> u64 {
    let [text, count, ..] = arguments else { return 0 };
    count.count(row).saturating_mul(text.text(row).len() as u64)
}

fn repeated_element(arguments: &[Argument], row: usize) -> u64 {
    let [element, count, ..] = arguments else { return 0 };
    // The function holds an index of eight bytes for each element too.
    count.count(row).saturating_mul(element.bytes(row).saturating_add(8))
}

fn resized(arguments: &[Argument], row: usize) -> u64 {
    let [_, count, rest @ ..] = arguments else { return 0 };
    let element = rest.first().map_or(8, |element| element.bytes(row));
    count.count(row).saturating_mul(element)
}

/// A text is padded with letters of at most four bytes.
fn padded(arguments: &[Argument], row: usize) -> u64 {
    let [text, length, rest @ ..] = arguments else { return 0 };
    let widest = if rest.first().is_none_or(|fill| fill.text(row).is_ascii()) { 1 } else { 4 };
    let padding = length.count(row).saturating_sub(text.text(row).chars().count() as u64);
    padding.saturating_mul(widest)
}

/// Numbers, days or times from the first to the second, by steps of the third.
fn series(arguments: &[Argument], row: usize) -> u64 {
    let number = |place: usize| arguments.get(place).and_then(|argument| argument.number(row));
    let (start, stop) = match arguments.len() {
        1 => (Some(0), number(0)),
        _ => (number(0), number(1)),
    };
    let step = match arguments.get(2) {
        Some(step) => step.number(row).or_else(|| interval(step, row, &arguments[0])),
        None => Some(1),
    };
    let (Some(start), Some(stop), Some(step)) = (start, stop, step) else { return 0 };
    if step == 0 || (stop - start).signum() == -step.signum() {
        return 0;
    }
    u64::try_from((stop - start) / step + 1).unwrap_or(u64::MAX).saturating_mul(8)
}

/// A step of time in the unit of the series: days for dates, else nanoseconds. A month is at least
/// 28 days.
fn interval(step: &Argument, row: usize, start: &Argument) -> Option<i128> {
    const DAY: i128 = 86_400_000_000_000;
    let steps = step.steps.as_ref()?;
    let step = step.place(row).map(|place| steps.value(place))?;
    let days = i128::from(step.months) * 28 + i128::from(step.days);
    Some(if start.is_date() { days } else { days * DAY + i128::from(step.nanoseconds) })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;

    use crate::{Engine, EventsTable};

    async fn ask(sql: &str) -> Result<String, String> {
        let engine = Engine::over(EventsTable::new(Arc::new(InMemory::new()), vec![])).unwrap();
        let batches = engine.collect(sql).await.map_err(|error| error.to_string())?;
        let text = datafusion::arrow::util::display::array_value_to_string(batches[0].column(0), 0);
        Ok(text.unwrap())
    }

    #[tokio::test]
    async fn a_call_that_would_make_gigabytes_is_refused() {
        for (call, would) in [
            ("length(repeat('x', 2000000000))", "repeat would make 2.0 GB for 1 rows"),
            ("repeat('日本', 100000000)", "repeat would make 600 MB for 1 rows"),
            ("repeat('x', 9223372036854775807)", "repeat would make 9223372.0 TB for 1 rows"),
            ("repeat(repeat('x', 1000000), 100)", "repeat would make 100 MB for 1 rows"),
            ("lpad('x', 1000000001)", "lpad would make 1.0 GB for 1 rows"),
            ("rpad('x', 1000000001, 'é')", "rpad would make 4.0 GB for 1 rows"),
            ("array_repeat(1, 1000000000)", "array_repeat would make 16 GB for 1 rows"),
            ("list_repeat(range(0, 1000), 1000000)", "array_repeat would make"),
            ("cardinality(range(0, 1000000000))", "range would make 8.0 GB for 1 rows"),
            ("range(1000000000)", "range would make 8.0 GB for 1 rows"),
            // As many bytes as can be counted.
            ("range(9223372036854775807)", "range would make 18446744.1 TB for 1 rows"),
            ("generate_series(10000000, 0, -1)", "generate_series would make 80 MB for 1 rows"),
            (
                "generate_series(timestamp '2000-01-01', timestamp '2020-01-01', interval '1 second')",
                "generate_series would make 5.0 GB for 1 rows",
            ),
            ("array_resize([1], 100000000, 1)", "array_resize would make 800 MB for 1 rows"),
        ] {
            let error = ask(&format!("select {call} as x")).await.unwrap_err();
            let said = format!("the query failed: Execution error: {would}");
            assert!(error.starts_with(&said), "{call}: {error}");
            let most = if call.contains("pad(") { "1.0 MB" } else { "64 MB" };
            assert!(error.ends_with(&format!("may make {most}")), "{error}");
        }
    }

    #[tokio::test]
    async fn rows_count_together() {
        for sql in [
            "select repeat('x', 1000000) as x from generate_series(1, 1000)",
            "select repeat('x', cast(value as int) * 1000) as x from generate_series(1, 1000)",
            "select lpad('x', cast(value as int) * 1000) as x from generate_series(1, 1000)",
            "select array_repeat(value, 10000) as x from generate_series(1, 1000)",
            "select range(0, 10000 * value) as x from generate_series(1, 1000)",
        ] {
            let error = ask(sql).await.unwrap_err();
            assert!(error.contains("for 1000 rows, and may make 64 MB"), "{error}");
        }
    }

    #[tokio::test]
    async fn what_is_small_is_as_before() {
        for (call, answer) in [
            ("repeat('ab', 3)", "ababab"),
            ("repeat('ab', -1)", ""),
            ("repeat(null, 3)", ""),
            ("length(repeat('x', 50000000))", "50000000"),
            ("lpad('7', 3, '0')", "007"),
            ("rpad('日', 3, 'é')", "日éé"),
            ("lpad('abc', 2)", "ab"),
            ("length(lpad('x', 900000))", "900000"),
            ("array_repeat(1, 3)", "[1, 1, 1]"),
            ("array_repeat('a', 2)", "[a, a]"),
            ("range(1, 4)", "[1, 2, 3]"),
            ("generate_series(3, 1, -1)", "[3, 2, 1]"),
            ("cardinality(range(0, 9223372036854775807, 4611686018427387904))", "2"),
            ("array_resize([1], 3, 7)", "[1, 7, 7]"),
            (
                "cardinality(generate_series(date '2026-01-01', date '2026-12-31', interval '1 month'))",
                "12",
            ),
        ] {
            assert_eq!(ask(&format!("select {call} as x")).await.unwrap(), answer, "{call}");
        }
    }
}
