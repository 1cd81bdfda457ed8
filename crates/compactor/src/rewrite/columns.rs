//! The columns of rewritten files: ours, and whatever others have added.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, new_null_array};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use octolake_event::EventType;
use octolake_tables::schema::{self, PARTITION_COLUMNS};
use parquet::file::metadata::ParquetMetaData;

use super::census::count;
use crate::file_reader::{Whole, as_read};

/// The columns of files that are made of others.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    /// As they are written.
    pub(crate) written: SchemaRef,
    /// As they are held in memory: texts as views.
    held: SchemaRef,
}

impl Columns {
    /// Those of the event type, and those that only the inputs have: a newer version or another
    /// engine wrote them. One that holds nothing in any of the inputs is left out: an engine that
    /// rewrites a file gives it every column of the table.
    pub(crate) fn of<'w>(event_type: &EventType, inputs: impl Iterator<Item = &'w Whole>) -> Self {
        let ours = schema::file_schema(event_type);
        let table = schema::table_schema();
        let mut others: BTreeMap<String, Field> = BTreeMap::new();
        for input in inputs {
            for (number, field) in input.schema().fields().iter().enumerate() {
                let name = field.name();
                let is_known = ours.field_with_name(name).is_ok() || others.contains_key(name);
                if !is_known && !is_partition(name) && !is_empty(input.metadata(), number) {
                    let data_type = match table.field_with_name(name) {
                        Ok(ours) => ours.data_type().clone(),
                        Err(_) => as_written(field.data_type()),
                    };
                    others.insert(name.clone(), Field::new(name, data_type, true));
                }
            }
        }
        // The payload stays the last.
        let mut fields: Vec<Arc<Field>> = ours.fields().to_vec();
        let last = fields.pop();
        fields.extend(others.into_values().map(Arc::new));
        fields.extend(last);
        let held: Fields = fields
            .iter()
            .map(|it| it.as_ref().clone().with_data_type(as_read(it.data_type())))
            .collect();
        Self { written: Arc::new(Schema::new(fields)), held: Arc::new(Schema::new(held)) }
    }

    /// Those of them that a projection has: the payload is none of them.
    pub(crate) fn without_payload(&self) -> Self {
        self.only(|name| name != schema::name::PAYLOAD)
    }

    /// Those of these names.
    pub(crate) fn only(&self, is_meant: impl Fn(&str) -> bool) -> Self {
        let is_kept = |field: &&Arc<Field>| is_meant(field.name());
        let kept = |of: &SchemaRef| {
            let fields: Vec<Arc<Field>> = of.fields().iter().filter(is_kept).cloned().collect();
            Arc::new(Schema::new(fields))
        };
        Self { written: kept(&self.written), held: kept(&self.held) }
    }

    /// The same rows with these columns: those that a file lacks are NULL, those of another type are
    /// cast.
    ///
    /// # Errors
    /// In words: a value would not be the same.
    pub(crate) fn conform(&self, batch: &RecordBatch) -> Result<RecordBatch, String> {
        let schema = batch.schema();
        let unknown = schema.fields().iter().zip(batch.columns()).find(|(field, column)| {
            let is_kept = self.held.field_with_name(field.name()).is_ok();
            !is_kept && !is_partition(field.name()) && count(column) > 0
        });
        if let Some((field, _)) = unknown {
            return Err(format!("column {} is not as its file's footer says", field.name()));
        }
        self.chosen(batch)
    }

    /// These columns of the rows, whatever others there are.
    ///
    /// # Errors
    /// In words: a value would not be the same.
    pub(crate) fn chosen(&self, batch: &RecordBatch) -> Result<RecordBatch, String> {
        let columns =
            self.held.fields().iter().map(|field| match batch.column_by_name(field.name()) {
                Some(column) => cast(column, field.data_type())
                    .map_err(|reason| format!("column {}: {reason}", field.name())),
                None => Ok(new_null_array(field.data_type(), batch.num_rows())),
            });
        let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
        RecordBatch::try_new(self.held.clone(), columns).map_err(|error| error.to_string())
    }
}

fn is_partition(name: &str) -> bool {
    PARTITION_COLUMNS.contains(&name)
}

