//! The truth comes from the lives, the deliveries do too: here the deliveries are read as the
//! contract's definitions say, and must give the same answers.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use serde_json::Value;

use crate::{Padding, PullTimes, Settings, Simulation, simulate};

fn seconds(value: &Value) -> Option<i64> {
    Some(DateTime::parse_from_rfc3339(value.as_str()?).unwrap().timestamp())
}

/// The payloads of one event type, each delivery once, by a key within the repository.
fn payloads(
    simulation: &Simulation,
    events: &[&str],
    key: impl Fn(&Value) -> [u64; 2],
) -> BTreeMap<(u64, [u64; 2]), Vec<Value>> {
    let (mut seen, mut groups) = (BTreeSet::new(), BTreeMap::new());
    for delivery in simulation.deliveries() {
        if events.contains(&delivery.event) && seen.insert(delivery.id) {
            let payload: Value = serde_json::from_str(&delivery.body).unwrap();
            let key = (payload["repository"]["id"].as_u64().unwrap(), key(&payload));
            groups.entry(key).or_insert_with(Vec::new).push(payload);
        }
    }
    groups
}

fn ran(job: &Value) -> bool {
    job["runner_id"].as_u64().is_some_and(|id| id > 0)
        || job["steps"].as_array().unwrap().iter().any(|step| step["started_at"].is_string())
}

/// Why a job has no latency, or when it started and what its latency is.
fn read_job(payloads: &[Value]) -> Result<(i64, i64), &'static str> {
    let of = |action: &str| {
        let wanted = payloads.iter().filter(|payload| payload["action"] == *action);
        wanted.map(|payload| &payload["workflow_job"]).collect::<Vec<_>>()
    };
    let created = payloads.iter().filter_map(|p| seconds(&p["workflow_job"]["created_at"])).min();
    let completed = of("completed");
    let from_start = of("in_progress").iter().filter_map(|job| seconds(&job["started_at"])).min();
    let from_end =
        completed.iter().filter(|job| ran(job)).filter_map(|job| seconds(&job["started_at"])).min();
    if !of("waiting").is_empty() {
        return Err("gated");
    }
    if completed.iter().any(|job| job["conclusion"] == "skipped") {
        return Err("skipped");
    }
    match from_start.or(from_end) {
        None if completed.is_empty() => Err("pending"),
        None => Err("never_ran"),
        Some(started) if started - created.unwrap() < -5 => Err("anomalous"),
        Some(started) => Ok((started, started - created.unwrap())),
    }
}

fn simulation(seed: u64) -> Simulation {
    simulate(&Settings { seed, deliveries: 4_000, padding: Padding::Slim, ..Settings::default() })
}

#[test]
fn the_deliveries_tell_the_true_queue_latency() {
    for seed in 1..=5 {
        let simulation = simulation(seed);
        let jobs = payloads(&simulation, &["workflow_job"], |payload| {
            let job = &payload["workflow_job"];
            [job["id"].as_u64().unwrap(), job["run_attempt"].as_u64().unwrap()]
        });
        let (mut values, mut left_out, mut clamped) = (vec![], BTreeMap::new(), 0);
        for payloads in jobs.values() {
            match read_job(payloads) {
                Err(reason) => *left_out.entry(reason).or_insert(0) += 1,
                Ok((at, latency)) => {
                    let job = &payloads[0]["workflow_job"];
                    let labels: BTreeSet<_> = job["labels"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|l| l.as_str().unwrap())
                        .collect();
                    let label = labels.into_iter().collect::<Vec<_>>().join(",");
                    let repo = payloads[0]["repository"]["full_name"].as_str().unwrap().to_owned();
                    let workflow = job["workflow_name"].as_str().unwrap().to_owned();
                    clamped += u64::from(latency < 0);
                    values.push((repo, label, workflow, at, latency.max(0)));
                }
            }
        }
        let truth = &simulation.truth().queue_latency;
        let mut expected: Vec<_> = truth
            .values
            .iter()
            .map(|v| (v.repo.to_owned(), v.label.clone(), v.workflow.to_owned(), v.at, v.seconds))
            .collect();
        values.sort();
        expected.sort();
        assert_eq!(values, expected);
        let of = |reason: &str| left_out.get(reason).copied().unwrap_or(0);
        assert_eq!((of("gated"), of("skipped")), (truth.gated, truth.skipped));
        assert_eq!((of("never_ran"), of("pending")), (truth.never_ran, truth.pending));
        assert_eq!((of("anomalous"), clamped), (truth.anomalous, truth.clamped));
    }
}

