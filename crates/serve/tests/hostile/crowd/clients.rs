//! What each client of a crowd does, and from where.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::sleep;

use crate::request::Request;

const SECOND: Duration = Duration::from_secs(1);
const MB_25: usize = 25_000_000;

/// Where a crowd comes from; never from where the deliveries do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Peers {
    /// All from one address.
    One,
    /// Each from one of its own.
    Many,
}

impl Peers {
    /// The address of client `n`. All of 127.0.0.0/8 is this machine, on Linux.
    pub(crate) fn address(self, n: usize) -> Option<Ipv4Addr> {
        let number = u16::try_from(n).unwrap();
        let [high, low] = match self {
            Self::One => [9, 9],
            Self::Many => [10 + number / 250, 1 + number % 250],
        }
        .map(|part| u8::try_from(part).unwrap());
        cfg!(target_os = "linux").then_some(Ipv4Addr::new(127, 0, high, low))
    }
}

/// What a client does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    /// Announces 25 MB with a signature that could be one, and sends nothing.
    Announce,
    /// The same with 1 MB.
    AnnounceSmall,
    /// Announces 25 MB, and sends a byte a second.
    Trickle,
    /// Sends 400 KB of headers without their end.
    Headers,
    /// Sends a header a second, without an end.
    TrickleHeaders,
    /// Connects.
    Idle,
    /// Asks for `/health`, reads the answer, and stays.
    Stay,
    /// Asks for `/health` again and again, and reads no answer.
    NeverRead,
    /// Connects and leaves, as fast as it can.
    ComeAndGo,
    /// Sends 20 MB with a wrong signature, as fast as it can.
    Greedy,
}

/// Does it, again and again.
pub(crate) async fn play(to: SocketAddr, from: Option<Ipv4Addr>, act: Act) {
    loop {
        if let Ok(stream) = connect(to, from).await {
            // Whatever goes wrong, the server has ended it.
            let _ = once(stream, act).await;
        }
        sleep(act.pause()).await;
    }
}

async fn connect(to: SocketAddr, from: Option<Ipv4Addr>) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if let Some(from) = from {
        socket.bind((IpAddr::V4(from), 0).into())?;
    }
    // What it does not read stays small here, and so with the server.
    socket.set_recv_buffer_size(8 << 10)?;
    socket.connect(to).await
}

impl Act {
    /// How long a crowd takes to fill the room.
    pub(crate) fn head_start(self) -> Duration {
        match self {
            // Until nothing more fits into the buffers between the two.
            Self::NeverRead => Duration::from_secs(3),
            _ => Duration::from_millis(800),
        }
    }

    /// How long a client that was shown the door stays away.
    fn pause(self) -> Duration {
        match self {
            Self::ComeAndGo => Duration::from_millis(2),
            // Each time is 400 KB: a flood would measure the machine.
            Self::Headers => 3 * SECOND,
            _ => SECOND,
        }
    }
}

async fn once(mut stream: TcpStream, act: Act) -> std::io::Result<()> {
    match act {
        Act::Announce => stream.write_all(&announced(MB_25)).await?,
        Act::AnnounceSmall => stream.write_all(&announced(1 << 20)).await?,
        Act::Trickle => {
            stream.write_all(&announced(MB_25)).await?;
            return trickle(stream, b" ").await;
        }
        Act::Headers => {
            let head = format!("POST /webhook HTTP/1.1\r\nX: {}", "x".repeat(400_000));
            stream.write_all(head.as_bytes()).await?;
        }
        Act::TrickleHeaders => {
            stream.write_all(b"POST /webhook HTTP/1.1\r\n").await?;
            return trickle(stream, b"X-A: b\r\n").await;
        }
        Act::Idle => {}
        Act::Stay => stream.write_all(&health()).await?,
        Act::NeverRead => loop {
            stream.write_all(&health().repeat(100)).await?;
        },
        Act::ComeAndGo => return Ok(()),
        Act::Greedy => {
            stream.write_all(&announced(20_000_000)).await?;
            for _ in 0..200 {
                stream.write_all(&[b' '; 100_000]).await?;
            }
        }
    }
    until_closed(stream).await
}

fn health() -> Vec<u8> {
    Request::get("/health").without("Connection").bytes()
}

/// The head of a delivery of so many bytes. Nobody can tell yet that the signature is wrong.
fn announced(bytes: usize) -> Vec<u8> {
    let request = Request::push().with("X-Hub-Signature-256", format!("sha256={}", "5".repeat(64)));
    request.with("Content-Length", bytes.to_string()).instead("").bytes()
}

/// Sends a little every second, until the server has had enough.
async fn trickle(mut stream: TcpStream, little: &[u8]) -> std::io::Result<()> {
    loop {
        stream.write_all(little).await?;
        sleep(SECOND).await;
    }
}

async fn until_closed(mut stream: TcpStream) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}
