//! Who and what the simulated organisation consists of: people, bots, runner pools, workflows and
//! repositories. Constants only; chance decides what they do, not what they are.

/// The organisation's login.
pub(crate) const LOGIN: &str = "acme";
/// The organisation's id.
pub(crate) const ORGANISATION_ID: u64 = 70_107_001;
/// The id of the organisation's webhook.
pub(crate) const HOOK_ID: u64 = 419_200_317;
/// The id of the app installation that payloads name.
pub(crate) const INSTALLATION_ID: u64 = 31_415_926;

/// An account that acts: a person or a bot.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) login: &'static str,
    pub(crate) id: u64,
    /// GitHub's `type`: `User` or `Bot`.
    pub(crate) kind: &'static str,
}

impl Account {
    const fn user(login: &'static str, id: u64) -> Self {
        Self { login, id, kind: "User" }
    }

    const fn bot(login: &'static str, id: u64) -> Self {
        Self { login, id, kind: "Bot" }
    }

    /// Whether GitHub marks it as a bot.
    pub(crate) fn is_bot(&self) -> bool {
        self.kind == "Bot"
    }
}

/// The people.
pub(crate) static PEOPLE: [Account; 12] = [
    Account::user("ana-silva", 8_100_011),
    Account::user("bo-jensen", 8_100_023),
    Account::user("chidi-okafor", 8_100_039),
    Account::user("dmitri-volkov", 8_100_048),
    Account::user("elif-kaya", 8_100_052),
    Account::user("fatima-zahra", 8_100_067),
    Account::user("giulia-conti", 8_100_074),
    Account::user("hiro-tanaka", 8_100_081),
    Account::user("ines-moreau", 8_100_095),
    Account::user("jonas-weber", 8_100_102),
    Account::user("kim-nguyen", 8_100_118),
    Account::user("lea-novak", 8_100_126),
];

/// The bots that open pull requests.
pub(crate) static UPDATE_BOTS: [Account; 2] =
    [Account::bot("dependabot[bot]", 49_699_333), Account::bot("renovate[bot]", 29_139_614)];

/// The bot that reviews pull requests.
pub(crate) static REVIEW_BOT: Account = Account::bot("review-robot[bot]", 150_200_301);

/// The bot that acts for workflows.
pub(crate) static ACTIONS_BOT: Account = Account::bot("github-actions[bot]", 41_898_282);

/// Every account there is.
pub(crate) fn accounts() -> impl Iterator<Item = &'static Account> {
    PEOPLE.iter().chain(&UPDATE_BOTS).chain([&REVIEW_BOT, &ACTIONS_BOT])
}

/// Runners that take jobs of one label set.
pub(crate) struct Pool {
    /// As GitHub sends them: in the order of `runs-on`.
    pub(crate) labels: &'static [&'static str],
    /// How many runners it has for a mean load of a thousand; `None` for GitHub's own, of which
    /// there are always enough.
    pub(crate) staffing: Option<i64>,
    pub(crate) runner_group: &'static str,
}

/// Linux machines of the house.
const LINUX: usize = 0;
/// Few ARM machines.
const ARM: usize = 1;
/// Fewer, slower and wanted by all: long tails.
const GPU: usize = 2;
/// GitHub's own.
const HOSTED: usize = 3;

/// The runner pools.
pub(crate) static POOLS: [Pool; 4] = [
    Pool { labels: &["self-hosted", "linux"], staffing: Some(3_000), runner_group: "Default" },
    Pool {
        labels: &["self-hosted", "linux", "arm64"],
        staffing: Some(3_000),
        runner_group: "Default",
    },
    Pool { labels: &["self-hosted", "gpu"], staffing: Some(2_000), runner_group: "Research" },
    Pool { labels: &["ubuntu-latest"], staffing: None, runner_group: "GitHub Actions" },
];

/// What starts a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// A push to a pull request's branch.
    PullRequest,
    /// A push to the default branch.
    Push,
    /// The clock, at night.
    Schedule,
}

impl Trigger {
    /// GitHub's `workflow_run.event`.
    pub(crate) fn event(self) -> &'static str {
        match self {
            Self::PullRequest => "pull_request",
            Self::Push => "push",
            Self::Schedule => "schedule",
        }
    }
}

/// One job of a workflow.
#[derive(Debug)]
pub(crate) struct JobSpec {
    pub(crate) name: &'static str,
    /// Index into [`POOLS`].
    pub(crate) pool: usize,
    /// Median of its run time, in seconds.
    pub(crate) seconds: i64,
    /// Whether it waits for the workflow's other jobs (`needs`).
    pub(crate) last: bool,
    /// Whether its environment asks for an approval.
    pub(crate) gate: bool,
}