/// A pull request's durations in the order of [`PullTimes`], or the state that it is left in.
fn read_pull(payloads: &[Value]) -> Result<[Option<i64>; 5], &'static str> {
    let pulls = payloads.iter().map(|payload| &payload["pull_request"]);
    let created = seconds(&payloads[0]["pull_request"]["created_at"]).unwrap();
    let times_of = |action: &str| {
        let wanted = payloads.iter().filter(|payload| payload["action"] == *action);
        wanted.filter_map(|p| seconds(&p["pull_request"]["updated_at"])).collect::<BTreeSet<_>>()
    };
    let Some(merged) = pulls.clone().filter_map(|pull| seconds(&pull["merged_at"])).min() else {
        let latest = pulls.max_by_key(|pull| seconds(&pull["updated_at"])).unwrap();
        return Err(if latest["state"] == "open" { "open" } else { "closed_unmerged" });
    };
    let ready = times_of("ready_for_review");
    let opened = payloads.iter().find(|payload| payload["action"] == "opened").unwrap();
    let mut drafts = times_of("converted_to_draft");
    drafts.extend((opened["pull_request"]["draft"] == true).then_some(created));
    let as_draft: i64 =
        drafts.iter().map(|from| ready.range(from..).next().unwrap_or(&merged) - from).sum();
    let author = &opened["pull_request"]["user"]["login"];
    let by_others = payloads
        .iter()
        .map(|payload| &payload["review"])
        .filter(|review| review["user"]["type"] != "Bot" && review["user"]["login"] != *author);
    let reviewed = by_others.filter_map(|review| seconds(&review["submitted_at"])).min();
    let first_ready = ready.first().copied().unwrap_or(created);
    Ok([
        Some(merged),
        Some(merged - created),
        Some(merged - ready.range(..=merged).next_back().copied().unwrap_or(created)),
        Some(merged - created - as_draft),
        reviewed.map(|at| (at - first_ready).max(0)),
    ])
}

#[test]
fn the_deliveries_tell_the_true_lead_time() {
    for seed in 1..=5 {
        let simulation = simulation(seed);
        let pulls = payloads(&simulation, &["pull_request", "pull_request_review"], |payload| {
            [payload["pull_request"]["number"].as_u64().unwrap(), 0]
        });
        let (mut values, mut left_out) = (vec![], BTreeMap::new());
        for payloads in pulls.values() {
            match read_pull(payloads) {
                Err(reason) => *left_out.entry(reason).or_insert(0) += 1,
                Ok(times) => {
                    let repo = payloads[0]["repository"]["full_name"].as_str().unwrap().to_owned();
                    let author = &payloads[0]["pull_request"]["user"]["login"];
                    values.push((repo, author.as_str().unwrap().to_owned(), times));
                }
            }
        }
        let truth = &simulation.truth().lead_time;
        let expected = truth.values.iter().map(|value: &PullTimes| {
            let PullTimes { repo, author, merged_at, lead_time, .. } = *value;
            let (ready, non_draft) = (Some(value.ready_to_merge), Some(value.non_draft));
            let times = [Some(merged_at), Some(lead_time), ready, non_draft, value.first_review];
            (repo.to_owned(), author.to_owned(), times)
        });
        let mut expected: Vec<_> = expected.collect();
        values.sort();
        expected.sort();
        assert_eq!(values, expected);
        let of = |reason: &str| left_out.get(reason).copied().unwrap_or(0);
        assert_eq!((of("open"), of("closed_unmerged")), (truth.open, truth.closed_unmerged));
    }
}
