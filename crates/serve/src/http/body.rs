//! Reading a body: in bounded time and memory, and no slower than a delivery arrives.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Body;
use octolake_ingest::Rejection;
use tokio::time::{Instant, timeout_at};

use super::memory::{Held, Memory};
use super::places::Seat;
use crate::config::Limits;

/// A body is given room for so much more than has arrived, at least.
const STEP: usize = 16 << 10;

/// A body that is whole, and the room that it holds.
#[derive(Debug)]
pub(super) struct Received<'m> {
    pub(super) bytes: Vec<u8>,
    _held: Held<'m>,
}

/// Reads a body of at most `limit` bytes, of which `announced` are to come where that is known.
///
/// # Errors
/// It is too large, too slow or breaks off, or there is no room for it.
pub(super) async fn read<'m, B>(
    body: &mut B,
    announced: Option<u64>,
    limit: usize,
    memory: &'m Memory,
    seat: &Seat,
    limits: &Limits,
) -> Result<Received<'m>, Rejection>
where
    B: Body<Data = Bytes> + Unpin,
{
    let began = Instant::now();
    let deadline = began + limits.body_within;
    let (mut held, mut content, mut waited) = (memory.hold(announced), vec![], Duration::ZERO);
    loop {
        let due = began + limits.body_grace + waited + at_rate(content.len(), limits.body_rate);
        let frame = tokio::select! {
            biased;
            frame = timeout_at(due.min(deadline), body.frame()) => frame,
            () = held.gives_way() => return Err(Rejection::IncompleteBody),
        };
        let data = match frame {
            Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            Ok(None) => break,
            Ok(Some(Err(_))) | Err(_) => return Err(Rejection::IncompleteBody),
        };
        let length = content.len() + data.len();
        if length > limit {
            return Err(Rejection::TooLarge { limit });
        }
        let (waits, busy) = (Instant::now(), seat.busy());
        let room = timeout_at(deadline, held.grow(length)).await;
        room.map_err(|_| Rejection::Unavailable)?;
        waited += waits.elapsed();
        drop(busy);
        make_room(&mut content, &data, announced, limit);
        content.extend_from_slice(&data);
        if !body.is_end_stream() {
            held.note_bytes(length);
        }
    }
    held.arrived();
    Ok(Received { bytes: content, _held: held })
}

/// How long so many bytes may take.
fn at_rate(bytes: usize, rate: u64) -> Duration {
    Duration::from_millis(bytes as u64 * 1_000 / rate.max(1))
}

/// Twice what has arrived, but no more than was announced: so much memory is never much more than
/// what is reserved, and a body is copied once or twice.
fn make_room(content: &mut Vec<u8>, data: &[u8], announced: Option<u64>, limit: usize) {
    let length = content.len() + data.len();
    if content.capacity() >= length {
        return;
    }
    let most = announced.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(limit);
    let wanted = (2 * length).max(STEP).min(most).max(length);
    content.reserve_exact(wanted - content.len());
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::StreamExt as _;
    use futures::stream::{self, Stream};
    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;
    use crate::http::places::Places;

    type Frames = Result<Frame<Bytes>, Infallible>;

    /// `count` pieces of `bytes` each, one every `pause`.
    fn pieces(count: usize, bytes: usize, pause: Duration) -> impl Stream<Item = Frames> {
        stream::iter(0..count).then(move |_| async move {
            tokio::time::sleep(pause).await;
            Ok(Frame::data(vec![b'x'; bytes].into()))
        })
    }

    const LIMITS: fn() -> Limits = || Limits {
        body_grace: Duration::from_millis(100),
        body_within: Duration::from_millis(500),
        body_rate: 1 << 20,
        ..Limits::default()
    };

    async fn receive(
        stream: impl Stream<Item = Frames>,
        announced: Option<u64>,
    ) -> (Result<usize, Rejection>, u128) {
        let memory = Memory::new(1 << 20, 1 << 20);
        let seat = Places::new(LIMITS()).take(None).unwrap();
        let (mut body, began) = (StreamBody::new(Box::pin(stream)), Instant::now());
        let read = read(&mut body, announced, 3 << 20, &memory, &seat, &LIMITS()).await;
        (read.map(|received| received.bytes.len()), began.elapsed().as_millis())
    }

    #[tokio::test]
    async fn a_body_comes_whole() {
        for announced in [None, Some(3 << 20)] {
            let (read, _) = receive(pieces(48, 1 << 16, Duration::ZERO), announced).await;
            assert_eq!(read, Ok(3 << 20));
        }
        let (read, _) = receive(pieces(49, 1 << 16, Duration::ZERO), None).await;
        assert_eq!(read, Err(Rejection::TooLarge { limit: 3 << 20 }));
    }

    #[tokio::test]
    async fn a_silent_client_is_not_waited_for() {
        let (read, took) = receive(stream::pending(), Some(10)).await;
        assert_eq!(read, Err(Rejection::IncompleteBody));
        assert!((100..300).contains(&took), "{took} ms");
    }

    #[tokio::test]
    async fn a_trickle_is_too_slow_and_a_steady_stream_is_not() {
        let pause = Duration::from_millis(20);
        let (read, took) = receive(pieces(100, 1, pause), None).await;
        assert_eq!(read, Err(Rejection::IncompleteBody));
        assert!((100..300).contains(&took), "{took} ms");
        let (read, _) = receive(pieces(10, 64 << 10, pause), None).await;
        assert_eq!(read, Ok(640 << 10));
    }

    #[tokio::test]
    async fn nothing_takes_longer_than_github_waits() {
        let (read, took) = receive(pieces(100, 30 << 10, Duration::from_millis(20)), None).await;
        assert_eq!(read, Err(Rejection::IncompleteBody));
        assert!((500..700).contains(&took), "{took} ms");
    }
}
