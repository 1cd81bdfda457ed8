//! Clients that are slow, silent or greedy, and signed deliveries beside them.
//!
//! Each scenario is a crowd that does one thing, and begins anew where it is shown the door. While
//! it does, deliveries of 10 KB come on connections of their own, as GitHub's do: 99 of 100 must be
//! taken within a second, and `/health` must answer. Then the server is told to stop, with the crowd
//! still there: it must end in time, and hold what it has acknowledged.
//!
//! The crowd comes from addresses of its own, either one or one for each client: a limit for each
//! peer helps against the first only.

mod clients;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use self::clients::{Act, Peers};
use crate::exchange::exchange;
use crate::request::Request;
use crate::scene::{ALONE, Landed, Scene};

/// Deliveries beside each crowd, and how many of them may fail or be late.
const DELIVERIES: usize = 100;
const MAY_FAIL: usize = 1;
const IN_TIME: Duration = Duration::from_secs(1);
/// Between two deliveries.
const PAUSE: Duration = Duration::from_millis(15);
/// A stop may take this long for what is open, and this long again for what has to land.
const DRAIN: Duration = Duration::from_secs(2);

/// What became of one delivery.
struct Sent {
    id: String,
    status: Option<u16>,
    took: Duration,
}

impl Sent {
    fn taken(&self) -> bool {
        self.status == Some(202)
    }
}

/// Plays a scenario: `count` clients that do `act`.
async fn beside(count: usize, peers: Peers, act: Act) {
    let _alone = ALONE.lock().await;
    let scene = Scene::start(|config| {
        config.endpoint = config.endpoint.clone().with_body_limit(25 << 20);
        config.limits.drain_within = DRAIN;
    })
    .await;
    let mut crowd = JoinSet::new();
    for n in 0..count {
        crowd.spawn(clients::play(scene.address, peers.address(n), act));
    }
    sleep(act.head_start()).await;
    let (sent, health) = tokio::join!(deliver(&scene), ask(&scene));
    let stopping = Instant::now();
    let (_, landed) = scene.finish().await;
    let stopped = stopping.elapsed();
    crowd.shutdown().await;

    check(&sent, &landed);
    assert_eq!(health, [Some(200); 10], "/health beside the crowd");
    assert!(stopped < 2 * DRAIN + IN_TIME, "a stop took {stopped:?}");
    println!(
        "{count} clients: the slowest of {DELIVERIES} took {:?}, a stop {stopped:?}",
        slowest(&sent)
    );
}

fn slowest(sent: &[Sent]) -> Duration {
    sent.iter().map(|it| it.took).max().unwrap()
}

fn check(sent: &[Sent], landed: &[Landed]) {
    let ids: Vec<&str> = landed.iter().map(|line| line.id.as_str()).collect();
    let once: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), once.len(), "something landed twice");
    for it in sent.iter().filter(|it| it.taken()) {
        assert!(once.contains(&*it.id), "{} was acknowledged and is lost", it.id);
    }
    let failed: Vec<_> = sent
        .iter()
        .filter(|it| !it.taken() || it.took > IN_TIME)
        .map(|it| (it.status, it.took))
        .collect();
    assert!(failed.len() <= MAY_FAIL, "{} of {DELIVERIES}: {failed:?}", failed.len());
}

/// Sends the deliveries, one every [`PAUSE`], each on a connection of its own.
async fn deliver(scene: &Scene) -> Vec<Sent> {
    let mut sending = JoinSet::new();
    for n in 0..DELIVERIES {
        let request = Request::of(format!(r#"{{"n":{n},"text":"{}"}}"#, "x".repeat(10_000)));
        sending.spawn(send(scene.address, request));
        sleep(PAUSE).await;
    }
    sending.join_all().await
}

async fn send(to: std::net::SocketAddr, request: Request) -> Sent {
    let started = Instant::now();
    let id = request.id();
    let status = status(to, request).await;
    Sent { id, status, took: started.elapsed() }
}

/// The status of the one answer; `None` where there is none within a while.
async fn status(to: std::net::SocketAddr, request: Request) -> Option<u16> {
    let bytes = request.bytes();
    let asking = tokio::spawn(async move { exchange(to, &bytes, 1, &[]).await });
    // Where no connection can be made, it panics.
    let got = timeout(5 * IN_TIME, asking).await.ok()?.ok()?;
    got.replies.first().map(|reply| reply.status)
}

/// Asks for `/health` ten times.
async fn ask(scene: &Scene) -> Vec<Option<u16>> {
    let mut answers = vec![];
    for _ in 0..10 {
        let asking = status(scene.address, Request::get("/health"));
        answers.push(timeout(IN_TIME, asking).await.unwrap_or_default());
        sleep(10 * PAUSE).await;
    }
    answers
}

macro_rules! scenarios {
    ($($name:ident: $count:expr, $peers:ident, $act:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            beside($count, Peers::$peers, Act::$act).await;
        }
    )*};
}

scenarios! {
    nobody: 0, One, Idle;
    many_who_announce_25_mb_and_send_nothing: 105, Many, Announce;
    one_who_announces_25_mb_and_sends_nothing: 105, One, Announce;
    many_who_announce_1_mb_and_send_nothing: 600, Many, AnnounceSmall;
    many_who_send_a_byte_a_second: 105, Many, Trickle;
    one_who_sends_a_byte_a_second: 105, One, Trickle;
    many_with_400_kb_of_headers: 300, Many, Headers;
    many_who_send_a_header_a_second: 300, Many, TrickleHeaders;
    many_who_say_nothing: 600, Many, Idle;
    one_who_says_nothing: 600, One, Idle;
    many_who_ask_once_and_stay: 600, Many, Stay;
    many_who_never_read: 105, Many, NeverRead;
    one_who_never_reads: 105, One, NeverRead;
    many_who_come_and_go: 16, Many, ComeAndGo;
    many_who_send_20_mb_with_a_wrong_signature: 4, Many, Greedy;
}
