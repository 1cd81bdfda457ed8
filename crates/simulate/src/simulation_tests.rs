//! The simulation as its callers see it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::*;
use crate::hostile;
use crate::pull_requests::PullStory;

fn small(seed: u64) -> Simulation {
    simulate(&Settings { seed, deliveries: 2_000, padding: Padding::Slim, ..Settings::default() })
}

#[test]
fn a_seed_is_a_history() {
    let all = |seed| small(seed).deliveries().collect::<Vec<_>>();
    assert!(all(7) == all(7));
    let ids = |seed| small(seed).deliveries().map(|d| d.id).collect::<BTreeSet<_>>();
    assert!(ids(7).is_disjoint(&ids(8)));
}

#[test]
fn every_story_happens_in_two_thousand_deliveries() {
    let jobs = [
        "ran",
        "lost_in_progress",
        "early_start",
        "inherits_start",
        "gated",
        "skipped",
        "cancelled_in_queue",
        "still_queued",
    ];
    for seed in 1..=20 {
        let simulation = small(seed);
        let truth = simulation.truth();
        let pulls = PullStory::WEIGHTS.iter().map(|(s, _)| format!("pull_request/{}", s.name()));
        for story in jobs.iter().map(|job| format!("job/{job}")).chain(pulls) {
            assert!(truth.stories.contains_key(&story), "{story} with seed {seed}");
        }
        let queue = &truth.queue_latency;
        for count in [
            queue.skipped,
            queue.never_ran,
            queue.pending,
            queue.gated,
            queue.anomalous,
            queue.clamped,
        ] {
            assert!(count > 0, "{queue:?} with seed {seed}");
        }
        assert!(truth.lead_time.open > 0 && truth.lead_time.closed_unmerged > 0, "{seed}");
        assert!(truth.redeliveries > 0, "{seed}");
        assert_eq!(truth.by_event.len(), 11, "{:?}", truth.by_event);
    }
}

#[test]
fn about_as_many_deliveries_as_asked_for() {
    for (seed, deliveries) in [(1, 2_000), (2, 2_000), (1, 10_000), (1, 50_000)] {
        let settings = Settings { seed, deliveries, ..Settings::default() };
        let got = simulate(&settings).len() as u64;
        assert!((deliveries * 90 / 100..deliveries * 110 / 100).contains(&got), "{got}");
    }
}

#[test]
fn payloads_are_objects_of_githubs_size() {
    let simulation = simulate(&Settings { deliveries: 2_000, ..Settings::default() });
    let (mut bytes, mut jobs) = (0, 0);
    for delivery in simulation.deliveries() {
        let payload: Value = serde_json::from_str(&delivery.body).unwrap();
        assert!(!delivery.body.bytes().any(|byte| byte < b' '), "a raw control character");
        assert!(payload["sender"]["login"].is_string(), "{}", delivery.event);
        if delivery.event != "ping" {
            assert!(payload["repository"]["id"].is_u64(), "{}", delivery.event);
        }
        bytes += delivery.body.len();
        jobs += usize::from(delivery.event == "workflow_job");
    }
    let average = bytes / simulation.len();
    assert!((9_000..25_000).contains(&average), "{average}");
    assert!(jobs * 3 > simulation.len(), "{jobs} jobs of {}", simulation.len());
}

#[test]
fn a_redelivery_is_the_same_again_later_within_three_days() {
    let simulation = small(3);
    let mut first: HashMap<DeliveryId, SimulatedDelivery> = HashMap::new();
    let mut again = 0;
    for delivery in simulation.deliveries() {
        let Some(before) = first.get(&delivery.id) else {
            assert!(!delivery.redelivery);
            first.insert(delivery.id, delivery);
            continue;
        };
        assert!(delivery.redelivery);
        assert_eq!((&before.body, before.event), (&delivery.body, delivery.event));
        let later = delivery.sent_at - before.sent_at;
        assert!(later > TimeDelta::zero() && later < TimeDelta::days(3), "{later}");
        again += 1;
    }
    assert_eq!(again, simulation.truth().redeliveries);
    assert_eq!(first.len() as u64, simulation.truth().unique_deliveries);
}

