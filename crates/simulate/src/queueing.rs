//! Runs and jobs in time: a first-come, first-served queue in front of each runner pool.
//!
//! Latencies come out of the load: a pool has just too few runners for the afternoon, so jobs wait
//! then and not at night, and longest where runners are few and jobs are long. An agenda, ordered by time, drives it: a run begins, its jobs are created, wait (for an
//! approval first, where gated), run and end; then the jobs that need them, then perhaps a second
//! attempt.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::dice::{Dice, Sha};
use crate::jobs::{JobLife, JobStory, RunLife};
use crate::organisation::{Account, JobSpec, POOLS, WORKFLOWS};
use crate::runners::Runners;

/// What starts a run.
pub(crate) struct RunSeed {
    pub(crate) at: i64,
    pub(crate) repo: usize,
    pub(crate) workflow: usize,
    pub(crate) branch: String,
    pub(crate) head: Sha,
    pub(crate) actor: &'static Account,
    pub(crate) pull: Option<usize>,
}

/// The moment of a run that never begins.
const NEVER: i64 = i64::MAX;
/// Runs whose index is one of these get a second attempt, so that even a short history has some.
const SURELY_RERUN: [usize; 2] = [2, 5];
/// What happens to the first jobs, so that even a short history has everything.
const FIRST_STORIES: [JobStory; 5] = [
    JobStory::LostInProgress,
    JobStory::EarlyStart { seconds: 3 },
    JobStory::Skipped,
    JobStory::CancelledInQueue,
    JobStory::StillQueued,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Begin { run: usize },
    Queue { job: usize },
    Done { job: usize },
}

struct Run {
    life: RunLife,
    jobs: std::ops::Range<usize>,
    /// The attempt after this one.
    next: Option<usize>,
    /// Jobs not done yet: of those that need nothing, and of those that need these.
    left: [usize; 2],
    /// Whether every job so far succeeded.
    green: bool,
}

struct Job {
    life: JobLife,
    seconds: i64,
    entered: bool,
}

struct Simulator<'d> {
    dice: &'d mut Dice,
    runs: Vec<Run>,
    jobs: Vec<Job>,
    pools: Vec<Runners>,
    agenda: BinaryHeap<Reverse<(i64, usize, Event)>>,
    /// How many of [`FIRST_STORIES`] have been told.
    told: usize,
    /// Numbers the entries of the agenda: of two at one time, the one noted first comes first.
    noted: usize,
}

/// Plays `seeds`, which are in order of time, over a period of `span` seconds. Times in the lives
/// may lie after the period; runs that never begin do so at `i64::MAX` and have no jobs.
pub(crate) fn play(
    seeds: Vec<RunSeed>,
    span: i64,
    dice: &mut Dice,
) -> (Vec<RunLife>, Vec<JobLife>) {
    let mut simulator = Simulator {
        dice,
        runs: vec![],
        jobs: vec![],
        pools: vec![],
        agenda: BinaryHeap::new(),
        told: 0,
        noted: 0,
    };
    for (index, seed) in seeds.into_iter().enumerate() {
        simulator.admit(index, seed);
    }
    simulator.equip(span);
    while let Some(Reverse((at, _, event))) = simulator.agenda.pop() {
        simulator.happen(at, event);
    }
    let runs = simulator.runs.into_iter().map(|run| run.life).collect();
    let jobs = simulator.jobs.into_iter().filter(|job| job.entered).map(|job| job.life).collect();
    (runs, jobs)
}

