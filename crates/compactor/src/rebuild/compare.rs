//! Two tables of one lake, row by row.
//!
//! A row is held as its id and one number, which all of its columns go into but `raw_key`: of a
//! delivery that came twice, either record may have been first. NULL and a missing column are alike.
//!
//! Memory: a share of the rows of each table at once ([`Share`]).

use std::hash::Hasher;

use arrow_array::RecordBatch;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use octolake_event::{DeliveryId, layout};
use octolake_lake::{LiveFile, Table};
use octolake_store::Lake;
use octolake_tables::schema::name;
use serde::Serialize;
use twox_hash::XxHash64;

use crate::error::CompactError;
use crate::file_reader::Whole;
use crate::shares::Share;
use crate::texts::Texts;

/// How many rows are named.
const EXAMPLES: usize = 5;

/// Two tables beside each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Rows that both have, alike in every column.
    pub same: u64,
    /// Rows that both have, and some column differs.
    pub changed: u64,
    /// Rows that only the old table has.
    pub only_old: u64,
    /// Rows that only the new table has.
    pub only_new: u64,
    /// Rows of the old table that cannot be read any more: they count as covered where as many
    /// are in the new table only.
    pub unreadable: u64,
    /// Some ids of rows that are not the same.
    pub examples: Vec<String>,
}

impl Comparison {
    /// Whether the new table has all that the old one has.
    pub(crate) fn check(&self) -> Result<(), CompactError> {
        match self.only_old + self.unreadable.saturating_sub(self.only_new) {
            0 => Ok(()),
            rows => {
                let (examples, place) = (self.examples.join(", "), layout::REBUILD);
                Err(CompactError::NotCovered { rows, examples, place })
            }
        }
    }

    fn note(&mut self, id: u128) {
        if self.examples.len() < EXAMPLES {
            self.examples.push(DeliveryId::from_u128(id).to_string());
        }
    }
}

/// An id, and the number of its columns.
type RowNumber = (u128, u64);

/// Lays the rows of two tables beside each other.
pub(super) async fn compare(
    old_lake: &Lake,
    old: &Table,
    new_lake: &Lake,
    new: &Table,
) -> Result<Comparison, CompactError> {
    let rows = |table: &Table| table.files().iter().map(|file| file.rows).sum::<u64>();
    let mut comparison = Comparison::default();
    for share in Share::all(rows(old).max(rows(new))) {
        let (mut of_old, mut of_new) = (Vec::new(), Vec::new());
        let mut unreadable = 0;
        for file in old.files() {
            let before = of_old.len();
            if let Err(error) = collect(old_lake, file, share, &mut of_old).await {
                let error = error.to_string();
                tracing::warn!(file = file.path, error, "a file of the table cannot be read");
                of_old.truncate(before);
                unreadable += file.rows;
            }
        }
        for file in new.files() {
            collect(new_lake, file, share, &mut of_new).await?;
        }
        of_old.sort_unstable();
        of_new.sort_unstable();
        comparison.unreadable = unreadable;
        merge(&of_old, &of_new, &mut comparison);
    }
    Ok(comparison)
}

/// Goes along two sorted lists at once.
fn merge(old: &[RowNumber], new: &[RowNumber], comparison: &mut Comparison) {
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    loop {
        match (old.peek(), new.peek()) {
            (Some((id, a)), Some((other, b))) if id == other => {
                if a == b {
                    comparison.same += 1;
                } else {
                    comparison.changed += 1;
                    comparison.note(*id);
                }
                old.next();
                new.next();
            }
            (Some((id, _)), next) if next.is_none_or(|(other, _)| id < other) => {
                comparison.only_old += 1;
                comparison.note(*id);
                old.next();
            }
            (_, Some((id, _))) => {
                comparison.only_new += 1;
                comparison.note(*id);
                new.next();
            }
            _ => return,
        }
    }
}

async fn collect(
    lake: &Lake,
    file: &LiveFile,
    share: Share,
    numbers: &mut Vec<RowNumber>,
) -> Result<(), CompactError> {
    let failed = |e| CompactError::parquet("read", &file.path, e);
    let opened = Whole::open(lake.store().clone(), &file.key(), file.bytes).await;
    let opened = opened.map_err(failed)?;
    for group in 0..opened.metadata().num_row_groups() {
        for batch in opened.group(group).await.map_err(failed)? {
            collect_batch(&batch?, share, numbers)?;
        }
    }
    Ok(())
}

fn collect_batch(
    batch: &RecordBatch,
    share: Share,
    numbers: &mut Vec<RowNumber>,
) -> Result<(), CompactError> {
    let Some(ids) = Texts::of(batch, name::DELIVERY_ID) else { return Ok(()) };
    let (schema, options) = (batch.schema(), FormatOptions::default());
    let named = schema.fields().iter().zip(batch.columns());
    let columns = named
        .filter(|(field, _)| field.name() != name::RAW_KEY)
        .map(|(field, column)| Ok((field, column, ArrayFormatter::try_new(column, &options)?)))
        .collect::<Result<Vec<_>, arrow_schema::ArrowError>>()?;
    for row in 0..batch.num_rows() {
        let id = ids.id(row).map(DeliveryId::as_u128);
        let Some(id) = id.filter(|id| share.holds(*id)) else { continue };
        let mut number = 0_u64;
        for (field, column, values) in &columns {
            if !column.is_null(row) {
                let mut hasher = XxHash64::with_seed(0);
                hasher.write(field.name().as_bytes());
                hasher.write(&[0]);
                hasher.write(values.value(row).to_string().as_bytes());
                // A sum: whatever the order of the columns.
                number = number.wrapping_add(hasher.finish());
            }
        }
        numbers.push((id, number));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_have_is_told_from_what_one_has() {
        let mut comparison = Comparison::default();
        merge(&[(1, 1), (2, 2), (4, 4)], &[(2, 2), (3, 3), (4, 5), (6, 6)], &mut comparison);
        let Comparison { same, changed, only_old, only_new, examples, .. } = &comparison;
        assert_eq!([*same, *changed, *only_old, *only_new], [1, 1, 1, 2]);
        assert_eq!(examples.len(), 4);
        assert!(comparison.check().is_err());
    }

    #[test]
    fn what_cannot_be_read_any_more_must_be_made_up_for() {
        let unreadable = Comparison { unreadable: 3, only_new: 3, ..Comparison::default() };
        assert!(unreadable.check().is_ok());
        assert!(Comparison { only_new: 2, ..unreadable }.check().is_err());
    }
}
