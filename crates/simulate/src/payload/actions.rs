//! `workflow_job`, `workflow_run` and `check_run`.

use crate::jobs::{JobAction, JobLife, JobStory, RunAction, RunLife};
use crate::json::Object;
use crate::organisation::{ACTIONS_BOT, PEOPLE, Pool};
use crate::payload::{Writer, node_id};
use crate::world::World;

/// The steps around a job's own.
const STEPS: [&str; 9] = [
    "Set up job",
    "Run actions/checkout@v5",
    "Run actions/cache@v4",
    "Install the toolchain",
    "Build",
    "Test, \"quickly\"",
    "Upload results",
    "Post Run actions/cache@v4",
    "Complete job",
];

/// A step of a job.
struct Progress {
    started: Option<i64>,
    completed: Option<i64>,
}

impl Writer {
    /// `workflow_job`.
    pub(super) fn workflow_job(&self, world: &World, job: usize, action: JobAction) -> String {
        let life = &world.jobs[job];
        let run = &world.runs[life.run];
        let name = match action {
            JobAction::Queued => "queued",
            JobAction::Waiting => "waiting",
            JobAction::InProgress => "in_progress",
            JobAction::Completed => "completed",
        };
        self.envelope(name, run.repository(), run.actor, |o| {
            o.object("workflow_job", |o| {
                self.job_identity(o, life, run);
                job_times(o, life, action, name);
                job_steps(o, life, action);
                o.texts("labels", life.pool().labels);
                runner(o, life, action);
            });
        })
    }

    fn job_identity(&self, o: &mut Object<'_>, life: &JobLife, run: &RunLife) {
        let repo = run.repository().full_name;
        let api = format!("https://api.github.com/repos/{repo}");
        o.number("id", life.id);
        o.number("run_id", run.id);
        o.text("workflow_name", run.workflow().name);
        o.text("head_branch", &run.branch);
        o.text("run_url", &format!("{api}/actions/runs/{}", run.id));
        o.number("run_attempt", life.attempt);
        o.text("node_id", &node_id("CR", life.id));
        o.text("head_sha", &run.head.to_string());
        self.pad(o, |o| {
            o.text("url", &format!("{api}/actions/jobs/{}", life.id));
            o.text(
                "html_url",
                &format!("https://github.com/{repo}/actions/runs/{}/job/{}", run.id, life.id),
            );
            o.text("check_run_url", &format!("{api}/check-runs/{}", life.id));
        });
        o.text("name", life.spec.name);
    }

    /// `workflow_run`, at `at`.
    pub(super) fn workflow_run(
        &self,
        world: &World,
        run: usize,
        action: RunAction,
        at: i64,
    ) -> String {
        let life = &world.runs[run];
        let (name, status) = match action {
            RunAction::Requested => ("requested", "queued"),
            RunAction::InProgress => ("in_progress", "in_progress"),
            RunAction::Completed => ("completed", "completed"),
        };
        let conclusion = (action == RunAction::Completed).then_some(life.conclusion);
        self.envelope(name, life.repository(), life.actor, |o| {
            o.object("workflow_run", |o| {
                self.run_identity(o, world, life);
                o.text("status", status);
                o.text_or_null("conclusion", conclusion);
                o.time("created_at", life.created);
                o.time("updated_at", at);
                o.time("run_started_at", life.begun);
                self.pad(o, |o| run_links(o, life));
                for repo in ["repository", "head_repository"] {
                    o.raw(repo, self.fragments.minimal_repository(life.repository()));
                }
            });
            o.object("workflow", |o| workflow(o, life));
        })
    }

    fn run_identity(&self, o: &mut Object<'_>, world: &World, life: &RunLife) {
        o.number("id", life.id);
        o.text("name", life.workflow().name);
        o.text("node_id", &node_id("WFR", life.id));
        o.text("head_branch", &life.branch);
        o.text("head_sha", &life.head.to_string());
        o.text("path", life.workflow().path);
        let pull = life.pull.map(|index| &world.pulls[index]);
        o.text("display_title", pull.map_or(life.workflow().name, |pull| &pull.title));
        o.number("run_number", life.number);
        o.number("run_attempt", life.attempt);
        o.text("event", life.workflow().on.event());
        o.number("workflow_id", life.workflow().id);
        o.objects("pull_requests", pull, |o, pull| {
            o.number("id", pull.id);
            o.number("number", pull.number);
        });
        o.raw("actor", self.fragments.account(life.actor));
        o.raw("triggering_actor", self.fragments.account(life.actor));
        o.object("head_commit", |o| {
            o.text("id", &life.head.to_string());
            o.text("message", pull.map_or("Merge", |pull| &pull.title));
            o.time("timestamp", life.created);
        });
    }

    /// `check_run`, created or completed, by an app that is not GitHub Actions.
    pub(super) fn check_run(&self, world: &World, check: usize, completed: bool) -> String {
        let life = &world.checks[check];
        let pull = &world.pulls[life.pull];
        let repo = pull.repository().full_name;
        let name = if completed { "completed" } else { "created" };
        self.envelope(name, pull.repository(), &ACTIONS_BOT, |o| {
            o.object("check_run", |o| {
                let api = format!("https://api.github.com/repos/{repo}/check-runs/{}", life.id);
                o.number("id", life.id);
                o.text("node_id", &node_id("CR", life.id));
                o.text("name", "style, spelling & licences");
                o.text("head_sha", &life.head.to_string());
                o.text("external_id", "");
                o.text("url", &api);
                o.text("html_url", &format!("https://github.com/{repo}/runs/{}", life.id));
                o.text("status", if completed { "completed" } else { "in_progress" });
                o.text_or_null("conclusion", completed.then_some(life.conclusion));
                o.time("started_at", life.created);
                o.time_or_null("completed_at", completed.then_some(life.completed));
                o.object("output", |o| {
                    o.text_or_null("title", completed.then_some("3 remarks"));
                    o.text("summary", &self.prose("See the annotations.", 8));
                    o.null("text");
                    o.number("annotations_count", 3);
                    o.text("annotations_url", &format!("{api}/annotations"));
                });
                o.object("check_suite", |o| {
                    o.number("id", life.id / 2);
                    o.text("head_branch", &pull.branch);
                    o.text("head_sha", &life.head.to_string());
                    self.pad(o, |o| self.app(o));
                });
                self.app(o);
                o.objects("pull_requests", [pull], |o, pull| {
                    o.number("id", pull.id);
                    o.number("number", pull.number);
                });
            });
        })
    }

