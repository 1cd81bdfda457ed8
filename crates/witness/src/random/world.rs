//! Hosts, repositories that are renamed, people, and moments where calendars are at odds.

use chrono::{DateTime, FixedOffset, SecondsFormat};
use serde_json::{Value, json};

use super::dice::Dice;

const SECOND: i64 = 1000;
const HOUR: i64 = 3600 * SECOND;
const ENTERPRISE: &str = "ghes.corp.example";

/// Jumps of clocks, midnights, ends of months and of years, somewhere.
const MOMENTS: [&str; 16] = [
    "2026-03-02T00:00:00Z",
    "2026-02-28T18:15:00Z",
    "2026-02-28T18:30:00Z",
    "2026-03-08T07:00:00Z",
    "2026-03-29T01:00:00Z",
    "2026-04-04T14:00:00Z",
    "2026-04-04T16:00:00Z",
    "2026-04-05T03:00:00Z",
    "2026-04-23T22:00:00Z",
    "2026-09-06T04:00:00Z",
    "2026-10-25T01:00:00Z",
    "2026-11-01T05:00:00Z",
    "2026-11-01T06:00:00Z",
    "2025-12-31T23:00:00Z",
    "2024-02-29T12:00:00Z",
    "2011-12-30T10:00:00Z",
];

const NAMES: [&str; 8] = [
    "acme/web",
    "Acme/Web",
    "acme/api",
    "acme/Tools",
    "old-org/web",
    "b\u{e4}cker/brot",
    "acme/it's \"quoted\", 100%",
    "acme/web_1",
];

/// What happened, and when, before anything is lost on the way. The time is in milliseconds.
pub(super) struct Told {
    pub(super) source: String,
    pub(super) event_type: &'static str,
    pub(super) at: i64,
    pub(super) payload: Value,
}

/// A repository, its name, and the one that it has from some time on.
pub(super) struct Repo {
    pub(super) source: &'static str,
    id: i64,
    name: &'static str,
    renamed: Option<(i64, &'static str)>,
    org: Option<&'static str>,
}

impl Repo {
    /// The members of every payload that tell of it at a time.
    pub(super) fn envelope(&self, action: &str, at: i64, sender: &Value) -> Value {
        let renamed = self.renamed.filter(|(from, _)| at >= *from);
        let name = renamed.map_or(self.name, |(_, name)| name);
        let repository = json!({"id": self.id, "full_name": name, "private": true});
        let mut all = json!({"action": action, "repository": repository, "sender": sender});
        if let Some(org) = self.org {
            all["organization"] = json!({"login": org, "id": 77});
        }
        all
    }
}

/// Where everything of one lake happens.
pub(super) struct World {
    pub(super) repos: Vec<Repo>,
    base: i64,
    /// Whether times have milliseconds, which GitHub's have not.
    fine: bool,
}

impl World {
    pub(super) fn new(dice: &mut Dice) -> Self {
        let hosts: &[&str] =
            dice.pick([&["github.com"], &[ENTERPRISE], &["github.com", ENTERPRISE]]);
        let base = parse(dice.pick(MOMENTS));
        let mut world = Self { repos: vec![], base, fine: dice.chance(10) };
        for id in 101..=dice.between(101, 104) {
            for source in hosts.iter().copied() {
                let org = dice.pick([Some("acme"), Some("acme"), Some("Other"), None]);
                let name = if dice.chance(70) { NAMES[below_eight(id)] } else { dice.pick(NAMES) };
                let renamed = dice.chance(35).then(|| (world.moment(dice), dice.pick(NAMES)));
                world.repos.push(Repo { source, id, name, renamed, org });
            }
        }
        world
    }

    pub(super) fn repo(&self, dice: &mut Dice) -> &Repo {
        &self.repos[dice.below(self.repos.len())]
    }

    /// A time at or near the moment that the lake is about.
    pub(super) fn moment(&self, dice: &mut Dice) -> i64 {
        let near = dice.pick([0, -SECOND, SECOND, HOUR, -HOUR, 24 * HOUR]);
        let far = dice.between(-40 * 3600, 40 * 3600) * SECOND;
        let fine = if self.fine { dice.between(0, 999) } else { 0 };
        self.base + if dice.chance(25) { near } else { far } + fine
    }
}

fn below_eight(id: i64) -> usize {
    usize::try_from(id % 8).unwrap_or_default()
}

fn parse(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).map_or(0, |at| at.timestamp_millis())
}

/// A time as GitHub writes it, now and then in another offset or as seconds.
pub(super) fn time(dice: &mut Dice, at: i64) -> Value {
    let Some(utc) = DateTime::from_timestamp_millis(at) else { return Value::Null };
    if at % SECOND != 0 {
        return json!(utc.to_rfc3339_opts(SecondsFormat::Millis, true));
    }
    let offset = FixedOffset::east_opt(5 * 3600 + 1800).filter(|_| dice.chance(2));
    match offset {
        Some(offset) => json!(utc.with_timezone(&offset).to_rfc3339()),
        None if dice.chance(2) => json!(at / SECOND),
        None => json!(utc.to_rfc3339_opts(SecondsFormat::Secs, true)),
    }
}

/// A person, a bot, or one who is known no more.
pub(super) fn person(dice: &mut Dice) -> Value {
    let (login, kind) = dice.pick([
        ("ana", "User"),
        ("Ana", "User"),
        ("bo", "User"),
        ("cy", "User"),
        ("ren\u{e9}e", "User"),
        ("dependabot[bot]", "Bot"),
    ]);
    match dice.below(20) {
        0 => Value::Null,
        1 => json!({"login": login}),
        2 => json!({"login": null, "type": kind}),
        _ => json!({"login": login, "type": kind}),
    }
}

/// Labels in odd case, doubled, with commas and quotes.
pub(super) fn labels(dice: &mut Dice) -> Vec<&'static str> {
    let mut labels = dice
        .pick([
            &["self-hosted", "linux", "x64"][..],
            &["linux", "x64"],
            &["Linux", "X64"],
            &["x64", "linux", "Linux"],
            &["a,b"],
            &["a", "b"],
            &["b", "A"],
            &["say \"hi\""],
            &["\"", ","],
            &["\u{c4}rger", "z"],
            &[],
        ])
        .to_vec();
    dice.shuffle(&mut labels);
    labels
}
