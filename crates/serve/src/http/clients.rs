//! Who a request comes from, and how many of his are under way.
//!
//! The address of the connection, unless that is a trusted proxy's: then the last address in
//! `X-Forwarded-For` that is no trusted proxy's. What stands before it a stranger may have written.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::header::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What counts as one client: an IPv4 address, or an IPv6 network of 64 bits, of which each of its
/// users has 2^64 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Client(IpAddr);

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            address => address,
        })
    }
}

/// The proxies whose word counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Proxies(Vec<IpNet>);

impl Proxies {
    pub(super) fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    pub(super) fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client of a request that came from `peer` with these headers.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        if !self.trust(peer) {
            return peer.into();
        }
        let lines = headers.get_all(FORWARDED_FOR);
        let lines: Vec<&str> = lines.iter().filter_map(|line| line.to_str().ok()).collect();
        let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
        let mut hops = hops.map_while(|hop| address_of(hop.trim()));
        hops.find(|hop| !self.trust(*hop)).unwrap_or(peer).into()
    }
}

/// An address, with or without a port.
fn address_of(hop: &str) -> Option<IpAddr> {
    let unbracketed = hop.strip_prefix('[').and_then(|rest| rest.split(']').next());
    let bare = unbracketed.unwrap_or(hop);
    bare.parse().ok().or_else(|| hop.parse().ok().map(|address: std::net::SocketAddr| address.ip()))
}

/// The requests under way, by client.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    counts: Arc<Mutex<HashMap<Client, usize>>>,
}

/// One request under way; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    counts: Arc<Mutex<HashMap<Client, usize>>>,
    client: Client,
}

impl UnderWay {
    /// Begins a request of `client`; `None` where `limit` of his are under way.
    pub(super) fn begin(&self, client: Client, limit: usize) -> Option<Turn> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(client).or_default();
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(Turn { counts: self.counts.clone(), client })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> IpAddr {
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).0
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_strangers_word_on_who_he_is_does_not_count() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"]), ip("192.0.2.1"));
        assert_eq!(client("::ffff:192.0.2.1", &[]), ip("192.0.2.1"));
    }

    #[test]
    fn a_trusted_proxy_tells_its_client() {
        assert_eq!(client("10.0.0.1", &["198.51.100.7"]), ip("198.51.100.7"));
        assert_eq!(client("::ffff:10.0.0.1", &["198.51.100.7:4711"]), ip("198.51.100.7"));
        assert_eq!(client("::1", &["1.2.3.4, 198.51.100.7, 10.9.9.9"]), ip("198.51.100.7"));
        assert_eq!(client("10.0.0.1", &["1.2.3.4", "198.51.100.7"]), ip("198.51.100.7"));
        assert_eq!(client("10.0.0.1", &["[2001:db8:1:2::9]:80"]), ip("2001:db8:1:2::"));
    }

    #[test]
    fn what_is_no_address_ends_the_search() {
        for odd in ["", "unknown", "1.2.3.4, _hidden", "1.2.3.4,,"] {
            assert_eq!(client("10.0.0.1", &[odd]), ip("10.0.0.1"), "{odd}");
        }
    }

    #[test]
    fn one_network_is_one_client() {
        let of = |text: &str| Client::from(ip(text));
        assert_eq!(of("2001:db8:1:2::9"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::9"), of("2001:db8:1:3::9"));
    }

    #[test]
    fn a_client_has_so_many_turns_and_gets_them_back() {
        let under_way = UnderWay::default();
        let (one, other) = (Client::from(ip("192.0.2.1")), Client::from(ip("192.0.2.2")));
        let first = under_way.begin(one, 2).unwrap();
        let _second = under_way.begin(one, 2).unwrap();
        assert!(under_way.begin(one, 2).is_none());
        assert!(under_way.begin(other, 2).is_some());
        drop(first);
        assert!(under_way.begin(one, 2).is_some());
    }
}
