//! The parts of payloads that are the same in many of them, written once.

use std::collections::BTreeMap;

use crate::json::{Object, document};
use crate::organisation::{
    self, Account, INSTALLATION_ID, LOGIN, ORGANISATION_ID, REPOSITORIES, Repository,
};
use crate::payload::{Padding, node_id};

/// When the repositories were made: seconds since the epoch.
const CREATED: i64 = 1_620_000_000;
/// When they were last pushed to, as all payloads say.
const PUSHED: i64 = 1_772_400_000;

/// API paths below a repository, by the member that holds them: those of a repository in every
/// payload, as GitHub names and orders them.
const URLS: [(&str, &str); 36] = [
    ("forks_url", "/forks"),
    ("keys_url", "/keys{/key_id}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("teams_url", "/teams"),
    ("hooks_url", "/hooks"),
    ("issue_events_url", "/issues/events{/number}"),
    ("events_url", "/events"),
    ("assignees_url", "/assignees{/user}"),
    ("branches_url", "/branches{/branch}"),
    ("tags_url", "/tags"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("trees_url", "/git/trees{/sha}"),
    ("statuses_url", "/statuses/{sha}"),
    ("languages_url", "/languages"),
    ("stargazers_url", "/stargazers"),
    ("contributors_url", "/contributors"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("commits_url", "/commits{/sha}"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("comments_url", "/comments{/number}"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("contents_url", "/contents/{+path}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("merges_url", "/merges"),
    ("archive_url", "/{archive_format}{/ref}"),
    ("downloads_url", "/downloads"),
    ("issues_url", "/issues{/number}"),
    ("pulls_url", "/pulls{/number}"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("labels_url", "/labels{/name}"),
    ("releases_url", "/releases{/id}"),
    ("deployments_url", "/deployments"),
];

/// API paths below an account.
const ACCOUNT_URLS: [(&str, &str); 9] = [
    ("followers_url", "/followers"),
    ("following_url", "/following{/other_user}"),
    ("gists_url", "/gists{/gist_id}"),
    ("starred_url", "/starred{/owner}{/repo}"),
    ("subscriptions_url", "/subscriptions"),
    ("organizations_url", "/orgs"),
    ("repos_url", "/repos"),
    ("events_url", "/events{/privacy}"),
    ("received_events_url", "/received_events"),
];

/// The forms in which payloads hold a repository.
#[derive(Debug)]
struct Texts {
    /// As in most payloads.
    whole: String,
    /// As in `push`, where two times are integers.
    push: String,
    /// As inside `workflow_run`.
    minimal: String,
}

/// The ready-made parts.
#[derive(Debug)]
pub(crate) struct Fragments {
    repositories: BTreeMap<u64, Texts>,
    accounts: BTreeMap<u64, String>,
    organisation: String,
    installation: String,
}

impl Fragments {
    /// The parts of payloads of the given size.
    pub(crate) fn new(padding: Padding) -> Self {
        let texts = |repository: &Repository| Texts {
            whole: document(8_000, |o| whole(o, repository, padding, false)),
            push: document(8_000, |o| whole(o, repository, padding, true)),
            minimal: document(8_000, |o| minimal(o, repository, padding)),
        };
        let text = |account: &Account| {
            let Account { login, id, kind } = account;
            document(1_500, |o| self::account(o, login, *id, kind, padding))
        };
        Self {
            repositories: REPOSITORIES.iter().map(|r| (r.id, texts(r))).collect(),
            accounts: organisation::accounts().map(|a| (a.id, text(a))).collect(),
            organisation: document(1_000, |o| organisation(o, padding)),
            installation: document(100, |o| {
                o.number("id", INSTALLATION_ID);
                o.text("node_id", &node_id("IN", INSTALLATION_ID));
            }),
        }
    }

    /// A repository, as in most payloads.
    pub(crate) fn repository(&self, repository: &Repository) -> &str {
        &self.repositories[&repository.id].whole
    }

    /// A repository, as in `push`.
    pub(crate) fn pushed_repository(&self, repository: &Repository) -> &str {
        &self.repositories[&repository.id].push
    }

    /// A repository, as inside `workflow_run`.
    pub(crate) fn minimal_repository(&self, repository: &Repository) -> &str {
        &self.repositories[&repository.id].minimal
    }

    /// A person or a bot.
    pub(crate) fn account(&self, account: &Account) -> &str {
        &self.accounts[&account.id]
    }

    /// The organisation.
    pub(crate) fn organisation(&self) -> &str {
        &self.organisation
    }

    /// The app installation.
    pub(crate) fn installation(&self) -> &str {
        &self.installation
    }
}

fn minimal(o: &mut Object<'_>, repository: &Repository, padding: Padding) {
    o.number("id", repository.id);
    o.text("node_id", &node_id("R", repository.id));
    o.text("name", repository.name());
    o.text("full_name", repository.full_name);
    o.flag("private", true);
    o.object("owner", |o| account(o, LOGIN, ORGANISATION_ID, "Organization", padding));
    if padding == Padding::Realistic {
        let api = format!("https://api.github.com/repos/{}", repository.full_name);
        o.text("html_url", &format!("https://github.com/{}", repository.full_name));
        o.text("description", "What the name says; owners and decisions are in the handbook");
        o.flag("fork", false);
        o.text("url", &api);
        for (name, path) in URLS {
            o.text(name, &[&api, path].concat());
        }
    }
}

fn whole(o: &mut Object<'_>, repository: &Repository, padding: Padding, in_push: bool) {
    minimal(o, repository, padding);
    if in_push {
        o.number("created_at", CREATED as u64);
        o.time("updated_at", PUSHED);
        o.number("pushed_at", PUSHED as u64);
    } else {
        o.time("created_at", CREATED);
        o.time("updated_at", PUSHED);
        o.time("pushed_at", PUSHED);
    }
    o.text("language", repository.language);
    o.text("default_branch", "main");
    if padding == Padding::Realistic {
        counts_and_switches(o, repository);
    }
    if in_push {
        o.number("stargazers", 0);
        o.text("master_branch", "main");
        o.text("organization", LOGIN);
    }
}

fn counts_and_switches(o: &mut Object<'_>, repository: &Repository) {
    let full_name = repository.full_name;
    o.text("git_url", &format!("git://github.com/{full_name}.git"));
    o.text("ssh_url", &format!("git@github.com:{full_name}.git"));
    o.text("clone_url", &format!("https://github.com/{full_name}.git"));
    o.text("svn_url", &format!("https://github.com/{full_name}"));
    o.null("homepage");
    for (nth, name) in
        ["size", "stargazers_count", "watchers_count", "forks_count", "open_issues_count"]
            .into_iter()
            .enumerate()
    {
        o.number(name, repository.weight * 7 + nth as u64);
    }
    for name in ["has_issues", "has_projects", "has_downloads", "has_wiki"] {
        o.flag(name, true);
    }
    for name in ["has_pages", "has_discussions", "archived", "disabled", "is_template"] {
        o.flag(name, false);
    }
    o.flag("allow_forking", true);
    o.flag("web_commit_signoff_required", false);
    o.null("mirror_url");
    o.object("license", |o| {
        o.text("key", "apache-2.0");
        o.text("name", "Apache License 2.0");
        o.text("spdx_id", "Apache-2.0");
        o.text("url", "https://api.github.com/licenses/apache-2.0");
        o.text("node_id", "MDc6TGljZW5zZTI=");
    });
    o.texts("topics", &["platform", "tier-1"]);
    o.text("visibility", "private");
    for name in ["forks", "open_issues", "watchers"] {
        o.number(name, repository.weight);
    }
    o.object("custom_properties", |o| o.text("cost_centre", "4711"));
}

fn account(o: &mut Object<'_>, login: &str, id: u64, kind: &str, padding: Padding) {
    o.text("login", login);
    o.number("id", id);
    o.text("node_id", &node_id("U", id));
    if padding == Padding::Realistic {
        let api = format!("https://api.github.com/users/{login}");
        o.text("avatar_url", &format!("https://avatars.githubusercontent.com/u/{id}?v=4"));
        o.text("gravatar_id", "");
        o.text("url", &api);
        o.text("html_url", &format!("https://github.com/{login}"));
        for (name, path) in ACCOUNT_URLS {
            o.text(name, &[&api, path].concat());
        }
    }
    o.text("type", kind);
    o.text("user_view_type", "public");
    o.flag("site_admin", false);
}

fn organisation(o: &mut Object<'_>, padding: Padding) {
    o.text("login", LOGIN);
    o.number("id", ORGANISATION_ID);
    o.text("node_id", &node_id("O", ORGANISATION_ID));
    if padding == Padding::Realistic {
        let api = format!("https://api.github.com/orgs/{LOGIN}");
        o.text("url", &api);
        for path in ["repos", "events", "hooks", "issues"] {
            o.text(&format!("{path}_url"), &format!("{api}/{path}"));
        }
        o.text("members_url", &format!("{api}/members{{/member}}"));
        o.text("public_members_url", &format!("{api}/public_members{{/member}}"));
        o.text(
            "avatar_url",
            &format!("https://avatars.githubusercontent.com/u/{ORGANISATION_ID}?v=4"),
        );
        o.text("description", "Everything, delivered");
    }
}
