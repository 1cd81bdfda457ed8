//! `tables`: what framing takes for a delivery becomes one row, with its payload as it was.

use octolake_event::Envelope;
use octolake_event::framing::{Found, next_record};
use octolake_tables::{BatchBuilder, Decoders, Row};
use serde_json::value::RawValue;

pub(crate) fn check(data: &[u8]) {
    let mut at = 0;
    let mut decoders = Decoders::default();
    loop {
        match next_record(data, at, true) {
            Found::Record { range, envelope } => {
                becomes_a_row(&envelope, &mut decoders);
                at = range.end;
            }
            Found::Broken { range, .. } => at = range.end,
            Found::Incomplete(_) | Found::End => break,
        }
    }
}

fn becomes_a_row(envelope: &Envelope<'_>, decoders: &mut Decoders) {
    let plan = decoders.plan(&envelope.detail_type);
    let payload = envelope.payload.to_text();
    let value: &RawValue = serde_json::from_str(&payload).expect("a payload is JSON");
    assert!(value.get().starts_with('{'), "a payload is an object");
    let row = Row::decode(&plan, envelope).expect("a payload can be decoded");
    assert_eq!(row.payload.to_text(), payload);
    assert_eq!(row.payload_hash, envelope.payload.hash());
    assert!(row.issues() < plan.schema.fields().len());
    let large = Row::decode_large(&plan, envelope, &payload).expect("as a large body too");
    assert_eq!(large.payload_hash, row.payload_hash);
    let mut builder = BatchBuilder::new(plan.clone());
    builder.push(&row, "raw/2026/03/02/10/x");
    builder.push(&large, "raw/2026/03/02/10/x");
    let batch = builder.finish().expect("rows fit their schema");
    assert_eq!(batch.num_rows(), 2);
    assert_eq!(row.partition(&plan).event_type, plan.event_type);
}
