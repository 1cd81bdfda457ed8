//! What is known of the deliveries in one file that has no block of them: its filters, its columns.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, RecordBatch};
use futures::TryStreamExt;
use object_store::ObjectStore;
use octolake_event::DeliveryId;
use octolake_tables::schema::name;
use parquet::bloom_filter::Sbbf;
use parquet::data_type::AsBytes;
use parquet::errors::ParquetError;

use crate::error::CompactError;
use crate::file_reader::{self, Opened};
use crate::known::IdFile;
use crate::texts::Texts;

/// The Bloom filters of a column, by row group.
#[derive(Debug)]
enum Filter {
    /// The file has no such column: an older version wrote it.
    NoColumn,
    /// A row group has none: anything may be in the file.
    Unknown,
    Groups(Vec<Sbbf>),
}

impl Filter {
    fn may_hold<T: AsBytes + ?Sized>(&self, value: &T) -> bool {
        match self {
            Self::NoColumn => false,
            Self::Unknown => true,
            Self::Groups(filters) => filters.iter().any(|filter| filter.check(value)),
        }
    }
}

/// The filters of a file on what deliveries are known by.
#[derive(Debug)]
pub(crate) struct Filters {
    ids: Filter,
    bodies: Filter,
}

impl Filters {
    /// Reads the filters of both columns, with one reading of the footer.
    pub(crate) async fn read(
        store: Arc<dyn ObjectStore>,
        file: &IdFile,
    ) -> Result<Self, ParquetError> {
        let mut opened = file_reader::open(store, &file.key, file.bytes).await?;
        let ids = read_filter(&mut opened, name::DELIVERY_ID).await?;
        let bodies = read_filter(&mut opened, name::PAYLOAD_HASH).await?;
        Ok(Self { ids, bodies })
    }

    /// Whether a delivery of this id may be in the file.
    pub(crate) fn may_hold_id(&self, id: &str) -> bool {
        self.ids.may_hold(id)
    }

    /// Whether a payload of this hash may be in the file.
    pub(crate) fn may_hold_body(&self, hash: i64) -> bool {
        self.bodies.may_hold(&hash)
    }
}

async fn read_filter(opened: &mut Opened, column: &str) -> Result<Filter, ParquetError> {
    let columns = opened.parquet_schema().columns();
    let Some(column) = columns.iter().position(|c| c.name() == column) else {
        return Ok(Filter::NoColumn);
    };
    let mut filters = Vec::new();
    for group in 0..opened.metadata().num_row_groups() {
        match opened.get_row_group_column_bloom_filter(group, column).await? {
            Some(filter) => filters.push(filter),
            None => return Ok(Filter::Unknown),
        }
    }
    Ok(Filter::Groups(filters))
}

/// Reads the delivery ids of a file, each as a number.
pub(crate) async fn read_ids(
    store: Arc<dyn ObjectStore>,
    file: &IdFile,
    mut each: impl FnMut(u128),
) -> Result<(), CompactError> {
    read_rows(store, file, &[name::DELIVERY_ID], |id, _| each(id)).await
}

/// Reads the deliveries of a file: ids, each with the hash of its payload where the row has one.
pub(crate) async fn read_deliveries(
    store: Arc<dyn ObjectStore>,
    file: &IdFile,
    each: impl FnMut(u128, Option<i64>),
) -> Result<(), CompactError> {
    read_rows(store, file, &[name::DELIVERY_ID, name::PAYLOAD_HASH], each).await
}

/// Reads the deliveries of a file: ids, and the hash of the payload where `columns` ask for it and
/// the row has one.
async fn read_rows(
    store: Arc<dyn ObjectStore>,
    file: &IdFile,
    columns: &[&str],
    mut each: impl FnMut(u128, Option<i64>),
) -> Result<(), CompactError> {
    let failed = |e| CompactError::parquet("read the ids of", &file.key, e);
    let mut batches =
        file_reader::columns(store, &file.key, file.bytes, columns).await.map_err(failed)?;
    while let Some(batch) = batches.try_next().await.map_err(failed)? {
        each_delivery(&batch, |id, body| {
            if let Some(id) = id {
                each(id, body);
            }
        });
    }
    Ok(())
}

/// The deliveries of some rows: ids, `None` where a row has none that can be read; and the hashes of
/// their payloads, where the rows have them.
pub(crate) fn each_delivery(batch: &RecordBatch, mut each: impl FnMut(Option<u128>, Option<i64>)) {
    let ids = Texts::of(batch, name::DELIVERY_ID);
    let bodies = batch.column_by_name(name::PAYLOAD_HASH);
    let bodies = bodies.and_then(|column| column.as_primitive_opt::<Int64Type>());
    for row in 0..batch.num_rows() {
        let id = ids.and_then(|ids| ids.id(row)).map(DeliveryId::as_u128);
        let body = bodies.filter(|bodies| bodies.is_valid(row)).map(|bodies| bodies.value(row));
        each(id, body);
    }
}
