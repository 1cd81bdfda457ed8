//! Random pull requests: drafts and turns, reviews of every kind, several things in one second.

use serde_json::{Value, json};

use super::dice::Dice;
use super::world::{Repo, Told, World, labels, person, time};

const SECOND: i64 = 1000;
const TITLES: [&str; 3] = ["change", "<script>alert(1)</script>", "\u{202e}egnahc"];

/// A pull request as it is at some moment; times in milliseconds.
struct Pull<'w> {
    repo: &'w Repo,
    number: i64,
    user: Value,
    created: i64,
    /// Whether any delivery says when it was created.
    tells_creation: bool,
    now: i64,
    draft: bool,
    closed: Option<i64>,
    merged: Option<i64>,
    labels: Vec<&'static str>,
    title: &'static str,
    base: &'static str,
    told: Vec<Told>,
}

/// The deliveries of a pull request.
pub(super) fn pull(dice: &mut Dice, world: &World, number: i64) -> Vec<Told> {
    let created = world.moment(dice);
    let mut pull = Pull {
        repo: world.repo(dice),
        number,
        user: person(dice),
        created,
        tells_creation: dice.chance(94),
        now: created,
        draft: dice.chance(45),
        closed: None,
        merged: None,
        labels: labels(dice),
        title: dice.pick(TITLES),
        base: dice.pick(["main", "main", "release/1"]),
        told: vec![],
    };
    pull.tell(dice, "opened");
    for _ in 0..dice.below(9) {
        pull.later(dice);
        pull.happen(dice);
    }
    pull.later(dice);
    pull.end(dice);
    pull.told
}

impl Pull<'_> {
    /// Some time goes by; often none that a clock of whole seconds sees.
    fn later(&mut self, dice: &mut Dice) {
        self.now += match dice.below(6) {
            0 | 1 => 0,
            2 => SECOND,
            3 => dice.between(1, 120) * SECOND,
            _ => dice.between(60, 30_000) * SECOND,
        };
    }

    fn happen(&mut self, dice: &mut Dice) {
        match dice.below(10) {
            0..=2 => self.turn(dice),
            3..=5 => self.review(dice),
            6 => self.comment(dice),
            7 => self.close_and_reopen(dice),
            8 => {
                self.labels = labels(dice);
                self.tell(dice, "labeled");
            }
            _ => {
                self.title = dice.pick(TITLES);
                let action = dice.pick(["synchronize", "edited", "review_requested"]);
                self.tell(dice, action);
            }
        }
    }

    /// Ready or a draft; reviewers are then asked in the same second, before or after the turn.
    fn turn(&mut self, dice: &mut Dice) {
        let asks = dice.chance(40);
        if asks && dice.chance(50) {
            self.tell(dice, "review_requested");
        }
        self.draft = !self.draft;
        self.tell(dice, if self.draft { "converted_to_draft" } else { "ready_for_review" });
        if asks {
            self.tell(dice, "review_requested");
        }
    }

    fn close_and_reopen(&mut self, dice: &mut Dice) {
        self.closed = Some(self.now);
        self.tell(dice, "closed");
        if dice.chance(50) {
            self.later(dice);
        }
        self.closed = None;
        self.tell(dice, "reopened");
    }

    fn end(&mut self, dice: &mut Dice) {
        match dice.below(10) {
            0 | 1 => return,
            2 => self.closed = Some(self.now),
            _ => {
                self.closed = Some(self.now);
                self.merged = Some(self.now);
            }
        }
        self.tell(dice, "closed");
        for _ in 0..dice.below(4) {
            self.later(dice);
            match dice.below(8) {
                0 => self.turn(dice),
                1 => self.tell(dice, "labeled"),
                2 | 3 => self.comment(dice),
                _ => self.review(dice),
            }
        }
    }

    fn tell(&mut self, dice: &mut Dice, action: &'static str) {
        let payload = self.payload(dice, action);
        self.push("pull_request", payload);
    }

    fn comment(&mut self, dice: &mut Dice) {
        let payload = self.payload(dice, action_of_a_comment(self.number));
        let event_type = dice.pick(["pull_request_review_comment", "pull_request_review_thread"]);
        self.push(event_type, payload);
    }

    /// A review, later perhaps dismissed: that delivery tells the time of the review, too.
    fn review(&mut self, dice: &mut Dice) {
        let reviewer = if dice.chance(20) { self.user.clone() } else { person(dice) };
        let submitted = self.now - dice.pick([0, 0, 0, SECOND, 3600 * SECOND]);
        let is_pending = dice.chance(5);
        for action in ["submitted", "edited", "dismissed"] {
            if action != "submitted" && !dice.chance(20) {
                continue;
            }
            let mut payload = self.payload(dice, action);
            let at = if is_pending { Value::Null } else { time(dice, submitted) };
            let state = dice.pick(["approved", "commented", "changes_requested"]);
            payload["review"] =
                json!({"id": self.number, "user": reviewer, "state": state, "submitted_at": at});
            self.push("pull_request_review", payload);
            self.later(dice);
        }
    }

    fn push(&mut self, event_type: &'static str, payload: Value) {
        let source = self.repo.source.to_owned();
        self.told.push(Told { source, event_type, at: self.now, payload });
    }

    fn payload(&self, dice: &mut Dice, action: &str) -> Value {
        let sender = person(dice);
        let mut payload = self.repo.envelope(action, self.now, &sender);
        let labels: Vec<Value> = self.labels.iter().map(|name| json!({"name": name})).collect();
        let draft = if dice.chance(3) { Value::Null } else { json!(self.draft) };
        let state = if self.closed.is_some() { "closed" } else { "open" };
        let mut optional = |at: Option<i64>| at.map_or(Value::Null, |at| time(dice, at));
        payload["pull_request"] = json!({
            "number": self.number, "id": self.number * 1000, "title": self.title, "state": state,
            "draft": draft, "user": self.user, "labels": labels, "base": {"ref": self.base},
            "head": {"ref": "topic", "sha": "0a"}, "created_at": optional(self.tells_creation.then_some(self.created)),
            "updated_at": optional(Some(self.now)), "closed_at": optional(self.closed),
            "merged_at": optional(self.merged),
        });
        payload
    }
}

/// Comments are made and threads resolved: which says nothing that a report reads.
fn action_of_a_comment(number: i64) -> &'static str {
    if number % 2 == 0 { "created" } else { "resolved" }
}
