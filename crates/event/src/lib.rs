//! What octolake's data *is*, before anything stores or moves it: pure, no I/O, no clock.
//!
//! ```text
//! DeliveryMeta + body ── entry ──▶ BusEntry ── envelope line ──▶ raw object bytes
//! raw object bytes ── framing ──▶ Record span ── envelope ──▶ Envelope + DeliveryMeta + payload
//! ```
//!
//! Both directions of each format stand beside each other, so that what the ingest writes is what
//! the compactor reads. [`layout`] is the one place where a path of the lake is built or parsed.
//!
//! Invariants: nothing here performs I/O, reads the clock or makes random numbers; no path is
//! built from payload text other than a checked event type.

pub mod delivery;
pub mod entry;
pub mod envelope;
pub mod event_type;
pub mod framing;
pub mod layout;
pub mod origin;
pub mod payload;
mod plain;
mod reason;
pub mod timestamp;

pub use delivery::{DeliveryId, DeliveryMeta, InvalidDeliveryId, LargeRef};
pub use entry::BusEntry;
pub use envelope::{Envelope, EnvelopeError};
pub use event_type::EventType;
pub use origin::Origin;
pub use payload::Payload;
pub use plain::plain_record;
pub use reason::Reason;
