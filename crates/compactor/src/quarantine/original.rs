//! The record itself, which is still in its raw object.

use object_store::ObjectStoreExt;
use object_store::path::Path;
use octolake_event::framing::{self, Found};
use octolake_event::layout;
use octolake_store::Lake;

use crate::error::CompactError;
use crate::read::{Item, Limits, ObjectReader};
use crate::scan::RawObject;
use crate::settings::Settings;

/// The bytes of the record at `offset` of `raw_key`, read again from the raw object; `None` where
/// the object is not there, or no record begins at that place of it.
///
/// # Errors
/// The store cannot read the object, or what stands there is longer than any record may be.
pub async fn original(
    lake: &Lake,
    settings: &Settings,
    raw_key: &str,
    offset: u64,
) -> Result<Option<Vec<u8>>, CompactError> {
    let Some(object) = raw_object(lake, raw_key).await? else { return Ok(None) };
    let limits = Limits::from(settings);
    let most = 2 * limits.record.max(limits.window) as u64;
    let mut reader = ObjectReader::new(lake.store(), &object, limits);
    let mut kept = Vec::new();
    while reader.fill().await? {
        let (items, step) = reader.items();
        let (begin, bytes) = reader.dealt_with(&step);
        let from = usize::try_from(offset.saturating_sub(begin)).unwrap_or(usize::MAX);
        kept.extend_from_slice(bytes.get(from..).unwrap_or_default());
        let open = step.open().filter(|broken| broken.offset == offset).map(|open| open.length);
        let bytes = match items.iter().find(|item| item.offset() == offset) {
            Some(Item::Broken(broken)) => Some(broken.length),
            Some(Item::Record { .. }) => Some(length_of_record(&kept)),
            None => open,
        };
        if let Some(bytes) = bytes.filter(|bytes| *bytes > most) {
            return Err(CompactError::RecordTooLong { key: object.key, offset, bytes });
        }
        if open.is_none() {
            if let Some(length) = bytes {
                kept.truncate(length as usize);
                return Ok(Some(kept));
            }
            if !kept.is_empty() {
                return Ok(None);
            }
        }
        reader.advance(step);
    }
    Ok(None)
}

/// A record that can be read is here whose payload is not to be had.
fn length_of_record(bytes: &[u8]) -> u64 {
    match framing::next_record(bytes, 0, true) {
        Found::Record { range, .. } => range.end as u64,
        _ => bytes.len() as u64,
    }
}

pub(crate) async fn raw_object(
    lake: &Lake,
    raw_key: &str,
) -> Result<Option<RawObject>, CompactError> {
    let is_raw = layout::raw_hour(raw_key).is_some();
    let Some(path) = Path::parse(raw_key).ok().filter(|_| is_raw) else { return Ok(None) };
    match lake.store().head(&path).await {
        Ok(meta) => Ok(Some(RawObject {
            key: raw_key.to_owned(),
            bytes: meta.size,
            modified: meta.last_modified,
        })),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(source) => Err(CompactError::store("read", raw_key, source)),
    }
}
