//! Replays, as far as the door can see them.
//!
//! The signature covers the body alone. Whoever has seen a delivery can send its body again under
//! another id, and it will be taken: GitHub itself could have sent it. What was taken of late is
//! remembered here, so that it is at least told; the compactor looks further back, and at what
//! came by other doors.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use octolake_event::DeliveryId;

/// How many deliveries are remembered: some ten megabytes.
const REMEMBERED: usize = 65_536;

/// What is odd about a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replay {
    /// The same body came before, under this id.
    OtherId(DeliveryId),
    /// Another body came before under this id. GitHub does that where several hooks subscribe to
    /// one event.
    OtherBody,
}

impl Replay {
    /// A stable word for counting.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::OtherId(_) => "other_id",
            Self::OtherBody => "other_body",
        }
    }
}

/// The deliveries of late.
#[derive(Debug, Default)]
pub(crate) struct Replays(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    by_body: HashMap<u128, DeliveryId>,
    by_id: HashMap<DeliveryId, u128>,
    order: VecDeque<(DeliveryId, u128)>,
}

impl Replays {
    /// Remembers a delivery that was taken, and says what is odd about it. `body` is its
    /// fingerprint.
    pub(crate) fn note(&self, id: DeliveryId, body: u128) -> Option<Replay> {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (memory.by_id.get(&id), memory.by_body.get(&body)) {
            (Some(known), _) if *known != body => Some(Replay::OtherBody),
            // A redelivery.
            (Some(_), _) => None,
            (None, earlier) => {
                let replay = earlier.copied().map(Replay::OtherId);
                memory.add(id, body);
                replay
            }
        }
    }
}

impl Memory {
    fn add(&mut self, id: DeliveryId, body: u128) {
        if self.order.len() >= REMEMBERED
            && let Some((id, body)) = self.order.pop_front()
        {
            self.by_id.remove(&id);
            if self.by_body.get(&body) == Some(&id) {
                self.by_body.remove(&body);
            }
        }
        self.by_body.entry(body).or_insert(id);
        self.by_id.insert(id, body);
        self.order.push_back((id, body));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> DeliveryId {
        DeliveryId::from_u128(number)
    }

    #[test]
    fn a_redelivery_is_no_replay() {
        let replays = Replays::default();
        assert_eq!(replays.note(id(1), 10), None);
        assert_eq!(replays.note(id(1), 10), None);
        assert_eq!(replays.note(id(2), 20), None);
    }

    #[test]
    fn a_body_under_another_id_and_an_id_with_another_body_are_told() {
        let replays = Replays::default();
        assert_eq!(replays.note(id(1), 10), None);
        assert_eq!(replays.note(id(2), 10), Some(Replay::OtherId(id(1))));
        assert_eq!(replays.note(id(3), 10), Some(Replay::OtherId(id(1))));
        assert_eq!(replays.note(id(1), 11), Some(Replay::OtherBody));
    }

    #[test]
    fn it_forgets_the_oldest() {
        let replays = Replays::default();
        for number in 0..=REMEMBERED as u128 {
            assert_eq!(replays.note(id(number), number), None);
        }
        assert_eq!(replays.note(id(u128::MAX), 0), None);
        assert_eq!(replays.note(id(7), u128::MAX), Some(Replay::OtherBody));
        let memory = replays.0.lock().unwrap();
        assert_eq!((memory.order.len(), memory.by_id.len()), (REMEMBERED, REMEMBERED));
    }
}
