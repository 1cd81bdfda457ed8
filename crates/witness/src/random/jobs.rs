//! Random jobs: queued, gated, skipped, cancelled, run again, with clocks that disagree.

use serde_json::{Value, json};

use super::dice::Dice;
use super::world::{Repo, Told, World, labels, person, time};

const SECOND: i64 = 1000;

/// What all deliveries of a job say alike.
struct Job<'w> {
    repo: &'w Repo,
    id: i64,
    attempt: Option<i64>,
    labels: Vec<&'static str>,
    texts: Value,
    created: i64,
    /// Whether any delivery says when it was created.
    tells_creation: bool,
}

/// How a job's life goes.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Runs,
    Skipped,
    Cancelled,
    Gated,
    Waits,
}

/// The deliveries of a job and of its further attempts.
pub(super) fn job(dice: &mut Dice, world: &World, id: i64) -> Vec<Told> {
    let mut job = Job {
        repo: world.repo(dice),
        id,
        attempt: dice.chance(85).then_some(1),
        labels: labels(dice),
        texts: texts(dice),
        created: world.moment(dice),
        tells_creation: dice.chance(96),
    };
    let started = job.created + wait(dice);
    let mut told = life(dice, &job, started);
    while dice.chance(20) {
        job.attempt = Some(job.attempt.unwrap_or(1) + 1);
        // A second attempt may tell the first one's start, or even its creation.
        let inherits = dice.chance(30);
        job.created += if inherits && dice.chance(30) { 0 } else { dice.between(5, 7200) * SECOND };
        let again = if inherits { started } else { job.created + wait(dice) };
        told.extend(life(dice, &job, again));
    }
    told
}

fn texts(dice: &mut Dice) -> Value {
    json!({
        "workflow_name": dice.pick([Some("ci"), Some("CI"), Some("deploy, \"prod\""), None]),
        "name": dice.pick(["build", "test (1, linux)", "<b>lint</b>"]),
        "head_branch": dice.pick([Some("main"), Some("feature/\u{fc}"), None]),
    })
}

/// Waits in milliseconds: long, short, none, and around both ends of what is taken as none.
fn wait(dice: &mut Dice) -> i64 {
    match dice.below(8) {
        0 => dice.pick([-5001, -5000, -4999, -6000, -1000, -1, 0, 1]),
        1 => dice.between(-3, 2) * SECOND,
        2 => dice.between(3600, 26 * 3600) * SECOND,
        _ => dice.between(1, 600) * SECOND,
    }
}

fn life(dice: &mut Dice, job: &Job<'_>, started: i64) -> Vec<Told> {
    let way = match dice.below(12) {
        0 => Way::Skipped,
        1 => Way::Cancelled,
        2 => Way::Gated,
        3 => Way::Waits,
        _ => Way::Runs,
    };
    let done = started.max(job.created) + dice.between(0, 900) * SECOND;
    let mut told = vec![];
    if way != Way::Skipped {
        told.push(tell(
            dice,
            job,
            "queued",
            &Moment { started: job.created, ..Moment::at(job.created) },
        ));
    }
    if way == Way::Gated {
        told.push(tell(
            dice,
            job,
            "waiting",
            &Moment { started: job.created, ..Moment::at(job.created) },
        ));
    }
    if way == Way::Runs || (way == Way::Gated && dice.chance(70)) {
        let moment = Moment { started, ran: true, ..Moment::at(started) };
        told.push(tell(dice, job, "in_progress", &moment));
        let told_start = started + dice.pick([0, 0, 0, SECOND, -SECOND]);
        let conclusion = Some(dice.pick(["success", "failure", "cancelled"]));
        let end =
            Moment { started: told_start, completed: Some(done), conclusion, ran: true, at: done };
        told.push(tell(dice, job, "completed", &end));
    }
    if way == Way::Skipped || way == Way::Cancelled {
        let conclusion = Some(if way == Way::Skipped { "skipped" } else { "cancelled" });
        let end = Moment { started: done, completed: Some(done), conclusion, ran: false, at: done };
        told.push(tell(dice, job, "completed", &end));
    }
    told
}

/// What one delivery says of its own; times in milliseconds.
struct Moment {
    at: i64,
    started: i64,
    completed: Option<i64>,
    conclusion: Option<&'static str>,
    ran: bool,
}

impl Moment {
    fn at(at: i64) -> Self {
        Self { at, started: at, completed: None, conclusion: None, ran: false }
    }
}

fn tell(dice: &mut Dice, job: &Job<'_>, action: &'static str, moment: &Moment) -> Told {
    let sender = person(dice);
    let mut payload = job.repo.envelope(action, moment.at, &sender);
    let mut told = json!({
        "id": job.id, "run_id": job.id * 10, "labels": job.labels, "conclusion": moment.conclusion,
        "status": action,
    });
    if let Some(attempt) = job.attempt {
        told["run_attempt"] = json!(attempt);
    }
    let created = job.created + if dice.chance(4) { SECOND } else { 0 };
    let created = job.tells_creation.then_some(created);
    told["created_at"] = created.map_or(Value::Null, |at| time(dice, at));
    told["started_at"] = time(dice, moment.started);
    told["completed_at"] = moment.completed.map_or(Value::Null, |at| time(dice, at));
    for text in ["workflow_name", "name", "head_branch"] {
        told[text] = job.texts[text].clone();
    }
    runner(dice, &mut told, moment);
    payload["workflow_job"] = told;
    Told { source: job.repo.source.to_owned(), event_type: "workflow_job", at: moment.at, payload }
}

/// A runner and steps for what ran; traces of a runner, now and then, for what did not.
fn runner(dice: &mut Dice, told: &mut Value, moment: &Moment) {
    let number = dice.between(1, 3);
    let knows_runner = moment.ran && dice.chance(85);
    let queued_with_runner = moment.completed.is_none() && dice.chance(10);
    if knows_runner || queued_with_runner {
        told["runner_id"] = json!(number);
        told["runner_name"] = json!(format!("runner-{number}"));
        told["runner_group_name"] = json!(dice.pick(["Default", "gpu"]));
    } else {
        told["runner_id"] = dice.pick([Some(0), None]).into();
    }
    let step = if moment.ran { time(dice, moment.started) } else { Value::Null };
    told["steps"] = match dice.below(8) {
        0 => Value::Null,
        1 => json!([]),
        _ => json!([{"name": "set up", "started_at": step}, {"name": "run", "started_at": null}]),
    };
}
