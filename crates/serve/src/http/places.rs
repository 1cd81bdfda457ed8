//! The places for connections: so many in all, and so many of one client.
//!
//! A connection that idles, or whose client takes his time with headers or a body, holds its place
//! only as long as nobody needs it: where all are taken, the one from which nothing has come for
//! longest is closed. So silent clients, however many, stand in nobody's way. A connection whose
//! request is whole is left alone; its time is bounded elsewhere.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::clients::Client;
use crate::config::Limits;

/// How long a connection idles at least before it is closed for another. The request of one that
/// was just opened may be here already, and not read yet.
const MAY_STAY: Duration = Duration::from_millis(250);

/// Why there is no place for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// Its client has as many as one may have, all with requests that are whole.
    Client,
    /// All places are taken by requests that are whole, or by clients that send.
    Any,
}

/// All places, and who has them.
#[derive(Debug)]
pub(super) struct Places {
    limits: Limits,
    may_stay: Duration,
    began: Instant,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    places: HashMap<u64, Arc<Place>>,
    /// How many each client has; trusted proxies are not counted.
    by_client: HashMap<Client, usize>,
    next: u64,
}

#[derive(Debug)]
struct Place {
    number: u64,
    /// `None` for a trusted proxy.
    client: Option<Client>,
    /// Since when it idles, in milliseconds since `began` and 1; 0 while a request is under way.
    idles_since: AtomicU64,
    leave: Notify,
}

impl Places {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Self::in_which_may_stay(limits, MAY_STAY)
    }

    fn in_which_may_stay(limits: Limits, may_stay: Duration) -> Arc<Self> {
        Arc::new(Self { limits, may_stay, began: Instant::now(), taken: Mutex::default() })
    }

    /// A place for a connection of `client` (`None`: of a trusted proxy).
    pub(super) fn take(self: &Arc<Self>, client: Option<Client>) -> Result<Seat, NoPlace> {
        let mut taken = self.taken();
        let before = self.now().saturating_sub(self.may_stay.as_millis() as u64);
        let of_client = client.and_then(|client| taken.by_client.get(&client).copied());
        if of_client.is_some_and(|count| count >= self.limits.connections_per_peer) {
            let place = taken.longest_idle(before, |place| place.client == client);
            let place = place.ok_or(NoPlace::Client)?;
            taken.close(&place);
        }
        if taken.places.len() >= self.limits.connections {
            // Strangers first: a proxy would send its next request on a connection that it keeps.
            let stranger = taken.longest_idle(before, |place| place.client.is_some());
            let place = stranger.or_else(|| taken.longest_idle(before, |_| true));
            let place = place.ok_or(NoPlace::Any)?;
            taken.close(&place);
        }
        let number = taken.next;
        taken.next += 1;
        let idles_since = AtomicU64::new(self.now());
        let place = Arc::new(Place { number, client, idles_since, leave: Notify::new() });
        taken.places.insert(number, place.clone());
        if let Some(client) = client {
            *taken.by_client.entry(client).or_default() += 1;
        }
        Ok(Seat { places: self.clone(), place })
    }

    /// How many connections are open.
    pub(super) fn open(&self) -> usize {
        self.taken().places.len()
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }
}

impl Taken {
    /// Of those that are meant and idle since `before` or longer, the one that idles longest.
    fn longest_idle(&self, before: u64, is_meant: impl Fn(&Place) -> bool) -> Option<Arc<Place>> {
        let idles = |at: &u64| *at > 0 && *at <= before;
        let since = |place: &Place| Some(place.idles_since.load(Relaxed)).filter(idles);
        let idle = self.places.values().filter(|place| is_meant(place));
        let idle = idle.filter_map(|place| since(place).map(|at| ((at, place.number), place)));
        idle.min_by_key(|(at, _)| *at).map(|(_, place)| place.clone())
    }

    fn close(&mut self, place: &Place) {
        self.remove(place);
        place.leave.notify_one();
    }

