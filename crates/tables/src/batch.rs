//! Rows → Arrow: the columns of one partition, filled row by row.

use std::fmt::Write;
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, Int64Builder, ListBuilder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType};

use crate::decode::{Row, Value};
use crate::plan::Plan;
use crate::schema::{self, name};

enum Column {
    Text(StringBuilder),
    Integer(Int64Builder),
    Boolean(BooleanBuilder),
    Time(TimestampMicrosecondBuilder),
    Labels(ListBuilder<StringBuilder>),
}

/// Where the columns stand that no payload member fills.
#[derive(Debug, Clone, Copy)]
struct Fixed {
    delivery_id: usize,
    received_at: usize,
    occurred_at: usize,
    source: usize,
    hook_id: usize,
    raw_key: usize,
    parse_issues: usize,
    origin: usize,
    payload_hash: usize,
    event_type_original: Option<usize>,
    payload: usize,
}

/// Rows of one partition on their way to a file.
pub struct BatchBuilder {
    plan: Arc<Plan>,
    fixed: Fixed,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
}

impl std::fmt::Debug for BatchBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BatchBuilder")
            .field("event_type", &self.plan.event_type)
            .field("rows", &self.rows)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl BatchBuilder {
    /// No rows yet.
    pub fn new(plan: Arc<Plan>) -> Self {
        Self::with_room(plan, 0)
    }

    /// No rows yet, and room for so many bytes of payload: they need not be copied while they grow.
    pub fn with_room(plan: Arc<Plan>, payload_bytes: usize) -> Self {
        let at = |name: &str| plan.column(name).unwrap_or_default();
        let fixed = Fixed {
            delivery_id: at(name::DELIVERY_ID),
            received_at: at(name::RECEIVED_AT),
            occurred_at: at(name::OCCURRED_AT),
            source: at(name::SOURCE),
            hook_id: at(name::HOOK_ID),
            raw_key: at(name::RAW_KEY),
            parse_issues: at(name::PARSE_ISSUES),
            origin: at(name::ORIGIN),
            payload_hash: at(name::PAYLOAD_HASH),
            event_type_original: plan.column(name::EVENT_TYPE_ORIGINAL),
            payload: at(name::PAYLOAD),
        };
        let mut columns: Vec<Column> =
            plan.schema.fields().iter().map(|f| Column::new(f.data_type())).collect();
        if let Some(column) = columns.get_mut(fixed.payload) {
            *column = Column::Text(StringBuilder::with_capacity(0, payload_bytes));
        }
        Self { plan, fixed, columns, rows: 0, bytes: 0 }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// About how many bytes of memory the rows take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many bytes of payload there are.
    pub fn payload_bytes(&self) -> usize {
        match self.columns.get(self.fixed.payload) {
            Some(Column::Text(builder)) => builder.values_slice().len(),
            _ => 0,
        }
    }

    /// The plan that its rows were decoded by.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Adds a row. `raw_key` is the object that it was read from.
    pub fn push(&mut self, row: &Row<'_>, raw_key: &str) {
        let fixed = self.fixed;
        let meta = &row.envelope.meta;
        let occurred = self.plan.occurred.iter().find_map(|column| row.values[*column].as_ref());
        for (at, (column, value)) in self.columns.iter_mut().zip(&row.values).enumerate() {
            if fixed.is_payload_member(at) {
                column.push(value.as_ref());
            }
        }
        self.text(fixed.delivery_id, Some(&[&meta.id.to_string()]));
        self.columns[fixed.received_at].integer(Some(meta.received_at.timestamp_micros()));
        self.columns[fixed.occurred_at].push(occurred);
        let source = row.envelope.source.as_ref();
        self.text(fixed.source, (!source.is_empty()).then_some(&[source]));
        let hook_id = meta.hook_id.as_ref().and_then(|id| id.parse().ok());
        self.columns[fixed.hook_id].integer(hook_id);
        self.text(fixed.raw_key, Some(&[raw_key]));
        let issues = self.issues(row);
        self.text(fixed.parse_issues, issues.as_deref().as_ref().map(std::slice::from_ref));
        self.text(fixed.origin, Some(&[row.origin().as_str()]));
        self.columns[fixed.payload_hash].integer(Some(row.payload_hash));
        if let Some(at) = fixed.event_type_original {
            self.text(at, Some(&[&row.envelope.detail_type]));
        }
        let payload = row.payload;
        self.text(fixed.payload, Some(&[payload.head, payload.tail]));
        self.rows += 1;
        // The payload is nearly all of it; every other column costs about its share of that.
        self.bytes += payload.len() + payload.len() / 16 + 8 * self.columns.len() + 128;
    }

    /// The rows as Arrow; the builder is empty again.
    pub fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        self.rows = 0;
        self.bytes = 0;
        let columns = self.columns.iter_mut().map(Column::finish).collect();
        RecordBatch::try_new(self.plan.schema.clone(), columns)
    }

    /// Appends a text that is given in pieces.
    fn text(&mut self, at: usize, pieces: Option<&[&str]>) {
        if let Column::Text(builder) = &mut self.columns[at] {
            match pieces {
                Some(pieces) => {
                    for piece in pieces {
                        // Writing into memory does not fail.
                        let _ = builder.write_str(piece);
                    }
                    builder.append_value("");
                }
                None => builder.append_null(),
            }
        }
    }

    fn issues(&self, row: &Row<'_>) -> Option<String> {
        let name = |column: &usize| self.plan.schema.field(*column).name().as_str();
        (!row.issues.is_empty()).then(|| row.issues.iter().map(name).collect::<Vec<_>>().join(","))
    }
}

