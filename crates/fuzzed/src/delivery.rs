//! `_delivery`, its claim check among it: what is read of it is written the same.

use octolake_event::framing::{Found, next_record};
use octolake_event::{DeliveryMeta, layout};

pub(crate) fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Some(meta) = read(text) else { return };
    let is_large = meta.large.as_ref().is_some_and(|large| layout::is_large_key(&large.key));
    assert!(!is_large || meta.large.as_ref().is_some_and(|large| large.key.len() == 61));
    let again = read(&meta.to_json()).expect("what is written can be read");
    // Arrivals are written to the millisecond.
    let micros = meta.received_at.timestamp_micros();
    assert_eq!(again.received_at.timestamp_micros(), micros - micros.rem_euclid(1_000));
    assert_eq!(DeliveryMeta { received_at: meta.received_at, ..again }, meta);
}

/// What an envelope with this `_delivery` says of it.
fn read(delivery: &str) -> Option<DeliveryMeta<'static>> {
    let line = format!(
        r#"{{"version":"0","detail-type":"push","time":"2026-03-02T10:00:00Z","detail":{{"_delivery":{delivery}}}}}"#
    );
    let Found::Record { envelope, .. } = next_record(line.as_bytes(), 0, true) else {
        return None;
    };
    let own = |text: std::borrow::Cow<'_, str>| text.into_owned().into();
    let DeliveryMeta { id, received_at, hook_id, target_type, target_id, large } = envelope.meta;
    let [hook_id, target_type, target_id] = [hook_id, target_type, target_id].map(|it| it.map(own));
    Some(DeliveryMeta { id, received_at, hook_id, target_type, target_id, large })
}
