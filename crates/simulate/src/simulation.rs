//! The way in: settings to simulation, and the simulation's deliveries one by one.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use octolake_event::DeliveryId;

use crate::dice::Dice;
use crate::organisation::{HOOK_ID, ORGANISATION_ID};
use crate::payload::{Padding, Writer};
use crate::plan::{Arrival, Plan};
use crate::truth::{self, Truth};
use crate::world::World;

/// Deliveries that one pull request brings with it, roughly: the first guess.
const DELIVERIES_PER_PULL: u64 = 60;
/// How often a guess that is more than 2 % off is corrected.
const CORRECTIONS: usize = 4;
/// Enough for every story to happen, however few deliveries are asked for.
const FEWEST_PULLS: u64 = 12;
/// The stream of chance that ids and order are drawn from.
const PLAN_STREAM: u64 = 9;

/// What to simulate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The same seed gives the same organisation.
    pub seed: u64,
    /// About how many deliveries, redeliveries among them; below some 700 there are more.
    pub deliveries: u64,
    /// When the simulated period begins.
    pub start: DateTime<Utc>,
    /// When it ends, at least a second later. Nothing that happens afterwards is delivered, but for
    /// redeliveries.
    pub end: DateTime<Utc>,
    /// How large payloads are.
    pub padding: Padding,
}

impl Default for Settings {
    /// 20,000 deliveries of GitHub's size, in the two weeks from Monday, 2 March 2026.
    fn default() -> Self {
        let start = DateTime::from_timestamp(1_772_409_600, 0).unwrap_or_default();
        Self {
            seed: 1,
            deliveries: 20_000,
            start,
            end: start + TimeDelta::days(14),
            padding: Padding::Realistic,
        }
    }
}

/// One webhook delivery, as it reaches the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedDelivery {
    /// `X-GitHub-Event`.
    pub event: &'static str,
    /// `X-GitHub-Delivery`.
    pub id: DeliveryId,
    /// `X-GitHub-Hook-ID`.
    pub hook_id: u64,
    /// `X-GitHub-Hook-Installation-Target-Type`.
    pub target_type: &'static str,
    /// `X-GitHub-Hook-Installation-Target-ID`.
    pub target_id: u64,
    /// When GitHub sends it, to the millisecond. The order of arrival is nearly that of sending.
    pub sent_at: DateTime<Utc>,
    /// Whether it repeats an earlier delivery: the same id and the same body.
    pub redelivery: bool,
    /// The payload: one JSON object.
    pub body: String,
}

/// A simulated organisation: small in memory, since bodies are written when they are asked for.
#[derive(Debug)]
pub struct Simulation {
    world: World,
    plan: Plan,
    writer: Writer,
    truth: Truth,
}

/// Simulates the organisation that `settings` describe.
pub fn simulate(settings: &Settings) -> Simulation {
    let start = settings.start.timestamp();
    // There is always a first second, and in it the hook's ping.
    let end = settings.end.timestamp().max(start + 1);
    let attempt = |pulls: u64| {
        let world = World::new(settings.seed, pulls, start, end);
        let plan = Plan::new(&world, end, &mut Dice::new(settings.seed, PLAN_STREAM));
        (world, plan)
    };
    let missed = |plan: &Plan| settings.deliveries.abs_diff(plan.arrivals.len() as u64);
    let mut pulls = (settings.deliveries / DELIVERIES_PER_PULL).max(FEWEST_PULLS);
    let (mut world, mut plan) = attempt(pulls);
    let mut got = plan.arrivals.len() as u64;
    for _ in 0..CORRECTIONS {
        if missed(&plan) * 50 <= settings.deliveries {
            break;
        }
        pulls = (pulls * settings.deliveries / got).max(FEWEST_PULLS);
        let next = attempt(pulls);
        got = next.1.arrivals.len() as u64;
        if missed(&next.1) < missed(&plan) {
            (world, plan) = next;
        }
    }
    let truth = truth_of(&world, &plan);
    Simulation { world, plan, writer: Writer::new(settings.padding), truth }
}

impl Simulation {
    /// How many deliveries there are, redeliveries among them.
    pub fn len(&self) -> usize {
        self.plan.arrivals.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.plan.arrivals.is_empty()
    }

    /// The deliveries in order of their arrival, each written when it is asked for.
    pub fn deliveries(&self) -> impl ExactSizeIterator<Item = SimulatedDelivery> {
        self.plan.arrivals.iter().map(|arrival| self.write(arrival))
    }

    /// The delivery that arrives in place `index`, from 0; so that threads can each write a part.
    pub fn delivery(&self, index: usize) -> Option<SimulatedDelivery> {
        self.plan.arrivals.get(index).map(|arrival| self.write(arrival))
    }

    /// The true answers to the reports over all deliveries.
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    fn write(&self, arrival: &Arrival) -> SimulatedDelivery {
        let step = &self.plan.steps[arrival.step];
        SimulatedDelivery {
            event: step.subject.event(),
            id: DeliveryId::from_u128(step.id),
            hook_id: HOOK_ID,
            target_type: "organization",
            target_id: ORGANISATION_ID,
            sent_at: DateTime::from_timestamp_millis(arrival.sent_ms).unwrap_or_default(),
            redelivery: arrival.redelivery,
            body: self.writer.body(&self.world, step),
        }
    }
}

fn truth_of(world: &World, plan: &Plan) -> Truth {
    let mut by_event = BTreeMap::new();
    for step in &plan.steps {
        *by_event.entry(step.subject.event()).or_insert(0) += 1;
    }
    let mut stories = BTreeMap::new();
    let jobs = world.jobs.iter().map(|job| format!("job/{}", job.story.name()));
    let pulls = world.pulls.iter().map(|pull| format!("pull_request/{}", pull.story.name()));
    for story in jobs.chain(pulls) {
        *stories.entry(story).or_insert(0) += 1;
    }
    Truth {
        unique_deliveries: plan.steps.len() as u64,
        redeliveries: (plan.arrivals.len() - plan.steps.len()) as u64,
        by_event,
        queue_latency: truth::queue_latency(&world.jobs, &world.runs),
        lead_time: truth::lead_time(&world.pulls),
        stories,
    }
}

#[cfg(test)]
#[path = "simulation_tests.rs"]
mod tests;