/// Whether the footer says that a column holds nothing but NULL.
pub(crate) fn is_empty(metadata: &ParquetMetaData, number: usize) -> bool {
    let file = metadata.file_metadata().schema_descr();
    let is_of_it = |leaf: &usize| file.get_column_root_idx(*leaf) == number;
    let Some(leaf) = (0..file.num_columns()).find(is_of_it) else { return false };
    if metadata.row_groups().iter().all(|group| group.num_rows() == 0) {
        return true;
    }
    // Of a list or a struct the footer counts other NULLs too.
    if !file.get_column_root(leaf).is_primitive() {
        return false;
    }
    metadata.row_groups().iter().all(|group| {
        let statistics = group.columns().get(leaf).and_then(|column| column.statistics());
        let nulls = statistics.and_then(|statistics| statistics.null_count_opt());
        nulls.and_then(|nulls| i64::try_from(nulls).ok()) == Some(group.num_rows())
    })
}

/// The type that another's column is written as.
fn as_written(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        other => other.clone(),
    }
}

/// A column as another type, each value the same.
fn cast(column: &ArrayRef, to: &DataType) -> Result<ArrayRef, String> {
    let from = column.data_type();
    match from {
        _ if from == to => return Ok(column.clone()),
        DataType::Null => return Ok(new_null_array(to, column.len())),
        _ => {}
    }
    let strictly = CastOptions { safe: false, ..CastOptions::default() };
    let cast = cast_with_options(column, to, &strictly).map_err(|error| error.to_string())?;
    // Casts round, cut and wrap silently: what can be undone did none of that.
    let undone = cast_with_options(&cast, from, &strictly).map_err(|error| error.to_string())?;
    if undone.as_ref() != column.as_ref() {
        return Err(format!("{from} cannot be made {to} without loss"));
    }
    Ok(cast)
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_array::{Array, Float64Array, Int64Array, StringViewArray, TimestampNanosecondArray};

    use super::*;

    fn columns(fields: Vec<Field>) -> Columns {
        let schema = Arc::new(Schema::new(fields));
        Columns { written: schema.clone(), held: schema }
    }

    fn wanted(name: &str, data_type: DataType) -> Columns {
        columns(vec![Field::new(name, data_type, true)])
    }

    fn batch(name: &str, column: impl Array + 'static) -> RecordBatch {
        let column: ArrayRef = Arc::new(column);
        RecordBatch::try_from_iter_with_nullable([(name, column, true)]).unwrap()
    }

    #[test]
    fn a_column_of_another_type_is_cast_and_never_dropped() {
        let rows = batch("x", StringViewArray::from(vec![Some("a"), None]));
        let conformed = wanted("x", DataType::Utf8).conform(&rows).unwrap();
        let texts: Vec<_> = conformed.column(0).as_string::<i32>().iter().collect();
        assert_eq!(texts, [Some("a"), None]);
        let error = wanted("x", DataType::Int64).conform(&rows).unwrap_err();
        assert!(error.starts_with("column x: ") && error.contains("'a'"), "{error}");
    }

    #[test]
    fn a_column_that_a_file_lacks_is_null_and_one_that_was_overlooked_is_an_error() {
        let rows = batch("y", Int64Array::from(vec![1]));
        let both = columns(vec![
            Field::new("x", DataType::Utf8, true),
            Field::new("y", DataType::Int64, true),
        ]);
        assert_eq!(both.conform(&rows).unwrap().column(0).null_count(), 1);
        let error = wanted("x", DataType::Utf8).conform(&rows).unwrap_err();
        assert_eq!(error, "column y is not as its file's footer says");
    }

    #[test]
    fn a_cast_that_loses_something_is_an_error() {
        let whole = wanted("x", DataType::Int64);
        assert!(whole.conform(&batch("x", Float64Array::from(vec![2.0]))).is_ok());
        let error = whole.conform(&batch("x", Float64Array::from(vec![2.5]))).unwrap_err();
        assert_eq!(error, "column x: Float64 cannot be made Int64 without loss");
        let moments = wanted("x", schema::timestamp_type());
        let spark = |nanoseconds| batch("x", TimestampNanosecondArray::from(vec![nanoseconds]));
        assert!(moments.conform(&spark(1_772_445_600_000_001_000)).is_ok());
        assert!(moments.conform(&spark(1_772_445_600_000_000_001)).is_err());
    }
}
