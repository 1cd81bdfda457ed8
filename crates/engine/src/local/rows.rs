//! Arrow batches as named, typed rows.

use chrono::{DateTime, SecondsFormat};
use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Float64Type, Int64Type, Schema, TimeUnit, TimestampMillisecondType,
};
use datafusion::error::DataFusionError;
use octolake_reports::{Table, Value};

/// The rows of batches under the names of a schema.
pub(super) fn table(schema: &Schema, batches: &[RecordBatch]) -> Result<Table, DataFusionError> {
    let columns = schema.fields().iter().map(|field| field.name().clone()).collect();
    let mut rows = vec![];
    for batch in batches {
        let columns: Vec<Vec<Value>> =
            batch.columns().iter().map(values).collect::<Result<_, _>>()?;
        let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
        rows.extend((0..batch.num_rows()).map(|_| {
            columns.iter_mut().map(|column| column.next().unwrap_or(Value::Null)).collect()
        }));
    }
    Ok(Table { columns, rows })
}

fn values(column: &ArrayRef) -> Result<Vec<Value>, DataFusionError> {
    let nullable =
        |place: usize, value: Value| if column.is_null(place) { Value::Null } else { value };
    let all = 0..column.len();
    Ok(match column.data_type() {
        DataType::Null => vec![Value::Null; column.len()],
        DataType::Boolean => {
            let array = column.as_boolean();
            all.map(|place| nullable(place, Value::Boolean(array.value(place)))).collect()
        }
        kind if kind.is_integer() => {
            let array = cast(column, &DataType::Int64)?;
            let array = array.as_primitive::<Int64Type>();
            all.map(|place| nullable(place, Value::Integer(array.value(place)))).collect()
        }
        kind if kind.is_numeric() => {
            let array = cast(column, &DataType::Float64)?;
            let array = array.as_primitive::<Float64Type>();
            all.map(|place| nullable(place, Value::Double(array.value(place)))).collect()
        }
        DataType::Timestamp(_, zone) => {
            let array = cast(column, &DataType::Timestamp(TimeUnit::Millisecond, zone.clone()))?;
            let array = array.as_primitive::<TimestampMillisecondType>();
            all.map(|place| nullable(place, time(array.value(place)))).collect()
        }
        _ => {
            let array = cast(column, &DataType::Utf8)?;
            let array = array.as_string::<i32>();
            all.map(|place| nullable(place, Value::Text(array.value(place).to_owned()))).collect()
        }
    })
}

fn time(milliseconds: i64) -> Value {
    let at = DateTime::from_timestamp_millis(milliseconds);
    at.map_or(Value::Null, |at| Value::Text(at.to_rfc3339_opts(SecondsFormat::AutoSi, true)))
}