    fn app(&self, o: &mut Object<'_>) {
        o.object("app", |o| {
            o.number("id", 29_310);
            o.text("slug", "style-robot");
            o.text("name", "style-robot");
            o.raw("owner", self.fragments.account(&PEOPLE[0]));
            self.pad(o, |o| {
                o.object("permissions", |o| {
                    for area in ["administration", "checks", "contents", "issues", "members"] {
                        o.text(area, "write");
                    }
                });
                o.texts("events", &["check_run", "check_suite", "pull_request", "push"]);
            });
        });
    }
}

fn job_times(o: &mut Object<'_>, life: &JobLife, action: JobAction, status: &str) {
    let done = action == JobAction::Completed;
    let started = match action {
        JobAction::Queued | JobAction::Waiting => Some(life.created),
        JobAction::InProgress => life.reported_start(),
        // A job that no runner took reports its end as its start.
        JobAction::Completed => life.reported_start().or(life.completed),
    };
    o.text("status", status);
    o.text_or_null("conclusion", done.then_some(life.conclusion));
    o.time("created_at", life.created);
    o.time_or_null("started_at", started);
    o.time_or_null("completed_at", life.completed.filter(|_| done));
}

/// The steps: none before a runner has the job, nor where none ever had.
fn job_steps(o: &mut Object<'_>, life: &JobLife, action: JobAction) {
    let (started, ended) = match action {
        JobAction::Queued | JobAction::Waiting => (None, None),
        JobAction::InProgress => (life.reported_start(), None),
        JobAction::Completed => (life.reported_start(), life.completed),
    };
    let steps = STEPS.iter().enumerate().filter(|_| started.is_some());
    o.objects("steps", steps, |o, (nth, name)| {
        let Progress { started, completed } = progress(nth as i64, started, ended);
        let status = match (started, completed) {
            (_, Some(_)) => "completed",
            (Some(_), None) => "in_progress",
            (None, None) => "queued",
        };
        o.text("name", name);
        o.text("status", status);
        o.text_or_null("conclusion", completed.map(|_| "success"));
        o.number("number", nth as u64 + 1);
        o.time_or_null("started_at", started);
        o.time_or_null("completed_at", completed);
    });
}

/// How far the `nth` step is: a finished job's steps share its time, else the first one runs.
fn progress(nth: i64, started: Option<i64>, ended: Option<i64>) -> Progress {
    match (started, ended) {
        (Some(from), Some(to)) => {
            let share = |n: i64| from + (to - from) * n / STEPS.len() as i64;
            Progress { started: Some(share(nth)), completed: Some(share(nth + 1)) }
        }
        _ => Progress { started: started.filter(|_| nth == 0), completed: None },
    }
}

/// The runner's members. Some completed jobs name none although one had them: their steps tell.
fn runner(o: &mut Object<'_>, life: &JobLife, action: JobAction) {
    let Pool { runner_group, .. } = life.pool();
    let assigned = matches!(action, JobAction::InProgress | JobAction::Completed);
    let nameless = life.story == JobStory::LostInProgress && life.id.is_multiple_of(2);
    let runner = life.picked_up.filter(|_| assigned && !nameless).map(|_| life.runner);
    let id = life.spec.pool as u64 * 10_000;
    o.number_or_null(
        "runner_id",
        if nameless && assigned { Some(0) } else { runner.map(|n| id + n) },
    );
    let name = runner.map(|n| format!("{runner_group} {n}"));
    o.text_or_null("runner_name", name.as_deref());
    o.number_or_null("runner_group_id", runner.map(|_| life.spec.pool as u64 + 1));
    o.text_or_null("runner_group_name", runner.map(|_| *runner_group));
}

fn run_links(o: &mut Object<'_>, life: &RunLife) {
    let repo = life.repository().full_name;
    let api = format!("https://api.github.com/repos/{repo}/actions/runs/{}", life.id);
    o.text("url", &api);
    o.text("html_url", &format!("https://github.com/{repo}/actions/runs/{}", life.id));
    for part in ["jobs", "logs", "artifacts", "cancel", "rerun"] {
        o.text(&format!("{part}_url"), &format!("{api}/{part}"));
    }
    o.number("check_suite_id", life.id / 3);
    o.null("previous_attempt_url");
    o.raw("referenced_workflows", "[]");
}

fn workflow(o: &mut Object<'_>, life: &RunLife) {
    let workflow = life.workflow();
    let repo = life.repository().full_name;
    o.number("id", workflow.id);
    o.text("node_id", &node_id("W", workflow.id));
    o.text("name", workflow.name);
    o.text("path", workflow.path);
    o.text("state", "active");
    o.time("created_at", 1_640_000_000);
    o.time("updated_at", 1_760_000_000);
    o.text(
        "url",
        &format!("https://api.github.com/repos/{repo}/actions/workflows/{}", workflow.id),
    );
}