    fn remove(&mut self, place: &Place) {
        if self.places.remove(&place.number).is_none() {
            return;
        }
        if let Some(client) = place.client
            && let Some(count) = self.by_client.get_mut(&client)
        {
            *count -= 1;
            if *count == 0 {
                self.by_client.remove(&client);
            }
        }
    }
}

/// A connection's place; free again when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    places: Arc<Places>,
    place: Arc<Place>,
}

impl Seat {
    /// Ends when the place is needed for another, and the connection idles.
    pub(super) async fn is_needed(&self) {
        self.place.leave.notified().await;
    }

    /// Whether it is the client who is waited for.
    pub(super) fn idles(&self) -> bool {
        self.place.idles_since.load(Relaxed) > 0
    }

    /// Something has arrived.
    pub(super) fn touch(&self) {
        self.place.idles_since.store(self.places.now(), Relaxed);
    }

    /// A request is under way, and it is not its client who is waited for, until the value is
    /// dropped.
    pub(super) fn busy(&self) -> Busy<'_> {
        self.place.idles_since.store(0, Relaxed);
        Busy(self)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.places.taken().remove(&self.place);
    }
}

/// It is not the client who is waited for.
#[derive(Debug)]
pub(super) struct Busy<'s>(&'s Seat);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.touch();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(connections: usize, connections_per_peer: usize) -> Arc<Places> {
        let limits = Limits { connections, connections_per_peer, ..Limits::default() };
        Places::in_which_may_stay(limits, Duration::ZERO)
    }

    fn client(last: u8) -> Option<Client> {
        Some(Client::from(std::net::IpAddr::from([192, 0, 2, last])))
    }

    fn has_to_leave(seat: &Seat) -> bool {
        let leaving = std::pin::pin!(seat.is_needed());
        futures::FutureExt::now_or_never(leaving).is_some()
    }

    #[tokio::test]
    async fn the_longest_idle_makes_room() {
        let places = places(2, 2);
        let first = places.take(client(1)).unwrap();
        let second = places.take(client(2)).unwrap();
        let third = places.take(client(3)).unwrap();
        assert!(has_to_leave(&first) && !has_to_leave(&second) && !has_to_leave(&third));
        assert_eq!(places.open(), 2);
        drop(first);
        assert_eq!(places.open(), 2);
    }

    #[tokio::test]
    async fn a_request_under_way_is_left_alone() {
        let places = places(1, 1);
        let seat = places.take(client(1)).unwrap();
        let busy = seat.busy();
        assert_eq!(places.take(client(1)).unwrap_err(), NoPlace::Client);
        assert_eq!(places.take(client(2)).unwrap_err(), NoPlace::Any);
        assert!(!has_to_leave(&seat));
        drop(busy);
        assert!(places.take(client(2)).is_ok());
        assert!(has_to_leave(&seat));
    }

    #[tokio::test]
    async fn one_client_crowds_out_himself_only() {
        let places = places(4, 2);
        let other = places.take(client(2)).unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        let greedy: Vec<_> = (0..3).map(|_| places.take(client(1)).unwrap()).collect();
        assert!(!has_to_leave(&other) && has_to_leave(&greedy[0]) && !has_to_leave(&greedy[1]));
    }

    #[tokio::test]
    async fn whoever_has_just_come_may_stay() {
        let limits = Limits { connections: 1, ..Limits::default() };
        let places = Places::in_which_may_stay(limits, Duration::from_millis(30));
        let first = places.take(client(1)).unwrap();
        assert_eq!(places.take(client(2)).unwrap_err(), NoPlace::Any);
        tokio::time::sleep(Duration::from_millis(40)).await;
        assert!(places.take(client(2)).is_ok() && has_to_leave(&first));
    }

    #[tokio::test]
    async fn a_proxy_has_as_many_as_there_are_and_goes_last() {
        let places = places(3, 1);
        let proxy = [places.take(None).unwrap(), places.take(None).unwrap()];
        let stranger = places.take(client(1)).unwrap();
        let _more = places.take(None).unwrap();
        assert!(has_to_leave(&stranger) && !has_to_leave(&proxy[0]));
    }
}
