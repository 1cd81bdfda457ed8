//! A text column in any of Arrow's kinds of text: other engines write other kinds than ours.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, LargeStringArray, RecordBatch, StringArray, StringViewArray};
use arrow_schema::DataType;
use octolake_event::DeliveryId;

/// A column of texts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Texts<'a> {
    Usual(&'a StringArray),
    Large(&'a LargeStringArray),
    View(&'a StringViewArray),
}

impl<'a> Texts<'a> {
    /// The column of this name; `None` where there is none, or it is no text.
    pub(crate) fn of(batch: &'a RecordBatch, name: &str) -> Option<Self> {
        Self::of_column(batch.column_by_name(name)?)
    }

    /// The same of a column; `None` where it is no text.
    pub(crate) fn of_column(column: &'a ArrayRef) -> Option<Self> {
        match column.data_type() {
            DataType::Utf8 => column.as_string_opt().map(Self::Usual),
            DataType::LargeUtf8 => column.as_string_opt().map(Self::Large),
            DataType::Utf8View => column.as_string_view_opt().map(Self::View),
            _ => None,
        }
    }

    /// The delivery id in a row; `None` where it is NULL, or no id.
    pub(crate) fn id(&self, row: usize) -> Option<DeliveryId> {
        self.get(row)?.parse().ok()
    }

    /// The text in a row; `None` where it is NULL.
    pub(crate) fn get(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::Usual(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::Large(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::View(texts) => texts.is_valid(row).then(|| texts.value(row)),
        }
    }
}
