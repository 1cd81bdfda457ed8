//! `event::layout` and what stands in keys: what is parsed is what is formatted.

use octolake_event::layout::{self, Partition};
use octolake_event::{DeliveryId, EventType, timestamp};

pub(crate) fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Some(hour) = layout::raw_hour(text) {
        let folder = layout::raw_key(hour, "");
        assert!(text.starts_with(&folder) && text.len() > folder.len(), "{text} in {folder}");
    }
    if layout::is_large_key(text) {
        assert!(text.starts_with("large/") && text.ends_with(".json.gz") && !text.contains(".."));
        assert!(text.split('/').all(|part| !part.is_empty()) && text.split('/').count() == 5);
    }
    if let Some((raw_key, offset)) = layout::quarantined(text) {
        assert_eq!(layout::quarantine_key(&raw_key, offset), text);
    }
    let entry = layout::quarantine_key(&format!("raw/{text}"), 7);
    assert_eq!(layout::quarantined(&entry), Some((format!("raw/{text}"), 7)));
    if let Some(partition) = Partition::of_file(text) {
        let name = text.strip_prefix(&format!("{}/", partition.folder()));
        assert!(name.is_some_and(|name| !name.is_empty() && !name.contains('/')), "{text}");
    }
    check_parts(text);
}

fn check_parts(text: &str) {
    let event_type = EventType::partition_of(text);
    let safe = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    assert!(!event_type.as_str().is_empty() && event_type.as_str().chars().all(safe));
    assert_eq!(EventType::partition_of(event_type.as_str()), event_type);
    assert!(event_type.is_other() || event_type.as_str() == text);
    if let Ok(id) = text.parse::<DeliveryId>() {
        assert_eq!(id.to_string(), text.to_ascii_lowercase());
        assert_eq!(DeliveryId::from_u128(id.as_u128()), id);
    }
    if let Some(micros) = timestamp::micros_of_text(text)
        && let Some(at) = chrono::DateTime::from_timestamp_micros(micros)
        && (0..=253_402_300_799_999_999).contains(&micros)
    {
        let again = timestamp::micros_of_text(&timestamp::format_millis(at));
        assert_eq!(again, Some(micros - micros % 1_000), "{text}");
    }
}