impl Fixed {
    fn is_payload_member(&self, at: usize) -> bool {
        ![
            self.delivery_id,
            self.received_at,
            self.occurred_at,
            self.source,
            self.hook_id,
            self.raw_key,
            self.parse_issues,
            self.origin,
            self.payload_hash,
            self.payload,
        ]
        .contains(&at)
            && self.event_type_original != Some(at)
    }
}

impl Column {
    /// Without room at first: most columns of most batches are a few values, in dozens of batches.
    fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Int64 => Self::Integer(Int64Builder::with_capacity(0)),
            DataType::Boolean => Self::Boolean(BooleanBuilder::with_capacity(0)),
            DataType::Timestamp(..) => Self::Time(
                TimestampMicrosecondBuilder::with_capacity(0)
                    .with_data_type(schema::timestamp_type()),
            ),
            DataType::List(_) => Self::Labels(
                ListBuilder::with_capacity(StringBuilder::with_capacity(0, 0), 0)
                    .with_field(schema::label_field()),
            ),
            _ => Self::Text(StringBuilder::with_capacity(0, 0)),
        }
    }

    fn integer(&mut self, value: Option<i64>) {
        match self {
            Self::Integer(builder) => builder.append_option(value),
            Self::Time(builder) => builder.append_option(value),
            _ => {}
        }
    }

    fn push(&mut self, value: Option<&Value<'_>>) {
        match (self, value) {
            (Self::Text(builder), Some(Value::Text(text))) => builder.append_value(text),
            (Self::Text(builder), _) => builder.append_null(),
            (Self::Boolean(builder), Some(Value::Boolean(value))) => builder.append_value(*value),
            (Self::Boolean(builder), _) => builder.append_null(),
            (Self::Labels(builder), Some(Value::Labels(labels))) => {
                for label in labels {
                    builder.values().append_value(label);
                }
                builder.append(true);
            }
            (Self::Labels(builder), _) => builder.append(false),
            (number, Some(Value::Integer(value))) => number.integer(Some(*value)),
            (number, _) => number.integer(None),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => ArrayBuilder::finish(builder),
            Self::Integer(builder) => ArrayBuilder::finish(builder),
            Self::Boolean(builder) => ArrayBuilder::finish(builder),
            Self::Time(builder) => ArrayBuilder::finish(builder),
            Self::Labels(builder) => ArrayBuilder::finish(builder),
        }
    }
}
