//! What the way does to deliveries: loss, delay, redelivery, repetition, members that went wrong.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::dice::Dice;
use super::world::Told;
use crate::delivery::Delivery;

const SECOND: i64 = 1000;

/// How bad the way is, in per cent.
struct Way {
    loss: usize,
    damage: usize,
}

/// What arrives of all that happened, in no order.
pub(super) fn deliver(dice: &mut Dice, told: Vec<Told>) -> Vec<Delivery> {
    let way = Way { loss: dice.pick([0, 5, 15, 35]), damage: dice.pick([0, 0, 4, 15]) };
    let mut clock = Clock(BTreeSet::new());
    let mut deliveries = vec![];
    for mut told in told {
        if dice.chance(way.loss) {
            continue;
        }
        if dice.chance(way.damage) {
            damage(dice, &mut told);
        }
        let first = delivery(dice, &mut clock, &told);
        if dice.chance(4) {
            deliveries.push(first.clone());
        }
        deliveries.push(first);
        // Told once more, under another id and later.
        if dice.chance(8) {
            told.at += dice.between(60, 200_000) * SECOND;
            deliveries.push(delivery(dice, &mut clock, &told));
        }
    }
    dice.shuffle(&mut deliveries);
    deliveries
}

fn delivery(dice: &mut Dice, clock: &mut Clock, told: &Told) -> Delivery {
    let delay = match dice.below(10) {
        0 => dice.between(0, 3 * 86_400) * SECOND,
        1 => dice.between(0, 600) * SECOND,
        _ => dice.between(0, 4000),
    };
    Delivery {
        source: told.source.clone(),
        event_type: told.event_type.to_owned(),
        at: clock.arrival(dice, told.at + delay, told.event_type),
        id: dice.id(),
        payload: told.payload.clone(),
    }
}

/// The arrivals so far, in milliseconds.
struct Clock(BTreeSet<i64>);

impl Clock {
    /// No two at once, but for some jobs: what a pull request's deliveries mean that arrive in the
    /// same millisecond, nothing says.
    fn arrival(&mut self, dice: &mut Dice, mut at: i64, event_type: &str) -> DateTime<Utc> {
        let may_tie = event_type == "workflow_job" && dice.chance(20);
        while !self.0.insert(at) && !may_tie {
            at += 1;
        }
        DateTime::from_timestamp_millis(at).unwrap_or_default()
    }
}

/// Members that a delivery may lack, or have wrong.
const MEMBERS: [&str; 22] = [
    "/workflow_job/id",
    "/workflow_job/created_at",
    "/workflow_job/started_at",
    "/workflow_job/completed_at",
    "/workflow_job/run_attempt",
    "/workflow_job/labels",
    "/workflow_job/name",
    "/workflow_job/runner_id",
    "/workflow_job/steps",
    "/pull_request/number",
    "/pull_request/created_at",
    "/pull_request/updated_at",
    "/pull_request/merged_at",
    "/pull_request/draft",
    "/pull_request/labels",
    "/pull_request/user",
    "/pull_request/base",
    "/repository",
    "/repository/id",
    "/repository/full_name",
    "/sender",
    "/organization",
];

/// One member that is there goes wrong; sometimes all the times do.
fn damage(dice: &mut Dice, told: &mut Told) {
    if dice.chance(10) {
        for entity in ["workflow_job", "pull_request"] {
            for time in ["created_at", "started_at", "completed_at", "updated_at", "merged_at"] {
                spoil(&mut told.payload, &format!("/{entity}/{time}"), &Value::Null);
            }
        }
        return;
    }
    let start = dice.below(MEMBERS.len());
    let is_there = |path: &&str| told.payload.pointer(path).is_some();
    let found = MEMBERS.iter().cycle().skip(start).take(MEMBERS.len()).copied().find(is_there);
    let Some(path) = found else { return };
    let wrong = match dice.below(6) {
        0 => json!("12345678901"),
        1 => json!(u64::MAX),
        2 => json!(1e20),
        3 => json!([{"name": "x"}, 7]),
        4 => json!(true),
        _ => Value::Null,
    };
    spoil(&mut told.payload, path, &wrong);
}

fn spoil(payload: &mut Value, path: &str, wrong: &Value) {
    if let Some(member) = payload.pointer_mut(path) {
        *member = wrong.clone();
    }
}