const fn job(name: &'static str, pool: usize, seconds: i64) -> JobSpec {
    JobSpec { name, pool, seconds, last: false, gate: false }
}

const fn last(name: &'static str, pool: usize, seconds: i64, gate: bool) -> JobSpec {
    JobSpec { name, pool, seconds, last: true, gate }
}

/// A workflow file.
pub(crate) struct Workflow {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) on: Trigger,
    pub(crate) jobs: &'static [JobSpec],
}

const fn workflow(
    id: u64,
    name: &'static str,
    path: &'static str,
    on: Trigger,
    jobs: &'static [JobSpec],
) -> Workflow {
    Workflow { id, name, path, on, jobs }
}

/// The workflows; one has a name that reports must quote.
pub(crate) static WORKFLOWS: [Workflow; 7] = [
    workflow(
        5_100_001,
        "CI",
        ".github/workflows/ci.yml",
        Trigger::PullRequest,
        &[job("lint", HOSTED, 70), job("test", LINUX, 340), last("coverage", LINUX, 90, false)],
    ),
    workflow(
        5_100_002,
        "ARM build",
        ".github/workflows/arm.yml",
        Trigger::PullRequest,
        &[job("build-arm64", ARM, 480)],
    ),
    workflow(
        5_100_003,
        "Train & evaluate",
        ".github/workflows/train.yml",
        Trigger::PullRequest,
        &[job("smoke-train", GPU, 1_500), last("evaluate", GPU, 600, false)],
    ),
    workflow(
        5_100_004,
        "Release, \"deploy\" & <notify>",
        ".github/workflows/deploy.yml",
        Trigger::Push,
        &[job("build", LINUX, 260), last("deploy", LINUX, 120, true)],
    ),
    workflow(
        5_100_005,
        "Main",
        ".github/workflows/main.yml",
        Trigger::Push,
        &[job("test", LINUX, 380), job("docs", HOSTED, 60)],
    ),
    workflow(
        5_100_006,
        "Nightly",
        ".github/workflows/nightly.yml",
        Trigger::Schedule,
        &[job("soak", LINUX, 1_800), job("audit", HOSTED, 100)],
    ),
    workflow(
        5_100_007,
        "Nightly training",
        ".github/workflows/nightly-train.yml",
        Trigger::Schedule,
        &[job("train", GPU, 5_400)],
    ),
];

/// A repository.
pub(crate) struct Repository {
    pub(crate) full_name: &'static str,
    pub(crate) id: u64,
    /// How busy it is, against the others.
    pub(crate) weight: u64,
    pub(crate) language: &'static str,
    /// Indices into [`WORKFLOWS`].
    pub(crate) workflows: &'static [usize],
    /// Whether a merge is deployed.
    pub(crate) deploys: bool,
}

impl Repository {
    /// The part of the name after the owner.
    pub(crate) fn name(&self) -> &'static str {
        self.full_name.rsplit('/').next().unwrap_or_default()
    }

    /// Its workflows that `trigger` starts, as indices into [`WORKFLOWS`].
    pub(crate) fn started_by(&self, trigger: Trigger) -> impl Iterator<Item = usize> {
        self.workflows.iter().copied().filter(move |index| WORKFLOWS[*index].on == trigger)
    }
}

const fn repository(
    full_name: &'static str,
    id: u64,
    weight: u64,
    language: &'static str,
    workflows: &'static [usize],
    deploys: bool,
) -> Repository {
    Repository { full_name, id, weight, language, workflows, deploys }
}

/// The repositories, from the busiest to the quietest.
pub(crate) static REPOSITORIES: [Repository; 7] = [
    repository("acme/api", 301_000_101, 30, "Rust", &[0, 3, 5], true),
    repository("acme/web", 301_000_202, 24, "TypeScript", &[0, 3], true),
    repository("acme/models", 301_000_303, 14, "Python", &[0, 2, 4, 6], false),
    repository("acme/firmware", 301_000_404, 12, "C", &[0, 1, 4, 5], false),
    repository("acme/infra", 301_000_505, 10, "HCL", &[0, 3], true),
    repository("acme/mobile", 301_000_606, 7, "Kotlin", &[0, 1, 4], false),
    repository("acme/handbook.md", 301_000_707, 3, "Markdown", &[4], false),
];
