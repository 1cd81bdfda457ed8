//! Some hundreds of hostile requests, and what each must get.
//!
//! The cases are data, a file for each part of a request. All of them go to one server, many at a
//! time; in the end it must still take a delivery, and hold exactly what it has answered 2xx.

mod cases;
mod chunks;
mod forms;
mod headers;
mod identity;
mod lengths;
mod lines;
mod payloads;
mod pipelines;
mod signatures;

use std::time::Duration;

use futures::StreamExt;

use self::cases::Case;
use crate::exchange::{Exchange, Reply, exchange};
use crate::request::Request;
use crate::scene::{ALONE, Landed, Scene};

/// The fewest cases that will do.
const ENOUGH: usize = 250;
/// Cases under way at one time.
const AT_ONCE: usize = 16;
/// What a 401 says, whatever was wrong.
const UNAUTHORIZED: &str = r#"{"error":"the signature is missing or wrong"}"#;

fn all() -> Vec<Case> {
    [
        ("request line", lines::cases()),
        ("header", headers::cases()),
        ("length", lengths::cases()),
        ("transfer coding", chunks::cases()),
        ("form", forms::cases()),
        ("signature", signatures::cases()),
        ("identity", identity::cases()),
        ("payload", payloads::cases()),
        ("pipeline", pipelines::cases()),
    ]
    .into_iter()
    .flat_map(|(part, cases)| cases.into_iter().map(move |case| case.of(part)))
    .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_hostile_request_gets_what_it_must_and_nothing_else_is_kept() {
    let _alone = ALONE.lock().await;
    let cases = all();
    println!("{} hostile requests", cases.len());
    assert!(cases.len() >= ENOUGH, "{}", cases.len());
    let scene = Scene::start(|config| {
        config.limits.headers_within = Duration::from_secs(1);
        config.limits.body_within = Duration::from_secs(1);
    })
    .await;
    let address = scene.address;
    let run = async |case: Case| {
        (exchange(address, &case.bytes, case.answers(), &case.heads).await, case)
    };
    let mut results: Vec<(Exchange, Case)> =
        futures::stream::iter(cases).map(run).buffer_unordered(AT_ONCE).collect().await;
    let last = Case::new("after all of them", Request::push(), 202);
    results.push(run(last).await);
    let (summary, landed) = scene.finish().await;

    let mut faults: Vec<String> = results.iter().flat_map(|(got, case)| case.faults(got)).collect();
    faults.extend(faults_of_401(&results));
    faults.extend(results.iter().filter_map(|(got, case)| fault_of_landing(got, case, &landed)));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(accepted(&results), sorted(landed.iter().map(|line| line.id.clone())));
    assert_eq!((summary.deliveries, summary.left), (landed.len() as u64, 0));
}

/// Every 401 is the same, and says nothing of what was wrong.
fn faults_of_401(results: &[(Exchange, Case)]) -> Vec<String> {
    let refused = |(got, case)| unauthorized(got).map(move |reply| (reply, case));
    let all: Vec<(&Reply, &Case)> =
        results.iter().flat_map(|(got, case)| refused((got, case))).collect();
    assert!(all.len() > 50, "only {} were refused for their signature", all.len());
    let first = all[0].0.told();
    let differs = |(reply, _): &&(&Reply, &Case)| {
        reply.told() != first || ![UNAUTHORIZED, ""].contains(&&*reply.body)
    };
    all.iter().filter(differs).map(|(reply, case)| format!("{case}: {reply:?}")).collect()
}

fn unauthorized(got: &Exchange) -> impl Iterator<Item = &Reply> {
    got.replies.iter().filter(|reply| reply.status == 401)
}

/// What a case was to leave in the lake, it left there.
fn fault_of_landing(got: &Exchange, case: &Case, landed: &[Landed]) -> Option<String> {
    let expected = case.lands.as_ref()?;
    let id = got.replies.first().and_then(delivery)?;
    let there = landed.iter().find(|line| line.id == id);
    match there {
        Some(line) if expected.matches(line) => None,
        there => Some(format!("{case}: {expected:?} was to land, not {there:?}")),
    }
}

/// The delivery that an answer acknowledges.
fn delivery(reply: &Reply) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(&reply.body).ok()?;
    (body["status"] == "accepted").then(|| body["delivery"].as_str().unwrap().to_owned())
}

fn accepted(results: &[(Exchange, Case)]) -> Vec<String> {
    let replies = results.iter().flat_map(|(got, _)| &got.replies);
    sorted(replies.filter(|reply| reply.status / 100 == 2).filter_map(delivery))
}

fn sorted(ids: impl Iterator<Item = String>) -> Vec<String> {
    let mut ids: Vec<String> = ids.collect();
    ids.sort();
    ids
}
