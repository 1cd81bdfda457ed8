//! The HTTP side of the endpoint: who may come in, how much of it, and for how long.
//!
//! ```text
//! accept ── places ──▶ connection ── hyper ──▶ door ── clients, memory, body ──▶ octolake_ingest
//!  TCP     so many      stream: write timeout    the answer                     judges, stores
//! ```
//!
//! Everything that a stranger can make the server hold is bounded here: connections in all and of
//! one client, bytes of headers, bytes of bodies, and the time of each step.

mod body;
mod clients;
mod connections;
mod door;
mod memory;
mod places;
mod stream;

pub(crate) use self::connections::Connections;
pub(crate) use self::door::Door;
pub(crate) use self::memory::Memory;
