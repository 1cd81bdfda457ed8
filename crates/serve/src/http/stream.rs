//! A connection's bytes, with an end to patience: a client that doesn't read its answer is not
//! waited for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

/// How long a closed connection is read on, so that a client that still sends sees its answer: to
/// close at once would reset the connection under it.
const LINGER: Duration = Duration::from_secs(1);
/// And how many bytes of it.
const LINGER_BYTES: usize = 64 << 20;

/// A stream whose writes fail when none gets on for `patience`.
pub(super) struct Stream<S> {
    inner: S,
    patience: Duration,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Stream<S> {
    pub(super) fn new(inner: S, patience: Duration) -> Self {
        Self { inner, patience, stalled: None }
    }

    /// Passes on what a write gave, unless it has waited too long.
    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let until = Instant::now() + self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep_until(until)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read")))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    /// Says that no more comes, and reads on for a moment.
    pub(super) async fn close(mut self) {
        let reading = async {
            self.shutdown().await?;
            let (mut rest, mut read) = (vec![0; 1 << 14], 0);
            while read < LINGER_BYTES {
                match self.inner.read(&mut rest).await? {
                    0 => break,
                    bytes => read += bytes,
                }
            }
            io::Result::Ok(())
        };
        // Whatever goes wrong now, the connection is closed.
        let _ = timeout(LINGER, reading).await;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        self.watch(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.watch(cx, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_write_that_nobody_reads_fails() {
        let (near, _far) = tokio::io::duplex(8);
        let mut stream = Stream::new(near, Duration::from_millis(50));
        let began = Instant::now();
        let error = stream.write_all(&[0; 9]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() >= Duration::from_millis(50));
    }

    #[tokio::test]
    async fn a_slow_reader_that_reads_is_waited_for() {
        let (near, mut far) = tokio::io::duplex(8);
        let mut stream = Stream::new(near, Duration::from_millis(500));
        let reader = tokio::spawn(async move {
            let mut read = 0;
            while read < 64 {
                tokio::time::sleep(Duration::from_millis(80)).await;
                read += far.read(&mut [0; 8]).await.unwrap();
            }
        });
        stream.write_all(&[0; 64]).await.unwrap();
        reader.await.unwrap();
    }

    #[tokio::test]
    async fn a_close_does_not_wait_for_a_client_that_stays() {
        let (near, mut far) = tokio::io::duplex(8);
        let began = Instant::now();
        let closing = tokio::spawn(Stream::new(near, Duration::from_secs(5)).close());
        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
        far.write_all(&[0; 100]).await.unwrap();
        closing.await.unwrap();
        assert!(began.elapsed() >= LINGER && began.elapsed() < 2 * LINGER);
    }
}
