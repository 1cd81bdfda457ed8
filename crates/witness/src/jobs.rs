//! The lives of jobs: one per host, repository id, job id and attempt.

use std::collections::BTreeMap;

use crate::delivery::{Delivery, taken};
use crate::labels;
use crate::life::{Dimension, Life, Lives, Measure, Reason, Verdict};
use crate::names::{Names, Repository};

/// A run's clock may start this many milliseconds before its creation.
const TOLERANCE: i64 = 5000;

/// The jobs of a lake.
pub fn jobs(deliveries: &[Delivery]) -> Lives {
    let told = taken(deliveries, &["workflow_job"]);
    let mut known = BTreeMap::<_, Vec<&Delivery>>::new();
    let mut lives = vec![];
    for d in &told {
        match (d.repository_id(), d.integer("workflow_job.id")) {
            (Some(repository), Some(id)) => {
                let attempt = d.integer("workflow_job.run_attempt").unwrap_or(1);
                known.entry((&d.source, repository, id, attempt)).or_default().push(d);
            }
            _ => lives.push(life(None, &[d])),
        }
    }
    lives.extend(known.iter().map(|((.., id, attempt), told)| life(Some((*id, *attempt)), told)));
    let newest = told.iter().map(|d| d.arrival()).max();
    Lives { lives, names: Names::of(&told), newest }
}

fn life(key: Option<(i64, i64)>, told: &[&Delivery]) -> Life {
    let verdict = verdict(key.is_some(), told);
    Life {
        repository: told.first().map(|d| Repository::of(d)).unwrap_or_else(nowhere),
        key,
        facts: facts(told),
        verdicts: BTreeMap::from([(Measure::QueueLatency, verdict)]),
    }
}

/// No life is without deliveries: this stands for the repository of none.
pub(crate) fn nowhere() -> Repository {
    Repository { source: String::new(), id: None, stray: None }
}

/// Whether a completed job had a runner.
fn ran(d: &Delivery) -> bool {
    d.is("completed")
        && (d.integer("workflow_job.runner_id").is_some_and(|id| id != 0) || d.a_step_started())
}

/// The earliest time that deliveries of a kind tell.
fn earliest(told: &[&Delivery], path: &str, which: impl Fn(&Delivery) -> bool) -> Option<i64> {
    told.iter().filter(|d| which(d)).filter_map(|d| d.time(path)).min()
}

fn verdict(identified: bool, told: &[&Delivery]) -> Verdict {
    let created = earliest(told, "workflow_job.created_at", |_| true);
    let started = earliest(told, "workflow_job.started_at", |d| d.is("in_progress"))
        .or_else(|| earliest(told, "workflow_job.started_at", ran));
    let completed = earliest(told, "workflow_job.completed_at", |d| d.is("completed"));
    let arrival = told.iter().map(|d| d.arrival()).min();
    let at = completed.or(created).or(started).or(arrival).unwrap_or_default();
    if let Some(reason) = left_out(identified, told) {
        let at_least = completed.zip(created).map(|(completed, created)| completed - created);
        let at_least = at_least.filter(|_| reason == Reason::NeverRan);
        return Verdict::Left { reason, at, at_least };
    }
    match started.zip(created) {
        None => Verdict::left(Reason::Untimed, at),
        Some((started, created)) if started - created < -TOLERANCE => {
            Verdict::left(Reason::Anomalous, at)
        }
        Some((started, created)) => {
            let ms = started - created;
            Verdict::Value { ms: ms.max(0), at: started, clamped: ms < 0 }
        }
    }
}

/// Why a job has no wait at all, whatever its times.
fn left_out(identified: bool, told: &[&Delivery]) -> Option<Reason> {
    let any = |which: &dyn Fn(&Delivery) -> bool| told.iter().any(|d| which(d));
    let skipped = |d: &Delivery| {
        d.is("completed") && d.text("workflow_job.conclusion").as_deref() == Some("skipped")
    };
    let begun = any(&|d| d.is("in_progress") || ran(d));
    if !identified {
        Some(Reason::Unidentified)
    } else if any(&|d| d.is("waiting")) {
        Some(Reason::Gated)
    } else if any(&skipped) {
        Some(Reason::Skipped)
    } else if begun {
        None
    } else if any(&|d| d.is("completed")) {
        Some(Reason::NeverRan)
    } else {
        Some(Reason::Pending)
    }
}

fn facts(told: &[&Delivery]) -> BTreeMap<Dimension, String> {
    let texts = [
        (Dimension::Workflow, "workflow_job.workflow_name"),
        (Dimension::Job, "workflow_job.name"),
        (Dimension::Branch, "workflow_job.head_branch"),
        (Dimension::Runner, "workflow_job.runner_name"),
        (Dimension::Group, "workflow_job.runner_group_name"),
        (Dimension::Org, "organization.login"),
    ];
    let mut facts = BTreeMap::new();
    for (dimension, path) in texts {
        if let Some(greatest) = told.iter().filter_map(|d| d.text(path)).max() {
            facts.insert(dimension, greatest);
        }
    }
    let sender = |d: &&Delivery| Some((d.own_time(), d.arrival(), d.text("sender.login")?));
    if let Some((.., author)) = told.iter().filter_map(sender).min() {
        facts.insert(Dimension::Author, author);
    }
    let sets = told.iter().filter_map(|d| d.labels("workflow_job.labels"));
    let greatest = sets.max_by_key(|labels| labels::raw(labels)).unwrap_or_default();
    facts.insert(Dimension::Label, labels::joined(&greatest));
    facts
}
