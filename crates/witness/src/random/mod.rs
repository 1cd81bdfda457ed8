//! Random small lakes, as adverse as deliveries come, the same for the same seed.

mod dice;
mod jobs;
mod post;
mod pulls;
mod world;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::json;

use crate::bucket::{ZONES, bucket};
use crate::delivery::Delivery;
use crate::life::Dimension;
use crate::report::Question;
use dice::Dice;
use world::{Told, World};

/// The deliveries of 5 to 60 jobs and pull requests, in no order.
///
/// Of one or two hosts, whose repositories have the same ids; renamed, lost, late, redelivered under
/// another id and repeated under the same; drafts, reviews, ties within a second; members missing or
/// of another type; around jumps of clocks and midnights of many zones. No two deliveries of pull
/// requests arrive in the same millisecond: nothing says which of those is newer.
pub fn random(seed: u64) -> Vec<Delivery> {
    let mut dice = Dice::new(seed);
    let world = World::new(&mut dice);
    let mut told = vec![];
    for thing in 0..dice.between(5, 60) {
        // Neighbours share an id: in different repositories or hosts they are two things.
        let id = 1 + thing / 2;
        told.extend(match dice.below(2) {
            0 => jobs::job(&mut dice, &world, id),
            _ => pulls::pull(&mut dice, &world, id),
        });
    }
    told.extend(something_else(&mut dice, &world));
    post::deliver(&mut dice, told)
}

/// A delivery that no report here reads: neither its name nor its arrival may count.
fn something_else(dice: &mut Dice, world: &World) -> Option<Told> {
    let repo = world.repo(dice);
    let at = world.moment(dice) + 10 * 86_400_000;
    let mut payload = repo.envelope("completed", at, &json!({"login": "ana"}));
    payload["repository"]["full_name"] = json!("never/this");
    let source = repo.source.to_owned();
    dice.chance(50).then_some(Told { source, event_type: "check_run", at, payload })
}

/// A random question to a lake: up to three of the dimensions, one of [`ZONES`], a window whose
/// ends are near its deliveries, some of its repositories.
pub fn random_question(seed: u64, deliveries: &[Delivery], dimensions: &[Dimension]) -> Question {
    let mut dice = Dice::new(seed);
    let mut by: Vec<Dimension> = dimensions.to_vec();
    dice.shuffle(&mut by);
    by.truncate(dice.below(4));
    let zone = dice.pick(ZONES);
    let mut ends = [end(&mut dice, deliveries, zone), end(&mut dice, deliveries, zone)];
    ends.sort_unstable();
    let [since, until] = ends;
    Question {
        by,
        since: since.filter(|_| dice.chance(40)),
        until: until.filter(|_| dice.chance(40)),
        zone,
        repos: repos(&mut dice, deliveries),
    }
}

/// An end of a window: at some delivery, or where a period of its time begins or ends.
fn end(dice: &mut Dice, deliveries: &[Delivery], zone: Tz) -> Option<DateTime<Utc>> {
    let some = deliveries.get(dice.below(deliveries.len()))?;
    let at = some.own_time();
    let period = dice.pick([
        Dimension::Hour,
        Dimension::Day,
        Dimension::Day,
        Dimension::Week,
        Dimension::Month,
    ]);
    let at = match (dice.below(3), bucket(period, at, zone)) {
        (1, Some(bucket)) => bucket.begin,
        (2, Some(bucket)) => bucket.end,
        _ => at,
    };
    Some(DateTime::from_timestamp_millis(at)? + TimeDelta::milliseconds(dice.pick([0, 0, 1, -1])))
}

/// Names in odd case, with their host or without, and one that nobody ever had.
fn repos(dice: &mut Dice, deliveries: &[Delivery]) -> Vec<String> {
    let mut repos = vec![];
    while dice.chance(30) {
        let Some(some) = deliveries.get(dice.below(deliveries.len())) else { break };
        let name = some.text("repository.full_name").unwrap_or_else(|| "no/where".to_owned());
        repos.push(match dice.below(4) {
            0 => name.to_uppercase(),
            1 => format!("{}/{name}", some.source),
            _ => name,
        });
    }
    repos
}
