//! What is known of the deliveries in one file: filters first, its rows where they must be.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use futures::TryStreamExt;
use object_store::ObjectStore;
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

/// Every delivery of a file, by id and by body.
#[derive(Debug)]
pub(super) struct Rows {
    /// Ids with the hash of their payload, where the row has one; sorted.
    ids: Vec<(u128, Option<i64>)>,
    /// The hashes, sorted.
    bodies: Vec<i64>,
}

impl Rows {
    pub(super) async fn read(
        store: Arc<dyn ObjectStore>,
        file: &IdFile,
    ) -> Result<Self, CompactError> {
        let said = usize::try_from(file.rows).unwrap_or_default();
        let mut rows = Self { ids: Vec::with_capacity(said), bodies: Vec::with_capacity(said) };
        read_deliveries(store, file, |id, body| {
            rows.ids.push((id, body));
            rows.bodies.extend(body);
        })
        .await?;
        rows.ids.sort_unstable();
        rows.bodies.sort_unstable();
        Ok(rows)
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The hash of a delivery's payload; `None` where the file does not hold the delivery.
    pub(super) fn body_of(&self, id: u128) -> Option<Option<i64>> {
        let at = self.ids.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.ids.get(at).map(|(_, body)| *body)
    }

    pub(super) fn holds_body(&self, hash: i64) -> bool {
        self.bodies.binary_search(&hash).is_ok()
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
        let Some(ids) = Texts::of(&batch, name::DELIVERY_ID) else { continue };
        let bodies = batch
            .column_by_name(name::PAYLOAD_HASH)
            .and_then(|c| c.as_primitive_opt::<Int64Type>());
        let mut bodies = bodies.into_iter().flatten();
        for row in 0..batch.num_rows() {
            let body = bodies.next().flatten();
            if let Some(id) = ids.id(row) {
                each(id.as_u128(), body);
            }
        }
    }
    Ok(())
}
