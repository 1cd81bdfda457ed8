//! Crowds at the built binary's door: what they cost in memory, and that signed deliveries come
//! through beside them. How each kind of client is met is tried in the endpoint's own tests; here
//! they all come, one kind after the other, at a process whose memory can be measured.
//!
//! Nobody reads the process's log meanwhile: a pipe that is full must not hold up a delivery.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use octolake_tests::github::{Delivery, guid};
use octolake_tests::server::SECRET_ENV;
use octolake_tests::{Serve, TestLake};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;

const IN_TIME: Duration = Duration::from_secs(1);
const DELIVERIES: usize = 60;
/// What a crowd may add to the endpoint's memory, in MiB. Headers: 300 times 64 KiB, twice. Bodies:
/// three times 64 MiB (`Limits::bodies_in_flight`), which docs/architecture.md states.
const HEADERS_MIB: u64 = 48;
const BODIES_MIB: u64 = 192;
/// A stop waits 20 s for open requests, and closes what is still there.
const STOPPED_WITHIN: Duration = Duration::from_secs(25);

/// What each client of a crowd sends before it falls silent; and the crowd's size.
struct Crowd {
    name: &'static str,
    count: usize,
    head: String,
    /// Bytes behind the head.
    body: usize,
    may_cost_mib: u64,
}

fn crowds() -> [Crowd; 5] {
    let signature = format!("sha256={}", "5".repeat(64));
    let announced = format!(
        "POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-GitHub-Event: push\r\n\
         X-GitHub-Delivery: {}\r\nX-Hub-Signature-256: {signature}\r\nContent-Length: 25000000\r\n\r\n",
        guid(999_999)
    );
    let headers = format!("POST /webhook HTTP/1.1\r\nX: {}", "x".repeat(400_000));
    let crowd = |name, count, head: &str, body, may_cost_mib| Crowd {
        name,
        count,
        head: head.to_owned(),
        body,
        may_cost_mib,
    };
    [
        crowd("silent", 600, "", 0, HEADERS_MIB),
        crowd("without an end of their headers", 300, &headers, 0, HEADERS_MIB),
        crowd("announcing 25 MB", 105, &announced, 0, HEADERS_MIB),
        crowd("sending 1 MB of 25", 105, &announced, 1_000_000, BODIES_MIB),
        crowd("sending 24 MB of 25", 16, &announced, 24_000_000, BODIES_MIB),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crowds_cost_bounded_memory_and_no_delivery() {
    let lake = TestLake::new();
    let mut command =
        lake.command(&["serve", "--listen", "127.0.0.1:0", "--secret-env", SECRET_ENV]);
    let serve = Serve::spawn(&mut command);
    let (address, process) = (serve.address, serve.id());
    let mut taken = deliver(address, 0).await;
    let mut present = JoinSet::new();
    for (n, crowd) in crowds().into_iter().enumerate() {
        let before = peak_mib(process);
        present.shutdown().await;
        for n in 0..crowd.count {
            let (head, body) = (crowd.head.clone(), crowd.body);
            present.spawn(play(address, n, head, body));
        }
        sleep(IN_TIME).await;
        taken += deliver(address, (n + 1) * DELIVERIES).await;
        let cost = peak_mib(process) - before;
        println!("{} {}: {cost} MiB more than {before}", crowd.count, crowd.name);
        assert!(cost <= crowd.may_cost_mib, "{} cost {cost} MiB", crowd.name);
    }
    let stopping = Instant::now();
    let run = spawn_blocking(|| serve.stop()).await.unwrap();
    println!("a stop took {:?}", stopping.elapsed());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(stopping.elapsed() < STOPPED_WITHIN, "a stop took {:?}", stopping.elapsed());
    present.shutdown().await;
    let report = spawn_blocking(move || lake.json(&["compact"])).await.unwrap();
    assert_eq!([&report["stored"], &report["duplicates"]], [taken, 0], "{report}");
}

/// Deliveries one after the other, each on its own connection; how many there were. One may be late,
/// and none very late.
async fn deliver(to: SocketAddr, first: usize) -> usize {
    let sending = spawn_blocking(move || {
        let send = |n: usize| {
            let (id, started) = (guid(n), Instant::now());
            let body = format!(r#"{{"n":{n},"text":"{}"}}"#, "x".repeat(10_000));
            let answer = Delivery { event: "push", id: &id, body: body.as_bytes() }.send(to);
            assert_eq!(answer.unwrap().status, 202);
            started.elapsed()
        };
        (first..first + DELIVERIES).map(send).collect::<Vec<Duration>>()
    });
    let mut took = sending.await.unwrap();
    took.sort();
    let latest = &took[DELIVERIES - 2..];
    assert!(latest[0] < IN_TIME && latest[1] < 3 * IN_TIME, "the latest took {latest:?}");
    DELIVERIES
}

/// Sends what it has, and waits; begins anew where it is shown the door.
async fn play(to: SocketAddr, n: usize, head: String, body: usize) {
    loop {
        if let Ok(mut stream) = connect(to, n).await {
            let _ = stream.write_all(head.as_bytes()).await;
            for _ in 0..body / 10_000 {
                if stream.write_all(&[b' '; 10_000]).await.is_err() {
                    break;
                }
            }
            let _ = stream.readable().await;
        }
        sleep(IN_TIME / 2).await;
    }
}

/// From an address of its own: a limit for each peer must not be all that helps.
async fn connect(to: SocketAddr, n: usize) -> std::io::Result<TcpStream> {
    let [high, low] = [10 + n / 250, 1 + n % 250].map(|part| u8::try_from(part).unwrap());
    let socket = TcpSocket::new_v4()?;
    socket.bind((IpAddr::V4(Ipv4Addr::new(127, 0, high, low)), 0).into())?;
    socket.connect(to).await
}

/// The most memory that the process has had, in MiB.
fn peak_mib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// A line of the log that cannot be written must not hold up a delivery.
#[test]
fn a_log_that_nobody_reads_holds_up_nothing() {
    let lake = TestLake::new();
    let serve = Serve::start(&lake, &[]);
    for n in 0..1_500 {
        let refused = Delivery { event: "push", id: &guid(n), body: b"{}" };
        let answer = refused.send_signed(serve.address, Some("sha256=0")).unwrap();
        assert_eq!(answer.status, 401);
    }
    let started = Instant::now();
    for n in 0..DELIVERIES {
        let delivery = Delivery { event: "push", id: &guid(n), body: b"{}" };
        assert_eq!(delivery.send(serve.address).unwrap().status, 202);
    }
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    serve.stop().fine();
    assert_eq!(lake.json(&["compact"])["stored"], DELIVERIES);
}