#[test]
fn arrival_is_nearly_in_the_order_of_sending() {
    let sent: Vec<_> = small(4).deliveries().filter(|d| !d.redelivery).map(|d| d.sent_at).collect();
    let mut latest = sent[0];
    let mut late = 0;
    for at in sent {
        assert!(latest - at < TimeDelta::minutes(10), "{at} after {latest}");
        late += usize::from(at < latest);
        latest = latest.max(at);
    }
    assert!(late > 20, "{late}");
}

#[test]
fn what_payloads_say_is_what_github_says() {
    let simulation = small(5);
    let mut actions: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for delivery in simulation.deliveries() {
        let payload: Value = serde_json::from_str(&delivery.body).unwrap();
        let action = payload["action"].as_str().unwrap_or_default().to_owned();
        let job = &payload["workflow_job"];
        match (delivery.event, &*action) {
            ("push", _) => {
                assert_eq!(payload["deleted"] == true, payload["head_commit"].is_null());
                assert!(payload["repository"]["created_at"].is_i64());
            }
            ("workflow_job", "queued" | "waiting") => {
                assert_eq!(job["started_at"], job["created_at"]);
                assert!(job["steps"].as_array().unwrap().is_empty());
            }
            ("workflow_job", "in_progress") => assert!(job["runner_id"].as_u64().unwrap() > 0),
            ("pull_request_review", _) => assert!(payload["pull_request"]["merged"].is_null()),
            _ => {}
        }
        actions.entry(delivery.event).or_default().insert(action);
    }
    let of = |event: &str| actions[event].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(of("workflow_job"), ["completed", "in_progress", "queued", "waiting"]);
    assert_eq!(of("release"), ["created", "published", "released"]);
    assert_eq!(
        of("pull_request"),
        [
            "closed",
            "converted_to_draft",
            "labeled",
            "opened",
            "ready_for_review",
            "reopened",
            "review_requested",
            "synchronize",
        ]
    );
}

#[test]
fn waiting_depends_on_the_runners() {
    let simulation = simulate(&Settings::default());
    let by_label = simulation.truth().queue_latency.by(|wait| wait.label.clone());
    assert_eq!(by_label.len(), 4);
    let hosted = by_label["ubuntu-latest"];
    assert!(hosted.p99 < 20.0, "{hosted:?}");
    assert!(by_label["gpu,self-hosted"].p95 > 10.0 * hosted.p95, "{by_label:?}");
    assert!(by_label["gpu,self-hosted"].p95 > by_label["linux,self-hosted"].p95, "{by_label:?}");
}

#[test]
fn hostile_strings_occur() {
    let settings = Settings { padding: Padding::Slim, ..Settings::default() };
    let bodies: String = simulate(&settings).deliveries().map(|delivery| delivery.body).collect();
    let escaped = |text: &str| {
        let quoted = Value::from(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    };
    let there = hostile::TEXTS.iter().filter(|text| bodies.contains(&escaped(text))).count();
    assert!(there >= 10, "{there} of {}", hostile::TEXTS.len());
    assert!(bodies.contains("needs review, urgently"));
    assert!(bodies.contains(&"A very long title, ça continue — ".repeat(100)));
}

#[test]
fn a_period_of_no_length_and_one_that_ends_before_it_begins_do_no_harm() {
    let start = Settings::default().start;
    for end in [start, start + TimeDelta::seconds(1), start - TimeDelta::days(1)] {
        let simulation = simulate(&Settings { end, deliveries: 0, ..Settings::default() });
        assert!(simulation.deliveries().any(|delivery| delivery.event == "ping"));
        assert_eq!(simulation.delivery(simulation.len()), None);
    }
}