impl Simulator<'_> {
    fn note(&mut self, at: i64, event: Event) {
        self.noted += 1;
        self.agenda.push(Reverse((at, self.noted, event)));
    }

    /// Takes a run, and perhaps its second attempt, into the simulation.
    fn admit(&mut self, index: usize, seed: RunSeed) {
        let rerun = SURELY_RERUN.contains(&index) || self.dice.chance(40);
        let life = RunLife {
            repo: seed.repo,
            workflow: seed.workflow,
            id: 21_000_000_000 + index as u64 * 7,
            number: 100 + index as u64,
            attempt: 1,
            branch: seed.branch,
            head: seed.head,
            actor: seed.actor,
            pull: seed.pull,
            created: seed.at,
            begun: seed.at,
            started: None,
            completed: None,
            conclusion: "success",
        };
        let again = RunLife { attempt: 2, begun: NEVER, ..life.clone() };
        self.note(seed.at, Event::Begin { run: self.runs.len() });
        let next = rerun.then_some(self.runs.len() + 1);
        self.admit_attempt(life, next);
        if rerun {
            self.admit_attempt(again, None);
        }
    }

    fn admit_attempt(&mut self, life: RunLife, next: Option<usize>) {
        let specs = WORKFLOWS[life.workflow].jobs;
        let before = self.jobs.len();
        // Most attempts give their jobs new ids; some keep them, and then only the attempt differs.
        let keeps_ids = life.attempt > 1 && self.dice.chance(250);
        for (place, spec) in specs.iter().enumerate() {
            let story = if life.attempt > 1 { self.again(place) } else { self.story(spec, next) };
            let id = if keeps_ids {
                self.jobs[before - specs.len() + place].life.id
            } else {
                40_000_000_000 + (before + place) as u64 * 3
            };
            let failed = next.is_some() && place == 0 || self.dice.chance(60);
            let life = JobLife {
                story,
                run: self.runs.len(),
                spec,
                id,
                attempt: life.attempt,
                created: 0,
                approved: None,
                picked_up: None,
                runner: 0,
                completed: None,
                conclusion: if failed { "failure" } else { "success" },
            };
            let seconds = 15 + self.dice.skewed(spec.seconds).min(spec.seconds * 5);
            self.jobs.push(Job { life, seconds, entered: false });
        }
        let last = specs.iter().filter(|spec| spec.last).count();
        let left = [specs.len() - last, last];
        self.runs.push(Run { life, jobs: before..self.jobs.len(), next, left, green: true });
    }

    /// What becomes of a job of a first attempt.
    fn story(&mut self, spec: &JobSpec, next: Option<usize>) -> JobStory {
        if spec.gate && self.dice.chance(900) {
            return JobStory::Gated;
        }
        if let Some(first) = FIRST_STORIES.get(self.told)
            && !spec.last
            && next.is_none()
        {
            self.told += 1;
            return *first;
        }
        // A run that gets a second attempt has to come to an end itself.
        let rare = |story| if next.is_none() { story } else { JobStory::Ran };
        match self.dice.below(1_000) {
            0..25 => JobStory::LostInProgress,
            25..45 => JobStory::EarlyStart { seconds: self.dice.between(1, 5) },
            45..70 => rare(JobStory::Skipped),
            70..88 => rare(JobStory::CancelledInQueue),
            88..91 => rare(JobStory::StillQueued),
            _ => JobStory::Ran,
        }
    }

    /// What becomes of the job at `place` of a second attempt.
    fn again(&mut self, place: usize) -> JobStory {
        let inherits = place == 0 || self.dice.chance(150);
        if inherits { JobStory::InheritsStart { at: NEVER } } else { JobStory::Ran }
    }

    /// Gives each pool the runners for the work that it gets.
    fn equip(&mut self, span: i64) {
        for (index, pool) in POOLS.iter().enumerate() {
            let of_pool = self.jobs.iter().filter(|job| job.life.spec.pool == index);
            let work = of_pool.map(|job| job.seconds).sum();
            self.pools.push(Runners::new(pool, work, span));
        }
    }

    fn happen(&mut self, at: i64, event: Event) {
        match event {
            Event::Begin { run } => {
                self.runs[run].life.begun = at;
                self.enter_jobs(run, false, at);
            }
            Event::Queue { job } => self.run_job(job, at),
            Event::Done { job } => self.done(job, at),
        }
    }

    /// Creates a run's jobs: those that need others (`last`), or those that don't.
    fn enter_jobs(&mut self, run: usize, last: bool, at: i64) {
        for job in self.runs[run].jobs.clone() {
            if self.jobs[job].life.spec.last == last {
                let created = at + self.dice.between(1, 4);
                self.enter(run, job, created);
            }
        }
    }

    fn enter(&mut self, run: usize, job: usize, created: i64) {
        let green = self.runs[run].green;
        let inherited = self.start_before(run, job);
        let life = &mut self.jobs[job].life;
        life.created = created;
        if life.spec.last && !green {
            life.story = JobStory::Skipped;
        }
        match &mut life.story {
            JobStory::Skipped => return self.complete(job, created, "skipped"),
            JobStory::CancelledInQueue => {
                let at = created + 5 + self.dice.skewed(200);
                return self.complete(job, at, "cancelled");
            }
            JobStory::StillQueued => {}
            JobStory::Gated => {
                let at = created + 20 + self.dice.skewed(1_500);
                life.approved = Some(at);
                self.note(at, Event::Queue { job });
            }
            JobStory::InheritsStart { at } => {
                *at = inherited;
                self.note(created, Event::Queue { job });
            }
            _ => self.note(created, Event::Queue { job }),
        }
        self.jobs[job].entered = true;
    }

    /// When the attempt before `run` started the job in `job`'s place, or began itself.
    fn start_before(&self, run: usize, job: usize) -> i64 {
        let Some(before) = run.checked_sub(1).map(|index| &self.runs[index]) else { return NEVER };
        let place = job - self.runs[run].jobs.start;
        let started = before.jobs.clone().nth(place).and_then(|old| self.jobs[old].life.picked_up);
        started.unwrap_or(before.life.begun)
    }

    fn complete(&mut self, job: usize, at: i64, conclusion: &'static str) {
        let Job { life, entered, .. } = &mut self.jobs[job];
        life.completed = Some(at);
        life.conclusion = conclusion;
        *entered = true;
        self.note(at, Event::Done { job });
    }

    fn run_job(&mut self, job: usize, at: i64) {
        let Job { life, seconds, .. } = &self.jobs[job];
        let (story, pool, seconds, conclusion) =
            (life.story, life.spec.pool, *seconds, life.conclusion);
        let (picked_up, runner) = match story {
            // The runner was faster than the clock that stamps `created_at`.
            JobStory::EarlyStart { .. } => (at, 1),
            _ => self.pools[pool].take(self.dice, at, seconds),
        };
        let life = &mut self.jobs[job].life;
        life.picked_up = Some(picked_up);
        life.runner = runner;
        let started = &mut self.runs[life.run].life.started;
        *started = Some(started.map_or(picked_up, |first| first.min(picked_up)));
        self.complete(job, picked_up + seconds, conclusion);
    }

    fn done(&mut self, job: usize, at: i64) {
        let JobLife { run: index, spec, conclusion, .. } = self.jobs[job].life;
        let run = &mut self.runs[index];
        run.left[usize::from(spec.last)] -= 1;
        run.green &= conclusion == "success";
        if matches!(conclusion, "failure" | "cancelled") {
            run.life.conclusion = conclusion;
        }
        let begins_last = !spec.last && run.left[0] == 0 && run.left[1] > 0;
        if begins_last {
            return self.enter_jobs(index, true, at);
        }
        if run.left == [0, 0] {
            run.life.completed = Some(at);
            if let Some(next) = run.next {
                let begin = at + 60 + self.dice.skewed(600);
                self.note(begin, Event::Begin { run: next });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organisation::PEOPLE;

    #[test]
    fn a_job_that_needs_others_is_created_after_them() {
        let seeds = (0..300).map(|i| RunSeed {
            at: 1_000_000 + i * 60,
            repo: 0,
            workflow: 0,
            branch: "main".into(),
            head: Sha(0),
            actor: &PEOPLE[0],
            pull: None,
        });
        let (runs, jobs) = play(seeds.collect(), 300 * 60, &mut Dice::new(2, 0));
        assert!(runs.len() > 300, "no run has a second attempt");
        for last in jobs.iter().filter(|job| job.spec.last) {
            let others = jobs.iter().filter(|job| job.run == last.run && !job.spec.last);
            assert!(others.clone().count() == 2);
            assert!(others.into_iter().all(|job| job.completed.unwrap() < last.created));
        }
    }
}
