//! The Arrow schemas that follow from [`crate::columns`]: of the table, and of one event type's
//! files.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use octolake_event::EventType;

use crate::columns::{self, Kind};

/// Columns that are told by a file's folder and are not in the file.
pub const PARTITION_COLUMNS: [&str; 2] = ["event_type", "date"];

/// The same of the projection, whose files hold the date.
pub const PROJECTED_PARTITION_COLUMNS: [&str; 2] = ["event_type", "month"];

/// Columns that code looks at by their names.
pub mod name {
    /// UTC date of the arrival.
    pub const DATE: &str = "date";
    /// The delivery's id: lower-case GUID text, unique in the lake.
    pub const DELIVERY_ID: &str = "delivery_id";
    /// When the endpoint had it, UTC.
    pub const RECEIVED_AT: &str = "received_at";
    /// When it happened, by the payload's own time, UTC.
    pub const OCCURRED_AT: &str = "occurred_at";
    /// The host that sent it.
    pub const SOURCE: &str = "source";
    /// The hook that it came by.
    pub const HOOK_ID: &str = "hook_id";
    /// The raw object that it was read from, relative to the lake.
    pub const RAW_KEY: &str = "raw_key";
    /// Comma-joined names of columns that are NULL because of an unexpected type.
    pub const PARSE_ISSUES: &str = "parse_issues";
    /// Who brought the row: a word of `octolake_event::Origin`.
    pub const ORIGIN: &str = "origin";
    /// XXH64 (seed 0) of the payload's bytes: finds the same body again under another id.
    pub const PAYLOAD_HASH: &str = "payload_hash";
    /// The host's number of the repository.
    pub const REPO_ID: &str = "repo_id";
    /// The repository's name: `owner/name`, as it was then.
    pub const REPO_FULL_NAME: &str = "repo_full_name";
    /// Who did it.
    pub const SENDER_LOGIN: &str = "sender_login";
    /// The event type as sent, where it cannot stand in a path (partition `_other` only).
    pub const EVENT_TYPE_ORIGINAL: &str = "event_type_original";
    /// The whole JSON as received, without `_delivery`.
    pub const PAYLOAD: &str = "payload";
}

/// The Arrow type of UTC moments in the lake.
pub fn timestamp_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The element of a list column; Delta and Parquet both call it `element`.
pub fn label_field() -> Arc<Field> {
    Arc::new(Field::new("element", DataType::Utf8, true))
}

/// The Arrow type of a column.
pub fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text => DataType::Utf8,
        Kind::Integer | Kind::Count => DataType::Int64,
        Kind::Boolean => DataType::Boolean,
        Kind::Timestamp | Kind::EarliestStart => timestamp_type(),
        Kind::Labels => DataType::List(label_field()),
    }
}

fn nullable(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

/// The columns of every file, before those of entities.
fn common_fields() -> Vec<Field> {
    let mut fields = vec![
        nullable(name::DELIVERY_ID, DataType::Utf8),
        nullable(name::RECEIVED_AT, timestamp_type()),
        nullable(name::OCCURRED_AT, timestamp_type()),
        nullable(name::SOURCE, DataType::Utf8),
        nullable(name::HOOK_ID, DataType::Int64),
    ];
    fields.extend(columns::COMMON.iter().map(|(name, _, kind)| nullable(name, data_type(*kind))));
    fields.push(nullable(name::RAW_KEY, DataType::Utf8));
    fields.push(nullable(name::PARSE_ISSUES, DataType::Utf8));
    fields.push(nullable(name::ORIGIN, DataType::Utf8));
    fields.push(nullable(name::PAYLOAD_HASH, DataType::Int64));
    fields
}

fn entity_fields(entity: &columns::Entity) -> impl Iterator<Item = Field> + '_ {
    entity.columns().map(|(name, _, kind)| nullable(&name, data_type(kind)))
}

/// The schema of the table: every column, the partition columns behind the first one. Every field
/// is nullable, since a file need only hold the columns that its event type uses.
pub fn table_schema() -> SchemaRef {
    let mut fields = common_fields();
    fields.insert(1, nullable("event_type", DataType::Utf8));
    fields.insert(2, nullable("date", DataType::Date32));
    fields.push(nullable(name::EVENT_TYPE_ORIGINAL, DataType::Utf8));
    fields.extend(columns::ENTITIES.iter().flat_map(|entity| entity_fields(entity)));
    // Last, so that a reader of `select *` sees the short columns first.
    fields.push(nullable(name::PAYLOAD, DataType::Utf8));
    Arc::new(Schema::new(fields))
}

/// The schema of the files of one event type.
pub fn file_schema(event_type: &EventType) -> SchemaRef {
    let mut fields = common_fields();
    if event_type.is_other() {
        fields.push(nullable(name::EVENT_TYPE_ORIGINAL, DataType::Utf8));
    }
    if let Some(event) = columns::event(event_type.as_str()) {
        fields.extend(event.entities.iter().flat_map(|entity| entity_fields(entity)));
    }
    fields.push(nullable(name::PAYLOAD, DataType::Utf8));
    Arc::new(Schema::new(fields))
}

/// The schema of the projection: every column of the table but the payload, and the month.
pub fn projection_schema() -> SchemaRef {
    let table = table_schema();
    let mut fields: Vec<Arc<Field>> =
        table.fields().iter().filter(|field| field.name() != name::PAYLOAD).cloned().collect();
    fields.insert(2, Arc::new(nullable("month", DataType::Utf8)));
    Arc::new(Schema::new(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_projection_has_all_but_the_payload() {
        let (table, projection) = (table_schema(), projection_schema());
        assert_eq!(projection.fields().len(), table.fields().len());
        assert!(projection.field_with_name("payload").is_err());
        for name in ["delivery_id", "date", "month", "workflow_job_started_at"] {
            assert!(projection.field_with_name(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn the_table_has_the_columns_of_the_contract() {
        let schema = table_schema();
        for name in
            "delivery_id event_type date action received_at occurred_at source hook_id org_login \
             repo_id repo_full_name sender_login sender_type installation_id raw_key payload \
             origin payload_hash"
                .split_whitespace()
        {
            assert!(schema.field_with_name(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_file_holds_a_part_of_the_table_with_the_same_types() {
        let table = table_schema();
        for event_type in ["push", "workflow_job", "pull_request_review", "star", "../x"] {
            let schema = file_schema(&EventType::partition_of(event_type));
            for field in schema.fields() {
                assert_eq!(table.field_with_name(field.name()).unwrap(), field.as_ref());
            }
            for partition in PARTITION_COLUMNS {
                assert!(schema.field_with_name(partition).is_err());
            }
        }
        let star = file_schema(&EventType::partition_of("star"));
        assert!(star.field_with_name("workflow_job_id").is_err());
    }
}
